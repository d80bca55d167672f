"""Do the steps that check, call, ask memory and wait do what they say?"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from brainops import authoring
from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, OperationBlocked, StepFailed
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.procedures.steps.executor import StepDone, StepResult, StepWaits, StepWork, StepWrite
from brainops.procedures.steps.kinds import REFUSED, executors
from brainops.store import acts
from brainops.types import Actor, ActorKind, StepKind
from tests.inside import inside
from tests.procedures.steps_kit import do, output_of, work

SECOND = 1_000_000


def fails(brain: Brain, kind: StepKind, **options: Any) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        do(brain, kind, **options)
    return failed.value


def waits(answer: StepResult) -> StepWaits:
    assert isinstance(answer, StepWaits)
    return answer


def test_there_is_an_executor_for_every_kind_of_step() -> None:
    assert set(executors()) == set(StepKind)


def test_all_that_is_known_of_a_kind_of_step_is_known_of_every_one() -> None:
    schema = json.loads(authoring.schema())

    assert set(STEP_KINDS) == set(StepKind)
    assert set(REFUSED) == {kind for kind, spec in STEP_KINDS.items() if spec.limited}
    assert schema["$defs"]["kind"]["enum"] == list(StepKind)


# check


@pytest.mark.parametrize("condition", [True, "true", "inputs.n > 2"])
def test_a_check_passes_where_its_condition_holds(brain: Brain, condition: Any) -> None:
    assert output_of(brain, StepKind.CHECK, condition=condition, values={"inputs": {"n": 3}}) == {"holds": True}


@pytest.mark.parametrize(
    ("condition", "kind", "retryable"),
    [
        (False, "CheckFailed", True),
        ("inputs.n > 5", "CheckFailed", True),
        ("inputs.missing > 5", "ConditionFailed", True),
        ("nope == 1", "InvalidInput", False),
        (3, "InvalidParameters", False),
    ],
)
def test_a_check_fails_where_its_condition_does_not_hold(
    brain: Brain, condition: Any, kind: str, retryable: bool
) -> None:
    failed = fails(brain, StepKind.CHECK, condition=condition, values={"inputs": {"n": 3}})

    assert (failed.kind, failed.retryable) == (kind, retryable)


def test_a_check_says_what_its_author_wants_it_to(brain: Brain) -> None:
    assert (
        str(fails(brain, StepKind.CHECK, condition=False, message="the queue is not empty")) == "the queue is not empty"
    )


def test_a_check_by_command_holds_where_the_command_succeeds(brain: Brain) -> None:
    brain.limits.allow(["true", "false"])

    assert output_of(brain, StepKind.CHECK, run=["true"])["holds"] is True
    assert fails(brain, StepKind.CHECK, run=["false"]).kind == "exit status 1"


@pytest.mark.parametrize("options", [{}, {"run": ["true"], "url": "http://h"}, {"condition": True, "nope": 1}])
def test_a_check_that_says_nothing_or_too_much_is_refused(brain: Brain, options: dict[str, Any]) -> None:
    assert fails(brain, StepKind.CHECK, **options).kind == "InvalidParameters"


# call


def test_a_registered_function_is_called_with_its_arguments(brain: Brain) -> None:
    brain.calls.register("sum", lambda given: {"sum": given["a"] + given["b"]})

    assert output_of(brain, StepKind.CALL, function="sum", arguments={"a": 1, "b": 2}) == {"sum": 3}


def test_a_function_may_read_the_work_for_its_idempotency_key(brain: Brain) -> None:
    def refund(given: Mapping[str, Any], work: StepWork) -> str:
        return f"{work.idempotency_key}:{given['amount']}"

    brain.calls.register_with_work("payments.refund", refund)

    assert output_of(brain, StepKind.CALL, function="payments.refund", arguments={"amount": 5}) == "run-1/step-1:5"


def test_a_function_that_nobody_registered_is_not_looked_for_elsewhere(brain: Brain) -> None:
    failed = fails(brain, StepKind.CALL, function="os.system", arguments={"command": "id"})

    assert (failed.kind, failed.retryable) == ("NotRegistered", False)
    assert "brain.calls.register" in str(failed)


def test_a_name_is_registered_once(brain: Brain) -> None:
    brain.calls.register("sum", len)

    with pytest.raises(Conflict, match="registered as sum already"):
        brain.calls.register("sum", len)
    with pytest.raises(InvalidInput):
        brain.calls.register(" ", len)


def test_what_a_function_raises_is_the_steps_error(brain: Brain) -> None:
    def broken(_: Mapping[str, Any]) -> None:
        raise ZeroDivisionError("by nothing")

    brain.calls.register("broken", broken)

    with pytest.raises(ZeroDivisionError):
        do(brain, StepKind.CALL, function="broken")


def test_what_a_function_returns_must_be_json(brain: Brain) -> None:
    brain.calls.register("set", lambda _: {1, 2})  # type: ignore[arg-type, return-value]

    assert fails(brain, StepKind.CALL, function="set").kind == "NoJSON"


# capture and retrieve


def test_a_capture_writes_in_the_transaction_that_is_given_and_once(brain: Brain) -> None:
    answer = do(brain, StepKind.CAPTURE, title="Pool size", content={"was": 5}, type="decision_record", tags=["db"])
    assert isinstance(answer, StepWrite)

    again = do(brain, StepKind.CAPTURE, title="Pool size", content={"was": 5}, type="decision_record", tags=["db"])
    assert isinstance(again, StepWrite)

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        first = answer.write(tx)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        second = again.write(tx)

    assert isinstance(first, dict) and isinstance(second, dict)
    assert (first["repeated"], second["id"]) == (False, first["id"])
    memory = brain.get(first["id"])
    assert (memory.title, memory.type.value, memory.tags, memory.source.run_id) == (
        "Pool size",
        "decision_record",
        ("db",),
        "run-1",
    )


def test_a_capture_that_is_undone_leaves_nothing(brain: Brain) -> None:
    answer = do(brain, StepKind.CAPTURE, title="Never there")
    assert isinstance(answer, StepWrite)

    def write_and_fail() -> None:
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            answer.write(tx)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    assert brain.retrieve("Never there") == []


@pytest.mark.parametrize(
    "options",
    [{}, {"title": "x", "type": "nope"}, {"title": "x", "importance": 3}, {"title": "x", "trust": "verified"}],
)
def test_a_capture_that_is_none_is_refused_and_not_tried_again(brain: Brain, options: dict[str, Any]) -> None:
    assert not fails(brain, StepKind.CAPTURE, **options).retryable


def test_memory_is_asked_and_answers_small_json(brain: Brain) -> None:
    brain.capture("Disk full on db1", "Rotate the logs. " * 500, type="error_pattern", tags=["disk"])
    brain.capture("Disk of web1", "fine", tags=["web"])

    output = output_of(brain, StepKind.RETRIEVE, query="disk full", limit=5, types=["error_pattern"])

    assert output["count"] == 1
    hit = output["hits"][0]
    assert (hit["title"], hit["type"]) == ("Disk full on db1", "error_pattern")
    assert len(hit["content"]) < 2_000


@pytest.mark.parametrize("options", [{}, {"query": "x", "limit": 0}, {"query": "x", "types": ["nope"]}])
def test_a_question_that_is_none_is_refused(brain: Brain, options: dict[str, Any]) -> None:
    assert not fails(brain, StepKind.RETRIEVE, **options).retryable


# wait, manual, approval, procedure, agent, decide


def test_a_wait_holds_nothing_and_says_when_it_is_over(brain: Brain) -> None:
    before = inside(brain).store.now()

    answer = waits(do(brain, StepKind.WAIT, minutes=2, seconds=30))

    assert answer.waits_for == "time"
    assert answer.wake_at is not None
    assert before + 150 * SECOND <= answer.wake_at <= inside(brain).store.now() + 150 * SECOND


@pytest.mark.parametrize("until", ["2030-01-31T08:00:00Z", "2030-01-31T09:00:00+01:00", 1_896_076_800_000_000])
def test_a_wait_until_a_moment_ends_then(brain: Brain, until: Any) -> None:
    instant = int(datetime(2030, 1, 31, 8, tzinfo=UTC).timestamp()) * SECOND
    inside(brain).store.database.clock = lambda: instant - 86_400 * SECOND

    assert waits(do(brain, StepKind.WAIT, until=until)).wake_at == instant


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"minutes": 1, "until": 5},
        {"days": 400},
        {"days": 366, "hours": 24},
        {"minutes": -1},
        {"until": "tomorrow"},
        {"until": "2030-01-31T08:00"},
    ],
)
def test_a_wait_that_is_none_is_refused(brain: Brain, options: dict[str, Any]) -> None:
    assert fails(brain, StepKind.WAIT, **options).kind == "InvalidParameters"


@pytest.mark.parametrize(
    ("kind", "waits_for"),
    [
        (StepKind.MANUAL, "manual"),
        (StepKind.APPROVAL, "approval"),
        (StepKind.AGENT, "manual"),
        (StepKind.DECIDE, "manual"),
    ],
)
def test_what_somebody_else_does_waits_and_is_never_taken_for_done(
    brain: Brain, kind: StepKind, waits_for: str
) -> None:
    assert waits(do(brain, kind, task="restart the api")).waits_for == waits_for


def test_an_agents_step_without_an_agent_becomes_a_plan_for_a_person(brain: Brain) -> None:
    detail = waits(do(brain, StepKind.AGENT, task="restart the api")).detail

    assert isinstance(detail, dict)
    assert detail["plan"] == {"task": "restart the api"}
    assert "no agent" in str(detail["why"])


def test_an_agents_step_is_done_by_the_executor_that_is_given(brain: Brain) -> None:
    given = executors(agents=lambda work: StepDone(output=work.action.parameters["task"]))

    assert given[StepKind.AGENT](work(brain, StepKind.AGENT, task="x")) == StepDone(output="x")


def test_a_procedures_step_names_the_run_to_begin(brain: Brain) -> None:
    answer = waits(do(brain, StepKind.PROCEDURE, procedure="deploy", inputs={"v": 1}, target="api"))

    detail = {"procedure": "deploy", "inputs": {"v": 1}, "context": {}, "target": "api"}
    assert (answer.waits_for, answer.detail) == ("run", detail)


# limits


def test_what_is_allowed_is_kept_and_taken_back_and_stands_in_the_audit_trail(brain: Brain) -> None:
    brain.limits.allow(["git", "systemctl  restart"], hosts=["API.example.com"], reason="deployments")
    brain.limits.disallow(["git"])

    limits = brain.limits.get()
    assert (limits.commands, limits.hosts) == (("systemctl restart",), ("api.example.com",))
    with inside(brain).store.read() as tx:
        trail = tx.trail.of("steps")
    assert [entry.act for entry in trail] == ["allow", "disallow"]


def test_an_agent_does_not_allow_itself_anything(tmp_path: Any) -> None:
    actor = Actor(kind=ActorKind.AGENT, id="coder")
    with Brain.open(tmp_path / "m.db", model="none", background=False, actor=actor) as brain:
        with pytest.raises(OperationBlocked, match="a person runs `brainops allow`"):
            brain.limits.allow(["*"])

        assert brain.limits.get().commands is None


@pytest.mark.parametrize("entry", ["", "  ", "'open", "x" * 600])
def test_an_entry_that_is_no_command_is_refused(brain: Brain, entry: str) -> None:
    with pytest.raises(InvalidInput):
        brain.limits.allow([entry])


@pytest.mark.parametrize("entry", ["", "http://host", "user@host", "a b"])
def test_an_entry_that_is_no_host_is_refused(brain: Brain, entry: str) -> None:
    with pytest.raises(InvalidInput):
        brain.limits.allow(hosts=[entry])


def test_an_interpreter_is_allowed_as_any_other_program(brain: Brain) -> None:
    brain.limits.allow([f"{sys.executable} -c"])

    assert output_of(brain, StepKind.COMMAND, run=[sys.executable, "-c", "print(1)"])["stdout"] == "1\n"
    assert fails(brain, StepKind.COMMAND, run=[sys.executable, "-m", "this"]).kind == "CommandNotAllowed"
