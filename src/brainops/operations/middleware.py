"""What may be put around operations, steps of runs and calls of memory? Functions that are called before and after.

What BrainOps itself does there are entries of the same kind: `OperationLog` lists those of an operation from top to
bottom, `operations.log.AT_THE_END` what is written when one ends. Around a step, `StepAttempt.carry_out` asks the guard
first, and the run writes down what it came to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct

if TYPE_CHECKING:
    from brainops.procedures.steps.executor import Executor, Executors, StepResult, StepWork
    from brainops.store import Transaction
    from brainops.types import JSON, Decision, Guidance, Micros, OperationStart, Outcome

T = TypeVar("T")
Entries = Sequence[tuple[Callable[..., object], Callable[..., object]]]  # each is called before, and after

MEMORY_VERBS = (
    "capture capture_many retrieve newest match feedback supersede archive forget restore purge purge_subject promote"
).split()


class SeenOperation(Protocol):
    """What an entry sees of an operation that is about to begin, or has ended."""

    id: str
    start: OperationStart
    guidance: Guidance | None

    @property
    def decision(self) -> Decision:
        """What the guard said."""
        ...


class SeenCall(Struct, frozen=True, kw_only=True):
    """What an entry sees of a call of memory: the verb, what is given to it by name, and where it is called.

    What was given is as the caller wrote it: `redact` takes out of it what would be taken out before it is stored.
    """

    verb: str
    arguments: Mapping[str, Any]
    namespace: str
    redact: Callable[[JSON], JSON]


def nothing(*_: object) -> None:
    """Do nothing there."""


class Around(Struct, frozen=True, kw_only=True):
    """What who opens a memory adds, for all of its views: to operations, to steps that are carried out, to its calls.

    `before` is called once memory was consulted and the guard lets the operation pass; what it raises keeps the
    operation from beginning. `after` is told the outcome once that is written. A step's are called in the thread that
    carries it out: what `before_step` raises is that step's failure, and `after_step` is told the result, or the error.
    `before_call` and `after_call` are the same for the verbs of memories (MEMORY_VERBS), in the thread that calls.
    """

    before: Callable[[SeenOperation], object] = nothing
    after: Callable[[SeenOperation, Outcome], object] = nothing
    before_step: Callable[[StepWork], object] = nothing
    after_step: Callable[[StepWork, StepResult | BaseException], object] = nothing
    before_call: Callable[[SeenCall], object] = nothing
    after_call: Callable[[SeenCall, Any], object] = nothing


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
    steps = [(each.before_step, each.after_step) for each in added]
    return lambda work: _between(steps, work, lambda: executor(work))


def around_calls(view: Any, added: Sequence[Around], redact: Callable[[JSON], JSON]) -> None:
    """Put what was added around the calls of memory that go through a view."""
    given = [(each.before_call, each.after_call) for each in added]
    calls = [each for each in given if each != (nothing, nothing)]
    for name in MEMORY_VERBS if calls else ():
        setattr(view, name, _called(view, name, calls, redact))


def _called(
    view: Any,
    name: str,
    calls: Sequence[tuple[Callable[..., object], Callable[..., object]]],
    redact: Callable[..., Any],
) -> Callable[..., Any]:
    from inspect import signature  # for those alone who look at calls: it is dear at a start

    verb = getattr(view, name)

    @functools.wraps(verb)
    def call(*arguments: Any, **named: Any) -> Any:
        given = signature(verb).bind(*arguments, **named).arguments  # raises what the verb itself would
        seen = SeenCall(verb=name, arguments=given, namespace=view.settings.namespace, redact=redact)
        return _between(calls, seen, lambda: verb(*arguments, **named))

    return call


def _between(entries: Entries, seen: Any, work: Callable[[], T]) -> T:
    """Do a piece of work between what is called before and after it, which is told what came of it, or the error."""
    try:
        for before, _ in entries:
            before(seen)
        result = work()
    except BaseException as error:
        for _, after in reversed(entries):
            after(seen, error)
        raise
    for _, after in reversed(entries):
        after(seen, result)
    return result
