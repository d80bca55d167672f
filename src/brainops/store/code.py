"""Which patches of code stand in their repositories?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import Micros


class CodeRows:
    """The patches of code of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, improvement_id: str) -> Row | None:
        """Return what became of a patch: `repository`, `commit_id`, `stands`, `left_because`."""
        return self._session.one("code_get", id=improvement_id)

    def put(self, improvement_id: str, repository: str, commit_id: str, left_because: str, at: Micros) -> None:
        """Say what was just done in the repository, or why it was not."""
        values = {"repository": repository, "commit_id": commit_id, "left_because": left_because}
        self._session.run("code_put", id=improvement_id, **values, at=at)

    def stand(self, improvement_id: str, *, stands: bool, at: Micros) -> bool:
        """Say that a patch holds, or no longer; return False where nothing was done with it yet."""
        return self._session.run("code_stand", id=improvement_id, stands=int(stands), at=at) > 0
