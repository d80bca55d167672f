"""What must somebody be told, and was it delivered?"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainops.errors import ApprovalUnproven, InvalidInput, NotFound
from brainops.memory.redaction.redact import redact_json
from brainops.procedures.consent.roles import APPROVING, own_role
from brainops.procedures.runs.clock import Lease
from brainops.store import acts
from brainops.store.actors import actor_columns
from brainops.store.ids import new_id
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.types import ChannelKind, Delivery, DeliveryAttempt, Notice, NoticeKind
from brainops.types.access import EVERYWHERE
from brainops.types.times import DAY_MICROS, SECOND_MICROS

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.procedures.consent.slack import Click
    from brainops.store import Transaction
    from brainops.types import JSON, AuditEntry, Channel, Micros, Proof, SlackProof
    from brainops.types.page import Page

MAX_SUBJECT_CHARACTERS = 600  # an operation and its target, or a title
MAX_CHANNELS = 8  # each takes its time in turn
MAX_CHANNEL_NAME_CHARACTERS = 100
LEASE = Lease(seconds=120.0)  # every channel's time and more
ATTEMPTS = 30  # about a day of trying; then it is given up, and stays listed with its last error
FIRST_WAIT_SECONDS = 10
MAX_WAIT_SECONDS = 3_600
DELIVERED_AT_ONCE = 50  # of one round: it comes again
KEPT_DAYS = 90  # that attempts are kept
READ = "read"  # stands among what took a notice where a person said that it was read


class Outbox:
    """The notices of one memory, delivered at least once by a command, a webhook, Slack or e-mail."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def put(self, tx: Transaction, kind: NoticeKind, subject: str, /, **body: JSON) -> str:
        """Write, in the transaction of what it tells, that somebody must be told; return the notice's id."""
        policy, notice_id = self._context.redaction, new_id()
        told = self._context.text(subject, MAX_SUBJECT_CHARACTERS)
        reading = redact_json(dict(body), policy).value
        assert isinstance(reading, dict)
        tx.approvals.add_notice(notice_id, kind, told, reading, self._context.store.now())
        return notice_id

    def pending(self, *, limit: int = 100, after: str | None = None, before: str | None = None) -> Page[Notice]:
        """Return the notices that wait for delivery, newest first."""
        return self.list(limit=limit, after=after, before=before)

    def list(
        self, *, every: bool = False, limit: int = 100, after: str | None = None, before: str | None = None
    ) -> Page[Notice]:
        """Return the notices that wait, newest first; with `every` those that were delivered or read as well."""
        with self._context.store.read(self._reading()) as tx:
            return tx.approvals.notices(every=every, limit=limit, after=after, before=before)

    def sentence(self, notice: Notice) -> str:
        """Return a notice as one line for people."""
        return sentence(notice)

    def counts(self) -> dict[str, int | None]:
        """Return how many notices wait, since when, and how many were given up."""
        with self._context.store.read(self._reading()) as tx:
            return dict(tx.approvals.notice_counts(ATTEMPTS))

    def acknowledge(self, notice_ids: Sequence[str]) -> int:
        """Say that a person has read notices, so that they need not be delivered; return how many those were.

        Those of the whole store are not, over the network, for whoever approves in one namespace alone.
        """
        done, actor = 0, self._context.actor
        for scope in self._scopes():
            with self._context.store.writing(acts.NOTICE_READ, actor, scope=scope) as tx:
                now = self._context.store.now()
                of_all = scope.write == STORE_NAMESPACE
                if of_all and actor.remote and own_role(tx, actor, EVERYWHERE, now) not in APPROVING:
                    continue
                for notice_id in dict.fromkeys(notice_ids):
                    if tx.approvals.notice_delivered(notice_id, [READ], now):
                        tx.trail.append(notice_id, now)
                        done += 1
        return done

    def deliver(self, now: Micros | None = None, *, limit: int = DELIVERED_AT_ONCE) -> Delivery:
        """Hand the notices that are due to every channel of the written namespace; those not taken are tried later.

        Safe in several processes: each notice is taken in hand by one. A channel that took a notice does not get it
        again because another did not; a process that is killed in between leaves it to be delivered once more.
        """
        channels, delivered, failed = self._trusted(), 0, 0
        for scope in self._scopes() if channels else ():
            with self._context.store.read(scope) as tx:
                at = self._context.store.now() if now is None else now
                due = tx.approvals.due_notices(at, attempts=ATTEMPTS, limit=limit - delivered - failed)
            for notice in due:
                taken = self._deliver(scope, notice, channels, at)
                delivered, failed = delivered + (taken is True), failed + (taken is False)
        return Delivery(delivered=delivered, failed=failed, pending=int(self.counts()["pending"] or 0))

    def attempts(
        self,
        notice_id: str | None = None,
        *,
        limit: int = 100,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[DeliveryAttempt]:
        """Return each attempt to hand a notice (or any) to a channel, newest first; they are kept for 90 days."""
        with self._context.store.read(self._reading()) as tx:
            return tx.approvals.attempts(notice_id, limit, after=after, before=before)

    def channels(self) -> Sequence[Channel]:
        """Return the ways by which the written namespace's notices leave."""
        with self._context.store.read(self._written()) as tx:
            return tx.approvals.channels()

    def add_channel(
        self,
        name: str,
        kind: ChannelKind | str,
        settings: Mapping[str, Any],
        *,
        kinds: Sequence[NoticeKind | str] = (),
        proof: Proof | None = None,
    ) -> Channel:
        """Let the namespace's notices leave by a command, a webhook, Slack or e-mail; one of that name is replaced.

        Takes the proof of somebody who may approve, once anybody may: a command channel is a program that runs wherever
        notices are delivered. One by which people `approve` takes that of an admin, who says who they are.
        Raises InvalidInput, ApprovalUnproven.
        """
        from brainops.procedures.consent.channels import checked_settings

        if kind not in set(ChannelKind):
            raise InvalidInput(f"a channel is one of {', '.join(ChannelKind)}, not {kind!r:.40}")
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_CHANNEL_NAME_CHARACTERS or name == READ:
            raise InvalidInput(
                f"a channel's name is text of at most {MAX_CHANNEL_NAME_CHARACTERS} characters, but not {READ!r}"
            )
        if unknown := sorted(set(kinds) - set(NoticeKind)):
            raise InvalidInput(f"no such notices: {', '.join(unknown)}; there are {', '.join(NoticeKind)}")
        checked = checked_settings(ChannelKind(kind), settings, self._context.redaction)
        channel_id = new_id()
        row = {
            "id": channel_id,
            "name": self._context.text(name),
            "kind": ChannelKind(kind).value,
            "settings": json.dumps(checked, ensure_ascii=True),
            "kinds": json.dumps([NoticeKind(each).value for each in kinds]),
            "created_at": self._context.store.now(),
        }
        act = acts.CHANNEL_PUT_APPROVING if checked.get("approve") else acts.CHANNEL_PUT
        with self._context.store.writing(act, self._context.actor, proof) as tx:
            tx.approvals.put_channel({**row, **actor_columns(tx.actor, "created_by")})
            [stored] = [each for each in tx.approvals.channels() if each.id == channel_id]
            if len(tx.approvals.channels()) > MAX_CHANNELS:
                raise InvalidInput(f"a namespace has at most {MAX_CHANNELS} channels; remove one first")
            tx.trail.append(channel_id, stored.created_at, name=stored.name, digest=digest(stored))
        return stored

    def remove_channel(self, name: str, *, proof: Proof | None = None) -> None:
        """Remove a channel; raise NotFound, ApprovalUnproven."""
        with self._context.store.writing(acts.CHANNEL_REMOVE, self._context.actor, proof) as tx:
            if not tx.approvals.remove_channel(name):
                raise NotFound(f"there is no channel {name!r:.80}; brainops notices channel list shows what there is")
            tx.trail.append(name, self._context.store.now())

    def try_channel(self, name: str) -> str | None:
        """Send a notice for trial by one channel, and return what went wrong; raise NotFound."""
        from brainops.procedures.consent.channels import send

        found = [channel for channel in self._trusted() if channel.name == name]
        if not found:
            raise NotFound(f"there is no channel {name!r:.80} that an approver set up")
        trial = Notice(
            id=new_id(),
            namespace=self._context.store.scope.write,
            kind=NoticeKind.GUARD_ALARM,
            subject="a trial of this channel; nothing happened",
            created_at=self._context.store.now(),
        )
        return send(found[0], self._document(trial, self._written()), self._context.redaction)[1]

    def clicked(self, proof: SlackProof) -> tuple[Channel, Click]:
        """Return what a person pressed in Slack, and the channel by whose secret that is signed.

        Raises ApprovalUnproven, InvalidInput.
        """
        from brainops.procedures.consent.channels import resolved
        from brainops.procedures.consent.slack import click_of, require_signed

        click = click_of(proof.body)
        for channel in self._trusted():
            if channel.name == click.channel and channel.kind is ChannelKind.SLACK and channel.settings.get("approve"):
                secret = resolved(str(channel.settings["secret"]))
                require_signed(secret, proof, self._context.store.now() / SECOND_MICROS)
                return channel, click
        raise ApprovalUnproven("nobody approves by that channel here: brainops notices channel shows what there is")

    def _deliver(self, scope: Scope, notice: Notice, channels: Sequence[Channel], now: Micros) -> bool | None:
        """Return whether every channel took it, or None where somebody else has it in hand."""
        from brainops.procedures.consent.channels import send

        lease_until = LEASE.until(now)
        with self._context.store.writing(acts.DELIVER, self._context.actor, scope=scope) as tx:
            if not tx.approvals.claim_notice(notice, lease_until, now):
                return None
        document, taken, problems = self._document(notice, scope), list(notice.delivered_to), []
        attempts: list[tuple[str, float, str | None]] = []
        for channel in channels:
            if channel.name in taken or (channel.kinds and notice.kind.value not in channel.kinds):
                continue
            began = time.monotonic()
            was_taken, problem = send(channel, document, self._context.redaction)
            attempts.append((channel.name, round(time.monotonic() - began, 3), problem))
            if was_taken:
                taken.append(channel.name)
            else:
                problems.append(f"{channel.name}: {problem}")
        with self._context.store.writing(acts.DELIVER, self._context.actor, scope=scope) as tx:
            for name, seconds, problem in attempts:
                attempt = DeliveryAttempt(
                    id=new_id(),
                    namespace=scope.write,
                    notice_id=notice.id,
                    channel=name,
                    at=self._context.store.now(),
                    seconds=seconds,
                    problem=problem,
                )
                tx.approvals.add_attempt(attempt, now - KEPT_DAYS * DAY_MICROS)
            if not problems:
                return tx.approvals.notice_delivered(notice.id, taken, self._context.store.now())
            wait = min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(notice.attempts, 20))
            tx.approvals.notice_failed(
                notice.id,
                taken,
                "; ".join(problems),
                next_attempt_at=now + wait * SECOND_MICROS,
                lease_until=lease_until,
            )
        return False

    def _document(self, notice: Notice, scope: Scope) -> dict[str, JSON]:
        """Return what leaves; with the trail's end, so that whoever keeps it can tell if the trail is rewritten."""
        with self._context.store.read(scope) as tx:
            sequence, line_hash = tx.trail.end()
        return {
            "id": notice.id,
            "namespace": notice.namespace,
            "kind": notice.kind.value,
            "subject": notice.subject,
            "text": sentence(notice),
            "body": dict(notice.body),
            "created_at": notice.created_at,
            "trail": {"sequence": sequence, "hash": line_hash},
        }

    def _trusted(self) -> Sequence[Channel]:
        """Return the channels that the audit trail knows as they stand: a row put there by hand sends nothing."""
        with self._context.store.read(self._written()) as tx:
            return [each for each in tx.approvals.channels() if known_channel(tx.trail.of(each.id), each)]

    def _written(self) -> Scope:
        return Scope.of(self._context.store.scope.write)

    def _reading(self) -> Scope:
        scope = self._context.store.scope
        return Scope.of(scope.write, [*scope.read, STORE_NAMESPACE])

    def _scopes(self) -> tuple[Scope, Scope]:
        return self._written(), Scope.of(STORE_NAMESPACE)


