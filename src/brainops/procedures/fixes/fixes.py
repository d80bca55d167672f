"""Which solution is bound to an error, how sure is it, and may it be applied by itself?"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.memory.filters import member
from brainops.memory.redaction.redact import redact, redact_json
from brainops.procedures.catalog import unkept
from brainops.procedures.fixes import record
from brainops.procedures.fixes.apply import FixApplier
from brainops.procedures.fixes.fix_procedure import procedure_of, rollback_of
from brainops.procedures.remedies.identity import event_of, identify, is_fingerprint
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    Action,
    ActorKind,
    ApplicationState,
    BlastRadius,
    Fix,
    FixKind,
    FixMode,
    Procedure,
    ProcedureState,
    StepKind,
    Trust,
)
from brainops.types.limits import LISTED, Count, Said
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.runs.runner import Runner
    from brainops.store import Transaction
    from brainops.types import JSON, ErrorEvent, FixApplication, FixConfidence, FixSuggestion, Plan, Proof
    from brainops.types.page import Page

MAX_TITLE_CHARACTERS = 300
MAX_ADVICE_CHARACTERS = 20_000
PATIENCE_SECONDS = 10.0  # that a closing program waits for fixes that its own errors set off
LOOK_SECONDS = 0.05  # between two looks at them
UNDER_WAY = frozenset({ApplicationState.DUE, ApplicationState.APPLYING})

log = logging.getLogger("brainops")


_MODES = {FixMode.SUGGEST: acts.FIX_SUGGEST, FixMode.SHADOW: acts.FIX_SHADOW, FixMode.AUTO: acts.FIX_AUTO}


class _Expected:
    """The applications that became due in one process, by namespace."""

    def __init__(self) -> None:
        self.by_namespace: defaultdict[str, set[str]] = defaultdict(set)


class Fixes:
    """The fixes of one memory: attach, suggest, apply, verify, roll back, demote."""

    def __init__(
        self, context: MemoryContext, catalog: Catalog, runner: Runner, automatic_stopped: Callable[[], str | None]
    ) -> None:
        self._context = context
        self._catalog = catalog
        self._automatic_stopped = automatic_stopped
        self._applier = FixApplier(context, runner, automatic_stopped, self._establish)
        self._runner = runner
        self._expected = context.process.of(_Expected).by_namespace[context.store.scope.write]

    def attach(
        self,
        error: str | ErrorEvent | BaseException,
        title: str,
        *,
        command: Sequence[str] | None = None,
        procedure: str | None = None,
        configuration: Mapping[str, JSON] | None = None,
        advice: str = "",
        verify: Action | Sequence[str] | None = None,
        rollback: Action | Sequence[str] | None = None,
        context: Mapping[str, JSON] | None = None,
        limits: BlastRadius | None = None,
        trust: Trust | str | None = None,
        proof: Proof | None = None,
    ) -> Fix:
        """Bind a solution to an error: a command, a procedure, a change of configuration, or advice.

        `error` is a fingerprint (32 hex characters), any text of the error, an exception, or an event. A command
        is an argument list; `configuration` is {"file", "key", "value"}; `verify` and `rollback` are commands or
        actions; `context` are values that the error's context must have. The fix starts in `suggest`. A person who
        attaches it vouches for it, in a strict namespace by the `proof` that `trust` takes; `trust="verified"` asks for
        that. Raises InvalidInput, NotFound, ApprovalUnproven.
        """
        kinds: dict[FixKind, Any] = {
            FixKind.COMMAND: command,
            FixKind.PROCEDURE: procedure,
            FixKind.CONFIGURATION: configuration,
        }
        given = [kind for kind, value in kinds.items() if value]
        if len(given) > 1 or not (given or from_plain(str, advice, "advice").strip()):
            raise InvalidInput("a fix is one of: command, procedure, configuration, or advice")
        kind = given[0] if given else FixKind.ADVICE
        if kind is FixKind.PROCEDURE:
            procedure = self._catalog.get(str(procedure)).procedure.name
        fix = Fix(
            id=new_id(),
            namespace=self._context.store.scope.write,
            fingerprint=identify(error).digest,
            title=self._text(title, "a fix's title", MAX_TITLE_CHARACTERS),
            kind=kind,
            mode=FixMode.SUGGEST,
            procedure=procedure,
            action=_action(kind, kinds.get(kind)),
            advice=self._text(advice, "advice", MAX_ADVICE_CHARACTERS) if advice.strip() else "",
            verify=_command(verify),
            rollback=_command(rollback),
            context=dict(context or {}),
            limits=limits or BlastRadius(),
            trust=Trust.AGENT.value if trust is None else member(Trust, trust).value,
            created_at=self._context.store.now(),
            created_by=self._context.actor,
        )
        proven = self._context.store.allow(acts.FIX_ATTACH, self._context.actor, proof)
        self._refuse_secrets(fix)
        self._require_runnable(fix)
        with self._context.store.writing(acts.FIX_ATTACH, self._context.actor, proven) as tx:
            if fix.trust == Trust.VERIFIED.value:
                tx.require(acts.VOUCH_FIX)
            elif trust is None and tx.lets(acts.VOUCH_FIX):
                fix = replace(fix, trust=Trust.VERIFIED.value)
            tx.fixes.add(fix)
            self._note(tx, fix.id, title=fix.title, fingerprint=fix.fingerprint, kind=kind.value)
        return fix

    def _refuse_secrets(self, fix: Fix) -> None:
        """Refuse a secret in what a fix would do: it is handed out, and with a mask in it nothing would work."""
        if redact_json(dict(fix.context), self._context.redaction).value != fix.context:
            raise InvalidInput("a fix's context holds a secret, which would be stored; name what else tells it apart")
        for action in (fix.action, fix.verify, fix.rollback):
            said = dict(action.parameters) if action is not None else {}
            words = said.get("run")
            line = " ".join(map(str, words)) if isinstance(words, (list, tuple)) else str(words or "")
            whole = redact(line, self._context.redaction).text == line
            if not whole or redact_json(said, self._context.redaction).value != said:
                raise InvalidInput(
                    "a fix's command holds a secret; bind a procedure instead, which names it: "
                    "`secrets: {key: env:NAME}` and ${{ secrets.key }}"
                )

    def receive(self, fix: Fix, *, giver: str) -> bool:
        """Keep a fix that another instance gives: suggested only, until a person vouches for it.

        Returns False where its id stands there already. Raises InvalidInput, NotFound.
        """
        if fix.kind is FixKind.PROCEDURE:
            self._catalog.get(str(fix.procedure))
        elif fix.kind is not FixKind.ADVICE:
            procedure_of(fix)
        came = replace(
            fix,
            mode=FixMode.SUGGEST,
            trust=Trust.EXTERNAL.value,
            fingerprint=identify(fix.fingerprint).digest,
            title=self._text(fix.title, "a fix's title", MAX_TITLE_CHARACTERS),
        )
        with self._context.store.writing(acts.FIX_RECEIVE, self._context.actor) as tx:
            added = tx.fixes.add(came)
            if added:
                self._note(tx, fix.id, title=came.title, fingerprint=came.fingerprint, giver=giver)
        return added

    def get(self, fix_id: str) -> Fix:
        """Return one fix; raise NotFound."""
        with self._context.store.read() as tx:
            return _known(tx, fix_id)

    def suggest(
        self,
        error: str | ErrorEvent | BaseException,
        *,
        context: Mapping[str, Any] | None = None,
        target: str | None = None,
    ) -> list[FixSuggestion]:
        """Return the fixes that are bound to this very error or fingerprint, the surest first; a near miss shares none.

        How sure they are is said of the place that `target` and `context` name, or of all places together.
        """
        stopped = self._automatic_stopped()
        with self._context.store.read() as tx:
            now = self._context.store.now()
            meant = error if isinstance(error, str) and is_fingerprint(error) else event_of(error)
            return record.suggestions(tx, meant, context or {}, stopped, target, now=now)

    def confidence(self, fix_id: str) -> FixConfidence:
        """Return how sure a fix is, with the counts behind it; raise NotFound."""
        with self._context.store.read() as tx:
            return record.Proofs(tx, self._context.store.now()).of(_known(tx, fix_id))

    def plan(self, fix_id: str, *, target: str | None = None) -> Plan:
        """Return what applying a fix would do, step by step, without doing it."""
        fix = self.get(fix_id)
        return self._runner.plan(procedure_of(fix), target=target)

    def apply(
        self, fix_id: str, *, target: str | None = None, operation_id: str | None = None, error: str | None = None
    ) -> FixApplication:
        """Apply a fix because somebody asks for it: run it, verify it, roll it back where it fails."""
        fix = self.get(fix_id)
        procedure_of(fix)
        if fix.detached_at is not None:
            raise Conflict(f"fix {fix.id} is detached: {fix.reason}; attach it anew to apply it")
        if fix.trust == Trust.EXTERNAL.value:
            raise Conflict(f"this fix came from outside; vouch for it first: brainops fix trust {fix.id} --reason ...")
        now = self._context.store.now()
        asked = record.application_of(
            fix,
            ApplicationState.APPLYING,
            self._context.actor,
            now,
            operation_id=self._context.name(operation_id) if operation_id else operation_id,
            target=self._context.text(target) if target else target,
            reason=f"asked for by {self._context.actor.id}",
            applied_at=now,
        )
        with self._context.store.writing(acts.APPLY_FIX, self._context.actor) as tx:
            tx.fixes.add_application(asked)
        return self._applier.apply(asked, fix, error=error)

    def record(
        self,
        fix_id: str,
        *,
        helped: bool,
        target: str | None = None,
        context: Mapping[str, JSON] | None = None,
        note: str = "",
    ) -> FixApplication:
        """Say how a fix went that somebody carried out by hand, and where (version, region, ...).

        A person's word counts as verified, an agent's not.
        """
        fix, now, actor = self.get(fix_id), self._context.store.now(), self._context.actor
        person = actor.kind is ActorKind.PERSON
        state = ApplicationState.VERIFIED if helped and person else ApplicationState.APPLIED
        told = record.application_of(
            fix,
            state if helped else ApplicationState.CONTRADICTED,
            actor,
            now,
            target=self._context.text(target) if target else target,
            reason=self._text(note, "a note", MAX_TITLE_CHARACTERS) if note.strip() else "carried out by hand",
            applied_at=now,
            decided_at=now,
            verified_by=actor.id if helped and person else None,
        )
        with self._context.store.writing(acts.FIX_RECORD, self._context.actor) as tx:
            where = redact_json(dict(context or {}), self._context.redaction).value
            tx.fixes.add_application(told, where if isinstance(where, dict) else {})
            if not helped:
                record.demote(tx, fix.id, told.reason, actor, now, application_id=told.id)
        return told

    def verify(self, application_id: str, *, note: str = "") -> FixApplication:
        """Say, as a person who looked, that an application helped; raise NotFound, Conflict."""
        return self._judge(application_id, ApplicationState.VERIFIED, note or "a person looked", self._context.actor.id)

    def contradict(self, application_id: str, reason: str) -> FixApplication:
        """Say that an application did not help; a fix that applied itself is demoted at once."""
        return self._judge(application_id, ApplicationState.CONTRADICTED, reason, None)

    def rollback(self, application_id: str, *, reason: str) -> FixApplication:
        """Take an applied fix back; raise Conflict where it was not applied, InvalidInput where it has no rollback."""
        application = self.application(application_id)
        return self._applier.roll_back(application, self.get(application.fix_id), self._context.text(reason))

    def application(self, application_id: str) -> FixApplication:
        """Return one application; raise NotFound."""
        with self._context.store.read() as tx:
            return _known_application(tx, application_id)

    def applications(
        self,
        fix_id: str | None = None,
        *,
        state: str | None = None,
        operation_id: str | None = None,
        limit: int = LISTED,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[FixApplication]:
        """Return what was done with a fix, with all, or for one operation, newest first: the complete trail of it."""
        with self._context.store.read() as tx:
            return tx.fixes.applications(
                fix_id=fix_id, state=state, operation_id=operation_id, limit=limit, after=after, before=before
            )

    def set_mode(self, fix_id: str, mode: FixMode | str, *, reason: str, proof: Proof | None = None) -> Fix:
        """Say how far a fix may go by itself: suggest, shadow or auto. It still has to have proved itself each time.

        In a strict namespace where people are enrolled who may approve, `auto` takes the proof of one of them.
        """
        try:
            wanted = FixMode(mode)
        except ValueError as error:
            raise InvalidInput(f"a fix's mode is {', '.join(FixMode)}, not {mode!r:.40}") from error
        if not reason.strip():
            raise InvalidInput("say why: a change of a fix's mode is kept with its reason")
        fix, reason = self.get(fix_id), self._context.text(reason)
        if wanted is FixMode.AUTO and fix.kind is FixKind.ADVICE:
            raise InvalidInput("advice is for a person; only what can be run applies itself")
        if wanted is FixMode.AUTO and fix.trust == Trust.EXTERNAL.value:
            raise Conflict(f"this fix came from outside; vouch for it first: brainops fix trust {fix.id} --reason ...")
        now = self._context.store.now()
        with self._context.store.writing(_MODES[wanted], self._context.actor, proof) as tx:
            if not tx.fixes.set_mode(fix.id, wanted, reason, fix.demoted_at):
                raise Conflict(f"fix {fix.id} is detached, or not of the namespace that is written here")
            detail: dict[str, JSON] = {"before": fix.mode.value, "after": wanted.value, "reason": reason}
            tx.trail.append(fix.id, now, **detail)
        return replace(fix, mode=wanted, reason=reason)

    def demote(self, fix_id: str, *, reason: str) -> Fix:
        """Let a fix only be suggested from now on."""
        self.get(fix_id)
        with self._context.store.writing(acts.FIX_DEMOTE, self._context.actor) as tx:
            record.demote(tx, fix_id, self._context.text(reason), self._context.actor, self._context.store.now())
        return self.get(fix_id)

    def trust(self, fix_id: str, *, reason: str, proof: Proof | None = None) -> Fix:
        """Vouch, as a person, for a fix that came from outside or from an agent; takes a proof where `auto` does."""
        proven = self._context.store.allow(acts.FIX_TRUST, self._context.actor, proof)
        fix = self.get(fix_id)
        self._require_runnable(fix)
        with self._context.store.writing(acts.FIX_TRUST, self._context.actor, proven) as tx:
            tx.fixes.set_trust(fix.id, Trust.VERIFIED.value)
            tx.trail.append(fix.id, self._context.store.now(), reason=self._context.text(reason))
        return self.get(fix_id)

    def detach(self, fix_id: str, *, reason: str) -> Fix:
        """Unbind a fix from its error; what it did stays on record."""
        fix, now, reason = self.get(fix_id), self._context.store.now(), self._context.text(reason)
        with self._context.store.writing(acts.FIX_DETACH, self._context.actor) as tx:
            if not tx.fixes.detach(fix.id, reason, now):
                raise Conflict(f"fix {fix.id} is detached already")
            self._note(tx, fix.id, at=now, reason=reason)
        return self.get(fix_id)

    def sweep(self, now: int | None = None) -> int:
        """Do what is due: apply what may apply itself, shadow, hold, and settle what has run; return how many moved."""
        return self._applier.sweep(now if now is not None else self._context.store.now())

    def expect(self, application_ids: Sequence[str]) -> None:
        """Keep in mind what became due in this process, and have it looked at."""
        self._expected.update(application_ids)
        self._runner.nudge()

    def finish(self, *, patience_seconds: float = PATIENCE_SECONDS) -> Sequence[FixApplication]:
        """Have what became due in this process applied and judged, and return it as it stands; bounded by the patience.

        What is not done by then is gone on with by whoever has the memory open, or a worker.
        """
        until, asked = time.monotonic() + patience_seconds, list(self._expected)
        while pending := [each for each in self._known(asked) if each.state in UNDER_WAY]:
            moved = self.sweep()
            running = [each.run_id for each in self._known(asked) if each.state is ApplicationState.APPLYING]
            for run_id in filter(None, running):
                self._runner.advance(run_id, patience_seconds=max(0.0, until - time.monotonic()))
            left = until - time.monotonic()
            if left <= 0 or not (moved or running):
                log.warning("%s fixes are under way or wait; others go on with them", len(pending))
                break
            time.sleep(min(left, LOOK_SECONDS))
        self._expected.difference_update(asked)
        return self._known(asked)

    def _known(self, application_ids: Sequence[str]) -> Sequence[FixApplication]:
        if not application_ids:
            return []
        with self._context.store.read() as tx:
            return [found for each in application_ids if (found := tx.fixes.application(each)) is not None]

    def list(
        self,
        *,
        mode: str | None = None,
        detached: bool = False,
        limit: int = LISTED,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[FixSuggestion]:
        """Return the fixes, newest first, each with its confidence. Raises InvalidInput."""
        limit = from_plain(Count, limit, "limit")
        mode = None if mode is None else member(FixMode, mode).value
        stopped = self._automatic_stopped()
        with self._context.store.read() as tx:
            proofs = record.Proofs(tx, self._context.store.now())
            every = from_plain(bool, detached, "detached")
            found = tx.fixes.list(mode=mode, detached=every, limit=limit, after=after, before=before)
            return found.of(record.suggestion(tx, fix, proofs, exact=True, stopped=stopped) for fix in found)

    def _judge(
        self, application_id: str, state: ApplicationState, reason: str, verified_by: str | None
    ) -> FixApplication:
        now, said = self._context.store.now(), self._text(reason, "a reason", MAX_TITLE_CHARACTERS)
        act = acts.FIX_CONTRADICT if state is ApplicationState.CONTRADICTED else acts.FIX_VERIFY
        with self._context.store.writing(act, self._context.actor) as tx:
            application = _known_application(tx, application_id)
            if application.state not in (ApplicationState.APPLIED, ApplicationState.VERIFIED):
                raise Conflict(
                    f"application {application.id} is {application.state.value}; only one that ran is judged"
                )
            if state is ApplicationState.CONTRADICTED:
                record.contradict(tx, application, said, self._context.actor, now)
            else:
                tx.fixes.move(application, state, said, decided_at=now, verified_by=verified_by)
            self._note(tx, application.fix_id, at=now, application=application.id, reason=said)
            return _known_application(tx, application_id)

    def _require_runnable(self, fix: Fix) -> None:
        """Raise InvalidProcedure unless the engine of runs could apply the fix and take it back.

        Most fixes are only ever named, so their procedures are kept when they are first applied.
        """
        if fix.kind is not FixKind.ADVICE:
            for procedure in filter(None, (procedure_of(fix), rollback_of(fix))):
                unkept(self._context, procedure)

    def _establish(self, fix: Fix, procedures: Sequence[Procedure | None]) -> None:
        """Keep procedures of a fix, so that the engine of runs runs them; raise Conflict where somebody retired one."""
        for procedure in filter(None, procedures):
            if not self._catalog.holds(procedure):
                if self._retired(procedure):
                    raise Conflict(
                        f"{procedure.name} was retired, so fix {fix.id} does not run; "
                        f"to let it: brainops procedure activate {procedure.name}"
                    )
                saved = self._catalog.save(procedure)
                self._catalog.activate(procedure.name, number=saved.number, reason=f"fix {fix.id} is to be applied")

    def _retired(self, procedure: Procedure) -> bool:
        """Say whether somebody retired a procedure and put none in its place; one that was replaced comes back."""
        try:
            versions = self._catalog.history(procedure.name).versions
        except NotFound:
            return False
        states = {each.state for each in versions}
        return ProcedureState.RETIRED in states and ProcedureState.ACTIVE not in states

    def _text(self, value: str, what: str, limit: int) -> str:
        return self._context.text(from_plain(Said, value, what), limit)

    def _note(self, tx: Transaction, fix_id: str, *, at: int | None = None, **detail: JSON) -> None:
        tx.trail.append(fix_id, at or self._context.store.now(), **detail)


def _action(kind: FixKind, value: Any) -> Action | None:
    match kind:
        case FixKind.COMMAND:
            return _command(value)
        case FixKind.CONFIGURATION:
            if not isinstance(value, Mapping) or set(value) != {"file", "key", "value"}:
                raise InvalidInput('a change of configuration is {"file": ..., "key": ..., "value": ...}')
            return Action(uses=StepKind.CALL, parameters=dict(value))
        case _:
            return None


def _command(value: Action | Sequence[str] | None) -> Action | None:
    if value is None or isinstance(value, Action):
        return value
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(part, str) for part in value):
        raise InvalidInput('a command is a list of arguments, for example ["systemctl", "restart", "api"]')
    return Action(uses=StepKind.COMMAND, parameters={"run": list(value)})


def _known(tx: Transaction, fix_id: str) -> Fix:
    fix = tx.fixes.get(fix_id)
    if fix is None:
        raise NotFound(f"there is no fix {str(fix_id)[:80]!a} in the namespaces that you read")
    return fix


def _known_application(tx: Transaction, application_id: str) -> FixApplication:
    application = tx.fixes.application(application_id)
    if application is None:
        raise NotFound(f"there is no application {str(application_id)[:80]!a} of a fix in the namespaces that you read")
    return application
