"""What is written of an operation when it begins, ends, is verified or contradicted?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.memory.draft import content_hash, dumped, prepare
from brainops.memory.recognition.error_events import from_exception, parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations.jsonable import jsonable
from brainops.store import acts
from brainops.store.operations import GrowthPolicy, finish_row
from brainops.types import (
    ActorKind,
    Draft,
    ErrorEvent,
    Evidence,
    Failed,
    Fingerprint,
    Frame,
    MemoryType,
    OperationStart,
    Outcome,
    Source,
    Trust,
)
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.times import DAY_MICROS
from brainops_core.blake2 import blake2b
from brainops_core.recognition.digests import text_digests
from brainops_core.recognition.error_events import error_title
from brainops_core.recognition.fingerprint import is_client_error
from brainops_core.redaction.redact import safe_text

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.types import JSON, Operation

MAX_ID_CHARACTERS = 200  # of a session or a parent operation
MAX_MESSAGE_CHARACTERS = 10_000  # of an error
MAX_FRAMES = 50
SURROUNDINGS = frozenset(
    ("cwd", "directory", "folder", "host", "hostname", "node", "pid", "pwd", "user", "working_directory")
)
"""Names in a context that say where something runs: all that runs there has them, so nothing is alike for them."""
MAX_CONTEXT_ENTRIES = 20  # of an operation in its error's memory; every occurrence keeps its whole context
MAX_CONTEXT_CHARACTERS = 300  # of each
ERROR_IMPORTANCE = 0.6  # above the default: what went wrong once is asked for more often than what did not
CANCELLATIONS = frozenset({"CancelledError", "KeyboardInterrupt", "GeneratorExit", "SystemExit"})
SAMPLE_STEPS = 10_000  # a sampling rate is exact to one in ten thousand


def checked_start(context: MemoryContext, start: OperationStart) -> OperationStart:
    """Return an operation with clean, redacted texts; raise InvalidInput where it has no name."""
    name = _text(context, start.name, "an operation's name")
    target = _text(context, start.target, "a target") if start.target else None
    reading = jsonable(dict(start.context), context.redaction)
    context_read = reading if isinstance(reading, dict) else {"note": reading}
    return replace(
        start,
        name=name,
        target=target,
        context=context_read,
        session_id=_id(context, start.session_id, "session_id"),
        parent_id=_id(context, start.parent_id, "parent_id"),
    )


def _id(context: MemoryContext, value: Any, what: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > MAX_ID_CHARACTERS:
        raise InvalidInput(f"{what} is text of at most {MAX_ID_CHARACTERS} characters, not {str(value)[:40]!r}")
    return context.name(value)


def _text(context: MemoryContext, value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{what} is text, for example 'deploy api', not {value!r:.80}")
    return context.text(value, MAX_NAME_CHARACTERS)


def event_of(error: BaseException | ErrorEvent | str, service: str | None) -> ErrorEvent:
    """Return any error as an event, of this service where it names none."""
    match error:
        case ErrorEvent():
            event = error
        case BaseException():
            event = from_exception(error)
        case _:
            event = parse_error(str(error))
    return event if event.service or service is None else replace(event, service=service)


def checked_error(context: MemoryContext, event: ErrorEvent) -> ErrorEvent:
    """Return an error with clean, redacted, bounded texts."""

    def text(value: str, limit: int) -> str:
        return safe_text(value, context.redaction, limit)

    frames = tuple(
        Frame(module=text(frame.module, 500), function=text(frame.function, 300), in_app=frame.in_app)
        for frame in event.frames[-MAX_FRAMES:]
    )
    return ErrorEvent(
        type=text(event.type, 300),
        message=text(event.message, MAX_MESSAGE_CHARACTERS),
        frames=frames,
        service=text(event.service, 300) if event.service else None,
    )


def begin(tx: Transaction, operation_id: str, start: OperationStart, guidance_id: str | None, at: int) -> None:
    """Write that an operation begins."""
    tx.operations.begin(operation_id, start, guidance_id, at)


class Ending(Struct, kw_only=True):
    """An operation that ends: what is known of it, and what those before in the list found out."""

    context: MemoryContext
    operation_id: str
    start: OperationStart
    outcome: Outcome
    at: int
    followed_id: str | None
    client_errors: bool
    error_memory_id: str | None
    policy: GrowthPolicy
    identity: Fingerprint | None = None
    kept: bool = True


def clean(_: Transaction, ending: Ending) -> None:
    """Redact and bound what an outcome says."""
    result = jsonable(ending.outcome.result, ending.context.redaction)
    ending.outcome = replace(ending.outcome, result=result)
    if isinstance(ending.outcome, Failed):
        ending.outcome = replace(ending.outcome, error=checked_error(ending.context, ending.outcome.error))
        ending.identity = fingerprint(ending.outcome.error)


def decide_what_is_kept(tx: Transaction, ending: Ending) -> None:
    """Failures are kept whole, up to a number of each; of successes what the policy of their name says."""
    policy = ending.policy
    if ending.identity is not None:
        failures = tx.operations.failures_kept(ending.identity.digest, ending.at - DAY_MICROS)
        ending.kept = failures < policy.failures_per_fingerprint
    elif policy.mode == "sampled":
        digest = blake2b(ending.operation_id.encode(), digest_size=8).digest()
        ending.kept = int.from_bytes(digest, "big") % SAMPLE_STEPS < policy.rate * SAMPLE_STEPS
    else:
        ending.kept = policy.mode == "full"


def capture_error(tx: Transaction, ending: Ending) -> None:
    """An error is a memory at once, and sets the fixes off that are due for it; an end that was asked for is none."""
    if ending.error_memory_id is not None or not isinstance(ending.outcome, Failed):
        return
    error = ending.outcome.error
    cancelled = error.type.rsplit(".", 1)[-1] in CANCELLATIONS
    if not cancelled and (ending.client_errors or not is_client_error(error)):
        ending.error_memory_id = distil(tx, ending.context, error, ending.start, ending.operation_id)


def write_end(tx: Transaction, ending: Ending) -> None:
    """Write the end; raise Conflict where one was written before."""
    if not ending.kept:
        tx.operations.discard(ending.operation_id)
        return
    values = finish_row(ending.outcome, ending.at)
    values.update(
        fingerprint=ending.identity.digest if ending.identity else None,
        error_memory_id=ending.error_memory_id,
        followed_id=ending.followed_id,
    )
    if not tx.operations.finish(ending.operation_id, values):
        raise Conflict(f"operation {ending.operation_id} is finished already, or was never begun here")


def confirm_fixes(tx: Transaction, ending: Ending) -> None:
    """What an agent says of its own work shows nothing, however it says it; nor does what anybody only claims."""
    from brainops.procedures.fixes import record as fix_record

    outcome, start = ending.outcome, ending.start
    shown = outcome.evidence is not Evidence.CLAIMED and start.actor.kind is not ActorKind.AGENT
    if not isinstance(outcome, Failed) and shown:
        fix_record.on_success(tx, start.name, start.target, ending.at)


def show_remedy(tx: Transaction, ending: Ending) -> None:
    """What was followed against an error helped or did not; what was cancelled shows neither."""
    from brainops.procedures.remedies import outcomes

    outcome = ending.outcome
    cancelled = isinstance(outcome, Failed) and outcome.error.type.rsplit(".", 1)[-1] in CANCELLATIONS
    if ending.followed_id is not None and not cancelled:
        outcomes.of_operation(
            tx,
            ending.operation_id,
            ending.start,
            ending.followed_id,
            helped=not isinstance(outcome, Failed),
            basis=outcome.evidence,
            seconds=outcome.duration_seconds,
            at=ending.at,
        )


def count(tx: Transaction, ending: Ending) -> None:
    """Count it, also where its row is not kept."""
    failed = isinstance(ending.outcome, Failed)
    tx.operations.tally(ending.start.name, ending.at, failed=failed, recorded=ending.kept)


AT_THE_END: Sequence[Callable[[Transaction, Ending], None]] = (
    clean,
    decide_what_is_kept,
    capture_error,
    write_end,
    confirm_fixes,
    show_remedy,
    count,
)
"""What is done in the transaction in which an operation ends, in order: whoever began it, and whatever it was."""


def finish(
    tx: Transaction,
    context: MemoryContext,
    operation_id: str,
    start: OperationStart,
    outcome: Outcome,
    at: int,
    *,
    followed_id: str | None = None,
    client_errors: bool = False,
    error_memory_id: str | None = None,
) -> None:
    """Write how an operation ended, distil its error, and count it.

    An error that is a memory already, since a part of the operation ended in it, is named by `error_memory_id`.
    Raises Conflict where an end was written before: the first one counts.
    """
    ending = Ending(
        context=context,
        operation_id=operation_id,
        start=start,
        outcome=outcome,
        at=at,
        followed_id=followed_id,
        client_errors=client_errors,
        error_memory_id=error_memory_id,
        policy=tx.operations.policy(start.name),
    )
    for each in AT_THE_END:
        each(tx, ending)


def distil(
    tx: Transaction,
    context: MemoryContext,
    event: ErrorEvent,
    start: OperationStart | None,
    operation_id: str | None,
    *,
    trust: Trust = Trust.AGENT,
) -> str:
    """Make an error a memory: one per fingerprint, with a count and its occurrences. Return the memory's id.

    One of external trust (a line of a log) tells no fix to act: it may be old, and anybody may have written it.
    """
    from brainops.procedures.fixes import record as fix_record

    identity = fingerprint(event)
    content: dict[str, Any] = {"error": error_title(event), "message": event.message}
    if event.frames:
        content["frames"] = [f"{frame.module}:{frame.function}" for frame in event.frames if frame.in_app][-10:]
    if event.service:
        content["service"] = event.service
    if start is not None:
        content["operation"] = start.name
        if start.target:
            content["target"] = start.target
        if context_told := _told(start.context):
            content["context"] = context_told
    source = Source(
        actor=start.actor if start else context.actor,
        session_id=start.session_id if start else None,
        operation_id=operation_id,
    )
    draft = Draft(
        title=error_title(event),
        content=content,
        type=MemoryType.ERROR_PATTERN,
        tags=(event.service[:100],) if event.service else (),
        importance=ERROR_IMPORTANCE,
        metadata={"context": dict(start.context)} if start and start.context else {},
        trust=trust,
        source=source,
        fingerprint=identity.digest,
    )
    error_id = _store_error(tx, context, draft, identity, event)
    if trust is Trust.EXTERNAL:
        return error_id
    due = fix_record.on_error(
        tx,
        event,
        operation_id=operation_id,
        target=start.target if start else None,
        context=start.context if start else {},
        actor=source.actor,
        at=context.store.now(),
    )
    if due:
        context.due([application.id for application in due])
    return error_id


def _told(context: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return what an operation's context says beside the error, short enough to be read and searched with it."""
    told: dict[str, JSON] = {}
    about = [(name, value) for name, value in context.items() if name not in SURROUNDINGS]
    for name, value in about[:MAX_CONTEXT_ENTRIES]:
        text = value if isinstance(value, str) else dumped(value, "the context")
        if name not in ("error", "fingerprint") and value is not None:
            told[name] = value if len(text) <= MAX_CONTEXT_CHARACTERS else f"{text[: MAX_CONTEXT_CHARACTERS - 1]}…"
    return told