def digest(channel: Channel) -> str:
    """Return the SHA-256 of what a channel does."""
    does = [channel.name, channel.kind.value, dict(channel.settings), list(channel.kinds)]
    import hashlib

    return hashlib.sha256(json.dumps(does, sort_keys=True).encode()).hexdigest()


def known_channel(lines: Sequence[AuditEntry], channel: Channel) -> bool:
    """Say whether the audit trail knows a channel as it stands."""
    return any(line.act == "channel-put" and line.detail.get("digest") == digest(channel) for line in lines)


_SENTENCES = {
    NoticeKind.APPROVAL_ASKED: "To be approved: {what}. {requested_by} asks, in its own words: {question}",
    NoticeKind.APPROVAL_ESCALATED: "Still to be approved: {what}. {requested_by} asks, in its own words: {question}",
    NoticeKind.APPROVAL_EXPIRED: "Nobody answered or used it in time: {what}",
    NoticeKind.APPROVAL_DECIDED: "{decided_by} has {state}: {what}",
    NoticeKind.APPROVER_CHANGED: "An approver was {what} by {by}: {subject}",
    NoticeKind.APPROVER_LOCKED: "Wrong proofs in a row, locked for a while: {subject}",
    NoticeKind.RUN_WAITING: "A run waits for somebody: {subject}",
    NoticeKind.RUN_FAILED: "A run failed: {subject}",
    NoticeKind.FIX_APPLIED: "A fix was applied: {subject}",
    NoticeKind.FIX_DEMOTED: "A fix was demoted: {subject}",
    NoticeKind.RULE_STEPPED_DOWN: "A rule stepped down: {subject}",
    NoticeKind.GUARD_BYPASSED: "The guard is bypassed: {subject}",
    NoticeKind.GUARD_ALARM: "The guard raises an alarm: {subject}",
    NoticeKind.AGENT_LEARNED: "Agents learnt: {subject}",
    NoticeKind.IMPROVEMENT_PLANNED: "An improvement stands as a plan, and applies itself unless vetoed: {subject}",
    NoticeKind.IMPROVEMENT_APPLIED: "An improvement was applied: {subject}",
    NoticeKind.IMPROVEMENT_ROLLED_BACK: "An improvement was taken back: {subject}",
}
_ENDINGS = {
    NoticeKind.APPROVAL_ASKED: " ({command})",
    NoticeKind.APPROVAL_ESCALATED: " ({command})",
    NoticeKind.IMPROVEMENT_PLANNED: " ({command})",
    NoticeKind.IMPROVEMENT_APPLIED: " ({command})",
}


class _Spoken(dict[str, object]):
    """What a sentence may name; what is not there is said so."""

    def __missing__(self, key: str) -> str:
        return "?"


def sentence(notice: Notice) -> str:
    """Return a notice as one line for people."""
    pattern = _SENTENCES.get(notice.kind, "{notice}: {subject}") + _ENDINGS.get(notice.kind, "")
    said = notice.kind.value.replace("_", " ").capitalize()
    body = {"what": notice.subject, **notice.body}
    if "question" in body:  # free text of whoever asks: in quotes, it passes for nothing else
        body["question"] = json.dumps(" ".join(str(body["question"]).split()), ensure_ascii=False)
    return " ".join(pattern.format_map(_Spoken(body, subject=notice.subject, notice=said)).split())
