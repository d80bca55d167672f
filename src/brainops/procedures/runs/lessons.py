"""What do the runs of a procedure teach: where do they fail, what is skipped, what takes long? (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from brainops.types import ENDED, JSON, Procedure, Run, RunState, StepRun, StepState
from brainops.wire import plain

FEW = 3  # runs below which nothing is said of a step: one or two cases are anecdotes
OFTEN = 0.5  # a step that fails or is skipped in half of its runs is worth a look
TEXT_CHARACTERS = 300


class StepLesson(Struct, frozen=True, kw_only=True):
    """How one step fared: in how many runs it ended, failed, was tried again, was skipped with an approval."""

    step_id: str
    ended: int
    failed: int
    tried_again: int
    excused: int
    median_seconds: float | None
    last_error: str | None


class Lesson(Struct, frozen=True, kw_only=True):
    """What the runs of one procedure teach; `findings` are sentences for people, each with its counts."""

    procedure: str
    runs: int
    succeeded: int
    failed: int
    cancelled: int
    waiting: int
    median_seconds: float | None
    steps: tuple[StepLesson, ...]
    findings: tuple[str, ...]

    def as_content(self) -> JSON:
        """Return it as the content of a memory."""
        content: JSON = plain(self)
        return content


def lesson(procedure: Procedure, runs: Sequence[Run]) -> Lesson:
    """Return what these runs of a procedure teach."""
    ended = [run for run in runs if run.state in ENDED]
    states = Counter(run.state for run in runs)
    steps = tuple(_step(step.id, [found for run in runs if (found := run.step(step.id))]) for step in procedure.steps)
    whole = states[RunState.SUCCEEDED] + states[RunState.FAILED]
    findings = [f"{states[RunState.SUCCEEDED]} of {whole} runs that went to their end succeeded"] if whole else []
    for step in steps:
        if step.ended >= FEW and step.failed / step.ended >= OFTEN:
            findings.append(f"step {step.step_id} failed in {step.failed} of {step.ended} runs: {step.last_error}")
        if step.excused >= FEW:
            findings.append(f"step {step.step_id} was skipped with an approval {step.excused} times")
        if step.ended >= FEW and step.tried_again / step.ended >= OFTEN:
            findings.append(f"step {step.step_id} needed another try in {step.tried_again} of {step.ended} runs")
    return Lesson(
        procedure=procedure.name,
        runs=len(runs),
        succeeded=states[RunState.SUCCEEDED],
        failed=states[RunState.FAILED],
        cancelled=states[RunState.CANCELLED],
        waiting=len(runs) - len(ended),
        median_seconds=_median([_seconds(run.started_at, run.finished_at) for run in ended]),
        steps=steps,
        findings=tuple(findings),
    )


def _step(step_id: str, seen: Sequence[StepRun]) -> StepLesson:
    ended = [each for each in seen if each.finished_at is not None and each.state is not StepState.SKIPPED]
    failed = [each for each in seen if each.state is StepState.FAILED]
    errors = [each.error for each in sorted(failed, key=lambda each: each.finished_at or 0) if each.error]
    return StepLesson(
        step_id=step_id,
        ended=len(ended),
        failed=len(failed),
        tried_again=sum(1 for each in seen if each.failures and each.state is StepState.SUCCEEDED),
        excused=sum(1 for each in seen if each.skipped_because not in (None, "condition")),
        median_seconds=_median([_seconds(each.started_at, each.finished_at) for each in ended]),
        last_error=errors[-1][:TEXT_CHARACTERS] if errors else None,
    )


def _seconds(started_at: int | None, finished_at: int | None) -> float | None:
    if started_at is None or finished_at is None:
        return None
    return (finished_at - started_at) / 1_000_000


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 6) if known else None
