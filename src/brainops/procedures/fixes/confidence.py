"""How sure is it that a fix helps? The lower credible bound of its verified success, under a pooled prior. (pure)

Verified successes and contradictions are a binomial sample. The prior is a beta distribution: one success and one
failure of ignorance, and up to POOL_WEIGHT cases' worth of how similar fixes have done (empirical Bayes; Gelman et al.,
Bayesian Data Analysis, chapter 5). The confidence is the 10 % quantile of the posterior: the true rate lies above it
with probability 0.9. Similarity of texts plays no part.
"""

from __future__ import annotations

from brainops.statistics.proportions import beta_quantile
from brainops.types import FixConfidence

LEVEL = 0.90
"""Of the bound, one-sided: in nine of ten cases the fix is better than what is said of it."""

AUTO_LINE = 0.90
"""Above this a fix may be applied by itself, as the founding document has it."""

MINIMUM_VERIFIED = 10
"""A fix is applied by itself only after so many verified successes of its own, however well others have done. Sentry
asks for ten events before it automates; with fewer, one lucky week would decide."""

POOL_WEIGHT = 8.0
"""What similar fixes may count at most, in cases: below MINIMUM_VERIFIED, so that its own record always weighs more."""

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
) -> FixConfidence:
    """Return how sure a fix is, from its own counts and those of similar fixes (its own not among them).

    `shared` are the successes and contradictions of this fix in the instance that it came from.
    """
    others = pooled_verified + pooled_contradicted
    scale = min(1.0, POOL_WEIGHT / others) if others else 0.0
    elsewhere = sum(shared) * SHARED_DISCOUNT
    brought = SHARED_DISCOUNT * min(1.0, SHARED_WEIGHT / elsewhere) if elsewhere else 0.0
    successes = IGNORANCE + pooled_verified * scale + shared[0] * brought
    failures = IGNORANCE + pooled_contradicted * scale + shared[1] * brought
    value = beta_quantile(1 - LEVEL, successes + verified, failures + contradicted)
    return FixConfidence(
        value=round(value, 4),
        mean=round((successes + verified) / (successes + failures + verified + contradicted), 4),
        verified=verified,
        contradicted=contradicted,
        pooled=round(others * scale + sum(shared) * brought, 2),
        enough=verified >= MINIMUM_VERIFIED,
    )


def may_apply(given: FixConfidence) -> bool:
    """Say whether a fix has proved itself enough to be applied without anybody being asked."""
    return given.enough and given.value > AUTO_LINE


def sentence(given: FixConfidence) -> str:
    """Return a confidence with its counts, as people read it."""
    tried = given.verified + given.contradicted
    if not tried:
        return f"confidence {given.value:.2f}: never verified yet"
    told = f"confidence {given.value:.2f}: helped {given.verified} of {tried} verified times"
    if may_apply(given):
        return told
    return f"{told}; {MINIMUM_VERIFIED} are needed, and more than {AUTO_LINE:.2f}, before it is applied by itself"
