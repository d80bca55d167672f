"""Where do hooks leave what they see for a store, does anything wait there, and which clients are wired?"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from brainops import config
from brainops_core.hook.place import hooks_folder, location
from brainops_core.hook.spool import waiting

COUNTS = "counts.json"  # in that folder: what was taken up so far, by client
WIRED = "installed.json"  # in the data folder: what was written where, and what stood there before


def folder_of(store: str) -> str | None:
    """Return where hooks leave what they see for a store; None for one in memory, which no hook reaches."""
    where = location(store)
    return hooks_folder(where, str(config.data_folder(os.environ))) if where else None


def anything_waits(store: str) -> bool:
    """Say whether there is something to take up: asked at each opening, so it costs one look into a folder."""
    folder = folder_of(store)
    return folder is not None and bool(waiting(folder))


def counted(folder: str) -> dict[str, Any]:
    """Return what was taken up so far, by client."""
    return _said(os.path.join(folder, COUNTS))


def wired(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return which clients are wired, by file: how, what stood in the file before, and what was written."""
    return _said(os.path.join(config.data_folder(environment), WIRED))


def _said(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="ascii") as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
