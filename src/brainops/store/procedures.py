"""Which procedures are stored, in which versions?"""

from __future__ import annotations

from brainops.store.database import Session


class Procedures:
    """The aggregate of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
