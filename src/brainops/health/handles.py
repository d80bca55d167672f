"""By which short end is something called, and what is it that is called so?

The beginning of a UUIDv7 is a time, so its random end tells two of one minute apart. A handle is the shortest end, of
six characters or more, that nothing else has in the namespaces that are read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from brainops import config
from brainops.errors import InvalidInput, StoreUnavailable
from brainops.health.store_location import location
from brainops.store import open_store
from brainops.store.scope import Scope

if TYPE_CHECKING:
    from brainops.store import Store

SHORTEST = 6  # of a handle that is shown: one in 16 million
LEAST_TYPED = 4  # of one that is asked for: whoever types less would rather be told
ID_CHARACTERS = 36
SHOWN_CANDIDATES = 10
END = re.compile(rf"[0-9a-f-]{{{LEAST_TYPED},{ID_CHARACTERS - 1}}}")


def handles(
    ids: Collection[str], *, store: str | None, namespace: str | None, read: Collection[str] | None
) -> Mapping[str, str]:
    """Return the handle of each of these ids that is one of this store. Raises StoreError, InvalidConfiguration."""
    with _open(store, namespace, read) as opened:
        return handles_in(opened, ids)


def handles_in(store: Store, ids: Collection[str]) -> Mapping[str, str]:
    """Return the handle of each of these ids that is one of an open store."""
    with store.read() as tx:
        found = {str(row["id"]) for row in tx.handles.ending({each[-SHORTEST:] for each in ids}, SHORTEST)}
    return {each: shortest(each, found) for each in ids if each in found}


def ending_in(store: Store, end: str) -> Mapping[str, str]:
    """Return what has this id, or ends so, in an open store: of which kind (the name of its table), by its id."""
    if not (END.fullmatch(end) or len(end) == ID_CHARACTERS):
        return {}
    with store.read() as tx:
        return {str(row["id"]): str(row["kind"]) for row in tx.handles.ending([end], len(end))}


def ending(end: str, *, store: str | None, namespace: str | None, read: Collection[str] | None) -> Mapping[str, str]:
    """Return what has this id, or ends so, in a store that is not open. Raises StoreError, InvalidConfiguration."""
    with _open(store, namespace, read) as opened:
        return ending_in(opened, end)


def only(end: str, found: Mapping[str, str]) -> str | None:
    """Return the one id of those that end so; None where there is none. Raises InvalidInput, naming several."""
    if len(found) > 1:
        named = ", ".join(
            f"{shortest(each, found)} ({kind.replace('_', ' ')})"
            for each, kind in list(found.items())[:SHOWN_CANDIDATES]
        )
        raise InvalidInput(f"{end!r} is the end of {len(found)} ids; give more of the one that is meant: {named}")
    return next(iter(found), None)


def shortest(whole: str, others: Collection[str]) -> str:
    """Return the shortest end of an id that none of the others has."""
    for length in range(SHORTEST, ID_CHARACTERS):
        end = whole[-length:]
        if not any(other != whole and other.endswith(end) for other in others):
            return end
    return whole


@contextmanager
def _open(store: str | None, namespace: str | None, read: Collection[str] | None) -> Iterator[Store]:
    place = location(store)
    if place == ":memory:" or ("://" not in place and not Path(place).exists()):
        raise StoreUnavailable(f"{place} holds nothing that could be named")
    settings = config.load(store=store, namespace=namespace, read=tuple(read) if read is not None else None)
    opened = open_store(place, Scope.of(settings.namespace, settings.read), migrate=False)
    try:
        yield opened
    finally:
        opened.close()
