"""Which steps of procedures need more time, another try, or no other try? By how their attempts went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import draft
from brainops.learning.improvements.versions import QUICK_END, Versions, side
from brainops.procedures.catalog import Catalog, subject_of
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.procedures.fixes.fix_procedure import TAG as FIX_TAG
from brainops.store.database import Row
from brainops.types import (
    Improvement,
    ImprovementKind,
    Micros,
    ProcedureVersion,
    Retry,
    Step,
    StepState,
)
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS

LOOKED_BACK_DAYS = 90
MAX_STEPS = 5_000  # of one procedure that are looked at
LEAST = 10  # of what is to be mended: fewer may be one bad day
OFTEN = 0.1  # of the runs of a step; what is rarer is not worth a change
NEAR = 0.5  # a step whose slowest success took half its time-out may well need more than all of it
LONGEST_SECONDS = 21_600.0  # six hours: what takes longer is a run of its own
DEFAULT_SECONDS = 600.0  # of a step that names none, as steps/executor.py has it
ATTEMPTS = 3  # where one does not suffice

TIMED_OUT = ("did not end in time", "did not answer in time", "timed out", "TimeoutError")


class StepRecord(Struct, frozen=True, kw_only=True):
    """How one step of a version went: runs of it, time-outs, failures at the first attempt, those mended later."""

    runs: int
    timed_out: int
    failed_first: int
    mended: int
    failed: int
    slowest_seconds: float
    failed_run_micros: Micros | None


class Timing(Versions):
    """Changes the time-out and the retries of a step."""

    kinds = frozenset((ImprovementKind.TIMEOUT, ImprovementKind.RETRY))

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self._catalog = catalog

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return what the attempts of the steps of active procedures of the written namespace suggest."""
        mine = work.context.store.scope.write
        return [
            each
            for version in self._catalog.active()
            if version.namespace == mine and FIX_TAG not in version.procedure.tags
            for each in self._of(version, work)
        ]

    def _of(self, version: ProcedureVersion, work: CycleWork) -> Iterator[Improvement]:
        since = work.to_at - LOOKED_BACK_DAYS * DAY_MICROS
        name = version.procedure.name
        with work.context.store.read() as tx:
            rows = tx.improvements.steps(name, version.hash, since=since, until=work.to_at, limit=MAX_STEPS)
        for step_id, record in records(rows).items():
            step = version.procedure.step(step_id)
            for change in changes(step, record) if step else ():
                yield _proposal(version, change, record, work.to_at)


class StepChange(Struct, frozen=True, kw_only=True):
    """What is to change of a step, and why."""

    kind: ImprovementKind
    step: Step
    what: str
    why: str
    measure: str = ""
    reference_micros: Micros = 0


def records(rows: Sequence[Row]) -> dict[str, StepRecord]:
    """Return how each step went; a step's own time is known where it succeeded at its first attempt."""
    by_step: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_step[row["step_id"]].append(row)
    return {step_id: _record(found) for step_id, found in by_step.items()}


def changes(step: Step, record: StepRecord) -> Iterator[StepChange]:
    """Yield the changes of a step that its record suggests; whether they are better is for the trial to say."""
    limit = step.timeout_seconds or DEFAULT_SECONDS
    often = record.timed_out >= LEAST and record.timed_out >= OFTEN * record.runs
    if often and record.slowest_seconds >= NEAR * limit and limit < LONGEST_SECONDS:
        longer = min(LONGEST_SECONDS, limit * 2)
        yield StepChange(
            kind=ImprovementKind.TIMEOUT,
            step=replace(step, timeout_seconds=longer),
            what=f"give step {step.id} {longer:g} seconds instead of {limit:g}",
            why=f"it ran out of time in {record.timed_out} of {counted(record.runs, 'run')}, and took up to "
            f"{record.slowest_seconds:.0f} seconds where it succeeded",
        )
        return
    if step.retry.attempts > 1 and record.failed_first >= LEAST and not record.mended:
        yield StepChange(
            kind=ImprovementKind.RETRY,
            step=replace(step, retry=Retry()),
            what=f"try step {step.id} once instead of {counted(step.retry.attempts, 'time')}",
            why=f"trying again never helped in {counted(record.failed_first, 'run')} in which it failed at first",
            measure=QUICK_END,
            reference_micros=(record.failed_run_micros or 0) // 2,
        )
    again = step.retry.attempts == 1 and record.failed >= LEAST and record.failed >= OFTEN * record.runs
    if again and STEP_KINDS[step.action.uses].repeatable:
        yield StepChange(
            kind=ImprovementKind.RETRY,
            step=replace(step, retry=replace(step.retry, attempts=ATTEMPTS)),
            what=f"try step {step.id} up to {ATTEMPTS} times instead of once",
            why=f"it failed in {record.failed} of {counted(record.runs, 'run')}, and changes nothing",
        )


def _record(rows: Sequence[Row]) -> StepRecord:
    own = [
        (row["finished_at"] - row["started_at"]) / 1e6
        for row in rows
        if row["state"] == StepState.SUCCEEDED and row["failures"] == 0 and row["started_at"] is not None
    ]
    failed = [row for row in rows if row["state"] == StepState.FAILED]
    whole = [row["run_finished_at"] - row["run_started_at"] for row in failed if row["run_started_at"] is not None]
    return StepRecord(
        runs=len(rows),
        timed_out=sum(any(word in (row["error"] or "") for word in TIMED_OUT) for row in failed),
        failed_first=sum(row["failures"] > 0 for row in rows),
        mended=sum(row["failures"] > 0 and row["state"] == StepState.SUCCEEDED for row in rows),
        failed=len(failed),
        slowest_seconds=max(own, default=0.0),
        failed_run_micros=int(median(whole)) if whole else None,
    )


def _proposal(version: ProcedureVersion, change: StepChange, record: StepRecord, at: Micros) -> Improvement:
    procedure = version.procedure
    steps = tuple(change.step if step.id == change.step.id else step for step in procedure.steps)
    after = side(replace(procedure, steps=steps))
    return draft(
        change.kind,
        f"{change.kind.value}:{procedure.name}:{change.step.id}:{str(after['hash'])[:16]}",
        subject_of(procedure.name),
        f"{procedure.name}: {change.what}",
        change.why,
        before=side(version),
        after=after,
        at=at,
        evidence={
            "path": version.path,
            "runs": record.runs,
            "timed_out": record.timed_out,
            "failed_first": record.failed_first,
            "mended": record.mended,
            "failed": record.failed,
            "measure": change.measure,
            "reference_micros": change.reference_micros,
        },
    )
