"""Is what moves into archive segments still there: verified, searchable, restorable, and purged when it must be?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, NotFound
from brainops.memory.transfer import retention, segments
from brainops.store import acts
from brainops.types import Draft, Filter, Operation, Succeeded
from tests.conformance.conftest import OpenBrain
from tests.inside import inside


def exported(brain: Brain, path: Any) -> list[str]:
    """Return everything stored but the trail and the segments, in an order that internal keys have no part in."""
    brain.upkeep.export_to(path)
    lines = path.read_text(encoding="utf-8").splitlines()[1:-1]
    return sorted(line for line in lines if '"kind": "audit"' not in line and '"kind": "segment"' not in line)


def old_operations(brain: Brain, count: int) -> None:
    for number in range(count):
        with brain.operation("poll", target=f"t{number % 3}", consult="never", record="async") as running:
            running.note(result=number)
    brain.flush()


def segment_ids(brain: Brain) -> list[str]:
    with inside(brain).store.read() as tx:
        return [row["id"] for row in tx.operations.segments()]


def archived(brain: Brain, **conditions: Any) -> list[Operation]:
    with inside(brain).store.read() as tx:
        return segments.archived_operations(tx, **conditions)


def test_old_operations_move_into_segments_and_come_back_unchanged(open_brain: OpenBrain, tmp_path: Any) -> None:
    brain = open_brain()
    old_operations(brain, 20)
    begun = brain.begin("still running", consult="never")
    before = exported(brain, tmp_path / "before.jsonl")

    compacted = brain.upkeep.compact(older_than_days=0)

    assert (compacted.operations, compacted.memories, compacted.segments) == (20, 0, 1)
    assert 0 < compacted.bytes_after < compacted.bytes_before
    assert [operation.id for operation in brain.operations.list()] == [begun.id]
    [segment] = segment_ids(brain)
    restored = retention.restore_segment(inside(brain).context, segment)
    assert (restored.operations, restored.standing) == (20, 0)
    assert exported(brain, tmp_path / "after.jsonl") == before
    assert segment_ids(brain) == []


def test_archived_memories_move_into_segments_with_their_occurrences_and_links(
    open_brain: OpenBrain, tmp_path: Any
) -> None:
    brain = open_brain()
    first = brain.capture("Limit", "10", tags=["pool"])
    brain.capture("Limit", "10", metadata={"host": "db-1"})
    second = brain.supersede(first.id, Draft(title="Limit", content="20"))
    brain.feedback(second.id, "helpful")
    stays = brain.capture("stays")
    for memory in (first, second):
        brain.archive(memory.id)
    before = exported(brain, tmp_path / "before.jsonl")

    compacted = brain.upkeep.compact(older_than_days=0)

    assert (compacted.memories, compacted.operations) == (2, 0)
    assert [hit.memory.id for hit in brain.retrieve()] == [stays.id]
    with pytest.raises((NotFound, Conflict)):
        brain.restore(first.id)
    [segment] = segment_ids(brain)
    assert retention.restore_segment(inside(brain).context, segment).memories == 2
    assert exported(brain, tmp_path / "after.jsonl") == before
    assert brain.retrieve("limit", include_archived=True, include_superseded=True)


def test_moving_a_successor_does_not_bring_back_what_it_replaced(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first = brain.capture("Limit", "10")
    second = brain.supersede(first.id, Draft(title="Limit", content="20"))
    brain.archive(second.id)

    brain.upkeep.compact(older_than_days=0)

    assert brain.get(first.id).superseded_by == second.id
    assert brain.retrieve("limit") == []


def test_what_is_young_current_or_unfinished_stays(open_brain: OpenBrain) -> None:
    day = 86_400_000_000
    now = [100 * day]
    brain = open_brain(clock=lambda: now[0])
    brain.capture("current since long")
    old = brain.capture("archived long ago")
    brain.archive(old.id)
    with brain.operation("old", consult="never"):
        pass
    brain.begin("old but open", consult="never")
    now[0] += 10 * day
    young = brain.capture("archived today")
    brain.archive(young.id)
    with brain.operation("young", consult="never"):
        pass

    compacted = brain.upkeep.compact(older_than_days=5)

    assert (compacted.memories, compacted.operations) == (1, 1)
    assert {operation.start.name for operation in brain.operations.list()} == {"old but open", "young"}
    assert brain.get(young.id)


def test_a_dry_run_says_the_same_and_moves_nothing(open_brain: OpenBrain, tmp_path: Any) -> None:
    brain = open_brain()
    old_operations(brain, 10)
    before = exported(brain, tmp_path / "before.jsonl")

    foreseen = brain.upkeep.compact(older_than_days=0, dry_run=True)

    assert exported(brain, tmp_path / "after.jsonl") == before
    assert segment_ids(brain) == []
    assert foreseen == brain.upkeep.compact(older_than_days=0)


def test_a_segment_has_a_limit_and_what_is_left_goes_into_the_next(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain = open_brain()
    old_operations(brain, 25)
    monkeypatch.setattr(retention, "SEGMENT_ROWS", 10)

    compacted = brain.upkeep.compact(older_than_days=0)

    assert (compacted.operations, compacted.segments) == (25, 3)
    assert len(archived(brain, limit=100)) == 25


class Stopped(Exception):
    """Somebody pulled the plug."""


def test_a_stop_between_two_segments_loses_nothing(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = open_brain()
    old_operations(brain, 25)
    monkeypatch.setattr(retention, "SEGMENT_ROWS", 10)
    verified: list[int] = []

    def stop(row: Any) -> Any:
        verified.append(1)
        if len(verified) == 2:
            raise Stopped
        return segments.unpack(row)

    with monkeypatch.context() as patch:
        patch.setattr(retention, "unpack", stop)
        with pytest.raises(Stopped):
            brain.upkeep.compact(older_than_days=0)

    assert len(brain.operations.list(limit=100)) + len(archived(brain, limit=100)) == 25
    assert brain.upkeep.compact(older_than_days=0).operations == 15


def test_rows_stay_when_a_segment_does_not_read_back(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = open_brain()
    old_operations(brain, 5)
    monkeypatch.setattr(retention, "unpack", lambda row: [])

    with pytest.raises(ArchiveDamaged):
        brain.upkeep.compact(older_than_days=0)

    assert len(brain.operations.list()) == 5
    assert segment_ids(brain) == []


def test_a_damaged_segment_is_noticed_and_not_restored(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old_operations(brain, 5)
    brain.upkeep.compact(older_than_days=0)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [listed] = tx.operations.segments()
        row = tx.operations.segment(listed["id"])
        assert row is not None
        data = bytearray(row["data"])
        data[len(data) // 2] ^= 1
        tx.operations.remove_segment(row["id"])
        tx.operations.add_segment({**dict(row), "data": bytes(data)})

    with pytest.raises(ArchiveDamaged):
        retention.restore_segment(inside(brain).context, listed["id"])
    with pytest.raises(ArchiveDamaged):
        archived(brain)

    assert segment_ids(brain) == [listed["id"]]


def test_a_segment_that_is_not_there_is_not_restored(open_brain: OpenBrain) -> None:
    with pytest.raises(NotFound):
        retention.restore_segment(inside(open_brain()).context, "no such segment")


def test_archived_operations_are_listed_under_the_same_conditions(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old_operations(brain, 9)
    with pytest.raises(RuntimeError), brain.operation("deploy", consult="never"):
        raise RuntimeError("broke")
    expected = {
        name: [operation.id for operation in brain.operations.list(**conditions)]
        for name, conditions in LISTINGS.items()
    }

    brain.upkeep.compact(older_than_days=0)

    for name, conditions in LISTINGS.items():
        assert [operation.id for operation in archived(brain, **conditions)] == expected[name]
    assert all(isinstance(each.outcome, Succeeded) for each in archived(brain, outcome="succeeded"))


LISTINGS: dict[str, dict[str, Any]] = {
    "all": {},
    "name": {"name": "poll"},
    "target": {"target": "t1"},
    "failed": {"outcome": "failed"},
    "since": {"since": 4_000_000_000_000_000},
    "limit": {"limit": 4},
}


def test_archived_memories_are_searched_by_words_under_a_filter(open_brain: OpenBrain) -> None:
    brain = open_brain()
    both = brain.capture("Gateway certificates", "expired on the gateway", tags=["tls"])
    one = brain.capture("Gateway notes", "nothing of it", type="decision_record")
    for memory in (both, one):
        brain.archive(memory.id)
    brain.upkeep.compact(older_than_days=0)

    def found(query: str, limit: int = 10, **conditions: Any) -> list[str]:
        hits = segments.search_segments(inside(brain).context, query, limit, Filter(**conditions))
        return [hit.memory.id for hit in hits]

    assert found("certificate of the gateway") == [both.id, one.id]
    assert found("certificate of the gateway", limit=1) == [both.id]
    assert found("gateways", tags=("tls",)) == [both.id]
    assert found("zebra") == []
    assert set(found("")) == {both.id, one.id}
    assert found("gateway", until=1) == []


def test_a_purge_reaches_into_segments(open_brain: OpenBrain) -> None:
    brain = open_brain()
    kept = brain.capture("gateway keeps")
    purged = brain.capture("gateway zanzibarquux", subject="alice")
    brain.capture("gateway zanzibarquux", metadata={"again": "zanzibarquux"})
    after = brain.supersede(purged.id, Draft(title="gateway later"))
    with pytest.raises(RuntimeError), brain.operation("deploy", context={"a": "zanzibarquux"}, consult="never"):
        raise RuntimeError("zanzibarquux broke")
    error = brain.retrieve("broke")[0].memory
    for memory_id in (kept.id, purged.id, after.id):
        brain.archive(memory_id)
    brain.upkeep.compact(older_than_days=0)

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert segments.archived_ids_about(tx, "alice") == [purged.id]
        found = segments.purge_from_segments(tx, [purged.id, error.id])

    assert found == [purged.id]
    with inside(brain).store.read() as tx:
        for _, lines in segments.opened(tx):
            assert "zanzibarquux" not in str(lines)
            assert purged.id not in str(lines)
        assert segments.archived_memory(tx, kept.id) is not None
        assert segments.archived_memory(tx, purged.id) is None
    assert [operation.error_memory_id for operation in archived(brain)] == [None]


def test_a_segment_goes_when_its_last_row_is_purged(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway")
    brain.archive(memory.id)
    brain.upkeep.compact(older_than_days=0)

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        segments.purge_from_segments(tx, [memory.id])

    assert segment_ids(brain) == []


def test_a_reused_idempotency_key_does_not_keep_a_memory_from_coming_back(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("gateway", idempotency_key="k")
    brain.archive(old.id)
    brain.upkeep.compact(older_than_days=0)
    again = brain.capture("gateway again", idempotency_key="k")

    retention.restore_segment(inside(brain).context, segment_ids(brain)[0])

    assert again.id != old.id
    assert brain.get(old.id).title == "gateway"


def test_each_act_of_retention_is_in_the_trail(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old_operations(brain, 3)
    brain.upkeep.compact(older_than_days=0)
    retention.restore_segment(inside(brain).context, segment_ids(brain)[0])

    with inside(brain).store.read() as tx:
        assert [line["act"] for line in tx.trail.page("team/a", 0)] == ["compact", "restore-segment"]


@pytest.mark.parametrize("days", [-1, 1e9, "5", True, float("nan")])
def test_an_age_that_means_nothing_is_refused(open_brain: OpenBrain, days: Any) -> None:
    with pytest.raises(InvalidInput):
        open_brain().upkeep.compact(older_than_days=days)


def test_archived_memories_in_segments_are_found_on_request_beside_the_others(open_brain: OpenBrain) -> None:
    brain = open_brain()
    moved, stays = brain.capture("gateway certificates expired", tags=["tls"]), brain.capture("gateway", tags=["tls"])
    brain.archive(moved.id)
    brain.upkeep.compact(older_than_days=0)

    assert [hit.memory.id for hit in brain.retrieve("gateway certificates")] == [stays.id]
    asked = brain.retrieve("gateway certificates", include_archived=True)
    assert {hit.memory.id for hit in asked} == {moved.id, stays.id}
    assert {hit.memory.id for hit in brain.retrieve(tags=["tls"], include_archived=True)} == {moved.id, stays.id}
    assert len(brain.retrieve("gateway", include_archived=True, limit=1)) == 1


def test_archived_operations_are_listed_on_request_and_come_back(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old_operations(brain, 5)
    ids = [operation.id for operation in brain.operations.list()]
    brain.upkeep.compact(older_than_days=0)
    young = brain.begin("young", consult="never")

    assert [operation.id for operation in brain.operations.list(include_archived=True)] == [young.id, *ids]
    assert [operation.id for operation in brain.operations.list(include_archived=True, limit=2)] == [young.id, ids[0]]
    assert [operation.id for operation in brain.operations.list()] == [young.id]
    assert brain.upkeep.restore_segment(segment_ids(brain)[0]).operations == 5
    assert [operation.id for operation in brain.operations.list()] == [young.id, *ids]


def test_a_memory_in_a_segment_is_purged_by_id_and_by_subject(open_brain: OpenBrain) -> None:
    brain, other = open_brain(), open_brain(namespace="team/shared", read=[])
    one, two = brain.capture("gateway one"), brain.capture("gateway two", subject="alice")
    three = brain.capture("gateway three", subject="alice")
    foreign = other.capture("gateway foreign", subject="alice")
    for each, memory in ((brain, one), (brain, two), (other, foreign)):
        each.archive(memory.id)
        each.upkeep.compact(older_than_days=0)

    assert brain.purge(one.id, reason="asked to").memory_ids == (one.id,)
    assert set(brain.purge_subject("alice", reason="asked to").memory_ids) == {two.id, three.id}

    assert [hit.memory.id for hit in brain.retrieve("gateway", include_archived=True)] == [foreign.id]
    with pytest.raises(NotFound):
        brain.purge(foreign.id, reason="not mine")
    with pytest.raises(NotFound):
        brain.purge_subject("alice", reason="again")
