"""Which memories have vectors of which model, and which wait for one?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.store.database import Row, Session


class VectorRows:
    """The vectors of one transaction; the index itself searches them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def models(self) -> dict[str | None, int]:
        """Return how many readable memories have vectors of which model; None is of none yet."""
        return {row["model_id"]: row["memories"] for row in self._session.all("vector_models")}

    def waiting(self, model_id: str) -> int:
        """Return how many readable memories still wait for a vector of a model."""
        row = self._session.one("vector_pending_count", model_id=model_id)
        return int(row["pending"]) if row else 0

    def wait(self, model_id: str, after: int, limit: int) -> Sequence[Row]:
        """Return the next memories after a key that wait for a vector of a model."""
        return self._session.all("vector_pending", model_id=model_id, after=after, limit=limit)

    def sample(self, model_id: str, limit: int) -> Sequence[Row]:
        """Return the newest memories that have a vector of a model."""
        return self._session.all("vector_sample", model_id=model_id, limit=limit)

    def drop_others(self, model_id: str) -> None:
        """Take away the vectors of the written namespace that are of other models."""
        self._session.run("vector_delete_others", model_id=model_id)
