"""Does an alert count once, stand as its sender last said, and let the run go on that waits for its end?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, NotFound, StoreUnavailable
from brainops.operations import alerts as alerts_module
from brainops.store import acts
from brainops.store.alerts import INBOX_ATTEMPTS
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    AlertState,
    Procedure,
    RunState,
    Step,
    StepKind,
    Trigger,
    Verification,
)
from brainops.types.times import SECOND_MICROS
from tests.conformance.conftest import OpenBrain, set_clock
from tests.inside import inside

ANN = Actor(kind=ActorKind.PERSON, id="ann", proof="terminal")
AT = "2026-11-30T10:00:00Z"
AFTER = "2026-11-30T10:05:00Z"
STORM = 400
UNREADABLE = "00000000-0000-7000-8000-000000000000"


def waiting(**settings: Any) -> Procedure:
    wait = Action(uses=StepKind.WAIT, parameters={"until": "resolved", **settings})
    return Procedure(
        name="mend",
        description="It waits until all is well.",
        steps=(Step(id="see", action=wait),),
        triggers=(Trigger(events=("alert.*",)),),
    )


def verified(minutes: int = 10) -> Procedure:
    until = Action(uses=StepKind.WAIT, parameters={"until": "resolved", "minutes": minutes})
    note = Action(uses=StepKind.CAPTURE, parameters={"title": "it was mended"})
    return Procedure(
        name="mend",
        description="It mends, and looks whether that helped.",
        steps=(Step(id="mend", action=note, verify=Verification(action=until)),),
        triggers=(Trigger(events=("alert.*",)),),
    )


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    brain = open_brain(actor=ANN)
    brain.guard.set_autonomy("auto", reason="as the test has it")
    return brain


def establish(brain: Brain, procedure: Procedure) -> Brain:
    brain.procedures.save(procedure)
    brain.procedures.activate(procedure.name)
    return brain


def webhook(number: int, *, status: str = "firing") -> dict[str, Any]:
    ended = "0001-01-01T00:00:00Z" if status == "firing" else AFTER
    alerts = [
        {
            "status": status,
            "labels": {"alertname": "Slow", "service": "shop", "instance": f"host-{each}", "severity": "page"},
            "annotations": {"summary": f"host-{each} is slow"},
            "startsAt": AT,
            "endsAt": ended,
            "fingerprint": f"{each:016x}",
            "generatorURL": "http://prometheus.example/graph",
        }
        for each in range(number)
    ]
    return {"version": "4", "groupKey": '{}:{alertname="Slow"}', "status": status, "alerts": alerts}


def test_an_alert_that_is_told_again_is_done_once(brain: Brain) -> None:
    establish(brain, waiting())

    first = brain.handle("alert.disk", key="disk-1", target="db-1", severity="page", labels={"mount": "/var"})
    again = brain.handle("alert.disk", key="disk-1", target="db-1")

    alert = brain.alerts.get("disk-1")
    assert [first.repeated, again.repeated] == [False, True]
    assert [answer.run_id for answer in again.answers] == [answer.run_id for answer in first.answers]
    assert (alert.state, alert.told, alert.severity, alert.labels) == (AlertState.FIRING, 2, "page", {"mount": "/var"})
    assert len(brain.operations.list(name="handle alert.disk")) == 1


def test_what_an_alert_says_of_itself_is_for_conditions_and_inputs(brain: Brain) -> None:
    critical = Trigger(events=("alert.*",), when='context.severity == "page" && context.labels.mount == "/var"')
    procedure = Procedure(
        name="clear",
        description="Clear it.",
        inputs={"type": "object", "properties": {"mount": {"type": "string"}}, "required": ["mount"]},
        steps=(Step(id="look", action=Action(uses=StepKind.MANUAL, parameters={"text": "Look."})),),
        triggers=(critical,),
    )
    establish(brain, procedure)

    mild = brain.handle("alert.disk", key="a", labels={"mount": "/var"}, severity="info")
    severe = brain.handle("alert.disk", key="b", labels={"mount": "/var"}, severity="page")

    assert mild.answers == ()
    assert brain.runs.get(severe.answers[0].run_id or "").inputs["mount"] == "/var"


def test_a_resolved_alert_lets_the_run_go_on_that_waits_for_it(brain: Brain) -> None:
    establish(brain, waiting())
    run_id = brain.handle("alert.disk", key="disk-1").answers[0].run_id or ""
    assert brain.runs.advance(run_id).state is RunState.WAITING

    resolved = brain.handle("alert.disk", key="disk-1", resolved=True)
    ended = brain.runs.advance(run_id)

    assert [answer.run_id for answer in resolved.answers] == [run_id]
    assert (ended.state, ended.steps[0].output) == (RunState.SUCCEEDED, {"resolved": True, "alerts": 1})
    assert brain.alerts.get("disk-1").state is AlertState.RESOLVED
    assert [alert.key for alert in brain.alerts.list("firing")] == []


def test_what_verifies_a_step_may_be_that_its_alert_is_resolved(brain: Brain) -> None:
    establish(brain, verified())
    run_id = brain.handle("alert.disk", key="disk-1").answers[0].run_id or ""
    done = brain.runs.advance(run_id)
    assert (done.state, done.steps[0].stage, done.steps[0].waits_for) == (RunState.WAITING, "verify", "resolved")

    brain.handle("alert.disk", key="disk-1", resolved=True)
    ended = brain.runs.advance(run_id)

    assert ended.state is RunState.SUCCEEDED
    assert ended.steps[0].evidence == {
        "verified": True,
        "by": "resolved",
        "output": {"resolved": True, "alerts": 1},
    }


def test_a_step_whose_alert_fires_still_is_not_verified(brain: Brain) -> None:
    establish(brain, verified(minutes=10))
    run_id = brain.handle("alert.disk", key="disk-1").answers[0].run_id or ""
    brain.runs.advance(run_id)
    later = inside(brain).store.now() + 601 * SECOND_MICROS
    set_clock(inside(brain).store, lambda: later)

    ended = brain.runs.advance(run_id)

    assert ended.state is RunState.FAILED
    assert "1 of 1 alerts fire still" in (ended.error or "")


def test_a_run_that_no_alert_began_waits_for_none(brain: Brain) -> None:
    establish(brain, waiting())

    ended = brain.runs.start("mend")

    assert ended.state is RunState.FAILED
    assert "no alert began this run" in (ended.error or "")


@pytest.mark.parametrize("resolved_at", [None, 20])
def test_an_alert_fires_anew_after_it_was_resolved(brain: Brain, resolved_at: int | None) -> None:
    establish(brain, waiting())
    times = [10, resolved_at, 30] if resolved_at else [None, None, None]

    first = brain.handle("alert.disk", key="disk-1", said_at=times[0])
    brain.runs.cancel(first.answers[0].run_id or "", reason="looked at")
    brain.handle("alert.disk", key="disk-1", resolved=True, said_at=times[1])
    anew = brain.handle("alert.disk", key="disk-1", said_at=times[2])

    assert [anew.repeated, anew.answers[0].began] == [False, True]
    assert brain.alerts.get("disk-1").state is AlertState.FIRING


def test_what_is_told_late_changes_nothing(brain: Brain) -> None:
    establish(brain, waiting())
    brain.handle("alert.disk", key="disk-1", resolved=True, said_at=20)

    late = brain.handle("alert.disk", key="disk-1", said_at=10)

    assert (late.repeated, late.answers) == (True, ())
    assert brain.alerts.get("disk-1").state is AlertState.RESOLVED


def test_an_end_that_says_little_leaves_what_the_beginning_said_and_lets_nothing_late_begin_again(
    brain: Brain,
) -> None:
    fires: dict[str, Any] = {
        "target": "db-1",
        "severity": "page",
        "labels": {"mount": "/var"},
        "link": "https://metrics.test/1",
    }
    brain.handle("alert.disk", key="disk-1", said_at=1_000, **fires)
    brain.handle("alert.disk", key="disk-1", resolved=True)
    late = brain.handle("alert.disk", key="disk-1", said_at=1_000, **fires)

    alert = brain.alerts.get("disk-1")
    assert late.repeated and alert.state is AlertState.RESOLVED
    assert {name: getattr(alert, name) for name in fires} == fires


def test_what_is_resolved_has_a_key(brain: Brain) -> None:
    with pytest.raises(InvalidInput, match="known by its key"):
        brain.handle("alert.disk", resolved=True)
    with pytest.raises(NotFound):
        brain.alerts.get("nothing")


def test_a_storm_of_one_group_is_one_run_that_ends_with_the_last_of_its_alerts(brain: Brain) -> None:
    establish(brain, waiting())

    received = brain.alerts.receive("alertmanager", webhook(STORM))
    brain.alerts.receive("alertmanager", webhook(STORM))
    worked = brain.alerts.work()
    [run] = brain.runs.list()
    waits = brain.runs.advance(run.id)
    brain.alerts.receive("alertmanager", {**webhook(STORM - 1, status="resolved")})
    brain.alerts.work()
    still = brain.runs.get(run.id)
    brain.alerts.receive("alertmanager", webhook(STORM, status="resolved"))
    brain.alerts.work()
    ended = brain.runs.advance(run.id)

    assert (received, worked) == (STORM, 2 * STORM)
    assert (waits.state, still.state) == (RunState.WAITING, RunState.WAITING)
    assert (ended.state, ended.steps[0].output) == (RunState.SUCCEEDED, {"resolved": True, "alerts": STORM})
    assert len(brain.alerts.list("resolved", limit=1_000)) == STORM
    [error] = brain.retrieve("Slow", types=["error_pattern"], limit=5)
    assert error.memory.occurrences == STORM


def test_what_was_received_is_kept_until_somebody_has_worked_on_it(brain: Brain, open_brain: OpenBrain) -> None:
    establish(brain, waiting())

    brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1", "target": "db-1"})
    assert brain.alerts.inbox().pending == 1
    other = open_brain(actor=ANN)  # as one that begins after the first was killed

    assert (other.alerts.work(), brain.alerts.work()) == (1, 0)
    assert brain.alerts.get("disk-1").event == "alert.DiskFull"
    assert brain.alerts.inbox().pending == 0


def test_a_message_that_cannot_be_worked_on_is_set_aside_and_holds_no_other_back(brain: Brain) -> None:
    with inside(brain).store.writing(acts.TRY_STORE, ANN) as tx:
        tx.alerts.receive(UNREADABLE, "generic", json.dumps({"name": 3}), ANN, 1)
    brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1"})

    brain.alerts.work()

    inbox = brain.alerts.inbox()
    assert (inbox.pending, inbox.set_aside) == (0, 1)
    assert brain.alerts.get("disk-1").state is AlertState.FIRING
    [message] = brain.alerts.aside()
    assert (message.id, message.attempts, message.body) == (UNREADABLE, INBOX_ATTEMPTS, {"name": 3})
    assert "name" in message.error
    assert (brain.alerts.retry(message.id), brain.alerts.inbox().pending) == (1, 1)
    brain.alerts.work()
    assert (brain.alerts.retry(), brain.alerts.inbox().pending) == (1, 1)
    with pytest.raises(NotFound, match="alerts aside"):
        brain.alerts.retry(message.id)


def test_trouble_of_the_store_is_no_attempt_at_what_came_in(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise StoreUnavailable("the database is away for a moment")

    brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1"})
    with monkeypatch.context() as trouble:
        trouble.setattr(inside(brain).services.triggers, "answering", away)
        for _ in range(2 * INBOX_ATTEMPTS):
            with pytest.raises(StoreUnavailable):
                inside(brain).services.alerts.work()
    assert (brain.alerts.inbox().pending, brain.alerts.inbox().set_aside) == (1, 0)

    assert brain.alerts.work() == 1


@pytest.mark.parametrize(
    "body",
    [
        {"name": "half \ud800", "key": "k\ud800", "text": "\ud800"},
        {"name": "late", "key": "k", "at": "9999-12-31T23:59:59-14:00"},
        {"name": "link", "key": "k", "link": "javascript:alert(1)"},
    ],
)
def test_what_is_taken_can_be_worked_on(brain: Brain, body: dict[str, Any]) -> None:
    assert brain.alerts.receive("generic", body) == 1

    assert brain.alerts.work() == 1
    [alert] = brain.alerts.list()
    assert alert.link is None and alert.event.startswith(f"alert.{body['name'][:4]}")


def test_what_nobody_could_work_on_is_refused_at_once(brain: Brain) -> None:
    with pytest.raises(InvalidInput, match="resolved is known by its key"):
        brain.alerts.receive("generic", {"name": "DiskFull", "resolved": True})
    with pytest.raises(InvalidInput, match="begins with https"):
        brain.handle("alert.disk", link="javascript:alert(1)")

    assert brain.alerts.inbox().pending == 0


def test_a_sender_whose_clock_is_far_ahead_does_not_make_the_end_late(brain: Brain) -> None:
    ahead = "2999-01-01T00:00:00Z"
    brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1", "at": ahead})
    brain.alerts.receive("generic", {"name": "DiskFull", "key": "disk-1", "at": AT, "resolved": True})

    brain.alerts.work()

    assert brain.alerts.get("disk-1").state is AlertState.RESOLVED


def test_secrets_in_an_alert_are_not_kept(brain: Brain) -> None:
    secret = "ghp_" + "a1B2" * 9
    brain.alerts.receive(
        "generic", {"name": "Leak", "key": "k", "labels": {"token": secret}, "text": f"it is {secret}"}
    )
    with inside(brain).store.read() as tx:
        assert secret not in tx.alerts.waiting(10)[0]["body"]

    brain.alerts.work()

    assert secret not in str(brain.alerts.get("k"))


def test_alerts_that_were_resolved_long_ago_are_let_go(brain: Brain) -> None:
    establish(brain, waiting())
    brain.handle("alert.disk", key="old")
    brain.handle("alert.disk", key="old", resolved=True)
    later = inside(brain).store.now() + 31 * 86_400 * SECOND_MICROS
    set_clock(inside(brain).store, lambda: later)

    brain.handle("alert.disk", key="new")

    assert [alert.key for alert in brain.alerts.list()] == ["new"]


@pytest.mark.parametrize(
    "body", [None, 3, "text", [], {}, {"alerts": 3}, {"alerts": [{}]}, {"name": {}}, {"labels": 1}, [[1]]]
)
def test_what_is_no_webhook_is_refused(brain: Brain, body: Any) -> None:
    with pytest.raises(InvalidInput, match="no webhook of grafana"):
        brain.alerts.receive("grafana", body)
    with pytest.raises(InvalidInput, match="no webhooks of 'nobody'"):
        brain.alerts.receive("nobody", body)
    assert alerts_module.BATCH < STORM


def test_a_run_that_the_end_of_its_alert_verified_is_what_helps_against_that_alert(brain: Brain) -> None:
    establish(brain, verified())
    brain.alerts.receive("alertmanager", webhook(1))
    brain.alerts.work()
    run = brain.runs.advance(brain.runs.list()[0].id)
    brain.alerts.receive("alertmanager", webhook(1, status="resolved"))
    brain.alerts.work()

    assert brain.runs.advance(run.id).state is RunState.SUCCEEDED

    [helped] = brain.evidence.list(brain.alerts.list()[0].identity)
    assert (helped.remedy, helped.effect.value) == ("mend", "helped")
