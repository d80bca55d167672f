"""Which errors are there, by their causes: how does each stand, how often does it come, and what is known to help?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from brainops.memory.capture import KEPT_OCCURRENCES
from brainops.procedures.fixes import record
from brainops.procedures.remedies.causes import members
from brainops.store import Transaction
from brainops.store.cursors import read, written
from brainops.store.paging import list_of, page_of, place_beside
from brainops.types import ErrorState, Fix, FixSuggestion, Micros, Page, SeenError
from brainops.types.times import DAY_MICROS, HOUR_MICROS

LOOKED_AT = 5_000  # errors, those that came last: what is older has been quiet for long
JOINED = 1_000  # errors that were said to have the cause of another
GONE: Micros = 2 * DAY_MICROS  # away for so long it is quiet, and what comes back after it returns
STEP: Micros = 6 * HOUR_MICROS
STEPS = 28  # of a week


class SeenCause(Struct, frozen=True, kw_only=True):
    """What the store says of the errors of one cause, the one that came last first."""

    rows: Sequence[Any]

    @property
    def last_at(self) -> Micros:
        """When it came last."""
        return int(self.rows[0]["last_at"])

    @property
    def first_at(self) -> Micros:
        """When it first came."""
        return min(int(row["first_at"]) for row in self.rows)

    @property
    def mended_at(self) -> Micros | None:
        """When a remedy last helped."""
        return max((int(row["mended_at"]) for row in self.rows if row["mended_at"] is not None), default=None)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The errors that it shows as."""
        return tuple(dict.fromkeys(row["fingerprint"] for row in self.rows))

    def state(self, now: Micros) -> ErrorState:
        """Say how it stands now."""
        if self.mended_at is not None and self.mended_at >= self.last_at:
            return ErrorState.MENDED
        if self.last_at < now - GONE:
            return ErrorState.QUIET
        if self.first_at >= now - DAY_MICROS:
            return ErrorState.NEW
        before = [row[name] for row in self.rows for name in ("failed_before", "seen_before") if row[name] is not None]
        back = self.last_at >= now - DAY_MICROS and bool(before) and max(before) < now - GONE
        return ErrorState.RETURNING if back else ErrorState.ONGOING


def standings(tx: Transaction, now: Micros, since: Micros) -> list[SeenCause]:
    """Return the causes that came since, those first that came last."""
    rows = tx.evidence.errors_seen(day=now - DAY_MICROS, since=since, kept=KEPT_OCCURRENCES, limit=LOOKED_AT)
    joined = {name for each in tx.evidence.joined(JOINED) for name in (each.fingerprint, each.other)}
    changes = tx.evidence.changes(sorted(joined)) if joined else ()
    causes: dict[str, list[Any]] = {}
    leads: dict[str, str] = {}
    for row in rows:
        own: str = row["fingerprint"]
        if own not in leads:
            ours: tuple[str, ...] = members([own], changes) if own in joined else (own,)
            leads.update(dict.fromkeys(ours, own))
        causes.setdefault(leads[own], []).append(row)
    return [SeenCause(rows=each) for each in causes.values()]


def counts(tx: Transaction, now: Micros, since: Micros) -> dict[ErrorState, int]:
    """Return how many causes stand how; every state is named."""
    found = Counter(each.state(now) for each in standings(tx, now, since))
    return {state: found[state] for state in ErrorState}


def page(
    tx: Transaction,
    now: Micros,
    *,
    state: ErrorState | None,
    since: Micros,
    limit: int,
    after: str | None,
    before: str | None,
) -> Page[SeenError]:
    """Return a page of the causes, those first that came last."""
    of = list_of(tx.session, "errors_seen", {"state": state and state.value, "since": since})
    cursor = place_beside(after, before)
    rows = [
        {"of": each, "at": each.last_at, "key": int(each.rows[0]["key"])}
        for each in standings(tx, now, since)
        if state is None or each.state(now) is state
    ]
    if before is not None:
        rows.reverse()
    if cursor is not None:
        place = tuple(map(int, read(cursor, of, int, int)))
        rows = [
            row
            for row in rows
            if ((row["at"], row["key"]) > place if before is not None else (row["at"], row["key"]) < place)
        ]
    kept: Sequence[Any] = rows[: limit + 1]
    found = page_of(kept, limit, lambda row: row, lambda row: written(of, [row["at"], row["key"]]), after, before)
    shown: Mapping[int, SeenError] = _shown(tx, now, [row["of"] for row in found])
    return found.of(shown[row["key"]] for row in found)


def _shown(tx: Transaction, now: Micros, causes: Sequence[SeenCause]) -> dict[int, SeenError]:
    errors = [name for each in causes for name in each.fingerprints]
    since = now + 1 - STEPS * STEP
    failed: dict[str, Counter[int]] = defaultdict(Counter)
    for row in tx.evidence.failed(errors, since=since, until=now + 1, step=STEP) if errors else ():
        failed[row["fingerprint"]][int(row["step"])] += int(row["failed"])
    last = {row["fingerprint"]: row for row in tx.evidence.last_failed(errors)} if errors else {}
    fixes: dict[str, list[Fix]] = defaultdict(list)
    for fix in tx.fixes.of(errors) if errors else ():
        fixes[fix.fingerprint].append(fix)
    proofs = record.Proofs(tx, now) if fixes else None
    found = {}
    for each in causes:
        ended = [last[name] for name in each.fingerprints if name in last]
        operation = max(ended, key=lambda row: int(row["finished_at"]), default=None)
        bound = [fix for name in each.fingerprints for fix in fixes[name]][: record.MAX_FIXES]
        sure: list[FixSuggestion] = []
        if proofs is not None:
            sure = [record.suggestion(tx, fix, proofs, exact=True) for fix in bound]
        found[int(each.rows[0]["key"])] = SeenError(
            id=each.fingerprints[0],
            title=each.rows[0]["title"],
            state=each.state(now),
            memory_id=each.rows[0]["id"],
            fingerprints=each.fingerprints,
            occurrences=sum(int(row["occurrences"]) for row in each.rows),
            first_at=each.first_at,
            last_at=each.last_at,
            mended_at=each.mended_at,
            counts=tuple(sum(failed[name][step] for name in each.fingerprints) for step in range(STEPS)),
            step_seconds=STEP / 1e6,
            operation_id=operation["id"] if operation else None,
            operation=operation["name"] if operation else None,
            target=operation["target"] if operation else None,
            fixes=len(bound),
            fix=max(sure, key=lambda one: one.confidence.value, default=None),
        )
    return found
