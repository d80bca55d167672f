"""How does Claude's memory tool keep its files in this memory? Each is a memory, and what it said before its history.

    client.beta.messages.tool_runner(..., tools=[MemoryTool(brain)])

Secrets are taken out of what is kept, as of any memory; folders are there while a file is in them.
"""

from __future__ import annotations

import asyncio
import posixpath
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anthropic.lib.tools import BetaAbstractMemoryTool, BetaAsyncAbstractMemoryTool, ToolError

from brainops.brain import Brain
from brainops.errors import BrainOpsError
from brainops.types import Memory, MemoryState, Source

ROOT = "/memories"
KEY = "claude-memory:"
TAG = "claude-memory"
MOST_LINES = 999_999
NUMBER_WIDTH = 6
PATH_CHARACTERS = 400
DEPTH = 2  # of folders that a listing shows


class MemoryTool(BetaAbstractMemoryTool):
    """The memory tool over a view of the memory: its answers are those of the SDK's own tool over files.

    Each agent whose view writes the same namespace has the same files. Safe to share between threads.
    """

    def __init__(self, brain: Brain, **options: Any) -> None:
        super().__init__(**options)
        self._brain = brain
        self._changing = threading.Lock()

    def view(self, command: Any) -> str:
        """Show a file with the numbers of its lines, or what lies in a folder."""
        path = _path(command, "path")
        with self._errors():
            files = self._files(path)
        if path in files:
            return _numbered(command, path, str(files[path].content))
        if not files and path != ROOT:
            raise ToolError(f"The path {path} does not exist. Please provide a valid path.")
        sizes = {each[len(path) :].lstrip("/"): len(str(found.content).encode()) for each, found in files.items()}
        listed = [f"{_size(sum(sizes.values()))}\t{path}"]
        listed += [f"{_size(size)}\t{path}/{name}" for name, size in _tree(sizes)]
        head = f"Here're the files and directories up to 2 levels deep in {path}, excluding hidden items:"
        return "\n".join((head, *listed))

    def create(self, command: Any) -> str:
        """Make a file that is not there yet."""
        path, text = _path(command, "path"), _text(command, "file_text")
        with self._errors(), self._changing:
            files = self._files(ROOT)
            if path in files:
                raise ToolError(f"File {path} already exists")
            if path == ROOT or any(each.startswith(f"{path}/") for each in files):
                raise ToolError(f"The path {path} is a directory")
            if any(path.startswith(f"{each}/") for each in files):
                raise ToolError(f"A file stands where {path} wants a directory")
            self._brain.capture_many([self._draft(path, text)])
        return f"File created successfully at: {path}"

    def str_replace(self, command: Any) -> str:
        """Replace what stands in a file just once."""
        path, old, new = _path(command, "path"), _text(command, "old_str"), _text(command, "new_str")
        with self._errors(), self._changing:
            found = self._file(path)
            content = str(found.content)
            places = list(_places(content, old))
            if not places:
                raise ToolError(f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
            lines = [content.count("\n", 0, place) for place in places]
            if len(places) > 1:
                named = ", ".join(str(line + 1) for line in lines)
                raise ToolError(
                    f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines: {named}. "
                    "Please ensure it is unique"
                )
            changed = content.replace(old, new)
            self._brain.supersede(found.id, self._draft(path, changed))
        shown = changed.split("\n")
        first, last = max(0, lines[0] - 2), min(len(shown), lines[0] + 3)
        snippet = _lines(shown[first:last], first + 1)
        return (
            f"The memory file has been edited. Here is the snippet showing the change (with line numbers):\n{snippet}"
        )

    def insert(self, command: Any) -> str:
        """Put text in after a line."""
        path, text = _path(command, "path"), _text(command, "insert_text")
        at = getattr(command, "insert_line", None)
        with self._errors(), self._changing:
            found = self._file(path)
            lines = str(found.content).removesuffix("\n").split("\n") if found.content else []
            if not isinstance(at, int) or not 0 <= at <= len(lines):
                raise ToolError(
                    f"Invalid `insert_line` parameter: {at}. It should be within the range [0, {len(lines)}]."
                )
            lines.insert(at, text.rstrip("\n"))
            changed = "\n".join(lines)
            self._brain.supersede(found.id, self._draft(path, changed if changed.endswith("\n") else f"{changed}\n"))
        return f"The file {path} has been edited."

    def delete(self, command: Any) -> str:
        """Forget a file, or all in a folder; each can be restored."""
        path = _path(command, "path")
        if path == ROOT:
            raise ToolError("Cannot delete the /memories directory itself")
        with self._errors(), self._changing:
            files = self._files(path)
            if not files:
                raise ToolError(f"The path {path} does not exist")
            for found in files.values():
                self._brain.forget(found.id, reason="deleted by the memory tool")
        return f"Successfully deleted {path}"

    def rename(self, command: Any) -> str:
        """Move a file, or all in a folder."""
        old, new = _path(command, "old_path"), _path(command, "new_path")
        if old == ROOT:
            raise ToolError("Cannot rename the /memories directory itself")
        with self._errors(), self._changing:
            if self._files(new) or new == ROOT:
                raise ToolError(f"The destination {new} already exists")
            files = self._files(old)
            if not files:
                raise ToolError(f"The path {old} does not exist")
            if any(f"{new}/".startswith(f"{each}/") for each in (old, *self._files(ROOT))):
                raise ToolError(f"{new} lies inside a file, or inside {old} itself")
            for path, found in files.items():
                self._brain.supersede(found.id, self._draft(new + path[len(old) :], str(found.content)))
        return f"Successfully renamed {old} to {new}"

    def clear_all_memory(self) -> str:
        """Forget all files; each can be restored."""
        with self._errors(), self._changing:
            for found in self._files(ROOT).values():
                self._brain.forget(found.id, reason="cleared by the memory tool")
        return "All memory cleared"

    def _file(self, path: str) -> Memory:
        files = self._files(path)
        if path in files:
            return files[path]
        if files or path == ROOT:
            raise ToolError(f"The path {path} is not a file.")
        raise ToolError(f"The path {path} does not exist. Please provide a valid path.")

    def _files(self, path: str) -> dict[str, Memory]:
        """Return the file of a path, or the files below it, by their paths in order."""
        found = {
            (each.source.key or "").removeprefix(KEY): each
            for each in self._brain.by_source(KEY + path)
            if each.state is MemoryState.ACTIVE
        }
        return {name: found[name] for name in sorted(found) if name == path or name.startswith(f"{path}/")}

    def _draft(self, path: str, text: str) -> Any:
        settings = self._brain.settings
        source = Source(actor=settings.actor, session_id=settings.session, key=KEY + path)
        return self._brain.draft(path, text, source=source, tags=(TAG,))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Tell what is wrong with the memory as a tool's error, which the model reads."""
        try:
            yield
        except BrainOpsError as error:
            raise ToolError(f"{type(error).__name__}: {error}") from error


class AsyncMemoryTool(BetaAsyncAbstractMemoryTool):
    """The same tool for the SDK's asynchronous client: each command is done in a thread."""

    def __init__(self, brain: Brain, **options: Any) -> None:
        super().__init__(**options)
        self._tool = MemoryTool(brain)

    async def view(self, command: Any) -> str:
        """Show a file with the numbers of its lines, or what lies in a folder."""
        return await asyncio.to_thread(self._tool.view, command)

    async def create(self, command: Any) -> str:
        """Make a file that is not there yet."""
        return await asyncio.to_thread(self._tool.create, command)

    async def str_replace(self, command: Any) -> str:
        """Replace what stands in a file just once."""
        return await asyncio.to_thread(self._tool.str_replace, command)

    async def insert(self, command: Any) -> str:
        """Put text in after a line."""
        return await asyncio.to_thread(self._tool.insert, command)

    async def delete(self, command: Any) -> str:
        """Forget a file, or all in a folder; each can be restored."""
        return await asyncio.to_thread(self._tool.delete, command)

    async def rename(self, command: Any) -> str:
        """Move a file, or all in a folder."""
        return await asyncio.to_thread(self._tool.rename, command)

    async def clear_all_memory(self) -> str:
        """Forget all files; each can be restored."""
        return await asyncio.to_thread(self._tool.clear_all_memory)


def _path(command: Any, name: str) -> str:
    said = _text(command, name)
    if said != ROOT and not said.startswith(f"{ROOT}/"):
        raise ToolError(f"Path must start with {ROOT}, got: {said[:PATH_CHARACTERS]}")
    path = posixpath.normpath(said)
    if path != ROOT and not path.startswith(f"{ROOT}/"):
        raise ToolError(f"Path {said[:PATH_CHARACTERS]} would escape {ROOT} directory")
    if len(path) > PATH_CHARACTERS or not path.isprintable():
        raise ToolError(f"A path has at most {PATH_CHARACTERS} characters, each of which can be printed")
    return path


def _text(command: Any, name: str) -> str:
    said = getattr(command, name, None)
    if not isinstance(said, str):
        raise ToolError(f"{name} is a text that is missing")
    return said


def _places(content: str, part: str) -> Iterator[int]:
    at = content.find(part)
    while at != -1:
        yield at
        at = content.find(part, at + 1)


def _numbered(command: Any, path: str, content: str) -> str:
    lines, first = content.split("\n"), 1
    if len(lines) > MOST_LINES:
        raise ToolError(f"File {path} exceeds maximum line limit of 999,999 lines.")
    wanted = getattr(command, "view_range", None)
    if isinstance(wanted, list) and len(wanted) == 2 and all(isinstance(each, int) for each in wanted):
        first = max(1, wanted[0])
        lines = lines[first - 1 : len(lines) if wanted[1] == -1 else wanted[1]]
    return f"Here's the content of {path} with line numbers:\n{_lines(lines, first)}"


def _lines(lines: list[str], first: int) -> str:
    return "\n".join(f"{number:>{NUMBER_WIDTH}}\t{line}" for number, line in enumerate(lines, first))


def _tree(sizes: dict[str, int], depth: int = 1) -> Iterator[tuple[str, int]]:
    """Yield what lies in a folder by name, each folder before what lies in it, with its size."""
    for name in sorted({each.partition("/")[0] for each in sizes}):
        if name.startswith("."):
            continue
        if name in sizes:
            yield name, sizes[name]
            continue
        below = {each[len(name) + 1 :]: size for each, size in sizes.items() if each.startswith(f"{name}/")}
        yield f"{name}/", sum(below.values())
        if depth < DEPTH:
            yield from ((f"{name}/{inner}", size) for inner, size in _tree(below, depth + 1))


def _size(size: int) -> str:
    if size == 0:
        return "0B"
    power = min((size.bit_length() - 1) // 10, 3)
    scaled = size / 1024**power
    return (f"{int(scaled)}" if scaled == int(scaled) else f"{scaled:.1f}") + "BKMG"[power]
