"""What does the owner of a run do next? It begins steps, takes back, lets go, ends: all that one transaction writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec.structs import replace

from brainops.errors import BrainOpsError, ConditionFailed, MissingExtra, StepFailed
from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.conditions.templates import fill
from brainops.procedures.definition.inputs import of_step
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.procedures.runs import machine
from brainops.procedures.runs.admission import Admission, is_asked, start_of_step, within_of, without_operation
from brainops.procedures.runs.attempts import BeginsRun, StepAttempt, deadline_of, failure_of
from brainops.procedures.runs.events import RECHECK_SECONDS, Hearing, plainly
from brainops.procedures.runs.run_values import bounded, concealed, shown, values_of
from brainops.procedures.runs.unit_of_work import Role, RunEngine, Sheet, parameters_of
from brainops.procedures.steps.executor import StepWork
from brainops.types import (
    JSON,
    Action,
    ApprovalKind,
    Micros,
    NoticeKind,
    ProcedureVersion,
    RunState,
    Step,
    StepKind,
    StepRun,
    StepState,
)
from brainops.types.times import SECOND_MICROS

MAX_PARALLEL_STEPS = 8  # of one run, so that a wide procedure does not take every thread and connection
MAX_CUT_OFF = 10  # attempts of one step that nobody heard of again: it is what takes its worker along
DEFAULT_TIMEOUT_SECONDS = 6 * 3_600.0  # of a step that names none


class Moving:
    """The moves of one transaction, until the run is busy, waits or has ended."""

    def __init__(self, engine: RunEngine, version: ProcedureVersion, sheet: Sheet, hearing: Hearing) -> None:
        self._engine = engine
        self._version = version
        self._sheet = sheet
        self._hearing = hearing

    def restart(self, under_way: Mapping[tuple[str, str], int]) -> None:
        """Begin anew what an owner before had under way: nobody will ever hear how it ended."""
        run = self._sheet.run
        giving_up = run.requested in ("cancel", "compensate") or run.error is not None
        for row in (*run.steps, *run.compensations):
            if row.state is not StepState.RUNNING or under_way.get((row.step_id, row.role)) == row.attempts:
                continue
            step = self._version.procedure.step(row.step_id)
            if step is None or any(step is verified for verified, _ in self._hearing.to_verify):
                continue
            if (row.step_id, row.role) in self._hearing.admitted:
                continue
            if row.role == "do" and giving_up:
                self._sheet.put(row, state=StepState.CANCELLED, finished_at=self._sheet.now)
            elif row.attempts - row.failures > MAX_CUT_OFF:
                message = f"{MAX_CUT_OFF} attempts were cut off before they ended; it may be what ends its worker"
                self._hearing.failed(step, row, plainly(message, retryable=False))
            else:
                self._begin_attempt(step, row, row.role)

    def go(self) -> None:
        """Move on until nothing more can be done before something is heard."""
        while self._moved():
            pass
        for step, row in self._hearing.to_verify:
            current = self._sheet.find(row.step_id)
            if current is not None and current.state is StepState.RUNNING:
                self._launch_verification(step, current)

    def hand_back(self) -> None:
        """Begin nothing more; once nothing is under way, let somebody else go on."""
        run = self._sheet.run
        if any(row.state is StepState.RUNNING for row in (*run.steps, *run.compensations)):
            return
        state = run.state if run.state is RunState.COMPENSATING else RunState.QUEUED
        self._wait(state, self._sheet.now)

    def _moved(self) -> bool:
        match machine.next_of(self._version.procedure, self._sheet.run, self._sheet.now):
            case machine.Start(steps=steps):
                moved = False
                for step in steps:
                    busy = sum(row.state is StepState.RUNNING for row in self._sheet.run.steps)
                    if busy >= MAX_PARALLEL_STEPS:
                        break
                    moved = self._begin(step, "do")
                    if self._sheet.run.error is not None:
                        break
                return moved
            case machine.Hold(wake_at=wake_at):
                state = self._sheet.run.state
                self._wait(state if state is RunState.COMPENSATING else RunState.WAITING, wake_at)
            case machine.Pause():
                self._sheet.release(RunState.PAUSED, None)
                self._sheet.move(requested=None)
            case machine.GiveUp(waiting=waiting):
                for row in waiting:
                    # it is not waited for any more; a run that it had begun is cancelled with it
                    if row.waits_for == "run" and row.waits_on:
                        self._cancel_child(row.waits_on)
                    self._sheet.put(row, state=StepState.CANCELLED, wake_at=None, finished_at=self._sheet.now)
                return True
            case machine.Undo(step=step):
                if self._sheet.run.state is not RunState.COMPENSATING:
                    self._sheet.move(state=RunState.COMPENSATING)
                return self._begin(step, "undo")
            case machine.Finish():
                return self._finish()
            case machine.End(state=state):
                self.end(state)
            case machine.Busy():
                pass
        return False

    def _wait(self, state: RunState, wake_at: Micros | None) -> None:
        """Let go of the run until it is due."""
        self._sheet.release(state, wake_at)
        if wake_at is not None:
            self._engine.wake(self._sheet.tx, self._sheet.run.id, wake_at)

    def _begin(self, step: Step, role: Role) -> bool:
        row = self._sheet.of(step, role)
        try:
            if (
                role == "do"
                and row.attempts == 0
                and step.condition is not None
                and not compiled(step.condition).holds(values_of(self._version, self._sheet.run))
            ):
                self._sheet.end(
                    row, StepState.SKIPPED, skipped_because="condition", error=None, started_at=self._sheet.now
                )
                return True
            self._begin_attempt(step, row, role)
        except MissingExtra as error:
            self._hearing.hold(row, str(error))
        except ConditionFailed as error:
            self._hearing.failed(step, row, replace(failure_of(error), retryable=False))
        return True

    def _begin_attempt(self, step: Step, row: StepRun, role: Role) -> None:
        """Write that an attempt begins, and have it begin once that is written."""
        action = step.action if role == "do" else step.compensate
        assert action is not None
        if row.stage == "verify" and role == "do":
            self._launch_verification(step, self._running(row, None))
            return
        try:
            done = self._sheet.find(step.id) if role == "undo" else None
            values = values_of(self._version, self._sheet.run, output=done.output if done else None)
            filled = self._filled(step, action, values)
            kept = shown(filled, self._engine.context.redaction)
            if role == "do" and STEP_KINDS[action.uses].asked:
                self._ask(step, row, filled, kept)
                return
        except MissingExtra:
            raise
        except BrainOpsError as error:
            failure = replace(failure_of(error), retryable=False)
            self._hearing.failed(step, self._running(row, None), failure)
            return
        row = self._running(row, kept)
        self._launch(step, row, action, filled, values)

    def _running(self, row: StepRun, kept: JSON) -> StepRun:
        return self._sheet.put(
            row,
            state=StepState.RUNNING,
            attempts=row.attempts + 1,
            input=kept if kept is not None else row.input,
            waits_for=None,
            waits_on=None,
            wake_at=None,
            started_at=row.started_at or self._sheet.now,
        )

    def _filled(self, step: Step, action: Action, values: Mapping[str, Any]) -> Mapping[str, Any]:
        seen = {**values, "secrets": concealed(step.secrets)}
        return parameters_of(fill(dict(action.parameters), seen))

    def _ask(self, step: Step, row: StepRun, filled: Mapping[str, Any], kept: JSON) -> None:
        """Begin a step that a person or an agent answers."""
        waits: dict[str, Any] = {"waits_for": "manual"}
        if step.timeout_seconds is not None and step.action.uses is StepKind.MANUAL:
            waits["wake_at"] = self._sheet.now + int(step.timeout_seconds * SECOND_MICROS)
        if step.action.uses is StepKind.APPROVAL:
            times = {
                name: float(filled[given]) * factor
                for name, given, factor in _APPROVAL_TIMES
                if filled.get(given) is not None
            }
            if "timeout_seconds" not in times and step.timeout_seconds is not None:
                times["timeout_seconds"] = step.timeout_seconds
            approval = self._engine.approvals.ask(
                self._sheet.tx,
                kind=ApprovalKind.STEP,
                subject=f"{self._sheet.run.id}/{step.id}{f'/{row.round}' if row.round else ''}",
                question=str(filled.get("question") or step.text or step.name or f"May {step.id} go ahead?"),
                reason=str(filled.get("reason") or ""),
                requested_by=self._sheet.run.actor,
                run_id=self._sheet.run.id,
                step_id=step.id,
                **times,
            )
            waits = {"waits_for": "approval", "waits_on": approval.id}
        waits.setdefault("wake_at", None)
        began = {"attempts": row.attempts + 1, "input": kept, "started_at": row.started_at or self._sheet.now}
        self._sheet.put(row, state=StepState.WAITING, error=None, **began, **waits)

    def _launch(
        self, step: Step, row: StepRun, template: Action, filled: Mapping[str, Any], values: Mapping[str, Any]
    ) -> None:
        """Have an attempt begin once the transaction has written so."""
        run, timeout = self._sheet.run, step.timeout_seconds
        action = replace(template, parameters=filled)
        asked: Callable[[], Admission] | None = None
        if is_asked(action):  # outside of this transaction
            start = start_of_step(run, step, row, action)
            within = within_of(self._sheet.tx, self._version, run, step, row, action)
            asked = partial(self._engine.admit, start, within)
            action = replace(action, parameters=without_operation(action))
            template = replace(template, parameters=without_operation(template))
        work = StepWork(
            run_id=run.id,
            step_id=step.id,
            action=action,
            idempotency_key=row.idempotency_key + (":verify" if row.stage == "verify" else ""),
            attempt=row.attempts,
            timeout_seconds=timeout,
            secrets={},
            actor=run.actor,
            target=run.target,
            context=self._engine.context,
            cancelled=lambda: False,
        )
        child = action.uses is StepKind.PROCEDURE and row.role == "do" and row.stage == "act"
        attempt = StepAttempt(
            step=step,
            role=row.role,
            number=row.attempts,
            stage=row.stage,
            work=work,
            template=template,
            references={name: self._version.procedure.secrets[name] for name in step.secrets},
            values=values,
            executor=self._begin_run if child else self._engine.executors.get(action.uses),
            ask=asked,
            deadline=deadline_of(timeout or DEFAULT_TIMEOUT_SECONDS),
        )
        attempt.work = replace(work, cancelled=attempt.stop.is_set)
        self._sheet.launch.append(attempt)

    def _begin_run(self, work: StepWork) -> BeginsRun:
        parameters = work.action.parameters
        name, inputs = parameters.get("procedure") or parameters.get("name"), parameters.get("inputs") or {}
        if not isinstance(name, str) or not isinstance(inputs, dict):
            raise StepFailed("a procedure step names `procedure`, and `inputs` as a mapping", retryable=False)
        version = self._engine.latest(name)
        given = self._engine.inputs(version, of_step(version.procedure, parameters))
        target = parameters.get("target")
        return BeginsRun(version=version, inputs=given, target=None if target is None else str(target))

    def _launch_verification(self, step: Step, row: StepRun) -> None:
        assert step.verify is not None
        assert step.verify.action is not None
        values = values_of(self._version, self._sheet.run, output=row.output, evidence=row.evidence)
        try:
            filled = self._filled(step, step.verify.action, values)
        except BrainOpsError as error:
            self._hearing.failed(step, row, replace(failure_of(error), retryable=False))
            return
        self._launch(step, row, step.verify.action, filled, values)

    def _cancel_child(self, run_id: str) -> None:
        child = self._sheet.tx.runs.get(run_id)
        if child is None or child.finished_at is not None or child.parent_run_id != self._sheet.run.id:
            return
        self._sheet.tx.runs.request(run_id, "cancel", f"the run {self._sheet.run.id} that began it gave up")
        if child.state is RunState.PAUSED:
            self._sheet.tx.runs.steer(
                child, replace(child, state=RunState.QUEUED, requested="cancel", wake_at=self._sheet.now)
            )
        self._sheet.tx.runs.wake(run_id, self._sheet.now)

    def _finish(self) -> bool:
        """Every step is done: are the outcomes as expected, and what are the outputs?"""
        procedure, values = self._version.procedure, values_of(self._version, self._sheet.run)
        try:
            for outcome in procedure.expected_outcomes:
                if not compiled(outcome).holds(values):
                    raise StepFailed(f"it did not have the expected outcome: {outcome}", kind="OutcomeNotMet")
            outputs = bounded(fill(dict(procedure.outputs), values), self._engine.context.redaction, "the outputs")
        except MissingExtra as error:
            told_before = self._sheet.run.reason == str(error)
            self._hearing.tell_waiting(str(error), told_before)
            self._wait(RunState.WAITING, self._sheet.now + int(RECHECK_SECONDS * SECOND_MICROS))
            return False
        except BrainOpsError as error:
            self._hearing.fail_run(failure_of(error), None)
            return True
        self._sheet.move(outputs=outputs)
        self.end(RunState.SUCCEEDED)
        return False

    def end(self, state: RunState) -> None:
        """End the run: its group is free, whoever waits for it is due, and a failure is told."""
        run, sheet = self._sheet.run, self._sheet
        held = run.holds_group
        sheet.release(state, None)
        sheet.move(finished_at=sheet.now, holds_group=False, reason=None if state is RunState.SUCCEEDED else run.reason)
        sheet.afterwards(lambda: self._wake_others(run.concurrency_group if held else None))
        self._engine.operations.end(sheet.tx, sheet.run)
        if state is RunState.FAILED:
            self._engine.outbox.put(
                sheet.tx,
                NoticeKind.RUN_FAILED,
                run.procedure_name,
                run_id=run.id,
                target=run.target,
                error=run.error,
                compensated=[row.step_id for row in run.compensations if row.state is StepState.SUCCEEDED],
            )

    def _wake_others(self, group: str | None) -> None:
        """Whoever queues for the group, or waits for this run, is due."""
        tx, now = self._sheet.tx, self._sheet.now
        if group is not None and (following := tx.runs.hand_over(group, now)) is not None:
            self._engine.wake(tx, following, now)
        for waiting in tx.runs.waiting_on(self._sheet.run.id):
            tx.runs.wake(waiting, now)
            self._engine.wake(tx, waiting, now)


_APPROVAL_TIMES = (
    ("timeout_seconds", "timeout-minutes", 60.0),
    ("timeout_seconds", "timeout-seconds", 1.0),
    ("escalate_seconds", "escalate-minutes", 60.0),
    ("escalate_seconds", "escalate-seconds", 1.0),
)
