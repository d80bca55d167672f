"""Which rules and settings hold in a namespace, and what was decided by them?"""

from __future__ import annotations

from brainops.store.database import Session


class Rules:
    """The aggregate of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
