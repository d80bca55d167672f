"""How does a run stand within one transaction of its owner, and what of it changed?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import LeaseLost
from brainops.memory.context import MemoryContext
from brainops.procedures.consent.approvals import Approvals
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.runs.admission import AskGuard
from brainops.procedures.runs.attempts import StepAttempt, Threads
from brainops.procedures.runs.clock import Lease
from brainops.procedures.runs.machine import may, step_may
from brainops.procedures.steps.executor import Executors
from brainops.store import Transaction
from brainops.store.runs import latest
from brainops.types import (
    JSON,
    ErrorEvent,
    Micros,
    ProcedureVersion,
    Run,
    RunState,
    Step,
    StepRun,
    StepState,
)

Role = Literal["do", "undo"]
Wake = Callable[[Transaction, str, Micros], object]
Answered = Callable[[Transaction, Run, StepRun, JSON], object]


class OperationWriter(Protocol):
    """What writes runs into the operation log, in the transactions that move them."""

    def begin(self, tx: Transaction, run: Run, under: str | None = None) -> str | None:
        """Write that a run begins, and return its operation's id."""
        ...

    def fail(self, tx: Transaction, run: Run, event: ErrorEvent, *, step_id: str | None, known: bool) -> None:
        """Write that a run failed, and make its error a memory."""
        ...

    def end(self, tx: Transaction, run: Run) -> None:
        """Write how a run ended that did not fail."""
        ...

    def error_of(self, tx: Transaction, run: Run) -> ErrorEvent | None:
        """Return the error in which a run ended."""
        ...


class Unrecorded:
    """Writes nothing: where nobody said who keeps the operation log."""

    def begin(self, tx: Transaction, run: Run, under: str | None = None) -> str | None:
        """Keep the operation that the run was started in."""
        return under

    def fail(self, tx: Transaction, run: Run, event: ErrorEvent, *, step_id: str | None, known: bool) -> None:
        """Remember nothing."""

    def end(self, tx: Transaction, run: Run) -> None:
        """Write nothing."""

    def error_of(self, tx: Transaction, run: Run) -> ErrorEvent | None:
        """Know nothing."""
        return None


def leave(tx: Transaction, run: Run, row: StepRun, output: JSON) -> None:
    """Learn nothing from a person's decision: where nobody said who does."""


def stay(tx: Transaction, run_id: str, at: Micros) -> None:
    """Wake nobody: whoever dispatches finds what is due by itself."""


class RunEngine(Struct, frozen=True, kw_only=True):
    """What advancing a run stands on; it holds and does nothing.

    `version` looks a pinned version up by id, `latest` the active one of a name; `inputs` checks what is handed in
    against a version; `admit` says whether a step may act; `operations` keeps the operation log; `wake` is told, in the
    same transaction, when a run is due that nobody owns; `answered` learns from a person's answer to a decide step.
    """

    context: MemoryContext
    approvals: Approvals
    outbox: Outbox
    executors: Executors
    threads: Threads
    version: Callable[[str], ProcedureVersion]
    latest: Callable[[str], ProcedureVersion]
    inputs: Callable[[ProcedureVersion, Mapping[str, JSON]], Mapping[str, JSON]]
    admit: AskGuard
    operations: OperationWriter
    wake: Wake
    chance: Callable[[], float]
    lease: Lease
    answered: Answered = leave


class Sheet:
    """A run and its steps as they are read and written in one transaction; `launch` is what begins after it."""

    def __init__(self, tx: Transaction, run: Run, now: Micros, owner: str) -> None:
        self.tx = tx
        self.run = run
        self.now = now
        self.launch: list[StepAttempt] = []
        self._owner = owner
        self._before = run
        self._changed: dict[tuple[str, str], StepRun] = {}
        self._afterwards: list[Callable[[], object]] = []

    def find(self, step_id: str, role: str = "do") -> StepRun | None:
        """Return what is known of a step, or of its compensation."""
        rows = self.run.steps if role == "do" else self.run.compensations
        return next((row for row in rows if row.step_id == step_id), None)

    def of(self, step: Step, role: Role) -> StepRun:
        """Return a step's row, or a new one."""
        known = self.find(step.id, role)
        if known is not None:
            return known
        key = f"{self.run.id}:{step.id}"
        if role == "undo":
            done = self.find(step.id)
            key = f"{done.idempotency_key if done else key}:undo"
        return StepRun(
            run_id=self.run.id, step_id=step.id, role=role, state=StepState.PENDING, attempts=0, idempotency_key=key
        )

    def put(self, row: StepRun, **changes: Any) -> StepRun:
        """Change a step's row; a transition that the machine does not know is a mistake of ours."""
        before = row.state
        row = replace(row, **changes, epoch=self.run.epoch)
        assert step_may(before, row.state), f"step {row.step_id} cannot go from {before} to {row.state}"
        self._changed[row.step_id, row.role] = row
        if row.role == "do":
            self.run = replace(self.run, steps=_with(self.run.steps, row))
        else:
            self.run = replace(self.run, compensations=_with(self.run.compensations, row))
        return row

    def end(self, row: StepRun, state: StepState, **changes: Any) -> StepRun:
        """End a step: it gets its place in the order of completion."""
        place = latest((*self.run.steps, *self.run.compensations)) + 1
        return self.put(
            row,
            state=state,
            waits_for=None,
            waits_on=None,
            wake_at=None,
            finished_at=self.now,
            completion=place,
            **changes,
        )

    def move(self, **changes: Any) -> None:
        """Change the run."""
        before = self.run.state
        self.run = replace(self.run, **changes)
        assert may(before, self.run.state), f"a run cannot go from {before} to {self.run.state}"

    def release(self, state: RunState, wake_at: Micros | None) -> None:
        """Let go of the run: nobody owns it until it is due."""
        self.move(state=state, owner=None, lease_until=None, wake_at=wake_at)

    def afterwards(self, act: Callable[[], object]) -> None:
        """Do something in this transaction once the run is written."""
        self._afterwards.append(act)

    def write(self) -> None:
        """Write what changed; raise LeaseLost where the run has another owner."""
        for row in self._changed.values():
            self.tx.runs.put_step(row)
        if _bare(self.run) != _bare(self._before) and not self.tx.runs.save(self.run, self._owner):
            raise LeaseLost()
        for act in self._afterwards:
            act()


def _with(rows: tuple[StepRun, ...], row: StepRun) -> tuple[StepRun, ...]:
    if any(known.step_id == row.step_id for known in rows):
        return tuple(row if known.step_id == row.step_id else known for known in rows)
    return (*rows, row)


def _bare(run: Run) -> Run:
    return replace(run, steps=(), compensations=())


def parameters_of(value: Any) -> Mapping[str, Any]:
    """Return filled-in parameters as the mapping that they are."""
    assert isinstance(value, dict)
    return value
