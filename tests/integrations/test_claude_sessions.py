"""Do the Claude Agent SDK's own functions over a session store find here what its client handed in?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import claude_agent_sdk as sdk
import pytest

from brainops.brain import Brain
from brainops.integrations.claude_sessions import MemorySessions
from brainops.types import MemoryState

SESSION = "0e0c3e0e-8a4d-4f60-9a53-2f6f9d4f1c11"


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


def turns(*texts: str) -> list[Any]:
    """Return entries as the client writes them, each the answer to the one before."""
    entries: list[Any] = []
    for number, text in enumerate(texts):
        role = ("user", "assistant")[number % 2]
        entries.append(
            {
                "type": role,
                "uuid": f"1e0c3e0e-8a4d-4f60-9a53-2f6f9d4f1c{number:02d}",
                "parentUuid": entries[-1]["uuid"] if entries else None,
                "sessionId": SESSION,
                "timestamp": f"2026-11-30T10:00:{number:02d}.000Z",
                "isSidechain": False,
                "message": {"role": role, "content": text},
            }
        )
    return entries


def test_the_sdk_lists_reads_renames_forks_and_deletes_sessions(brain: Brain, tmp_path: Path) -> None:
    store, folder = MemorySessions(brain), str(tmp_path)
    project = sdk.project_key_for_directory(folder)
    key: sdk.SessionKey = {"project_key": project, "session_id": SESSION}
    agent: sdk.SessionKey = {**key, "subpath": "subagents/agent-1"}

    async def led() -> None:
        entries = turns("drain the gateway", "done", "and now?", "it is up")
        await store.append(key, entries[:2])
        await store.append(key, entries[1:])  # tried again: what came twice counts once
        await store.append(agent, turns("look", "seen"))
        read = await sdk.get_session_messages_from_store(store, SESSION, directory=folder)
        assert [each.message["content"] for each in read] == ["drain the gateway", "done", "and now?", "it is up"]
        assert await sdk.list_subagents_from_store(store, SESSION, directory=folder) == ["1"]

        await sdk.rename_session_via_store(store, SESSION, "The gateway", directory=folder)
        forked = await sdk.fork_session_via_store(store, SESSION, directory=folder)
        listed = await sdk.list_sessions_from_store(store, directory=folder)
        assert {each.session_id for each in listed} == {SESSION, forked.session_id}
        assert next(each.custom_title for each in listed if each.session_id == SESSION) == "The gateway"

        await sdk.delete_session_via_store(store, SESSION, directory=folder)
        left = await sdk.list_sessions_from_store(store, directory=folder)
        assert [each.session_id for each in left] == [forked.session_id]
        assert (
            await store.load(key) is None
            and await store.list_subkeys({"project_key": project, "session_id": SESSION}) == []
        )

    asyncio.run(led())


def test_a_transcript_has_no_secret_and_is_purged_by_its_subject(brain: Brain) -> None:
    store = MemorySessions(brain)
    key: sdk.SessionKey = {"project_key": "p", "session_id": SESSION}
    agent: sdk.SessionKey = {**key, "subpath": "subagents/agent-1"}
    asyncio.run(store.append(key, turns("the key is sk-proj-" + "aB3xY9Zq" * 6)))
    asyncio.run(store.append(agent, turns("look")))
    (piece, other) = brain.by_source("claude-session:")

    loaded = asyncio.run(store.load(key)) or []

    kept: Any = loaded[0]
    assert "sk-proj" not in str(piece.content) and "[redacted:" in kept["message"]["content"]
    assert {piece.state, other.state} == {MemoryState.ARCHIVED}
    assert piece.subject is not None
    brain.purge_subject(piece.subject, reason="asked for by the person")
    assert brain.by_source("claude-session") == []
