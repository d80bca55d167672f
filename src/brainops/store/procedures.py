"""Which procedures are stored, in which versions?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainops.store.rows import value_of
from brainops.types import ProcedureVersion

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import Actor, Owner, Procedure, ProcedureState

MAX_VERSIONS = 1_000  # of one name that are shown; a name that changes daily has as many after three years
MAX_ACTIVE = 10_000  # of the readable namespaces; ten times what the guard is measured with


class ProcedureRows:
    """The versions of procedures in one transaction; how a body is read is the caller's business."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def changed(self) -> None:
        """Say that something changes in the written namespace; other writers of it wait until this one is done."""
        self._session.run("procedure_change")
        self._session.counted = True

    def changes(self) -> dict[str, int]:
        """Return the change counter of each readable namespace that has one."""
        return {row["namespace"]: row["counter"] for row in self._session.all("procedure_changes")}

    def insert(self, values: Mapping[str, Any], created_by: Actor) -> None:
        """Keep a new version, as a draft."""
        self._session.run(
            "procedure_insert",
            **values,
            created_kind=created_by.kind.value,
            created_by=created_by.id,
            created_proof=created_by.proof,
        )

    def activate(self, version_id: str, actor: Actor, at: int, reason: str) -> bool:
        """Let a version hold; return False where it does already."""
        values = {"actor_kind": actor.kind.value, "actor_id": actor.id, "actor_proof": actor.proof}
        return self._session.run("procedure_activate", id=version_id, at=at, reason=reason, **values) > 0

    def retire(self, name: str, at: int, reason: str) -> bool:
        """Let the active version of a name hold no longer; return False where none is."""
        return self._session.run("procedure_retire", name=name, at=at, reason=reason) > 0

    def own(self, version_id: str, owner: Owner, path: str | None) -> None:
        """Say where a version changes, and from which file it comes."""
        self._session.run("procedure_own", id=version_id, owner=owner.value, path=path)

    def by_id(self, version_id: str) -> Row | None:
        """Return one readable version."""
        return self._session.one("procedure_by_id", id=version_id)

    def versions(self, name: str) -> Sequence[Row]:
        """Return the readable versions of a name, newest first, each namespace's own numbers."""
        return self._session.all("procedure_versions", name=name, limit=MAX_VERSIONS)

    def active(self) -> Sequence[Row]:
        """Return every active version of the readable namespaces, by name."""
        return self._session.all("procedure_active", limit=MAX_ACTIVE)

    def list(self, state: ProcedureState | None) -> Sequence[Row]:
        """Return the newest version of each name in a state; without one, the active and the newest of each name."""
        wanted = None if state is None else state.value
        return self._session.all("procedure_list", state=wanted, limit=MAX_ACTIVE)

    def page(self, after: str, limit: int) -> Sequence[Row]:
        """Return the next versions after an id, in id order."""
        return self._session.all("procedure_page", after=after, limit=limit)


def version_of(row: Row, read: Callable[[str], Procedure]) -> ProcedureVersion:
    """Read a row as a version."""
    created_by, activated_by = (
        row[f"{what}_kind"] and {"kind": row[f"{what}_kind"], "id": row[f"{what}_by"], "proof": row[f"{what}_proof"]}
        for what in ("created", "activated")
    )
    procedure = read(row["body"])
    return value_of(ProcedureVersion, row, procedure=procedure, created_by=created_by, activated_by=activated_by)
