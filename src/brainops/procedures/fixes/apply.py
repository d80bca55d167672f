"""How is a fix applied: held where it has not proved itself, run by the engine, verified, taken back?"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from brainops.errors import BrainOpsError, Conflict, InvalidInput
from brainops.procedures.fixes import record
from brainops.procedures.fixes.confidence import sentence
from brainops.procedures.fixes.fix_procedure import BEFORE, name_of, procedure_of, rollback_name, rollback_of
from brainops.procedures.remedies.trials import here
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    ENDED,
    Actor,
    ActorKind,
    ApplicationState,
    FixMode,
    NoticeKind,
    Procedure,
    RunState,
    StepState,
)
from brainops.types.times import HOUR_MICROS, SECOND_MICROS

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.runs.admission import Admission
    from brainops.procedures.runs.runner import Runner
    from brainops.store import Transaction
    from brainops.types import JSON, Fix, FixApplication, FixConfidence, Run

DUE_SECONDS = 600  # a fix for an error of more than ten minutes ago would surprise whoever has dealt with it since
SWEPT = 50  # applications a pass: each may start a run
MAX_ERROR_CHARACTERS = 2_000
LOOKED_BACK = 200  # verified applications of one fix
BY_ITSELF = Actor(kind=ActorKind.SERVICE, id="brainops", proof="itself")

log = logging.getLogger("brainops")


class FixApplier:
    """Applies what is due, and settles what has run."""

    def __init__(
        self,
        context: MemoryContext,
        runner: Runner,
        automatic_stopped: Callable[[], str | None],
        establish: Callable[[Fix, Sequence[Procedure | None]], None],
    ) -> None:
        self._context = context
        self._establish = establish
        self._runner = runner
        self._automatic_stopped = automatic_stopped

    def sweep(self, now: int) -> int:
        """Decide about each due application and settle each that has run; return how many moved."""
        with self._context.store.read() as tx:
            waiting = tx.fixes.open_applications(SWEPT)
        return sum(self._step(application, now) for application in waiting)

    def apply(self, application: FixApplication, fix: Fix, *, error: str | None) -> FixApplication:
        """Run an application that somebody asked for, in this process, and settle it."""
        return self._run(application.id, fix, error=error, in_process=True)

    def roll_back(self, application: FixApplication, fix: Fix, reason: str) -> FixApplication:
        """Run the rollback of an application that stands; it counts against the fix."""
        if application.state not in (ApplicationState.APPLIED, ApplicationState.VERIFIED):
            raise Conflict(f"application {application.id} is {application.state.value}; there is nothing to take back")
        if rollback_of(fix) is None:
            raise InvalidInput("this fix names no rollback; take it back by hand and say so: brainops fix contradict")
        evidence = application.evidence if isinstance(application.evidence, dict) else {}
        self._establish(fix, (rollback_of(fix),))  # it may have been carried out by hand
        run = self._runner.start(
            rollback_name(fix.id),
            {"prepared": evidence.get("prepared")},
            target=application.target,
            idempotency_key=f"fix-rollback:{application.id}",
        )
        if run.state is not RunState.SUCCEEDED:
            raise Conflict(
                f"the rollback did not succeed: {run.error or run.state.value}; see brainops runs show {run.id}"
            )
        now = self._context.store.now()
        with self._context.store.writing(acts.FIX_ROLL_BACK, self._context.actor) as tx:
            if tx.fixes.move(application, ApplicationState.ROLLED_BACK, reason, decided_at=now):
                record.demote(tx, fix.id, reason, self._context.actor, now, application_id=application.id)
                tx.trail.append(fix.id, now, run=run.id, reason=reason)
            return _again(tx, application.id)

    def _step(self, application: FixApplication, now: int) -> int:
        with self._context.store.read() as tx:
            fix = tx.fixes.get(application.fix_id)
        if fix is None:
            return 0
        if application.state is ApplicationState.APPLYING:
            if application.run_id is None:  # whoever claimed it died before its run began; the key makes it the same
                return int(self._begin(application.id, fix))
            run = self._runner.get(application.run_id)
            return int(run.state in ENDED and self._settle(application, fix, run))
        if (stopped := self._automatic_stopped()) is not None:
            reason = f"what acts by itself is stopped: {stopped}"
            if application.reason == reason:
                return 0
            with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
                return int(tx.fixes.move(application, ApplicationState.DUE, reason[:MAX_ERROR_CHARACTERS]))
        if fix.mode is FixMode.SHADOW:
            return int(self._shadow(application, fix, now))
        with self._context.store.read() as tx:
            sure, obstacle = self._obstacle(tx, application, fix, now)
        obstacle = obstacle or self._unestablished(fix)
        # what the guard says takes longer, and is asked only where nothing else holds it back
        refused = None if obstacle else self._refused(application, fix)
        with self._context.store.writing(acts.FIX_APPLY, self._context.actor) as tx:
            if obstacle is None:  # what may act is looked at again where it cannot change any more
                sure, obstacle = self._obstacle(tx, application, fix, now)
            if obstacle is None and refused is not None:
                refused.record(tx)
                obstacle = f"the guard holds it back: {refused.refusal}"[:MAX_ERROR_CHARACTERS]
            state = ApplicationState.HELD if obstacle else ApplicationState.APPLYING
            at = {"decided_at": now} if obstacle else {"applied_at": now}
            if not tx.fixes.move(application, state, obstacle or sentence(sure), **at):
                return 0
            if not obstacle:
                told = {"title": fix.title, "target": application.target, "reason": sentence(sure)}
                tx.approvals.add_notice(new_id(), NoticeKind.FIX_APPLIED, fix.id, told, now)
                tx.trail.append(fix.id, now, application=application.id)
        return 1 if obstacle else int(self._begin(application.id, fix))

    @staticmethod
    def _obstacle(tx: Transaction, application: FixApplication, fix: Fix, now: int) -> tuple[FixConfidence, str | None]:
        """Return how sure a fix is where it is due, and what of the record and its limits holds it back."""
        where = here(application.target, tx.evidence.context_of(application.operation_id))
        sure = record.Proofs(tx, now).of(fix, where)
        if now - application.created_at > DUE_SECONDS * SECOND_MICROS:
            return sure, "the error is more than ten minutes old"
        return sure, record.obstacle(tx, fix, sure) or _beyond_radius(tx, fix, application.target, now)

    def _unestablished(self, fix: Fix) -> str | None:
        """Return why a fix's procedures cannot be kept: found before anybody is told that it was applied."""
        try:
            self._establish(fix, (procedure_of(fix), rollback_of(fix)))
        except BrainOpsError as refused:
            return f"it could not be started: {refused}"[:MAX_ERROR_CHARACTERS]
        return None

    def _refused(self, application: FixApplication, fix: Fix) -> Admission | None:
        """Return what the guard holds a fix back with: nobody is there to ask, and half-way is no place to find out."""
        if fix.mode is not FixMode.AUTO:
            return None
        try:
            return self._runner.refusal(
                name_of(fix.id),
                {"error": None, "operation_id": application.operation_id},
                target=application.target,
                actor=BY_ITSELF,
            )
        except BrainOpsError:
            return None  # it cannot be started, which starting it says

    def _begin(self, application_id: str, fix: Fix) -> bool:
        """Start a claimed application by itself; what cannot be started is held, and stops nothing else."""
        try:
            self._run(application_id, fix, error=None, in_process=False)
        except BrainOpsError as refused:
            log.warning("fix %s was not applied: %s", fix.id, refused)
        return True

    def _shadow(self, application: FixApplication, fix: Fix, now: int) -> bool:
        try:
            plan = self._runner.plan(procedure_of(fix), target=application.target)
            would: JSON = [f"{each.step.id}: {each.why}" for level in plan.levels for each in level]
        except BrainOpsError as error:
            would = [f"it could not have been applied: {error}"]
        evidence = json.dumps({"would": would}, ensure_ascii=False)
        with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
            return tx.fixes.move(
                application, ApplicationState.SHADOWED, "tried without effect", decided_at=now, evidence=evidence
            )

    def _run(self, application_id: str, fix: Fix, *, error: str | None, in_process: bool) -> FixApplication:
        with self._context.store.read() as tx:
            application = _again(tx, application_id)
        try:
            # anew where somebody put another procedure of that name in its place
            self._establish(fix, (procedure_of(fix), rollback_of(fix)))
            run = self._runner.start(
                name_of(fix.id),
                {"error": error[:MAX_ERROR_CHARACTERS] if error else None, "operation_id": application.operation_id},
                target=application.target,
                operation=application.operation_id,
                detached=not in_process,
                actor=None if in_process else BY_ITSELF,
                idempotency_key=f"fix:{application.id}",
            )
        except BrainOpsError as refused:
            now, reason = self._context.store.now(), f"it could not be started: {refused}"
            with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
                tx.fixes.move(application, ApplicationState.HELD, reason[:500], decided_at=now)
            raise
        with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
            tx.fixes.move(application, ApplicationState.APPLYING, application.reason, run_id=run.id)
            application = _again(tx, application_id)
        if run.state in ENDED:
            self._settle(application, fix, run)
        with self._context.store.read() as tx:
            return _again(tx, application_id)

    def _settle(self, application: FixApplication, fix: Fix, run: Run) -> bool:
        """Say what came of an application whose run has ended."""
        now = self._context.store.now()
        outputs: Any = run.outputs if isinstance(run.outputs, dict) else {}
        evidence = json.dumps({"run": run.id, "prepared": outputs.get("prepared"), "error": run.error})
        values: dict[str, Any] = {"decided_at": now, "evidence": evidence}
        with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
            if run.state is RunState.SUCCEEDED:
                if fix.verify is None:
                    return tx.fixes.move(application, ApplicationState.APPLIED, application.reason, **values)
                before = run.step(BEFORE)
                if before is None or before.state is not StepState.FAILED:
                    reason = "its check held before it was applied as well, which shows nothing"
                    return tx.fixes.move(application, ApplicationState.APPLIED, reason, **values)
                if not _something_was_broken(tx, fix, application):
                    reason = "its check succeeded, and nothing had failed since it last helped"
                    return tx.fixes.move(application, ApplicationState.APPLIED, reason, **values)
                reason = "its check succeeded afterwards"
                return tx.fixes.move(application, ApplicationState.VERIFIED, reason, verified_by="check", **values)
            reason = f"the run {run.state.value}: {run.error or run.reason or 'no reason given'}"[:500]
            if not tx.fixes.move(application, ApplicationState.FAILED, reason, **values):
                return False
            record.demote(tx, fix.id, reason, self._context.actor, now, application_id=application.id)
            return True


