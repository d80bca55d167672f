"""What does the record of operations say of fixes: which are due, which helped, which did not?

These run inside the transaction that records an error or a success, so nothing is due twice and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from brainops.memory.recognition.digests import is_of
from brainops.procedures.fixes.confidence import AUTO_LINE, MINIMUM_VERIFIED, confidence, may_apply, sentence
from brainops.procedures.remedies.causes import members
from brainops.procedures.remedies.trials import STARTING_RATE, here, trials_of
from brainops.statistics.contexts import place, unseen
from brainops.store import Transaction, acts
from brainops.store.evidence import remedy_of
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    Actor,
    ApplicationState,
    Autonomy,
    ErrorEvent,
    Evidence,
    Fix,
    FixApplication,
    FixConfidence,
    FixKind,
    FixMode,
    FixSuggestion,
    Micros,
    NoticeKind,
    RemedyEffect,
    RemedyEvidence,
    Trust,
)
from brainops.types.times import SECOND_MICROS
from brainops_core.recognition.digests import bound_digests, text_digests

RETURN_SECONDS = 3_600
"""What is back within an hour was not mended: longer than a restart hides a fault, shorter than a day's rhythm."""

PROVEN = frozenset({"key", "signature"})  # how a program proves who it is
CAME_BACK = "the same error came back"
MAX_FIXES = 20  # of one fingerprint that are looked at; more is a sign that none of them helps


LEAST_HELPED = 2
"""Remedies of other causes that helped so often on one target are what a new fix is compared with there: once may have
been chance, and what failed elsewhere says nothing of the places in which a fix may apply itself."""


class Proofs:
    """How sure the fixes of one transaction are: their evidence, and what other remedies have done."""

    def __init__(self, tx: Transaction, now: Micros) -> None:
        self._tx = tx
        self._stood = now - RETURN_SECONDS * SECOND_MICROS
        self._records = tx.evidence.records(LEAST_HELPED)
        self._shared = tx.sharing.priors()

    @cached_property
    def _strict(self) -> bool:
        return self._tx.is_strict()

    def of(self, fix: Fix, where: Mapping[str, str] | None = None) -> FixConfidence:
        """Return how sure a fix is, in a place where one is named: of its cause, and of its remedy, there alone.

        What a procedure did for other errors of the cause counts too; another action of the same name is another one.
        """
        cause = members([fix.fingerprint], self._tx.evidence.changes([fix.fingerprint]))
        shown = [each for each in self._tx.evidence.of(cause) if self._shows(each, fix)]
        cell = place(trials_of(shown), where or {}, STARTING_RATE)
        verified, contradicted = map(round, cell.counts(remedy_of(fix)))
        others = [row for row in self._records if row["fingerprint"] not in cause]
        return confidence(
            verified,
            contradicted,
            pooled_verified=sum(int(row["helped"]) for row in others),
            pooled_contradicted=sum(int(row["tried"]) - int(row["helped"]) for row in others),
            shared=self._shared.get(fix.id, (0, 0)),
            unseen=unseen(cell, where) if where and verified >= MINIMUM_VERIFIED else None,
        )

    def _shows(self, each: RemedyEvidence, fix: Fix) -> bool:
        """Say whether evidence shows what a fix does: the same was done, and it was seen or checked.

        That it helped shows a person's word, or an application that was looked at; a program's word does once it has
        stood for as long as it takes until what was not mended is back; where rules hold, that of a proven one.
        An agent's never does, nor does a verdict on a memory, which names no place in which it helped.
        """
        same = each.fix_id == fix.id or (fix.kind is FixKind.PROCEDURE and each.remedy == fix.procedure)
        if not same or each.effect is not RemedyEffect.HELPED:
            return same
        if each.source == "feedback":
            return False
        if each.source in ("told", "operation") and each.basis is Evidence.OBSERVED:
            return each.at <= self._stood and (each.actor.proof in PROVEN or not self._strict)
        return each.basis is not Evidence.CLAIMED


