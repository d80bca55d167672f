"""What is stored of sharing?"""

from __future__ import annotations

from brainops.store.database import Session


class Sharing:
    """The sharing of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
