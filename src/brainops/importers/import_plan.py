"""What is to be done with the drafts of an import, given what stands in memory from the same sources? (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from brainops.importers.items import ImportAction, Planned
from brainops.importers.runbook_links import bind, digest, said_by
from brainops.types import JSON, Draft, Memory, MemoryState

By = Mapping[str, list[Memory]]


class ImportScope(Struct, frozen=True, kw_only=True):
    """What an import speaks for: keys below these prefixes are gone when not met, except where it could not read."""

    prefixes: tuple[str, ...] = ()
    exact: frozenset[str] = frozenset()
    unread: tuple[str, ...] = ()

    def covers(self, key: str) -> bool:
        """Return whether this import would have met the key if it were still there."""
        file = key.split("#", 1)[0]
        inside = file in self.exact or any(file.startswith(prefix) for prefix in self.prefixes)
        return inside and not any(file == unread or file.startswith(f"{unread}/") for unread in self.unread)


class ImportPlan(Struct, frozen=True, kw_only=True):
    """The lines of the plan, how many alerts are bound, and what spoke against flagging ("" when nothing did)."""

    planned: tuple[Planned, ...]
    bound: int
    refusal: str = ""


def with_digests(draft: Draft) -> Draft:
    """Return the draft with digests of all that its source says, of its text alone, and of what an alert says.

    They stand in the metadata because redaction may change the stored text, and that must not look like an edit.
    """
    said = [
        draft.title,
        draft.content,
        draft.type,
        draft.tags,
        draft.importance,
        draft.metadata,
        draft.subject,
        draft.trust,
    ]
    digests: dict[str, JSON] = {"source_digest": digest(said), "text_digest": digest(draft.content)}
    if "alert" in draft.metadata:
        digests["said_digest"] = digest(said_by(draft.metadata))
    return replace(draft, metadata={**draft.metadata, **digests})


def draft_of(memory: Memory) -> Draft:
    """Return the draft that a memory would be captured from."""
    return Draft(
        title=memory.title,
        content=memory.content,
        type=memory.type,
        tags=memory.tags,
        importance=memory.importance,
        metadata=memory.metadata,
        trust=memory.trust,
        source=memory.source,
        subject=memory.subject,
        fingerprint=memory.fingerprint,
    )


def make_plan(drafts: Sequence[Draft], standing: Sequence[Memory], scope: ImportScope, *, sync: bool) -> ImportPlan:
    """Return what to do. `standing` are the memories of these sources and those that may be bound to them."""
    fresh = [with_digests(draft) for draft in drafts]
    by_key = _by_key(memory for memory in standing if memory.state is MemoryState.ACTIVE)
    set_aside = _by_key(memory for memory in standing if memory.source.key not in by_key)
    met = {str(draft.source.key) for draft in drafts}
    gone = {key: found for key, found in by_key.items() if key not in met and scope.covers(key)} if sync else {}
    moves = _moves([draft for draft in fresh if draft.source.key not in by_key], gone)
    refusal = _refusal(gone, moves, met, by_key, scope)
    away = {str(memory.source.key) for memory in moves.values()} | (set() if refusal else gone.keys())
    others = [found[-1] for key, found in by_key.items() if key not in met and key not in away]
    bound = bind([*fresh, *map(draft_of, others)])
    wanted = [draft for draft in bound[: len(fresh)] if draft.source.key not in set_aside]
    planned = list(_of_drafts(wanted, by_key, moves, others, sync))
    planned += [
        _planned(
            ImportAction.REPEAT, draft, f"{set_aside[key][-1].state.value} here; `brainops restore` brings it back"
        )
        for draft in bound[: len(fresh)]
        if (key := str(draft.source.key)) in set_aside
    ]
    planned += [line for pair in zip(others, bound[len(fresh) :], strict=True) if (line := _rebound(*pair))]
    if not refusal:
        moved = {memory.id for memory in moves.values()}
        planned += [
            _flagged(memory, "gone from its source")
            for memories in gone.values()
            for memory in memories
            if memory.id not in moved
        ]
    alerts = sum("runbook" in d.metadata and (d.source.key in met or d.metadata["runbook"] in met) for d in bound)
    return ImportPlan(planned=tuple(planned), bound=alerts, refusal=refusal)


def _by_key(standing: Iterable[Memory]) -> dict[str, list[Memory]]:
    """Return the memories by source key, of each the oldest first."""
    by_key: dict[str, list[Memory]] = {}
    for memory in sorted(standing, key=lambda memory: (memory.created_at, memory.id)):
        if memory.source.key:
            by_key.setdefault(memory.source.key, []).append(memory)
    return by_key


def _moves(drafts: Sequence[Draft], gone: By) -> dict[str, Memory]:
    """Return for the key of each new draft the memory that it was, when one with the same text is gone from there."""
    missing: dict[tuple[str, JSON], list[Memory]] = {}
    for key, found in gone.items():
        if text := found[-1].metadata.get("text_digest"):
            missing.setdefault((key.partition(":")[0], text), []).append(found[-1])
    moves: dict[str, Memory] = {}
    for draft in drafts:
        key = str(draft.source.key)
        if was := missing.get((key.partition(":")[0], draft.metadata["text_digest"])):
            moves[key] = was.pop(0)
    return moves


def _refusal(gone: By, moves: Mapping[str, Memory], met: set[str], by_key: By, scope: ImportScope) -> str:
    """Return why nothing is flagged: where nothing that stands is met again, it is another folder."""
    if not gone or moves or scope.exact or any(scope.covers(key) for key in met & by_key.keys()):
        return ""
    return (
        f"none of the {len(gone)} sources that were imported under this name is here, so none is flagged; "
        "is it another folder, or not mounted? Another folder needs its own name (--name)"
    )


def _of_drafts(
    drafts: Sequence[Draft], by_key: By, moves: Mapping[str, Memory], others: Sequence[Memory], sync: bool
) -> Iterator[Planned]:
    copies = {m.metadata.get("source_digest"): str(m.source.key) for m in others if "source_digest" in m.metadata}
    for draft in drafts:
        key = str(draft.source.key)
        copy = copies.setdefault(draft.metadata["source_digest"], key)
        if key in by_key:
            standing = by_key[key]
            same = [
                memory for memory in standing if memory.metadata.get("source_digest") == draft.metadata["source_digest"]
            ]
            current = same[-1] if same else standing[-1]
            if not same and _reads_the_same(draft, current):
                yield _planned(
                    ImportAction.REPEAT, draft, "only tags or metadata changed; those of the memory stay", current.id
                )
            elif not same and not sync:
                yield _planned(
                    ImportAction.TAKE, draft, "changed since it was imported; --sync supersedes instead of adding"
                )
            elif not same:
                yield _planned(ImportAction.SUPERSEDE, draft, "changed at its source", current.id)
            elif _binding(current.metadata) != _binding(draft.metadata):
                yield _planned(ImportAction.SUPERSEDE, draft, "its alerts or its runbook changed", current.id)
            else:
                yield _planned(ImportAction.REPEAT, draft, "unchanged", current.id)
            if sync:
                yield from (
                    _flagged(memory, "another text of the same source") for memory in standing if memory is not current
                )
        elif key in moves:
            yield from _moved(draft, moves[key])
        elif copy != key:
            yield _planned(ImportAction.REPEAT, draft, f"the same as {copy}")
        else:
            yield _planned(ImportAction.TAKE, draft, "new")


def _planned(action: ImportAction, draft: Draft, reason: str, memory_id: str | None = None) -> Planned:
    return Planned(
        action=action, key=str(draft.source.key), title=draft.title, reason=reason, memory_id=memory_id, draft=draft
    )


def _reads_the_same(draft: Draft, memory: Memory) -> bool:
    """Return whether the text is the same as stored, so that there is nothing to supersede."""
    same = ("text_digest", "binding_digest")
    return (draft.title, draft.type) == (memory.title, memory.type) and all(
        (draft.metadata.get(name) or "") == (memory.metadata.get(name) or "") for name in same
    )


def _binding(metadata: Mapping[str, JSON]) -> JSON:
    return metadata.get("binding_digest") or ""


def _moved(draft: Draft, memory: Memory) -> Iterator[Planned]:
    """Yield the move, and a superseding where title or tags came from the old name or the binding changed."""
    yield _planned(ImportAction.MOVE, draft, f"was {memory.source.key}", memory.id)
    if _reads_the_same(draft, memory):
        return
    if memory.metadata.get("source_digest") != draft.metadata["source_digest"]:
        yield _planned(ImportAction.SUPERSEDE, draft, "its title or tags come from its new name", memory.id)
    elif _binding(memory.metadata) != _binding(draft.metadata):
        yield _planned(ImportAction.SUPERSEDE, draft, "its alerts or its runbook changed", memory.id)


def _rebound(memory: Memory, draft: Draft) -> Planned | None:
    """Return the change of a memory outside of this import that gained or lost a binding by it."""
    if "source_digest" not in memory.metadata or _binding(memory.metadata) == _binding(draft.metadata):
        return None
    return _planned(ImportAction.SUPERSEDE, draft, "its alerts or its runbook changed", memory.id)


def _flagged(memory: Memory, reason: str) -> Planned:
    return Planned(
        action=ImportAction.FLAG, key=str(memory.source.key), title=memory.title, reason=reason, memory_id=memory.id
    )
