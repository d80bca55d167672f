"""How would a procedure's declared example go: the real machine, with steps that only answer? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from brainops.errors import BrainOpsError, StepFailed
from brainops.procedures.conditions.conditions import compile
from brainops.procedures.conditions.templates import fill
from brainops.procedures.definition.canonical import digest
from brainops.procedures.definition.inputs import checked
from brainops.procedures.runs import machine
from brainops.procedures.runs.run_values import values_of
from brainops.types import (
    JSON,
    NOBODY,
    Example,
    ExampleResult,
    Owner,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    Run,
    RunState,
    Step,
    StepRun,
    StepState,
)

MAX_TURNS = 10_000  # of one rehearsal: 200 steps with their attempts and compensations take far fewer


def rehearse(procedure: Procedure, example: Example) -> ExampleResult:
    """Return how an example goes, and what of it differs from what it expects."""
    rehearsal = _Rehearsal(procedure, example)
    try:
        rehearsal.go(checked(procedure, example.inputs))
    except BrainOpsError as error:  # such as inputs that do not fit
        rehearsal.fail(str(error))
        rehearsal.run = replace(rehearsal.run, state=RunState.FAILED)
    return _compared(rehearsal, example.expect)


@dataclass(slots=True)
class _Rehearsal:
    """One example under way."""

    procedure: Procedure
    example: Example
    run: Run = field(init=False)
    version: ProcedureVersion = field(init=False)
    order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.version = ProcedureVersion(
            id="rehearsal",
            namespace="rehearsal",
            number=1,
            hash=digest(self.procedure),
            procedure=self.procedure,
            state=ProcedureState.DRAFT,
            owner=Owner.STORE,
            source="",
            path=None,
            created_at=0,
            created_by=NOBODY,
        )
        self.run = Run(
            id="rehearsal",
            namespace="rehearsal",
            procedure_id="rehearsal",
            procedure_name=self.procedure.name,
            procedure_hash="",
            target=self.example.target,
            inputs={},
            state=RunState.RUNNING,
            epoch=1,
            owner="rehearsal",
            actor=NOBODY,
            created_at=0,
            started_at=0,
            mode=self.procedure.mode,
        )

    def go(self, inputs: Mapping[str, JSON]) -> None:
        """Ask the machine what comes next until the run ends or waits for somebody."""
        self.run = replace(self.run, inputs=inputs)
        for _ in range(MAX_TURNS):
            match machine.next_of(self.procedure, self.run, now=0):
                case machine.Start(steps=steps):
                    for step in steps:
                        self._do(step)
                case machine.GiveUp(waiting=waiting):
                    for step_run in waiting:
                        self._put(replace(step_run, state=StepState.CANCELLED))
                case machine.Undo(step=step):
                    self._undo(step)
                case machine.Finish():
                    if self._finish():
                        return
                case machine.End(state=state):
                    self.run = replace(self.run, state=state)
                    return
                case _:
                    self.run = replace(self.run, state=RunState.WAITING)
                    return
        raise StepFailed("it did not end")

    def fail(self, message: str) -> None:
        """Keep why the run will not succeed; the first reason counts."""
        if self.run.error is None:
            self.run = replace(self.run, error=message)

    def _do(self, step: Step) -> None:
        fake = self.example.steps.get(step.id, {})
        row = StepRun(run_id=self.run.id, step_id=step.id, state=StepState.RUNNING, attempts=1, idempotency_key=step.id)
        try:
            if step.condition is not None and not compile(step.condition).holds(self._values()):
                self._put(replace(row, state=StepState.SKIPPED, skipped_because="condition"))
                return
            fill(dict(step.action.parameters), {**self._values(), "secrets": dict.fromkeys(step.secrets, "***")})
            if "waits" in fake:
                self._put(replace(row, state=StepState.WAITING, waits_for=str(fake["waits"])))
                return
            if "error" in fake:
                raise StepFailed(str(fake["error"]))
            row = replace(row, output=fake.get("output"), stage="verify")
            if "output" in fake:  # a step that the example says nothing of succeeds, verified
                condition = None if step.verify is None else step.verify.condition
                if condition is not None and not compile(condition).holds(self._values(output=row.output)):
                    raise StepFailed(f"it did not pass its verification: {condition}")
        except BrainOpsError as error:
            self._put(replace(row, state=StepState.FAILED, error=str(error)))
            if not step.continue_on_error:
                self.fail(f"step {step.id}: {error}")
            return
        self._put(replace(row, state=StepState.SUCCEEDED))

    def _undo(self, step: Step) -> None:
        done = self.run.step(step.id)
        assert done is not None
        undone = replace(done, role="undo", state=StepState.SUCCEEDED)
        self.run = replace(self.run, compensations=(*self.run.compensations, undone), state=RunState.COMPENSATING)
        if done.state is StepState.SUCCEEDED:
            steps = tuple(
                replace(each, state=StepState.COMPENSATED) if each.step_id == step.id else each
                for each in self.run.steps
            )
            self.run = replace(self.run, steps=steps)

    def _finish(self) -> bool:
        """Look at the expected outcomes and outputs; return whether the run ended with it."""
        try:
            for outcome in self.procedure.expected_outcomes:
                if not compile(outcome).holds(self._values()):
                    raise StepFailed(f"it did not have the expected outcome: {outcome}")
            outputs = fill(dict(self.procedure.outputs), self._values())
        except BrainOpsError as error:
            self.fail(str(error))
            return False
        self.run = replace(self.run, state=RunState.SUCCEEDED, outputs=outputs)
        return True

    def _put(self, row: StepRun) -> None:
        if row.state is not StepState.WAITING:
            self.order.append(row.step_id)
            row = replace(row, completion=len(self.order))
        others = tuple(each for each in self.run.steps if each.step_id != row.step_id)
        self.run = replace(self.run, steps=(*others, row))

    def _values(self, **more: JSON) -> dict[str, Any]:
        return values_of(self.version, self.run, **more)


def _compared(rehearsal: _Rehearsal, expect: Mapping[str, JSON]) -> ExampleResult:
    run, undone = rehearsal.run, tuple(each.step_id for each in rehearsal.run.compensations)

    def of(*states: StepState) -> tuple[str, ...]:
        there = {each.step_id for each in run.steps if each.state in states}
        return tuple(step_id for step_id in rehearsal.order if step_id in there)

    skipped, failed = of(StepState.SKIPPED), of(StepState.FAILED)
    succeeded = of(StepState.SUCCEEDED, StepState.COMPENSATED)
    ran = tuple(step_id for step_id in rehearsal.order if step_id not in skipped)
    found: dict[str, Any] = {"state": run.state.value, "outputs": run.outputs, "order": list(ran)}
    sets = {"succeeded": succeeded, "failed": failed, "skipped": skipped, "undone": undone}
    differences = []
    there: Any
    wished: Any
    for key, wanted in expect.items():
        if key in sets:
            there, wished = sorted(sets[key]), sorted(wanted if isinstance(wanted, list) else [])
        else:
            there, wished = found.get(key), wanted
        if there != wished:
            differences.append(f"{key}: {there!r} instead of {wished!r}")
    if differences and run.error:
        differences.append(f"error: {run.error}")
    return ExampleResult(
        name=rehearsal.example.name,
        differences=tuple(differences),
        state=run.state.value,
        outputs=run.outputs,
        order=ran,
        skipped=skipped,
        failed=failed,
        undone=undone,
        error=run.error,
    )