def _beyond_radius(tx: Transaction, fix: Fix, target: str | None, now: int) -> str | None:
    done, limits = tx.fixes.radius(fix.id, target, now - HOUR_MICROS), fix.limits
    for name, count, limit in (
        ("in an hour", done["of_fix"], limits.per_hour),
        ("on this target in an hour", done["of_target"], limits.per_target_hour),
        ("in this namespace in an hour", done["of_namespace"], limits.per_namespace_hour),
    ):
        if count >= limit:
            return f"its blast radius is used up: {limit} {name}"
    return None


def _something_was_broken(tx: Transaction, fix: Fix, application: FixApplication) -> bool:
    """Say whether the error was seen since this fix last helped on this target: without it a check shows nothing."""
    before = [
        each.decided_at or each.created_at
        for each in tx.fixes.applications(fix_id=fix.id, state=ApplicationState.VERIFIED.value, limit=LOOKED_BACK)
        if each.target == application.target and each.run_id is not None
    ]
    if not before:
        return True
    seen = [memory.last_seen_at for memory in tx.memories.by_fingerprint(fix.fingerprint, [fix.fingerprint], limit=1)]
    told = application.automatic or application.operation_id is not None
    return told or max(seen, default=0) > max(before)


def _again(tx: Transaction, application_id: str) -> FixApplication:
    application = tx.fixes.application(application_id)
    assert application is not None
    return application
