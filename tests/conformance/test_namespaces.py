"""Is nothing of a namespace that one does not read ever shown, and nothing that one does not write ever changed?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainops.brain import Brain
from brainops.errors import BrainOpsError, InvalidInput, NamespaceDenied
from brainops.memory.transfer import retention, segments
from brainops.store import acts
from brainops.store.operations import GrowthPolicy
from brainops.store.scope import Scope
from brainops.types import Draft, Source
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

TWINS = ("team/run", "team/running", "team/Run", "team", "team/run/a", "team/run-a")
SESSION, SUBJECT, TAG, ERROR = "shared-session", "shared-subject", "shared-tag", "the gateway is unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A namespace with something of every kind in it, all of which holds the marker."""

    namespace: str
    marker: str
    memories: tuple[str, ...]
    operations: tuple[str, ...]
    verdicts: tuple[str, ...]
    segments: tuple[str, ...]


def seen_through(brain: Brain, write: str, read: tuple[str, ...] = ()) -> Brain:
    """Return a Brain on the same store with other namespaces."""
    return Brain(inside(brain).engine, namespace=write, read=read)


def fill(brain: Brain, marker: str) -> Filled:
    """Leave something of every kind: the same words, tags, sessions, subjects, errors and keys, and the marker."""
    same: dict[str, Any] = {
        "tags": [TAG],
        "subject": SUBJECT,
        "source": Source(session_id=SESSION, key="shared/key", uri="x:y"),
    }
    twin = brain.capture("gateway", "the same everywhere", idempotency_key="shared-key", metadata={"m": marker}, **same)
    brain.capture("gateway", "the same everywhere", metadata={"again": marker})
    old = brain.capture(f"gateway old {marker}", **same)
    new = brain.supersede(old.id, Draft(title=f"gateway new {marker}", tags=(TAG,)))
    verdict = brain.feedback(new.id, "helpful", note=marker)
    archived = [brain.capture(f"gateway archived {number} {marker}", **same) for number in range(2)]
    brain.archive(archived[0].id, reason=marker)
    with brain.operation("old deploy", context={"m": marker}, consult="never"):
        pass
    brain.upkeep.compact(older_than_days=0)
    brain.archive(archived[1].id)
    forgotten = brain.capture(f"gateway forgotten {marker}", **same)
    brain.forget(forgotten.id)
    with pytest.raises(RuntimeError), brain.operation("deploy", target="prod", context={"m": marker}, session=SESSION):
        raise RuntimeError(ERROR)
    begun = brain.begin("deploy", target="prod", context={"m": marker}, consult="never")
    brain.upkeep.set_growth(GrowthPolicy(operation_name=f"op-{marker}"))
    with inside(brain).store.read(Scope.of(brain.settings.namespace)) as tx:
        held = tuple(row["id"] for row in tx.operations.segments())
    memories = [each.id for each in (twin, old, new, *archived, forgotten)]
    memories += [hit.memory.id for hit in brain.retrieve(ERROR, namespaces=[brain.settings.namespace], limit=2)]
    return Filled(
        namespace=brain.settings.namespace,
        marker=marker,
        memories=tuple(memories),
        operations=(begun.id, *(each.id for each in brain.operations.list())),
        verdicts=(verdict.id,),
        segments=held,
    )


Act = Callable[[Brain, Filled, Path], Any]


def on_segments(look: Callable[[Any, Filled], Any]) -> Act:
    def act(brain: Brain, other: Filled, path: Path) -> Any:
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            return look(tx, other)

    return act


def resumed(brain: Brain, other: Filled, path: Path) -> Any:
    running = brain.resume(other.operations[0], strict=True)
    if running is None:
        return None
    with suppress(BrainOpsError):
        running.succeed()
    return running.start


def exported(brain: Brain, other: Filled, path: Path) -> str:
    brain.upkeep.export_to(path)
    return path.read_text(encoding="utf-8")


def failed(brain: Brain, other: Filled, path: Path) -> Any:
    with suppress(RuntimeError), brain.operation("deploy", target="prod") as running:
        raise RuntimeError(ERROR)
    return running.guidance


def captured_error(brain: Brain, other: Filled, path: Path) -> bool:
    brain.capture_error(f"RuntimeError: {ERROR}")
    return brain.flush()


def each_of(ids: Callable[[Filled], tuple[str, ...]], act: Callable[[Brain, str], Any]) -> Act:
    """Return an act that is tried on every id of the other namespace."""

    def tried(brain: Brain, other: Filled, path: Path) -> list[Any]:
        shown: list[Any] = []
        for one in ids(other):
            try:
                shown.append(act(brain, one))
            except BrainOpsError as error:
                shown.append(str(error))
        return shown

    return tried


def on_memories(act: Callable[[Brain, str], Any]) -> Act:
    return each_of(lambda other: other.memories, act)


def on_operations(act: Callable[[Brain, str], Any]) -> Act:
    return each_of(lambda other: other.operations, act)


