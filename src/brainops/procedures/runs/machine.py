"""What may a run and its steps do next? (pure)

The states, the transitions that are allowed, and from a run as it stands the one thing that comes next. Nothing here
knows a database, a clock or a thread: the interpreter asks, does it, and asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from brainops.types import Micros, Procedure, Retry, Run, RunState, Step, StepRun, StepState

RUN_TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED}),
    RunState.RUNNING: frozenset(
        {
            RunState.QUEUED,
            RunState.WAITING,
            RunState.PAUSED,
            RunState.COMPENSATING,
            RunState.SUCCEEDED,
            RunState.FAILED,
            RunState.CANCELLED,
        }
    ),
    RunState.WAITING: frozenset({RunState.QUEUED, RunState.RUNNING, RunState.PAUSED, RunState.CANCELLED}),
    RunState.PAUSED: frozenset({RunState.QUEUED, RunState.CANCELLED}),
    RunState.COMPENSATING: frozenset({RunState.PAUSED, RunState.FAILED, RunState.CANCELLED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset({RunState.QUEUED}),
    RunState.CANCELLED: frozenset({RunState.QUEUED}),
}
"""Where a run may go from where it stands. The last two of its ends are left by a retry only."""

STEP_TRANSITIONS: Mapping[StepState, frozenset[StepState]] = {
    StepState.PENDING: frozenset({StepState.RUNNING, StepState.WAITING, StepState.SKIPPED, StepState.FAILED}),
    StepState.RUNNING: frozenset({StepState.WAITING, StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED}),
    StepState.WAITING: frozenset(
        {StepState.RUNNING, StepState.SUCCEEDED, StepState.FAILED, StepState.SKIPPED, StepState.CANCELLED}
    ),
    StepState.SUCCEEDED: frozenset({StepState.COMPENSATED, StepState.PENDING}),
    StepState.FAILED: frozenset({StepState.COMPENSATED, StepState.PENDING, StepState.SKIPPED}),
    StepState.SKIPPED: frozenset({StepState.PENDING}),
    StepState.CANCELLED: frozenset({StepState.PENDING, StepState.SKIPPED}),
    StepState.COMPENSATED: frozenset({StepState.PENDING, StepState.SKIPPED}),
}
"""Where a step may go; back to pending by a retry of its run only."""

AGAIN = frozenset({"retry", "condition"})  # a step that waits for these begins again when its time has come


def may(before: RunState, after: RunState) -> bool:
    """Say whether a run may go from one state to another; staying is always allowed."""
    return before is after or after in RUN_TRANSITIONS[before]


def step_may(before: StepState, after: StepState) -> bool:
    """Say whether a step may go from one state to another; staying is always allowed."""
    return before is after or after in STEP_TRANSITIONS[before]


class Start(Struct, frozen=True, kw_only=True):
    """These steps begin now; they do not wait for each other."""

    steps: tuple[Step, ...]


class Busy(Struct, frozen=True, kw_only=True):
    """Nothing new begins until a step that is under way ends."""


class Hold(Struct, frozen=True, kw_only=True):
    """Everything left waits; `wake_at` is when the first of it goes on by itself, None when only an answer helps."""

    wake_at: Micros | None


class Pause(Struct, frozen=True, kw_only=True):
    """Nothing is under way, and somebody asked to pause."""


class GiveUp(Struct, frozen=True, kw_only=True):
    """The run will not succeed: what waits is cancelled, then it is compensated or ended."""

    waiting: tuple[StepRun, ...]


class Undo(Struct, frozen=True, kw_only=True):
    """What this step did is taken back now."""

    step: Step


class Finish(Struct, frozen=True, kw_only=True):
    """Every step is done: outcomes and outputs are to be looked at."""


class End(Struct, frozen=True, kw_only=True):
    """The run ends so."""

    state: RunState


Next = Start | Busy | Hold | Pause | GiveUp | Undo | Finish | End


def next_of(procedure: Procedure, run: Run, now: Micros) -> Next:
    """Return what comes next for a run as it stands."""
    if run.state is RunState.COMPENSATING:
        return _compensation(procedure, run, now)
    running = any(step.state is StepState.RUNNING for step in run.steps)
    if run.requested in ("cancel", "compensate") or run.error is not None or broken(procedure, run):
        if running:
            return Busy()
        if left := tuple(step for step in run.steps if step.state is StepState.WAITING):
            return GiveUp(waiting=left)
        return End(state=_end_of(run)) if run.requested == "cancel" else _compensation(procedure, run, now)
    if run.requested == "pause":
        return Busy() if running else Pause()
    if steps := ready(procedure, run, now):
        return Start(steps=steps)
    if running:
        return Busy()
    waiting = [step for step in run.steps if step.state is StepState.WAITING]
    if waiting:
        return Hold(wake_at=min((step.wake_at for step in waiting if step.wake_at is not None), default=None))
    done = {step.step_id for step in run.steps if is_done(procedure, step)}
    if done >= {step.id for step in procedure.steps}:
        return Finish()
    return End(state=RunState.FAILED)  # a step that can neither be done nor begin: nothing passes for done that is not


def ready(procedure: Procedure, run: Run, now: Micros) -> tuple[Step, ...]:
    """Return the steps that may begin: what they need is done, and they have not begun or their wait is over."""
    known = {step.step_id: step for step in run.steps}
    return tuple(step for step in procedure.steps if _is_ready(procedure, step, known, now))


def _is_ready(procedure: Procedure, step: Step, known: Mapping[str, StepRun], now: Micros) -> bool:
    at = known.get(step.id)
    if at is None or at.state is StepState.PENDING:
        return all(is_done(procedure, known.get(need)) for need in step.needs)
    return at.state is StepState.WAITING and at.waits_for in AGAIN and (at.wake_at or 0) <= now


def is_done(procedure: Procedure, at: StepRun | None) -> bool:
    """Say whether the steps that need this one may begin: it succeeded, was skipped, or may fail."""
    if at is None:
        return False
    if at.state is StepState.FAILED:
        step = procedure.step(at.step_id)
        return step is not None and step.continue_on_error
    return at.state in (StepState.SUCCEEDED, StepState.SKIPPED)


def broken(procedure: Procedure, run: Run) -> StepRun | None:
    """Return the step whose failure ends the run, or None."""
    failed = [step for step in run.steps if step.state is StepState.FAILED and not is_done(procedure, step)]
    return min(failed, key=lambda step: step.completion or 0, default=None)


def _compensation(procedure: Procedure, run: Run, now: Micros) -> Next:
    for undo in run.compensations:
        if undo.state is StepState.RUNNING:
            return Busy()
        if undo.state is StepState.WAITING:
            step = procedure.step(undo.step_id)
            if undo.wake_at is not None and undo.wake_at > now:
                return Hold(wake_at=undo.wake_at)
            if step is not None:
                return Undo(step=step)
    following = next_to_undo(procedure, run)
    return Undo(step=following) if following else End(state=_end_of(run))


def _end_of(run: Run) -> RunState:
    return RunState.CANCELLED if run.requested in ("cancel", "compensate") else RunState.FAILED


def next_to_undo(procedure: Procedure, run: Run) -> Step | None:
    """Return the step that is to be taken back next: of those that did something, the one that completed last.

    A step that did its work and failed its verification did something, too.
    """
    begun = {undo.step_id for undo in run.compensations}
    left = [
        step
        for step in run.steps
        if step.step_id not in begun
        and (step.state is StepState.SUCCEEDED or (step.state is StepState.FAILED and step.stage == "verify"))
        and (defined := procedure.step(step.step_id)) is not None
        and defined.compensate is not None
    ]
    last = max(left, key=lambda step: step.completion or 0, default=None)
    return procedure.step(last.step_id) if last else None


def retry_after(retry: Retry, failures: int, chance: float) -> float | None:
    """Return the seconds until the next attempt after so many failures, or None when it was the last.

    wait * factor ** (failures - 1), at most max_wait, spread evenly by +-jitter; `chance` lies in 0..1.
    """
    if failures >= retry.attempts:
        return None
    exponent = min(failures - 1, 64)  # beyond this any factor above 1 has long met max_wait
    wait = min(retry.wait_seconds * retry.factor**exponent, retry.max_wait_seconds)
    return max(0.0, wait * (1 + retry.jitter * (2 * chance - 1)))


def dependents(procedure: Procedure, step_id: str) -> frozenset[str]:
    """Return a step and every step that needs it, directly or through others."""
    reached = {step_id}
    while True:
        more = {step.id for step in procedure.steps if step.id not in reached and reached & set(step.needs)}
        if not more:
            return frozenset(reached)
        reached |= more


def picture(transitions: Mapping[RunState, frozenset[RunState]], ends: Iterable[RunState]) -> str:
    """Return the states as a Mermaid picture."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    for before, allowed in transitions.items():
        lines += [f"    {before.value} --> {after.value}" for after in RunState if after in allowed]
    lines += [f"    {end.value} --> [*]" for end in RunState if end in set(ends)]
    return "\n".join(lines)
