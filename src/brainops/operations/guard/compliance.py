"""How far were rules and procedures followed? Counted from the record, never from what anybody says of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from brainops.errors import InvalidInput
from brainops.memory.context import MemoryContext
from brainops.memory.draft import checked_moment
from brainops.operations.guard.state import FOLLOWED_SECONDS, settings_of
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Bypass, Compliance, ComplianceRow, Departure, RecordedDecision
from brainops.types.times import DAY_MICROS, SECOND_MICROS

MAX_DEPARTURES = 500  # departures, newest first; whoever needs more asks for fewer days
FARED = ("followed", "overridden", "violated", "bypassed", "blocked")

Key = Callable[[Row], str]


def compliance(context: MemoryContext, by: str, since: int) -> Compliance:
    """Return how procedures, services, days or persons fared since a time. Raises InvalidInput."""
    checked_moment(since, "since")
    with context.store.read() as tx:
        key = _key(by, tx)
        rows = tx.rules.counts(since // DAY_MICROS)
        per_person = settings_of(tx.rules.settings(), tx.scope.write).per_person
        departures = list(_departures(tx, since, context.store.now(), per_person))
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    shown = sorted(departures, key=lambda each: -each.at)
    return Compliance(
        by=by,
        since=since,
        rows=tuple(_row(name, groups[name]) for name in sorted(groups)),
        total=_row("all", rows),
        departures=tuple(shown[:MAX_DEPARTURES]),
        cut=len(shown) > MAX_DEPARTURES,
    )


def _key(by: str, tx: Transaction) -> Key:
    match by:
        case "procedure":
            return lambda row: str(row["procedure"] or row["rule_id"])
        case "service":
            return lambda row: str(row["service"] or "(none)")
        case "day":
            return lambda row: str((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=row["day"])).date())
        case "person":
            if not settings_of(tx.rules.settings(), tx.scope.write).per_person:
                raise InvalidInput(
                    "this namespace does not count compliance per person; a person turns that on: "
                    "brainops guard per-person on"
                )
            return lambda row: str(row["person"] or "(not counted)")
    raise InvalidInput(f"compliance is by procedure, service, day or person, not {by!r:.40}")


def _row(name: str, rows: Iterable[Row]) -> ComplianceRow:
    counts: Mapping[str, int] = dict.fromkeys(FARED, 0)
    for row in rows:
        counts = {fared: counts[fared] + int(row[fared]) for fared in FARED}
    applied = sum(counts.values())
    begun = applied - counts["blocked"]
    return ComplianceRow(name=name, applied=applied, rate=counts["followed"] / begun if begun else None, **counts)


def _departures(tx: Transaction, since: int, now: int, per_person: bool) -> Iterator[Departure]:
    for kind in ("observed", "warned", "override", "bypassed", "alarm", "blocked"):
        found = tx.rules.decisions(kind=kind, since=since, limit=MAX_DEPARTURES)
        yield from (_of_decision(decision, per_person) for decision in found)
    yield from (_of_skip(row, per_person) for row in tx.rules.skips(since, MAX_DEPARTURES))
    begun_before = now - FOLLOWED_SECONDS * SECOND_MICROS
    yield from (_of_undone(row, per_person) for row in tx.rules.runs_undone(since, begun_before, MAX_DEPARTURES))
    yield from (_of_bypass(bypass) for bypass in tx.rules.bypasses(since, MAX_DEPARTURES))


KINDS = {"observed": "violation", "warned": "violation", "bypassed": "violation under bypass"}
"""What a kind of decision is called among the departures; the others keep their name."""


def _of_decision(decision: RecordedDecision, per_person: bool) -> Departure:
    return Departure(
        kind=KINDS.get(decision.kind.value, decision.kind.value),
        at=decision.at,
        rule=decision.rule_name,
        procedure=decision.procedure,
        operation=decision.operation_name,
        target=decision.target,
        reason=decision.reason,
        actor=_named(decision.actor.kind.value, decision.actor.id, per_person),
        evidence=_ids(
            decision=decision.id,
            operation=decision.operation_id,
            receipt=decision.receipt_id,
            approval=decision.approval_id,
            bypass=decision.bypass_id,
        ),
    )


def _of_skip(row: Row, per_person: bool) -> Departure:
    return Departure(
        kind="skip",
        at=row["finished_at"],
        rule=f"follow {row['procedure_name']}",
        procedure=row["procedure_name"],
        operation=row["step_id"],
        target=row["target"],
        reason="the step was skipped with an approval",
        actor=_named(row["actor_kind"], row["actor_id"], per_person),
        evidence=_ids(run=row["run_id"], approval=row["skipped_because"]),
    )


def _of_undone(row: Row, per_person: bool) -> Departure:
    return Departure(
        kind="nothing done",
        at=row["created_at"],
        rule=f"follow {row['procedure_name']}",
        procedure=row["procedure_name"],
        operation="",
        target=row["target"],
        reason=f"the run is {row['state']}, and no step of it was done",
        actor=_named(row["actor_kind"], row["actor_id"], per_person),
        evidence=_ids(run=row["id"]),
    )


def _of_bypass(bypass: Bypass) -> Departure:
    """A bypass is an act of a proven person, on record by name: it is no measure of how anybody works."""
    return Departure(
        kind="bypass",
        at=bypass.opened_at,
        rule="(all)",
        procedure=None,
        operation="",
        target=None,
        reason=bypass.reason,
        actor=f"{bypass.by.kind.value}:{bypass.by.id}",
        evidence=_ids(bypass=bypass.id),
    )


def _named(kind: str, id: str, per_person: bool) -> str | None:
    """Return who it was; a person only where the namespace counts per person."""
    return None if kind == "person" and not per_person else f"{kind}:{id}"


def _ids(**ids: Any) -> dict[str, str]:
    return {name: str(value) for name, value in ids.items() if value is not None}