READS: dict[str, Act] = {
    "retrieve": lambda b, o, p: b.retrieve("gateway archived forgotten", limit=100),
    "list": lambda b, o, p: b.retrieve(limit=1_000),
    "everything": lambda b, o, p: b.retrieve("gateway", include_archived=True, include_superseded=True, limit=1_000),
    "as_of": lambda b, o, p: b.retrieve("gateway", as_of=inside(b).store.now(), limit=1_000),
    "by tag": lambda b, o, p: b.retrieve(tags=[TAG], include_superseded=True, limit=1_000),
    "by session": lambda b, o, p: b.retrieve("gateway", session_id=SESSION, limit=1_000),
    "by namespace": lambda b, o, p: b.retrieve("gateway", namespaces=[o.namespace], limit=1_000),
    "by marker": lambda b, o, p: [hit.memory.title for hit in b.retrieve(o.marker, limit=1_000)],
    "match": lambda b, o, p: b.match(f"RuntimeError: {ERROR}", limit=100),
    "get": on_memories(lambda b, one: b.get(one)),
    "history": on_memories(lambda b, one: b.history(one)),
    "by_source": lambda b, o, p: b.by_source("shared"),
    "guidance": lambda b, o, p: b.guidance("deploy", target="prod", context={"error": ERROR}),
    "operations": lambda b, o, p: b.operations.list(limit=1_000),
    "export": exported,
    "status": lambda b, o, p: b.upkeep.status(),
    "audit": lambda b, o, p: b.upkeep.audit(),
    "doctor": lambda b, o, p: b.upkeep.doctor(),
    "segments": lambda b, o, p: segments.search_segments(inside(b).context, "gateway archived", 100),
    "archived memory": on_segments(lambda tx, o: [segments.archived_memory(tx, one) for one in o.memories]),
    "archived operations": on_segments(lambda tx, o: segments.archived_operations(tx, limit=100)),
    "segment": on_segments(
        lambda tx, o: [segments.unpack(row) for row in map(tx.operations.segment, o.segments) if row]
    ),
    "get operation": on_operations(lambda b, one: b.operations.get(one)),
    "receipts": on_segments(lambda tx, o: [dict(row) for row in tx.operations.guidance_page("")]),
    "policies": on_segments(lambda tx, o: [dict(row) for row in tx.operations.policies()]),
    "trail": on_segments(lambda tx, o: [dict(row) for row in tx.trail.page(o.namespace, 0)]),
    "verdicts": on_segments(lambda tx, o: [dict(row) for row in tx.trail.feedback_page("")]),
}
CHANGES: dict[str, Act] = {
    "capture the same": lambda b, o, p: b.capture("gateway", "the same everywhere", tags=["new"], importance=1.0),
    "capture the same key": lambda b, o, p: b.capture("x", idempotency_key="shared-key"),
    "supersede": on_memories(lambda b, one: b.supersede(one, Draft(title=f"replaces {one}"))),
    "archive": on_memories(lambda b, one: b.archive(one)),
    "forget": on_memories(lambda b, one: b.forget(one)),
    "restore": on_memories(lambda b, one: b.restore(one)),
    "feedback": on_memories(lambda b, one: b.feedback(one, "outdated")),
    "correct": on_memories(lambda b, one: b.feedback(one, "wrong", correction="another text")),
    "undo feedback": each_of(lambda o: o.verdicts, lambda b, one: b.undo_feedback(one)),
    "flag": on_memories(lambda b, one: b.flag(one, "look")),
    "move": on_memories(lambda b, one: b.move_source(one, "elsewhere")),
    "promote": on_memories(lambda b, one: b.promote(one, b.settings.namespace)),
    "purge": on_memories(lambda b, one: b.purge(one, reason="x")),
    "purge subject": lambda b, o, p: b.purge_subject(SUBJECT, reason="x"),
    "purge segments": on_segments(lambda tx, o: segments.purge_from_segments(tx, o.memories)),
    "operation": failed,
    "resume": resumed,
    "contradict": on_operations(lambda b, one: b.operations.contradict(one, "x")),
    "verify": on_operations(lambda b, one: b.operations.verify(one)),
    "capture error": captured_error,
    "reindex": lambda b, o, p: b.upkeep.reindex(),
    "rescan": lambda b, o, p: b.upkeep.redact_rescan(),
    "compact": lambda b, o, p: b.upkeep.compact(older_than_days=0),
    "restore segment": each_of(lambda o: o.segments, lambda b, one: retention.restore_segment(inside(b).context, one)),
    "growth": lambda b, o, p: b.upkeep.set_growth(GrowthPolicy(mode="counted")),
    "import": lambda b, o, p: (exported(b, o, p), b.upkeep.import_from(p)),
}
ACTS = {**READS, **CHANGES}

_examples = count(1)


def content_of(brain: Brain, namespace: str, path: Path) -> list[str]:
    """Return everything that a namespace holds."""
    seen_through(brain, namespace).upkeep.export_to(path, force=True)
    return path.read_text(encoding="utf-8").splitlines()[1:-1]


