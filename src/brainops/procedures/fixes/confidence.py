"""How sure is it that a fix helps here? The lower credible bound of its success in this place, under a prior. (pure)

What was seen or checked of a remedy in the place is a binomial sample. The prior is a beta distribution: the uniform
one of ignorance in a store where no other remedy has a record, and POOL_WEIGHT cases' worth of how the remedies of
other causes have done as their record grows (empirical Bayes; Gelman et al., Bayesian Data Analysis, chapter 5). The
confidence is the 10 % quantile of the posterior: the true rate lies above it with probability 0.9. Similarity of texts
plays no part.
"""

from __future__ import annotations

from brainops.statistics.proportions import beta_quantile
from brainops.types import FixConfidence

LEVEL = 0.90
"""Of the bound, one-sided: in nine of ten cases the fix is better than what is said of it."""

AUTO_LINE = 0.90
"""Above this a fix may be applied by itself, as the founding document has it."""

MINIMUM_VERIFIED = 5
"""A fix is applied by itself only after so many successes in the place itself, however well others have done."""

POOL_WEIGHT = 8.0
"""What the remedies of other causes count, in cases, once their record is long; at half that record, half of it."""

SHARED_DISCOUNT = 0.25
"""What a case of another instance counts: its checks, targets and versions are not these."""

SHARED_WEIGHT = 4.0
"""What all of them count at most, in cases: half of what similar fixes of this store may, for nobody here saw it."""

IGNORANCE = 1.0
"""Of each kind: the uniform prior of Bayes and Laplace, for the first fix of a store."""


def confidence(
    verified: int,
    contradicted: int,
    *,
    pooled_verified: int = 0,
    pooled_contradicted: int = 0,
    shared: tuple[int, int] = (0, 0),
    unseen: str | None = None,
) -> FixConfidence:
    """Return how sure a fix is in a place, from its own counts there and those of other remedies against other errors.

    `shared` are the successes and contradictions of this fix in the instance that it came from; `unseen` is what of
    the place it never succeeded with.
    """
    others = pooled_verified + pooled_contradicted
    known = others / (others + POOL_WEIGHT)
    rate = (pooled_verified + IGNORANCE / 2) / (others + IGNORANCE)
    elsewhere = sum(shared) * SHARED_DISCOUNT
    brought = SHARED_DISCOUNT * min(1.0, SHARED_WEIGHT / elsewhere) if elsewhere else 0.0
    ignorance, weight = IGNORANCE * (1 - known), POOL_WEIGHT * known
    successes = ignorance + weight * rate + shared[0] * brought
    failures = ignorance + weight * (1 - rate) + shared[1] * brought
    value = beta_quantile(1 - LEVEL, successes + verified, failures + contradicted)
    return FixConfidence(
        value=round(value, 4),
        mean=round((successes + verified) / (successes + failures + verified + contradicted), 4),
        verified=verified,
        contradicted=contradicted,
        pooled=round(weight + sum(shared) * brought, 2),
        enough=verified >= MINIMUM_VERIFIED,
        unseen=unseen,
    )


def may_apply(given: FixConfidence) -> bool:
    """Say whether a fix has proved itself enough to be applied without anybody being asked."""
    return given.enough and given.value > AUTO_LINE and given.unseen is None


def sentence(given: FixConfidence) -> str:
    """Return a confidence with its counts, as people read it."""
    tried = given.verified + given.contradicted
    if not tried:
        return f"confidence {given.value:.2f}: never verified yet"
    told = f"confidence {given.value:.2f}: helped {given.verified} of {tried} verified times"
    if may_apply(given):
        return told
    if given.unseen is not None:
        return f"{told}, never with {given.unseen}; nothing is applied by itself where it has not helped before"
    return f"{told}; {MINIMUM_VERIFIED} are needed, and more than {AUTO_LINE:.2f}, before it is applied by itself"
