"""Which files of a folder are procedures, what is in them, and how is each called in its repository?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from brainops.errors import InvalidInput, Problem
from brainops.procedures.definition.keywords import MAX_SOURCE_CHARACTERS
from brainops.procedures.definition.parse import read
from brainops.types import Procedure

SUFFIXES = (".md", ".yaml", ".yml", ".json")
MAX_FILES = 10_000  # of one folder; a repository's root is more likely a slip
MAX_BYTES = 4 * MAX_SOURCE_CHARACTERS

_STEPS = re.compile(r"^steps[ \t]*:", re.MULTILINE)
_JSON_STEPS = re.compile(r'"steps"\s*:\s*\[')


class ProcedureFile(Struct, frozen=True, kw_only=True):
    """A file that holds a procedure, or would if it were right."""

    path: str
    place: str
    text: str
    procedure: Procedure | None
    problems: tuple[Problem, ...]


def procedures_in(folder: str | os.PathLike[str]) -> list[ProcedureFile]:
    """Return the procedures of a folder (those files that have `steps`), or the one of a file, by path.

    Raises InvalidInput where there is no such folder.
    """
    try:
        root = Path(folder).expanduser()
        is_file = root.is_file()
    except (TypeError, ValueError, OSError) as error:
        raise InvalidInput(f"{folder!s:.200} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if is_file:
        return [_read(root, _repository(root.resolve().parent))]
    if not root.is_dir():
        raise InvalidInput(f"{os.fspath(folder)}: there is no such file or folder")
    repository = _repository(root.resolve())
    found = []
    for place in _files(root):
        file = _read(place, repository)
        if file.problems or _is_procedure(file.text, place.suffix):
            found.append(file)
    return found


def _files(root: Path) -> Iterator[Path]:
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each != "node_modules")
        for name in sorted(names):
            if not name.endswith(SUFFIXES) or name.startswith("."):
                continue
            seen += 1
            if seen > MAX_FILES:
                raise InvalidInput(f"{root} holds more than {MAX_FILES:,} texts; name the folder of the procedures")
            place = Path(folder, name)
            if _holds_procedure(place):
                yield place


def _holds_procedure(place: Path) -> bool:
    try:
        with place.open("rb") as file:
            head = file.read(MAX_BYTES + 1)
    except OSError:
        return True  # reading it says what is wrong
    return _is_procedure(head.decode("utf-8", "replace"), place.suffix)


def _is_procedure(text: str, suffix: str) -> bool:
    text = text.removeprefix("\ufeff")
    match suffix:
        case ".json":
            return bool(_JSON_STEPS.search(text))
        case ".md":
            front = re.match(r"\s*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", text, re.DOTALL | re.MULTILINE)
            return bool(front and _STEPS.search(front[1]))
        case _:
            return bool(_STEPS.search(text))


def _read(place: Path, repository: Path) -> ProcedureFile:
    path = _label(place.resolve(), repository)
    try:
        with place.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        problem = Problem(path=str(place), line=1, message=f"cannot be read: {said}", way_out="check the file")
        return ProcedureFile(path=path, place=str(place), text="", procedure=None, problems=(problem,))
    examined = read(text, str(place))
    return ProcedureFile(
        path=path, place=str(place), text=text, procedure=examined.procedure, problems=examined.problems
    )


def label(folder: str | os.PathLike[str]) -> str:
    """Return how a folder or file is called in its repository; "" for the repository itself."""
    root = Path(folder).expanduser().resolve()
    return _label(root, _repository(root if root.is_dir() else root.parent))


def under(path: str | None, folder: str) -> bool:
    """Say whether a path of a repository lies in a folder of it."""
    return path is not None and (not folder or path == folder or path.startswith(f"{folder}/"))


def _repository(folder: Path) -> Path:
    """Return the root of the git repository around a folder, else the folder above it."""
    for place in (folder, *folder.parents):
        if (place / ".git").exists():
            return place
    return folder.parent


def _label(place: Path, repository: Path) -> str:
    return "" if place == repository else place.relative_to(repository).as_posix()