def suggestions(
    tx: Transaction,
    event: ErrorEvent | str,
    context: Mapping[str, Any],
    stopped: str | None = None,
    target: str | None = None,
    *,
    now: Micros,
) -> list[FixSuggestion]:
    """Return the fixes for an error whose context fits, the surest first; near fingerprints never share one.

    `event` may be the error's fingerprint. `exact` says that it holds for this error; the others are bound to the same
    words at another, or an unknown, place.
    """
    digests: Sequence[str] = (event,) if isinstance(event, str) else bound_digests(event)
    elsewhere: dict[str, bool] = {}
    if not isinstance(event, str):
        # known errors with the same text and other frames: do they break at the same place?
        known = tx.memories.by_fingerprint(digests[0], text_digests(event), limit=MAX_FIXES)
        elsewhere = {
            memory.fingerprint: bool(event.frames) and is_of(event, memory)
            for memory in known
            if memory.fingerprint and memory.fingerprint not in digests
        }
    found = [
        fix
        for fix in tx.fixes.of([*digests, *elsewhere])
        if all(_at(context, name) == value for name, value in fix.context.items())
    ][:MAX_FIXES]
    if not found:
        return []
    proofs, where = Proofs(tx, now), here(target, context)
    suggested = [
        suggestion(tx, fix, proofs, where, exact=elsewhere.get(fix.fingerprint, True), stopped=stopped) for fix in found
    ]
    return sorted(
        suggested, key=lambda each: (not each.exact, -each.confidence.value, each.fix.created_at, each.fix.id)
    )


def on_error(
    tx: Transaction,
    event: ErrorEvent,
    *,
    operation_id: str | None,
    target: str | None,
    context: Mapping[str, Any],
    actor: Actor,
    at: int,
) -> list[FixApplication]:
    """Say which fixes are due for an error that just happened, and contradict those that seemed to have helped.

    What is only named says why: nothing that was not applied bears a reason for applying it.
    """
    found = suggestions(tx, event, context, target=target, now=at)
    holding = {*bound_digests(event), *(each.fix.fingerprint for each in found if each.exact)}
    back = tx.fixes.helped(sorted(holding), target, at - RETURN_SECONDS * SECOND_MICROS)
    for application in back:
        contradict(tx, application, CAME_BACK, actor, at)
    for seemed in tx.evidence.back(sorted(holding), target, at - RETURN_SECONDS * SECOND_MICROS):
        tx.evidence.judge(seemed.id, RemedyEffect.DID_NOT_HELP, Evidence.OBSERVED, CAME_BACK, at)
    told = []
    for each in suggestions(tx, event, context, target=target, now=at) if back else found:
        if tx.fixes.same(each.fix.id, operation_id, target):
            continue
        why = _only_named(each, tx.scope.write)
        state = ApplicationState.DUE if why is None else ApplicationState.SUGGESTED
        application = application_of(
            each.fix,
            state,
            actor,
            at,
            operation_id=operation_id,
            target=target,
            automatic=True,
            reason=each.sentence if why is None else f"only named: {why}",
        )
        application = replace(application, namespace=tx.scope.write)
        tx.fixes.add_application(application)
        told.append(application)
    return [application for application in told if application.state is ApplicationState.DUE]


def _only_named(found: FixSuggestion, namespace: str) -> str | None:
    """Return why a fix is named and no more, None where it is looked at whether it may be applied or tried."""
    fix = found.fix
    if fix.kind is FixKind.ADVICE:
        return "it is advice for a person"
    if fix.mode is FixMode.SUGGEST:
        demoted = f" since it was demoted: {fix.reason}" if fix.demoted_at is not None else ""
        return f"its mode is suggest{demoted}; brainops fix mode {fix.id} auto --reason ..."
    if not found.exact:
        return "it is bound to the same words at another place in the code"
    if fix.namespace != namespace:
        return f"it belongs to {fix.namespace}, and a fix applies itself only there"
    return None


