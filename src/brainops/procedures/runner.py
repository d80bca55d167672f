"""How does a run go from its first step to its end, whoever stops in between?"""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from brainops.errors import Conflict, InvalidInput, LeaseLost, NotFound
from brainops.memory.context import MemoryContext
from brainops.procedures.advance import Advance
from brainops.procedures.approvals import Approvals
from brainops.procedures.attempts import Attempts
from brainops.procedures.beginning import admit, new_run
from brainops.procedures.catalog import Catalog
from brainops.procedures.machine import MICROS
from brainops.procedures.outbox import Outbox
from brainops.procedures.sheet import Engine, Remember, Sheet, Wake, forget, stay
from brainops.procedures.steps.port import Executors
from brainops.store.ids import new_id
from brainops.types import JSON, Actor, NoticeKind, ProcedureState, ProcedureVersion, Run, RunState

LEASE_SECONDS = 30.0  # that an owner may be silent: longer than a stalled disk, shorter than anybody's patience
PATIENCE_SECONDS = 10.0  # that a call stays with a run that goes on by itself soon: a retry, a short wait
KEPT_VERSIONS = 500  # that a process has at hand; a version never changes
MOST_RUNS = 1_000  # listed at once

log = logging.getLogger("brainops")


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
        remember: Remember = forget,
        wake: Wake = stay,
        lease_seconds: float = LEASE_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._context = context
        self._catalog = catalog
        self._outbox = outbox
        self._versions: dict[str, ProcedureVersion] = {}
        self._advancing: dict[str, Advance] = {}
        self._owner = (-1, "")
        self.nudge: Callable[[], object] = _nobody  # called when there may be something for a dispatcher
        self._engine = Engine(
            context=context,
            approvals=approvals,
            outbox=outbox,
            executors=executors,
            attempts=Attempts(),
            version=self.version,
            latest=self._startable,
            inputs=_checked,
            remember=remember,
            wake=wake,
            chance=chance,
            lease_seconds=lease_seconds,
        )

    @property
    def owner(self) -> str:
        """The name under which this process owns runs: no other process, before or after, has it."""
        if self._owner[0] != os.getpid():
            self._owner = (os.getpid(), f"{socket.gethostname()[:60]}-{os.getpid()}-{new_id()[-12:]}")
        return self._owner[1]

    def start(
        self,
        name: str,
        inputs: Mapping[str, JSON] | None = None,
        *,
        target: str | None = None,
        number: int | None = None,
        session: str | None = None,
        operation: str | None = None,
        actor: Actor | None = None,
        detached: bool = False,
        idempotency_key: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> Run:
        """Start a run of a procedure's active version, and advance it here until it ends or waits.

        With `detached` it is only written down, for a dispatcher. The same `idempotency_key` again returns the same
        run. Where a run of the same group is under way, the procedure says what happens: that one is returned (attach),
        this one waits its turn (queue), or Conflict is raised (drop). Raises NotFound, InvalidInput, StoreError.
        """
        version = self._startable(name, number)
        checked = self._engine.inputs(version, dict(inputs or {}))
        store = self._context.store
        with store.write() as tx:
            now = store.now()
            run = new_run(
                self._context,
                version,
                checked,
                actor=actor or self._context.actor,
                now=now,
                target=target,
                session_id=session,
                operation_id=operation,
                idempotency_key=idempotency_key,
            )
            if not detached:
                run = self._owned(run, now)
            begun = admit(tx, run, version)
            if begun.id == run.id and begun.owner is None:
                self._engine.wake(tx, begun.id, now)
        if begun.id == run.id and begun.owner is not None:
            return self._patiently(self._drive(begun), patience_seconds)
        self.nudge()
        return self.get(begun.id)

    def _owned(self, run: Run, now: int) -> Run:
        until = now + int(self._engine.lease_seconds * MICROS)
        return replace(
            run, state=RunState.RUNNING, owner=self.owner, epoch=1, lease_until=until, wake_at=None, started_at=now
        )

    def advance(self, run_id: str, *, patience_seconds: float = PATIENCE_SECONDS) -> Run:
        """Advance a run until it ends or waits, where it is due and nobody else owns it; return it as it stands."""
        claimed = self.claim(run_id)
        return self._patiently(self._drive(claimed) if claimed else self.get(run_id), patience_seconds)

    def claim(self, run_id: str) -> Run | None:
        """Take a run that is due, under a new epoch; None where it is not due, or somebody has it."""
        store = self._context.store
        with store.write() as tx:
            now = store.now()
            tx.runs.wake_answered(now)
            return tx.runs.claim(run_id, self.owner, now, now + int(self._engine.lease_seconds * MICROS))

    def claim_due(self, limit: int) -> list[Run]:
        """Take the runs that are due, those that wait longest first."""
        store = self._context.store
        until = int(self._engine.lease_seconds * MICROS)
        with store.write() as tx:
            now = store.now()
            tx.runs.wake_answered(now)
            claimed = [tx.runs.claim(each, self.owner, now, now + until) for each in tx.runs.due(now, limit)]
        return [run for run in claimed if run is not None]

    def carry_on(self, run: Run) -> Run:
        """Advance a run that was claimed, until it ends or waits."""
        return self._drive(run)

    def _drive(self, run: Run) -> Run:
        try:
            version = self._pinned(run)
        except (NotFound, Conflict) as error:
            return self._set_aside(run, str(error))
        advance = Advance(self._engine, version, run)
        self._advancing[run.id] = advance
        try:
            return advance.go()
        except LeaseLost:
            log.warning("the run %s has another owner now; nothing was committed here since", run.id)
            return self.get(run.id)
        finally:
            self._advancing.pop(run.id, None)

    def _patiently(self, run: Run, patience_seconds: float) -> Run:
        """Stay with a run while it goes on by itself soon, and go on with the runs that it waits for."""
        until = time.monotonic() + patience_seconds
        while run.finished_at is None and run.owner is None:
            left = until - time.monotonic()
            if self._children_ended(run, max(0.0, left)):
                rest = 0.0
            elif run.wake_at is None:
                break
            else:
                rest = max(0.0, (run.wake_at - self._context.store.now()) / MICROS)
            if rest > left:
                break
            time.sleep(rest)
            claimed = self.claim(run.id)
            if claimed is None:
                if left <= 0:
                    break
                run = self.get(run.id)
                time.sleep(min(0.01, max(0.0, left)))  # another clock than ours, or another owner
                continue
            run = self._drive(claimed)
        if run.finished_at is None:
            self.nudge()
        return run

    def _children_ended(self, run: Run, patience_seconds: float) -> bool:
        waited = [step.waits_on for step in run.steps if step.waits_for == "run" and step.waits_on]
        children = [self.advance(each, patience_seconds=patience_seconds) for each in waited]
        return any(child.finished_at is not None for child in children)

    def get(self, run_id: str) -> Run:
        """Return a run with the steps of which anything is known; raise NotFound."""
        with self._context.store.read() as tx:
            run = tx.runs.get(run_id)
        if run is None:
            raise NotFound(f"there is no run {str(run_id)[:80]!a} in the namespaces that you read")
        return run

    def list(
        self,
        *,
        state: RunState | str | None = None,
        procedure: str | None = None,
        target: str | None = None,
        since: int | None = None,
        limit: int = 50,
    ) -> list[Run]:
        """Return runs, newest first, without their steps; `state` is a run's state, or "active" for not ended."""
        if state is not None and state != "active" and state not in set(RunState):
            raise InvalidInput(f"a run's state is active, {', '.join(RunState)}, not {state!r:.40}")
        if not 0 < limit <= MOST_RUNS:
            raise InvalidInput(f"limit is 1 to {MOST_RUNS}")
        wanted = None if state is None else str(state)
        with self._context.store.read() as tx:
            return tx.runs.list(state=wanted, procedure_name=procedure, target=target, since=since, limit=limit)

    def version(self, procedure_id: str) -> ProcedureVersion:
        """Return a stored version, which never changes but for its state; raise NotFound."""
        known = self._versions.get(procedure_id)
        if known is None:
            if len(self._versions) >= KEPT_VERSIONS:
                self._versions.clear()
            known = self._versions[procedure_id] = self._catalog.by_id(procedure_id)
        return known

    def _pinned(self, run: Run) -> ProcedureVersion:
        version = self.version(run.procedure_id)
        if version.hash != run.procedure_hash:
            self._versions.pop(run.procedure_id, None)
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
        with store.write() as tx:
            now = store.now()
            held = tx.runs.fence(run, now + int(self._engine.lease_seconds * MICROS))
            if held is not None:
                sheet = Sheet(tx, held, now, str(run.owner))
                sheet.release(RunState.PAUSED, None)
                sheet.move(reason=why)
                self._outbox.put(tx, NoticeKind.RUN_WAITING, run.procedure_name, run_id=run.id, reason=why)
                sheet.write()
        return self.get(run.id)


def _checked(version: ProcedureVersion, inputs: Mapping[str, Any]) -> Mapping[str, JSON]:
    return inputs


def _nobody() -> None:
    """There is no dispatcher in this process."""
