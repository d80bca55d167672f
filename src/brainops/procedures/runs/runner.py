"""How does a run go from its first step to its end, whoever stops in between?"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import socket
import time
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, LeaseLost, NotFound, OutcomeUnknown, StoreError
from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog, unkept
from brainops.procedures.consent.approvals import Approvals
from brainops.procedures.consent.limits import limits_of
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.definition import inputs as inputs_of
from brainops.procedures.definition.keywords import name_of
from brainops.procedures.runs.admission import Admission, AskGuard, unguarded
from brainops.procedures.runs.attempts import Threads
from brainops.procedures.runs.clock import LEASE, Lease, Ripe
from brainops.procedures.runs.control import Steering
from brainops.procedures.runs.dry_run import current_of, plan_of
from brainops.procedures.runs.interpreter import Advance
from brainops.procedures.runs.preflight import refusal_of, with_refusals
from brainops.procedures.runs.run_values import MAX_ERROR_CHARACTERS
from brainops.procedures.runs.start import admit, new_run
from brainops.procedures.runs.unit_of_work import (
    Answered,
    OperationWriter,
    RunEngine,
    Sheet,
    Unrecorded,
    Wake,
    leave,
    stay,
)
from brainops.procedures.steps.executor import Executors
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.procedures import version_of
from brainops.store.scope import Scope
from brainops.types import (
    JSON,
    Actor,
    CurrentStep,
    NoticeKind,
    Plan,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    Run,
    RunState,
)
from brainops.types.page import Page
from brainops.types.times import DAY_MICROS, SECOND_MICROS

PATIENCE_SECONDS = 10.0  # that a call stays with a run that goes on by itself soon: a retry, a short wait
LOOK_SECONDS = 0.01  # between two looks at a run that a call stays with
KEPT_VERSIONS = 500  # that a process has at hand; a version never changes
MOST_RUNS = 1_000  # listed at once

log = logging.getLogger("brainops")


class AtWork:
    """What the runners of one process have in common: the name that they own runs by, and what is under way."""

    def __init__(self) -> None:
        self.threads = Threads("brainops-step")
        self.advancing: dict[str, Advance] = {}
        self.versions: dict[tuple[Scope, str], ProcedureVersion] = {}
        self._owner = (-1, "")

    @property
    def owner(self) -> str:
        """No other process, before or after, has this name."""
        if self._owner[0] != os.getpid():
            self._owner = (os.getpid(), f"{socket.gethostname()[:60]}-{os.getpid()}-{new_id()[-12:]}")
        return self._owner[1]


class Runner:
    """The runs of one memory: start, advance, steer, look at."""

    def __init__(
        self,
        context: MemoryContext,
        catalog: Catalog,
        approvals: Approvals,
        outbox: Outbox,
        executors: Executors,
        *,
        admit: AskGuard = unguarded,
        operations: OperationWriter | None = None,
        answered: Answered = leave,
        wake: Wake = stay,
        at_work: AtWork | None = None,
        lease_seconds: float = LEASE.seconds,
        patience_seconds: float = PATIENCE_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._context = context
        self._catalog = catalog
        self._outbox = outbox
        self._patience_seconds = patience_seconds
        self._at_work = at_work or AtWork()
        self.nudge: Callable[[], object] = lambda: None  # called when there may be something for a dispatcher
        self._engine = RunEngine(
            context=context,
            approvals=approvals,
            outbox=outbox,
            executors=executors,
            threads=self._at_work.threads,
            version=self.version,
            latest=self._startable,
            inputs=lambda version, inputs: inputs_of.checked(version.procedure, inputs),
            admit=admit,
            operations=operations or Unrecorded(),
            answered=answered,
            wake=wake,
            chance=chance,
            lease=Lease(seconds=lease_seconds),
        )
        self._steering = Steering(self._engine, self._pinned)

    @property
    def owner(self) -> str:
        """The name under which this process owns runs: no other process, before or after, has it."""
        return self._at_work.owner

    def start(
        self,
        name: str,
        inputs: Mapping[str, JSON] | None = None,
        *,
        target: str | None = None,
        number: int | None = None,
        session: str | None = None,
        operation: str | None = None,
        executes: str | None = None,
        actor: Actor | None = None,
        detached: bool = False,
        idempotency_key: str | None = None,
        patience_seconds: float | None = None,
    ) -> Run:
        """Start a run of a procedure's active version, and advance it here until it ends or waits.

        A run is an operation of the log, which ends with it: a new one, during `operation` where that is given, or the
        one that it `executes`, begun for it. With `detached`, or a deadline, it is only written down, for a dispatcher.
        The same `idempotency_key` again returns the same run; where none was given, its id is its key. Where a run of
        the same group is under way, the procedure says
        what happens: that one is returned (attach), this one waits its turn (queue), or Conflict is raised (drop).
        Raises NotFound, InvalidInput, StoreError.
        """
        version = self._startable(name, number)
        checked = self._engine.inputs(version, _named(inputs))
        store = self._context.store
        try:
            with store.writing(acts.RUN, self._context.actor) as tx:
                now = store.now()
                run = new_run(
                    self._context,
                    version,
                    checked,
                    actor=actor or self._context.actor,
                    now=now,
                    target=target,
                    session_id=session,
                    operation_id=executes,
                    idempotency_key=idempotency_key,
                )
                if not detached and store.deadline is None:
                    held = {"owner": self.owner, "epoch": 1, "lease_until": self._engine.lease.until(now)}
                    run = replace(run, state=RunState.RUNNING, wake_at=None, started_at=now, **held)
                begun = admit(tx, run, version, self._engine.operations, within=operation, pinned=number is not None)
                if begun.id == run.id and begun.owner is None:
                    self._engine.wake(tx, begun.id, now)
        except OutcomeUnknown as error:
            raise OutcomeUnknown(str(error), idempotency_keys=(idempotency_key or begun.id,)) from error
        if begun.id == run.id and begun.owner is not None:
            return self._patiently(self._drive(begun), patience_seconds)
        self.nudge()
        return self.get(begun.id)

    def advance(self, run_id: str, *, patience_seconds: float | None = None) -> Run:
        """Advance a run until it ends or waits, where it is due and nobody else owns it; return it as it stands.

        For `patience_seconds` the call stays with a run that goes on by itself soon: a retry, a short wait. A view with
        a deadline only says that there is something to do.
        """
        if self._context.store.deadline is not None:
            self.nudge()
            return self.get(run_id)
        claimed = self.claim(run_id)
        return self._patiently(self._drive(claimed) if claimed else self.get(run_id), patience_seconds)

    def claim(self, run_id: str) -> Run | None:
        """Take a run that is due, under a new epoch; None where it is not due, or somebody has it."""
        store = self._context.store
        with store.writing(acts.RUN, self._context.actor) as tx:
            now = store.now()
            tx.runs.wake_answered(now)
            return tx.runs.claim(run_id, self.owner, now, self._engine.lease.until(now))

    @property
    def lease_seconds(self) -> float:
        """How long a run is its owner's without a sign of life."""
        return self._engine.lease.seconds

    def claim_due(self, limit: int, ripe: Ripe | None = None) -> list[Run]:
        """Take the runs that are due, those that wait longest first; `ripe` knows better where a clock was set."""
        store = self._context.store
        with store.writing(acts.RUN, self._context.actor) as tx:
            now = store.now()
            tx.runs.wake_answered(now)
            over, held = (ripe.over, ripe.held) if ripe is not None else ({}, frozenset())
            for each in list(over)[:limit]:
                tx.runs.ripen(each, over[each], now)
            due = [each for each in tx.runs.due(now, limit + len(held)) if each not in held][:limit]
            claimed = [tx.runs.claim(each, self.owner, now, self._engine.lease.until(now)) for each in due]
        return [run for run in claimed if run is not None]

    def carry_on(self, run: Run) -> Run:
        """Advance a run that was claimed, until it ends or waits."""
        return self._drive(run)

    def hand_back(self) -> None:
        """Let the runs that are advanced here end what is under way and begin nothing more; others go on with them."""
        for advance in list(self._at_work.advancing.values()):
            advance.hand_back()

    def _drive(self, run: Run) -> Run:
        try:
            version = self._pinned(run)
        except (NotFound, Conflict) as error:
            return self._set_aside(run, str(error))
        advance = Advance(self._engine, version, run)
        self._at_work.advancing[run.id] = advance
        try:
            return advance.go()
        except LeaseLost:
            log.warning("the run %s has another owner now; nothing was committed here since", run.id)
            return self.get(run.id)
        except StoreError:
            raise  # whoever is the owner when the lease has passed goes on
        except Exception as error:  # what the interpreter did not expect must not come back for ever
            log.exception("the run %s cannot be advanced", run.id)
            return self._set_aside(
                run, f"it cannot be advanced: {type(error).__name__}: {error}"[:MAX_ERROR_CHARACTERS]
            )
        finally:
            self._at_work.advancing.pop(run.id, None)

    def _patiently(self, run: Run, patience_seconds: float | None) -> Run:
        """Stay with a run while it goes on by itself soon, and go on with the runs that it waits for."""
        until = time.monotonic() + (self._patience_seconds if patience_seconds is None else patience_seconds)
        while run.finished_at is None and run.owner in (None, self.owner):
            left = until - time.monotonic()
            rest = self._rest(run, left)
            if rest is None or rest > left:
                break
            time.sleep(rest)
            claimed = self.claim(run.id) if run.owner is None else None
            run = self._drive(claimed) if claimed else self.get(run.id)
        if run.finished_at is None:
            self.nudge()
        return run

    def _rest(self, run: Run, left: float) -> float | None:
        """Return the seconds until a run that was let go is worth another look, None where only an answer helps."""
        if run.owner is not None:
            return LOOK_SECONDS  # another thread of this process has it
        waited = [step.waits_on for step in run.steps if step.waits_for == "run" and step.waits_on]
        children = [self.advance(each, patience_seconds=max(0.0, left)) for each in waited]
        if any(child.finished_at is not None for child in children):
            return 0.0
        if run.wake_at is None:
            return None
        return max(LOOK_SECONDS, (run.wake_at - self._context.store.now()) / SECOND_MICROS)

    def remove_ended(self, *, older_than_days: float) -> int:
        """Remove runs that ended so long ago, with their steps, for good; return how many. Memories of them stay."""
        if not older_than_days >= 0:
            raise InvalidInput("older_than_days is a number of days, 0 or more")
        store, removed = self._context.store, 0
        while True:
            with store.writing(acts.RUNS_REMOVE, self._context.actor) as tx:
                now = store.now()
                found = tx.runs.remove_ended(now - int(older_than_days * DAY_MICROS))
                if found:
                    tx.trail.append("runs", now, count=found, older_than_days=older_than_days)
            removed += found
            if found == 0:
                return removed

    def get(self, run_id: str) -> Run:
        """Return a run with the steps of which anything is known; raise NotFound."""
        with self._context.store.read() as tx:
            run = tx.runs.get(run_id)
        if run is None:
            raise NotFound(
                f"there is no run {str(run_id)[:80]!a} in the namespaces that you read; `brainops runs` lists them"
            )
        return run

    def list(
        self,
        *,
        state: RunState | str | None = None,
        procedure: str | None = None,
        target: str | None = None,
        since: int | None = None,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Run]:
        """Return runs, newest first, without their steps; `state` is a run's state, or "active" for not ended."""
        if state is not None and state != "active" and state not in set(RunState):
            raise InvalidInput(f"a run's state is active, {', '.join(RunState)}, not {state!r:.40}")
        if not 0 < limit <= MOST_RUNS:
            raise InvalidInput(f"limit is 1 to {MOST_RUNS}")
        wanted = None if state is None else str(state)
        with self._context.store.read() as tx:
            return tx.runs.list(
                state=wanted,
                procedure_name=None if procedure is None else name_of(str(procedure)),
                target=target,
                since=since,
                limit=limit,
                after=after,
                before=before,
            )

    def plan(
        self,
        name: str | Procedure,
        inputs: Mapping[str, JSON] | None = None,
        *,
        target: str | None = None,
        number: int | None = None,
    ) -> Plan:
        """Say what a run would do, with which inputs and which approvals; nothing is done. A draft can be planned.

        So can a Procedure that is not kept. Raises NotFound, InvalidInput, InvalidProcedure.
        """
        version = self._catalog.get(name, number=number) if isinstance(name, str) else unkept(self._context, name)
        checked = self._engine.inputs(version, _named(inputs))
        now = self._context.store.now()
        run = new_run(self._context, version, checked, actor=self._context.actor, now=now, target=target)
        return with_refusals(plan_of(version, run), limits_of(self._context))

    def refusal(
        self, name: str, inputs: Mapping[str, JSON] | None = None, *, target: str | None = None, actor: Actor
    ) -> Admission | None:
        """Return what the guard would hold a run up with, None where its steps may act; nothing is written."""
        version = self._startable(name)
        checked, now = self._engine.inputs(version, _named(inputs)), self._context.store.now()
        return refusal_of(
            self._engine, version, new_run(self._context, version, checked, actor=actor, now=now, target=target)
        )

    def current(self, run_id: str) -> CurrentStep:
        """Return the step at hand and nothing of those to come; raise Conflict where none waits for anybody."""
        run = self.get(run_id)
        return current_of(self._pinned(run), run)

    def complete(self, run_id: str, step_id: str, *, output: JSON = None, evidence: JSON = None) -> Run:
        """Say that a manual step was done, and go on. What its `verify` asks for is looked at first.

        Raises Conflict where the step is not at hand, InvalidInput where its verification does not pass.
        """
        self._steering.complete(run_id, step_id, output, evidence)
        return self._after(run_id)

    def skip(self, run_id: str, step_id: str, *, approval_id: str | None = None, reason: str) -> Run:
        """Do without a step, and go on. In a required or strict procedure it takes an approval, which is used up.

        Raises ApprovalRequired with the id of the question that was asked, Conflict, InvalidInput.
        """
        self._steering.skip(run_id, step_id, approval_id, reason)
        return self._after(run_id)

    def cancel(self, run_id: str, *, reason: str = "", compensate: bool = False) -> Run:
        """End a run; with `compensate` what it did is taken back first. Raises Conflict where it has ended."""
        self._steering.cancel(run_id, reason, compensate=compensate)
        return self._after(run_id)

    def pause(self, run_id: str, *, reason: str = "") -> Run:
        """Let no further step begin until `resume`; what is under way ends. Raises Conflict."""
        self._steering.pause(run_id, reason)
        return self._after(run_id)

    def resume(self, run_id: str, *, reason: str = "") -> Run:
        """Let a paused run go on. Raises Conflict."""
        self._steering.resume(run_id, reason)
        return self._after(run_id)

    def retry(self, run_id: str, *, from_step: str | None = None, reason: str = "") -> Run:
        """Let a run that failed or was cancelled go on, where it failed or from an earlier step. Raises Conflict."""
        self._steering.retry(run_id, from_step, reason)
        return self._after(run_id)

    def take_over(self, run_id: str) -> Run:
        """Make a run one's own: its owner commits nothing from now on, and its steps are completed by nobody else."""
        self._steering.take_over(run_id)
        return self._after(run_id)

    def _after(self, run_id: str) -> Run:
        """Go on with a run that was steered, here where nobody owns it; else its owner looks at once, or soon."""
        advancing = self._at_work.advancing.get(run_id)
        if advancing is not None:
            advancing.look()
            return self.get(run_id)
        self.nudge()
        return self.advance(run_id)

    def version(self, procedure_id: str) -> ProcedureVersion:
        """Return a stored version, which never changes but for its state; raise NotFound, Conflict.

        Its text must be what its hash says: a definition that was edited under a run is not followed.
        """
        from brainops.procedures.definition.sources import stored

        versions, key = self._at_work.versions, (self._context.store.scope, procedure_id)
        known = versions.get(key)
        if known is not None:
            return known
        with self._context.store.read() as tx:
            row = tx.procedures.by_id(procedure_id)
        if row is None:
            raise NotFound(f"the version {procedure_id} of a procedure is not in the namespaces that you read")
        if hashlib.sha256(row["body"].encode()).hexdigest() != row["hash"]:
            raise Conflict(f"the stored definition of {row['name']} number {row['number']} was changed in its row")
        if len(versions) >= KEPT_VERSIONS:
            versions.clear()
        known = versions[key] = version_of(row, stored)
        return known

    def _pinned(self, run: Run) -> ProcedureVersion:
        version = self.version(run.procedure_id)
        if version.hash != run.procedure_hash:
            raise Conflict(
                f"the definition of {run.procedure_name} is not the one that this run was started with "
                f"({version.hash[:12]} instead of {run.procedure_hash[:12]}); cancel it and start anew"
            )
        return version

    def _startable(self, name: str, number: int | None = None) -> ProcedureVersion:
        version = self._catalog.get(name, number=number)
        if version.state is not ProcedureState.ACTIVE:
            raise Conflict(
                f"version {version.number} of {name} is {version.state.value}; only an active one runs: "
                f"brainops procedure activate {name} --number {version.number}"
            )
        return version

    def _set_aside(self, run: Run, why: str) -> Run:
        """Pause a run that nobody can advance, and say why."""
        store = self._context.store
        with store.writing(acts.RUN, self._context.actor) as tx:
            now = store.now()
            held = tx.runs.fence(run, self._engine.lease.until(now))
            if held is not None:
                sheet = Sheet(tx, held, now, str(run.owner))
                sheet.release(RunState.PAUSED, None)
                sheet.move(reason=why)
                self._outbox.put(tx, NoticeKind.RUN_WAITING, run.procedure_name, run_id=run.id, reason=why)
                sheet.write()
        return self.get(run.id)


def _named(inputs: Mapping[str, JSON] | None) -> dict[str, JSON]:
    if inputs is not None and not isinstance(inputs, Mapping):
        raise InvalidInput(f"inputs are names with values, such as {{'service': 'api'}}, not {type(inputs).__name__}")
    return dict(inputs or {})