def remembered(tx: Transaction, event: ErrorEvent) -> str | None:
    """Return the id of the memory that an error is in the written namespace, None where it is none."""
    found = tx.memories.by_fingerprint(fingerprint(event).digest, (), limit=MAX_FRAMES)
    return next((memory.id for memory in found if memory.namespace == tx.scope.write), None)


def _store_error(
    tx: Transaction, context: MemoryContext, draft: Draft, identity: Fingerprint, event: ErrorEvent
) -> str:
    from brainops.memory.capture import MAX_DETAIL_CHARACTERS, store

    prepared = prepare(draft, context.redaction)
    # The identity of a distilled error is its fingerprint, not this occurrence's text.
    prepared.row["message_fingerprint"] = text_digests(event)[-1]
    prepared.row["content_hash"] = content_hash("fingerprint", str(identity.version), identity.digest)
    detail = {"message": event.message[:MAX_DETAIL_CHARACTERS], "context": draft.metadata.get("context", {})}
    prepared.row["metadata"] = dumped(detail, "error context")
    return store(tx, prepared, draft.source, context, None).id


def get(context: MemoryContext, operation_id: str) -> Operation:
    """Return one readable operation; raise NotFound."""
    with context.store.read() as tx:
        return _known(tx, operation_id)


def contradict(context: MemoryContext, operation_id: str, reason: str) -> None:
    """Say that an outcome that was taken for a success was none (or the reverse); raise NotFound, Conflict."""
    from brainops.procedures.remedies import outcomes

    with context.store.writing(acts.CONTRADICT, context.actor) as tx:
        _finished(tx, operation_id)
        said = context.text(reason)
        if not tx.operations.contradict(operation_id, said):
            raise Conflict(f"operation {operation_id} was contradicted before")
        now = context.store.now()
        tx.trail.append(operation_id, now, reason=said)
        outcomes.judged(tx, operation_id, context.actor, now, right=False, note=said)


def verify(context: MemoryContext, operation_id: str) -> None:
    """Say that a later check confirmed an outcome; raise NotFound, Conflict."""
    from brainops.procedures.remedies import outcomes

    with context.store.writing(acts.VERIFY, context.actor) as tx:
        _finished(tx, operation_id)
        tx.operations.verify(operation_id)
        now = context.store.now()
        tx.trail.append(operation_id, now)
        outcomes.judged(tx, operation_id, context.actor, now, right=True)


def _known(tx: Transaction, operation_id: str) -> Operation:
    operation = tx.operations.get(operation_id)
    if operation is None:
        raise NotFound(f"there is no operation {str(operation_id)[:80]!a} in the namespaces that you read")
    return operation


def _finished(tx: Transaction, operation_id: str) -> None:
    if _known(tx, operation_id).outcome is None:
        raise Conflict(f"operation {operation_id} has not ended yet; finish it first")
