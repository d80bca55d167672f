"""Where does a run stand, and what can be done about it? All runs, and one of them step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from brainops.dashboard.needs import Button
from brainops.dashboard.visit import ROWS, Visit
from brainops.dashboard.words import MARKS
from brainops.types import Micros, ProcedureVersion, Run, RunState, Step, StepRun, StepState
from brainops.types.run import ENDED

OPEN = {StepState.FAILED, StepState.WAITING, StepState.RUNNING}
SCALE = 1000  # of the bars of time


def runs(visit: Visit) -> Mapping[str, Any]:
    """Return the runs of the stretch of time, of one state or procedure where the address says so."""
    state, procedure = visit.query.get("state"), visit.query.get("procedure")
    return {
        "choices": [(each, None) for each in ("active", *(state.value for state in RunState))],
        "found": lambda: visit.brain.runs.list(
            state=state or None, procedure=procedure or None, since=visit.since, limit=ROWS, **visit.paging
        ),
    }


def run(visit: Visit) -> Mapping[str, Any]:
    """Return one run: its steps, the failed or waiting one open, and what can be done."""
    found = visit.brain.runs.get(visit.given["run_id"])
    version = visit.brain.procedures.by_id(found.procedure_id)
    target = f" on {found.target}" if found.target else ""
    return {
        "run": found,
        "version": version,
        "heading": f"{found.procedure_name}{target}",
        "steps": _steps(found, version, visit.now),
        "undone": [each for each in found.compensations if each.state is not StepState.PENDING],
        "would_undo": list(_would_undo(found, version)),
        "buttons": _buttons(found, version),
        "cli": f"brainops runs show {found.id}",
    }


def _steps(run: Run, version: ProcedureVersion, now: Micros) -> list[Mapping[str, Any]]:
    begins = run.started_at or run.created_at
    whole = max(1, (run.finished_at or now) - begins)
    return [_step(run, step, run.step(step.id), begins, whole, now) for step in version.procedure.steps]


def _step(run: Run, step: Step, row: StepRun | None, begins: Micros, whole: int, now: Micros) -> Mapping[str, Any]:
    state = row.state if row else StepState.PENDING
    bar = None
    if row is not None and row.started_at is not None:
        ends = row.finished_at or now
        bar = {
            "x": min(SCALE - 4, (row.started_at - begins) * SCALE // whole),
            "width": max(4, (ends - row.started_at) * SCALE // whole),
            "took": ends - row.started_at,
        }
    return {
        "step": step,
        "row": row,
        "state": state.value,
        "mark": MARKS[state.value],
        "open": state in OPEN,
        "bar": bar,
        "waits": row.waits_for if row and state is StepState.WAITING else None,
        "buttons": _step_buttons(run, step, row) if row else (),
    }


def _step_buttons(run: Run, step: Step, row: StepRun) -> tuple[Button, ...]:
    told = {"run_id": run.id, "step_id": step.id}
    found = []
    if run.state in (RunState.FAILED, RunState.CANCELLED) and row.state in (StepState.FAILED, StepState.SUCCEEDED):
        fields = {"run_id": run.id, "from_step": step.id}
        found.append(Button(verb="runs.retry", label="Retry from here", fields=fields))
    if row.state is StepState.WAITING:
        if row.waits_for == "manual":
            found.append(Button(verb="runs.complete", label="It is done", fields=told, kind="first"))
        found.append(Button(verb="runs.skip", label="Skip", fields=told, reason="Why it may be skipped"))
    return tuple(found)


def _would_undo(run: Run, version: ProcedureVersion) -> Iterator[Step]:
    """Yield what cancelling would take back, in the order in which it would: the last that was done first."""
    done = {row.step_id: row for row in run.steps if row.state is StepState.SUCCEEDED}
    steps = [step for step in version.procedure.steps if step.compensate is not None and step.id in done]
    yield from sorted(steps, key=lambda step: done[step.id].completion or 0, reverse=True)


def _buttons(run: Run, version: ProcedureVersion) -> tuple[Button, ...]:
    told = {"run_id": run.id}
    if run.state in (RunState.FAILED, RunState.CANCELLED):
        return (Button(verb="runs.retry", label="Retry", fields=told, kind="first"),)
    if run.state in ENDED:
        return ()
    hold = (
        Button(verb="runs.resume", label="Go on", fields=told, kind="first")
        if run.state is RunState.PAUSED
        else Button(verb="runs.pause", label="Pause", fields=told)
    )
    cancel = [Button(verb="runs.cancel", label="Cancel", fields=told, reason="Why", kind="grave")]
    if any(_would_undo(run, version)):
        back = {**told, "compensate": "true"}
        cancel.append(Button(verb="runs.cancel", label="Cancel and take back", fields=back, reason="Why", kind="grave"))
    return (hold, Button(verb="runs.take_over", label="Take over", fields=told), *cancel)
