"""What was a person asked, what was decided, who may decide, and what must somebody still be told?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from brainops.store.actors import actor_columns
from brainops.store.paging import paged
from brainops.store.rows import row_of, value_of
from brainops.types import Approval, Approver, Channel, DeliveryAttempt, Notice

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import JSON, Actor, ApprovalKind, ApprovalState, NoticeKind, SecretKind
    from brainops.types.page import Page

LISTED = 1_000  # approvals or notices of one answer: more than anybody reads
ASKED = (
    "id namespace kind subject run_id step_id question reason requested_by_kind requested_by_id requested_at".split()
)
SWEPT = 200  # approvals that one sweep looks at: it comes again


class ApprovalRows:
    """The approvals, approvers, notices and channels of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Approvals

    def add(self, row: Mapping[str, Any]) -> bool:
        """Keep a question; return False where one on the same subject is open."""
        return self._session.run("approval_insert", **row) > 0

    def get(self, approval_id: str) -> Approval | None:
        """Return one readable approval."""
        row = self._session.one("approval_get", id=approval_id)
        return approval_of(row) if row else None

    def open(self, kind: ApprovalKind, subject: str) -> Approval | None:
        """Return the question on a subject that waits for its answer, or its answer that waits to be used."""
        row = self._session.one("approval_open", kind=kind.value, subject=subject)
        return approval_of(row) if row else None

    def list(self, state: ApprovalState | None = None, limit: int = LISTED, **beside: Unpack[Beside]) -> Page[Approval]:
        """Return approvals, newest first."""
        wanted = state.value if state else None
        return paged(self._session, "approval_list", approval_of, limit, **beside, state=wanted)

    def granted(self, now: int) -> Sequence[Approval]:
        """Return what is granted, unused and valid in the written namespace."""
        return [approval_of(row) for row in self._session.all("approval_granted", now=now, limit=LISTED)]

    def decide(
        self, approval_id: str, state: ApprovalState, actor: Actor, at: int, *, reason: str, expires_at: int
    ) -> bool:
        """Write an answer; return False where the question no longer stands."""
        changed = self._session.run(
            "approval_decide",
            id=approval_id,
            state=state.value,
            **actor_columns(actor, "decided_by"),
            decided_at=at,
            decision_reason=reason,
            expires_at=expires_at,
        )
        return changed > 0

    def use(self, approval_id: str, now: int) -> bool:
        """Use up what was granted; return False where somebody else did, or it is too late."""
        return self._session.run("approval_use", id=approval_id, now=now) > 0

    def withdraw(self, run_id: str, reason: str, subject: str | None = None) -> int:
        """Close what is open for a run, or for one subject of it; return how many that were."""
        return self._session.run("approval_withdraw", run_id=run_id, decision_reason=reason, subject=subject)

    def expire(self, approval_id: str, now: int, reason: str) -> bool:
        """Close what has passed its time; return False where it has not, or was closed before."""
        return self._session.run("approval_expire", id=approval_id, now=now, decision_reason=reason) > 0

    def void(self, approval_id: str, reason: str) -> bool:
        """Close what says that it was granted and was not."""
        return self._session.run("approval_void", id=approval_id, decision_reason=reason) > 0

    def overdue(self, now: int) -> Sequence[Approval]:
        """Return what has passed its time."""
        return [approval_of(row) for row in self._session.all("approval_overdue", now=now, limit=SWEPT)]

    def to_escalate(self, now: int) -> Sequence[Approval]:
        """Return what has waited so long that somebody must be told again."""
        return [approval_of(row) for row in self._session.all("approval_to_escalate", now=now, limit=SWEPT)]

    def escalate(self, approval_id: str, now: int) -> bool:
        """Say that they were told again; return False where that was done before."""
        return self._session.run("approval_escalate", id=approval_id, now=now) > 0

    def counts(self) -> dict[str, int]:
        """Return how many approvals stand in each state."""
        return {row["state"]: int(row["approvals"]) for row in self._session.all("approval_counts")}

    def page(self, after: str, limit: int) -> Sequence[Approval]:
        """Return the next approvals after an id."""
        return [approval_of(row) for row in self._session.all("approval_page", after=after, limit=limit)]

    # Approvers

    def add_approver(self, row: Mapping[str, Any]) -> bool:
        """Let somebody approve; return False where that name has such a secret."""
        return self._session.run("approver_insert", **row) > 0

    def approver(self, name: str, kind: SecretKind) -> Row | None:
        """Return the entry of somebody who may approve, with the hash of the secret."""
        return self._session.one("approver_find", name=name, kind=kind.value)

    def approver_row(self, approver_id: str) -> Row | None:
        """Return one entry with the hash of the secret, revoked or not."""
        return self._session.one("approver_get", id=approver_id)

    def approvers(self) -> Sequence[Row]:
        """Return everybody who may or might approve, oldest first."""
        return self._session.all("approver_list")

    def names_of_approvers(self) -> Sequence[str]:
        """Return the names of those who may approve in this store."""
        return sorted({str(row["name"]) for row in self.approvers() if row["revoked_at"] is None})

    def begin_proof(self, approver: Row, locked_until: int | None, now: int) -> bool:
        """Count a proof that is about to be checked; return False where the entry is locked or in use."""
        changed = self._session.run(
            "approver_try", id=approver["id"], failures=approver["failures"], locked_until=locked_until, now=now
        )
        return changed > 0

    def lock(self, approver_id: str, failures: int, until: int | None) -> None:
        """Count a wrong proof, and let nobody try until then."""
        self._session.run("approver_lock", id=approver_id, failures=failures, locked_until=until)

    def proven(self, approver_id: str, now: int) -> bool:
        """Say that the proof was right; return False where its owner was revoked meanwhile."""
        return self._session.run("approver_proven", id=approver_id, now=now) > 0

    def revoke_approver(self, approver_id: str, now: int) -> bool:
        """Take the right to approve; return False where it was taken before."""
        return self._session.run("approver_revoke", id=approver_id, now=now) > 0

    def clients(self) -> tuple[str, ...]:
        """Return the coding clients whose own dialog the written namespace accepts."""
        row = self._session.one("approval_setting_get")
        return tuple(json.loads(row["clients"])) if row else ()

    def set_clients(self, clients: Sequence[str]) -> None:
        """Say which coding clients' own dialogs the written namespace accepts."""
        self._session.run("approval_setting_put", clients=json.dumps(list(clients)))

    # Notices

    def add_notice(self, notice_id: str, kind: NoticeKind, subject: str, body: Mapping[str, JSON], at: int) -> None:
        """Write that somebody must be told."""
        text = json.dumps(body, ensure_ascii=True)
        self._session.run("notice_insert", id=notice_id, kind=kind.value, subject=subject, body=text, created_at=at)

    def notices(self, *, every: bool = False, limit: int = LISTED, **beside: Unpack[Beside]) -> Page[Notice]:
        """Return the notices that wait, newest first; those that were delivered as well where all are asked for."""
        return paged(self._session, "notice_list", notice_of, limit, **beside, every=int(every))

    def due_notices(self, now: int, *, attempts: int, limit: int) -> Sequence[Notice]:
        """Return what is to be delivered now, oldest first; what was tried so often is given up."""
        rows = self._session.all("notice_due", now=now, attempts=attempts, limit=limit)
        return [notice_of(row) for row in rows]

    def claim_notice(self, notice: Notice, lease_until: int, now: int) -> bool:
        """Take a notice in hand; return False where somebody else has it."""
        changed = self._session.run(
            "notice_claim", id=notice.id, attempts=notice.attempts, lease_until=lease_until, now=now
        )
        return changed > 0

    def notice_delivered(self, notice_id: str, to: Sequence[str], now: int) -> bool:
        """Say that every channel took it; return False where that was said before."""
        delivered_to = json.dumps(list(to))
        return self._session.run("notice_delivered", id=notice_id, delivered_to=delivered_to, now=now) > 0

    def notice_failed(
        self, notice_id: str, to: Sequence[str], error: str, *, next_attempt_at: int, lease_until: int
    ) -> bool:
        """Say that a channel did not take it; return False where somebody else has it in hand by now."""
        changed = self._session.run(
            "notice_failed",
            id=notice_id,
            delivered_to=json.dumps(list(to)),
            error=error,
            next_attempt_at=next_attempt_at,
            lease_until=lease_until,
        )
        return changed > 0

    def notice_counts(self, attempts: int) -> Row:
        """Return how many notices wait, since when, and how many were tried so often that they are given up."""
        found = self._session.one("notice_counts", attempts=attempts)
        assert found is not None
        return found

    def add_attempt(self, attempt: DeliveryAttempt, before: int) -> None:
        """Keep an attempt at a notice, and let some go that are older than a time."""
        self._session.run("delivery_add", **row_of(attempt))
        self._session.run("delivery_trim", before=before)

    def attempts(self, notice_id: str | None, limit: int, **beside: Unpack[Beside]) -> Page[DeliveryAttempt]:
        """Return the attempts at one notice, or at all, newest first."""
        return paged(self._session, "delivery_list", attempt_of, limit, **beside, notice_id=notice_id)

    def put_channel(self, row: Mapping[str, Any]) -> None:
        """Keep a way by which notices leave, in place of one of its name."""
        self._session.run("channel_put", **row)

    def channels(self) -> Sequence[Channel]:
        """Return the ways by which the written namespace's notices leave."""
        return [channel_of(row) for row in self._session.all("channel_list")]

    def remove_channel(self, name: str) -> bool:
        """Remove a way; return False where there is none."""
        return self._session.run("channel_delete", name=name) > 0


def approval_of(row: Row) -> Approval:
    """Read a row as an Approval, with the digest of all that somebody agrees to."""
    asked = json.dumps([row[name] for name in ASKED], ensure_ascii=True)
    import hashlib

    return value_of(Approval, row, digest=hashlib.sha256(asked.encode()).hexdigest())


def approver_of(row: Row) -> Approver:
    """Read a row as an Approver, without the hash of the secret."""
    return value_of(Approver, row)


def notice_of(row: Row) -> Notice:
    """Read a row as a Notice."""
    return value_of(Notice, row, "body", "delivered_to")


def channel_of(row: Row) -> Channel:
    """Read a row as a Channel."""
    return value_of(Channel, row, "settings", "kinds")


def attempt_of(row: Row) -> DeliveryAttempt:
    """Read a row as an attempt at a notice."""
    return value_of(DeliveryAttempt, row)
