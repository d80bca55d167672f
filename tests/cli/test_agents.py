"""Can somebody at a shell register agents, hand tasks over, and end what waits for a person?"""

from __future__ import annotations

import json
import sys

import pytest

from brainops.brain import Brain
from tests.cli.conftest import Say

PRINTING = json.dumps([sys.executable, "-c", "print('it is out')"])
FAILING = json.dumps([sys.executable, "-c", "raise SystemExit('no such cluster')"])


@pytest.fixture
def deployer(say: Say) -> Say:
    """Register an agent that may run."""
    with Brain.open(background=False) as brain:
        brain.limits.allow([sys.executable])
    added = say("agent", "add", "deployer", "--adapter", "command", "--set", f"run={PRINTING}", "--can", "deploy*")
    assert added.code == 0, added.err
    return say


def test_an_agent_is_registered_listed_shown_and_removed(deployer: Say) -> None:
    listed = deployer("agent")
    shown = deployer("agent", "show", "deployer", "--json").value
    disabled = deployer("agent", "disable", "deployer", "--reason", "too slow")
    removed = deployer("agent", "remove", "deployer", "--reason", "gone")

    assert "deployer  command  nothing yet" in listed.out
    assert shown["agent"]["capabilities"] == ["deploy*"]
    assert (disabled.code, removed.code) == (0, 0)
    assert deployer("agent", "list", "--json").value == []


def test_a_task_is_handed_over_and_its_record_kept(deployer: Say) -> None:
    dry = deployer("agent", "run", "deploy api", "--dry-run")
    ended = deployer("agent", "run", "deploy api", "--target", "api", "--context", "risk=low", "--json")
    tasks = deployer("agent", "tasks", "--state", "succeeded", "--json").value

    assert "deployer" in dry.out
    assert ended.code == 0
    assert ended.value["attempts"][-1]["agent"] == "deployer"
    assert "it is out" in str(ended.value["outcome"]["result"])
    assert [each["id"] for each in tasks] == [ended.value["id"]]
    assert "1 of 1 went well" in deployer("agent", "list").out


def test_a_failure_ends_the_command_with_one_and_a_later_look_corrects_the_record(deployer: Say) -> None:
    deployer("agent", "add", "broken", "--adapter", "command", "--set", f"run={FAILING}", "--can", "migrate*")

    failed = deployer("agent", "run", "migrate the cluster")
    known = deployer("match", "no such cluster")
    ended = deployer("agent", "run", "deploy api", "--json").value
    judged = deployer("agent", "verify", ended["id"], "--wrong", "--note", "still the old one", "--json")

    assert failed.code == 1
    assert "no such cluster" in failed.out
    assert "exit status 1" in known.out
    assert judged.value["attempts"][0]["success"] == 0.0


def test_what_nobody_can_do_waits_with_a_plan_until_a_person_did_it(say: Say) -> None:
    waiting = say("agent", "run", "paint the fence", "--json").value
    done = say("agent", "done", waiting["id"], "--result", "green")
    both = say("agent", "done", waiting["id"], "--result", "green", "--failed", "no paint")

    assert waiting["state"] == "waiting"
    assert "paint the fence" in waiting["plan"]
    assert done.code == 0
    assert "green" in done.out
    assert both.code != 0


def test_every_first_screen_fits_a_terminal(say: Say) -> None:
    for name in ("add", "run", "show", "tasks", "done"):
        assert say("agent", name, "--help").out.count("\n") <= 30
    assert say("agent").out.count("\n") <= 24


def test_the_known_coding_agents_are_listed_and_taken_as_they_are(say: Say) -> None:
    listed = say("agent", "ready").out
    added = say("agent", "add", "helper", "--ready", "claude-code", "--at-once", "2", "--json").value

    assert "claude-code" in listed
    assert added["limits"]["at_once"] == 2
    assert added["settings"]["run"][0] == "claude"


def test_registering_an_agent_says_what_must_be_allowed_before_it_is_given_a_task(say: Say) -> None:
    added = say("agent", "add", "claude", "--ready", "claude-code")
    shown = say("agent", "show", "claude")

    assert "brainops allow claude" in added.out
    assert "brainops allow claude" in shown.out


def test_what_is_neither_agent_nor_execution_is_told_as_such(say: Say) -> None:
    shown = say("agent", "show", "nobody")

    assert shown.code == 1
    assert "no agent and no execution 'nobody'" in shown.err


def test_a_task_that_is_no_text_to_every_terminal_is_asked_about_too(deployer: Say) -> None:
    dry = deployer("agent", "run", "deploy \udcff\udcfe", "--dry-run")

    assert (dry.code, dry.err) == (0, "")