def test_no_act_shows_what_is_not_read_or_changes_what_is_not_written(open_brain: OpenBrain, tmp_path: Path) -> None:
    base = open_brain()

    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    @given(chain=st.permutations(range(len(TWINS))), reads=st.integers(1, 3), acts=st.permutations(list(ACTS)))
    def holds(chain: list[int], reads: int, acts: list[str]) -> None:
        prefix = f"p{next(_examples)}"
        there = [
            fill(seen_through(base, f"{prefix}/{twin}"), f"marker{prefix}x{chr(97 + number) * 6}")
            for number, twin in enumerate(TWINS)
        ]
        readable, hidden = [there[number] for number in chain[:reads]], [there[number] for number in chain[reads:]]
        mine = readable[0].namespace
        brain = seen_through(base, mine, tuple(each.namespace for each in readable))
        before = {each.namespace: content_of(base, each.namespace, tmp_path / "before") for each in there}

        for name in acts[:12]:
            for other in (hidden[0], readable[-1]):
                shown = shown_by(brain, name, other, tmp_path / "export.jsonl")
                assert not [each.marker for each in hidden if each.marker in shown], name

        for each in there:
            if each.namespace != mine:
                assert content_of(base, each.namespace, tmp_path / "after") == before[each.namespace]

    holds()


def shown_by(brain: Brain, name: str, other: Filled, path: Path) -> str:
    """Return all that an act returns or says when it is refused, without what the caller handed in himself."""
    try:
        return repr(ACTS[name](brain, other, path))
    except (BrainOpsError, RuntimeError) as error:
        return str(error)


@pytest.mark.parametrize("name", ACTS)
def test_each_act_stays_within_its_namespaces(open_brain: OpenBrain, tmp_path: Path, name: str) -> None:
    base = open_brain()
    mine, shared, hidden = (
        fill(seen_through(base, namespace), marker)
        for namespace, marker in (("team/run", "markeraaa"), ("team", "markerbbb"), ("team/running", "markerccc"))
    )
    brain = seen_through(base, mine.namespace, (shared.namespace,))
    before = [content_of(base, each.namespace, tmp_path / "before") for each in (shared, hidden)]

    shown = "".join(shown_by(brain, name, other, tmp_path / "export.jsonl") for other in (hidden, shared, mine))

    assert "markerccc" not in shown
    assert [content_of(base, each.namespace, tmp_path / "after") for each in (shared, hidden)] == before


SHOWN_OF_BOTH = ("retrieve", "list", "everything", "as_of", "by session", "match", "operations", "export", "segments")


@pytest.mark.parametrize("name", SHOWN_OF_BOTH)
def test_what_is_readable_is_shown(open_brain: OpenBrain, tmp_path: Path, name: str) -> None:
    base = open_brain()
    mine = fill(seen_through(base, "team/run"), "markeraaa")
    shared = fill(seen_through(base, "team"), "markerbbb")
    brain = seen_through(base, mine.namespace, (shared.namespace,))

    shown = shown_by(brain, name, shared, tmp_path / "export.jsonl")

    assert "markeraaa" in shown
    assert "markerbbb" in shown


def test_the_written_namespace_is_always_read(open_brain: OpenBrain) -> None:
    brain = open_brain(namespace="team/b", read=["team/a"])
    memory = brain.capture("gateway")

    assert [hit.memory.id for hit in brain.retrieve("gateway")] == [memory.id]


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a b", "a\0", "ü", "x" * 201, "a/.b", "a\n"])
def test_a_malformed_namespace_is_refused_everywhere(open_brain: OpenBrain, path: str) -> None:
    brain = open_brain()
    memory = brain.capture("gateway")

    with pytest.raises(InvalidInput):
        open_brain(read=[path])
    with pytest.raises(InvalidInput):
        brain.promote(memory.id, path)
    with pytest.raises(NamespaceDenied):
        brain.retrieve("gateway", namespaces=[path])


def test_too_many_namespaces_are_refused(open_brain: OpenBrain) -> None:
    with pytest.raises(InvalidInput):
        open_brain(read=[f"team/{number}" for number in range(64)])


def names() -> Iterator[str]:
    """Yield names that differ only in what an index may lose: case, stems, plural, prefix, punctuation."""
    yield from ("run", "running", "Run", "runs", "run-1", "run.1", "run_1", "run/1", "run@1", "ru", "runn")


def test_namespaces_that_read_alike_are_kept_apart(open_brain: OpenBrain) -> None:
    base = open_brain()
    ids = {name: seen_through(base, f"t/{name}").capture("gateway note").id for name in names()}

    found = {
        name: [hit.memory.id for hit in seen_through(base, f"t/{name}").retrieve("gateway note", limit=50)]
        for name in names()
    }

    assert found == {name: [memory_id] for name, memory_id in ids.items()}