def obstacle(tx: Transaction, fix: Fix, sure: FixConfidence, stopped: str | None = None) -> str | None:
    """Return why a fix may not be applied by itself as things stand, None where it may."""
    if fix.detached_at is not None or fix.mode is not FixMode.AUTO:
        return f"the fix is {'detached' if fix.detached_at else fix.mode.value}"
    if stopped is not None:
        return f"what acts by itself is stopped: {stopped}"
    if Autonomy(tx.rules.held("autonomy") or Autonomy.PROPOSE) is not Autonomy.AUTO:
        return "this namespace does not let fixes apply themselves: brainops autonomy auto"
    if fix.trust == Trust.EXTERNAL.value:
        return "it came from outside and nobody vouched for it: brainops fix trust"
    if sure.unseen is not None:
        return f"it has never helped with {sure.unseen}, and applies itself only where it has"
    if not may_apply(sure):
        return (
            f"it has not proved itself: {MINIMUM_VERIFIED} verified successes and a confidence above {AUTO_LINE:.2f} "
            f"are needed, and it has {sure.verified} and {sure.value:.2f}"
        )
    return None


def on_success(tx: Transaction, name: str, target: str | None, at: int) -> None:
    """Let the success of an operation verify the fixes that were applied for its failure."""
    for application in tx.fixes.awaiting(name, target, at - RETURN_SECONDS * SECOND_MICROS):
        tx.fixes.move(
            application,
            ApplicationState.VERIFIED,
            "the same operation succeeded afterwards",
            decided_at=at,
            verified_by="operation",
        )


def contradict(tx: Transaction, application: FixApplication, reason: str, actor: Actor, at: int) -> bool:
    """Say that an application did not help; a fix that applies itself is demoted at once."""
    if not tx.fixes.move(application, ApplicationState.CONTRADICTED, reason, decided_at=at):
        return False
    demote(tx, application.fix_id, reason, actor, at, application_id=application.id)
    return True


def failed_elsewhere(tx: Transaction, fix: Fix, told: RemedyEvidence) -> bool:
    """Say whether a fix failed where it had not proved itself: there it never applied itself."""
    where = here(told.target, told.context)
    return Proofs(tx, told.judged_at).of(fix, where).verified < MINIMUM_VERIFIED


def demote(
    tx: Transaction, fix_id: str, reason: str, actor: Actor, at: int, *, application_id: str | None = None
) -> bool:
    """Let a fix only be suggested from now on; return False where it was no more than that already."""
    fix = tx.fixes.get(fix_id)
    if fix is None or fix.mode is FixMode.SUGGEST or fix.namespace != tx.scope.write:
        return False
    tx.fixes.set_mode(fix.id, FixMode.SUGGEST, reason, at)
    trail = tx.also(acts.FIX_DEMOTE, actor)
    trail.append(fix.id, at, before=fix.mode.value, reason=reason, application=application_id)
    tx.approvals.add_notice(new_id(), NoticeKind.FIX_DEMOTED, fix.id, {"title": fix.title, "reason": reason}, at)
    return True


def application_of(
    fix: Fix,
    state: ApplicationState,
    actor: Actor,
    at: int,
    *,
    operation_id: str | None = None,
    target: str | None = None,
    automatic: bool = False,
    reason: str = "",
    **values: Any,
) -> FixApplication:
    """Return a new application of a fix."""
    return FixApplication(
        id=new_id(),
        namespace=fix.namespace,
        fix_id=fix.id,
        fingerprint=fix.fingerprint,
        operation_id=operation_id,
        target=target,
        mode=fix.mode,
        automatic=automatic,
        state=state,
        run_id=None,
        reason=reason,
        actor=actor,
        created_at=at,
        **values,
    )


def suggestion(
    tx: Transaction,
    fix: Fix,
    proofs: Proofs,
    where: Mapping[str, str] | None = None,
    *,
    exact: bool,
    stopped: str | None = None,
) -> FixSuggestion:
    """Return a fix with how sure it is and, where it is to apply itself, what holds it back as things stand."""
    sure = proofs.of(fix, where)
    held = obstacle(tx, fix, sure, stopped) if fix.mode is FixMode.AUTO else None
    unsaid = may_apply(sure) or not sure.verified + sure.contradicted  # else the sentence says what is missing
    told = f"{sentence(sure)}; not applied by itself: {held}" if held and unsaid else sentence(sure)
    return FixSuggestion(fix=fix, confidence=sure, exact=exact, sentence=told)


def _at(context: Mapping[str, Any], name: str) -> JSON:
    value: Any = context
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    found: JSON = value
    return found
