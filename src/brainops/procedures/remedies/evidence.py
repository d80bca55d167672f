"""What did remedies do, and what is worth trying next? Told, listed, judged, and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta

from brainops.errors import Conflict, NotFound
from brainops.memory.context import MemoryContext
from brainops.memory.filters import member
from brainops.memory.redaction.redact import redact_json
from brainops.memory.retrieve import nearest
from brainops.procedures.remedies.causes import cause_of, members
from brainops.procedures.remedies.clusters import propose
from brainops.procedures.remedies.identity import Identity, identify
from brainops.procedures.remedies.likeness import likeness
from brainops.procedures.remedies.next_try import Inquiry, Similar, next_tries
from brainops.procedures.remedies.outcomes import WORD, follow
from brainops.procedures.remedies.trials import base_rate, here, trials_of
from brainops.store import Transaction, acts
from brainops.store.evidence import place_of
from brainops.store.ids import new_id
from brainops.types import (
    JSON,
    ActorKind,
    ErrorEvent,
    Filter,
    MemoryType,
    NextTries,
    RemedyEffect,
    RemedyEvidence,
)
from brainops.types.limits import LISTED, MAX_NAME_CHARACTERS, Limit, Said
from brainops.types.times import HOUR_MICROS, MINUTE_MICROS
from brainops.wire import from_plain

INCIDENT_MICROS = HOUR_MICROS  # what was tried on a target less long ago belongs to the same incident
RATE_MICROS = 10 * MINUTE_MICROS  # how long the rate of the whole record is kept before it is counted anew
RESEMBLING = 5  # errors that are looked at for what helped against them
Seconds = Annotated[float, Meta(ge=0, le=366 * 86_400)]

_ELSEWHERE = {
    "application": "a fix was applied there: brainops fix contradict {} says that it did not help",
    "operation": "an operation showed it: brainops operations contradict {} says that it was no success",
    "feedback": "a verdict on a memory says so: brainops feedback --undo {} takes it back",
}
"""By which way evidence came that is not judged by itself, and how it is."""


class _Rate:
    """The rate of the whole record, as it was counted last."""

    def __init__(self) -> None:
        self.value = 0.0
        self.at = -RATE_MICROS


class RemedyRecord:
    """The evidence of a memory: what remedies did for which errors, where, and what that says of the next try."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context
        self._rate = context.here.of(_Rate)

    def record(
        self,
        error: str | ErrorEvent | BaseException,
        remedy: str,
        effect: RemedyEffect | str,
        *,
        target: str | None = None,
        context: Mapping[str, JSON] | None = None,
        seconds: float | None = None,
        operation_id: str | None = None,
        note: str = "",
        idempotency_key: str | None = None,
    ) -> RemedyEvidence:
        """Say what a remedy did against an error: "helped", "did_not_help" or "made_it_worse".

        `remedy` is the name of a procedure, or what it is called. `context` says where it was, in short plain values
        such as service, version and region. A person's word counts as verified, a service's (a monitor, a check) as
        observed, an agent's as claimed. A failure is evidence against the remedy and nothing else: no error memory. The
        same `idempotency_key` again is the same evidence. Raises InvalidInput.
        """
        what, now = identify(error), self._context.store.now()
        made = RemedyEvidence(
            id=new_id(),
            namespace=self._context.store.scope.write,
            fingerprint=what.digest,
            remedy=self._context.text(from_plain(Said, remedy, "a remedy"), MAX_NAME_CHARACTERS),
            effect=member(RemedyEffect, effect),
            basis=WORD[self._context.actor.kind],
            target=self._context.text(target) if target else None,
            context=self._place(context),
            operation_id=self._context.name(operation_id) if operation_id else None,
            seconds=None if seconds is None else from_plain(Seconds, seconds, "seconds"),
            note=self._context.text(note) if note.strip() else "",
            at=now,
            judged_at=now,
            actor=self._context.actor,
            idempotency_key=self._context.name(idempotency_key) if idempotency_key else None,
        )
        with self._context.store.read() as tx:
            new = not tx.evidence.known([made.fingerprint])
        alike = self._alike(what.text) if new else {}
        with self._context.store.writing(acts.EVIDENCE_RECORD, self._context.actor) as tx:
            if not tx.evidence.add(made):
                told = tx.evidence.of_key(made.idempotency_key or "")
                assert told is not None
                return told
            propose(tx, made, {digest: share for digest, (share, _) in alike.items()})
            follow(tx, made)
        return made

    def get(self, evidence_id: str) -> RemedyEvidence:
        """Return one piece of evidence; raise NotFound."""
        with self._context.store.read() as tx:
            return _known(tx, evidence_id)

    def list(
        self,
        error: str | ErrorEvent | BaseException | None = None,
        *,
        remedy: str | None = None,
        limit: int = LISTED,
    ) -> Sequence[RemedyEvidence]:
        """Return what remedies did, the newest first: for the cause of an error or for all, of one remedy or all."""
        limit = from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            cause = None if error is None else _cause(tx, identify(error))
            return tx.evidence.list(cause, remedy, limit)

    def contradict(self, evidence_id: str, reason: str) -> RemedyEvidence:
        """Say that what seemed to help did not: the error came back, or nobody had looked. Raises NotFound, Conflict.

        What an application of a fix has shown is contradicted with that application.
        """
        said, now = self._context.text(from_plain(Said, reason, "a reason")), self._context.store.now()
        with self._context.store.writing(acts.EVIDENCE_JUDGE, self._context.actor) as tx:
            found = _known(tx, evidence_id)
            if found.source in _ELSEWHERE:
                raise Conflict(_ELSEWHERE[found.source].format(found.id))
            actor = self._context.actor
            if actor.kind is ActorKind.AGENT and found.actor != actor:
                raise Conflict(f"an agent takes back what it said itself; of {found.id} a person or a program does")
            basis = WORD[actor.kind]
            if not tx.evidence.judge(found.id, RemedyEffect.DID_NOT_HELP, basis, said, now):
                raise Conflict(f"evidence {found.id} belongs to {found.namespace}, and is judged there")
            tx.trail.append(found.id, now, remedy=found.remedy, reason=said)
            judged = _known(tx, found.id)
            follow(tx, judged)
        return judged

    def next_tries(
        self,
        error: str | ErrorEvent | BaseException,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        tried: Sequence[str] = (),
    ) -> NextTries:
        """Return what is worth trying against an error here, the best first, as a few lines for whoever acts.

        What was tried on the target within the last hour, or is named by `tried`, is out. Nothing is named that is no
        more probable than what nobody thought of yet, so the text is empty where nothing is known. Writes nothing.
        """
        what, now = identify(error), self._context.store.now()
        with self._context.store.read() as tx:
            cause = _cause(tx, what)
            evidence = tx.evidence.of(cause)
            first = cause_of(what.digest, "", tx.evidence.changes([what.digest])).id
            base = self._base(tx, now)
        trials = trials_of(evidence)
        alike = {} if any(each.worked for each in trials) else self._alike(what.text)
        recent = [
            each
            for each in evidence
            if target is not None and each.target == target and each.at > now - INCIDENT_MICROS
        ]
        out = {each.remedy for each in recent if each.effect is not RemedyEffect.HELPED}
        known = Inquiry(
            fingerprint=what.digest,
            cause=first,
            trials=trials,
            similar=self._similar(alike, set(cause)),
            evidence=evidence,
            here=here(target, context or {}),
            base=base,
            tried=frozenset({*out, *from_plain(tuple[str, ...], tuple(tried), "tried")}),
            now=now,
        )
        return next_tries(known)

    def _base(self, tx: Transaction, now: int) -> float:
        """Return how probably a remedy helps of which nothing is known."""
        if not 0 <= now - self._rate.at < RATE_MICROS:
            self._rate.value, self._rate.at = base_rate(*tx.evidence.first_tries()), now
        return self._rate.value

    def _alike(self, text: str) -> dict[str, tuple[float, str]]:
        """Return the known errors that resemble a text: how probably each has its cause, and its title."""
        if not text:
            return {}
        found = nearest(self._context, text, Filter(types=(MemoryType.ERROR_PATTERN,)), limit=RESEMBLING)
        known = {each.fingerprint: each.title for each in found if each.fingerprint}
        alike = {digest: (likeness(text, title), title) for digest, title in known.items()}
        return {digest: each for digest, each in alike.items() if each[0]}

    def _similar(self, alike: Mapping[str, tuple[float, str]], own: set[str]) -> Sequence[Similar]:
        """Return what was tried against the errors that resemble this one, and have evidence of their own."""
        found = []
        with self._context.store.read() as tx:
            for digest, (share, title) in alike.items():
                cause = members([digest], tx.evidence.changes([digest]))
                if own.isdisjoint(cause) and (evidence := tx.evidence.of(cause)):
                    found.append(Similar(likeness=share, title=title, trials=trials_of(evidence)))
        return found

    def _place(self, context: Mapping[str, JSON] | None) -> dict[str, JSON]:
        given = from_plain(dict[str, Any], dict(context or {}), "context")
        kept = redact_json(place_of(given), self._context.redaction).value
        return kept if isinstance(kept, dict) else {}


def _cause(tx: Transaction, what: Identity) -> tuple[str, ...]:
    """Return every fingerprint under which evidence of an error may stand: its own, and those of its cause."""
    return members(what.digests, tx.evidence.changes(what.digests))


def _known(tx: Transaction, evidence_id: str) -> RemedyEvidence:
    found = tx.evidence.get(evidence_id)
    if found is None:
        raise NotFound(f"there is no evidence {str(evidence_id)[:80]!a} in the namespaces that you read")
    return found
