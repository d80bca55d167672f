"""How is any value written down without an error, in bounded size and without secrets? (pure)"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from brainops.memory.draft import clean
from brainops.memory.redact import RedactionPolicy, redact_json
from brainops.types import JSON

MAX_TEXT_CHARACTERS = 20_000  # of one text in a context or result
MAX_ITEMS = 200  # of one list or mapping
MAX_DEPTH = 8
MAX_BYTES = 200_000  # of a whole context or result; a larger one is replaced by a word about its size


def jsonable(value: Any, policy: RedactionPolicy) -> JSON:
    """Return a value as redacted JSON of bounded size; what JSON has no word for becomes its type's name."""
    reading = redact_json(_reduced(value, 0), policy).value
    size = len(json.dumps(reading, ensure_ascii=False))
    return reading if size <= MAX_BYTES else f"[left out: {size:,} characters of {type(value).__name__}]"


def _reduced(value: Any, depth: int) -> JSON:
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value if len(value) <= MAX_TEXT_CHARACTERS else value[:MAX_TEXT_CHARACTERS] + "…")
        case float():
            return value if math.isfinite(value) else str(value)
        case _ if depth >= MAX_DEPTH:
            return f"[{type(value).__name__}]"
        case Mapping():
            items = list(value.items())[:MAX_ITEMS]
            return {clean(str(key)): _reduced(item, depth + 1) for key, item in items}
        case list() | tuple() | set() | frozenset():
            return [_reduced(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
        case _:
            return f"[{type(value).__module__}.{type(value).__qualname__}]"
