"""Can a memory be corrected, set aside, brought back and promoted, with its history kept?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from brainops.errors import Conflict, NamespaceDenied, NotFound
from brainops.types import Draft, MemoryState, Trust, Verdict
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

NOWHERE = "0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90"


def clock(start: int = 1_000_000_000_000_000) -> Callable[[], int]:
    """Return a clock that goes on by a second each time somebody looks."""
    moment = [start]

    def now() -> int:
        moment[0] += 1_000_000
        return moment[0]

    return now


def test_a_superseded_memory_is_found_no_more_and_its_successor_is(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Restart order", "gateway before database")

    new = brain.supersede(old.id, Draft(title="Restart order", content="database before gateway"))

    assert [hit.memory.id for hit in brain.retrieve("restart order")] == [new.id]
    both = brain.retrieve("restart order", include_superseded=True)
    assert {hit.memory.id for hit in both} == {old.id, new.id}
    assert (brain.get(old.id).superseded_by, brain.get(new.id).supersedes) == (new.id, old.id)


def test_history_names_every_version_oldest_first_with_what_was_done(open_brain: OpenBrain) -> None:
    brain = open_brain(clock=clock())
    first = brain.capture("Limit", "10")
    second = brain.supersede(first.id, Draft(title="Limit", content="20"))
    third = brain.supersede(second.id, Draft(title="Limit", content="30"))

    for memory_id in (first.id, second.id, third.id):
        history = brain.history(memory_id)

        assert [version.id for version in history.versions] == [first.id, second.id, third.id]
        assert [act.act for act in history.acts] == ["supersede", "supersede"]


def test_as_of_answers_what_was_valid_then(open_brain: OpenBrain) -> None:
    tick = clock()
    brain = open_brain(clock=tick)
    before = tick()
    first = brain.capture("Limit", "of connections is ten")
    between = tick()
    second = brain.supersede(first.id, Draft(title="Limit", content="of connections is twenty"))
    after = tick()

    assert brain.retrieve("connections", as_of=before) == []
    assert [hit.memory.id for hit in brain.retrieve("connections", as_of=between)] == [first.id]
    assert [hit.memory.id for hit in brain.retrieve("connections", as_of=after)] == [second.id]


def test_as_of_still_finds_what_was_forgotten_later(open_brain: OpenBrain) -> None:
    tick = clock()
    brain = open_brain(clock=tick)
    memory = brain.capture("Limit of connections")
    between = tick()
    brain.forget(memory.id)

    assert [hit.memory.id for hit in brain.retrieve("connections", as_of=between)] == [memory.id]
    assert brain.retrieve("connections", as_of=tick()) == []


def test_a_memory_counts_only_while_it_is_valid(open_brain: OpenBrain) -> None:
    tick = clock()
    brain = open_brain(clock=tick)
    now = tick()
    brain.capture("freeze that is over", valid_from=now - 2_000_000, valid_to=now + 3_000_000)
    brain.capture("freeze to come", valid_from=now + 3_600_000_000)
    holds = brain.capture("freeze that holds", valid_from=now - 2_000_000, valid_to=now + 3_600_000_000)
    while tick() < now + 3_000_000:
        pass

    assert [hit.memory.id for hit in brain.retrieve("freeze")] == [holds.id]
    assert [hit.memory.id for hit in brain.retrieve("")] == [holds.id]


def test_only_a_current_memory_is_superseded(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Limit", "10")
    brain.supersede(old.id, Draft(title="Limit", content="20"))
    archived = brain.capture("Archived")
    brain.archive(archived.id)

    for memory_id in (old.id, archived.id):
        with pytest.raises(Conflict):
            brain.supersede(memory_id, Draft(title="Limit", content="30"))
    with pytest.raises(NotFound):
        brain.supersede(NOWHERE, Draft(title="Limit", content="30"))


def test_superseding_by_the_same_text_is_refused_and_changes_nothing(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Limit", "10")

    with pytest.raises(Conflict):
        brain.supersede(memory.id, Draft(title="Limit", content="10"))

    assert brain.get(memory.id).superseded_by is None


def test_a_memory_may_be_superseded_by_one_that_stands_there_already(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old, better = brain.capture("Limit", "10"), brain.capture("Limit", "20")

    captured = brain.supersede(old.id, Draft(title="Limit", content="20"))

    assert (captured.id, captured.repeated) == (better.id, True)
    assert brain.get(old.id).superseded_by == better.id
    assert [version.id for version in brain.history(old.id).versions] == [old.id, better.id]


def test_the_old_text_captured_again_after_a_correction_is_a_memory_of_its_own(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Limit", "10")
    brain.supersede(old.id, Draft(title="Limit", content="20"))

    again = brain.capture("Limit", "10")

    assert again.id != old.id
    assert not again.repeated


@pytest.mark.parametrize("act", ["archive", "forget"])
def test_what_was_set_aside_is_not_found_until_it_is_restored(open_brain: OpenBrain, act: str) -> None:
    brain = open_brain()
    memory = brain.capture("Old gateway notes", tags=["gateway"])

    getattr(brain, act)(memory.id, reason="moved")

    assert brain.retrieve("gateway") == brain.retrieve("") == brain.retrieve(tags=["gateway"]) == []
    assert brain.restore(memory.id).state is MemoryState.ACTIVE
    assert [hit.memory.id for hit in brain.retrieve("gateway")] == [memory.id]
    assert [entry.act for entry in brain.history(memory.id).acts] == [
        {"archive": "archived", "forget": "forgotten"}[act],
        "restore",
    ]


def test_archived_memories_are_found_on_request_and_forgotten_ones_are_not(open_brain: OpenBrain) -> None:
    brain = open_brain()
    archived, forgotten = brain.capture("gateway one"), brain.capture("gateway two")
    brain.archive(archived.id)
    brain.forget(forgotten.id)

    for query in ("gateway", ""):
        assert [hit.memory.id for hit in brain.retrieve(query, include_archived=True)] == [archived.id]


def test_setting_aside_twice_is_a_conflict(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway")
    brain.archive(memory.id)

    with pytest.raises(Conflict):
        brain.archive(memory.id)
    with pytest.raises(NotFound):
        brain.forget(NOWHERE)


def test_a_memory_whose_text_was_captured_again_is_not_restored_beside_it(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("gateway")
    brain.archive(old.id)
    brain.capture("gateway")

    with pytest.raises(Conflict):
        brain.restore(old.id)


def test_a_superseded_memory_is_archived_and_restored_as_history(open_brain: OpenBrain) -> None:
    brain = open_brain()
    old = brain.capture("Limit", "10")
    brain.supersede(old.id, Draft(title="Limit", content="20"))
    brain.capture("Limit", "10")

    brain.archive(old.id)

    assert brain.restore(old.id).state is MemoryState.ACTIVE


@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_acts_at_once_and_can_be_taken_back(open_brain: OpenBrain, verdict: Verdict) -> None:
    brain = open_brain()
    memory = brain.capture("gateway restarts alone")

    given = brain.feedback(memory.id, verdict, note="seen on monday")

    changed = brain.get(memory.id)
    assert changed.feedback == {"helpful": 1.0, "wrong": -1.0, "outdated": -0.5}[verdict.value]
    assert bool(brain.retrieve("gateway")) is (verdict is not Verdict.OUTDATED)
    assert brain.history(memory.id).verdicts == (given,)

    undone = brain.undo_feedback(given.id)

    assert undone.undone_at is not None
    assert brain.get(memory.id).feedback == 0.0
    assert [hit.memory.id for hit in brain.retrieve("gateway")] == [memory.id]
    with pytest.raises(Conflict):
        brain.undo_feedback(given.id)


def test_a_verdict_that_is_taken_back_takes_back_only_what_it_did(open_brain: OpenBrain) -> None:
    brain = open_brain()
    ended = brain.capture("the old gateway", valid_from=1, valid_to=2).id
    marked = brain.capture("the new gateway").id
    brain.flag(marked, "ask ann")
    brain.feedback(ended, "wrong")

    brain.undo_feedback(brain.feedback(ended, "wrong").id)
    brain.undo_feedback(brain.feedback(marked, "outdated").id)

    with inside(brain).store.read() as tx:
        rows = [tx.memories.row(each) for each in (ended, marked)]
    assert [(row["valid_to"], row["flag"]) for row in rows] == [(2, "called wrong"), (None, "ask ann")]
    brain.undo_feedback(brain.feedback(ended, "outdated").id)
    assert brain.get(ended).valid_to == 2


def test_a_verdict_with_the_right_answer_supersedes(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("Limit", "ten", tags=["pool"], type="decision_record", trust="verified")

    given = brain.feedback(memory.id, "wrong", correction="twenty")

    [hit] = brain.retrieve("limit")
    assert hit.memory.id == given.correction_id
    assert (hit.memory.content, hit.memory.tags, hit.memory.supersedes) == ("twenty", ("pool",), memory.id)


def test_a_verdict_on_what_is_not_there_is_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(NotFound):
        brain.feedback(NOWHERE, "wrong")
    with pytest.raises(NotFound):
        brain.undo_feedback(NOWHERE)


def test_what_is_only_read_is_not_changed(open_brain: OpenBrain) -> None:
    shared, brain = open_brain(namespace="team/shared", read=[]), open_brain()
    memory = shared.capture("shared gateway note")
    before = brain.get(memory.id)

    for change in (
        lambda: brain.archive(memory.id),
        lambda: brain.forget(memory.id),
        lambda: brain.purge(memory.id, reason="x"),
        lambda: brain.feedback(memory.id, "wrong"),
        lambda: brain.flag(memory.id, "x"),
        lambda: brain.move_source(memory.id, "x"),
        lambda: brain.supersede(memory.id, Draft(title="x")),
    ):
        with pytest.raises(NotFound):
            change()

    assert brain.get(memory.id) == before


def test_a_promoted_memory_is_a_copy_that_says_where_it_came_from(open_brain: OpenBrain) -> None:
    brain, shared = open_brain(), open_brain(namespace="team/shared", read=[])
    memory = brain.capture("gateway note", {"a": 1}, tags=["gateway"], trust="external")

    promoted = brain.promote(memory.id, "team/shared", reason="useful to all")

    copy = shared.get(promoted.id)
    assert (copy.namespace, copy.content, copy.tags, copy.trust) == (
        "team/shared",
        {"a": 1},
        ("gateway",),
        Trust.EXTERNAL,
    )
    assert copy.metadata["promoted_from"] == {"id": memory.id, "namespace": "team/a"}
    assert brain.get(memory.id).state is MemoryState.ACTIVE
    assert [entry.act for entry in shared.history(promoted.id).acts] == ["promote"]


def test_a_promotion_is_written_in_the_trail_of_both_sides(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway note")

    brain.promote(memory.id, "team/shared")

    assert "promote" in [entry.act for entry in brain.history(memory.id).acts]


def test_only_a_current_memory_of_another_namespace_is_promoted(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway note")
    with pytest.raises(Conflict):
        brain.promote(memory.id, "team/a")

    brain.forget(memory.id)

    with pytest.raises(Conflict):
        brain.promote(memory.id, "team/shared")
    with pytest.raises(NotFound):
        brain.promote(NOWHERE, "team/shared")


def test_flags_are_set_and_cleared_without_changing_the_memory(open_brain: OpenBrain) -> None:
    brain = open_brain()
    memory = brain.capture("gateway note")

    brain.flag(memory.id, "check with the network team")
    brain.flag(memory.id, None)

    assert [entry.act for entry in brain.history(memory.id).acts] == ["flag", "unflag"]
    assert [hit.memory.id for hit in brain.retrieve("gateway")] == [memory.id]


def test_a_namespace_that_is_not_read_is_denied(open_brain: OpenBrain) -> None:
    with pytest.raises(NamespaceDenied):
        open_brain().match("any error", namespaces=["team/z"])
