"""Can an operation only read, does it change something, or does it destroy, as a value of the library? (pure)"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from brainops.types import ActionClass, OperationStart
from brainops_core.commands import action_class


class OwnPattern(Struct, frozen=True, kw_only=True):
    """What a namespace says itself: operations, tools or single commands of this form are of this class."""

    glob: str
    action_class: ActionClass


def classify(
    start: OperationStart, patterns: Sequence[OwnPattern] = (), least: ActionClass | None = None
) -> ActionClass:
    """Return the class of an operation. `least` is what the caller says itself: it may only raise what is found."""
    return ActionClass(action_class.classify(start, patterns, least))
