"""What is stored that the trail has to account for?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.store.database import Row, Session


class TrustRows:
    """What of one transaction's namespaces is compared with their trails."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claimed_memories(self, limit: int) -> Sequence[Row]:
        """Return the newest memories that count as verified although an agent captured them."""
        return self._session.all("trust_claimed_memories", limit=limit)

    def runs(self, limit: int) -> Sequence[Row]:
        """Return runs that are pinned to another version than the one that they were started with."""
        return self._session.all("trust_runs", limit=limit)

    def steps(self, limit: int) -> Sequence[Row]:
        """Return the newest steps that are done or done without, each with the version that their run is pinned to."""
        return self._session.all("trust_steps", limit=limit)

    def rules(self, limit: int) -> Sequence[Row]:
        """Return every rule that was ever written, those that were removed too."""
        return self._session.all("trust_rules", limit=limit)
