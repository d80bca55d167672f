"""What is stored of improvements?"""

from __future__ import annotations

from brainops.store.database import Session


class Improvements:
    """The improvements of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
