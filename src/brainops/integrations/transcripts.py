"""How is a conversation kept that a framework hands in piece by piece, and asks for again to the letter?

Each piece is a memory that was set aside: recall finds it only where archived ones are asked for, so that what was said
in passing does not stand beside what was learned.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from brainops.brain import Brain
from brainops.integrations.source_keys import TITLE_CHARACTERS, place_of, source_key, tell
from brainops.types import JSON, Draft, Memory, MemoryState, MemoryType, Source

MOST_KNOWN = 1_000  # conversations whose last piece is known; of others it is looked up before the next one is added


class Transcripts:
    """The conversations of one kind in the written namespace, each under its path. Safe to share between threads."""

    def __init__(self, brain: Brain, kind: str) -> None:
        self._brain = brain
        self._kind = kind
        self._lasts: dict[Sequence[str], int] = {}
        self._adding = threading.Lock()

    def add(self, path: Sequence[str], pieces: Iterable[JSON], *, besides: Iterable[Draft] = ()) -> None:
        """Add pieces at the end of a conversation, with other memories `besides`.

        Raises InvalidInput for one that is no JSON, or too large; what came before it is kept.
        """
        path, others = tuple(path), list(besides)
        with self._adding:
            at = self._next(path)
            drafts = [self._draft(path, at + number, piece) for number, piece in enumerate(pieces)]
            captured = self._brain.capture_many([*others, *drafts])[len(others) :]
            for draft, each in zip(drafts, captured, strict=True):
                tell(each, draft)
                self._brain.archive(each.id, reason="a piece of a conversation")
            self._lasts.pop(path, None)
            self._lasts[path] = at + len(drafts) - 1
            if len(self._lasts) > MOST_KNOWN:
                del self._lasts[next(iter(self._lasts))]

    def pieces(self, path: Sequence[str]) -> list[Memory]:
        """Return the pieces of a conversation in their order."""
        return [each for each in self.below(path) if place_of(each.source.key or "")[0] == tuple(path)]

    def below(self, path: Sequence[str]) -> list[Memory]:
        """Return the pieces of all conversations whose path begins like this."""
        found = self._brain.by_source(source_key(self._kind, path))
        return [each for each in found if each.state is not MemoryState.FORGOTTEN]

    def forget(self, memories: Iterable[Memory]) -> None:
        """Take pieces out; each can be restored."""
        for each in memories:
            self._brain.forget(each.id, reason="taken out of the conversation")

    def subject(self, path: Sequence[str]) -> str:
        """Return the subject by which all of a conversation is purged."""
        return source_key(self._kind, path, "")

    def source(self, key: str) -> Source:
        """Return where a memory under a key comes from."""
        settings = self._brain.settings
        return Source(actor=settings.actor, session_id=settings.session, key=key)

    def _next(self, path: tuple[str, ...]) -> int:
        """Return the number of the next piece: the time, but never before that of the one that was last."""
        if path not in self._lasts:
            self._lasts[path] = max((int(place_of(each.source.key or "")[1]) for each in self.pieces(path)), default=0)
        return max(time.time_ns() // 1_000, self._lasts[path] + 1)

    def _draft(self, path: tuple[str, ...], number: int, piece: JSON) -> Draft:
        key = source_key(self._kind, path, f"{number:016d}")
        title = " ".join(f"{self._kind} {'/'.join(path)}".split())[:TITLE_CHARACTERS]
        fields: dict[str, Any] = {"type": MemoryType.USER_INTERACTION, "tags": (self._kind,)}
        return self._brain.draft(
            f"{title} {number}", piece, source=self.source(key), subject=self.subject(path[:2]), **fields
        )
