"""Do the verbs that pages are made of say of everything that is stored what there is, and what came of it?"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, NotFound
from brainops.types import Actor, ActorKind, ErrorState, Evidence, Failed, MemoryType, Succeeded, Trust
from tests.conformance.conftest import OpenBrain
from tests.conformance.test_figures import NOW, advise, attempt, follow

START = NOW
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock, actor=PERSON)


def fail(brain: Brain, clock: Clock, error: str, at: int, target: str = "api") -> str:
    """Let an operation end in an error at a time, and return its id."""
    clock.now = at
    running = brain.begin("call payments", target=target, consult="never")
    running.fail(error)
    brain.flush()
    return running.id


def states(brain: Brain) -> dict[str, str]:
    return {each.title.partition(":")[0]: each.state.value for each in brain.causes.seen()}


def test_an_error_is_new_ongoing_quiet_returning_or_mended(brain: Brain, clock: Clock) -> None:
    fail(brain, clock, "OldError: gone for long", START)
    fail(brain, clock, "BackError: it was away", START)
    fail(brain, clock, "DailyError: every day", START + 8 * DAY)
    fail(brain, clock, "FixedError: somebody helped", START + 8 * DAY)
    fail(brain, clock, "DailyError: every day", START + 9 * DAY)
    fail(brain, clock, "BackError: it was away", START + 9 * DAY)
    fail(brain, clock, "FirstError: never seen before", START + 9 * DAY + HOUR)
    brain.evidence.record("FixedError: somebody helped", "restart it", "helped")
    clock.now = START + 9 * DAY + 2 * HOUR

    assert states(brain) == {
        "OldError": "quiet",
        "BackError": "returning",
        "DailyError": "ongoing",
        "FixedError": "mended",
        "FirstError": "new",
    }
    assert brain.causes.counts() == dict.fromkeys(ErrorState, 1)
    assert [each.title for each in brain.causes.seen(state="new")] == ["FirstError: never seen before"]
    assert len(brain.causes.seen(since=START + DAY)) == 4
    with pytest.raises(InvalidInput, match="mended"):
        brain.causes.seen(state="nowhere")


def test_errors_of_one_cause_are_one_row_with_both_counts_its_last_operation_and_its_surest_fix(
    brain: Brain, clock: Clock
) -> None:
    fail(brain, clock, "PoolTimeout: none was free", START)
    fail(brain, clock, "PoolTimeout: none was free", START + 7 * HOUR)
    last = fail(brain, clock, "GatewayError: nobody answers", START + 8 * HOUR, target="gateway")
    clock.now = START + 9 * HOUR
    brain.causes.join("GatewayError: nobody answers", "PoolTimeout: none was free", reason="the pool behind it")
    brain.fixes.attach("PoolTimeout: none was free", "restart the pool", advice="restart it")
    sure = brain.fixes.attach("GatewayError: nobody answers", "widen the pool", advice="widen it")
    for _ in range(3):
        brain.fixes.record(sure.id, helped=True)

    (seen,) = brain.causes.seen()

    assert seen.occurrences == 3 and sum(seen.counts) == 3 and seen.counts[-2:] == (1, 2)
    assert (seen.operation_id, seen.operation, seen.target) == (last, "call payments", "gateway")
    assert len(seen.fingerprints) == 2 and seen.fixes == 2
    assert seen.fix is not None and seen.fix.fix.title == "widen the pool" and seen.fix.confidence.verified == 3
    assert seen.state is ErrorState.MENDED


def test_what_matches_is_counted_by_what_would_be_there_with_another_choice(brain: Brain) -> None:
    for number in range(3):
        brain.capture(f"the pool is drained {number}", "widen it", tags=["pool"], trust="external")
    brain.capture("the pool was chosen", "for speed", type="decision_record")
    brain.capture("nothing of the sort", "else")

    every, words = brain.count(), brain.count("pool")
    narrowed = brain.count("pool", types=["decision_record"])
    none = brain.count("pool", types=["deployment_log"], tags=["pool"])

    assert every.total == 5 and words.total == 4
    assert words.types == {MemoryType.LEARNING_INSIGHT: 3, MemoryType.DECISION_RECORD: 1}
    assert words.trust[Trust.EXTERNAL] == 3 and words.tags == {"pool": 3}
    assert narrowed.total == 1 and narrowed.types == words.types
    assert none.total == 0 and none.without == {"types": 3}
    assert brain.count("pool", as_of=START - DAY).without == {"as_of": 4}


def test_a_memory_says_how_often_it_was_given_followed_and_right(brain: Brain) -> None:
    memory = brain.capture("drain the node first", "then restart").id
    for outcome in (Succeeded(), Succeeded(), Failed()):
        follow(brain, advise(brain, 0.8, primary=memory), outcome, followed=memory)
    advise(brain, 0.8, primary=memory)

    used = brain.history(memory).used

    assert (used.given, used.followed, used.right, used.wrong) == (4, 3, 2, 1)
    assert len(used.operations) == 3


def test_whether_advice_was_as_sure_as_it_said_is_told_by_bars_with_their_cases(brain: Brain) -> None:
    for number in range(10):
        outcome = Succeeded(evidence=Evidence.VERIFIED) if number else Failed(evidence=Evidence.OBSERVED)
        follow(brain, advise(brain, 0.85), outcome)

    record = brain.health.calibration()

    (bar,) = record.bars
    assert bar.cases == 10 and round(bar.said, 2) == 0.85 and bar.right == 0.9 and bar.low < 0.9 < bar.high
    assert record.error is not None and round(record.error, 2) == 0.05
    with pytest.raises(InvalidInput):
        brain.health.calibration(days=0)


def test_agents_have_a_record_at_each_class_of_tasks_with_its_bounds(brain: Brain, clock: Clock) -> None:
    for success in (1.0, 1.0, 0.0):
        attempt(brain, "fast", "triage", success, cost=0.5)
    attempt(brain, "slow", "triage", 1.0)
    attempt(brain, "fast", "write", None)

    records = brain.agents.records(days=365)

    assert [(each.agent, each.task_class, each.attempts) for each in records] == [
        ("slow", "triage", 1),
        ("fast", "triage", 3),
    ]
    fast = records[1]
    assert round(fast.success, 2) == 0.67 and fast.low < fast.success < fast.high
    assert fast.cost == 0.5


def line(at: int, message: str, level: str = "info") -> str:
    when = datetime.fromtimestamp(at / 1e6, UTC).isoformat()
    return json.dumps({"time": when, "level": level, "service": "api", "message": message})


def test_templates_that_are_new_come_first_then_those_that_rise(brain: Brain, clock: Clock) -> None:
    before = [line(START - 30 * HOUR + n * MINUTE, "job done") for n in range(20)]
    before += [line(START - 30 * HOUR + n * MINUTE, "queue is long", "warning") for n in range(5)]
    lately = [line(START - 2 * HOUR + n * 1_000_000, "queue is long", "warning") for n in range(60)]
    lately += [line(START - HOUR + n * MINUTE, "job done") for n in range(20)]
    lately += [line(START - HOUR, "disk is full", "error")]
    brain.signals.ingest([*before, *lately])

    trends = brain.signals.trends(hours=24)

    assert [(each.text, each.standing) for each in trends] == [
        ("disk is full", "new"),
        ("queue is long", "rising"),
        ("job done", ""),
    ]
    assert [(each.before, each.lately, sum(each.counts)) for each in trends] == [(0, 1, 1), (5, 60, 60), (20, 20, 20)]
    assert [each.text for each in brain.signals.trends(errors=True)] == ["disk is full"]
    with pytest.raises(InvalidInput):
        brain.signals.trends(hours=0)


def test_a_metric_is_listed_and_shown_as_its_points(brain: Brain, clock: Clock) -> None:
    values = [
        json.dumps({"metric": "cpu", "value": n, "time": (START - 10 * MINUTE + n * MINUTE) / 1e6, "pod": "api-1"})
        for n in range(5)
    ]
    brain.signals.ingest(values)

    (metric,) = brain.signals.metrics()
    points = brain.signals.points(metric.id)

    assert (metric.name, metric.component, metric.counter) == ("cpu", "api-1", False)
    assert [point.value for point in points.points] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert points.figure == "cpu of api-1"
    with pytest.raises(NotFound, match="no metric"):
        brain.signals.points("none")


def test_the_trail_is_read_of_an_act_an_actor_a_subject_and_a_time(brain: Brain, clock: Clock) -> None:
    one, two = brain.capture("one", "1").id, brain.capture("two", "2").id
    brain.archive(one, reason="old")
    between = clock()
    brain.forget(two, reason="wrong")

    def acts(**of: Any) -> list[str]:
        return [entry.act for entry in brain.upkeep.trail(**of)]

    assert acts(act="archived") == ["archived"]
    assert acts(subject=two) == ["forgotten"]
    assert acts(by="ada", until=between) == ["archived"] and acts(since=between) == ["forgotten"]
    assert acts(by="nobody") == []
    page = brain.upkeep.trail(by="ada", limit=1)
    assert page.next is not None
    with pytest.raises(InvalidInput, match="other conditions"):
        brain.upkeep.trail(act="archived", after=page.next)


def test_no_other_namespace_is_counted(brain: Brain, open_brain: OpenBrain, clock: Clock) -> None:
    other = open_brain(namespace="other", read=[], clock=clock, actor=PERSON)
    fail(other, clock, "SecretError: of others", clock())
    memory = other.capture("the pool of others", "secret").id
    other.signals.ingest([line(clock() - MINUTE, "secret line", "error")])

    assert brain.causes.seen() == [] and not any(brain.causes.counts().values())
    assert brain.count("pool").total == 0 and brain.count().total == 0
    assert brain.signals.trends() == [] and brain.signals.metrics() == []
    with pytest.raises(NotFound):
        brain.history(memory)
