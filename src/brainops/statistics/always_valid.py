"""Is what is tried better than what it would replace, however often one looks? (pure)

Each unit of work is assigned at random, by a known share, to the challenger or to what it would replace. The test bets
on the assignment, given the outcome: a unit that went well multiplies the evidence by how much more probable it is that
it was the challenger's, were the challenger better, than its share. Where it is no better, such a product is a
non-negative supermartingale that begins at 1, whatever the outcomes are: so it exceeds 10 at most one time in ten over
any number of looks (Ville 1939). Outcomes may come in batches, drift or depend on each other; only the assignment has
to be random. The bets are those of the safe test of two proportions (Turner, Ly and Grünwald, "Generic e-variables for
exact sequential k-sample tests that allow for optional stopping", 2024), mixed over a grid of rates (Robbins 1970).

The evidence is a function of four counts. `probability_better` is one less the p-value that is valid at any time: 0
where nothing is known, above 0.90 where the evidence exceeds 10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from brainops.types import JSON

LINE = 0.90
"""Above this an improvement applies itself, as the founding document has it."""

RATES = tuple(1 / (1 + math.exp(-logit / 2)) for logit in range(-10, 11))
"""The rates that are mixed over: 0.7 % to 99.3 %, evenly in log odds, so that few failures in a hundred count too."""


class Counts(Struct, frozen=True, kw_only=True):
    """How often something went well, and how often it did not."""

    well: int = 0
    badly: int = 0

    @property
    def total(self) -> int:
        """How many were counted."""
        return self.well + self.badly

    @property
    def rate(self) -> float | None:
        """The share that went well; None where nothing was counted."""
        return self.well / self.total if self.total else None


class EValues(Struct, frozen=True, kw_only=True):
    """How strongly counts say that the challenger is better, and that it is worse: 1 is nothing, above 10 decides."""

    better: float = 1.0
    worse: float = 1.0


class Measured(Struct, frozen=True, kw_only=True):
    """What the record says of an improvement: how strongly, from how many outcomes, with figures for people.

    `counted` are the verified or observed outcomes since the trial (or, once applied, since then) began. `worse` is a
    reason that needs no test why it is back as it was, such as a demotion; `undone` is that somebody else changed it.
    """

    evidence: EValues = EValues()
    counted: int = 0
    figures: Mapping[str, JSON] = {}
    worse: str = ""
    undone: str = ""

    @property
    def gone(self) -> bool:
        """Whether it holds no longer, so that nothing is left to put back."""
        return bool(self.worse or self.undone)

    @property
    def better(self) -> bool:
        """Whether it is surely better."""
        return is_sure(self.evidence.better)

    @property
    def ruled_out(self) -> str:
        """Why it is surely worse; empty where it is not."""
        if self.worse:
            return self.worse
        sure = probability(self.evidence.worse)
        return f"it is worse with probability {sure:.2f} after {self.counted}" if is_sure(self.evidence.worse) else ""

    @property
    def probability(self) -> float:
        """How sure it is that it is better: valid however often one looks, 0 where nothing is known."""
        return round(probability(self.evidence.better), 4)


def compare(champion: Counts, challenger: Counts, *, share: float) -> EValues:
    """Return the evidence of two counts, where each unit was the challenger's with probability `share`."""
    return EValues(
        better=_mixture(champion, challenger, share),
        worse=_mixture(challenger, champion, 1 - share),
    )


def beyond(counts: Counts, rate: float) -> EValues:
    """Return the evidence that a thing goes well oftener than `rate` (`worse`: less often), from its own record.

    The mixture of the binomial likelihood ratio over the rates above (below) it, which holds for outcomes that depend
    on each other as long as none goes well with a greater chance than `rate`, given those before it.
    """
    above = [each for each in RATES if each > rate]
    below = [each for each in RATES if each < rate]
    return EValues(better=_likelihood(counts, above, rate), worse=_likelihood(counts, below, rate))


def both(first: EValues, second: EValues) -> EValues:
    """Return the evidence of two measures of the same units; it holds like that of one (a mean of e-values is one)."""
    return EValues(better=(first.better + second.better) / 2, worse=(first.worse + second.worse) / 2)


def probability(evidence: float) -> float:
    """Return how sure evidence is: one less the p-value that is valid at any time, 0 where there is none."""
    return max(0.0, 1.0 - 1.0 / evidence) if evidence > 0 else 0.0


def is_sure(evidence: float) -> bool:
    """Say whether evidence is beyond the line: wrongly so at most one time in ten, however often one looks."""
    return probability(evidence) > LINE


def _mixture(usual: Counts, tried: Counts, share: float) -> float:
    """Return the mean, over pairs of rates of which the second is greater, of the likelihood ratio of assignments."""
    if not usual.total + tried.total:
        return 1.0
    logs = [
        tried.well * better[0] + tried.badly * better[1] + usual.well * worse[0] + usual.badly * worse[1]
        for worse, better in _bets(round(share, 6))
    ]
    return _mean_of_exponentials(logs)


@cache
def _bets(share: float) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """Return for each pair of rates the logarithms by which (well, badly) of the usual and of the tried multiply."""
    found = []
    for low in RATES:
        for high in (each for each in RATES if each > low):
            mixed = share * high + (1 - share) * low
            found.append(
                (
                    (math.log(low / mixed), math.log((1 - low) / (1 - mixed))),
                    (math.log(high / mixed), math.log((1 - high) / (1 - mixed))),
                )
            )
    return tuple(found)


def _likelihood(counts: Counts, rates: list[float], null: float) -> float:
    if not counts.total or not rates:
        return 1.0
    return _mean_of_exponentials(
        [counts.well * math.log(rate / null) + counts.badly * math.log((1 - rate) / (1 - null)) for rate in rates]
    )


def _mean_of_exponentials(logs: list[float]) -> float:
    highest = max(logs)
    total = sum(math.exp(each - highest) for each in logs) / len(logs)
    return math.exp(min(700.0, highest + math.log(total)))  # a float ends at e^709
