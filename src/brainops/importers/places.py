"""Where does a file stand, whatever machine it lies on? Stable roots, relative places, and the walk over a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import clean_text
from brainops.importers.items import Format, Leave

FILES_LIMIT = 100_000
"""Files in one import; more is a mistaken path (a home folder, a disk) rather than material."""
MACHINERY = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", ".ruff_cache"}
)
GIT_CONFIG_LIMIT = 1_000_000


class Root(Struct, frozen=True, kw_only=True):
    """The folder that keys are relative to, and the name that it has on every machine."""

    name: str
    folder: Path


class Place(Struct, frozen=True, kw_only=True):
    """One file (or folder) of an import: its path here, and its path relative to the root."""

    root: Root
    path: Path

    @property
    def relative(self) -> str:
        """The path below the root with forward slashes; "" for the root itself."""
        relative = clean_text(self.path.relative_to(self.root.folder).as_posix())
        return "" if relative == "." else relative

    @property
    def uri(self) -> str:
        """Where it lies on this machine."""
        return self.path.as_uri()

    def key(self, format: Format, fragment: str = "") -> str:
        """Return the stable identity of the file, or of one part of it."""
        # "#" parts file and fragment, so a file name must not bring its own.
        file = f"{format.value}:{self.root.name}/{self.relative}".replace("#", "%23")
        return f"{file}#{fragment}" if fragment else file


def place_of(path: Path, name: str | None = None) -> Place:
    """Return the place of a path that somebody named.

    The root is the Git repository around it, named by its remote, so that every checkout gives the same keys; without
    Git it is the folder itself (a file's own folder), named by `name` or its own name. Raises InvalidInput if there is
    nothing.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidInput(f"{clean_text(str(path))!r} cannot be found: {getattr(error, 'strerror', error)}") from error
    folder = real if real.is_dir() else real.parent
    top = None if name else next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)
    if top is not None:
        return Place(root=Root(name=_remote(top) or _name(top), folder=top), path=real)
    return Place(root=Root(name=_name(folder) if name is None else clean_text(name), folder=folder), path=real)


def _name(folder: Path) -> str:
    return clean_text(folder.name) or "root"


def _remote(top: Path) -> str | None:
    """Return host and path of the repository's remote, without protocol and credentials."""
    try:
        with (_git_folder(top) / "config").open(encoding="utf-8", errors="replace") as file:
            config = file.read(GIT_CONFIG_LIMIT)
    except OSError:
        return None
    remotes: dict[str, str] = {}
    section = ""
    for line in config.splitlines():
        if match := re.match(r'\s*\[\s*(\w+)(?:\s+"(.*)")?\s*\]', line):
            section = match[2] or "" if match[1].lower() == "remote" else ""
        elif section and (match := re.match(r"\s*url\s*=\s*(\S+)", line)):
            remotes.setdefault(section, match[1])
    url = remotes.get("origin") or next(iter(remotes.values()), None)
    return _stable(url) if url else None


def _git_folder(top: Path) -> Path:
    """Return where the configuration lies; a worktree's `.git` is a file that points there."""
    marker = top / ".git"
    if not marker.is_file():
        return marker
    with marker.open(encoding="utf-8", errors="replace") as file:
        pointed = top / file.read(GIT_CONFIG_LIMIT).removeprefix("gitdir:").strip()
    common = pointed / "commondir"
    return pointed / common.read_text(encoding="utf-8").strip() if common.is_file() else pointed


def _stable(url: str) -> str | None:
    """Return `host/path` of an address (https://user:secret@host:1/path.git, git@host:path); None for a local path."""
    match = re.match(
        r"(?:[a-z+]+://(?:[^@/]*@)?|[^@/:]+@|(?=[\w.-]+:[^/\\]))([\w.-]+)(?::\d+(?=/))?[:/]+(.+)", url, re.I
    )
    return clean_text(f"{match[1].lower()}/{match[2].rstrip('/').removesuffix('.git')}") if match else None


def walk(start: Place) -> Iterator[Place | Leave]:
    """Yield every regular file below the place in a stable order, and what is not followed.

    Links are not followed, so that no loop and no file outside comes in. Raises InvalidInput beyond FILES_LIMIT.
    """
    files = 0
    waiting = [start.path]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            what = Place(root=start.root, path=folder).relative
            yield Leave(what=what, why=f"cannot be read: {error.strerror}", fault=True)
            continue
        below = []
        for entry in entries:
            place = Place(root=start.root, path=Path(entry.path))
            if entry.is_symlink():
                yield Leave(
                    what=place.relative, why="a symbolic link, not followed; import what it points to by its name"
                )
            elif entry.is_dir(follow_symlinks=False):
                if entry.name in MACHINERY:
                    yield Leave(what=place.relative, why="a folder of tools, not of knowledge")
                else:
                    below.append(place.path)
            elif entry.is_file(follow_symlinks=False):
                files += 1
                if files > FILES_LIMIT:
                    raise InvalidInput(f"more than {FILES_LIMIT} files below {start.path.name!r}; import its parts")
                yield place
            else:
                yield Leave(what=place.relative, why="neither a file nor a folder")
        waiting.extend(reversed(below))
