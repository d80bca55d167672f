"""Where does each run and each of its steps stand, and who owns it?"""

from __future__ import annotations

from brainops.store.database import Session


class Runs:
    """The aggregate of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
