"""Which rows of the readable namespaces have an id that ends so?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brainops.store.database import Row, Session


class Handles:
    """The ends of the ids of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ending(self, ends: Collection[str], length: int) -> Sequence[Row]:
        """Return kind and id of what ends in one of these, all of that length."""
        return self._session.all("handle_ends", ends=sorted(ends), length=length)
