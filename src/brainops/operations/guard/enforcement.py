"""May an operation begin here and now? Gathers what the rules need, decides, and records the decision."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from msgspec.structs import replace

from brainops import lazy
from brainops.errors import ApprovalRequired, BrainOpsError, Conflict, InvalidInput, NotFound, OperationBlocked
from brainops.operations.commands.action_class import classify
from brainops.operations.guard import decisions, step_rules
from brainops.operations.guard import state as guard_state
from brainops.operations.guard.decisions import LastLook, Looked, guide_call, told_of
from brainops.operations.guard.guard import RuleIndex, check, holds_for_reading, subject_of
from brainops.operations.guard.settings import GuardControls
from brainops.operations.log import checked_start
from brainops.procedures.runs.admission import Admission, Within
from brainops.store import Transaction, acts
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    ActionClass,
    Allow,
    Approval,
    ApprovalKind,
    Ask,
    Compliance,
    Decision,
    Deny,
    Enforcement,
    GuardSettings,
    GuardState,
    Guidance,
    NoticeKind,
    OperationStart,
    Page,
    Proof,
    RecordedDecision,
    Replay,
    Rule,
    RuleKind,
    RuleMode,
)
from brainops.types.limits import MAX_LIMIT, Limit
from brainops.types.times import DAY_MICROS, SECOND_MICROS
from brainops.wire import from_plain

if TYPE_CHECKING:
    from pathlib import Path

    from brainops.memory.context import MemoryContext
    from brainops.operations.guard import breaker, compliance, replay
    from brainops.operations.guard import pack as hook_pack
    from brainops.operations.guard.other_namespaces import Elsewhere
    from brainops.procedures.catalog import Catalog
    from brainops.procedures.consent.approvals import Approvals
    from brainops.procedures.consent.outbox import Outbox
else:
    breaker, compliance, hook_pack, replay = lazy.modules("brainops.operations.guard", "breaker compliance pack replay")

ALARM_SECONDS = 3_600  # between two notices of the same trouble: the first one says it
FRESH_SECONDS = 1.0  # how long a namespace's own classes of operations are taken for known
ATTEMPTS = 10  # to read rules that change meanwhile
ReplayDays = Annotated[float, Meta(gt=0, le=366)]

log = lazy.logger()


class Guard(GuardControls):
    """The guard of one memory: settings, rules, decisions, bypasses, compliance."""

    def __init__(
        self,
        context: MemoryContext,
        catalog: Catalog,
        pushed: step_rules.Pushed,
        approvals: Callable[[], Approvals],
        outbox: Callable[[], Outbox],
        flush: Callable[[], object],
        elsewhere: Elsewhere,
    ) -> None:
        super().__init__(context, approvals, outbox, elsewhere)
        self._catalog = catalog
        self._pushed = pushed
        self._flush = flush
        self._seen = context.here.of(LastLook)

    # Deciding

    def prepared(self, start: OperationStart, least: ActionClass | None = None) -> OperationStart:
        """Return the operation with clean texts and its class found; `least` may only raise that. Raises InvalidInput.

        The class is found in the texts as they came: what is cut or redacted of them could hide the dangerous part.
        """
        checked = checked_start(self._context, from_plain(OperationStart, start, "an operation"))
        if self._seen.rules is None or time.monotonic() - self._seen.looked_at > FRESH_SECONDS:
            try:
                self._refresh()
                self._seen.looked_at = time.monotonic()
            except BrainOpsError as error:
                log.warning("a namespace's own classes of operations could not be read: %s", error)
        patterns = self._seen.rules.patterns if self._seen.rules is not None else ()
        actor = self._context.actor  # who comes over the network asks for no other, whom they could then answer
        mine = actor if actor.remote else checked.actor
        return replace(checked, actor=mine, action_class=classify(start, patterns, least))

    def check(
        self,
        start: OperationStart,
        guidance: Guidance | None = None,
        *,
        least: ActionClass | None = None,
        record: bool = True,
    ) -> Decision:
        """Decide whether an operation may begin, and put it on record: what is allowed uses up its receipt or approval.

        With `record` false nothing is written: a question, not a beginning.
        """
        start = self.prepared(start, least)
        looked = self.look(start, guidance)
        if not record or not looked.counts:
            return looked.decision
        try:
            with self._context.store.writing(acts.GUARD, self._context.actor) as tx:
                self.admit(tx, looked, None)
        except OperationBlocked as blocked:
            if isinstance(looked.decision, Allow):
                return Deny(reason=str(blocked), rule="guard", way_out=guide_call(start))
        except BrainOpsError as error:
            return self._in_trouble(looked, error).decision
        return looked.decision

    def ask(self, start: OperationStart, *, reason: str = "", question: str = "") -> Approval:
        """Ask a person to approve one operation, and return what waits for the answer. Raises InvalidInput."""
        start = self.prepared(start)
        subject = subject_of(start)
        with self._context.store.writing(acts.ASK, self._context.actor) as tx:
            return self._approvals().ask(
                tx,
                kind=ApprovalKind.OPERATION,
                subject=subject,
                question=question or f"May {start.actor.kind.value}:{start.actor.id} do this: {subject}?",
                requested_by=start.actor,
                reason=reason,
            )

    def look(
        self,
        start: OperationStart,
        guidance: Guidance | None,
        *,
        service: str | None = None,
        consultation_failed: bool = False,
        within: Within | None = None,
        alone: bool = False,
    ) -> Looked:
        """Decide on a prepared operation. Nothing is written, and trouble of the store is no error here.

        Where other namespaces hold here too, the strictest decision holds; what one of them says is asked `alone`.
        """
        now = self._context.store.now()
        settings = GuardSettings(
            namespace=self._context.store.scope.write, enforcement=self._seen.enforcement or Enforcement.OBSERVE
        )
        looked = Looked(
            start=start,
            guidance=guidance,
            decision=Allow(),
            applied=(),
            state=GuardState(enforcement=settings.enforcement),
            settings=settings,
            now=now,
            service=self._seen.services.name(start, self._context.text(service) if service else None, now),
            within=within,
            alone=alone,
        )
        if start.action_class is not ActionClass.READ_ONLY or self._reading_is_ruled(start):
            try:
                looked = self._decided(looked, consultation_failed)
            except BrainOpsError as error:
                looked = self._in_trouble(looked, error)
        return looked if alone or within is not None else self._elsewhere.strictest(looked, self._in_trouble)

    def _reading_is_ruled(self, start: OperationStart) -> bool:
        """Say whether a rule names what only reads; where no rules could be read, none does."""
        return self._seen.rules is not None and any(map(holds_for_reading, self._seen.rules.index.applying(start)))

    def admit(self, tx: Transaction, looked: Looked, operation_id: str | None) -> None:
        """Use up what the decision rests on and write it down; raise OperationBlocked where somebody was faster."""
        if not looked.counts or looked.trouble is not None:
            return
        if isinstance(looked.decision, Allow):
            self._use_up(tx, looked, looked.decision)
        if any(change.name == "enforcement" for change in looked.settings.changes):
            tx.hold(looked.settings.enforcement is Enforcement.STRICT)  # also in a store of an earlier version
        decisions.record(tx, looked, operation_id, self._outbox())
        self._tell_of_trouble(tx, looked)

    def refuse(self, looked: Looked) -> None:
        """Raise what a refusal is to the caller, and write the blocked attempt down; do nothing where it is allowed."""
        if isinstance(looked.decision, Allow):
            return
        kind = ApprovalRequired if isinstance(looked.decision, Ask) else OperationBlocked
        error = kind(told_of(looked.decision))
        try:
            with self._context.store.writing(acts.GUARD, self._context.actor) as tx:
                self.admit(tx, looked, None)
        except OperationBlocked:
            pass
        except BrainOpsError as trouble:
            log.error("a blocked operation could not be recorded: %s", trouble)
        raise error

    def admission(self, start: OperationStart, within: Within) -> Admission:
        """Say whether a step of a run may act; its run writes down what was said. Raises InvalidInput."""
        looked = self.look(self.prepared(start), None, within=within)
        match looked.decision:
            case Allow(approval_ids=used):
                refusal = ""
                nothing_new = within.recorded or looked.trouble is not None or (looked.plain and not looked.applied)
                silent = nothing_new and set(used) <= set(within.approvals)
            case refused:
                refusal, silent = told_of(refused), False
        return Admission(
            decision=looked.decision,
            subject=subject_of(looked.start),
            refusal=refusal,
            silent=silent,
            trouble=looked.trouble is not None,
            record=lambda tx: self.admit(tx, looked, within.operation_id),
        )

    def must_be_recorded(self, looked: Looked) -> bool:
        """Say whether an operation may only begin once its record is durable: what destroys, or uses something up."""
        decision = looked.decision
        used = isinstance(decision, Allow) and bool(decision.receipt_ids or decision.approval_ids)
        return used or looked.start.action_class is ActionClass.DESTRUCTIVE

    def is_strict(self) -> bool:
        """Say whether this namespace enforced when the guard last looked."""
        return self._seen.enforcement is Enforcement.STRICT

    def cover(self, tx: Transaction, guidance: Guidance) -> None:
        """Write what a receipt covers: the procedures that were in view, and the memories that must be named back."""
        if guidance.procedures or guidance.required_ids:
            tx.rules.cover(guidance.id, guidance.procedures, guidance.required_ids)

    def _decided(self, looked: Looked, consultation_failed: bool) -> Looked:
        known, gathered = self._seen.rules or self._refresh()[0], None
        for _ in range(ATTEMPTS):
            gathered = self._gathered(looked, known)
            if gathered is not None:
                break
            known, _ = self._refresh()
        if gathered is None:
            raise Conflict("the rules change faster than they can be read")
        state = guard_state.with_conditions(gathered.state, looked.start, looked.guidance, gathered.applied)
        if consultation_failed:
            asked = {rule.id for rule in gathered.applied if rule.kind is RuleKind.MEMORY_FIRST}
            state = replace(state, broken=state.broken | asked)
        gathered = replace(gathered, state=state)
        return self._with_approvals(replace(gathered, decision=self._said(gathered)))

    def _gathered(self, looked: Looked, known: guard_state.Ruleset) -> Looked | None:
        """Read what the rules that apply ask for, in one short look; None where the rules have changed since."""
        start = looked.start
        applied = step_rules.applied_rules(known, start, self._pushed, looked.within)
        if start.action_class is ActionClass.READ_ONLY:
            applied = [rule for rule in applied if holds_for_reading(rule)]
        floor = self._context.store.floor()
        if any(rule.kind is RuleKind.ORDER for rule in applied):
            self._flush()  # what this process has done is to count, also where a thread has yet to write it
        with self._context.store.read() as tx:
            rows = tx.rules.settings()
            if known.changes != guard_state.changes_of(rows) or known.procedures != tx.procedures.changes():
                return None
            settings = guard_state.settings_of(rows, tx.scope.write, floor=floor)
            self._seen.enforcement = settings.enforcement
            if settings.enforcement is Enforcement.STRICT:
                settings = replace(settings, bypass=tx.rules.bypass(looked.now))
            state = guard_state.gather(tx, start, looked.guidance, applied, known, settings, looked.now)
        state = step_rules.known_within(state, looked.within, applied) if looked.within else state
        return replace(looked, applied=tuple(applied), state=state, settings=settings)

    def _said(self, looked: Looked) -> Decision:
        index = RuleIndex(replace(rule, operations=(), targets=(), classes=()) for rule in looked.applied)
        start = looked.start
        if start.action_class is ActionClass.READ_ONLY:
            start = replace(start, action_class=ActionClass.CHANGING)  # by the rules that name it, which were chosen
        return check(start, looked.guidance, index, looked.state, looked.now)

    def _with_approvals(self, looked: Looked) -> Looked:
        """Look for approvals only where something is not met: most operations need none."""
        if looked.plain or looked.alone:
            return looked
        with self._context.store.read() as tx:
            granted = [*tx.approvals.granted(looked.now)]
            if looked.within is not None:
                granted[:0] = step_rules.approvals_within(tx, looked.start, looked.within, looked.now)
        if not granted:
            return looked
        looked = replace(looked, state=replace(looked.state, approvals=tuple(granted)))
        return replace(looked, decision=self._said(looked))

    def _refresh(self) -> tuple[guard_state.Ruleset, GuardSettings]:
        """Return the rules and settings as they stand, read anew only where a change counter moved."""
        with self._context.store.read() as tx:
            procedures = tx.procedures.changes()  # first: procedures that change from here on are seen the next time
        active = self._catalog.active()
        with self._context.store.read() as tx:
            rows = tx.rules.settings()
            known = self._seen.rules
            if known is None or known.procedures != procedures or known.changes != guard_state.changes_of(rows):
                known = self._seen.rules = guard_state.ruleset(tx, rows, active, procedures)
        settings = guard_state.settings_of(rows, self._context.store.scope.write, floor=self._context.store.floor())
        self._seen.enforcement = settings.enforcement
        return known, settings

    def _use_up(self, tx: Transaction, looked: Looked, allowed: Allow) -> None:
        """Use receipts and approvals up; a loser of a race is blocked where rules hold, and noted where they do not."""
        held = looked.state.enforcement is Enforcement.STRICT and looked.settings.bypass is None
        for receipt_id in allowed.receipt_ids:
            if not tx.rules.use_receipt(receipt_id, looked.now) and held:
                raise OperationBlocked(
                    f"{looked.start.name}: its consultation was used by another operation just now; "
                    f"consult memory again: {guide_call(looked.start)}"
                )
        spent = looked.within.approvals if looked.within else ()  # by its run
        for approval in looked.state.approvals:
            if approval.id not in allowed.approval_ids or approval.id in spent:
                continue
            used = self._approvals().use(
                tx, approval.kind, approval.subject, approval_id=approval.id, actor=looked.start.actor
            )
            if used is None and held:
                raise ApprovalRequired(f"{looked.start.name}: its approval was used by somebody else; ask for another")

    def _in_trouble(self, looked: Looked, error: BrainOpsError) -> Looked:
        """The store could not be asked: what destroys waits unless this namespace only watches, the rest goes on."""
        self._seen.waiting_alarm = str(error)
        observing = self._seen.enforcement is Enforcement.OBSERVE
        if looked.start.action_class is not ActionClass.DESTRUCTIVE or observing:
            log.error("the guard could not look, and let %r pass: %s", looked.start.name, error)
            return replace(looked, decision=Allow(warnings=(f"the guard could not look: {error}",)), trouble=str(error))
        reason = f"the guard could not look, and what destroys waits until it can: {error}"
        return replace(
            looked, decision=Deny(reason=reason, rule="guard", way_out="brainops doctor"), trouble=str(error)
        )

    def _tell_of_trouble(self, tx: Transaction, looked: Looked) -> None:
        """Write the alarms: of a store that could not be asked before, and of rules that could not be evaluated."""
        waiting, self._seen.waiting_alarm = self._seen.waiting_alarm, None
        said = list(looked.decision.warnings) if isinstance(looked.decision, Allow) else []
        alarms = [text for text in said if text.startswith("alarm: ")]
        for text in [*([f"alarm: the guard could not look: {waiting}"] if waiting else []), *alarms]:
            with self._seen.lock:
                due = looked.now - self._seen.alarmed.get(text, -(1 << 62)) > ALARM_SECONDS * SECOND_MICROS
                if len(self._seen.alarmed) > MAX_LIMIT:
                    self._seen.alarmed.clear()
                self._seen.alarmed[text] = looked.now if due else self._seen.alarmed.get(text, looked.now)
            if due:
                self._outbox().put(tx, NoticeKind.GUARD_ALARM, looked.start.name, reason=text)

    # Rules

    def rules(self) -> list[Rule]:
        """Return every rule that holds here, in its present mode: standard, written, and those of active procedures."""
        known, _ = self._refresh()
        following = [
            rule
            for version in known.active
            for rule in guard_state.following_rules([guard_state.match_of(version)], known.modes)
        ]
        return [*known.index, *following]

    def rule(self, rule_id: str) -> Rule:
        """Return one rule by id or name; raise NotFound."""
        found = [rule for rule in self.rules() if rule_id in (rule.id, rule.name)]
        if not found:
            raise NotFound(f"there is no rule {str(rule_id)[:80]!r} here; `brainops guard rule list` lists them")
        return found[0]

    def add(self, rule: Rule, *, reason: str = "") -> Rule:
        """Keep a written rule; its id is made where it has none. Raises InvalidInput, Conflict, ApprovalUnproven."""
        now = self._context.store.now()
        made = self._checked_rule(rule, new_id(), now)
        with self._context.store.writing(acts.RULE_ADD, self._context.actor) as tx:
            if not tx.rules.add(made, tx.actor):
                raise Conflict(f"there is a rule {made.name!r} already; remove it first, or choose another name")
            self._changed(tx, made.id, now, name=made.name, mode=made.mode.value, reason=self._context.text(reason))
        return made

    def set_mode(self, rule_id: str, mode: RuleMode | str, *, reason: str = "", proof: Proof | None = None) -> Rule:
        """Set a rule's mode: observe, warn, ask or deny; this is also how one that stepped down is put back."""
        rule, wanted, now = self.rule(rule_id), self._member(RuleMode, mode), self._context.store.now()
        act = acts.RULE_SOFTEN if breaker.is_softer(wanted, rule.mode) else acts.RULE_HARDEN
        said = self._context.text(reason)
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            tx.rules.set_mode(rule.id, wanted, tx.actor, now, reason=said)
            self._changed(tx, rule.id, now, mode=wanted.value, before=rule.mode.value, reason=said)
        return replace(rule, mode=wanted)

    def remove(self, rule_id: str, *, reason: str = "", proof: Proof | None = None) -> Rule:
        """Let a written rule hold no longer. Rules that nobody wrote are set to observe instead; raise InvalidInput."""
        rule, now = self.rule(rule_id), self._context.store.now()
        silence = f"to silence it: brainops guard rule mode {rule.id} observe"
        with self._context.store.writing(acts.RULE_REMOVE, self._context.actor, proof) as tx:
            if not tx.rules.remove(rule.id, now):
                raise InvalidInput(f"{rule.name!r} is no rule that somebody wrote here, and is not removed; {silence}")
            self._changed(tx, rule.id, now, name=rule.name, reason=self._context.text(reason))
        return rule

    # The record

    def decisions(
        self,
        *,
        kind: str | None = None,
        rule: str | None = None,
        since: int | None = None,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[RecordedDecision]:
        """Return what rules said that were not simply met, newest first; `kind` is blocked, observed, warned, ..."""
        from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            return tx.rules.decisions(kind=kind, rule_id=rule, since=since, limit=limit, after=after, before=before)

    def false_block(self, decision_id: str, note: str = "", *, proof: Proof | None = None) -> RecordedDecision:
        """Say that a block was false; a rule whose precision falls below its line steps down one mode.

        Below ask it only does so on the word of a proven person, where there are any.
        """
        return self._judge(decision_id, "false", note, proof)

    def right_block(self, decision_id: str, note: str = "", *, proof: Proof | None = None) -> RecordedDecision:
        """Say that a block was right."""
        return self._judge(decision_id, "right", note, proof)

    def _judge(self, decision_id: str, judged: str, note: str, proof: Proof | None) -> RecordedDecision:
        proven = proof is not None or not self._approvals().approvers.names()
        now, said, rules = self._context.store.now(), self._context.text(note), {rule.id: rule for rule in self.rules()}
        with self._context.store.writing(acts.JUDGE_BLOCK, self._context.actor, proof) as tx:
            decision = tx.rules.decision(from_plain(str, decision_id, "a decision's id"))
            if decision is None or not tx.rules.judge(decision_id, judged, tx.actor, now, said):
                raise NotFound(
                    f"there is no block {decision_id[:80]!r} here; `brainops guard decisions --blocked` lists them"
                )
            tx.trail.append(decision_id, now, judged=judged, note=said)
            rule = rules.get(decision.rule_id)
            if judged == "false" and rule is not None and (proven or rule.mode is RuleMode.DENY):
                decisions.see_whether_it_blocks_wrongly(tx, rule, now, self._outbox())
            found = tx.rules.decision(decision_id)
        assert found is not None
        return found

    def acknowledge(self, receipt_id: str, memory_ids: Iterable[str]) -> list[str]:
        """Name memories back that a receipt requires; return those that are still to be named. Raises NotFound."""
        if isinstance(memory_ids, str) or not isinstance(memory_ids, Iterable):
            raise InvalidInput(f"the ids of memories are a list of texts, not {memory_ids!r:.60}")
        named = {str(memory_id) for memory_id in memory_ids}
        with self._context.store.writing(acts.GUARD, self._context.actor) as tx:
            receipt = tx.rules.receipt(from_plain(str, receipt_id, "a receipt"))
            if receipt is None:
                raise NotFound(f"there is no receipt {receipt_id[:80]!r} in the namespace that you write")
            unknown = sorted(named - set(receipt.required))
            if unknown:
                raise InvalidInput(f"the receipt does not ask for {unknown[0][:80]!r}; it asks for {receipt.required}")
            known = sorted(named | set(receipt.acknowledged))
            tx.rules.acknowledge(receipt_id, known)
        return [memory_id for memory_id in receipt.required if memory_id not in known]

    def replay(self, days: float = 7.0, enforcement: Enforcement | str = Enforcement.STRICT) -> Replay:
        """Return what an enforcement would have done to the recorded operations of the last days. Writes nothing."""
        from_plain(ReplayDays, days, "days")
        self._flush()
        known, _ = self._refresh()
        now = self._context.store.now()
        mode = self._member(Enforcement, enforcement)
        return replay.replay(self._context, known, self._pushed, mode, now - int(days * DAY_MICROS))

    def compliance(self, by: str = "procedure", since: int | None = None) -> Compliance:
        """Return how far rules and procedures were followed: by procedure, service, day or person, from the record."""
        self._flush()
        now = self._context.store.now()
        return compliance.compliance(self._context, by, now - 30 * DAY_MICROS if since is None else since)

    def pack(self, key: bytes | None = None, *, beside: Mapping[str, JSON] | None = None) -> bytes:
        """Return what holds here compiled for hooks, and what stands `beside` it; signed where a key is given."""
        return hook_pack.compiled_pack(self._context, self._refresh, key, beside)

    def write_pack(self) -> Path | None:
        """Write what holds here where hooks look for it, and return that; None for a store in memory."""
        return hook_pack.write_pack(self._context, self.pack)
