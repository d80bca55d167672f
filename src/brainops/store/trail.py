"""Who did what to memory, and can the record be trusted? An append-only, hash-chained trail, verdicts, backups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from brainops.store.actors import actor_columns
from brainops.store.ids import new_id
from brainops.store.paging import Beside, paged
from brainops.store.rows import value_of
from brainops.types import AuditEntry, Feedback, Page

if TYPE_CHECKING:
    from brainops.store.acts import Act
    from brainops.store.database import Row, Session
    from brainops.types import JSON, Actor

PAGE_ROWS = 500
GENESIS = "0" * 64  # the hash before a trail's first line


class Trail:
    """The audit trail, verdicts and backups of one transaction."""

    def __init__(self, session: Session, act: Act, actor: Actor) -> None:
        self._session = session
        self._act = act
        self._actor = actor

    def length(self, namespace: str) -> int:
        """Return how many lines the trail of a readable namespace has."""
        row = self._session.one("audit_length", of_namespace=namespace)
        return int(row["lines"]) if row else 0

    def append(self, subject: str, at: int, **detail: JSON) -> None:
        """Add a line to the trail of the written namespace: the act that goes on, by whoever does it."""
        assert self._act.name, "an act that leaves no line has nothing to say here"
        last = self._session.one("audit_last")
        entry = {
            "namespace": self._session.scope.write,
            "sequence": (last["sequence"] if last else 0) + 1,
            "at": at,
            **actor_columns(self._actor),
            "act": self._act.name,
            "subject": subject,
            "detail": json.dumps(detail, sort_keys=True, ensure_ascii=True),
            "previous_hash": last["hash"] if last else GENESIS,
        }
        self._session.run("audit_append", **entry, hash=chained_hash(entry))

    def put_back(self, row: Mapping[str, Any]) -> None:
        """Insert an exported line as it was."""
        self._session.run("audit_append", **row)

    def end(self) -> tuple[int, str]:
        """Return the sequence and hash of the last line of the written namespace; (0, GENESIS) where there is none."""
        last = self._session.one("audit_last")
        return (last["sequence"], last["hash"]) if last else (0, GENESIS)

    def of(self, subject: str) -> list[AuditEntry]:
        """Return what was done to a memory, oldest first."""
        return [entry_of(row) for row in self._session.all("audit_of_subject", subject=subject, limit=PAGE_ROWS)]

    def page(self, namespace: str, after: int) -> Sequence[Row]:
        """Return the next lines of a namespace's trail."""
        return self._session.all("audit_page", of_namespace=namespace, after=after, limit=PAGE_ROWS)

    def newest(
        self,
        limit: int,
        *,
        act: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        since: int | None = None,
        until: int | None = None,
        **beside: Unpack[Beside],
    ) -> Page[AuditEntry]:
        """Return lines of the written namespace's trail, the newest first."""
        of = {"act": act, "actor": actor, "subject": subject, "since": since, "until": until}
        return paged(self._session, "audit_list", entry_of, limit, **beside, **of)

    def first_break(self, namespace: str) -> int | None:
        """Return the sequence of the first line that does not fit the chain, or None when the whole trail holds."""
        previous, after = GENESIS, 0
        while rows := self.page(namespace, after):
            for row in rows:
                if row["sequence"] != after + 1 or row["previous_hash"] != previous or row["hash"] != chained_hash(row):
                    return after + 1
                previous, after = row["hash"], row["sequence"]
        return None

    def add_feedback(self, verdict: Feedback) -> bool:
        """Keep a verdict; return False where its id stands there already."""
        changed = self._session.run(
            "feedback_insert",
            id=verdict.id,
            memory_id=verdict.memory_id,
            verdict=verdict.verdict.value,
            actor_kind=verdict.actor.kind.value,
            actor_id=verdict.actor.id,
            actor_proof=verdict.actor.proof,
            at=verdict.at,
            note=verdict.note,
            correction_id=verdict.correction_id,
            undone_at=verdict.undone_at,
        )
        return changed > 0

    def feedback(self, feedback_id: str) -> Feedback | None:
        """Return one verdict of the written namespace."""
        row = self._session.one("feedback_get", id=feedback_id)
        return feedback_of(row) if row else None

    def feedback_on(self, memory_id: str) -> list[Feedback]:
        """Return every verdict on a memory, oldest first."""
        return [feedback_of(row) for row in self._session.all("feedback_of_memory", memory_id=memory_id)]

    def undo_feedback(self, feedback_id: str) -> bool:
        """Take a verdict back; return False where it was taken back before."""
        return self._session.run("feedback_undo", id=feedback_id) > 0

    def purge_feedback(self, memory_id: str) -> None:
        """Remove the verdicts on a purged memory."""
        self._session.run("feedback_purge", memory_id=memory_id)

    def feedback_page(self, after: str) -> Sequence[Row]:
        """Return the next verdicts after an id, in id order."""
        return self._session.all("feedback_page", after=after, limit=PAGE_ROWS)

    def rewrite_feedback(self, feedback_id: str, note: str) -> None:
        """Replace a verdict's note, after redaction."""
        self._session.run("feedback_rewrite", id=feedback_id, note=note)

    def add_backup(self, path: str, sha256: str, at: int) -> None:
        """Remember that a backup was written, so that a purge can name those that may still hold what it removed."""
        self._session.run("backup_insert", id=new_id(), path=path, sha256=sha256, at=at)

    def backups(self, limit: int = 100) -> Sequence[Row]:
        """Return the backups that were written, newest first."""
        return self._session.all("backup_list", limit=limit)


def chained_hash(row: Mapping[str, Any] | Row) -> str:
    """Return the SHA-256 of a line and the hash before it."""
    names = ("namespace", "sequence", "at", "actor_kind", "actor_id", "actor_proof", "act", "subject", "detail")
    line = json.dumps([row["previous_hash"], *(row[name] for name in names)], ensure_ascii=True)
    import hashlib

    return hashlib.sha256(line.encode()).hexdigest()


def entry_of(row: Row) -> AuditEntry:
    """Read a row as an AuditEntry."""
    return value_of(AuditEntry, row, "detail")


def feedback_of(row: Row) -> Feedback:
    """Read a row as a Feedback."""
    return value_of(Feedback, row)
