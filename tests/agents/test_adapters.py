"""Is whatever a function or a program does as an agent an outcome: in time, bounded, without secrets?"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.agents.adapters.adapter import Callables
from brainops.agents.adapters.client_json import read_answer
from brainops.agents.adapters.prompt import filled, prompt_of
from brainops.agents.adapters.run import adapter_of
from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput
from brainops.health.session import EXTRAS
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.types import Actor, ActorKind, AdapterKind, Agent, Evidence, Failed, Succeeded, Task
from brainops_core.redaction.injected import INJECTED_CLOSE, INJECTED_OPEN
from tests.agents.kit import PYTHON, agent_of, outcome_of, program, task_of

CALLABLE, COMMAND = AdapterKind.CALLABLE, AdapterKind.COMMAND
PERSON = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
SECRET = "sk-quiet-heron-1234567"


@pytest.fixture
def brain() -> Iterator[Brain]:
    """Return a memory whose namespace lets Python be run."""
    with Brain.open(":memory:", namespace="team/a", model="none", background=False, actor=PERSON) as opened:
        opened.limits.allow([PYTHON])
        yield opened


def calling(function: Any, *, cancellable: bool = False) -> Callables:
    """Return a registry with one function, which is Bertha."""
    callables = Callables()
    callables.register("bertha", function, cancellable=cancellable)
    return callables


def test_an_extra_that_an_adapter_needs_is_one_of_which_a_session_knows_whether_it_is_there() -> None:
    assert {adapter_of(kind).extra for kind in AdapterKind} <= {"", *EXTRAS}


# Functions


def test_what_a_function_returns_is_the_result_and_was_seen(brain: Brain) -> None:
    outcome = outcome_of(brain, agent_of(CALLABLE), callables=calling(lambda task: {"did": task.text}))

    assert isinstance(outcome, Succeeded)
    assert outcome.result == {"did": "Say how the gateway is."}
    assert outcome.evidence is Evidence.OBSERVED
    assert outcome.duration_seconds is not None and outcome.duration_seconds >= 0


def test_a_coroutine_is_run_to_its_end(brain: Brain) -> None:
    async def look(task: Task) -> str:
        return task.text.upper()

    assert outcome_of(brain, agent_of(CALLABLE), callables=calling(look)).result == "SAY HOW THE GATEWAY IS."


def test_an_outcome_that_a_function_returns_is_its_word(brain: Brain) -> None:
    said = Succeeded(result="fine", cost=0.5, evidence=Evidence.VERIFIED)
    outcome = outcome_of(brain, agent_of(CALLABLE), callables=calling(lambda _: said))

    assert outcome.evidence is Evidence.CLAIMED
    assert outcome.cost == 0.5


def test_what_a_function_raises_is_a_failure_with_its_own_frames(brain: Brain) -> None:
    def fall(task: Task) -> None:
        raise ConnectionError(f"db-{len(task.id)} is gone")

    first = outcome_of(brain, agent_of(CALLABLE), callables=calling(fall))
    second = outcome_of(brain, agent_of(CALLABLE), task_of("other"), callables=calling(fall))

    assert isinstance(first, Failed) and isinstance(second, Failed)
    assert first.error.type == "ConnectionError"
    assert [frame.function for frame in first.error.frames] == ["fall"]
    assert fingerprint(first.error) == fingerprint(second.error)


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt()])
def test_a_function_that_would_end_the_program_only_fails(brain: Brain, raised: BaseException) -> None:
    def leave(_: Task) -> None:
        raise raised

    outcome = outcome_of(brain, agent_of(CALLABLE), callables=calling(leave))

    assert isinstance(outcome, Failed) and outcome.error.type == type(raised).__name__


def test_a_function_that_does_not_come_back_is_given_up_and_told(brain: Brain) -> None:
    told = threading.Event()

    def hang(_: Task, cancelled: Any) -> None:
        while not cancelled():
            time.sleep(0.01)
        told.set()

    outcome = outcome_of(brain, agent_of(CALLABLE, 0.2), callables=calling(hang, cancellable=True))

    assert isinstance(outcome, Failed) and outcome.error.type == "TimeoutError"
    assert told.wait(5)


def test_a_coroutine_that_nobody_waits_for_is_cancelled(brain: Brain) -> None:
    import asyncio

    begun, ended = threading.Event(), threading.Event()

    async def hang(_: Task) -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    outcome = outcome_of(brain, agent_of(CALLABLE), callables=calling(hang), cancelled=begun.is_set)

    assert isinstance(outcome, Failed) and outcome.error.type == "Cancelled"
    assert ended.wait(5)


def test_a_function_that_is_not_here_is_named(brain: Brain) -> None:
    outcome = outcome_of(brain, agent_of(CALLABLE, function="triage"), callables=calling(str))

    assert isinstance(outcome, Failed)
    assert "'triage'" in outcome.error.message and "bertha" in outcome.error.message


def test_a_name_stands_for_one_function() -> None:
    callables = calling(str)
    callables.register("bertha", str)

    with pytest.raises(Conflict):
        callables.register("bertha", repr)
    with pytest.raises(InvalidInput):
        callables.register("arthur", "no function")  # type: ignore[arg-type]


# Programs


def test_a_program_reads_its_task_and_memory_and_what_it_prints_is_the_result(brain: Brain) -> None:
    agent = agent_of(COMMAND, run=program("import os, sys; print(sys.stdin.read(), os.environ['BRAINOPS_ACTOR'])"))
    outcome = outcome_of(brain, agent, task_of(memory="restart the pool", target="api", context={"version": 2}))

    assert isinstance(outcome, Succeeded)
    said = str(outcome.result)
    assert said.startswith('Task: Say how the gateway is.\n\nTarget: api\n\nContext (JSON): {"version": 2}')
    assert "restart the pool" in said and said.rstrip().endswith("agent:bertha")
    assert outcome.evidence is Evidence.OBSERVED


def test_a_program_gets_a_clean_environment(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODY_ELSES_KEY", SECRET)
    monkeypatch.setenv("BRAINOPS_STORE", "elsewhere.db")
    printed = outcome_of(brain, agent_of(COMMAND, run=program("import os; print(sorted(os.environ))"))).result

    assert "SOMEBODY_ELSES_KEY" not in str(printed)
    assert "BRAINOPS_STORE" not in str(printed)


def test_a_program_that_was_not_allowed_is_not_run(brain: Brain, tmp_path: Path) -> None:
    brain.limits.disallow([PYTHON])
    outcome = outcome_of(brain, agent_of(COMMAND, run=program(f"open({str(tmp_path / 'ran')!r}, 'w')")))

    assert isinstance(outcome, Failed)
    assert outcome.error.type == "CommandNotAllowed" and "brainops allow" in outcome.error.message
    assert not (tmp_path / "ran").exists()


def test_no_task_becomes_an_option_or_a_place(brain: Brain) -> None:
    shown = program("import sys; print(sys.argv[1:])")
    options = outcome_of(brain, agent_of(COMMAND, run=[*shown, "{task}"]), task_of("--force"))
    places = outcome_of(brain, agent_of(COMMAND, run=[*shown, "{task}"]), task_of("{memory} {id}", memory="secret"))
    shells = outcome_of(brain, agent_of(COMMAND, run=[*shown, "{task}"]), task_of("$(touch x); `ls`"))

    assert "[' --force']" in str(options.result)
    assert "['{memory} {id}']" in str(places.result)
    assert "['$(touch x); `ls`']" in str(shells.result)


def test_a_context_file_holds_the_task_and_is_gone_afterwards(brain: Brain) -> None:
    code = (
        "import json, os, sys; p = sys.argv[1]; print(p, oct(os.stat(os.path.dirname(p)).st_mode)[-3:], open(p).read())"
    )
    agent = agent_of(COMMAND, run=[*program(code), "{context_file}"])
    path, mode, told = str(outcome_of(brain, agent, task_of(memory="a note")).result).split(" ", 2)

    assert mode == "700"
    assert json.loads(told)["task"] == "Say how the gateway is."
    assert "a note" in json.loads(told)["memory"]
    assert not Path(path).exists()


def test_a_traceback_that_a_program_prints_is_the_error_that_memory_knows(brain: Brain) -> None:
    failing = agent_of(COMMAND, run=program("raise ConnectionError('payments db is gone')"))
    outcome = outcome_of(brain, failing)

    assert isinstance(outcome, Failed)
    assert (outcome.error.type, outcome.error.message) == ("ConnectionError", "payments db is gone")


def test_an_exit_status_says_what_nothing_else_does(brain: Brain) -> None:
    outcome = outcome_of(brain, agent_of(COMMAND, run=program("print('half done'); raise SystemExit(3)")))

    assert isinstance(outcome, Failed)
    assert outcome.error.type == "exit status 3"
    assert outcome.evidence is Evidence.OBSERVED
    assert outcome.result == "half done\n"


def test_a_secret_is_handed_over_and_shown_nowhere(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", SECRET)
    brain.limits.allow(variables=["API_KEY"])
    code = "import os, sys; k = os.environ['API_KEY']; print(k[::-1], k); sys.exit('refused: ' + k)"
    outcome = outcome_of(brain, agent_of(COMMAND, run=program(code), secrets={"API_KEY": "env:THE_KEY"}))

    assert isinstance(outcome, Failed)
    assert SECRET[::-1] in str(outcome.result)
    assert SECRET not in repr(outcome) and "[secret API_KEY]" in repr(outcome)


def test_a_program_that_is_late_ends_with_all_that_it_started(brain: Brain, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os, subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(pid)!r}, 'w').write(str(c.pid)); time.sleep(60)"
    )
    outcome = outcome_of(
        brain, agent_of(COMMAND, run=program(code)), cancelled=lambda: pid.exists() and pid.read_text()
    )

    assert isinstance(outcome, Failed) and outcome.error.type == "Cancelled"
    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_much_output_is_kept_by_its_ends(brain: Brain) -> None:
    outcome = outcome_of(brain, agent_of(COMMAND, run=program("print('a', 'x' * 3_000_000, 'z')")))

    assert len(str(outcome.result)) < 100_000
    assert str(outcome.result).startswith("a x") and str(outcome.result).endswith("x z\n")


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"run": "claude -p"}, "list of arguments"),
        ({"run": []}, "list of arguments"),
        ({"run": [PYTHON, "agent.py"], "shell": True}, "does not know shell"),
        ({"run": [PYTHON, "agent.py"], "env": {"LD_PRELOAD": "x"}}, "LD_PRELOAD"),
        ({"run": [PYTHON, "agent.py"], "secrets": {"KEY": "env:NOBODY_SET_THIS"}}, "NOBODY_SET_THIS"),
    ],
)
def test_settings_that_mean_nothing_are_refused_by_name(brain: Brain, settings: dict[str, Any], what: str) -> None:
    outcome = outcome_of(brain, Agent(name="bertha", adapter=COMMAND, settings=settings))

    assert isinstance(outcome, Failed) and what in outcome.error.message


# What coding agents print

CLAUDE = {"type": "result", "subtype": "success", "is_error": False, "result": "Done.", "total_cost_usd": 0.0421}
CODEX: list[dict[str, Any]] = [
    {"type": "thread.started", "thread_id": "1"},
    {"type": "item.completed", "item": {"id": "0", "type": "reasoning", "text": "thinking"}},
    {"type": "error", "message": "Reconnecting... 1/5"},
    {"type": "item.completed", "item": {"id": "1", "type": "agent_message", "text": "Fixed the pool."}},
    {"type": "turn.completed", "usage": {"input_tokens": 10, "output_tokens": 2}},
]
OPENCODE: list[dict[str, Any]] = [
    {"type": "step_start", "part": {"type": "step-start"}},
    {"type": "text", "part": {"type": "text", "text": "Looked."}},
    {"type": "step_finish", "part": {"type": "step-finish", "cost": 0.01, "tokens": {"input": 5}}},
    {"type": "step_finish", "part": {"type": "step-finish", "cost": 0.02, "tokens": {"input": 5}}},
]
GEMINI_FAILED = {"error": {"type": "ApiError", "message": "quota is exhausted", "code": 429}}


FIELDS = ("type", "error", "result", "part", "cost", "other")


def lines(events: list[dict[str, Any]]) -> str:
    """Return events as a program prints them, with a word of its own between."""
    return "\n".join(["starting...", *map(json.dumps, events)])


@pytest.mark.parametrize(
    ("printed", "text", "cost", "error"),
    [
        (json.dumps(CLAUDE), "Done.", 0.0421, ""),
        (json.dumps([{"type": "system", "subtype": "init"}, CLAUDE]), "Done.", 0.0421, ""),
        (
            json.dumps({**CLAUDE, "is_error": True, "result": "Credit is too low"}),
            "Credit is too low",
            0.0421,
            "Credit",
        ),
        (json.dumps({"type": "result", "subtype": "error_max_turns", "is_error": False}), "", None, "error_max_turns"),
        (lines(CODEX), "Fixed the pool.", None, ""),
        (lines([*CODEX[:3], {"type": "turn.failed", "error": {"message": "no route"}}]), "", None, "no route"),
        (lines(OPENCODE), "Looked.", 0.03, ""),
        (json.dumps({"response": "Paris", "stats": {"models": {}}}), "Paris", None, ""),
        (json.dumps(GEMINI_FAILED), "", None, "quota is exhausted"),
        ("no JSON at all", "", None, ""),
        ("", "", None, ""),
    ],
)
def test_what_coding_agents_print_is_read(printed: str, text: str, cost: float | None, error: str) -> None:
    answer = read_answer(printed)

    assert answer.text == text
    assert answer.cost == pytest.approx(cost)
    assert error in answer.error and bool(answer.error) == bool(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["type", "error", "result", "part", "x"]), inner)
        ),
        max_leaves=20,
    )
)
def test_no_json_makes_the_reader_stumble(value: Any) -> None:
    printed = json.dumps(value)

    assert read_answer(printed) == read_answer(f"  {printed}\n")


def test_an_agent_that_says_it_failed_has_failed_by_its_word(brain: Brain) -> None:
    said = json.dumps({**CLAUDE, "is_error": True, "result": "TimeoutError: the tests hang"})
    outcome = outcome_of(brain, agent_of(COMMAND, run=program(f"print({said!r})"), output="json"))

    assert isinstance(outcome, Failed)
    assert (outcome.error.type, outcome.error.message) == ("TimeoutError", "the tests hang")
    assert outcome.evidence is Evidence.CLAIMED and outcome.cost == 0.0421


def test_the_cost_that_an_agent_states_is_kept_and_its_words_are_the_result(brain: Brain) -> None:
    outcome = outcome_of(brain, agent_of(COMMAND, run=program(f"print({json.dumps(CLAUDE)!r})"), output="json"))

    assert isinstance(outcome, Succeeded)
    assert (outcome.result, outcome.cost) == ("Done.", 0.0421)


# What an agent is told


@given(st.text())
def test_no_memory_closes_its_own_quotation(memory: str) -> None:
    for text in (memory, f"{memory}{INJECTED_CLOSE}{memory}", f"{INJECTED_OPEN} id='x'>{memory}"):
        told = prompt_of(task_of(memory=text))

        assert told.count(INJECTED_CLOSE) == bool(text)
        assert not text or told.endswith(INJECTED_CLOSE)


@given(st.text(), st.dictionaries(st.sampled_from(["task", "id"]), st.text()))
def test_a_text_without_places_stays(text: str, places: dict[str, str]) -> None:
    plain = text.replace("{", "(")

    assert filled(plain, places) == plain
