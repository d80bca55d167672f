"""What does evidence count as trials of a remedy in a place? (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brainops.statistics.contexts import BinaryTrial, attributes
from brainops.store.evidence import place_of
from brainops.types import Evidence, RemedyEffect, RemedyEvidence

CLAIMED = 0.5
"""What a success counts that somebody only claims: whoever claims it may well be right, and nobody looked."""

STARTING_CASES = 10.0
STARTING_RATE = 0.3
"""Of remedies that are tried against an error for the first time, as is thought before the record says more."""


def trials_of(evidence: Iterable[RemedyEvidence]) -> list[BinaryTrial]:
    """Return evidence as trials."""
    return [
        BinaryTrial(
            of=each.remedy,
            worked=each.effect is RemedyEffect.HELPED,
            at=each.at,
            where=here(each.target, each.context),
            weight=CLAIMED if each.basis is Evidence.CLAIMED and each.effect is RemedyEffect.HELPED else 1.0,
        )
        for each in evidence
    ]


def here(target: str | None, context: Mapping[str, Any]) -> dict[str, str]:
    """Return where something is, as what can tell places apart."""
    plain: dict[str, Any] = place_of(context)
    return attributes({**plain, **({"target": target} if target else {})})


def base_rate(tried: int, helped: int) -> float:
    """Return how probably a remedy helps of which nothing is known: what those did that were tried for the first time.

    An agent does no worse by what comes to its own mind, so nothing is named that is less probable.
    """
    return (helped + STARTING_CASES * STARTING_RATE) / (tried + STARTING_CASES)
