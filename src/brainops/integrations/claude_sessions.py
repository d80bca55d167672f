"""Where can an agent of the Claude Agent SDK go on with a conversation that another machine led? Here, out of memory.

options = ClaudeAgentOptions(session_store=MemorySessions(brain), resume=session_id)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from claude_agent_sdk import SessionKey, SessionListSubkeysKey, SessionStore, SessionStoreEntry, SessionStoreListEntry

from brainops.brain import Brain
from brainops.integrations.source_keys import TITLE_CHARACTERS, place_of, source_key
from brainops.integrations.transcripts import Transcripts
from brainops.types import Draft, Memory, MemoryState, MemoryType

KIND = "claude-session"
INDEX = "claude-sessions"


class MemorySessions(SessionStore):
    """A session store of the SDK over a view of the memory; what it is handed at once is a memory that was set aside.

    One memory names each transcript, and is said again with each batch: when that was is the time of its last change.
    Secrets are taken out of entries, and a warning in the log says so. What is deleted can be restored, until it is
    purged by its subject.
    """

    list_session_summaries = SessionStore.list_session_summaries  # not there: the SDK makes them out of `load`

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self._transcripts = Transcripts(brain, KIND)

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Add entries at the end of a transcript, all or none of them. Raises InvalidInput where they are too large."""
        if entries:
            piece: list[Any] = [dict(each) for each in entries]
            name = [self._name(key)]
            await asyncio.to_thread(lambda: self._transcripts.add(_path(key), [piece], besides=name))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """Return the entries of a transcript, of those with one `uuid` the first; None where there are none."""
        pieces = await asyncio.to_thread(self._transcripts.pieces, _path(key))
        entries: list[Any] = [entry for each in pieces if isinstance(each.content, list) for entry in each.content]
        known: set[Any] = set()
        fresh = []
        for entry in entries:
            uuid = entry.get("uuid")
            if uuid is None or uuid not in known:
                fresh.append(entry)
                known.add(uuid)
        return fresh or None

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """Return the sessions of a project, each with when it was last added to."""
        named = await asyncio.to_thread(self._named, (project_key,))
        return [
            {"session_id": path[1], "mtime": each.last_seen_at // 1_000} for path, subpath, each in named if not subpath
        ]

    async def delete(self, key: SessionKey) -> None:
        """Take out a transcript; that of a session with those of its agents."""
        await asyncio.to_thread(self._delete, _path(key), key.get("subpath"))

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """Return the subpaths of a session, which are the transcripts of its agents."""
        named = await asyncio.to_thread(self._named, (key["project_key"], key["session_id"]))
        return [subpath for _, subpath, _ in named if subpath]

    def _delete(self, path: Sequence[str], subpath: str | None) -> None:
        self._transcripts.forget(self._transcripts.pieces(path) if subpath else self._transcripts.below(path[:2]))
        named = self._named(path[:2])
        self._transcripts.forget(each for _, name, each in named if not subpath or name == subpath)

    def _name(self, key: SessionKey) -> Draft:
        """Return the memory that names a transcript; the same each time, so that it is counted."""
        path, subpath = (key["project_key"], key["session_id"]), key.get("subpath") or ""
        title = " ".join(f"Conversation {'/'.join((*path, subpath))}".split())
        return self._brain.draft(
            title[:TITLE_CHARACTERS],
            {"project": path[0], "session": path[1], "subpath": subpath},
            type=MemoryType.USER_INTERACTION,
            source=self._transcripts.source(source_key(INDEX, path, subpath)),
            subject=self._transcripts.subject(path),
            tags=(INDEX,),
        )

    def _named(self, path: Sequence[str]) -> list[tuple[tuple[str, ...], str, Memory]]:
        """Return the path, the subpath and the memory of each transcript below a path."""
        found = self._brain.by_source(source_key(INDEX, path))
        return [(*place_of(each.source.key or ""), each) for each in found if each.state is MemoryState.ACTIVE]


def _path(key: SessionKey) -> tuple[str, ...]:
    return (key["project_key"], key["session_id"], key.get("subpath") or "")
