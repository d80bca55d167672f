"""What did a tool answer in text: did it run, and what did it return? (pure)"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from brainops.types import JSON

MAX_LITERAL_CHARACTERS = 100_000  # of an answer that is read as a value; a longer one stays text


_ERROR = re.compile(r"(traceback\b|error\b|(\w+\.)*\w+(error|exception)\b\s*([:(]|$))", re.IGNORECASE)


def answer(text: str) -> tuple[bool, JSON]:
    """Read what a tool answered in text: whether it ran, and what it returned, as JSON, a Python literal or the text.

    It did not run where the text begins like an error: "Error: ...", "KeyError: 'x'", "Traceback ...".
    """
    text = text.strip()
    for read in (json.loads, ast.literal_eval) if len(text) <= MAX_LITERAL_CHARACTERS else ():
        try:
            return True, _plain(read(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return _ERROR.match(text) is None, text


def _plain(value: Any) -> JSON:
    match value:
        case tuple() | list() | set():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
