"""What is stored of agents?"""

from __future__ import annotations

from brainops.store.database import Session


class Agents:
    """The agents of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
