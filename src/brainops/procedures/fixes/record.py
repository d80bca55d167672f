"""What does the record of operations say of fixes: which are due, which helped, which did not?

These run inside the transaction that records an error or a success, so nothing is due twice and nothing is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.procedures.fixes.confidence import confidence, sentence
from brainops.store import Transaction
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    Actor,
    ApplicationState,
    Fix,
    FixApplication,
    FixConfidence,
    FixKind,
    FixMode,
    FixSuggestion,
    NoticeKind,
)

RETURN_SECONDS = 3_600
"""What is back within an hour was not mended: longer than a restart hides a fault, shorter than a day's rhythm."""

MAX_FIXES = 20  # of one fingerprint that are looked at; more is a sign that none of them helps


Verdicts = Mapping[str, tuple[FixKind, int, int]]
"""Of each fix that was judged here: its kind, how often it was verified, how often contradicted."""
Priors = Mapping[str, tuple[int, int]]
"""The same counts of fixes that came from other instances, as they were there."""


def suggestions(tx: Transaction, digest: str, message_digest: str, context: Mapping[str, Any]) -> list[FixSuggestion]:
    """Return the fixes for an error whose context fits, the surest first; near fingerprints never share one."""
    found = [fix for fix in tx.fixes.of([digest, message_digest]) if _fits(fix, context)][:MAX_FIXES]
    if not found:
        return []
    verdicts, priors = tx.fixes.verdicts(), tx.sharing.priors()
    suggested = [suggestion(fix, verdicts, priors, exact=fix.fingerprint == digest) for fix in found]
    return sorted(suggested, key=lambda each: (-each.confidence.value, each.fix.created_at, each.fix.id))


def confidence_of(fix: Fix, verdicts: Verdicts, priors: Priors) -> FixConfidence:
    """Return how sure a fix is, pooled over the others of its kind and over what it did where it came from."""
    _, verified, contradicted = verdicts.get(fix.id, (fix.kind, 0, 0))
    others = [each for key, each in verdicts.items() if key != fix.id and each[0] is fix.kind]
    return confidence(
        verified,
        contradicted,
        pooled_verified=sum(each[1] for each in others),
        pooled_contradicted=sum(each[2] for each in others),
        shared=priors.get(fix.id, (0, 0)),
    )


def on_error(
    tx: Transaction,
    digest: str,
    message_digest: str,
    *,
    operation_id: str | None,
    target: str | None,
    context: Mapping[str, Any],
    actor: Actor,
    at: int,
) -> list[FixApplication]:
    """Say which fixes are due for an error that just happened, and contradict those that seemed to have helped."""
    for application in tx.fixes.helped([digest, message_digest], target, at - RETURN_SECONDS * 1_000_000):
        contradict(tx, application, "the same error came back", actor, at)
    due = []
    for each in suggestions(tx, digest, message_digest, context):
        if each.fix.namespace != tx.scope.write or tx.fixes.same(each.fix.id, operation_id, target):
            continue
        # A fix that was bound to a message alone may be named, but never applies itself to other frames.
        acts = each.exact and each.fix.mode is not FixMode.SUGGEST
        state = ApplicationState.DUE if acts else ApplicationState.SUGGESTED
        application = application_of(
            each.fix, state, actor, at, operation_id=operation_id, target=target, automatic=True, reason=each.sentence
        )
        tx.fixes.add_application(application)
        due.append(application)
    return due


def on_success(tx: Transaction, name: str, target: str | None, at: int) -> None:
    """Let the success of an operation verify the fixes that were applied for its failure."""
    for application in tx.fixes.awaiting(name, target, at - RETURN_SECONDS * 1_000_000):
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


def demote(
    tx: Transaction, fix_id: str, reason: str, actor: Actor, at: int, *, application_id: str | None = None
) -> bool:
    """Let a fix only be suggested from now on; return False where it was no more than that already."""
    fix = tx.fixes.get(fix_id)
    if fix is None or fix.mode is FixMode.SUGGEST or fix.namespace != tx.scope.write:
        return False
    tx.fixes.set_mode(fix.id, FixMode.SUGGEST, reason, at)
    tx.trail.append("fix_demote", fix.id, actor, at, before=fix.mode.value, reason=reason, application=application_id)
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


def suggestion(fix: Fix, verdicts: Verdicts, priors: Priors, *, exact: bool) -> FixSuggestion:
    """Return a fix with how sure it is."""
    sure = confidence_of(fix, verdicts, priors)
    return FixSuggestion(fix=fix, confidence=sure, exact=exact, sentence=sentence(sure))


def _fits(fix: Fix, context: Mapping[str, Any]) -> bool:
    return all(_at(context, name) == value for name, value in fix.context.items())


def _at(context: Mapping[str, Any], name: str) -> JSON:
    value: Any = context
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    found: JSON = value
    return found
