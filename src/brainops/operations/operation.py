"""How does somebody's code run as an operation: memory consulted before, the outcome recorded after?"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from brainops import lazy
from brainops.errors import BrainOpsError, InvalidInput, OperationBlocked, OperationTimeout
from brainops.memory.filters import member
from brainops.operations import guidance as guiding
from brainops.operations import log as records
from brainops.operations.consultants import Consultants
from brainops.operations.middleware import OwnEntry
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import ActionClass, ActorKind, Allow, Consult, Evidence, Failed, OperationStart, Record, Succeeded

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.decisions import Looked
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.middleware import Around
    from brainops.operations.recorder import Recorder, Write
    from brainops.statistics.calibration import Calibration
    from brainops.store import Store, Transaction
    from brainops.types import Actor, Decision, ErrorEvent, Guidance, Micros, Outcome

DEFAULT_TIMEOUT_SECONDS = 5.0  # of a consultation: the model may have to be loaded once
CACHED_SECONDS = 60.0  # how long this process reuses a guidance without looking whether another process knows more
CACHED_GUIDANCES = 1_000
RECALIBRATE_SECONDS = 300.0

log = lazy.logger()
F = TypeVar("F", bound=Callable[..., Any])


class Manner(Struct, frozen=True, kw_only=True):
    """How an operation is accompanied.

    `consult`: "always" asks memory anew, "cached" reuses what it said of the same name and target within a minute,
    "never" does not ask. `record`: "durable" writes begin and end before going on, "async" hands both to a thread.
    With `strict` an error or time-out of memory is raised; otherwise the operation goes on and the trouble is logged.
    `client_errors` makes 4xx, validation and disconnects memories too. `least` is what class the operation has at
    least, where the caller knows better than its name and context say.
    """

    consult: Consult = "always"
    record: Record = "durable"
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    strict: bool = False
    client_errors: bool = False
    service: str | None = None
    least: ActionClass | None = None

    def __post_init__(self) -> None:
        if self.consult not in ("never", "cached", "always"):
            raise InvalidInput(f"consult is never, cached or always, not {self.consult!r}")
        if self.record not in ("async", "durable"):
            raise InvalidInput(f"record is async or durable, not {self.record!r}")
        if not self.timeout_seconds > 0:
            raise InvalidInput("timeout_seconds is a number above 0")


def manner_of(
    *,
    consult: Consult,
    record: Record,
    timeout_seconds: float | None,
    strict: bool,
    service: str | None,
    action_class: ActionClass | str | None,
    client_errors: bool = False,
) -> Manner:
    """Return the manner that keywords describe. Raises InvalidInput."""
    return Manner(
        consult=consult,
        record=record,
        timeout_seconds=DEFAULT_TIMEOUT_SECONDS if timeout_seconds is None else timeout_seconds,
        strict=strict,
        client_errors=client_errors,
        service=service,
        least=action_class_of(action_class),
    )


class OperationLog:
    """Begins and ends operations on one memory."""

    def __init__(
        self,
        context: MemoryContext,
        recorder: Recorder,
        guard: Guard,
        advisers: guiding.Advisers,
        around: Sequence[Around] = (),
    ) -> None:
        self._context = context
        self._guard = guard
        self._advisers = advisers
        self._recorder = recorder
        self._said = context.here.of(_Said)
        self._threads = context.process.of(Consultants)
        self._around: tuple[OwnEntry, ...] = (
            OwnEntry(before=self._consult, after=self._forget_what_was_said),
            OwnEntry(before=self._ask_guard, begins=self._admit),
            *(OwnEntry(before=each.before, after=each.after) for each in around),
            OwnEntry(begins=self._begin, ends=self._end),
        )

    def guidance(self, start: OperationStart, least: ActionClass | str | None = None) -> Guidance:
        """Consult memory and return what it says; the receipt is durable. Raises InvalidInput, StoreError."""
        return self._asked(self._guard.prepared(start, action_class_of(least)))

    def _asked(self, start: OperationStart) -> Guidance:
        consulted = guiding.consult(
            self._context, start, self._current_calibration(), self._advisers, self._threads.asking()
        )
        with self._context.store.writing(acts.RECORD, self._context.actor) as tx:
            guiding.keep(tx, consulted)
            self._guard.cover(tx, consulted.guidance)
        self._remember(consulted.guidance)
        return consulted.guidance

    def begin(self, start: OperationStart, manner: Manner) -> Running:
        """Consult memory, ask the guard, write that the operation begins, and return its handle.

        Raises OperationBlocked or ApprovalRequired where a rule does not let it pass; then nothing has begun.
        """
        running = Running(self, new_id(), self._guard.prepared(start, manner.least), manner)
        for each in self._around:
            each.before(running)
        self._write_beginning(running, self._context.store.now())
        return running

    def _consult(self, running: Running) -> None:
        running.guidance, running._asked_in_vain = self._consulted(running.start, running.manner)

    def _ask_guard(self, running: Running) -> None:
        start, manner = running.start, running.manner

        def look() -> Looked:
            return self._guard.look(
                start, running.guidance, service=manner.service, consultation_failed=running._asked_in_vain
            )

        looked = look()
        if manner.consult == "cached" and running.guidance is not None and not isinstance(looked.decision, Allow):
            # What was said a moment ago may hold no longer, for instance since the target failed: ask anew, once.
            running.guidance, running._asked_in_vain = self._consulted(start, replace(manner, consult="always"))
            looked = look()
        self._guard.refuse(looked)
        running._looked = looked

    def _admit(self, tx: Transaction, running: Running, at: Micros) -> None:
        assert running._looked is not None
        self._guard.admit(tx, running._looked, running.id)

    def _begin(self, tx: Transaction, running: Running, at: Micros) -> None:
        records.begin(tx, running.id, running.start, running.guidance.id if running.guidance else None, at)

    def _write_beginning(self, running: Running, at: Micros) -> None:
        """Where rules hold, what destroys or uses a permission up begins only once that is durable."""
        looked = running._looked
        assert looked is not None

        def write(tx: Transaction) -> None:
            for each in self._around:
                each.begins(tx, running, at)

        if not (self._guard.is_strict() and self._guard.must_be_recorded(looked)) or looked.trouble is not None:
            self._write(write, running.manner, self._context.store)
            return
        try:
            with self._context.store.writing(acts.RECORD, self._context.actor) as tx:
                write(tx)
        except OperationBlocked:
            raise
        except BrainOpsError as error:
            raise OperationBlocked(
                f"{looked.start.name!r} was not begun: it may only begin once that is recorded, and {error}"
            ) from error

    def finish(self, running: Running, outcome: Outcome) -> None:
        """Write how an operation ended."""
        store = self._context.store.to_end()
        at = store.now()

        def write(tx: Transaction) -> None:
            for each in self._around:
                each.ends(tx, running, outcome, at)

        try:
            self._write(write, running.manner, store)
        finally:
            for each in reversed(self._around):
                each.after(running, outcome)

    def _end(self, tx: Transaction, running: Running, outcome: Outcome, at: Micros) -> None:
        records.finish(
            tx,
            self._context,
            running.id,
            running.start,
            outcome,
            at,
            followed_id=running._followed,
            client_errors=running.manner.client_errors,
        )

    def _forget_what_was_said(self, running: Running, outcome: Outcome) -> None:
        if isinstance(outcome, Failed):
            self._said.guidances.pop(_task(running.start), None)

    def resume(self, operation_id: str, manner: Manner) -> Running | None:
        """Return the handle of an operation that was begun elsewhere, or None."""
        self._recorder.flush()
        with self._context.store.read() as tx:
            operation = tx.operations.get(operation_id)
        if operation is None:
            return None
        since = max(0.0, (self._context.store.now() - operation.started_at) / 1e6)
        ended = operation.outcome is not None
        service = operation.start.context.get("service")
        manner = replace(manner, service=manner.service or (service if isinstance(service, str) else None))
        return Running(self, operation.id, operation.start, manner, ended=ended, seconds=since)

    def discard(self, operation_id: str) -> None:
        """Take an operation out of the log that came to nothing."""
        self._recorder.flush()
        with self._context.store.writing(acts.RECORD, self._context.actor) as tx:
            tx.operations.discard(operation_id)

    def _write(self, write: Write, manner: Manner, store: Store) -> None:
        if manner.record == "async":
            self._recorder.submit(store, write)
            return
        try:
            with store.writing(acts.RECORD, self._context.actor) as tx:
                write(tx)
        except BrainOpsError as error:
            if manner.strict:
                raise
            log.error("an operation went on without being recorded: %s", error)

    def _consulted(self, start: OperationStart, manner: Manner) -> tuple[Guidance | None, bool]:
        """Return what memory says, and whether it was asked in vain. What destroys is always asked about anew."""
        if manner.consult == "never":
            return None, False
        again = manner.consult == "cached" and start.action_class is not ActionClass.DESTRUCTIVE
        if again and (cached := self._said.guidances.get(_task(start))) and cached[0] > time.monotonic():
            return cached[1], False
        try:
            work = self._from_store if again else self._asked
            return self._threads.consulting().submit(work, start).result(manner.timeout_seconds), False
        except TimeoutError as error:
            if manner.strict:
                raise OperationTimeout() from error
            log.warning("memory did not answer within %s seconds; the operation goes on", manner.timeout_seconds)
        except BrainOpsError as error:
            if manner.strict:
                raise
            log.error("memory could not be consulted: %s", error)
        return None, True

    def _from_store(self, start: OperationStart) -> Guidance:
        with self._context.store.read() as tx:
            found = guiding.recent(tx, start, self._context.store.now())
        if found is None or _task(found.operation) != _task(start):
            return self._asked(start)
        self._remember(found)
        return found

    def _remember(self, guidance: Guidance) -> None:
        if len(self._said.guidances) >= CACHED_GUIDANCES:
            self._said.guidances.clear()
        self._said.guidances[_task(guidance.operation)] = (time.monotonic() + CACHED_SECONDS, guidance)

    def _current_calibration(self) -> Calibration:
        now, known = time.monotonic(), self._said.calibration
        if known is None or now - known[0] > RECALIBRATE_SECONDS:
            with self._context.store.read() as tx:
                known = self._said.calibration = (now, guiding.refit(tx))
        return known[1]


class _Said:
    """What memory said lately, by what it serves, and how its words are calibrated."""

    def __init__(self) -> None:
        self.guidances: dict[_Task, tuple[float, Guidance]] = {}
        self.calibration: tuple[float, Calibration] | None = None


_Task = tuple[str, str | None, str | None, ActorKind, str]


def _task(start: OperationStart) -> _Task:
    """Return what one consultation serves: an operation and target, of one session and actor."""
    return (start.name, start.target, start.session_id, start.actor.kind, start.actor.id)


class Running:
    """An operation under way: its id, what memory said, what the guard said, and how it is to end."""

    def __init__(
        self,
        owner: OperationLog,
        id: str,
        start: OperationStart,
        manner: Manner,
        *,
        ended: bool = False,
        seconds: float = 0.0,
    ) -> None:
        self.id = id
        self.start = start
        self.manner = manner
        self.guidance: Guidance | None = None
        self.without = ""  # what is missing, where it goes on without the server that has its memory
        self._asked_in_vain = False
        self._looked: Looked | None = None
        self._owner = owner
        self._began = time.monotonic() - seconds  # it may have begun in another process
        self._followed: str | None = None
        self._result: Any = None
        self._cost: float | None = None
        self._finished = ended

    @property
    def decision(self) -> Decision:
        """What the guard said; it was not asked about an operation that was begun elsewhere."""
        return Allow() if self._looked is None else self._looked.decision

    def follow(self, memory_id: str | None = None) -> None:
        """Say which recommendation is being followed; without an id, the primary one."""
        if memory_id is None and self.guidance is not None and self.guidance.primary_recommendation is not None:
            memory_id = self.guidance.primary_recommendation.memory_id
        self._followed = memory_id

    def note(self, *, result: Any = None, cost: float | None = None) -> None:
        """Say what the operation brought and cost, for its outcome."""
        self._result = result if result is not None else self._result
        self._cost = cost if cost is not None else self._cost

    def succeed(self, result: Any = None, *, evidence: Evidence | None = None) -> None:
        """End the operation as a success."""
        self.note(result=result)
        if evidence is None:  # an agent's word that it did something is a claim, whatever it hands in
            evidence = Evidence.CLAIMED if self.start.actor.kind is ActorKind.AGENT else Evidence.OBSERVED
        self._finish(Succeeded(result=self._result, cost=self._cost, evidence=evidence))

    def fail(self, error: BaseException | ErrorEvent | str, *, evidence: Evidence = Evidence.OBSERVED) -> None:
        """End the operation as a failure; its error becomes a memory."""
        event = records.event_of(error, self.manner.service)
        self._finish(Failed(error=event, result=self._result, cost=self._cost, evidence=evidence))

    def discard(self) -> None:
        """Take it back: nothing of it was done."""
        self._finished = True
        self._owner.discard(self.id)

    def _finish(self, outcome: Outcome) -> None:
        if self._finished:
            return
        self._finished = True
        outcome = replace(outcome, duration_seconds=time.monotonic() - self._began)
        self._owner.finish(self, outcome)


class Accompany:
    """`with brain.operation(...)`, `async with brain.operation(...)` and `@brain.operation(...)` in one."""

    def __init__(self, owner: Callable[[], OperationLog], start: OperationStart, manner: Manner) -> None:
        self._owner = owner
        self._start = start
        self._manner = manner
        self._running: Running | None = None

    def __enter__(self) -> Running:
        self._running = self._owner().begin(self._start, self._manner)
        return self._running

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        if error is None:
            self._running.succeed()
        else:
            self._running.fail(error)

    async def __aenter__(self) -> Running:
        import asyncio

        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import asyncio

        # Shielded, so that the record of a cancelled operation is not cancelled with it.
        await asyncio.shield(asyncio.to_thread(self.__exit__, kind, error, trace))

    def __call__(self, function: F) -> F:
        """Return the function accompanied: each call is an operation of its own."""
        from inspect import iscoroutinefunction  # a start and a half of the interpreter, for those who decorate

        if iscoroutinefunction(function):

            @functools.wraps(function)
            async def accompanied_async(*args: Any, **kwargs: Any) -> Any:
                async with Accompany(self._owner, self._start, self._manner):
                    return await function(*args, **kwargs)

            return accompanied_async  # type: ignore[return-value]

        @functools.wraps(function)
        def accompanied(*args: Any, **kwargs: Any) -> Any:
            with Accompany(self._owner, self._start, self._manner):
                return function(*args, **kwargs)

        return accompanied  # type: ignore[return-value]


def action_class_of(said: ActionClass | str | None) -> ActionClass | None:
    """Read what somebody says of an operation's class."""
    return None if said is None else member(ActionClass, said)


def start_of(
    name: str, target: str | None, context: Mapping[str, Any] | None, actor: Actor, session_id: str | None
) -> OperationStart:
    """Return the start of an operation of this actor."""
    if context is not None and not isinstance(context, Mapping):
        raise InvalidInput(f"an operation's context is a mapping, not {type(context).__name__}")
    return OperationStart(name=name, target=target, context=dict(context or {}), actor=actor, session_id=session_id)
