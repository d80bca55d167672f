"""What is stored of learning?"""

from __future__ import annotations

from brainops.store.database import Session


class Learning:
    """The learning of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
