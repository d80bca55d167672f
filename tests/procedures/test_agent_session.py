"""Is an agent's session told from a person's by what stands in the environment, and nothing else?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops import config
from brainops.types import ActorKind
from brainops.types.agent_session import agent_session


@pytest.mark.parametrize(
    ("environment", "agent"),
    [
        ({"CLAUDECODE": "1"}, "claude-code"),
        ({"CODEX_SANDBOX": "seatbelt"}, "codex"),
        ({"CODEX_SANDBOX_NETWORK_DISABLED": "1"}, "codex"),
        ({"CODEX_SOMETHING_NEW": "1"}, "codex"),
        ({"CURSOR_AGENT": "1"}, "cursor"),
        ({"GEMINI_CLI": "1"}, "gemini-cli"),
        ({"AI_AGENT": "my-agent@2"}, "my-agent@2"),
        ({"BRAINOPS_ACTOR": "agent:night-shift"}, "night-shift"),
        ({"BRAINOPS_ACTOR": "agent:"}, "agent"),
    ],
)
def test_a_mark_of_an_agent_is_seen(environment: dict[str, str], agent: str) -> None:
    assert agent_session({"PATH": "/bin", **environment}) == agent


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"CODEX_HOME": "/home/marta/.codex"},
        {"CURSOR_TRACE_ID": "a3f0", "CURSOR_API_KEY": "k"},
        {"CLAUDECODE": "0"},
        {"CLAUDECODE": ""},
        {"AI_AGENT": "false"},
        {"BRAINOPS_ACTOR": "person:marta"},
        {"SSH_AGENT_PID": "12", "AGENT": "ssh"},
        {"CI": "true"},
    ],
)
def test_a_person_with_a_terminal_is_none_of_them(environment: dict[str, str]) -> None:
    assert agent_session(environment, terminal=True) is None


def test_a_build_without_a_terminal_is_no_person() -> None:
    assert agent_session({"CI": "true"}, terminal=False) == "ci"
    assert agent_session({"CI": "false"}, terminal=False) is None


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_any_environment_has_an_answer_and_a_mark_more_is_never_less(environment: dict[str, str]) -> None:
    before = agent_session(environment)

    marked = agent_session({**environment, "CLAUDECODE": "1"})

    assert before is None or isinstance(before, str)
    assert marked is not None


def test_what_an_agent_starts_acts_as_that_agent() -> None:
    agent = config.load({"CLAUDECODE": "1", "BRAINOPS_CONFIG": "/nowhere"}).actor
    person = config.load({"BRAINOPS_CONFIG": "/nowhere"}).actor
    named = config.load({"CLAUDECODE": "1", "BRAINOPS_ACTOR": "service:nightly", "BRAINOPS_CONFIG": "/nowhere"}).actor
    claimed = config.load({"CLAUDECODE": "1", "BRAINOPS_ACTOR": "person:marta", "BRAINOPS_CONFIG": "/nowhere"}).actor

    assert claimed == agent
    assert (agent.kind, agent.id, agent.proof) == (ActorKind.AGENT, "claude-code", "environment")
    assert person.kind is ActorKind.PERSON
    assert (named.kind, named.id) == (ActorKind.SERVICE, "nightly")
