"""What does an operation's result say: done or not, yes or no, the same or another? (pure)"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from brainops.operations.guard.rule_index import canonical
from brainops.types import JSON

MAX_LITERAL_CHARACTERS = 100_000  # of an answer that is read as a value; a longer one stays text


def said_no(result: JSON) -> bool:
    """Say whether a result that is no error still says that the thing was not done, or that the answer is no.

    False, alone, as a status in front ([False, ...]) or as the whole answer after one ([True, False]); an object whose
    `success` or `ok` is false or whose `error` is filled.
    """
    match result:
        case bool():
            return not result
        case [False, *_] | [True, False]:
            return True
        case {"success": False} | {"ok": False}:
            return True
        case {"error": error}:
            return bool(error)
        case _:
            return False


def same(left: JSON, right: JSON) -> bool:
    """Compare two values as people write them: case, spaces and the kind of number make no difference."""
    return bool(_normal(left) == _normal(right))


def _normal(value: Any) -> Any:
    match value:
        case bool():
            return str(value).casefold()  # as text, so that it is no number
        case str():
            text = canonical(value)
            return float(text) if _NUMBER.fullmatch(text) else text
        case [*parts]:
            return [_normal(part) for part in parts]
        case dict():
            return {name: _normal(part) for name, part in value.items()}
        case _:
            return value


_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")  # what a float holds exactly enough; "007" is a name

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
