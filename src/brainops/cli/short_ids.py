"""How is something called on a screen and in a command: by the end of its id that nothing else has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from brainops.errors import BrainOpsError
from brainops_core.regex import Regex

_ID = Regex(r"(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f-])", "-7")
SHORT = 6
OPEN = "brainops.open"  # under which the running command keeps its memory, so that it is not opened once more


class Id(click.ParamType):  # type: ignore[type-arg]  # the oldest click does not know it as generic
    """The id of one thing of these kinds, or its handle: any end of it that no other has; a name passes as it is."""

    name = "id"

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the whole id; raise InvalidInput where several end so."""
        from brainops.health import handles as stored

        text = str(value)
        if not stored.END.fullmatch(text):
            return text
        try:
            found = {whole: kind for whole, kind in _ending(text).items() if kind in self._kinds}
        except BrainOpsError:  # what is wrong with the store is told by the command, which opens it
            return value
        return stored.only(text, found) or text


def thing_of(end: str) -> tuple[str, str] | None:
    """Return of what kind the one thing is whose id this is, or ends so, and its id; None where there is none."""
    from brainops.health import handles as stored

    found = _ending(end)
    whole = stored.only(end, found)
    return None if whole is None else (found[whole], whole)


def _ending(end: str) -> Mapping[str, str]:
    from brainops.health import handles as stored
    from brainops.health import store_location

    place = _place()
    if not store_location.is_served(place["store"]):
        return stored.ending(end, **place)
    from brainops.brain import Brain

    with Brain.open(**place) as brain:
        return brain.upkeep.ending(end)


def is_id(text: str) -> bool:
    """Say whether a text is a whole id."""
    return _ID.fullmatch(text) is not None


def shortened(lines: Iterable[str]) -> list[str]:
    """Return the lines with each whole id of this store as its handle."""
    told = list(lines)
    ids = {each for line in told for each in _ID.findall(line)}
    if not ids:
        return told
    short = _handles(ids)
    return [_ID.sub(lambda found: short.get(found[0], found[0]), line) for line in told]


def ends(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines with the end of each whole id, whosever it is: for a store that is not the one of the options."""
    for line in lines:
        yield _ID.sub(lambda found: found[0][-SHORT:], line)


def _handles(ids: set[str]) -> Mapping[str, str]:
    from brainops.health import handles as stored

    context = click.get_current_context(silent=True)
    brain = context.meta.get(OPEN) if context is not None else None
    try:
        handles: Mapping[str, str] = brain.upkeep.handles(ids) if brain else stored.handles(ids, **_place())
        return handles
    except BrainOpsError:  # whole ids are right as well
        return {}


def _place() -> dict[str, Any]:
    """Return the shared options that say where memory is; they are read before any other parameter."""
    context = click.get_current_context(silent=True)
    given = context.find_root().obj if context is not None else None
    return {name: getattr(given, name, None) for name in ("store", "namespace", "read")}
