"""A small memory in a dictionary: the store side of an import, for tests that are about the importers alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from brainops.errors import Conflict, RecallLoop
from brainops.types import Captured, Draft, Memory, MemoryState, Progress


@dataclass
class SmallMemory:
    """Keeps memories by id, counts exact repetitions, refuses what contains `refused`."""

    memories: dict[str, Memory] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    refused: str = "\0"
    writes: int = 0

    def capture_each(self, drafts: Iterable[Draft], progress: Progress | None = None) -> Iterator[Captured]:
        for draft in drafts:
            if self.refused in str(draft.content):
                raise RecallLoop
            yield self._capture(draft)

    def _capture(self, draft: Draft) -> Captured:
        same = next((m for m in self.current() if (m.title, m.content) == (draft.title, draft.content)), None)
        if same is None:
            return self._insert(draft, None)
        return Captured(id=same.id, namespace="n", occurrences=2, repeated=True, created_at=same.created_at)

    def _insert(self, draft: Draft, supersedes: str | None) -> Captured:
        self.writes += 1
        number = len(self.memories) + 1
        self.memories[f"m{number:05}"] = Memory(
            id=f"m{number:05}",
            namespace="n",
            type=draft.type,
            title=draft.title,
            content=draft.content,
            tags=draft.tags,
            importance=draft.importance,
            metadata=draft.metadata,
            trust=draft.trust,
            source=draft.source,
            subject=draft.subject,
            fingerprint=draft.fingerprint,
            occurrences=1,
            state=MemoryState.ACTIVE,
            created_at=number,
            updated_at=number,
            last_seen_at=number,
            valid_from=number,
            valid_to=None,
            supersedes=supersedes,
            superseded_by=None,
            feedback=0.0,
        )
        return Captured(id=f"m{number:05}", namespace="n", occurrences=1, repeated=False, created_at=number)

    def by_source(self, prefix: str) -> list[Memory]:
        return [memory for memory in self.current() if (memory.source.key or "").startswith(prefix)]

    def supersede(self, memory_id: str, draft: Draft) -> Captured:
        old = self.memories[memory_id]
        if (old.type, old.title, old.content) == (draft.type, draft.title, draft.content):
            raise Conflict(memory_id)
        captured = self._insert(draft, memory_id)
        self.memories[memory_id] = replace(self.memories[memory_id], superseded_by=captured.id)
        return captured

    def flag(self, memory_id: str, reason: str) -> None:
        self.writes += 1
        self.flags[memory_id] = reason

    def move_source(self, memory_id: str, key: str, uri: str | None) -> None:
        self.writes += 1
        memory = self.memories[memory_id]
        self.memories[memory_id] = replace(memory, source=replace(memory.source, key=key, uri=uri))

    def current(self) -> list[Memory]:
        """Return the memories that nothing superseded."""
        return [memory for memory in self.memories.values() if memory.superseded_by is None]

    def titled(self, part: str) -> Memory:
        """Return the one current memory whose title contains the part."""
        (memory,) = [memory for memory in self.current() if part in memory.title]
        return memory
