"""Is every operation recorded as it went, its error remembered once, and the log kept as the growth policy says?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.operations import recorder
from brainops.store.operations import GrowthPolicy
from brainops.types import ErrorEvent, Evidence, Failed, MemoryType, Operation, Succeeded
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

NOWHERE = "0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90"


def test_a_success_is_recorded_with_what_it_brought(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with brain.operation("deploy api", target="prod-1", context={"version": "1.2"}, session="s1") as running:
        running.note(result={"pods": 3}, cost=0.25)

    [operation] = brain.operations.list()
    assert (operation.id, operation.namespace, operation.start.name) == (running.id, "team/a", "deploy api")
    assert (operation.start.target, operation.start.context) == ("prod-1", {"version": "1.2"})
    assert operation.start.session_id == "s1"
    assert isinstance(operation.outcome, Succeeded)
    assert (operation.outcome.result, operation.outcome.cost) == ({"pods": 3}, 0.25)
    assert operation.outcome.evidence is Evidence.OBSERVED
    assert operation.finished_at is not None
    assert operation.finished_at >= operation.started_at


def test_a_failure_passes_through_and_becomes_a_memory(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(ConnectionRefusedError), brain.operation("deploy api", target="prod-1", context={"v": 7}):
        raise ConnectionRefusedError(111, "Connection refused")

    [operation], [hit] = brain.operations.list(outcome="failed"), brain.retrieve("connection refused")
    assert isinstance(operation.outcome, Failed)
    assert operation.outcome.error.type.endswith("ConnectionRefusedError")
    assert (hit.memory.type, hit.memory.fingerprint) == (MemoryType.ERROR_PATTERN, operation.fingerprint)
    assert (operation.error_memory_id, hit.memory.source.operation_id) == (hit.memory.id, operation.id)
    assert "prod-1" in str(hit.memory.content)


def fail(brain: Brain, message: str = "database is unreachable", **options: Any) -> None:
    with pytest.raises(RuntimeError), brain.operation("deploy api", **options):
        raise RuntimeError(message)


def test_the_same_error_again_is_one_memory_with_a_count_and_its_occurrences(open_brain: OpenBrain) -> None:
    brain = open_brain()

    for number in range(4):
        fail(brain, context={"attempt": number})

    [hit] = brain.retrieve("database unreachable")
    assert hit.memory.occurrences == 4
    seen = brain.history(hit.memory.id).occurrences
    assert ["attempt" in str(each["detail"]) for each in seen] == [True] * 3
    assert len(brain.operations.list()) == 4


def test_different_errors_are_different_memories(open_brain: OpenBrain) -> None:
    brain = open_brain()

    fail(brain, "VM started")
    fail(brain, "VM paused")

    assert {hit.memory.title for hit in brain.retrieve("vm")} == {"RuntimeError: VM started", "RuntimeError: VM paused"}


def test_an_error_that_was_captured_is_matched_exactly(open_brain: OpenBrain) -> None:
    brain = open_brain()
    fail(brain)
    error = brain.retrieve("unreachable")[0].memory

    def again() -> None:
        raise RuntimeError("database is unreachable")

    with pytest.raises(RuntimeError) as caught:
        again()
    brain.capture_error(caught.value)
    brain.flush()

    found = brain.match(caught.value)
    assert found[0].exact
    assert found[0].memory.title == error.title


def test_a_cancelled_operation_is_a_failure_but_no_error_to_remember(open_brain: OpenBrain) -> None:
    brain = open_brain()

    async def run() -> None:
        async with brain.operation("slow"):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())

    [operation] = brain.operations.list(outcome="failed")
    assert operation.error_memory_id is None
    assert brain.retrieve() == []


@pytest.mark.parametrize("record", ["durable", "async"])
def test_both_ways_of_recording_leave_the_same_log(open_brain: OpenBrain, record: Any) -> None:
    brain = open_brain()

    with brain.operation("one", record=record):
        pass
    fail(brain, record=record)
    brain.flush()

    assert [operation.start.name for operation in brain.operations.list()] == ["deploy api", "one"]
    assert len(brain.retrieve("unreachable")) == 1


def test_an_end_never_overtakes_its_beginning_when_more_waits_than_the_queue_holds(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "QUEUE_RECORDS", 3)
    brain = open_brain()

    for _ in range(200):
        with brain.operation("poll", consult="never", record="async"):
            pass
    brain.flush()

    assert [operation.outcome for operation in brain.operations.list(outcome="open", limit=1_000)] == []
    assert len(brain.operations.list(outcome="succeeded", limit=1_000)) == 200


def test_a_decorated_function_is_an_operation_each_time(open_brain: OpenBrain) -> None:
    brain = open_brain()

    @brain.operation("double")
    def double(number: int) -> int:
        return 2 * number

    @brain.operation("double async")
    async def double_async(number: int) -> int:
        return 2 * number

    assert (double(2), double(3), asyncio.run(double_async(4))) == (4, 6, 8)
    assert [operation.start.name for operation in brain.operations.list()] == ["double async", "double", "double"]


def test_an_operation_is_ended_by_another_process(open_brain: OpenBrain) -> None:
    one, other = open_brain(), open_brain()
    begun = one.begin("migrate", target="db")
    assert [operation.outcome for operation in other.operations.list(outcome="open")] == [None]

    running = other.resume(begun.id)
    assert running is not None
    running.succeed({"rows": 10}, evidence=Evidence.CLAIMED)

    [operation] = one.operations.list()
    assert isinstance(operation.outcome, Succeeded)
    assert (operation.outcome.result, operation.outcome.evidence) == ({"rows": 10}, Evidence.CLAIMED)
    assert other.resume(NOWHERE) is None


def test_the_first_end_of_an_operation_is_the_one_that_counts(open_brain: OpenBrain) -> None:
    brain = open_brain()
    begun = brain.begin("migrate")
    again = brain.resume(begun.id, strict=True)
    assert again is not None
    begun.succeed()

    with pytest.raises(Conflict):
        again.fail("no, it failed")

    [operation] = brain.operations.list()
    assert isinstance(operation.outcome, Succeeded)
    assert brain.retrieve() == []


def test_a_success_can_be_contradicted_once_and_confirmed(open_brain: OpenBrain) -> None:
    brain = open_brain()
    for name in ("one", "two"):
        with brain.operation(name):
            pass
    two, one = brain.operations.list()

    brain.operations.contradict(one.id, "the page was empty")
    brain.operations.verify(two.id)

    two, one = brain.operations.list()
    assert one.contradiction == "the page was empty"
    assert one.contradicted_at is not None
    assert two.outcome is not None
    assert two.outcome.evidence is Evidence.VERIFIED
    with pytest.raises(Conflict):
        brain.operations.contradict(one.id, "again")


def test_what_has_not_ended_is_neither_contradicted_nor_verified(open_brain: OpenBrain) -> None:
    brain = open_brain()
    begun = brain.begin("migrate")

    with pytest.raises(Conflict):
        brain.operations.contradict(begun.id, "x")
    with pytest.raises(Conflict):
        brain.operations.verify(begun.id)
    with pytest.raises(NotFound):
        brain.operations.verify(NOWHERE)


def test_the_log_is_listed_by_name_target_outcome_and_time(open_brain: OpenBrain) -> None:
    moment = iter(range(10**15, 2 * 10**15, 1_000_000))
    brain = open_brain(clock=lambda: next(moment))
    for name, target in (("a", "x"), ("a", "y"), ("b", "x")):
        with brain.operation(name, target=target, consult="never"):
            pass
    open_one = brain.begin("a", target="x", consult="never")

    def ids(**conditions: Any) -> list[tuple[str, str | None]]:
        return [(each.start.name, each.start.target) for each in brain.operations.list(**conditions)]

    assert ids(name="a", outcome="succeeded") == [("a", "y"), ("a", "x")]
    assert ids(target="x") == [("a", "x"), ("b", "x"), ("a", "x")]
    assert [each.id for each in brain.operations.list(outcome="open")] == [open_one.id]
    assert ids(since=brain.operations.list()[1].started_at) == [("a", "x"), ("b", "x")]
    assert ids(limit=2) == [("a", "x"), ("b", "x")]


def kept(brain: Brain, name: str) -> list[Operation]:
    return brain.operations.list(name=name, limit=1_000)


def tallied(brain: Brain, name: str) -> tuple[int, int, int]:
    with inside(brain).store.read() as tx:
        rows = [row for row in tx.operations.counts(0) if row["name"] == name]
    succeeded, failed, recorded = (sum(row[key] for row in rows) for key in ("succeeded", "failed", "recorded"))
    return succeeded, failed, recorded


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (GrowthPolicy(mode="full"), lambda count: count == 100),
        (GrowthPolicy(mode="sampled", rate=0.3), lambda count: 10 <= count <= 55),
        (GrowthPolicy(mode="sampled", rate=0.0), lambda count: count == 0),
        (GrowthPolicy(mode="sampled", rate=1.0), lambda count: count == 100),
        (GrowthPolicy(mode="counted"), lambda count: count == 0),
    ],
    ids=["full", "sampled", "none", "all", "counted"],
)
def test_the_growth_policy_keeps_its_share_of_successes_and_counts_all(
    open_brain: OpenBrain, policy: GrowthPolicy, expected: Callable[[int], bool]
) -> None:
    brain = open_brain()
    brain.upkeep.set_growth(policy)

    for _ in range(100):
        with brain.operation("poll", consult="never", record="async"):
            pass
    brain.flush()

    assert expected(len(kept(brain, "poll")))
    assert tallied(brain, "poll") == (100, 0, len(kept(brain, "poll")))


def test_a_policy_of_a_name_comes_before_that_of_the_namespace(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.upkeep.set_growth(GrowthPolicy(mode="counted"))
    brain.upkeep.set_growth(GrowthPolicy(operation_name="deploy", mode="full"))

    for name in ("deploy", "poll"):
        with brain.operation(name, consult="never"):
            pass

    assert [operation.start.name for operation in brain.operations.list()] == ["deploy"]


def test_failures_are_kept_whatever_the_policy_up_to_the_cap_of_a_fingerprint(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.upkeep.set_growth(GrowthPolicy(mode="counted", failures_per_fingerprint=3))

    for _ in range(5):
        fail(brain, "the first kind", consult="never")
    fail(brain, "another sort of trouble altogether", consult="never")

    assert len(kept(brain, "deploy api")) == 4
    assert tallied(brain, "deploy api") == (0, 6, 4)
    assert sorted(hit.memory.occurrences for hit in brain.retrieve()) == [1, 5]


@pytest.mark.parametrize(
    "policy",
    [
        GrowthPolicy(mode="some"),  # type: ignore[arg-type]
        GrowthPolicy(rate=1.5),
        GrowthPolicy(rate=-0.1),
        GrowthPolicy(rate=float("nan")),
        GrowthPolicy(failures_per_fingerprint=0),
        GrowthPolicy(failures_per_fingerprint=True),
        GrowthPolicy(operation_name="x" * 301),
    ],
)
def test_a_policy_that_means_nothing_is_refused(open_brain: OpenBrain, policy: GrowthPolicy) -> None:
    with pytest.raises(InvalidInput):
        open_brain().upkeep.set_growth(policy)


def test_secrets_get_neither_into_the_log_nor_into_the_memory_of_an_error(open_brain: OpenBrain) -> None:
    brain = open_brain()
    key = "AKIAIOSFODNN7EXAMPLE"

    with pytest.raises(RuntimeError), brain.operation(f"use {key}", target=key, context={"password": "hunter2x"}):
        raise RuntimeError(f"key {key} was refused")
    with brain.operation("other") as running:
        running.note(result={"token": key})

    everything = str(brain.operations.list()) + str(brain.retrieve()) + str(brain.retrieve(include_archived=True))
    assert key not in everything
    assert "hunter2x" not in everything


def test_an_error_can_be_captured_without_an_operation(open_brain: OpenBrain) -> None:
    brain = open_brain()

    brain.capture_error(ErrorEvent(type="DiskFull", message="no space left on device", service="billing"))
    brain.flush()

    [hit] = brain.retrieve("space left")
    assert (hit.memory.type, hit.memory.tags) == (MemoryType.ERROR_PATTERN, ("billing",))
