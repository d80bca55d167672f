"""How is a row read as a value, and a value written as a row, where columns and fields have the same names?

An actor stands in three columns of one beginning, a closed set as its word, true and false as 1 and 0.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from brainops.store.actors import actor_columns, actor_of
from brainops.types import Actor
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.store.database import Row, Session

T = TypeVar("T", bound=msgspec.Struct)


def value_of(kind: type[T], row: Row, *texts: str, actor: str = "actor", **given: Any) -> T:
    """Read a row as a value.

    The columns `texts` hold JSON, and those of the beginning "actor" the field `actor`; `given` are fields that stand
    otherwise in the row. Raises KeyError where a field is neither, ValueError where a column is not what it takes.
    """
    columns, values = set(row.keys()), dict(given)
    for name in kind.__struct_fields__:
        prefix = "actor" if name == actor else name
        if name in given:
            continue
        if name not in columns and f"{prefix}_proof" in columns:
            values[name] = None if row[f"{prefix}_id"] is None else actor_of(row, prefix)
        elif name in texts:
            values[name] = None if row[name] is None else json.loads(row[name])
        else:
            values[name] = row[name]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a row cannot be read as {kind.__name__}: {error}") from error


def always(session: Session, name: str, /, **parameters: Any) -> Row:
    """Return the row of a statement that has one whatever there is, such as a count."""
    found = session.one(name, **parameters)
    assert found is not None
    return found


def row_of(value: msgspec.Struct, *texts: str, actor: str = "actor", **given: Any) -> dict[str, Any]:
    """Return a value as a row, as `value_of` reads it; `given` are columns that stand otherwise in the value."""
    row: dict[str, Any] = {}
    for name in value.__struct_fields__:
        field = getattr(value, name)
        if name in texts:
            row[name] = None if field is None else json.dumps(field, ensure_ascii=False, default=plain)
        elif isinstance(field, Actor):
            row.update(actor_columns(field, "actor" if name == actor else name))
        elif isinstance(field, Enum):
            row[name] = field.value
        else:
            row[name] = int(field) if isinstance(field, bool) else field
    return {**row, **given}
