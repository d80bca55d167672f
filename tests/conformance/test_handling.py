"""Does what happens begin what is for it, once for each kind and target, without an alert that is lost?"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from brainops.brain import Brain
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    Concurrency,
    Handled,
    Procedure,
    RunState,
    Step,
    StepKind,
    Trigger,
)
from tests.conformance.conftest import OpenBrain

ANN = Actor(kind=ActorKind.PERSON, id="ann", proof="terminal")
KINDS, TARGETS = 12, 3
ALERTS = 2 * KINDS * TARGETS  # bench/durability/storm.py lets 400 come in ten seconds


def mend(**rest: object) -> Procedure:
    look = Step(id="look", action=Action(uses=StepKind.MANUAL, parameters={"text": "Look at it."}))
    return Procedure(
        name="mend",
        description="Somebody looks.",
        steps=(look,),
        **{"triggers": (Trigger(events=("alert.*",)),), **rest},  # type: ignore[arg-type]
    )


def auto(open_brain: OpenBrain, *procedures: Procedure) -> Brain:
    brain = open_brain(actor=ANN)
    brain.guard.set_autonomy("auto", reason="as the test has it")
    for procedure in procedures:
        brain.procedures.save(procedure)
        brain.procedures.activate(procedure.name)
    return brain


def alert(brain: Brain, number: int) -> Handled:
    kind, target = number % KINDS, f"svc-{number // KINDS % TARGETS}"
    words = ("pool", "disk", "lock", "heap", "cache", "queue", "shard", "token", "route", "quota", "index", "stream")
    return brain.handle("alert.storm", target=target, error=f"{words[kind].title()}Error: {words[kind]} is exhausted")


def test_an_event_begins_the_procedure_that_is_for_it_once_until_that_has_ended(open_brain: OpenBrain) -> None:
    brain = auto(open_brain, mend())

    first = brain.handle("alert.disk", target="db-1")
    again = brain.handle("alert.disk", target="db-1")
    elsewhere = brain.handle("alert.disk", target="db-2")
    [answer] = first.answers
    assert answer.run_id is not None
    brain.runs.cancel(answer.run_id, reason="looked at")
    later = brain.handle("alert.disk", target="db-1")

    assert [each.answers[0].began for each in (first, again, elsewhere, later)] == [True, False, True, True]
    assert again.answers[0].run_id == answer.run_id
    assert later.answers[0].run_id != answer.run_id


def test_an_event_of_no_procedure_is_written_down_all_the_same(open_brain: OpenBrain) -> None:
    brain = auto(open_brain, mend())

    handled = brain.handle("deploy.finished", target="shop", context={"version": 7})
    written = brain.operations.get(handled.operation_id)

    assert handled.answers == ()
    assert written.start.context["version"] == 7
    assert written.outcome is not None


@pytest.mark.parametrize("stopped", [False, True])
def test_nothing_begins_by_itself_where_that_is_not_allowed(open_brain: OpenBrain, stopped: bool) -> None:
    brain = auto(open_brain, mend())
    if stopped:
        brain.guard.stop_automatic(reason="a fire")
    else:
        brain.guard.set_autonomy("propose", reason="not yet")

    handled = brain.handle("alert.disk", target="db-1", error="OSError: disk full")
    [answer] = handled.answers

    assert (answer.procedure, answer.run_id, answer.began) == ("mend", None, False)
    assert ("stopped" in answer.reason) == stopped
    assert handled.memory_id is not None
    assert brain.runs.list() == []


def test_a_condition_that_does_not_hold_begins_nothing(open_brain: OpenBrain) -> None:
    only_critical = Trigger(events=("alert.*",), when='context.severity == "critical"')
    brain = auto(open_brain, mend(triggers=(only_critical,)))

    mild = brain.handle("alert.disk", context={"severity": "mild"})
    unsaid = brain.handle("alert.disk")
    critical = brain.handle("alert.disk", context={"severity": "critical"})

    assert (mild.answers, unsaid.answers) == ((), ())
    assert [answer.began for answer in critical.answers] == [True]


def test_a_procedure_that_lacks_an_input_is_named_with_the_reason(open_brain: OpenBrain) -> None:
    inputs = {"type": "object", "properties": {"ticket": {"type": "string"}}, "required": ["ticket"]}
    brain = auto(open_brain, mend(inputs=inputs))

    [answer] = brain.handle("alert.disk").answers

    assert answer.run_id is None
    assert "ticket" in answer.reason


@pytest.mark.parametrize("on_conflict", ["attach", "queue", "drop"])
def test_a_storm_of_alerts_is_one_run_for_each_kind_and_target_and_none_is_lost(
    open_brain: OpenBrain, on_conflict: str
) -> None:
    concurrency = Concurrency(group="${{ run.target }}:${{ inputs.error }}", on_conflict=on_conflict)  # type: ignore[arg-type]
    brain = auto(open_brain, mend(inputs={"type": "object", "properties": {"error": {}}}, concurrency=concurrency))

    with ThreadPoolExecutor(8) as threads:
        handled = list(threads.map(lambda number: alert(brain, number), range(ALERTS)))

    active = brain.runs.list(state=None, limit=1_000)
    memories = {each.memory_id: 0 for each in handled}
    for memory_id in memories:
        assert memory_id is not None
        memories[memory_id] = brain.get(memory_id).occurrences
    assert len(active) == KINDS * TARGETS
    assert Counter(run.state for run in active) == {RunState.QUEUED: KINDS * TARGETS}
    assert sum(answer.began for each in handled for answer in each.answers) == KINDS * TARGETS
    assert sum(memories.values()) == ALERTS
    assert len(memories) == KINDS
    assert len(brain.operations.list(name="handle alert.storm", limit=500)) == ALERTS


def test_two_processes_that_hear_of_one_alert_begin_one_run(open_brain: OpenBrain) -> None:
    brain = auto(open_brain, mend())
    other = open_brain()

    ours = brain.handle("alert.disk", target="db-1")
    theirs = other.handle("alert.disk", target="db-1")

    assert [ours.answers[0].began, theirs.answers[0].began] == [True, False]
    assert ours.answers[0].run_id == theirs.answers[0].run_id
