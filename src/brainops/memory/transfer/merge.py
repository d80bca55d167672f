"""What happens to each line of an export when it meets what stands here already?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from brainops.memory.capture import add_what_is_new
from brainops.memory.context import MemoryContext
from brainops.memory.draft import words_of_row
from brainops.memory.identity import make_room, stays, with_free_key
from brainops.memory.transfer.foreign_rows import UNVOUCHED, arriving
from brainops.memory.transfer.foreign_trail import settle
from brainops.memory.transfer.line_kinds import FOLLOWS
from brainops.memory.transfer.segments import segment_row, unpack
from brainops.store import Transaction, acts
from brainops.store.operations import policy_of
from brainops.store.scope import Scope
from brainops.store.trail import GENESIS, feedback_of
from brainops.types import MemoryState, Trust

STANDS = "it stands here already"
SAME = "another memory with the same content stands here already, and keeps what this one adds"
VERIFIED = "another memory with the same content stands here as verified, and stays as it is"
APART = "the memory or run that it belongs to was left"
MAX_TOLD_NAME_CHARACTERS = 120
NAMED = 20  # of what was left or disarmed for one reason: enough to look after, and a line that is read

Unit = list[tuple[str, dict[str, Any]]]
"""Rows that belong together, with their kinds: a memory and its occurrences, a run and its steps, or one other row."""


class Noted:
    """What an import did otherwise than the file says: counts by kind and reason, with the first names."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.names: dict[tuple[str, str], list[str]] = {}

    def add(self, kind: str, reason: str, name: str | None = None) -> None:
        """Note one row."""
        self.counts[kind, reason] += 1
        names = self.names.setdefault((kind, reason), [])
        if name is not None and len(names) < NAMED:
            names.append(name[:MAX_TOLD_NAME_CHARACTERS])


