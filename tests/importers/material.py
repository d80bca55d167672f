"""What do the tests of the importers read with? Places, and items apart into taken and left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from brainops.importers import Item, Leave, Take
from brainops.importers.places import Place, place_of
from brainops.types import Draft

Write = Callable[[str, str | bytes], Path]


def place(path: Path) -> Place:
    """Return the place of a file in the folder `ops`."""
    root = next(parent for parent in path.parents if parent.name == "ops")
    return Place(root=place_of(root).root, path=path)


def drafts(items: Iterable[Item]) -> list[Draft]:
    """Return what was taken."""
    return [item.draft for item in items if isinstance(item, Take)]


def left(items: Iterable[Item]) -> list[Leave]:
    """Return what was left."""
    return [item for item in items if isinstance(item, Leave)]


def lines(*records: object) -> str:
    """Return the records as JSON, one a line."""
    return "".join(json.dumps(record) + "\n" for record in records)
