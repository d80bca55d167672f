"""Which fixes are bound to which fingerprints, and how did each application go?"""

from __future__ import annotations

from brainops.store.database import Session


class Fixes:
    """The aggregate of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
