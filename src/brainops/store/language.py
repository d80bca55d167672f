"""What is stored of language?"""

from __future__ import annotations

from brainops.store.database import Session


class Language:
    """The language of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
