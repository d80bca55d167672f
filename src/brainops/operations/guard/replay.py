"""What would another enforcement have done to the operations of the last days?"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from brainops.memory.context import MemoryContext
from brainops.operations.commands.action_class import classify
from brainops.operations.guard.guard import RuleIndex, check, holds_for_reading
from brainops.operations.guard.state import (
    FOLLOWED_SECONDS,
    PAST_SECONDS,
    Ruleset,
    following_rules,
    known_by_following,
    with_conditions,
)
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import (
    ActionClass,
    Allow,
    Approval,
    ApprovalState,
    Ask,
    Deny,
    Enforcement,
    Failed,
    GuardState,
    Operation,
    OperationStart,
    PastOperation,
    Receipt,
    Replay,
    Replayed,
    Rule,
    Succeeded,
    TriggerMatch,
)
from brainops.types.times import SECOND_MICROS

OPERATIONS = 20_000  # the newest; some seconds of work
RECEIPTS = 50_000
RUNS = 10_000
APPROVALS = 10_000
HELD = 200  # that are named; the counts know of all
EARLIER = 500  # of a session or target: as many as the guard itself looks at

Pushed = Callable[[OperationStart], Sequence[TriggerMatch]]


class ReplayedRecord(Struct):
    """What the store holds of the time that is replayed."""

    operations: list[Operation]
    receipts: list[Receipt]
    runs: Sequence[Row]
    approvals: Sequence[Approval]


def replay(context: MemoryContext, known: Ruleset, pushed: Pushed, enforcement: Enforcement, since: int) -> Replay:
    """Decide anew on every recorded operation since a time, by today's rules and what was known at its beginning.

    Approvals that were used then count. The procedures that a receipt had in view do not: they may have changed since.
    """
    with context.store.read() as tx:
        record = _read(tx, since)
    return _replayed(record, known, pushed, enforcement, since)


def _read(tx: Transaction, since: int) -> ReplayedRecord:
    found = tx.operations.list(name=None, target=None, outcome=None, since=since, limit=OPERATIONS)
    own = [operation for operation in found if operation.namespace == tx.scope.write]
    return ReplayedRecord(
        operations=sorted(own, key=lambda operation: operation.started_at),
        receipts=tx.rules.receipts_since(since - FOLLOWED_SECONDS * SECOND_MICROS, RECEIPTS),
        runs=tx.rules.runs_since(since - PAST_SECONDS * SECOND_MICROS, RUNS),
        approvals=tx.approvals.list(None, APPROVALS),
    )


def _replayed(record: ReplayedRecord, known: Ruleset, pushed: Pushed, enforcement: Enforcement, since: int) -> Replay:
    told: Counter[str] = Counter()
    by_rule: Counter[str] = Counter()
    held: list[Replayed] = []
    past = _Past()
    receipts = _Receipts(record.receipts)
    for operation in record.operations:
        start = replace(operation.start, action_class=classify(operation.start, known.patterns))
        at = operation.started_at
        reads, applying = start.action_class is ActionClass.READ_ONLY, list(known.index.applying(start))
        decision = Allow() if reads and not any(map(holds_for_reading, applying)) else None
        if decision is None:
            applied = [*applying, *following_rules(pushed(start), known.modes)]
            followed = tuple(_followed_then(record.runs, start, at))
            state = GuardState(
                enforcement=enforcement,
                receipts=receipts.of(start, operation.guidance_id, at, known_by_following(followed, known)),
                past=past.of(start, at),
                approvals=tuple(_granted_then(record.approvals, at)),
                followed=followed,
                active=known.hashes,
                critical_error_at=past.failed_at(start.target, at),
            )
            said = _decided(start, applied, with_conditions(state, start, None, applied), at)
        else:
            said = decision
        told[_verdict(said)] += 1
        if isinstance(said, Ask | Deny):
            by_rule[said.rule] += 1
            held.append(_held(operation, said))
        past.add(operation)
    return Replay(
        since=since,
        enforcement=enforcement,
        operations=len(record.operations),
        allowed=told["allow"],
        asked=told["ask"],
        denied=told["deny"],
        by_rule=dict(by_rule.most_common()),
        held=tuple(held[-HELD:][::-1]),
        cut=len(record.operations) >= OPERATIONS,
    )


def _decided(start: OperationStart, applied: Sequence[Rule], state: GuardState, at: int) -> Allow | Ask | Deny:
    index = RuleIndex(replace(rule, operations=(), targets=()) for rule in applied)
    return check(start, None, index, state, at)


def _verdict(said: Allow | Ask | Deny) -> str:
    return {Allow: "allow", Ask: "ask", Deny: "deny"}[type(said)]


def _held(operation: Operation, said: Ask | Deny) -> Replayed:
    return Replayed(
        operation_id=operation.id,
        operation_name=operation.start.name,
        target=operation.start.target,
        at=operation.started_at,
        verdict=_verdict(said),
        rule=said.rule,
        reason=said.reason,
    )


class _Past:
    """What was finished before, by session and by target, as the replay goes on."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, str], list[PastOperation]] = {}
        self._failed: dict[str, list[int]] = {}

    def add(self, operation: Operation) -> None:
        if operation.outcome is None or operation.finished_at is None:
            return
        start = operation.start
        earlier = PastOperation(
            name=start.name,
            target=start.target,
            arguments=start.context,
            result=operation.outcome.result,
            succeeded=isinstance(operation.outcome, Succeeded) and operation.contradicted_at is None,
            at=operation.finished_at,
            session_id=start.session_id,
        )
        for key in (("session", start.session_id), ("target", start.target)):
            if key[1] is not None:
                self._by.setdefault((key[0], key[1]), []).append(earlier)
        if isinstance(operation.outcome, Failed) and start.target is not None:
            self._failed.setdefault(start.target, []).append(operation.finished_at)

    def of(self, start: OperationStart, at: int) -> tuple[PastOperation, ...]:
        found = [
            *self._by.get(("session", start.session_id or ""), ())[-EARLIER:],
            *self._by.get(("target", start.target or ""), ())[-EARLIER:],
        ]
        since = at - PAST_SECONDS * SECOND_MICROS
        return tuple(sorted((each for each in found if since <= each.at <= at), key=lambda each: each.at))

    def failed_at(self, target: str | None, at: int) -> int | None:
        return max((each for each in self._failed.get(target or "", ()) if each <= at), default=None)


