"""What is stored of cases?"""

from __future__ import annotations

from brainops.store.database import Session


class Cases:
    """The cases of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
