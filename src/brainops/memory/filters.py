"""Which filter do keyword conditions describe, and which member of a closed set does a word mean? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import NoneType
from typing import Any, TypeVar

from brainops.errors import InvalidInput
from brainops.memory.draft import checked_moment
from brainops.types import Filter, MemoryType, Trust


def filter_of(conditions: Mapping[str, Any]) -> Filter:
    """Return the filter that keyword conditions describe; raise InvalidInput for one that does not exist."""
    known = {name: conditions[name] for name in Filter.__struct_fields__ if name in conditions}
    unknown = sorted(set(conditions) - set(known))
    if unknown:
        there_is = ", ".join(Filter.__struct_fields__)
        raise InvalidInput(f"no such condition: {', '.join(unknown)}; there is {there_is}")
    for name in ("types", "tags", "trust", "namespaces"):
        known[name] = _texts(known.get(name, ()), name)
    for name in ("since", "until", "as_of"):
        if known.get(name) is not None:
            checked_moment(known[name], name)
    for name in ("include_archived", "include_superseded"):
        if not isinstance(known.get(name, False), bool):
            raise InvalidInput(f"{name} is true or false, not {known[name]!r:.40}")
    if not isinstance(known.get("session_id"), (str, NoneType)):
        raise InvalidInput(f"session_id is text, not {known['session_id']!r:.40}")
    known["types"] = tuple(member(MemoryType, kind) for kind in known["types"])
    known["trust"] = tuple(member(Trust, trust) for trust in known["trust"])
    return Filter(**known)


def _texts(value: Any, name: str) -> tuple[str, ...]:
    values = (value,) if isinstance(value, str) else value
    if not isinstance(values, (list, tuple, set, frozenset)) or not all(isinstance(each, str) for each in values):
        raise InvalidInput(f"{name} is a list of texts, not {value!r:.80}")
    return tuple(values)


E = TypeVar("E", bound=StrEnum)


def member(kind: type[E], value: E | str) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidInput(f"{str(value)[:80]!r} is no {kind.__name__}; there is {', '.join(kind)}") from error
