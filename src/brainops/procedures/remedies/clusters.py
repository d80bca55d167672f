"""What does new evidence say of causes: which errors does a remedy join, and which does it part?

These run inside the transaction that keeps the evidence. An error that is new is compared once with those that it
resembles, and what they may have in common is proposed; a remedy that helps against both joins them, and remedies that
tell them apart part them again, unless the place explains it. A person's word stands above both.
"""

from __future__ import annotations

from collections.abc import Mapping

from brainops.procedures.remedies.causes import PARTED_AT, in_common, members, same, standing
from brainops.procedures.remedies.trials import base_rate, trials_of
from brainops.store import Transaction, acts
from brainops.store.acts import Act
from brainops.store.ids import new_id
from brainops.types import Actor, ActorKind, CauseChange, CauseStanding, RemedyEffect, RemedyEvidence

BY_ITSELF = Actor(kind=ActorKind.SERVICE, id="brainops", proof="itself")


def propose(tx: Transaction, made: RemedyEvidence, alike: Mapping[str, float]) -> None:
    """Say of a new error which others with evidence it may have a cause with."""
    for digest in sorted(tx.evidence.known([each for each in alike if each != made.fingerprint])):
        why = f"their texts are {alike[digest]:.0%} alike"
        _say(tx, made, digest, CauseStanding.PROPOSED, why)


def settle(tx: Transaction, made: RemedyEvidence) -> None:
    """Join the error with those that it may have a cause with, or part it from those that it was joined with."""
    changes = tx.evidence.changes([made.fingerprint])
    said = {
        next(iter(pair - {made.fingerprint})): each
        for pair, each in standing(changes).items()
        if made.fingerprint in pair and len(pair) == 2
    }
    looked_at = {
        other: each
        for other, each in said.items()
        if each.standing is not CauseStanding.PARTED and each.actor.kind is not ActorKind.PERSON
    }
    if not looked_at:
        return
    base = base_rate(*tx.evidence.first_tries())
    mine = trials_of(tx.evidence.of([made.fingerprint]))
    for other, each in looked_at.items():
        if each.standing is CauseStanding.PROPOSED:
            theirs = trials_of(tx.evidence.of(members([other], tx.evidence.changes([other]))))
            remedy = in_common(mine, theirs)
            if remedy is not None and same(mine, theirs, base) > 0:
                _say(tx, made, other, CauseStanding.JOINED, f"{remedy} helped against both, and nothing contradicts it")
        elif made.effect is not RemedyEffect.HELPED:
            theirs = trials_of(tx.evidence.of([other]))
            if same(mine, theirs, base) < -PARTED_AT:
                why = f"{made.remedy} tells them apart: it does not help against this one"
                _say(tx, made, other, CauseStanding.PARTED, why)


def _say(tx: Transaction, made: RemedyEvidence, other: str, standing: CauseStanding, why: str) -> None:
    change = CauseChange(
        id=new_id(),
        namespace=tx.scope.write,
        fingerprint=made.fingerprint,
        other=other,
        standing=standing,
        why=why,
        at=made.judged_at + (standing is not CauseStanding.PROPOSED),  # what is proposed at the same time came before
        actor=BY_ITSELF,
    )
    tx.evidence.add_change(change)
    act: Act | None = {
        CauseStanding.JOINED: acts.ITSELF_JOINED,
        CauseStanding.PARTED: acts.ITSELF_PARTED,
    }.get(standing)
    if act is not None:
        tx.also(act, BY_ITSELF).append(change.id, change.at, fingerprint=change.fingerprint, other=other, why=why)
