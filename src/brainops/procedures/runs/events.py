"""What does an answer lead to: of an attempt, of a person, of a clock, of another run?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from brainops.errors import BrainOpsError, InvalidInput, MissingExtra, OperationBlocked, StepFailed
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.definition.step_kinds import ANSWERS
from brainops.procedures.runs.admission import Admission, doing_of, kept_detail, with_approvals
from brainops.procedures.runs.attempts import Asked, BeginsRun, Failure, Heard, StepAttempt, failure_of
from brainops.procedures.runs.machine import retry_after
from brainops.procedures.runs.run_values import MAX_ERROR_CHARACTERS, bounded, shown, values_of
from brainops.procedures.runs.start import begin_child
from brainops.procedures.runs.unit_of_work import RunEngine, Sheet
from brainops.procedures.steps.executor import StepDone, StepWaits, StepWrite
from brainops.types import (
    JSON,
    Allow,
    Approval,
    ApprovalKind,
    ApprovalState,
    Ask,
    ErrorEvent,
    NoticeKind,
    ProcedureVersion,
    Run,
    RunState,
    Step,
    StepKind,
    StepRun,
    StepState,
)
from brainops.types.times import SECOND_MICROS
from brainops_core.redaction.redact import safe_text

WAITS = ANSWERS | {"time", "resolved"}  # what an executor may wait for; the run begins the rest
ASK_AGAIN_SECONDS = 30.0  # a guard that could not look: the store comes back, or somebody sees why the run waits
RECHECK_SECONDS = 300.0  # a condition that cannot be evaluated here may be elsewhere, or after an installation


class Hearing:
    """What comes to a run in one transaction, written on its sheet."""

    def __init__(self, engine: RunEngine, version: ProcedureVersion, sheet: Sheet) -> None:
        self._engine = engine
        self._version = version
        self._sheet = sheet
        self._verify: list[tuple[Step, StepRun]] = []
        self.admitted: set[tuple[str, str]] = set()  # steps that go on with the attempt that asked the guard

    @property
    def to_verify(self) -> list[tuple[Step, StepRun]]:
        """Steps that did their work and are to be verified by an action of their own."""
        return self._verify

    def hear(self, heard: Heard) -> None:
        """Take in what an attempt came to; one that was heard before, or was given up, says nothing any more."""
        step = self._version.procedure.step(heard.step_id)
        row = self._sheet.find(heard.step_id, heard.role)
        if step is None or row is None or row.state is not StepState.RUNNING:
            return
        if (row.attempts, row.stage) != (heard.number, heard.stage):
            return
        match heard.answer:
            case Failure() as failure:
                self.failed(step, row, failure)
            case StepDone(output=output, evidence=evidence):
                self._did(step, row, output, evidence)
            case StepWrite(write=write):
                self._write(step, row, write, heard.conceal)
            case StepWaits() as waits:
                self._waits(step, row, waits)
            case BeginsRun() as begins:
                self._begins(step, row, begins)
            case Asked(attempt=attempt, admission=admission):
                self._asked(step, row, attempt, admission)

    def _asked(self, step: Step, row: StepRun, attempt: StepAttempt, admission: Admission) -> None:
        """The guard was asked: write down what it said, and act, wait for a person, or fail. Nothing was done yet."""
        run = self._sheet.run
        if row.role == "do" and (run.error is not None or run.requested in ("cancel", "compensate")):
            return  # the run gives up: the step does not act any more
        if admission.trouble and not isinstance(admission.decision, Allow):
            again = {"wake_at": self._sheet.now + int(ASK_AGAIN_SECONDS * SECOND_MICROS), "error": admission.refusal}
            self._sheet.put(
                row,
                state=StepState.WAITING,
                waits_for="retry",
                attempts=row.attempts - 1,
                detail=kept_detail(row),
                **again,
            )
            return
        try:
            with self._sheet.tx.session.savepoint():
                admission.record(self._sheet.tx)
        except OperationBlocked as error:
            self.failed(step, row, plainly(str(error), retryable=False))
            return
        match admission.decision:
            case Allow(approval_ids=used):
                self._sheet.put(row, detail=kept_detail(row, recorded=True, approvals=with_approvals(row, *used)))
                self.admitted.add((row.step_id, row.role))
                self._sheet.launch.append(replace(attempt, ask=None))
            case Ask(reason=reason) if row.role == "do" and row.stage == "act":
                self._ask(step, row, attempt, admission, reason)
            case _:
                self.failed(step, row, plainly(admission.refusal, retryable=False))

    def _ask(self, step: Step, row: StepRun, attempt: StepAttempt, admission: Admission, reason: str) -> None:
        """Ask a person for what a rule wants approved, and wait for the answer; the attempt does not count."""
        run, doing = self._sheet.run, doing_of(attempt.work.action)
        approval = self._engine.approvals.ask(
            self._sheet.tx,
            kind=ApprovalKind.OPERATION,
            subject=admission.subject,
            question=f"May step {step.id} of {run.procedure_name} do this: {admission.subject}{doing}?",
            reason=reason,
            requested_by=run.actor,
            run_id=run.id,
            step_id=step.id,
        )
        self._sheet.put(
            row,
            state=StepState.WAITING,
            waits_for="approval",
            waits_on=approval.id,
            attempts=row.attempts - 1,
            error=None,
            detail=kept_detail(row),
        )

    def _waits(self, step: Step, row: StepRun, waits: StepWaits) -> None:
        if waits.waits_for == "resolved" and row.role == "do":
            self._wait_until_resolved(step, row, waits)
            return
        if row.stage == "verify" or row.role == "undo":
            self.failed(
                step,
                row,
                plainly("what verifies or takes back a step cannot wait, but `until: resolved`", retryable=False),
            )
            return
        if waits.waits_for not in WAITS:
            self.failed(step, row, plainly(f"nothing here answers what waits for {waits.waits_for!r}", retryable=False))
            return
        detail = shown(waits.detail, self._engine.context.redaction)
        self._sheet.put(row, state=StepState.WAITING, waits_for=waits.waits_for, wake_at=waits.wake_at, detail=detail)

    def _wait_until_resolved(self, step: Step, row: StepRun, waits: StepWaits) -> None:
        """Wait for the alerts that this run is for, or one of those that began it."""
        run: Run | None = self._sheet.run
        while run is not None and not self._sheet.tx.alerts.of_run(run.id)["alerts"]:
            run = self._sheet.tx.runs.get(run.parent_run_id) if run.parent_run_id else None
        if run is None:
            self.failed(step, row, plainly("no alert began this run, so none is resolved", retryable=False))
            return
        waiting = {"waits_for": "resolved", "waits_on": run.id, "wake_at": waits.wake_at}
        self._resolved(step, self._sheet.put(row, state=StepState.WAITING, **waiting), over=False)

    def _resolved(self, step: Step, row: StepRun, *, over: bool) -> None:
        """End a step whose run's alerts are resolved, or fire for longer than it waits."""
        found = self._sheet.tx.alerts.of_run(row.waits_on or "")
        said: dict[str, JSON] = {"resolved": True, "alerts": int(found["alerts"])}
        if found["firing"]:
            if over:
                self.failed(step, row, plainly(f"{found['firing']} of {found['alerts']} alerts fire still"))
        elif row.stage == "verify":
            self._succeeded(step, row, row.output, {"verified": True, "by": "resolved", "output": said})
        else:
            self.done(step, row, said, None)

    def _begins(self, step: Step, row: StepRun, begins: BeginsRun) -> None:
        try:
            child = begin_child(self._engine, self._sheet, row, begins)
        except BrainOpsError as error:
            self.failed(step, row, replace(failure_of(error), retryable=False))
            return
        self._sheet.put(row, state=StepState.WAITING, waits_for="run", waits_on=child.id)
        if child.finished_at is not None:
            self.settle_one(step, self._sheet.of(step, "do"))

    def _write(self, step: Step, row: StepRun, write: Callable[[Any], JSON], conceal: Callable[[Any], Any]) -> None:
        """Do a step's own write in this transaction; what fails of it leaves nothing behind."""
        try:
            with self._sheet.tx.session.savepoint():
                output = self._kept(conceal(write(self._sheet.tx)), f"the output of step {step.id}")
                if row.role == "do" and step.verify is not None and step.verify.condition is not None:
                    self._check(step, output)
        except MissingExtra as error:
            self.hold(row, str(error))
        except Exception as error:  # noqa: BLE001 -- it is kept as the step's failure
            self.failed(step, row, failure_of(error, lambda text: str(conceal(text))))
        else:
            self._passed(step, row, output, None)

    def _did(self, step: Step, row: StepRun, output: JSON, evidence: JSON) -> None:
        if row.stage == "verify":
            try:
                said = self._kept(output, "the output of the verification")
            except InvalidInput as error:
                said = str(error)
            self._succeeded(step, row, row.output, {"verified": True, "by": "action", "output": said})
            return
        try:
            output = self._kept(output, f"the output of step {step.id}")
            evidence = self._kept(evidence, f"the evidence of step {step.id}")
        except InvalidInput as error:
            self.failed(step, replace(row, detail={"acted": True}), replace(failure_of(error), retryable=False))
            return
        self.done(step, row, output, evidence)

    def done(self, step: Step, row: StepRun, output: JSON, evidence: JSON) -> None:
        """The action did its work; look at its verification."""
        if row.role == "do" and step.verify is not None and step.verify.condition is not None:
            try:
                self._check(step, output)
            except MissingExtra as error:
                self.hold(replace(row, output=output, evidence=evidence, stage="verify"), str(error))
                return
            except BrainOpsError as error:
                self.failed(step, replace(row, output=output, detail={"acted": True}), failure_of(error))
                return
        self._passed(step, row, output, evidence)

    def _passed(self, step: Step, row: StepRun, output: JSON, evidence: JSON) -> None:
        verify = step.verify if row.role == "do" else None
        if verify is not None and verify.action is not None:
            row = self._sheet.put(
                row, state=StepState.RUNNING, stage="verify", output=output, evidence=evidence, wake_at=None
            )
            self._verify.append((step, row))
            return
        if verify is not None and verify.condition is not None:
            evidence = {"verified": True, "by": "condition", "given": evidence}
        self._succeeded(step, row, output, evidence)

    def _succeeded(self, step: Step, row: StepRun, output: JSON, evidence: JSON) -> None:
        self._sheet.end(row, StepState.SUCCEEDED, output=output, evidence=evidence, error=None)
        done = self._sheet.find(step.id)
        if row.role == "undo" and done is not None:
            self._sheet.put(done, state=StepState.COMPENSATED)

    def _check(self, step: Step, output: JSON) -> None:
        assert step.verify is not None
        assert step.verify.condition is not None
        check_output(self._version, self._sheet, step.verify.condition, output)

    def failed(self, step: Step, row: StepRun, failure: Failure) -> None:
        """An attempt failed: another one later, or the step failed, and with it perhaps the run."""
        message = safe_text(failure.message, self._engine.context.redaction)
        failures = row.failures + 1
        acted = row.stage == "verify" or (isinstance(row.detail, dict) and row.detail.get("acted"))
        detail = kept_detail(row, **({"acted": True} if acted else {}))
        kept: dict[str, Any] = {"failures": failures, "error": message, "detail": detail or None}
        cancelled = row.role == "do" and self._sheet.run.requested in ("cancel", "compensate")
        last = cancelled or not failure.retryable
        again = None if last else retry_after(step.retry, failures, self._engine.chance())
        if again is not None:
            wake_at = self._sheet.now + int(max(again, failure.retry_after_seconds or 0.0) * SECOND_MICROS)
            self._sheet.put(
                row, state=StepState.WAITING, waits_for="retry", wake_at=wake_at, stage="act", output=None, **kept
            )
            return
        stage = "verify" if acted else "act"
        self._sheet.end(row, StepState.FAILED, stage=stage, output=row.output, **kept)
        if row.role == "undo":
            told = f"{self._sheet.run.error or ''}; step {step.id} could not be taken back: {message}"
            self._sheet.move(error=told.removeprefix("; ")[:MAX_ERROR_CHARACTERS])
        elif not step.continue_on_error and not cancelled:
            self.fail_run(replace(failure, message=message), step)

    def fail_run(self, failure: Failure, step: Step | None) -> None:
        """The run will not succeed: keep why, and make the error a memory with its context.

        What BrainOps itself says of a step ("it took longer than 5 seconds") is another error for each step, so that
        two never share a fix; what a program says is the same error wherever it runs.
        """
        if self._sheet.run.error is not None:
            return  # the first failure is the one that ended it
        procedure, event = self._version.procedure, failure.event
        told = f"step {step.id}: {failure.message}" if step else failure.message
        if event is None:
            where = f"step {step.id} of {procedure.name}" if step else procedure.name
            event = ErrorEvent(message=f"{where}: {failure.message}".split("\n", 1)[0])
        event = replace(event, service=event.service or procedure.name)
        self._sheet.move(error=told[:MAX_ERROR_CHARACTERS], fingerprint=fingerprint(event).digest)
        self._engine.operations.fail(
            self._sheet.tx, self._sheet.run, event, step_id=step.id if step else None, known=failure.known
        )

    def hold(self, row: StepRun, why: str) -> None:
        """A condition cannot be evaluated here: the step waits, fails closed, and somebody is told once."""
        told_before = row.waits_for == "condition"
        self._sheet.put(
            row,
            state=StepState.WAITING,
            waits_for="condition",
            wake_at=self._sheet.now + int(RECHECK_SECONDS * SECOND_MICROS),
            error=why[:MAX_ERROR_CHARACTERS],
        )
        self.tell_waiting(why, told_before)

    def tell_waiting(self, why: str, told_before: bool) -> None:
        """Say why the run waits, and tell somebody the first time."""
        run = self._sheet.run
        self._sheet.move(reason=why[:MAX_ERROR_CHARACTERS])
        if not told_before:
            name = self._version.procedure.name
            self._engine.outbox.put(self._sheet.tx, NoticeKind.RUN_WAITING, name, run_id=run.id, reason=why)

    def settle(self) -> None:
        """Look at every step that waits: is its wait over?"""
        for row in self._sheet.run.steps:
            step = self._version.procedure.step(row.step_id)
            if step is not None and row.state is StepState.WAITING:
                self.settle_one(step, row)

    def settle_one(self, step: Step, row: StepRun) -> None:
        """Let a waiting step end where what it waits for has come."""
        over = row.wake_at is not None and row.wake_at <= self._sheet.now
        match row.waits_for:
            case "time" if over or row.wake_at is None:
                self.done(step, row, row.detail, None)
            case answer if answer in ANSWERS and over:
                self.failed(step, row, plainly("nobody did it in time", retryable=False))
            case "condition" if over and row.stage == "verify":
                self.done(step, row, row.output, row.evidence)
            case "approval" if step.action.uses is StepKind.APPROVAL:
                self._decided(step, row)
            case "approval":
                self._let(step, row)
            case "run":
                self._child_ended(step, row)
            case "resolved":
                self._resolved(step, row, over=over)
            case _:
                pass

    def _decided(self, step: Step, row: StepRun) -> None:
        approval = self._sheet.tx.approvals.get(row.waits_on or "")
        if approval is None or approval.state is ApprovalState.PENDING:
            return
        if approval.state is ApprovalState.GRANTED:
            used = self._engine.approvals.use(self._sheet.tx, ApprovalKind.STEP, approval.subject)
            if used is not None and used.id == approval.id and used.decided_by is not None:
                by = {"kind": used.decided_by.kind.value, "id": used.decided_by.id, "proof": used.decided_by.proof}
                output: JSON = {"approved": True, "by": used.decided_by.id, "reason": used.decision_reason}
                self.done(step, row, output, {"approval": used.id, "by": by, "at": used.decided_at})
                return
        self.failed(step, row, _unanswered(approval))

    def _let(self, step: Step, row: StepRun) -> None:
        """A person answered whether an operation may be done: the step acts now, asks anew, or fails.

        What is granted is used up here, so that it serves this step, with its further attempts, and nothing else. What
        another run used up, or asked for and gave up, was no answer to this one.
        """
        approval = self._sheet.tx.approvals.get(row.waits_on or "")
        if approval is None or approval.state is ApprovalState.PENDING:
            return
        again: dict[str, Any] = {"waits_for": "retry", "waits_on": None, "wake_at": self._sheet.now}
        if approval.state is ApprovalState.GRANTED:
            used = self._engine.approvals.use(
                self._sheet.tx,
                ApprovalKind.OPERATION,
                approval.subject,
                approval_id=approval.id,
                actor=self._sheet.run.actor,
            )
            if used is not None:
                self._sheet.put(row, detail=kept_detail(row, approvals=with_approvals(row, used.id)), **again)
                return
        elsewhere = approval.run_id != self._sheet.run.id and approval.decided_by is None
        if approval.state is ApprovalState.USED or (approval.state is ApprovalState.EXPIRED and elsewhere):
            self._sheet.put(row, **again)
            return
        self.failed(step, row, _unanswered(approval))

    def _child_ended(self, step: Step, row: StepRun) -> None:
        child = self._sheet.tx.runs.get(row.waits_on or "")
        if child is not None and child.finished_at is None:
            return
        if child is None:
            self.failed(step, row, plainly(f"its run {row.waits_on} is gone", retryable=False))
        elif child.state is RunState.SUCCEEDED:
            self.done(step, row, {"run_id": child.id, "outputs": child.outputs}, None)
        else:
            why = child.error or child.reason or "no reason was given"
            message = f"the run {child.id} of {child.procedure_name} {child.state.value}: {why}"
            event = self._engine.operations.error_of(self._sheet.tx, child)
            self.failed(step, row, Failure(message=message, event=event, known=event is not None, retryable=False))

    def _kept(self, value: JSON, what: str) -> JSON:
        return None if value is None else bounded(value, self._engine.context.redaction, what)


def check_output(version: ProcedureVersion, sheet: Sheet, condition: str, output: JSON, evidence: JSON = None) -> None:
    """Raise StepFailed where a verification does not hold, ConditionFailed or MissingExtra where nobody can say."""
    values = values_of(version, sheet.run, output=output, evidence=evidence)
    if not compiled(condition).holds(values):
        raise StepFailed(f"it did not pass its verification: {condition}", kind="VerificationFailed")


def _unanswered(approval: Approval) -> Failure:
    by_whom = f" by {approval.decided_by.id}" if approval.decided_by else ""
    why = f": {approval.decision_reason}" if approval.decision_reason else ""
    said = {ApprovalState.REFUSED: f"refused{by_whom}{why}", ApprovalState.EXPIRED: "not answered in time"}
    message = f"the approval {approval.id} was {said.get(approval.state, 'used up, or is no longer valid')}"
    return plainly(message, retryable=False)


def plainly(message: str, *, retryable: bool = True) -> Failure:
    return Failure(message=message, event=None, retryable=retryable)
