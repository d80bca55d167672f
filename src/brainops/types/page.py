"""What does a list answer with? Its items, and where the list goes on on either side of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


class Page(list[T]):
    """Some items of a list, in its order, and the cursors to hand in as `after` and `before` for those beside them.

    It is a list. `next` and `previous` are None where the list ends; in JSON it is an object with `items`, `next` and
    `previous`.
    """

    def __init__(self, items: Iterable[T] = (), *, next: str | None = None, previous: str | None = None) -> None:
        super().__init__(items)
        self.next = next
        self.previous = previous

    def of(self, items: Iterable[U]) -> Page[U]:
        """Return a page of what was made of these items, one for each, that goes on as this one does."""
        return Page(items, next=self.next, previous=self.previous)
