"""Is what a Python caller handed over of the kind that is asked for? (pure)"""

from __future__ import annotations

import math
from typing import Any, TypeVar

from brainops.errors import InvalidInput

T = TypeVar("T")


def a_text(value: Any, what: str) -> str:
    """Return a text; raise InvalidInput where it is none."""
    if not isinstance(value, str):
        raise InvalidInput(f"{what} is text, not {value!r:.60}")
    return value


def a_number(value: Any, what: str) -> float:
    """Return a finite number; raise InvalidInput where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInput(f"{what} is a number, not {value!r:.60}")
    return value


def a_truth(value: Any, what: str) -> bool:
    """Return true or false; raise InvalidInput where it is neither."""
    if not isinstance(value, bool):
        raise InvalidInput(f"{what} is true or false, not {value!r:.60}")
    return value


def an_instance(value: Any, kind: type[T], what: str) -> T:
    """Return a value of a type; raise InvalidInput where it is of another."""
    if not isinstance(value, kind):
        raise InvalidInput(f"{what} is of type {kind.__name__}, not {type(value).__name__}: {value!r:.60}")
    return value
