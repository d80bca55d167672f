"""What is stored of signals?"""

from __future__ import annotations

from brainops.store.database import Session


class Signals:
    """The signals of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
