"""Which filter do keyword conditions describe, and which member of a closed set does a word mean? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.types import Filter
from brainops.wire import from_plain

LISTS = frozenset({"types", "tags", "trust", "namespaces"})  # of which one may be named by itself


def filter_of(conditions: Mapping[str, Any]) -> Filter:
    """Return the filter that keyword conditions describe; raise InvalidInput for one that does not exist."""
    from brainops_core.redaction.redact import clean

    lists = {name: (value,) for name, value in conditions.items() if name in LISTS and isinstance(value, str)}
    found = from_plain(Filter, {**conditions, **lists}, closed=True)
    return replace(  # as what is looked for was kept
        found,
        tags=tuple(map(clean, found.tags)),
        namespaces=tuple(map(clean, found.namespaces)),
        session_id=found.session_id and clean(found.session_id),
    )


E = TypeVar("E", bound=StrEnum)


def member(kind: type[E], value: E | str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidInput(f"{str(value)[:80]!r} is no {kind.__name__}; there is {', '.join(kind)}") from error
