"""How did the runs of a procedure's version go, step by step, and what was done on their targets besides?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.store.database import Row, Session
from brainops.types import Micros


class VariantRows:
    """What variants of procedures are mined from and judged by, in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def steps(self, procedure: str, digest: str, *, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return the steps, skipped ones too, of a version's newest runs that ended in a time."""
        values = {"procedure_name": procedure, "procedure_hash": digest, "since": since, "until": until}
        return self._session.all("variant_steps", **values, limit=limit)

    def beside(
        self, procedure: str, digest: str, *, since: Micros, until: Micros, window: Micros, limit: int
    ) -> Sequence[Row]:
        """Return what succeeded, as was seen, on the targets of these runs within a time before and after each."""
        values = {"procedure_name": procedure, "procedure_hash": digest, "since": since, "until": until}
        return self._session.all("variant_beside", **values, window=window, limit=limit)

    def trial_runs(self, improvement_id: str, *, share: int, repair: str, window: Micros, now: Micros) -> Sequence[Row]:
        """Return how the runs of each side ended: `runs` by `challenger`, `state` and whether they were `repaired`."""
        values = {"improvement_id": improvement_id, "share": share, "repair": repair, "window": window}
        return self._session.all("variant_trial_runs", **values, now=now)
