"""What do operations, runs and verdicts show of remedies, so that nobody has to tell it besides?

These run inside the transaction that ends an operation or keeps a verdict. What was followed is a fix, a procedure, a
memory that says what helped, or a remedy by its name; against which error says the operation's context, or the fix.
What was told of the same try already, by its application or by somebody, is not said again.
"""

from __future__ import annotations

from collections.abc import Mapping

from brainops.errors import InvalidInput
from brainops.memory.solutions import remedy_of_memory
from brainops.procedures.fixes import record as fix_record
from brainops.procedures.remedies.clusters import settle
from brainops.procedures.remedies.identity import identify
from brainops.store import Transaction
from brainops.store.evidence import place_of, remedy_of
from brainops.store.memories import memory_of
from brainops.types import (
    JSON,
    Actor,
    ActorKind,
    Evidence,
    Feedback,
    FixMode,
    Memory,
    Micros,
    OperationStart,
    RemedyEffect,
    RemedyEvidence,
    Verdict,
)

LATEST = 20  # pieces of evidence of one remedy among which the same try is looked for
WORD = {
    ActorKind.PERSON: Evidence.VERIFIED,
    ActorKind.SERVICE: Evidence.OBSERVED,
    ActorKind.AGENT: Evidence.CLAIMED,
}
"""What the word of each kind of actor is: a person looked, a program such as a monitor saw, an agent says so."""


def follow(tx: Transaction, made: RemedyEvidence) -> None:
    """Let evidence say what it says of causes, and of fixes that apply themselves."""
    settle(tx, made)
    if made.effect is RemedyEffect.HELPED:
        return
    for fix in tx.fixes.of([made.fingerprint]):
        same = fix.mode is FixMode.AUTO and made.remedy == remedy_of(fix)
        if same and not fix_record.failed_elsewhere(tx, fix, made):
            fix_record.demote(tx, fix.id, made.note or "it did not help", made.actor, made.judged_at)


def of_operation(
    tx: Transaction,
    operation_id: str,
    start: OperationStart,
    followed_id: str,
    *,
    helped: bool,
    basis: Evidence,
    seconds: float | None,
    at: Micros,
) -> None:
    """Keep what an operation that has ended shows of what it followed; an agent's own end is its word."""
    found = _tried(tx, start, followed_id)
    if found is None:
        return
    fingerprint, remedy = found
    latest = tx.evidence.list([fingerprint], remedy, LATEST)
    if any(each.operation_id == operation_id or each.judged_at == at for each in latest):
        return
    made = RemedyEvidence(
        id=operation_id,
        namespace=tx.scope.write,
        fingerprint=fingerprint,
        remedy=remedy,
        effect=RemedyEffect.HELPED if helped else RemedyEffect.DID_NOT_HELP,
        basis=Evidence.CLAIMED if start.actor.kind is ActorKind.AGENT else basis,
        target=start.target,
        context=place_of(start.context),
        operation_id=operation_id,
        seconds=seconds,
        source="operation",
        at=at,
        judged_at=at,
        actor=start.actor,
    )
    if tx.evidence.add(made):
        follow(tx, made)


def judged(tx: Transaction, operation_id: str, actor: Actor, at: Micros, *, right: bool, note: str = "") -> None:
    """Let what a later look says of an operation's outcome stand for what it showed of a remedy, if anything."""
    known = tx.evidence.get(operation_id)
    if known is None or known.source != "operation":
        return
    helped = (known.effect is RemedyEffect.HELPED) is right
    effect = known.effect if right else RemedyEffect.HELPED if helped else RemedyEffect.DID_NOT_HELP
    if tx.evidence.judge(known.id, effect, WORD[actor.kind], note or known.note, at):
        again = tx.evidence.get(operation_id)
        assert again is not None
        follow(tx, again)


def of_verdict(tx: Transaction, given: Feedback, memory: Memory) -> None:
    """Keep what a verdict on an error memory says of the remedy that it names.

    Its undoing takes that back, and of one actor's verdicts on a memory the latest stands.
    """
    remedy = remedy_of_memory(memory)
    if remedy is None or memory.fingerprint is None:
        return
    made = RemedyEvidence(
        id=given.id,
        namespace=tx.scope.write,
        fingerprint=memory.fingerprint,
        remedy=remedy,
        effect=RemedyEffect.HELPED if given.verdict is Verdict.HELPFUL else RemedyEffect.DID_NOT_HELP,
        basis=WORD[given.actor.kind],
        source="feedback",
        note=given.note or "",
        at=given.at,
        judged_at=given.at,
        actor=given.actor,
    )
    if tx.evidence.add(made):
        follow(tx, made)


def _tried(tx: Transaction, start: OperationStart, followed_id: str) -> tuple[str, str] | None:
    """Return which remedy an operation tried, against which error; None where it tried none, or against none."""
    fingerprint = _error(start.context)
    if (fix := tx.fixes.get(followed_id)) is not None:
        return fingerprint or fix.fingerprint, remedy_of(fix)
    if fingerprint is None and start.parent_id is not None:  # a run that an event began: the event has the error
        told = tx.evidence.context_of(start.parent_id)  # its text is a title there: the whole error has another print
        known = told.get("fingerprint")
        fingerprint = known if isinstance(known, str) and "event" in told else _error(told)
    if fingerprint is None:
        return None
    if (procedure := tx.procedures.by_id(followed_id)) is not None:
        return fingerprint, procedure["name"]
    if tx.memories.key(followed_id) is not None:
        remedy = remedy_of_memory(memory_of(tx.memories.row(followed_id)))
    else:
        remedy = followed_id if tx.evidence.list(None, followed_id, 1) else None
    return None if remedy is None else (fingerprint, remedy)


def _error(context: Mapping[str, JSON]) -> str | None:
    error = context.get("error")
    try:
        return identify(error).digest if isinstance(error, str) and error.strip() else None
    except InvalidInput:
        return None
