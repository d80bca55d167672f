"""What did hooks see, taken out of their spool and into the store: exactly once, however often this is killed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.errors import BrainOpsError, Conflict, StoreError
from brainops.hooks.folder import COUNTS, counted
from brainops.operations import log as records
from brainops.operations.operation import start_of
from brainops.store import acts
from brainops.store.answers import CLAIM, Claim, Repeated
from brainops.types import (
    ActionClass,
    Actor,
    ActorKind,
    DecisionKind,
    Enforcement,
    ErrorEvent,
    Failed,
    RecordedDecision,
    RuleKind,
    RuleMode,
    Succeeded,
)
from brainops.types.times import DAY_MICROS, HOUR_MICROS
from brainops_core.hook import spool
from brainops_core.hook.ledger import FOLDER
from brainops_core.recognition.error_events import from_output

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.fixes.fixes import Fixes
    from brainops.store import Transaction
    from brainops.types import Operation, Outcome

BATCH = 100  # events in one transaction
KEPT_LEDGER_SECONDS = 30 * 86_400  # whoever goes on with a session does so within days
KEPT_DENIALS_A_DAY = 1_000
KEPT_FAULTS = 100  # the newest of a client; doctor counts those of the last day
MAX_BETWEEN = (
    3  # commands between a failure and the same command's success; more of them say nothing of which one it was
)
READ_BETWEEN = 100  # operations of all sessions since a failure; of more than these nobody says what helped
INTERRUPTED = ErrorEvent(type="CancelledError", message="interrupted by a person")

log = lazy.logger()

Line = Mapping[str, Any]


class Writing(Protocol):
    """What a drain writes with, as an agent in its namespaces."""

    @property
    def context(self) -> MemoryContext:
        """Its store and who acts."""
        ...

    @property
    def fixes(self) -> Fixes:
        """Where what helped is kept."""
        ...


Opened = Callable[[Sequence[str], Actor], Writing]
"""Returns the parts for a chain of namespaces, the written one first, and an actor."""


class Drained(Struct, kw_only=True):
    """What a drain took up, what is left because its time was over, and the lines that were no events."""

    events: int = 0
    left: int = 0
    unreadable: int = 0


def drain(folder: str, services: Opened, seconds: float | None = None) -> Drained:
    """Take the spool of a folder into the store; nothing where another process does.

    After `seconds` no further batch begins, and what is left stays for the next. Raises StoreError.
    """
    done = Drained()
    if not spool.waiting(folder):
        return done
    until = None if seconds is None else time.monotonic() + seconds
    with _alone(folder) as alone:
        if alone:
            _forget_sessions(folder)
            for path, lines, unreadable in spool.taken(folder):
                if unreadable:
                    log.warning("%d lines of hooks that are no events were left out", unreadable)
                done.unreadable += unreadable
                _drain_file(folder, path, lines, services, until, done)
    return done


@contextmanager
def _alone(folder: str) -> Iterator[bool]:
    """Say whether this process is the one that drains; its end, however it comes, lets the next one."""
    with open(os.path.join(folder, "drain.lock"), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _forget_sessions(folder: str) -> None:
    """Remove the ledgers of sessions that are over for long."""
    with suppress(OSError):
        for entry in os.scandir(os.path.join(folder, FOLDER)):
            if time.time() - entry.stat().st_mtime > KEPT_LEDGER_SECONDS:
                os.unlink(entry.path)


def _drain_file(
    folder: str,
    path: str,
    lines: list[Line],
    services: Opened,
    until: float | None,
    done: Drained,
) -> None:
    batches = list(_batches(lines))
    for number, batch in enumerate(batches):
        if until is not None and time.monotonic() > until:
            left = [line for each in batches[number:] for line in each]
            _rewrite(path, left)
            done.left += len(left)
            return
        _drain_batch(batch, services)
        _count(folder, batch)
        done.events += len(batch)
    os.unlink(path)


def _batches(lines: list[Line]) -> Iterator[list[Line]]:
    """Yield the events that one transaction takes: of one client and one chain of namespaces, in order."""
    for _, same in groupby(lines, key=_whose):
        together = list(same)
        yield from (together[at : at + BATCH] for at in range(0, len(together), BATCH))


def _whose(line: Line) -> tuple[tuple[str, ...], str]:
    namespaces = line.get("namespaces")
    chain = tuple(map(str, namespaces)) if isinstance(namespaces, list) else ()
    return chain, str(line.get("client", ""))


def _rewrite(path: str, lines: list[Line]) -> None:
    unfinished = f"{path}.new"
    with open(unfinished, "w", encoding="ascii") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


# Into the store


def _drain_batch(batch: list[Line], services: Opened) -> None:
    """Write a batch in one transaction, under a key by which a second try finds that it is there.

    Of a batch that is refused as invalid each event is tried by itself, so that one that nothing can be made of is not
    in the way of the others for ever. A store that is busy, full or away says nothing of the events: they stay, and the
    drain ends. Raises StoreError.
    """
    kept = [line for line in batch if line["kind"] in KINDS]
    namespaces, client = _whose(batch[0])
    if not (kept and namespaces):
        return
    try:
        parts = services(namespaces, Actor(kind=ActorKind.AGENT, id=client or "agent", proof="environment"))
        _write(parts.context, kept)
    except Repeated:
        return
    except StoreError:
        raise
    except (BrainOpsError, ValueError, KeyError, TypeError, AttributeError) as refused:
        if len(kept) == 1:
            log.warning("an event of a hook could not be kept: %s", refused)
            return
        for line in kept:
            _drain_batch([line], services)
        return
    for line in kept:
        if line.get("outcome") == "succeeded":
            _learn(parts, line)


def _write(context: MemoryContext, lines: list[Line]) -> None:
    key = hashlib.blake2b("\n".join(str(line["id"]) for line in lines).encode(), digest_size=16).hexdigest()
    token = CLAIM.set(Claim(f"spool:{key}", "drain"))
    try:
        with context.store.writing(acts.RECORD, context.actor) as tx:
            for line in lines:
                KINDS[line["kind"]](tx, context, line)
    finally:
        CLAIM.reset(token)


def _begun(tx: Transaction, context: MemoryContext, line: Line) -> None:
    if tx.operations.get(str(line["id"])) is None:
        start = start_of(
            str(line["name"]), line.get("target"), line.get("context"), context.actor, line.get("session") or None
        )
        start = replace(records.checked_start(context, start), action_class=ActionClass(line["class"]))
        records.begin(tx, str(line["id"]), start, None, int(line["at"]))


def _ended(tx: Transaction, context: MemoryContext, line: Line) -> None:
    outcome = _outcome(line)
    if outcome is not None:
        _begun(tx, context, line)
        _finish(tx, context, str(line["id"]), outcome, int(line["at"]))


def _settled(tx: Transaction, context: MemoryContext, line: Line) -> None:
    known = tx.operations.get(str(line["operation"]))
    if known is None:
        return
    outcome = _outcome({**line, "class": known.start.action_class.value})
    if outcome is None:  # a reader that found nothing: no operation of anybody's
        tx.operations.discard(known.id)
    else:
        _finish(tx, context, known.id, outcome, int(line["at"]))


def _finish(tx: Transaction, context: MemoryContext, operation_id: str, outcome: Outcome, at: int) -> None:
    begun = tx.operations.get(operation_id)
    if begun is None or begun.outcome is not None:
        return
    with suppress(Conflict):
        records.finish(tx, context, operation_id, begun.start, outcome, at)


def _outcome(line: Line) -> Outcome | None:
    """Return how a call ended; None for what only read and told of no error, as `grep` does that finds nothing."""
    reads = line["class"] == ActionClass.READ_ONLY.value
    match line.get("outcome"):
        case "succeeded":
            return None if reads else Succeeded(result={"exit_code": 0})
        case "cancelled":
            return None if reads else Failed(error=INTERRUPTED)
    text, code = str(line.get("error", "")), line.get("exit")
    if reads and from_output(text, int(code or 1)) is None:
        return None
    return Failed(error=records.event_of(text, None), result=None if code is None else {"exit_code": code})


def _denied(tx: Transaction, context: MemoryContext, line: Line) -> None:
    """Put on record that a rule held a call back, where people see blocks and say which were wrong."""
    if not line.get("rule_kind"):
        return
    at = int(line["at"])
    decision = RecordedDecision(
        id=str(line["id"]),
        namespace=context.store.scope.write,
        at=at,
        kind=DecisionKind.BLOCKED,
        rule_id=str(line["rule"]),
        rule_name=str(line["rule_name"]),
        rule_kind=RuleKind(line["rule_kind"]),
        procedure=line.get("procedure"),
        verdict=str(line["verdict"]),
        would=str(line["verdict"]),
        mode=RuleMode(line["mode"]),
        enforcement=Enforcement.STRICT,
        reason=str(line["reason"]),
        way_out=str(line["way_out"]),
        operation_id=None,
        operation_name=str(line["name"]),
        target=line.get("target"),
        service="",
        action_class=ActionClass(line["class"]),
        receipt_id=None,
        approval_id=None,
        bypass_id=None,
        actor=context.actor,
        session_id=line.get("session") or None,
    )
    if tx.rules.decision(decision.id) is None:
        tx.rules.record(decision, day_start=at - at % DAY_MICROS, kept=KEPT_DENIALS_A_DAY)


KINDS: Mapping[str, Callable[[Any, MemoryContext, Line], None]] = {
    "began": _begun,
    "settled": _settled,
    "ended": _ended,
    "denied": _denied,
}
"""What becomes of each kind of event; the others are only counted."""


# What helped


def _learn(parts: Writing, line: Line) -> None:
    """Where a command works that failed in this session, keep what was done in between as advice for its error.

    It is an agent's word that nobody checked, so it is suggested and no more; what happened between is only told where
    it is little enough to be the reason, all of it is commands that are known to have gone well, and nothing is known
    already. What edited a file or ended nobody knows how may be what helped, so that nothing else is credited for it.
    """
    context = parts.context
    with context.store.read() as tx:
        worked = tx.operations.get(str(line.get("operation") or line["id"]))
        if worked is None or worked.start.session_id is None:
            return
        earlier = tx.operations.list(
            name=worked.start.name,
            target=worked.start.target,
            outcome="failed",
            since=worked.started_at - HOUR_MICROS,
            limit=1,
        )
        if not earlier or not _same_session(earlier[0], worked):
            return
        since = tx.operations.list(
            name=None, target=None, outcome=None, since=earlier[0].started_at, limit=READ_BETWEEN
        )
    failed = earlier[0]
    between = [
        each
        for each in reversed(since)
        if failed.started_at < each.started_at < worked.started_at
        and each.start.session_id == worked.start.session_id
        and each.start.name != worked.start.name
        and not isinstance(each.outcome, Failed)
    ]
    commands = [str(each.start.context.get("command", "")) if each.outcome else "" for each in between]
    steps = list(dict.fromkeys(commands))
    if len(since) == READ_BETWEEN or not all(steps) or not isinstance(failed.outcome, Failed):
        return
    if not 0 < len(steps) <= MAX_BETWEEN:
        return
    error = failed.outcome.error
    if parts.fixes.suggest(error):
        return
    advice = f"before {worked.start.name}: {'; then '.join(steps)}"
    try:
        parts.fixes.attach(error, steps[-1][:100], advice=advice)
    except BrainOpsError as refused:  # a namespace may let no agent attach anything
        log.info("what helped is not kept: %s", refused)


def _same_session(one: Operation, other: Operation) -> bool:
    return one.start.session_id == other.start.session_id and one.started_at < other.started_at


# What is counted


def _count(folder: str, batch: list[Line]) -> None:
    """Count by client what was taken up, for doctor and status; it is told of, and nothing rests on it."""
    counts = counted(folder)
    for line in batch:
        client = counts.setdefault(str(line.get("client", "")), {"events": 0, "kept": 0, "faults": 0, "newest": []})
        client["events"] += 1
        client["kept"] += line["kind"] in KINDS
        client["last_at"] = max(int(line["at"]), client.get("last_at", 0))
        if line["kind"] == "fault":
            client["faults"] += 1
            client["newest"] = [*client["newest"], {"at": line["at"], "error": str(line.get("error"))}][-KEPT_FAULTS:]
    path = Path(folder, COUNTS)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(counts), encoding="ascii")
    unfinished.replace(path)
