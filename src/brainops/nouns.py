"""What of a part does a view show? What its users call, and not what the other parts of the engine need of it."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from brainops.services import part

T = TypeVar("T")


class Noun:
    """A part, without what only other parts call: that takes transactions, claims runs, or rests on their word."""

    __slots__ = ("_hidden", "_part")

    def __init__(self, of: Any, hidden: frozenset[str]) -> None:
        self._part = of
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in self._hidden:
            raise AttributeError(f"{type(self._part).__name__} shows no {name}: parts of the engine call it")
        return getattr(self._part, name)

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._part) if not name.startswith("_") and name not in self._hidden]


def noun(of: T, *, hides: str = "") -> T:
    """Show a part of the services on a Brain, without the names that it hides."""
    made, hidden = cast("part[T]", of), frozenset(hides.split())

    def shown(brain: Any) -> Any:
        return Noun(made.__get__(brain._services), hidden)

    shown.__doc__ = made.__doc__
    found = part(shown)
    found.of = made.of
    return cast("T", found)
