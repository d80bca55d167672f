"""How is any value written down without an error, in bounded size and without secrets? (pure)"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact_json
from brainops.types import JSON
from brainops_core.redaction.redact import clean

MAX_TEXT_CHARACTERS = 20_000  # of one text in a context or result
MAX_ITEMS = 200  # of one list or mapping
MAX_DEPTH = 8
MAX_BYTES = 200_000  # of a whole context or result; a larger one is replaced by a word about its size


def jsonable(value: Any, policy: RedactionPolicy) -> JSON:
    """Return a value as redacted JSON of bounded size; what JSON has no word for becomes its type's name."""
    reading = redact_json(_reduced(value, 0, policy), policy).value
    size = len(json.dumps(reading, ensure_ascii=False))
    return reading if size <= MAX_BYTES else f"[left out: {size:,} characters of {type(value).__name__}]"


def _reduced(value: Any, depth: int, policy: RedactionPolicy) -> JSON:
    match value:
        case None | bool() | int():
            return value
        case str():
            return clean(value if len(value) <= MAX_TEXT_CHARACTERS else _head_and_tail(value, policy))
        case float():
            return value if math.isfinite(value) else str(value)
        case _ if depth >= MAX_DEPTH:
            return f"[{type(value).__name__}]"
        case Mapping():
            items = list(value.items())[:MAX_ITEMS]
            return {clean(str(key)): _reduced(item, depth + 1, policy) for key, item in items}
        case list() | tuple() | set() | frozenset():
            return [_reduced(item, depth + 1, policy) for item in list(value)[:MAX_ITEMS]]
        case _:
            return f"[{type(value).__module__}.{type(value).__qualname__}]"


def _head_and_tail(long: str, policy: RedactionPolicy) -> str:
    """Return the whole lines that a long text begins and ends with: what went wrong stands last in a log."""
    half = MAX_TEXT_CHARACTERS // 2
    read = long if len(long) <= MAX_BYTES else f"{long[: MAX_BYTES // 2]}\n{long[-MAX_BYTES // 2 :]}"
    text = str(redact_json(read, policy).value)  # before it is cut, since half a secret is known by nothing
    head, tail = text[:half], text[-half:]
    head = head[: head.rfind("\n")] if "\n" in head else head
    tail = tail[tail.find("\n") + 1 :] if "\n" in tail[:-1] else tail
    return f"{head}\n…\n{tail}"
