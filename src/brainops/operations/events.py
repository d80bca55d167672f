"""What begins because something happened, and what is over because it is resolved?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.memory.context import MemoryContext
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations import log
from brainops.operations.guard.enforcement import Guard
from brainops.operations.jsonable import jsonable
from brainops.operations.operation import start_of
from brainops.operations.run_operations import RunOperations
from brainops.procedures.runs.reactions import begin_runs, proposed
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    Alert,
    AlertEvent,
    AlertState,
    Answer,
    Autonomy,
    ErrorEvent,
    Handled,
    OperationStart,
    Succeeded,
    TriggerMatch,
)
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain
from brainops_core.recognition.error_events import error_title

MAX_KEY_CHARACTERS = 200  # of an alert or a group; a longer one is told apart by a digest
MAX_LABELS = 64
MAX_LINK_CHARACTERS = 2_000
RESOLVED_DAYS = 30  # that a resolved alert is known: then it is nobody's to wait for, and the log has it


class Parts(Protocol):
    """What is asked of whoever holds a view's parts."""

    context: MemoryContext

    @property
    def triggers(self) -> Triggers:
        """What sets procedures off."""
        ...

    @property
    def guard(self) -> Guard:
        """What may act by itself."""
        ...


class Happening(Struct, frozen=True, kw_only=True):
    """Something that happened, ready to be written down: its texts are clean, and what is for it was looked up."""

    start: OperationStart
    error: ErrorEvent | None
    kind: str
    matches: Sequence[TriggerMatch]
    alert: AlertEvent


def happening(
    context: MemoryContext,
    triggers: Triggers,
    alert: AlertEvent,
    *,
    error: str | ErrorEvent | BaseException | None = None,
    said: Mapping[str, Any] | None = None,
    session: str | None = None,
) -> Happening:
    """Return what happened as it may be kept, with the procedures that are for it. Raises InvalidInput."""
    alert = checked_alert(context, alert)
    happened = log.checked_error(context, log.event_of(error, None)) if error is not None else None
    kind = alert.name if happened is None else fingerprint(happened).digest
    about = {"severity": alert.severity, "labels": dict(alert.labels), "group": alert.group, "link": alert.link}
    told: dict[str, Any] = {**{name: value for name, value in about.items() if value}, **(said or {})}
    told["event"] = alert.name
    if happened is not None:
        told |= {"error": error_title(happened), "fingerprint": kind}
    name = f"{'resolve' if alert.resolved else 'handle'} {alert.name}"
    start = log.checked_start(context, start_of(name, alert.target, told, context.actor, session))
    matches = () if alert.resolved else triggers.answering(start)
    return Happening(start=start, error=happened, kind=kind, matches=matches, alert=alert)


def handle(
    parts: Parts,
    told: Mapping[str, Any],
    *,
    error: str | ErrorEvent | BaseException | None,
    said: Mapping[str, Any] | None,
    session: str | None,
) -> Handled:
    """Write down what happened, and let the procedures that are for it begin: one run for each kind and target."""
    alert = from_plain(AlertEvent, told)
    context = parts.context
    happened = happening(context, parts.triggers, alert, error=error, said=said, session=session)
    held_back = held_back_by(parts.guard)
    with context.store.writing(acts.RECORD, context.actor) as tx:
        return write(tx, context, happened, held_back)


def write(tx: Transaction, context: MemoryContext, happened: Happening, held_back: str | None) -> Handled:
    """Do in one transaction what follows from something that happened; of an alert that was told before, nothing.

    Procedures are for it by the events or fingerprints of their triggers. They begin unless something holds them back;
    else they are only named. Each event is an operation of the log, each error a memory.
    """
    alert, start, at = happened.alert, happened.start, context.store.now()
    known = tx.alerts.written(alert.key) if alert.key else None
    if known is not None and not _is_news(known, alert):
        tx.alerts.seen(known.key, at, fired=not alert.resolved)
        return Handled(
            operation_id=known.operation_id,
            kind=known.identity,
            memory_id=None,
            answers=_answers(tx, known.key),
            repeated=True,
        )
    operation_id, memory_id = new_id(), None
    log.begin(tx, operation_id, start, None, at)
    if happened.error is not None and not alert.resolved:
        memory_id = log.distil(tx, context, happened.error, start, operation_id)
    if alert.resolved:
        answers = _answers(tx, alert.key or "")
    elif held_back is None:
        answers = begin_runs(
            tx,
            context,
            happened.matches,
            start,
            kind=happened.kind,
            group=alert.group,
            operations=RunOperations(context),
            operation_id=operation_id,
        )
    else:
        answers = proposed(happened.matches, held_back)
    if alert.key:
        _settle(tx, alert.key, happened, known, operation_id, answers, at)
    runs: JSON = [answer.run_id for answer in answers]
    log.finish(tx, context, operation_id, start, Succeeded(result={"runs": runs}), at)
    return Handled(operation_id=operation_id, kind=happened.kind, memory_id=memory_id, answers=answers)


