"""Can indexes, vectors and redaction be brought up to date over a living store, and taken up again after a stop?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import EmbedderUnavailable
from brainops.memory import reindex
from brainops.memory.capture import store
from brainops.memory.context import MemoryContext
from brainops.memory.draft import prepare
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.transfer import retention
from brainops.store import acts
from brainops.types import Draft, Source
from tests.conformance.conftest import OpenBrain
from tests.conformance.letters import Letters, with_model
from tests.conformance.test_purge import stored_bytes
from tests.inside import capture_under, inside

KEY = "AKIAIOSFODNN7EXAMPLE"
OLD_RULES = RedactionPolicy(secrets=False, private=False)


class Stopped(Exception):
    """Somebody pulled the plug."""


def under_old_rules(brain: Brain) -> Brain:
    """Let a Brain capture as a program did that did not know today's secrets."""
    today = inside(brain).context
    old = MemoryContext(store=today.store, redaction=OLD_RULES, meaning=today.meaning, actor=today.actor)
    capture_under(brain, old)
    return brain


def found(brain: Brain, query: str, **conditions: Any) -> list[str]:
    return [hit.memory.title for hit in brain.retrieve(query, **conditions)]


def test_reindexing_repairs_an_index_that_lost_its_words(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture_many(brain.draft(f"gateway {number}", tags=[f"t{number}"]) for number in range(250))
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for row in list(tx.memories.page(0))[:200]:
            tx.index.remove(tx.session, row["key"])
    assert found(brain, "gateway", tags=["t3"]) == []
    seen: list[int] = []

    done = brain.upkeep.reindex(progress=lambda done, total: seen.append(done))

    assert done == 250
    assert seen == [100, 200, 250]
    assert found(brain, "gateway", tags=["t3"]) == ["gateway 3"]
    assert len(found(brain, "gateway", limit=300)) == 250
    assert inside(brain).store.upkeep.check() == []


def test_readers_get_answers_while_an_index_is_written_anew(open_brain: OpenBrain) -> None:
    brain, reader = open_brain(), open_brain()
    brain.capture_many(brain.draft(f"gateway {number}") for number in range(250))
    counts: list[int] = []

    brain.upkeep.reindex(progress=lambda done, total: counts.append(len(reader.retrieve("gateway", limit=300))))

    assert counts == [250] * 3


def test_reindexing_that_was_stopped_leaves_a_whole_index(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture_many(brain.draft(f"gateway {number}") for number in range(250))

    def stop(done: int, total: int | None) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        brain.upkeep.reindex(progress=stop)

    assert len(found(brain, "gateway", limit=300)) == 250
    assert brain.upkeep.reindex() == 250
    assert inside(brain).store.upkeep.check() == []


def test_reindexing_keeps_namespaces_apart(open_brain: OpenBrain) -> None:
    brain, other = open_brain(), open_brain(namespace="team/b", read=[])
    shared = open_brain(namespace="team/shared", read=[])
    for each in (brain, other, shared):
        each.capture("gateway", each.settings.namespace)

    brain.upkeep.reindex()

    assert {hit.memory.namespace for hit in brain.retrieve("gateway")} == {"team/a", "team/shared"}
    assert [hit.memory.namespace for hit in other.retrieve("gateway")] == ["team/b"]


def vectors(brain: Brain, model_id: str) -> int:
    with inside(brain).store.read() as tx:
        return len(tx.session.all("vector_since", model_id=model_id, after=0, limit=10_000))


def test_reembedding_gives_every_memory_a_vector_of_the_present_model_and_drops_the_old(open_brain: OpenBrain) -> None:
    brain = with_model(open_brain(), Letters("letters-1"))
    brain.capture_many(brain.draft(f"gateway {number}") for number in range(150))
    assert brain.upkeep.embed_pending() == 150
    with_model(brain, Letters("letters-2"))

    done = brain.upkeep.reembed()

    assert done == 150
    assert (vectors(brain, "letters-1"), vectors(brain, "letters-2")) == (0, 150)
    assert brain.upkeep.reembed() == 0
    with inside(brain).store.read() as tx:
        assert tx.setting(reindex.EMBEDDING_MODEL) == "letters-2"
    assert len(found(brain, "gateway 7", limit=200)) == 150


def test_reembedding_that_was_stopped_goes_on_where_it_was(open_brain: OpenBrain) -> None:
    brain = with_model(open_brain(), Letters("letters-1"))
    brain.capture_many(brain.draft(f"gateway {number}") for number in range(150))
    brain.upkeep.embed_pending()
    model = Letters("letters-2")
    with_model(brain, model)

    def stop(done: int, total: int | None) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        brain.upkeep.reembed(progress=stop)
    already = model.embedded
    assert vectors(brain, "letters-1") == 150
    assert len(found(brain, "gateway", limit=200)) == 150

    rest = brain.upkeep.reembed()

    assert already + rest == 150
    assert (vectors(brain, "letters-1"), vectors(brain, "letters-2")) == (0, 150)


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)  # SQLite's writers never overlap
def test_a_memory_whose_commit_arrives_late_still_gets_its_vector(open_brain: OpenBrain) -> None:
    brain = with_model(open_brain(), Letters("letters-1"))
    slow = open_brain(namespace="team/shared", read=[])
    draft = Draft(title="gateway late")
    with inside(slow).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        late = store(tx, prepare(draft, inside(slow).context.redaction), draft.source, inside(slow).context, None)
        [early] = brain.capture_many([Draft(title="gateway early")])
        assert brain.upkeep.embed_pending() == 1

    assert brain.upkeep.embed_pending() == 1

    assert {hit.memory.id for hit in brain.retrieve("gateway")} == {late.id, early.id}
    assert vectors(brain, "letters-1") == 2


def test_reembedding_without_a_model_is_a_clear_error(open_brain: OpenBrain) -> None:
    with pytest.raises(EmbedderUnavailable):
        open_brain().upkeep.reembed()


def leak(brain: Brain) -> list[str]:
    """Leave a secret in every place that a program of old rules would have left it in; return the memories' ids."""
    under_old_rules(brain)
    ids = [
        brain.capture(f"title {KEY}", "text").id,
        brain.capture("in text", f"key is {KEY}").id,
        brain.capture("in json", {"deep": [{"note": KEY}], "password": "hunter2hunter2"}).id,
        brain.capture("in a tag", tags=["fine", KEY]).id,
        brain.capture("in metadata", metadata={"a": KEY}).id,
        brain.capture("in its source", source=Source(uri=f"https://x:{KEY}@example.com/")).id,
    ]
    clean = brain.capture("seen again", "text")
    brain.capture("seen again", "text", metadata={"where": KEY}, source=Source(uri=f"https://x:{KEY}@example.com/"))
    brain.feedback(clean.id, "helpful", note=f"with {KEY}")
    running = brain.begin(f"use {KEY}", target=KEY, context={"k": KEY})
    running.note(result=KEY)
    running.fail(RuntimeError(f"{KEY} was refused"))
    brain.operations.contradict(brain.operations.list()[0].id, f"it was {KEY}")
    put_aside = brain.capture("put aside", f"long ago: {KEY}")
    brain.archive(put_aside.id)
    with brain.operation("old one", context={"k": KEY}, consult="never"):
        pass
    return [*ids, clean.id, put_aside.id]


def test_a_rescan_takes_todays_secrets_out_of_everything(open_brain: OpenBrain, store_url: str) -> None:
    brain = open_brain()
    ids = leak(brain)
    brain.upkeep.compact(older_than_days=0)
    assert KEY.encode() in stored_bytes(store_url)
    today = open_brain()
    today.capture("clean one")

    rescanned = today.upkeep.redact_rescan()

    counts = {finding.kind: finding.count for finding in rescanned.findings}
    assert counts["aws-access-key"] >= 14
    assert counts["password"] >= 1
    assert set(ids) <= set(rescanned.ids)
    assert KEY not in str([today.get(memory_id) for memory_id in ids[:-1]])
    assert KEY not in str(today.operations.list())
    assert today.retrieve(KEY) == today.retrieve(tags=[KEY]) == []
    remaining = stored_bytes(store_url)
    restore_segments(today)
    assert KEY not in str(today.operations.list()) + str(today.retrieve(include_archived=True))
    assert KEY.encode() not in without_trail(remaining, store_url)
    assert b"hunter2" not in remaining


def restore_segments(brain: Brain) -> None:
    """Bring the segments back, so that what they hold is looked at as rows."""
    with inside(brain).store.read() as tx:
        ids = [row["id"] for row in tx.operations.segments()]
    for segment_id in ids:
        retention.restore_segment(inside(brain).context, segment_id)


def without_trail(data: bytes, store_url: str) -> bytes:
    """Return the bytes without the trail, which is never rewritten: `leak` put the key there under its old rules."""
    kept = f"it was {KEY}".encode()
    return data.replace(kept, b"")


def test_a_rescan_says_counts_in_the_trail_and_never_values(open_brain: OpenBrain) -> None:
    brain = open_brain()
    under_old_rules(brain).capture("a key", f"it is {KEY}")
    today = open_brain()

    today.upkeep.redact_rescan()

    with inside(today).store.read() as tx:
        [line] = tx.trail.page("team/a", 0)
        assert line["act"] == "redact"
        assert "aws-access-key" in line["detail"]
        assert KEY not in line["detail"]
        assert tx.trail.first_break("team/a") is None


def test_a_rescan_in_a_dry_run_finds_the_same_and_changes_nothing(open_brain: OpenBrain, tmp_path: Any) -> None:
    leak(open_brain())
    today = open_brain()
    today.upkeep.export_to(tmp_path / "before.jsonl")

    foreseen = today.upkeep.redact_rescan(dry_run=True)

    today.upkeep.export_to(tmp_path / "after.jsonl")
    before, after = ((tmp_path / name).read_text().splitlines()[1:] for name in ("before.jsonl", "after.jsonl"))
    assert before[:-1] == after[:-1]
    done = today.upkeep.redact_rescan()
    assert (foreseen.changed, foreseen.findings, set(foreseen.ids)) == (done.changed, done.findings, set(done.ids))
    assert today.upkeep.redact_rescan().changed == 0


def test_a_clean_store_comes_through_a_rescan_unchanged(open_brain: OpenBrain, tmp_path: Any) -> None:
    brain = open_brain()
    memory = brain.capture("Deploy api", {"solution": "drain, then deploy"}, metadata={"session_id": "s"})
    with brain.operation("deploy api", target="prod", context={"session": "0197f6a2-3c1e"}, session="s") as running:
        running.follow()
    with pytest.raises(RuntimeError), brain.operation("deploy api", target="prod"):
        raise RuntimeError("the gateway is unreachable")
    brain.feedback(memory.id, "helpful", note="thanks")
    brain.upkeep.export_to(tmp_path / "before.jsonl")

    rescanned = brain.upkeep.redact_rescan()

    brain.upkeep.export_to(tmp_path / "after.jsonl")
    before, after = ((tmp_path / name).read_text().splitlines()[1:-1] for name in ("before.jsonl", "after.jsonl"))
    assert before == after
    assert (rescanned.changed, rescanned.findings, rescanned.ids) == (0, (), ())
    assert rescanned.scanned > 5


def test_memories_that_become_the_same_are_kept_with_the_older_one_current(open_brain: OpenBrain) -> None:
    brain = under_old_rules(open_brain())
    first = brain.capture("the key", "is AKIAIOSFODNN7EXAMPLE")
    second = brain.capture("the key", "is AKIAIOSFODNN7EXAMPLF")
    third = brain.capture("the key", "is AKIAIOSFODNN7EXAMPLG")
    today = open_brain()

    today.upkeep.redact_rescan()

    assert [hit.memory.id for hit in today.retrieve("key")] == [first.id]
    assert [today.get(each.id).superseded_by for each in (first, second, third)] == [None, first.id, first.id]
    assert len({today.get(each.id).content for each in (first, second, third)}) == 1
    again = today.capture("the key", "is AKIAIOSFODNN7EXAMPLE")
    assert (again.id, again.repeated) == (first.id, True)


def test_a_memory_that_becomes_the_same_as_a_clean_one_gives_way_to_the_older(open_brain: OpenBrain) -> None:
    today = open_brain()
    clean = today.capture("the key", f"is {KEY}")
    leaked = under_old_rules(open_brain()).capture("the key", f"is {KEY}")

    today.upkeep.redact_rescan()

    assert today.get(leaked.id).superseded_by == clean.id
    assert [hit.memory.id for hit in today.retrieve("key")] == [clean.id]


def test_a_rewritten_memory_waits_for_a_new_vector(open_brain: OpenBrain) -> None:
    model = Letters("letters-1")
    brain = with_model(under_old_rules(open_brain()), model)
    brain.capture("the key", f"is {KEY}")
    brain.upkeep.embed_pending()
    today = with_model(open_brain(), model)

    today.upkeep.redact_rescan()

    assert vectors(today, "letters-1") == 0
    assert today.upkeep.embed_pending() == 1


def test_errors_keep_their_identity_through_a_rescan(open_brain: OpenBrain) -> None:
    brain = under_old_rules(open_brain())

    def fail(each: Brain) -> None:
        with pytest.raises(RuntimeError), each.operation("deploy", consult="never", context={"k": KEY}):
            raise RuntimeError("the gateway is unreachable")

    fail(brain)
    today = open_brain()
    today.upkeep.redact_rescan()
    fail(today)

    [hit] = today.retrieve("gateway")
    assert hit.memory.occurrences == 2


def test_a_memory_that_waits_for_its_vector_is_not_buried_by_those_that_have_one(open_brain: OpenBrain) -> None:
    brain = with_model(open_brain(), Letters("letters-1"))
    brain.capture_many(brain.draft(f"gateway {number}") for number in range(60))
    brain.upkeep.embed_pending()

    [new] = brain.capture_many([brain.draft("gateway certificate expired")])

    assert brain.retrieve("gateway certificate expired")[0].memory.id == new.id
