"""How does somebody begin to work: what stands, holds, happened lately, is there, and goes on by itself?

A session is an operation of the log by which it was opened, and everything that carries its id since.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.agents.adapters.run import adapter_of
from brainops.errors import BrainOpsError, NotFound
from brainops.health.briefing import SORTS, block, screen
from brainops.health.status import guarding, masked, waiting
from brainops.health.workers import ALIVE_SECONDS
from brainops.learning.cycles.cycles import Learning
from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_text
from brainops.operations import log as records
from brainops.operations.operation import start_of
from brainops.procedures.catalog import Catalog
from brainops.procedures.consent.automatic import stopped_here
from brainops.procedures.fixes.fix_procedure import TAG as FIX_TAG
from brainops.store import Transaction, acts
from brainops.store.figures import OPENING
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    ActionClass,
    Actor,
    ActorKind,
    AdapterKind,
    Briefing,
    Cycle,
    Failed,
    MemoryType,
    Micros,
    Mode,
    Operation,
    ProcedureVersion,
    SessionRecord,
    Succeeded,
    Trust,
)
from brainops.types.times import DAY_MICROS
from brainops.version import __version__
from brainops_core.recognition.error_events import error_title
from brainops_core.redaction.redact import redact_name

RECENT = 8  # memories of each sort; the screen shows fewer
EXCERPT_CHARACTERS = 400
SAID_CHARACTERS = 80  # of a reason in the summary

CATCH_UP_OPERATIONS = 500  # that no cycle has looked at: more would keep somebody waiting who only wants to begin
CATCH_UP_MEMORIES = 5_000  # a store in which even a daily cycle is a matter of moments
CATCH_UP_SECONDS = 0.3  # after this no further cycle begins
KEEPS_WAITING = "it would keep you waiting"

EXTRAS = {
    "policy": "cel_expr_python",
    "postgres": "psycopg",
    "workers": "procrastinate",
    "agents": "pydantic_ai",
    "mcp": "mcp",
}
"""The package that shows that an extra is installed."""

BINDING = (Mode.STRICT, Mode.REQUIRED)

TYPES = dict(
    zip(
        SORTS,
        (
            MemoryType.DEPLOYMENT_LOG,
            MemoryType.ERROR_PATTERN,
            MemoryType.LEARNING_INSIGHT,
            MemoryType.DECISION_RECORD,
        ),
        strict=True,
    )
)


class SessionPlace(Struct, frozen=True, kw_only=True):
    """Where a session opens: its memory, its parts, and whether this process goes on in the background."""

    context: MemoryContext
    procedures: Catalog
    learning: Learning
    background: bool


class CaughtUp(Struct, frozen=True, kw_only=True):
    """What became of the learning cycles that were due: those that ran, those that were left, and why."""

    ran: tuple[Cycle, ...] = ()
    left: tuple[Cycle, ...] = ()
    because: str = ""


def open_session(place: SessionPlace, session_id: str | None, agent: str | None) -> Briefing:
    """Put the opening on record, catch up with learning where that is quick, and say how everything stands.

    A session that is open already is briefed again, and opened once. Raises InvalidInput.
    """
    chosen = session_id or new_id()
    caught_up = catch_up(place)
    # Write that a session is opened. Nobody is asked whether it may: it only reads.
    actor = place.context.actor
    if agent is not None and actor.kind is not ActorKind.AGENT:
        actor = Actor(kind=ActorKind.AGENT, id=redact_name(agent, place.context.redaction), proof="named")
    said = {} if agent is None else {"agent": agent}
    opening = replace(start_of(OPENING, None, said, actor, chosen), action_class=ActionClass.READ_ONLY)
    start = records.checked_start(place.context, opening)
    assert start.session_id is not None
    operation_id, at = new_id(), place.context.store.now()
    with place.context.store.writing(acts.RECORD, place.context.actor) as tx:
        if tx.figures.session(start.session_id)[1] is None:
            records.begin(tx, operation_id, start, None, at)
            records.finish(tx, place.context, operation_id, start, Succeeded(duration_seconds=0.0), at)
    return brief(place, chosen, caught_up)


def brief(place: SessionPlace, session_id: str, caught_up: CaughtUp) -> Briefing:
    """Return what somebody reads who begins to work, in the founding order."""
    context, now = place.context, place.context.store.now()
    schema = context.store.upkeep.schema()["stored"]
    floor = context.store.floor()
    with context.store.read() as tx:
        status = {**_status(tx, context, now, floor), "schema": schema}
        recent: dict[str, Sequence[dict[str, JSON]]] = {
            sort: [
                {
                    "id": memory.id,
                    "title": memory.title,
                    "text": content_text(memory.content)[:EXCERPT_CHARACTERS],
                    "at": memory.last_seen_at,
                    "trust": memory.trust.value,
                    "importance": memory.importance,
                    "occurrences": memory.occurrences,
                    "tags": list(memory.tags),
                }
                for memory in tx.figures.newest(type, now, RECENT)
            ]
            for sort, type in TYPES.items()
        }
        days = {row["name"]: row["day"] for row in tx.operations.counts(now // DAY_MICROS - DEPLOYS_DAYS)}  # by day
        names = sorted((name for name in days if DEPLOYS.search(name)), key=lambda name: -days[name])[:DEPLOYS_NAMES]
        found = [
            each
            for name in names
            for each in tx.operations.list(name=name, target=None, outcome=None, since=None, limit=RECENT)
        ]
        done = [
            _done(each)
            for each in sorted((each for each in found if each.outcome is not None), key=lambda each: -each.started_at)[
                :RECENT
            ]
        ]
        recent["deployments"] = sorted((*recent["deployments"], *done), key=lambda item: -int(str(item["at"])))[:RECENT]
        agents = tx.agents.list()
        workers = len(tx.runs.workers(now - int(ALIVE_SECONDS * 1e6)))
    stopped = stopped_here(context.store, os.environ)
    procedures = sorted(_procedures(place.procedures.active()), key=lambda each: (not each["binds"], each["name"]))
    loops = list(_loops(place, now, stopped, workers))
    briefing = Briefing(
        session_id=session_id,
        namespace=context.store.scope.write,
        at=now,
        system_status=status,
        operational_procedures=procedures,
        memory_context=recent,
        frameworks=list(_frameworks(context, [agent.adapter for _, agent in agents])),
        monitoring_loops=loops,
        session_summary=[
            *_attention(status, procedures, stopped),
            *_learning(caught_up, loops, elsewhere=place.background or workers > 0),
        ],
    )
    return replace(briefing, text=screen(briefing), block=block(briefing))


def catch_up(place: SessionPlace) -> CaughtUp:
    """Run the learning cycles that are due, where nobody stopped that and it is quick; the others are left."""
    due = place.learning.due()
    if not due:
        return CaughtUp()
    if stopped := stopped_here(place.context.store, os.environ):
        return CaughtUp(left=tuple(due), because=f"what acts by itself is stopped: {stopped}")
    with place.context.store.read() as tx:
        unlearnt = tx.figures.unlearnt(CATCH_UP_OPERATIONS + 1)
        memories = tx.counts.total()
    if not unlearnt and not memories:
        return CaughtUp()  # there is nothing to learn from
    if unlearnt > CATCH_UP_OPERATIONS or memories > CATCH_UP_MEMORIES:
        return CaughtUp(left=tuple(due), because=KEEPS_WAITING)
    # Run what is due for as long as somebody may be kept waiting; trouble with learning never keeps them from work.
    began, ran, because = time.monotonic(), 0, KEEPS_WAITING
    try:
        for cycle in due:
            if time.monotonic() - began > CATCH_UP_SECONDS:
                break
            place.learning.run(cycle)
            ran += 1
    except BrainOpsError as error:
        because = str(error)
    return CaughtUp(ran=tuple(due[:ran]), left=tuple(due[ran:]), because=because)


def record_of(context: MemoryContext, session_id: str) -> SessionRecord:
    """Return what was done in a session; raise NotFound where nothing carries its id."""
    with context.store.read() as tx:
        work, opened = tx.figures.session(session_id)
    if opened is None and not (work["operations"] or work["receipts"] or work["memories"]):
        raise NotFound(f"nothing was done in a session {session_id[:80]!a}; open one: brainops session start")
    return SessionRecord(
        session_id=session_id,
        opened_at=opened.started_at if opened else None,
        actor=opened.start.actor if opened else None,
        operations=int(work["operations"]),
        failed=int(work["failed"]),
        open=int(work["open"]),
        receipts=int(work["receipts"]),
        memories=int(work["memories"]),
        last_at=work["last_at"],
    )


def newest(context: MemoryContext) -> str:
    """Return the id of the session that was opened last; raise NotFound."""
    with context.store.read() as tx:
        opened = tx.operations.list(name=OPENING, target=None, outcome=None, since=None, limit=1)
    if not opened or opened[0].start.session_id is None:
        raise NotFound("no session was opened here yet; open one: brainops session start")
    return opened[0].start.session_id


def _status(tx: Transaction, context: MemoryContext, now: Micros, floor: bool) -> dict[str, Any]:
    """Return what `status` says, as far as it can be said at once of a large store."""
    by_type, without_vector = Counter[str](), 0
    for row in tx.counts.memories():
        by_type[row["type"]] += int(row["memories"])
        without_vector += 0 if row["vector_model"] else int(row["memories"])
    tallies = [row for row in tx.operations.counts(now // DAY_MICROS - 6) if row["name"] != OPENING]
    model = context.meaning.model
    return {
        "version": __version__,
        "store": masked(context.store.database.location),
        "database": context.store.database.dialect,
        "read": list(context.store.scope.read),
        "now": now,
        "memories": {
            "total": by_type.total(),
            "by_type": dict(by_type),
            "last_capture_at": tx.counts.last_captured(),
        },
        "index": {"model": model, "waiting": 0 if model == "none" else without_vector},
        "operations": {
            "week": sum(int(row["succeeded"]) + int(row["failed"]) for row in tallies),
            "failed": sum(int(row["failed"]) for row in tallies),
        },
        "waiting": waiting(tx),
        "guard": guarding(tx, now, floor),
    }


DEPLOYS = re.compile(
    r"^(?!attempt: ).*(?<![a-z])((re)?deploy|roll[ _-]?(out|back)(?![a-z])|release(?![a-z])|ship(?![a-z]))",
    re.IGNORECASE,
)
"""What an operation is called that puts something into use."""
DEPLOYS_DAYS = 90  # of counts by name that are looked through: fewer rows than operations by far
DEPLOYS_NAMES = 20  # of the newest names whose operations are looked up


def _done(operation: Operation) -> dict[str, JSON]:
    """Return an operation as an item of recent memory."""
    start, error = operation.start, ""
    ended = "went well" if operation.contradicted_at is None else "was contradicted"
    if isinstance(operation.outcome, Failed):
        ended, error = "failed", error_title(operation.outcome.error)[:EXCERPT_CHARACTERS]
    return {
        "id": operation.id,
        "title": f"{start.name} on {start.target}: {ended}" if start.target else f"{start.name}: {ended}",
        "text": error,
        "at": operation.finished_at or operation.started_at,
        "trust": Trust.AGENT.value,
        "importance": 0.5,
        "occurrences": 1,
        "tags": [],
    }


def _procedures(active: Sequence[ProcedureVersion]) -> Iterator[dict[str, JSON]]:
    """Yield the procedures that hold, without those that belong to a fix."""
    for version in active:
        procedure = version.procedure
        if FIX_TAG not in procedure.tags:
            yield {
                "name": procedure.name,
                "mode": procedure.mode.value,
                "binds": procedure.mode in BINDING,
                "description": procedure.description,
                "steps": len(procedure.steps),
                "hash": version.hash,
            }


def _frameworks(context: MemoryContext, adapters: Sequence[AdapterKind]) -> Iterator[dict[str, JSON]]:
    """Yield the parts: database, model, extras, integrations and adapters, each with whether it is there."""
    yield {"kind": "store", "name": context.store.database.dialect, "present": True}
    model = context.meaning.model
    yield {"kind": "model", "name": model, "present": model != "none"}
    there = {extra: find_spec(package) is not None for extra, package in EXTRAS.items()}
    for extra, present in there.items():
        yield {"kind": "extra", "name": extra, "present": present}
    yield {"kind": "integration", "name": "python errors", "present": True}
    for kind in AdapterKind:
        present = there.get(adapter_of(kind).extra, True)
        yield {"kind": "adapter", "name": kind.value, "present": present, "registered": adapters.count(kind)}


def _loops(place: SessionPlace, now: Micros, stopped: str | None, workers: int) -> Iterator[dict[str, JSON]]:
    """Yield what goes on by itself: the learning cycles, the dispatcher, the workers, the automatic stop."""
    for each in place.learning.standing(now):
        due = each.next_at <= now
        yield {
            "kind": "cycle",
            "name": each.cycle.value.replace("_", " "),
            "state": "running" if each.running else ("due" if due else "waits"),
            "last_at": each.ran_at,
            "next_at": each.next_at,
        }
    yield {"kind": "dispatcher", "name": "dispatcher", "state": "in this process" if place.background else "not here"}
    alive = f"{workers} alive" if workers else "none"
    yield {"kind": "workers", "name": "workers", "state": alive, "count": workers}
    yield {
        "kind": "automatic",
        "name": "automatic acts",
        "state": "may happen" if stopped is None else "stopped",
        "because": stopped,
    }


def _attention(status: dict[str, Any], procedures: Sequence[dict[str, JSON]], stopped: str | None) -> Iterator[str]:
    """Yield what wants somebody's attention, each with the command for it."""
    told = status["waiting"]
    if stopped is not None:
        yield f"What acts by itself is stopped: {stopped[:SAID_CHARACTERS]}"
    if status["guard"]["bypassed_until"]:
        yield "A bypass is open: rules are not enforced. brainops bypass"
    if told["approvals"]:
        yield f"Questions wait for an answer ({told['approvals']:,}): brainops approvals"
    if told["notices"]:
        yield f"Notices were told to nobody ({told['notices']:,}): brainops notices"
    if not status["memories"]["total"]:
        yield "Memory is empty: brainops import DIR, or brainops capture TITLE CONTENT"
    if not procedures:
        yield "No procedure is active: brainops procedure founding"


def _learning(caught_up: CaughtUp, loops: Sequence[Mapping[str, JSON]], *, elsewhere: bool) -> Iterator[str]:
    """Yield what became of the learning that was due."""
    if caught_up.ran:
        yield f"Caught up on learning ({_named(caught_up.ran)}): brainops insights"
    if caught_up.left:
        then = "it runs in the background" if elsewhere else "brainops learn"
        because = caught_up.because[:SAID_CHARACTERS]
        yield f"Learning is due ({_named(caught_up.left)}) and left, {because}: {then}"
    if not caught_up.ran and not caught_up.left:
        ran = any(each["kind"] == "cycle" and each["last_at"] is not None for each in loops)
        yield "Learning is up to date." if ran else "There is nothing to learn from yet."


def _named(cycles: Sequence[Cycle]) -> str:
    return ", ".join(cycle.value.replace("_", " ") for cycle in cycles)
