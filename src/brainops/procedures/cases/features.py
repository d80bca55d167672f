"""What can be asked of a case's inputs: which values does it have under which names? (pure)"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brainops.types import JSON

MAX_FIELDS = 200  # of one case; more is a document, not a case


def flat(inputs: Mapping[str, JSON]) -> dict[str, str]:
    """Return nested inputs as texts by dotted name; a list is one value."""
    found: dict[str, str] = {}
    _collect(inputs, "", found)
    return found


def _collect(value: Any, name: str, found: dict[str, str]) -> None:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            _collect(each, f"{name}.{key}" if name else str(key), found)
    elif len(found) < MAX_FIELDS:
        found[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
