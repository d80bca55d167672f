"""What was a person asked, what was decided, and what must somebody still be told?"""

from __future__ import annotations

from brainops.store.database import Session


class Approvals:
    """The aggregate of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
