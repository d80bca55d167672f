"""What is stored of what remedies did, and of which errors have one cause?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from brainops.statistics.contexts import TELLING
from brainops.store.rows import always, row_of, value_of
from brainops.types import ApplicationState, CauseChange, CauseStanding, Evidence, RemedyEffect, RemedyEvidence

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import JSON, Fix, FixApplication, Micros

MOST = 400  # pieces of evidence of one cause that are looked at, the newest; older ones say little about today
NEWEST = 1_000  # pieces over which rates of the whole record are taken
MAX_CHANGES = 200  # of one cause
MAX_VALUES = 16  # of a context that are kept with evidence
MAX_VALUE_CHARACTERS = 80  # what is longer is a text, and tells no places apart
NO_PLACE = frozenset({"error", "event", "fingerprint", "traceback"})
"""What a context holds besides of what is wrong: it tells no places apart."""

JUDGED = {
    ApplicationState.VERIFIED: RemedyEffect.HELPED,
    ApplicationState.FAILED: RemedyEffect.DID_NOT_HELP,
    ApplicationState.ROLLED_BACK: RemedyEffect.DID_NOT_HELP,
    ApplicationState.CONTRADICTED: RemedyEffect.DID_NOT_HELP,
}
"""Which states of an application show what the fix did."""


class EvidenceRows:
    """The evidence of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, evidence: RemedyEvidence) -> bool:
        """Keep evidence; return False where its id or key stands there already."""
        return self._session.run("evidence_insert", **row_of(evidence, "context")) > 0

    def get(self, evidence_id: str) -> RemedyEvidence | None:
        """Return one readable piece."""
        row = self._session.one("evidence_get", id=evidence_id)
        return evidence_of(row) if row else None

    def of_key(self, key: str) -> RemedyEvidence | None:
        """Return what was told under an idempotency key."""
        row = self._session.one("evidence_of_key", idempotency_key=key)
        return evidence_of(row) if row else None

    def list(self, fingerprints: Sequence[str] | None, remedy: str | None, limit: int) -> list[RemedyEvidence]:
        """Return evidence, the newest first."""
        given = {"anywhere": int(fingerprints is None), "fingerprints": list(fingerprints or ()), "remedy": remedy}
        return [evidence_of(row) for row in self._session.all("evidence_list", **given, limit=limit)]

    def of(self, fingerprints: Sequence[str]) -> Sequence[RemedyEvidence]:
        """Return what was seen here of remedies for these errors, the newest first."""
        rows = self._session.all("evidence_for", fingerprints=list(fingerprints), limit=MOST)
        return [evidence_of(row) for row in rows]

    def known(self, fingerprints: Sequence[str]) -> set[str]:
        """Return those fingerprints of which there is evidence."""
        return {row["fingerprint"] for row in self._session.all("evidence_with", fingerprints=list(fingerprints))}

    def first_tries(self) -> tuple[int, int]:
        """Return how many remedies were tried against an error for the first time, and how many of those helped."""
        row = always(self._session, "evidence_first", limit=NEWEST)
        return int(row["tried"]), int(row["helped"])

    def records(self, least: int) -> Sequence[Row]:
        """Return `fingerprint`, `remedy`, `target`, `helped` and `tried` of what helped so often on a target."""
        return self._session.all("evidence_records", least=least, limit=NEWEST)

    def judge(self, evidence_id: str, effect: RemedyEffect, basis: Evidence, note: str, at: Micros) -> bool:
        """Say that a remedy did something else than was thought."""
        values = {"effect": effect.value, "basis": basis.value, "note": note, "judged_at": at}
        return self._session.run("evidence_judge", id=evidence_id, **values) > 0

    def back(self, fingerprints: Sequence[str], target: str | None, since: Micros) -> Sequence[RemedyEvidence]:
        """Return what was told to have helped against errors on a target since then."""
        given = {"fingerprints": list(fingerprints), "target": target, "since": since}
        return [evidence_of(row) for row in self._session.all("evidence_back", **given)]

    def of_application(self, application: FixApplication, fix: Fix, context: Mapping[str, JSON] | None) -> None:
        """Keep what an application of a fix has shown, where it was judged; else its operation says where."""
        effect = JUDGED.get(application.state)
        told = application.run_id is None and not application.automatic and application.actor.kind.value == "agent"
        if effect is None and not (told and application.state is ApplicationState.APPLIED):
            return
        if context is None:
            context = self.context_of(application.operation_id)
        seen = effect is not RemedyEffect.HELPED or application.verified_by == "operation"
        tried_at = application.applied_at or application.created_at
        made = RemedyEvidence(
            id=application.id,
            namespace=application.namespace,
            fingerprint=application.fingerprint,
            remedy=remedy_of(fix),
            effect=effect or RemedyEffect.HELPED,
            basis=Evidence.CLAIMED if told else Evidence.OBSERVED if seen else Evidence.VERIFIED,
            target=application.target,
            context=place_of(context or {}),
            fix_id=fix.id,
            operation_id=application.operation_id,
            source="application",
            note=application.reason,
            at=tried_at,
            judged_at=application.decided_at or tried_at,
            actor=application.actor,
        )
        self._session.run("evidence_of_application", **row_of(made, "context"))

    def context_of(self, operation_id: str | None) -> Mapping[str, JSON]:
        """Return where an operation was carried out, as its context says."""
        row = None if operation_id is None else self._session.one("operation_context", id=operation_id)
        found = json.loads(row["context"]) if row else {}
        return found if isinstance(found, dict) else {}

    # Causes

    def add_change(self, change: CauseChange) -> bool:
        """Keep what was said of two errors."""
        return self._session.run("cause_change_insert", **row_of(change)) > 0

    def change(self, change_id: str) -> CauseChange | None:
        """Return what was said under an id."""
        row = self._session.one("cause_change_get", id=change_id)
        return cause_change_of(row) if row else None

    def changes(self, fingerprints: Sequence[str]) -> Sequence[CauseChange]:
        """Return what was said of errors and of those with the same cause, the latest first."""
        asked = set(fingerprints)
        while True:
            rows = self._session.all("cause_changes", fingerprints=sorted(asked), limit=MAX_CHANGES)
            joined = {
                each
                for row in rows
                if row["standing"] == CauseStanding.JOINED and row["undone_at"] is None
                for each in (row["fingerprint"], row["other"])
            }
            if joined <= asked:
                return [cause_change_of(row) for row in rows]
            asked |= joined

    def joined(self, limit: int) -> Sequence[CauseChange]:
        """Return the latest errors that were said to have one cause."""
        return [cause_change_of(row) for row in self._session.all("cause_changes_joined", limit=limit)]

    def errors_seen(self, *, day: Micros, since: Micros, kept: int, limit: int) -> Sequence[Row]:
        """Return the errors that are remembered, those first that came last.

        `failed_before` and `seen_before` are when they last came before that `day` (the latter of those that came no
        more than `kept` times), `mended_at` when a remedy last helped.
        """
        return self._session.all("errors_seen", day=day, since=since, kept=kept, limit=limit)

    def failed(self, fingerprints: Sequence[str], *, since: Micros, until: Micros, step: int) -> Sequence[Row]:
        """Return how many operations failed with each error in each step: `fingerprint`, `step`, `failed`."""
        given = {"fingerprints": list(fingerprints), "since": since, "until": until, "step": step}
        return self._session.all("errors_failed", **given)

    def last_failed(self, fingerprints: Sequence[str]) -> Sequence[Row]:
        """Return the operation that each error ended last: `fingerprint`, `id`, `name`, `target`, `finished_at`."""
        return self._session.all("errors_last", fingerprints=list(fingerprints))

    def undo_change(self, change_id: str, at: Micros) -> bool:
        """Let it count no more; return False where it did not, or stands elsewhere."""
        return self._session.run("cause_change_undo", id=change_id, undone_at=at) > 0


def remedy_of(fix: Fix) -> str:
    """Return what the remedy of a fix is called: its procedure, or its title."""
    return fix.procedure or fix.title


def place_of(context: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what of a context can tell places apart: its short plain values."""
    plain = {
        name: value
        for name, value in context.items()
        if name not in NO_PLACE and isinstance(value, str | int | float) and len(str(value)) <= MAX_VALUE_CHARACTERS
    }
    first = sorted(plain, key=lambda name: (name not in TELLING, name))[:MAX_VALUES]
    return {name: plain[name] for name in plain if name in first}


def evidence_of(row: Row) -> RemedyEvidence:
    """Read a row as RemedyEvidence."""
    return value_of(RemedyEvidence, row, context=json.loads(row["context"]))


def cause_change_of(row: Row) -> CauseChange:
    """Read a row as a CauseChange."""
    return value_of(CauseChange, row)
