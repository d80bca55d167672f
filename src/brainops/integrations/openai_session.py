"""How does a conversation of the OpenAI Agents SDK go on after the process that led it? Its items are kept here.

await Runner.run(agent, "Hello", session=MemorySession("kim-7", brain))
"""

from __future__ import annotations

import asyncio
from typing import Any

from agents import SessionSettings, TResponseInputItem
from agents.memory.session import SessionABC
from agents.memory.session_settings import resolve_session_limit

from brainops.brain import Brain
from brainops.integrations.transcripts import Transcripts

KIND = "openai-session"


class MemorySession(SessionABC):
    """A session of the SDK over a view of the memory, in which each item is a memory that was set aside.

    Secrets are taken out of items, and a warning in the log says so. What is popped or cleared can be restored, until
    it is purged by its subject.
    """

    def __init__(self, session_id: str, brain: Brain, *, settings: SessionSettings | None = None) -> None:
        """`settings` bound what is handed out where a call says no limit."""
        self.session_id = session_id
        self.session_settings = settings or SessionSettings()
        self._path = (session_id,)
        self._items = Transcripts(brain, KIND)

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """Return the items in their order, of more than `limit` the latest."""
        most = resolve_session_limit(limit, self.session_settings)
        found: list[Any] = [each.content for each in await asyncio.to_thread(self._items.pieces, self._path)]
        return found if most is None or most < 0 else found[max(0, len(found) - most) :]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Add items at the end. Raises InvalidInput for one that is no JSON or too large; those before it are kept."""
        if items:
            given: list[Any] = [dict(each) for each in items]
            await asyncio.to_thread(self._items.add, self._path, given)

    async def pop_item(self) -> TResponseInputItem | None:
        """Take the latest item out and return it; None where there is none."""
        return await asyncio.to_thread(self._pop)

    async def clear_session(self) -> None:
        """Take all items out."""
        await asyncio.to_thread(lambda: self._items.forget(self._items.pieces(self._path)))

    def _pop(self) -> Any:
        last = self._items.pieces(self._path)[-1:]
        self._items.forget(last)
        return last[0].content if last else None
