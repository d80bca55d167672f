"""What may be put around an operation and around a step of a run? Functions that are called before it and after it.

What BrainOps itself does there are entries of the same kind: `OperationLog` lists those of an operation from top to
bottom, `operations.log.AT_THE_END` what is written when one ends. Around a step, `StepAttempt.carry_out` asks the guard
first, and the run writes down what it came to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from brainops.procedures.steps.executor import Executor, Executors, StepResult, StepWork
    from brainops.store import Transaction
    from brainops.types import Decision, Guidance, Micros, OperationStart, Outcome


class SeenOperation(Protocol):
    """What an entry sees of an operation that is about to begin, or has ended."""

    id: str
    start: OperationStart
    guidance: Guidance | None

    @property
    def decision(self) -> Decision:
        """What the guard said."""
        ...


def nothing(*_: object) -> None:
    """Do nothing there."""


class Around(Struct, frozen=True, kw_only=True):
    """What who opens a memory adds, for all of its views: to every operation, and to every step that is carried out.

    `before` is called once memory was consulted and the guard lets the operation pass; what it raises keeps the
    operation from beginning. `after` is told the outcome once that is written. A step's are called in the thread that
    carries it out: what `before_step` raises is that step's failure, and `after_step` is told the result, or the error.
    """

    before: Callable[[SeenOperation], object] = nothing
    after: Callable[[SeenOperation, Outcome], object] = nothing
    before_step: Callable[[StepWork], object] = nothing
    after_step: Callable[[StepWork, StepResult | BaseException], object] = nothing


class OwnEntry(Struct, frozen=True, kw_only=True):
    """What BrainOps does around an operation: before and after it, and in what writes its beginning and its end."""

    before: Callable[[Any], object] = nothing
    begins: Callable[[Transaction, Any, Micros], object] = nothing
    ends: Callable[[Transaction, Any, Outcome, Micros], object] = nothing
    after: Callable[[Any, Outcome], object] = nothing


def around_steps(executors: Executors, added: Sequence[Around]) -> Executors:
    """Return what carries out each kind of step, with what was added around it."""
    return {kind: _around(executor, added) for kind, executor in executors.items()} if added else executors


def _around(executor: Executor, added: Sequence[Around]) -> Executor:
    def carry_out(work: StepWork) -> StepResult:
        try:
            for each in added:
                each.before_step(work)
            result = executor(work)
        except BaseException as error:
            for each in reversed(added):
                each.after_step(work, error)
            raise
        for each in reversed(added):
            each.after_step(work, result)
        return result

    return carry_out