class _Receipts:
    """The receipts that stood at a time; a destructive operation's own serves it and none after."""

    def __init__(self, receipts: Iterable[Receipt]) -> None:
        self._by_session: dict[str | None, list[Receipt]] = {}
        for receipt in receipts:
            self._by_session.setdefault(receipt.session_id, []).append(receipt)

    def of(self, start: OperationStart, own_id: str | None, at: int, following: tuple[str, ...]) -> tuple[Receipt, ...]:
        known = self._by_session.get(start.session_id, [])
        newest = known[: bisect_right(known, at, key=lambda receipt: receipt.created_at)][-EARLIER:]
        return tuple(
            replace(
                receipt,
                action_class=start.action_class,
                procedures=(),
                acknowledged=(*receipt.acknowledged, *following),
                used_at=None if receipt.id == own_id or (receipt.used_at or at) >= at else receipt.used_at,
            )
            for receipt in newest
        )


def _granted_then(approvals: Iterable[Approval], at: int) -> Iterable[Approval]:
    for approval in approvals:
        decided, used = approval.decided_at, approval.used_at
        granted = approval.state in (ApprovalState.GRANTED, ApprovalState.USED)
        if granted and decided is not None and decided <= at <= (used or approval.expires_at):
            yield replace(
                approval, state=ApprovalState.GRANTED, used_at=None, expires_at=max(approval.expires_at, at + 1)
            )


def _followed_then(runs: Iterable[Row], start: OperationStart, at: int) -> Iterable[str]:
    for row in runs:
        ended = row["finished_at"]
        under_way = row["created_at"] <= at and (ended is None or ended >= at)
        lately = (
            row["state"] == "succeeded" and ended is not None and at - FOLLOWED_SECONDS * SECOND_MICROS <= ended <= at
        )
        if row["target"] == start.target and (under_way or lately):
            yield f"{row['procedure_name']}@{row['procedure_hash']}"