def held_back_by(guard: Guard) -> str | None:
    """Return why nothing begins by itself here, None where it may."""
    stopped = guard.automatic_stopped()
    if stopped is not None:
        return f"what acts by itself is stopped: {stopped}"
    autonomy = guard.settings().autonomy
    if autonomy is not Autonomy.AUTO:
        return f"autonomy is {autonomy.value}: brainops autonomy auto lets it begin"
    return None


def checked_alert(context: MemoryContext, alert: AlertEvent) -> AlertEvent:
    """Return an alert with clean, redacted, bounded texts. Raises InvalidInput for what nobody could work on."""
    if alert.resolved and not alert.key:
        raise InvalidInput("what is resolved is known by its key: the one under which it was told to fire")
    if len(alert.labels) > MAX_LABELS:
        raise InvalidInput(f"an alert has at most {MAX_LABELS} labels, not {len(alert.labels)}")
    if alert.link and not alert.link.lower().startswith(("http://", "https://")):
        raise InvalidInput(f"the link of an alert begins with https:// or http://, not {alert.link!r:.80}")
    labels = jsonable({str(name): str(value) for name, value in alert.labels.items()}, context.redaction)
    return replace(
        alert,
        key=_key(context, alert.key),
        group=_key(context, alert.group),
        labels=labels if isinstance(labels, dict) else {},
        severity=context.text(alert.severity, MAX_NAME_CHARACTERS),
        link=context.text(alert.link, MAX_LINK_CHARACTERS) if alert.link else None,
    )


def _key(context: MemoryContext, said: str | None) -> str | None:
    if not said or not said.strip():
        return None
    name = context.name(said.strip())
    return name if len(name) <= MAX_KEY_CHARACTERS else hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()


def _is_news(known: Alert, told: AlertEvent) -> bool:
    """Say whether an alert stands otherwise than was known, and is not told late."""
    if (known.state is AlertState.RESOLVED) == told.resolved:
        return False
    if known.said_at is None or told.said_at is None:
        return True
    return told.said_at >= known.said_at if told.resolved else told.said_at > known.said_at


def _answers(tx: Transaction, key: str) -> tuple[Answer, ...]:
    """Return the runs that are for an alert."""
    return tuple(
        Answer(procedure=row["procedure_name"], run_id=row["run_id"], began=False, reason="it is for this alert")
        for row in tx.alerts.runs_of(key)
    )


def _settle(
    tx: Transaction,
    key: str,
    happened: Happening,
    known: Alert | None,
    operation_id: str,
    answers: Sequence[Answer],
    at: int,
) -> None:
    """Write how an alert stands now, and which runs are for it; let those go on that wait until it is resolved."""
    alert, start = happened.alert, happened.start
    about = known if known is not None and alert.resolved else None  # the end of one says less of it than its beginning
    tx.alerts.put(
        Alert(
            namespace=tx.scope.write,
            key=key,
            event=start.name.partition(" ")[2],
            target=start.target or (about.target if about else None),
            severity=alert.severity or (about.severity if about else ""),
            labels=dict(alert.labels) or (about.labels if about else {}),
            link=alert.link or (about.link if about else None),
            group_key=alert.group,
            identity=known.identity if known and alert.resolved else happened.kind,
            state=AlertState.RESOLVED if alert.resolved else AlertState.FIRING,
            told=(known.told if known else 0) + (not alert.resolved),
            fired_at=known.fired_at if known and alert.resolved else at,
            changed_at=at,
            seen_at=at,
            said_at=alert.said_at or (about.said_at if about else None),
            operation_id=known.operation_id if known and alert.resolved else operation_id,
        )
    )
    if alert.resolved:
        tx.alerts.wake(key, at)
        return
    tx.alerts.forget_runs(key)
    for run_id in dict.fromkeys(answer.run_id for answer in answers if answer.run_id):
        tx.alerts.add_run(run_id, key)
    tx.alerts.trim(at - RESOLVED_DAYS * DAY_MICROS)
