"""Who must agree, did they, and how was it proven that it was they?"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainops.errors import ApprovalUnproven, Conflict, InvalidInput, NamespaceDenied, NotFound
from brainops.procedures.consent.approvers import Approvers
from brainops.store import acts
from brainops.store.actors import actor_columns
from brainops.store.ids import new_id
from brainops.types import ActorKind, ApprovalKind, ApprovalState, NoticeKind, SignInProof, SlackProof
from brainops.types.times import SECOND_MICROS
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.consent.outbox import Outbox
    from brainops.store import Transaction
    from brainops.types import JSON, Actor, Approval, AuditEntry, Micros, Proof, Run
    from brainops.types.page import Page

TIMEOUT_SECONDS = 86_400.0  # a day: whoever can answer has been at work once
ESCALATE_SECONDS = 3_600.0  # an hour without an answer: the first who was told is not there
VALID_SECONDS = 86_400.0  # what is granted is used by then, also where nothing ran when it was granted
MAX_SECONDS = 90 * 86_400.0  # a question of last quarter is another question
MAX_SUBJECT_CHARACTERS = 600  # an operation's name and its target
MAX_QUESTION_CHARACTERS = 4_000  # of a question or a reason: what somebody reads before answering


class Approvals:
    """The questions to people of one memory: ask, grant, refuse, use once, escalate, let expire."""

    def __init__(self, context: MemoryContext, outbox: Outbox) -> None:
        self._context = context
        self._outbox = outbox
        self.approvers = Approvers(context, outbox)

    def ask(
        self,
        tx: Transaction,
        *,
        kind: ApprovalKind,
        subject: str,
        question: str,
        requested_by: Actor,
        reason: str = "",
        run_id: str | None = None,
        step_id: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        escalate_seconds: float | None = None,
    ) -> Approval:
        """Ask a person, in the caller's transaction, and write the notice that tells so.

        While a question on the same subject is open (it waits, or was granted and not used), that one is returned.
        Without an answer in `timeout_seconds` it is refused; after `escalate_seconds` (an hour, or half the time-out
        where that is less) somebody is told again. Raises InvalidInput.
        """
        if not 0 < timeout_seconds <= MAX_SECONDS:
            raise InvalidInput(f"an approval's time-out is above 0 and at most {MAX_SECONDS:,.0f} seconds")
        now, subject = self._context.store.now(), self.subject(subject)
        standing = tx.approvals.open(kind, subject)
        if standing is not None and standing.expires_at > now:
            return standing
        if standing is not None:
            self._expire(tx, standing, now)
        escalate = min(ESCALATE_SECONDS, timeout_seconds / 2) if escalate_seconds is None else escalate_seconds
        row = {
            "id": new_id(),
            "kind": kind.value,
            "subject": subject,
            "run_id": run_id,
            "step_id": step_id,
            "question": self._context.text(question, MAX_QUESTION_CHARACTERS),
            "reason": self._context.text(reason, MAX_QUESTION_CHARACTERS),
            **actor_columns(requested_by, "requested_by"),
            "requested_at": now,
            "expires_at": now + int(timeout_seconds * SECOND_MICROS),
            "escalate_at": now + int(escalate * SECOND_MICROS) if escalate < timeout_seconds else None,
        }
        tx.approvals.add(row)
        asked = tx.approvals.open(kind, subject)
        assert asked is not None
        self._tell(tx, NoticeKind.APPROVAL_ASKED, asked)
        return asked

    def grant(
        self, approval_id: str, *, proof: Proof, reason: str = "", valid_seconds: float = VALID_SECONDS
    ) -> Approval:
        """Agree, as a person who proves to be one and who did not ask; what is granted can be used once, for a while.

        Raises NotFound, Conflict (it was decided, or its time has passed), ApprovalUnproven, InvalidInput.
        """
        if not 0 < valid_seconds <= MAX_SECONDS:
            raise InvalidInput(f"an approval is valid for more than 0 and at most {MAX_SECONDS:,.0f} seconds")
        return self._decide(approval_id, ApprovalState.GRANTED, proof, reason, valid_seconds)

    def refuse(self, approval_id: str, *, proof: Proof, reason: str = "") -> Approval:
        """Say no, as a person who proves to be one; raises what `grant` raises."""
        return self._decide(approval_id, ApprovalState.REFUSED, proof, reason, None)

    def use(
        self,
        tx: Transaction,
        kind: ApprovalKind,
        subject: str,
        *,
        approval_id: str | None = None,
        actor: Actor | None = None,
    ) -> Approval | None:
        """Use up what was granted for exactly this subject, in the caller's transaction; None where nothing was.

        Of two that try, one gets it. With `actor`, what that very person granted does not count. A granted row that
        the audit trail knows nothing of was not granted: it is closed, and somebody is told.
        """
        now = self._context.store.now()
        found = tx.approvals.open(kind, self.subject(subject))
        if found is None or found.state is not ApprovalState.GRANTED or approval_id not in (None, found.id):
            return None
        if actor is not None and found.decided_by is not None and same_person(found.decided_by, actor):
            return None
        if not vouched(found, tx.trail.of(found.id)):
            why = "the audit trail does not know who granted it"
            tx.approvals.void(found.id, why)
            tx.also(acts.APPROVAL_VOID, acts.ITSELF).append(found.id, now, **{**covered(found), "reason": why})
            self._tell(tx, NoticeKind.GUARD_ALARM, found, why=why)
            return None
        if not tx.approvals.use(found.id, now):
            return None
        tx.also(acts.APPROVAL_USE, actor or self._context.actor).append(found.id, now, **covered(found))
        return tx.approvals.get(found.id)

    def pending(self) -> Page[Approval]:
        """Return the questions that wait for an answer, newest first."""
        with self._context.store.read() as tx:
            return tx.approvals.list(ApprovalState.PENDING)

    def list(
        self,
        state: ApprovalState | None = None,
        *,
        limit: int = 100,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Approval]:
        """Return approvals in a state, or in any, newest first."""
        with self._context.store.read() as tx:
            return tx.approvals.list(state, limit, after=after, before=before)

    def get(self, approval_id: str) -> Approval:
        """Return one approval; raise NotFound."""
        with self._context.store.read() as tx:
            found = tx.approvals.get(clean(str(approval_id))[:MAX_SUBJECT_CHARACTERS])
        if found is None:
            raise NotFound(
                f"there is no approval {approval_id!r:.80} in the namespaces that you read; "
                "`brainops approvals` lists those that wait"
            )
        return found

    def withdraw(self, tx: Transaction, run_id: str, reason: str, *, subject: str | None = None) -> int:
        """Close what is open for a run that has ended, or for a `subject` of it that is settled otherwise.

        Does so in the caller's transaction; returns how many that were.
        """
        return tx.approvals.withdraw(run_id, self._context.text(reason, MAX_QUESTION_CHARACTERS), subject)

    def sweep(self, now: Micros | None = None) -> int:
        """Tell again of questions that have waited long, refuse those whose time has passed; return how many changed.

        Safe to call from several processes: each change is made, and told, once.
        """
        now, changed = self._context.store.now() if now is None else now, 0
        with self._context.store.read() as tx:
            if not tx.approvals.to_escalate(now) and not tx.approvals.overdue(now):
                return 0
        with self._context.store.writing(acts.SWEEP, self._context.actor) as tx:
            for each in tx.approvals.overdue(now):
                changed += self._expire(tx, each, now)
            for each in tx.approvals.to_escalate(now):
                if tx.approvals.escalate(each.id, now):
                    self._tell(tx, NoticeKind.APPROVAL_ESCALATED, each)
                    changed += 1
        return changed

    def subject(self, text: str) -> str:
        """Return a subject as it is stored: redacted, and a long one told apart by a digest; raise InvalidInput."""
        if not isinstance(text, str) or not text.strip():
            raise InvalidInput(f"an approval's subject is text, for example 'deploy api prod-1', not {text!r:.80}")
        whole = clean(text.strip())
        if len(whole) <= MAX_SUBJECT_CHARACTERS:
            return self._context.text(whole)
        told = self._context.text(whole, MAX_SUBJECT_CHARACTERS - 70)
        return f"{told}… {hashlib.sha256(whole.encode()).hexdigest()}"

    def _decide(
        self, approval_id: str, state: ApprovalState, proof: Proof, reason: str, valid_seconds: float | None
    ) -> Approval:
        asked, reason = self.get(approval_id), self._context.text(reason, MAX_QUESTION_CHARACTERS)
        if asked.namespace != self._context.store.scope.write:
            raise NamespaceDenied(
                f"the approval {asked.id} belongs to {asked.namespace}, which is only read here; "
                f"open it with --namespace {asked.namespace}"
            )
        if isinstance(proof, SignInProof) and (proof.approval, proof.digest) != (asked.id, asked.digest):
            raise ApprovalUnproven(
                "what was looked at is not what stands: look at the approval again, and say its digest with the answer"
            )
        if asked.state is not ApprovalState.PENDING:
            raise Conflict(f"the approval {asked.id} is {asked.state.value}; it is decided once")
        agreed = self.approvers.by_slack(proof, asked, state) if isinstance(proof, SlackProof) else proof
        act = acts.APPROVAL_GRANT if state is ApprovalState.GRANTED else acts.APPROVAL_REFUSE
        with self._context.store.writing(act, self._context.actor, agreed) as tx:
            approver = tx.actor
            if state is ApprovalState.GRANTED:
                run = tx.runs.get(asked.run_id) if asked.run_id else None
                if same_person(approver, asked.requested_by) or (run is not None and same_person(approver, run.actor)):
                    raise ApprovalUnproven(
                        f"{approver.id} asked for this, or started the run, and cannot approve it too: another "
                        "approver must, or the program that asks says who it is "
                        "(BRAINOPS_ACTOR=agent:NAME or service:NAME)"
                    )
            now = self._context.store.now()
            expires_at = asked.expires_at if valid_seconds is None else now + int(valid_seconds * SECOND_MICROS)
            if not tx.approvals.decide(asked.id, state, approver, now, reason=reason, expires_at=expires_at):
                raise Conflict(
                    f"the approval {asked.id} was decided by somebody else, or its time has passed; "
                    f"brainops approvals show {asked.id}"
                )
            decided = tx.approvals.get(asked.id)
            assert decided is not None
            tx.trail.append(asked.id, now, **covered(decided))
            self._tell(tx, NoticeKind.APPROVAL_DECIDED, decided)
        return decided

    def _expire(self, tx: Transaction, approval: Approval, now: Micros) -> bool:
        unused = approval.state is ApprovalState.GRANTED
        why = "it was granted and not used in time" if unused else "nobody answered in time"
        if not tx.approvals.expire(approval.id, now, why):
            return False
        tx.also(acts.APPROVAL_EXPIRE, acts.ITSELF).append(approval.id, now, **{**covered(approval), "reason": why})
        self._tell(tx, NoticeKind.APPROVAL_EXPIRED, approval, why=why)
        return True

    def _tell(self, tx: Transaction, kind: NoticeKind, approval: Approval, **more: JSON) -> None:
        by = approval.decided_by
        body: dict[str, JSON] = {
            "what": what(approval, tx.runs.get(approval.run_id) if approval.run_id else None),
            "approval": approval.id,
            "digest": approval.digest,
            "kind": approval.kind.value,
            "question": approval.question,
            "reason": approval.reason,
            "requested_by": f"{approval.requested_by.kind.value}:{approval.requested_by.id}",
            "expires_at": approval.expires_at,
            "run": approval.run_id,
            "step": approval.step_id,
            "state": approval.state.value,
            "decided_by": by.id if by else None,
            "decision_reason": approval.decision_reason,
            "command": f"brainops approve {approval.id} --namespace {approval.namespace}",
        }
        self._outbox.put(tx, kind, approval.subject, **body, **more)


def what(approval: Approval, run: Run | None = None) -> str:
    """Return exactly what is done once this is granted, in our words and not in those of whoever asks."""
    of = f"{run.procedure_name}{f' on {run.target}' if run.target else ''} (run {run.id})" if run else approval.subject
    match approval.kind:
        case ApprovalKind.OPERATION:
            return approval.subject
        case ApprovalKind.STEP:
            return f"what follows step {approval.step_id or '?'} of {of}"
        case ApprovalKind.SKIP_STEP:
            return f"skip step {approval.step_id or '?'} of {of}"
        case ApprovalKind.SKIP_PROCEDURE:
            return f"do without the procedure {approval.subject}"
        case _:
            return f"{approval.kind.value.replace('_', ' ')} {approval.subject}"


def covered(approval: Approval) -> dict[str, JSON]:
    """Return what an approval covers, as its line in the audit trail says it."""
    return {
        "kind": approval.kind.value,
        "covers": approval.subject,
        "run": approval.run_id,
        "step": approval.step_id,
        "expires_at": approval.expires_at,
        "reason": approval.decision_reason,
    }


def vouched(approval: Approval, lines: Sequence[AuditEntry]) -> bool:
    """Say whether the audit trail knows that this was granted: by whom, for what, until when, and not used before."""
    decided_by = approval.decided_by
    granted = any(
        line.act == "approval-grant"
        and line.namespace == approval.namespace
        and decided_by is not None
        and line.actor == decided_by
        and dict(line.detail) == covered(approval)
        for line in lines
    )
    return granted and not any(line.act == "approval-use" for line in lines)


def same_person(one: Actor, other: Actor) -> bool:
    """Say whether two actors are the same person, going by what they call themselves."""
    return one.kind is other.kind is ActorKind.PERSON and one.id.casefold() == other.id.casefold()
