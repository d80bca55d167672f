"""Which memories have vectors of which model, and which wait for one?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    from brainops.store.database import Row, Session
    from brainops.store.search import Embedded


class VectorRows:
    """The vectors of one transaction; the index itself searches them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def pending(self, after: int, limit: int) -> Sequence[Row]:
        """Return the next memories after a key that have no vector yet."""
        return self._session.all("vector_pending", after=after, limit=limit)

    def outdated(self, model_id: str, after: int, limit: int) -> Sequence[Row]:
        """Return the next memories after a key whose vectors are of another model."""
        return self._session.all("vector_outdated", model_id=model_id, after=after, limit=limit)

    def sample(self, model_id: str, limit: int) -> Sequence[Row]:
        """Return the newest memories that have a vector of a model."""
        return self._session.all("vector_sample", model_id=model_id, limit=limit)

    def drop_others(self, model_id: str) -> None:
        """Take away the vectors of the written namespace that are of other models."""
        self._session.run("vector_delete_others", model_id=model_id)


def vector_rows(
    session: Session, model_id: str, embedded: Sequence[Embedded], spelt: Callable[[numpy.ndarray], bytes | str]
) -> list[dict[str, Any]]:
    """Say of which model the vectors of memories are, and return the rows of those whose text is still the same."""
    keys, texts = [each.key for each in embedded], [f"{each.key} {each.content_hash}" for each in embedded]
    marked = {row["key"] for row in session.all("vector_mark", model_id=model_id, keys=keys, texts=texts)}
    return [
        {"memory_key": each.key, "model_id": model_id, "passage": passage, "vector": spelt(vector)}
        for each in embedded
        if each.key in marked
        for passage, vector in enumerate(each.vectors)
    ]
