"""What does an operation's result say: done or not, the same or another? (pure)"""

from __future__ import annotations

from brainops_core.guard.rule_index import canonical
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def said_no(result: Any) -> bool:
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


def same(left: Any, right: Any) -> bool:
    """Compare two values as people write them: case, spaces and the kind of number make no difference."""
    return bool(_normal(left) == _normal(right))


def _normal(value: Any) -> Any:
    match value:
        case bool():
            return str(value).casefold()  # as text, so that it is no number
        case str():
            text = canonical(value)
            return float(text) if text[:1] in _NUMERIC and _NUMBER.fullmatch(text) else text
        case [*parts]:
            return [_normal(part) for part in parts]
        case dict():
            return {name: _normal(part) for name, part in value.items()}
        case _:
            return value


_NUMERIC = tuple("-0123456789")  # how a number begins; most texts do not
_NUMBER = Regex(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?")  # what a float holds exactly enough; "007" is a name