class Intake:
    """Puts the rows of an export into namespaces, and counts what it took and left."""

    def __init__(self, context: MemoryContext, sha256: str) -> None:
        self._context = context
        self._sha256 = sha256
        self._last_hash: dict[str, str] = {}
        self._taken_into: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.left = Noted()
        self.disarmed = Noted()

    def take(self, source: str, target: str, batch: Sequence[Unit]) -> None:
        """Put a batch of one namespace into another (mostly the same) in one transaction."""
        with self._context.store.writing(acts.IMPORT, self._context.actor, scope=Scope.of(target)) as tx:
            trail = [row for unit in batch for kind, row in unit if kind == "audit"]
            for unit in batch:
                if unit[0][0] != "audit":
                    self._take_unit(tx, unit)
            if trail:
                self._take_trail(tx, source, trail)

    def leave(self, batch: Sequence[Unit], reason: str) -> None:
        """Count a batch as left."""
        for unit in batch:
            for kind, _ in unit:
                self.left.add(kind, reason)

    def sign(self, source: str, target: str, last_hash: str | None) -> None:
        """Add a line on the import to the trail, unless the trail itself came over whole or nothing was taken."""
        with self._context.store.writing(acts.IMPORT, self._context.actor, scope=Scope.of(target)) as tx:
            now = self._context.store.now()
            came_over = source == target and tx.trail.end()[1] == (last_hash or GENESIS)
            if came_over or self._taken_into[target]:
                settle(tx, now, whole=came_over)
            if came_over or not self._taken_into[target] or tx.trail.of(self._sha256):
                return
            tx.trail.append(self._sha256, now, source=source, rows=self._taken_into[target])

    def _take_unit(self, tx: Transaction, unit: Unit) -> None:
        kind, row = unit[0]
        if kind in FOLLOWS:
            self._count(tx, kind, APART)  # a line that nothing stands before which it belongs to
            return
        reason = self._take_row(tx, kind, row)
        for follower, each in unit[1:]:
            if reason is None:
                self._take_row(tx, follower, each)
            else:
                self._count(tx, follower, STANDS if reason == STANDS else APART)

    def _take_row(self, tx: Transaction, kind: str, row: dict[str, Any]) -> str | None:
        """Insert a row as it arrives; return None where it was taken, otherwise why it was left."""
        arrival = arriving(kind, row, self._context.store.now())
        if arrival.row is None:
            assert arrival.why is not None
            self._count(tx, kind, arrival.why, arrival.name)
            return arrival.why
        arrived, why, name = arrival.row, arrival.why, arrival.name
        unvouched = _unvouched(kind, arrived)
        if unvouched is not None and not tx.lets(acts.VOUCH):
            arrived, why, name = unvouched, UNVOUCHED, unvouched.get("title")
        reason = _put(tx, kind, arrived, self._context.store.now())
        self._count(tx, kind, reason)
        if reason is None and why is not None:
            self.disarmed.add(kind, why, name)
        return reason

    def _count(self, tx: Transaction, kind: str, reason: str | None, name: str | None = None) -> None:
        if reason is None:
            self.taken[kind] += 1
            self._taken_into[tx.scope.write] += 1
        else:
            self.left.add(kind, reason, name)

    def _take_trail(self, tx: Transaction, source: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take over lines that continue the trail exactly; keep others as the detail of an entry of our own."""
        target = tx.scope.write
        standing = {row["sequence"]: row["hash"] for row in tx.trail.page(target, rows[0]["sequence"] - 1)}
        last, foreign = tx.trail.end(), []
        before = self._last_hash.get(source, GENESIS)
        for row in rows:
            if source == target and standing.get(row["sequence"]) == row["hash"]:
                self._count(tx, "audit", STANDS)
            elif source == target and last == (row["sequence"] - 1, before):
                tx.trail.put_back(row)
                last = (row["sequence"], row["hash"])
                self._count(tx, "audit", None)
            else:
                foreign.append(row)
            before = row["hash"]
        self._last_hash[source] = before
        if foreign:
            subject = f"trail of {source} up to {foreign[-1]['hash']}"
            known = bool(tx.trail.of(subject))
            if not known:
                now = self._context.store.now()
                lines = [dict(row) for row in foreign]
                tx.trail.append(subject, now, source=source, lines=lines)
            for _ in foreign:
                self._count(tx, "audit", STANDS if known else None)


def _unvouched(kind: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return verified memories as they arrive by whoever may not say that they are; None where none is verified."""
    if kind == "memory" and row["trust"] == Trust.VERIFIED.value:
        return {**row, "trust": Trust.EXTERNAL.value}
    if kind == "segment" and row["kind"] == "memory":
        lines = unpack(row)
        kept = [line if (said := _unvouched(line["kind"], line)) is None else said for line in lines]
        return {**row, **segment_row(row["id"], "memory", row["created_at"], kept)} if kept != lines else None
    return None


def _put(tx: Transaction, kind: str, row: dict[str, Any], now: int) -> str | None:
    """Insert a row; return None where it was taken, otherwise why it was left."""
    match kind:
        case "memory":
            return _put_memory(tx, row, now)
        case "occurrence":
            tx.memories.put_back_occurrence(row)
            fresh = True
        case "feedback":
            fresh = tx.trail.add_feedback(feedback_of(row))
        case "operation":
            fresh = tx.operations.put_back(row, now)
        case "operation_count":
            fresh = tx.operations.put_back_count(row)
        case "growth_policy":
            policy = policy_of(row)
            fresh = all(each["operation_name"] != policy.operation_name for each in tx.operations.policies())
            if fresh:
                tx.operations.put_policy(policy)
        case "segment":
            fresh = tx.operations.add_segment(row)
        case _:
            fresh = tx.records.put_back(kind, row)
    return None if fresh else STANDS


def _put_memory(tx: Transaction, row: dict[str, Any], now: int) -> str | None:
    """Insert a memory; where a current one says the same, that one keeps what this one adds."""
    if tx.memories.key(row["id"]) is not None:
        return STANDS
    row = dict(with_free_key(tx, row))
    current = row["state"] == MemoryState.ACTIVE and row["superseded_by"] is None
    try:
        with tx.session.savepoint():
            standing = make_room(tx, row, now) if current else None
            if standing is None:
                if not tx.memories.put_back(row, words_of_row(row)):
                    raise _Elsewhere
                return None
    except _Elsewhere:
        return STANDS
    if stays(tx, standing):
        return VERIFIED
    tx.memories.join(standing["id"], row)
    add_what_is_new(tx, standing, row)
    return SAME


class _Elsewhere(Exception):
    """A memory of this id stands in a namespace that is not read: what room was made for it is undone."""
