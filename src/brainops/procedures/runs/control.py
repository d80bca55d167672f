"""How do people and agents steer a run: cancel, pause, go on, retry, skip, take over, answer a manual step?

Who steers does not own the run. What nobody owns is changed under a new epoch; the owner of a run is asked, and finds
the question at its next turn. A waiting step is answered in its own row, which its owner reads anew in every turn.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from msgspec.structs import replace

from brainops.errors import ApprovalRequired, Conflict, InvalidInput, NamespaceDenied, NotFound, StepFailed
from brainops.procedures.consent.approvals import same_person
from brainops.procedures.definition.step_kinds import ANSWERS, STEP_KINDS
from brainops.procedures.runs.attempts import Failure, Heard, StepAttempt, deadline_of
from brainops.procedures.runs.machine import dependents
from brainops.procedures.runs.preflight import require_admitted
from brainops.procedures.runs.run_values import bounded, concealed, decision, values_of
from brainops.procedures.runs.unit_of_work import RunEngine, parameters_of
from brainops.procedures.steps.executor import StepDone, StepWork
from brainops.store import Transaction, acts
from brainops.store.runs import latest
from brainops.types import (
    ENDED,
    JSON,
    ApprovalKind,
    ApprovalState,
    Micros,
    Mode,
    ProcedureVersion,
    Run,
    RunState,
    Step,
    StepRun,
    StepState,
)

VERIFY_SECONDS = 600.0  # that the verification of a manual step may take where the step names no time-out


class Steering:
    """What is done to a run from outside of it; each act is one transaction with a line in the trail."""

    def __init__(self, engine: RunEngine, pinned: Callable[[Run], ProcedureVersion]) -> None:
        self._engine = engine
        self._pinned = pinned

    def cancel(self, run_id: str, reason: str, *, compensate: bool) -> None:
        """Ask for a run's end; with `compensate` what it did is taken back first."""
        said = self._engine.context.text(reason)

        def act(tx: Transaction, run: Run, now: Micros) -> None:
            self._require(run, run.state not in ENDED, "it has ended")
            self._require(run, run.state is not RunState.COMPENSATING, "what it did is being taken back already")
            tx.runs.request(run.id, "compensate" if compensate else "cancel", said)
            if run.state is RunState.PAUSED:
                self._requeue(tx, run, replace(run, requested="compensate" if compensate else "cancel"), now)
            self._wake(tx, run, now)

        self._act(run_id, acts.RUN_CANCEL, act, reason=reason, compensate=compensate)

    def pause(self, run_id: str, reason: str) -> None:
        """Let no further step of a run begin; what is under way ends first."""
        said = self._engine.context.text(reason)

        def act(tx: Transaction, run: Run, now: Micros) -> None:
            fit = run.state in (RunState.QUEUED, RunState.RUNNING, RunState.WAITING) and run.requested is None
            self._require(run, fit, "only a run that is under way is paused")
            if run.state is RunState.RUNNING:
                tx.runs.request(run.id, "pause", said)
            else:
                self._steer(tx, run, replace(run, state=RunState.PAUSED, wake_at=None, reason=said))

        self._act(run_id, acts.RUN_PAUSE, act, reason=reason)

    def resume(self, run_id: str, reason: str) -> None:
        """Let a paused run go on."""
        said = self._engine.context.text(reason)

        def act(tx: Transaction, run: Run, now: Micros) -> None:
            if run.requested == "pause":
                tx.runs.request(run.id, None, said)
                return
            self._require(run, run.state is RunState.PAUSED, "only a paused run is resumed")
            self._requeue(tx, run, replace(run, requested=None, reason=said), now)

        self._act(run_id, acts.RUN_RESUME, act, reason=reason)

    def retry(self, run_id: str, from_step: str | None, reason: str) -> None:
        """Let a run that failed or was cancelled go on: with the step that failed, or from an earlier one.

        What was taken back is done again, with everything that needs it. A step that had done something gets a new
        idempotency key; one that failed keeps its key, for what it did may stand.
        """

        version = self._pinned(self._read(run_id))
        said = self._engine.context.text(reason)

        def act(tx: Transaction, run: Run, now: Micros) -> None:
            self._require(run, run.state in (RunState.FAILED, RunState.CANCELLED), "only what ended badly is retried")
            self._require(run, run.imported_at is None, "it ran elsewhere and came with a file: start it anew")
            again = self._again(run, version, from_step)
            for row in run.compensations:
                tx.runs.remove_step(row)
            for row in run.steps:
                if row.step_id in again:
                    tx.runs.put_step(_afresh(run, version, row))
            if run.concurrency_group and (holder := tx.runs.active(run.concurrency_group)):
                self._require(run, False, f"the run {holder.id} is under way in its place")
            cleared = replace(run, error=None, fingerprint=None, finished_at=None, requested=None)
            again_as = self._engine.operations.begin(tx, cleared, run.operation_id)
            self._requeue(tx, run, replace(cleared, operation_id=again_as, reason=said), now)

        self._act(run_id, acts.RUN_RETRY, act, reason=reason, from_step=from_step)

    def _again(self, run: Run, version: ProcedureVersion, from_step: str | None) -> frozenset[str]:
        procedure = version.procedure
        if from_step is not None and procedure.step(from_step) is None:
            raise InvalidInput(f"{procedure.name} has no step {from_step!r:.80}")
        again = dependents(procedure, from_step) if from_step else frozenset[str]()
        for row in run.steps:
            step = procedure.step(row.step_id)
            if row.state is StepState.COMPENSATED:
                again |= dependents(procedure, row.step_id)
            elif row.state is StepState.CANCELLED or (
                row.state is StepState.FAILED and step is not None and not step.continue_on_error
            ):
                again |= {row.step_id}
        return again

    def take_over(self, run_id: str) -> None:
        """Make a run one's own: whoever had it commits nothing from now on, and completes no step of it."""

        def act(tx: Transaction, run: Run, now: Micros) -> None:
            self._require(run, run.state not in ENDED, "it has ended")
            mine = replace(run, actor=self._engine.context.actor, taken_over=True, owner=None)
            if run.state in (RunState.RUNNING, RunState.COMPENSATING):
                state = RunState.QUEUED if run.state is RunState.RUNNING else run.state
                self._steer(tx, run, replace(mine, state=state, wake_at=now))
                self._engine.wake(tx, run.id, now)
            else:
                self._steer(tx, run, mine)

        self._act(run_id, acts.RUN_TAKE_OVER, act)

    def skip(self, run_id: str, step_id: str, approval_id: str | None, reason: str) -> None:
        """Do without a step; in a required or strict procedure a person must have agreed to that."""
        if not reason.strip():
            raise InvalidInput("say with `reason` why the step is skipped; it stands in the trail")
        version = self._pinned(self._read(run_id))
        try:
            self._act(
                run_id,
                acts.RUN_SKIP,
                lambda tx, run, now: self._skip(tx, run, now, version, step_id, approval_id),
                step=step_id,
                reason=reason,
            )
        except _NoApproval as missing:
            raise ApprovalRequired(self._asked(missing.run, step_id, reason)) from None

    def _skip(
        self,
        tx: Transaction,
        run: Run,
        now: Micros,
        version: ProcedureVersion,
        step_id: str,
        approval_id: str | None,
    ) -> None:
        step = self._step(version, step_id)
        fresh = StepRun(
            run_id=run.id, step_id=step.id, state=StepState.PENDING, attempts=0, idempotency_key=f"{run.id}:{step.id}"
        )
        row = next((row for row in run.steps if row.step_id == step_id), fresh)
        open_now = run.state not in (*ENDED, RunState.COMPENSATING) and run.error is None
        fit = (open_now and row.state in (StepState.PENDING, StepState.WAITING)) or (
            run.state is RunState.FAILED and row.state is StepState.FAILED
        )
        self._require(run, fit, f"step {step_id} is {row.state.value} and cannot be skipped now")
        because = "without approval: the procedure is advisory"
        if version.procedure.mode is not Mode.ADVISORY:
            used = self._engine.approvals.use(
                tx,
                ApprovalKind.SKIP_STEP,
                f"{run.id}/{step_id}",
                approval_id=approval_id,
                actor=self._engine.context.actor,
            )
            if used is None or used.state is not ApprovalState.USED:
                raise _NoApproval(run)
            because = used.id
        self._end_step(tx, run, row, now, state=StepState.SKIPPED, skipped_because=because, error=row.error)
        self._wake(tx, run, now)

    def _asked(self, run: Run, step_id: str, reason: str) -> str:
        with self._engine.context.store.writing(acts.ASK, self._engine.context.actor) as tx:
            approval = self._engine.approvals.ask(
                tx,
                kind=ApprovalKind.SKIP_STEP,
                subject=f"{run.id}/{step_id}",
                question=f"May step {step_id} of {run.procedure_name} be skipped?",
                reason=self._engine.context.text(reason),
                requested_by=self._engine.context.actor,
                run_id=run.id,
                step_id=step_id,
            )
        skip = f"brainops runs skip {run.id} {step_id} --reason WHY --approval {approval.id}"
        granter = approval.decided_by
        if approval.state is ApprovalState.GRANTED and granter is not None:
            who = f"{granter.id} granted {approval.id}"
            if same_person(granter, self._engine.context.actor):
                asker = approval.requested_by.id
                return f"{who}, and whoever grants a skip does not use it: {asker}, who asked, or another does: {skip}"
            return f"{who} for this step; skip it with that approval: {skip}"
        return (
            f"{run.procedure_name} is {run.mode.value}: a person must agree before step {step_id} is skipped. It was "
            f"asked as {approval.id}: brainops approve {approval.id}; then skip it with this approval: "
            f"{skip}"
        )

    def complete(self, run_id: str, step_id: str, output: JSON, evidence: JSON) -> None:
        """Say that a manual step was done; what its `verify` asks for is looked at first."""
        run = self._read(run_id)
        version = self._pinned(run)
        row = self._at_hand(run, version, step_id)
        step = self._step(version, step_id)
        policy = self._engine.context.redaction
        if row.waits_for == "decision":
            output = decision(output)
        output = None if output is None else bounded(output, policy, "the output")
        evidence = None if evidence is None else bounded(evidence, policy, "the evidence")
        shown = self._verified(run, version, step, row, output, evidence)

        def act(tx: Transaction, current: Run, now: Micros) -> None:
            found = self._at_hand(current, version, step_id)
            self._require(current, (found.attempts, found.round) == (row.attempts, row.round), "it changed meanwhile")
            if found.waits_for == "decision":
                self._engine.answered(tx, current, found, output)
            by = self._engine.context.actor
            proof: JSON = {
                "given": evidence,
                "by": {"kind": by.kind.value, "id": by.id, "proof": by.proof},
                "verified": shown is not None,
                **({"verification": shown} if shown is not None else {}),
            }
            self._end_step(
                tx, current, found, now, state=StepState.SUCCEEDED, output=output, evidence=proof, error=None
            )
            done = "the step was completed"  # so nobody needs to agree to its being skipped
            self._engine.approvals.withdraw(tx, current.id, done, subject=f"{current.id}/{step_id}")
            self._wake(tx, current, now)

        self._act(run_id, acts.RUN_STEP_COMPLETE, act, step=step_id)

    def _verified(
        self, run: Run, version: ProcedureVersion, step: Step, row: StepRun, output: JSON, evidence: JSON
    ) -> JSON:
        """Return what shows that a manual step was done, None where nothing is asked for; raise InvalidInput."""
        from brainops.procedures.conditions.conditions import compile as compiled

        verify = step.verify
        if verify is None:
            if version.procedure.mode is Mode.STRICT and evidence in (None, "", [], {}):
                raise InvalidInput(
                    f"{version.procedure.name} is strict: say with `evidence` what shows that step {step.id} was done"
                )
            return None
        values = values_of(version, run, output=output, evidence=evidence)
        shown: JSON = {"by": "action"}
        if verify.condition is not None:
            if not compiled(verify.condition).holds(values):
                raise InvalidInput(f"step {step.id} does not pass its verification: {verify.condition}")
            shown = {"by": "condition", "condition": verify.condition}
        if verify.action is not None:
            shown = {"by": "action", "output": self._tried(run, version, step, row, values)}
        return shown

    def _tried(self, run: Run, version: ProcedureVersion, step: Step, row: StepRun, values: dict[str, Any]) -> JSON:
        """Carry out the action that verifies a step, and return what it said; raise InvalidInput where it failed."""
        from brainops.procedures.conditions.templates import fill

        assert step.verify is not None
        assert step.verify.action is not None
        template = step.verify.action
        filled = parameters_of(fill(dict(template.parameters), {**values, "secrets": concealed(step.secrets)}))
        require_admitted(self._engine, version, run, step, row, replace(template, parameters=filled))
        seconds = step.timeout_seconds or VERIFY_SECONDS
        attempt = StepAttempt(
            step=step,
            role="do",
            number=row.attempts,
            stage="verify",
            work=StepWork(
                run_id=run.id,
                step_id=step.id,
                action=replace(template, parameters=filled),
                idempotency_key=f"{row.idempotency_key}:verify",
                attempt=row.attempts,
                timeout_seconds=seconds,
                secrets={},
                actor=run.actor,
                target=run.target,
                context=self._engine.context,
                cancelled=lambda: False,
            ),
            template=template,
            references={name: version.procedure.secrets[name] for name in step.secrets},
            values=values,
            executor=self._engine.executors.get(template.uses),
            deadline=deadline_of(seconds),
        )
        said: SimpleQueue[Heard] = SimpleQueue()
        self._engine.threads.submit(lambda: said.put(attempt.carry_out()))
        try:
            heard = said.get(timeout=seconds + 5)
        except Empty:
            attempt.stop.set()
            raise InvalidInput(f"the verification of step {step.id} took longer than {seconds:g} seconds") from None
        match heard.answer:
            case StepDone(output=output):
                return None if output is None else bounded(output, self._engine.context.redaction, "the verification")
            case Failure(message=message):
                raise InvalidInput(f"step {step.id} does not pass its verification: {message}")
            case _:
                raise InvalidInput(f"the verification of step {step.id} neither succeeded nor failed")

    # What these share

    def _act(self, run_id: str, act: acts.Act, do: Callable[[Transaction, Run, Micros], None], **detail: JSON) -> None:
        store, context = self._engine.context.store, self._engine.context
        with store.writing(act, context.actor) as tx:
            run, now = self._known(tx, run_id), store.now()
            if run.namespace != tx.scope.write:
                raise NamespaceDenied(
                    f"the run {run.id} belongs to {run.namespace}, which is only read here; open it with --namespace "
                    f"{run.namespace}"
                )
            do(tx, run, now)
            if "reason" in detail:
                detail["reason"] = self._engine.context.text(str(detail["reason"]))
            tx.trail.append(run_id, now, procedure=run.procedure_name, **detail)

    def _read(self, run_id: str) -> Run:
        with self._engine.context.store.read() as tx:
            return self._known(tx, run_id)

    def _known(self, tx: Transaction, run_id: str) -> Run:
        run = tx.runs.get(run_id)
        if run is None:
            raise NotFound(
                f"there is no run {str(run_id)[:80]!a} in the namespaces that you read; `brainops runs` lists them"
            )
        return run

    def _steer(self, tx: Transaction, seen: Run, run: Run) -> None:
        if not tx.runs.steer(seen, run):
            raise Conflict(f"the run {run.id} changed in the meantime; look at it again")

    def _requeue(self, tx: Transaction, seen: Run, run: Run, now: Micros) -> None:
        """Let a run be due again: at once, or once its group is free."""
        group = run.concurrency_group
        holds = run.holds_group or (group is not None and tx.runs.active(group) is None)
        due = now if group is None or holds or run.requested is not None else None
        self._steer(tx, seen, replace(run, state=RunState.QUEUED, wake_at=due, holds_group=holds))
        if due is not None:
            self._engine.wake(tx, run.id, due)

    def _wake(self, tx: Transaction, run: Run, now: Micros) -> None:
        tx.runs.wake(run.id, now)
        self._engine.wake(tx, run.id, now)

    def _end_step(self, tx: Transaction, run: Run, row: StepRun, now: Micros, **changes: Any) -> None:
        place = latest((*run.steps, *run.compensations)) + 1
        tx.runs.put_step(
            replace(
                row,
                waits_for=None,
                waits_on=None,
                wake_at=None,
                finished_at=now,
                completion=place,
                epoch=run.epoch,
                **changes,
            )
        )

    def _step(self, version: ProcedureVersion, step_id: str) -> Step:
        step = version.procedure.step(step_id)
        if step is None:
            raise NotFound(f"{version.procedure.name} has no step {step_id!r:.80}")
        return step

    def _at_hand(self, run: Run, version: ProcedureVersion, step_id: str) -> StepRun:
        """Return the row of a step that somebody answers now; raise Conflict, without a word about other steps."""
        row = next((row for row in run.steps if row.step_id == step_id), None)
        if run.state in (*ENDED, RunState.PAUSED, RunState.COMPENSATING) or run.requested or run.error:
            raise Conflict(f"the run {run.id} is {run.state.value}; nothing of it can be completed now")
        if row is None or row.state is not StepState.WAITING or row.waits_for not in ANSWERS:
            raise Conflict(f"step {step_id!r:.80} is not at hand; see what is: brainops runs current {run.id}")
        mine = self._engine.context.actor
        if run.taken_over and (mine.kind, mine.id) != (run.actor.kind, run.actor.id):
            raise Conflict(
                f"{run.actor.kind.value} {run.actor.id} took this run over; take it back first: "
                f"brainops runs take-over {run.id}"
            )
        return row

    def _require(self, run: Run, fit: bool, why: str) -> None:
        if not fit:
            raise Conflict(f"the run {run.id} is {run.state.value}: {why}; look at it: brainops runs show {run.id}")


class _NoApproval(StepFailed):
    """Nobody has agreed to this skip."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


def _afresh(run: Run, version: ProcedureVersion, row: StepRun) -> StepRun:
    """Return a step's row as if it had not begun, under a new key where what it did is known to stand or to be gone."""
    step = version.procedure.step(row.step_id)
    acted = row.state in (StepState.SUCCEEDED, StepState.COMPENSATED) or row.stage == "verify"
    anew = acted or (step is not None and STEP_KINDS[step.action.uses].anew)
    turn = row.round + 1 if anew else row.round
    return StepRun(
        run_id=row.run_id,
        step_id=row.step_id,
        state=StepState.PENDING,
        attempts=0,
        round=turn,
        idempotency_key=f"{run.id}:{row.step_id}" + (f":{turn}" if turn else ""),
        epoch=run.epoch,
    )
