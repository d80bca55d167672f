"""Does Claude's memory tool answer here as the SDK's own does over files, whatever a model asks?"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from anthropic.lib.tools import BetaAbstractMemoryTool, ToolError
from anthropic.lib.tools._beta_builtin_memory_tool import BetaLocalFilesystemMemoryTool

from brainops.brain import Brain
from brainops.integrations.claude_memory import AsyncMemoryTool, MemoryTool

PATHS = [
    "/memories/a.txt",
    "/memories/b.md",
    "/memories/dir/c.txt",
    "/memories/dir/deep/d.txt",
    "/memories/dir/./e.txt",
]
TEXTS = [
    "",
    "one",
    "one\ntwo\nthree\n",
    "two\r\ntwo\n",
    "x" * 3_000,
    "ä\n\n\nend",
    "one\ntwo\nthree\nfour\nfive\nsix\n",
]


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    with Brain.open(tmp_path / "memory.db", namespace="team/a", read=(), model="none", background=False) as opened:
        yield opened


def asked(by: random.Random) -> dict[str, Any]:
    path, other = by.choice(PATHS), by.choice(PATHS)
    return by.choice(
        [
            {"command": "create", "path": path, "file_text": by.choice(TEXTS)},
            {"command": "create", "path": path, "file_text": by.choice(TEXTS)},
            {"command": "view", "path": path},
            {"command": "view", "path": "/memories"},
            {"command": "view", "path": path, "view_range": [by.randrange(-1, 4), by.choice([-1, 2, 9])]},
            {"command": "str_replace", "path": path, "old_str": by.choice(["two", "one\n", "z"]), "new_str": "n\nw"},
            {"command": "insert", "path": path, "insert_line": by.randrange(-1, 5), "insert_text": by.choice("i n\n")},
            {"command": "delete", "path": path},
            {"command": "rename", "old_path": path, "new_path": other},
            {"command": "view", "path": by.choice(["/etc/passwd", "/memories/../../etc"])},
        ]
    )  # fmt: skip


def answered(tool: BetaAbstractMemoryTool, command: dict[str, Any]) -> str:
    try:
        said = str(tool.call(command))
    except ToolError as error:
        return f"ToolError: {error}"
    # what a folder weighs depends on the file system, and there an empty one stays
    return "\n".join(line for line in said.split("\n") if not re.match(r"\S+\t/memories(/.*/)?$", line))


def test_random_commands_are_answered_as_over_files(brain: Brain, tmp_path: Path) -> None:
    ours, theirs = MemoryTool(brain), BetaLocalFilesystemMemoryTool(str(tmp_path / "files"))
    by = random.Random(11)
    kinds: set[str] = set()

    for number in range(250):
        command = asked(by)
        here, there = answered(ours, command), answered(theirs, command)
        assert here.replace("dir/e.txt", "dir/./e.txt") == there.replace("dir/e.txt", "dir/./e.txt"), (number, command)
        kinds.add(f"{command['command']} {here.startswith('ToolError')}")

    assert len(kinds) == 12


def test_the_asynchronous_tool_answers_as_the_other_one(brain: Brain) -> None:
    tool, other, by = AsyncMemoryTool(brain), MemoryTool(brain), random.Random(4)
    done: set[str] = set()

    async def told(command: dict[str, Any]) -> str:
        try:
            return str(await tool.call(command))
        except ToolError as error:
            return f"ToolError: {error}"

    for _ in range(60):
        command = asked(by)
        here = asyncio.run(told(command))
        done.add(f"{command['command']} {here.startswith('ToolError')}")
        if command["command"] == "view":
            assert here.startswith("ToolError") or here == other.call(command)
    assert len(done) > 9
    assert asyncio.run(tool.clear_all_memory()) == "All memory cleared"
    assert answered(other, {"command": "view", "path": "/memories"}).count("\n") == 0


def test_what_a_file_said_before_is_history_and_what_was_deleted_can_be_restored(brain: Brain) -> None:
    tool = MemoryTool(brain)
    tool.call({"command": "create", "path": "/memories/a.txt", "file_text": "old"})
    (before,) = brain.by_source("claude-memory:")
    tool.call({"command": "str_replace", "path": "/memories/a.txt", "old_str": "old", "new_str": "new"})
    (after,) = brain.by_source("claude-memory:")
    tool.call({"command": "delete", "path": "/memories/a.txt"})
    gone = answered(tool, {"command": "view", "path": "/memories/a.txt"})
    brain.restore(after.id)

    assert brain.get(before.id).superseded_by == after.id
    assert gone.startswith("ToolError: The path /memories/a.txt does not exist")
    assert "new" in answered(tool, {"command": "view", "path": "/memories/a.txt"})


@pytest.mark.parametrize(
    "command",
    [
        {"command": "create", "path": "/memories/a.txt"},
        {"command": "create", "path": "/memories/a.txt", "file_text": 7},
        {"command": "create", "path": "/memories/\x00", "file_text": "x"},
        {"command": "create", "path": "/memories/\ud800", "file_text": "x"},
        {"command": "create", "path": "/memories/" + "x" * 5_000, "file_text": "x"},
        {"command": "create", "path": "/memories/a.txt", "file_text": "x" * 17_000_000},
        {"command": "create", "path": "/memories", "file_text": "x"},
        {"command": "create", "path": "/memories/kept/under.txt", "file_text": "x"},
        {"command": "view", "path": None},
        {"command": "insert", "path": "/memories/kept", "insert_line": None, "insert_text": "x"},
        {"command": "rename", "old_path": "/memories/kept", "new_path": "/memories/kept/in"},
    ],
)
def test_what_cannot_be_done_is_an_error_that_the_model_reads(brain: Brain, command: dict[str, Any]) -> None:
    tool = MemoryTool(brain)
    tool.call({"command": "create", "path": "/memories/kept", "file_text": "x"})

    with pytest.raises(ToolError):
        tool.call(command)
    assert len(brain.by_source("claude-memory:")) == 1


def test_a_path_is_made_once_by_many_threads_and_a_text_keeps_what_a_database_holds(brain: Brain) -> None:
    tool = MemoryTool(brain)
    command = {"command": "create", "path": "/memories/a.txt", "file_text": "nul \x00 and half \ud800"}
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: answered(tool, command), range(12)))

    assert sorted(each.split(":")[0] for each in said).count("ToolError") == 11
    assert "nul \ufffd and half \ufffd" in answered(tool, {"command": "view", "path": "/memories/a.txt"})
