"""Does each figure of health say what its formula says? Small records, each figure worked out by hand."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    Actor,
    ActorKind,
    ApplicationState,
    Attempt,
    Choice,
    Draft,
    ErrorEvent,
    Evidence,
    Failed,
    Fix,
    HealthFigure,
    Improvement,
    ImprovementKind,
    ImprovementState,
    NoticeKind,
    OperationStart,
    Outcome,
    ReportLine,
    Source,
    Succeeded,
    Trust,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

SECOND = 1_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
NOW = 1_800_000_030 * SECOND  # half past a minute, so that what is counted a moment before is of the same one
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
SLOW, FULL, LOST = "TimeoutError: the gateway is slow", "OSError: the disk is full", "KeyError: the key is lost"


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock, actor=MARTA)


def figure(brain: Brain, name: str, days: int = 7) -> HealthFigure:
    [found] = [each for each in brain.health.figures(days=days) if each.name == name]
    return found


def line(brain: Brain, name: str, days: int = 7) -> ReportLine:
    [found] = [each for each in brain.health.report(days=days).lines if each.name == name]
    return found


def advise(brain: Brain, confidence: float, *, primary: str | None = "advice", at: int = NOW - HOUR) -> str:
    """Keep a receipt."""
    row: dict[str, Any] = dict.fromkeys(("target", "session_id", "failure_probability"))
    row |= {"id": new_id(), "operation_name": "deploy", "action_class": "changing", "actor_kind": "person"}
    row |= {"actor_id": "marta", "created_at": at, "expires_at": at + HOUR, "confidence": confidence}
    row |= {"raw_confidence": 0.5, "primary_id": primary, "body": "{}"}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert tx.operations.add_guidance(row)
    return str(row["id"])


def follow(
    brain: Brain, receipt: str | None, outcome: Outcome, followed: str = "advice", *, target: str = "api", at: int = NOW
) -> str:
    """Put an operation on record that followed something, ended."""
    from brainops.operations import log

    operation_id, start = new_id(), OperationStart(name="deploy", target=target, actor=MARTA)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        log.begin(tx, operation_id, start, receipt, at - SECOND)
        log.finish(tx, inside(brain).context, operation_id, start, outcome, at - SECOND, followed_id=followed)
    return operation_id


def fail(brain: Brain, clock: Clock, error: str, at: int, target: str = "api") -> str:
    """Put a failed operation on record, and return its fingerprint."""
    clock.at = at
    running = brain.begin("deploy", target=target, consult="never")
    running.fail(error)
    clock.at = NOW
    found = brain.operations.get(running.id).fingerprint
    assert found is not None
    return found


def apply(brain: Brain, fix: Fix, state: str, at: int, **values: Any) -> None:
    """Put an application of a fix on record."""
    given: dict[str, Any] = {"applied_at": at, "decided_at": at} if state != "suggested" else {}
    made = application_of(fix, ApplicationState(state), MARTA, at, **{**given, **values})
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert tx.fixes.add_application(made)


def bound(brain: Brain, fingerprint: str) -> Fix:
    """Bind a fix to a fingerprint."""
    return brain.fixes.attach(fingerprint, "Do something", advice="Do it.")


def test_an_empty_store_has_no_figure_but_an_empty_queue(brain: Brain) -> None:
    figures = brain.health.figures()

    assert {each.name: each.value for each in figures if each.value is not None} == {"queue age": 0.0}
    assert all(each.formula for each in figures)
    assert [each.name for each in brain.health.report().lines if each.value is not None] == []


def test_queries_are_counted_by_the_minute_and_by_the_way_of_asking(brain: Brain, clock: Clock) -> None:
    clock.at = NOW - 2 * HOUR
    for _ in range(5):
        brain.retrieve("gateway")
    inside(brain).uses.write()
    clock.at = NOW
    for _ in range(3):
        brain.retrieve("gateway")
    brain.match(SLOW)
    advise(brain, 0.5, at=NOW - 600 * SECOND)
    advise(brain, 0.5, at=NOW - 2 * HOUR)
    found = figure(brain, "memory queries")

    assert found.value == pytest.approx((3 + 1 + 1) / 60)
    assert found.detail["by_kind"] == {"retrieve": 8, "match": 1, "guidance": 2}
    assert found.detail["history"] == [0] * 9 + [1, 0, 4]


def test_asking_writes_nothing_by_itself(brain: Brain) -> None:
    brain.retrieve("gateway")
    brain.flush()
    with inside(brain).store.read() as tx:
        before = tx.figures.queries(NOW - HOUR, NOW + HOUR)

    assert before == []
    assert figure(brain, "memory queries").counted == 1


def test_counts_of_minutes_long_past_are_let_go(brain: Brain, clock: Clock) -> None:
    clock.at = NOW - 40 * DAY
    brain.retrieve("gateway")
    inside(brain).uses.write()
    clock.at = NOW
    brain.retrieve("gateway")

    assert figure(brain, "memory queries", days=60).counted == 1


def test_advice_is_judged_by_what_was_verified_and_by_failures_that_were_seen(brain: Brain) -> None:
    verified, failed = Succeeded(evidence=Evidence.VERIFIED), Failed(error=ErrorEvent(type="E", message="no"))
    follow(brain, advise(brain, 0.9), verified)  # right
    follow(brain, advise(brain, 0.9), Succeeded())  # nobody checked
    follow(brain, advise(brain, 0.8), failed)  # wrong
    contradicted = follow(brain, advise(brain, 0.6), Succeeded())
    brain.operations.contradict(contradicted, "it was down again")  # wrong
    follow(brain, advise(brain, 0.7), replace(failed, evidence=Evidence.CLAIMED))  # somebody's word
    follow(brain, advise(brain, 0.7), verified, followed="another")  # right, but not the first advice
    advise(brain, 0.5)  # nobody followed it
    advise(brain, 0.0, primary=None)  # it advised nothing
    fix = bound(brain, "f" * 32)
    for state in ("verified", "rolled_back", "applied", "suggested", "suggested"):
        apply(brain, fix, state, NOW - HOUR)
    found, calibration = figure(brain, "pattern match accuracy"), figure(brain, "calibration error")

    assert (found.detail["right"], found.detail["wrong"], found.detail["unjudged"]) == (3, 3, 4)
    assert (found.value, found.counted, found.detail["unjudged_share"]) == (0.5, 6, 0.4)
    assert (calibration.value, calibration.counted, calibration.least) == (None, 3, 20)
    assert (figure(brain, "fix success").value, figure(brain, "fix success").counted) == (None, 2)


def test_how_far_off_the_confidence_was_is_told_from_twenty_cases_on(brain: Brain) -> None:
    verified, failed = Succeeded(evidence=Evidence.VERIFIED), Failed(error=ErrorEvent(type="E", message="no"))
    for number in range(19):
        follow(brain, advise(brain, 0.85), verified if number < 10 else failed)
    early = figure(brain, "calibration error").value

    follow(brain, advise(brain, 0.15), failed)

    assert early is None
    assert figure(brain, "calibration error").value == pytest.approx((19 * (0.85 - 10 / 19) + 0.15) / 20)


def test_a_fix_success_is_a_share_of_what_was_judged(brain: Brain) -> None:
    fix = bound(brain, "f" * 32)
    for state in ("verified", "verified", "verified", "rolled_back", "failed", "applied", "suggested"):
        apply(brain, fix, state, NOW - HOUR)

    assert (figure(brain, "fix success").value, figure(brain, "fix success").counted) == (0.6, 5)


def test_a_remedy_that_was_just_found_is_no_match_of_memory(brain: Brain, clock: Clock) -> None:
    clock.at = NOW - DAY
    fix = bound(brain, "f" * 32)
    clock.at = NOW
    for _ in range(6):  # within the hour in which it was bound
        apply(brain, fix, "verified", NOW - DAY + HOUR // 2)
    for state in ("verified", "verified", "verified", "failed", "contradicted"):
        apply(brain, fix, state, NOW - HOUR)
    found = figure(brain, "pattern match accuracy")

    assert (found.value, found.counted) == (0.6, 5)
    assert figure(brain, "fix success").counted == 11


def test_what_an_agent_tried_in_vain_is_no_error_of_the_service(brain: Brain, clock: Clock) -> None:
    for number in range(5):
        fail(brain, clock, SLOW, NOW - DAY - number * HOUR)
    for _ in range(4):
        running = brain.begin("attempt: restart the gateway", consult="never")
        running.fail("RuntimeError: restarting did not help")
    found = figure(brain, "repeat errors")

    assert (found.value, found.counted) == (0.8, 5)


def test_a_repeat_is_a_failure_of_an_error_that_had_happened_before(brain: Brain, clock: Clock) -> None:
    fail(brain, clock, SLOW, NOW - 10 * DAY)
    for days in (3, 2):
        fail(brain, clock, SLOW, NOW - days * DAY)
    fail(brain, clock, FULL, NOW - 2 * DAY)
    fail(brain, clock, FULL, NOW - DAY)
    early = figure(brain, "repeat errors")
    fail(brain, clock, FULL, NOW - DAY)
    found = figure(brain, "repeat errors")

    assert (early.value, early.counted, early.least) == (None, 4, 5)
    assert (found.value, found.counted, found.detail["repeated"]) == (0.8, 5, 4)
    assert found.detail["history"] == [0, 0, 0, 1, 0.5, 1, 0]
    assert figure(brain, "repeat errors", days=30).value == 4 / 6


def test_the_time_to_fix_is_from_the_first_occurrence_to_the_first_verified_fix(brain: Brain, clock: Clock) -> None:
    slow = bound(brain, fail(brain, clock, SLOW, NOW - 2 * DAY))
    fail(brain, clock, SLOW, NOW - 2 * DAY + 2 * HOUR)
    clock.at = NOW - DAY - 2 * HOUR
    brain.capture_error(FULL)  # a handler saw it before any operation failed with it
    brain.flush()
    full = bound(brain, fail(brain, clock, FULL, NOW - DAY))
    lost = bound(brain, fail(brain, clock, LOST, NOW - DAY))
    apply(brain, slow, "contradicted", NOW - 2 * DAY + HOUR)
    apply(brain, slow, "verified", NOW - 2 * DAY + 3 * HOUR)
    apply(brain, slow, "verified", NOW - HOUR)
    apply(brain, full, "verified", NOW - DAY + 6 * HOUR)
    apply(brain, lost, "failed", NOW - DAY + HOUR)
    found = figure(brain, "time to fix")

    assert (found.value, found.counted) == (5.5 * 3_600, 2)


def test_compliance_counts_what_procedures_ask_for_and_not_what_never_began(brain: Brain, clock: Clock) -> None:
    counted = {"rule_id": "r", "service": "", "person": "", "procedure": "deploy-safely"}
    fared = {"followed": 7, "overridden": 1, "violated": 1, "bypassed": 1, "blocked": 5}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.rules.count([{**counted, **fared, "day": NOW // DAY}])
        tx.rules.count([{**counted, **fared, "day": NOW // DAY - 7, "followed": 90}])
        tx.rules.count([{**counted, **fared, "day": NOW // DAY, "rule_id": "other", "procedure": None}])

    assert (figure(brain, "procedure compliance").value, figure(brain, "procedure compliance").counted) == (0.7, 10)
    assert (line(brain, "compliance").before, line(brain, "compliance").counted_before) == (90 / 93, 93)


def improvement(state: ImprovementState, ended_at: int) -> Improvement:
    return Improvement(
        id=new_id(),
        namespace="team/a",
        kind=ImprovementKind.TIMEOUT,
        key=new_id(),
        subject="deploy",
        title="Wait longer",
        reason="it times out",
        before=1,
        after=2,
        evidence={},
        state=state,
        probability_better=0.95,
        trust=Trust.AGENT,
        by_itself=True,
        proposed_at=ended_at - DAY,
        applied_at=ended_at - HOUR,
        ended_at=ended_at,
    )


def test_improvement_is_what_was_kept_less_what_was_taken_back_a_week(brain: Brain) -> None:
    states = [ImprovementState.KEPT] * 4 + [ImprovementState.ROLLED_BACK, ImprovementState.UNDONE]
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for state in states:
            assert tx.improvements.add(improvement(state, NOW - 8 * DAY))
        assert tx.improvements.add(improvement(ImprovementState.KEPT, NOW - 20 * DAY))
        assert tx.improvements.add(improvement(ImprovementState.REJECTED, NOW - DAY))

    assert figure(brain, "system improvement", days=14).value == pytest.approx((4 - 2) / 14 * 7)
    assert figure(brain, "system improvement", days=7).value is None
    assert line(brain, "improvements rolled back").before == 2


def test_insights_are_what_a_cycle_wrote_for_the_first_time(brain: Brain) -> None:
    first = brain.capture("deploys fail on Mondays", source=Source(key="learning:hourly.rates:1"))
    brain.capture("restarts help", source=Source(key="learning:hourly.rates:2"))
    brain.supersede(first.id, Draft(title="deploys fail on Tuesdays", source=Source(key="learning:hourly.rates:1")))
    brain.capture("somebody's own insight")

    assert figure(brain, "insights generated").value == 2


def test_ages_are_those_of_the_last_capture_and_of_what_waits_longest(brain: Brain, clock: Clock) -> None:
    clock.at = NOW - 90 * SECOND
    brain.capture("gateway", "slow")
    clock.at = NOW - 120 * SECOND
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.notices.put(tx, NoticeKind.RUN_WAITING, "deploy", reason="look")
    clock.at = NOW
    queue = figure(brain, "queue age")

    assert figure(brain, "last capture").value == 90
    assert (queue.value, queue.detail["oldest"]) == (120, {"vector": None, "run": None, "notice": 120})


def test_a_memory_waits_for_its_vector_only_where_there_is_a_model(open_brain: OpenBrain, clock: Clock) -> None:
    clock.at = NOW - 60 * SECOND
    open_brain(clock=clock).capture("gateway", "slow")
    clock.at = NOW

    assert figure(open_brain(clock=clock, model="minilm"), "queue age").value == 60
    assert figure(open_brain(clock=clock), "queue age").value == 0


def test_what_language_models_took_is_what_was_metered(brain: Brain) -> None:
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for days, cost in ((0, 0.25), (0, 0.5), (6, 1.0), (9, 8.0)):
            day = NOW // DAY - days
            tx.language.add(day, "insight", "m", input_tokens=100, output_tokens=10, cost=cost)
    found = figure(brain, "language spend")

    assert (found.value, found.counted, found.detail["tokens"]) == (1.75, 3, 330)
    assert (line(brain, "tokens").value, line(brain, "tokens").before) == (330, 110)


def test_a_repeat_is_avoided_where_a_known_error_was_answered_and_did_not_come_back(brain: Brain, clock: Clock) -> None:
    slow = bound(brain, fail(brain, clock, SLOW, NOW - 5 * DAY, "t1"))
    apply(brain, slow, "verified", NOW - 5 * DAY + HOUR, target="t1")  # held
    apply(brain, slow, "verified", NOW - 4 * DAY, target="t2")
    fail(brain, clock, SLOW, NOW - 3 * DAY, "t2")  # came back
    fail(brain, clock, FULL, NOW - 5 * DAY, "t4")
    [known] = [hit.memory.id for hit in brain.retrieve("disk is full")]
    for hours in (30, 20):
        follow(brain, None, Succeeded(), known, target="t3", at=NOW - hours * HOUR)  # one, however often
    fail(brain, clock, FULL, NOW - HOUR, "t4")  # elsewhere
    follow(brain, None, Failed(error=ErrorEvent(type="E", message="no")), known, target="t5", at=NOW - HOUR)
    found = line(brain, "repeats avoided")

    assert (found.value, found.counted, found.before, found.counted_before) == (2, 3, None, 0)
    assert line(brain, "repeats that happened").value == 2


def test_an_error_that_is_known_by_its_message_came_back_with_whatever_frames(brain: Brain, clock: Clock) -> None:
    def deploy() -> None:
        with suppress(RuntimeError), brain.operation("deploy", target="api", consult="never"):
            raise RuntimeError("the gateway refuses")

    clock.at = NOW - 3 * DAY
    deploy()
    [known] = brain.match("RuntimeError: the gateway refuses")
    by_message = brain.fixes.attach("RuntimeError: the gateway refuses", "Restart it", advice="Restart.")
    assert by_message.fingerprint != known.memory.fingerprint
    apply(brain, by_message, "verified", NOW - 2 * DAY, target="api")
    clock.at = NOW - DAY
    deploy()
    clock.at = NOW
    found = line(brain, "repeats avoided")

    assert (found.value, found.counted) == (0, 1)


def test_wrong_suggestions_are_those_that_failed_and_memories_called_wrong(brain: Brain) -> None:
    follow(brain, advise(brain, 0.8), Failed(error=ErrorEvent(type="E", message="no")))
    memory = brain.capture("Restart cures it", "restart")
    brain.feedback(memory.id, "wrong")
    brain.undo_feedback(brain.feedback(memory.id, "wrong").id)

    assert (line(brain, "wrong suggestions").value, line(brain, "right of judged").value) == (2, 0.0)


def test_a_report_sets_the_week_beside_the_week_before(brain: Brain, clock: Clock) -> None:
    for days, error in ((10, SLOW), (9, SLOW), (2, SLOW)):
        fail(brain, clock, error, NOW - days * DAY)
    brain.sessions.open()

    assert (line(brain, "failures").value, line(brain, "failures").before) == (1, 2)
    assert (line(brain, "operations").value, line(brain, "operations").before) == (1, 2)
    assert (line(brain, "repeats that happened").value, line(brain, "repeats that happened").before) == (1, 1)


def attempt(brain: Brain, agent: str, task_class: str, success: float | None, cost: float = 0.0) -> None:
    """Put an attempt of an agent on record, ended."""
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        made = Attempt(
            id=new_id(),
            execution_id=new_id(),
            agent=agent,
            task_class=task_class,
            choice=Choice(agent=agent, sentence="it did best"),
            operation_id=None,
            started_at=NOW - HOUR,
        )
        tx.agents.begin_attempt(made, NOW + HOUR)
        outcome = Succeeded(duration_seconds=0.0) if success else Failed(duration_seconds=0.0)
        tx.agents.end_attempt(made.id, outcome, NOW, fingerprint=None, success=success, charged=cost)


def test_coordination_is_what_was_reached_of_what_the_best_in_hindsight_would_have(brain: Brain) -> None:
    for agent, tries in (("able", [1, 1, 1, 1, 1, 0]), ("clumsy", [0, 0, 0, 1, 0]), ("lucky", [1])):
        for success in tries:
            attempt(brain, agent, "deploy", float(success), cost=2.0 if agent == "able" else 0.0)
    for success in (0, 0, 0, 0, 0, 0):
        attempt(brain, "able", "alone", float(success))  # nobody to compare it with
    attempt(brain, "able", "deploy", None)  # nobody knows
    found = figure(brain, "agent coordination")
    able, clumsy, lucky = 5 - 6 * 0.1, 1, 1
    reached, best = able + clumsy + lucky, 12 * able / 6

    assert found.value == pytest.approx(reached / best)
    assert (found.counted, found.detail["attempts"]) == (12, 19)
    assert line(brain, "cost").value == 12.0


def test_other_namespaces_are_not_counted(brain: Brain, open_brain: OpenBrain, clock: Clock) -> None:
    other = open_brain(namespace="elsewhere", read=[], clock=clock)
    other.retrieve("gateway")
    for number in range(5):
        fail(other, clock, SLOW, NOW - HOUR + number * SECOND)
    inside(other).uses.write()
    other.flush()

    assert figure(brain, "memory queries").value is None
    assert figure(brain, "repeat errors").value is None
    assert figure(other, "repeat errors").value == 0.8


@pytest.mark.parametrize("days", [0, 366, 1.5, True, "7"])
def test_days_that_are_none_are_refused(brain: Brain, days: Any) -> None:
    with pytest.raises(InvalidInput):
        brain.health.figures(days=days)
    with pytest.raises(InvalidInput):
        brain.health.report(days=days)
