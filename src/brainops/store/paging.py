"""Which page of a list lies beside a cursor? One way for every list whose statement says `{pages ...}`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

from brainops.errors import InvalidInput
from brainops.store.cursors import Value, read, written
from brainops.store.database import Row, Session
from brainops.store.named import Key, back
from brainops.types import Page
from brainops_core.blake2 import blake2b

T = TypeVar("T")

MOVING = {"since", "now"}  # bounds that a caller computes from the clock: a list that begins later is the same list


class Beside(TypedDict, total=False):
    """The cursor beside which a page lies, where there is one."""

    after: str | None
    before: str | None


def paged(
    session: Session,
    name: str,
    make: Callable[[Row], T],
    limit: int,
    /,
    after: str | None = None,
    before: str | None = None,
    **parameters: Any,
) -> Page[T]:
    """Return at most `limit` items of a list: its first, or those after or before a cursor of the same list.

    A cursor is the key of a row, so what is inserted meanwhile moves nothing. Raises InvalidInput for a cursor of
    another list, of other conditions or of other namespaces.
    """
    keys = session.order(name)
    of = list_of(session, name, parameters)
    given = place_beside(after, before)
    place = outside(keys) if given is None else read(given, of, *(key.kind for key in keys))
    places = {f"place_{number}": value for number, value in enumerate(place)}
    rows = session.all(name if before is None else back(name), **parameters, **places, limit=limit + 1)
    return page_of(rows, limit, make, lambda row: written(of, [row[key.column] for key in keys]), after, before)


def place_beside(after: str | None, before: str | None) -> str | None:
    """Return the cursor beside which a page lies, None for the first page; raise InvalidInput for two."""
    if after is not None and before is not None:
        raise InvalidInput("a page lies after one cursor or before one; hand in either")
    return after if before is None else before


def list_of(session: Session, name: str, parameters: Mapping[str, Any]) -> str:
    """Return what a cursor is bound to: a list, what it was narrowed to, and the namespaces."""
    asked = {key: value for key, value in parameters.items() if key not in MOVING}
    said = json.dumps([name, asked, session.scope.write, session.scope.read], sort_keys=True, default=str)
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def page_of(
    rows: Sequence[Row],
    limit: int,
    make: Callable[[Row], T],
    cursor: Callable[[Row], str],
    after: str | None,
    before: str | None,
) -> Page[T]:
    """Return the page that rows make, as they were read from its cursor on: one more than asked where more follow."""
    more, rows = len(rows) > limit, rows[:limit]
    if before is not None:
        rows = rows[::-1]
    following, preceding = (more, after is not None) if before is None else (True, more)
    return Page(
        map(make, rows),
        next=(cursor(rows[-1]) if rows else None) if following else None,
        previous=(cursor(rows[0]) if rows else None) if preceding else None,
    )


def outside(keys: tuple[Key, ...], goes_back: bool = False) -> list[Value]:
    """Return a place before the first row of a list; behind its last one, for who reads it backwards."""
    return [key.most if key.falls is not goes_back else key.least for key in keys]
