"""How sure may guidance be? A raw match probability becomes the probability that following it is right. (pure)

Platt scaling on the logit: logit(confidence) = intercept + slope * logit(raw). The shipped start is the identity less a
discount for trust; `fit` moves it by the store's own followed outcomes, as the maximum a posteriori estimate under a
normal prior around the start (Gelman et al., "A weakly informative default prior", 2008, in spirit), so that a few
cases move it a little and hundreds move it fully.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from brainops.types import Trust

PRIOR_INTERCEPT_SD = 0.7  # about a factor two in the odds: what a new store may plausibly differ from the start
PRIOR_SLOPE_SD = 0.35
NEWTON_STEPS = 50
CONVERGED = 1e-9
EDGE = 1e-4  # no probability from data this small is nearer to 0 or 1 than this

TRUST_LOGIT = {Trust.VERIFIED: 0.0, Trust.AGENT: -0.4, Trust.EXTERNAL: -0.8}
"""What trust takes off the log-odds before any outcome is known: an agent's word has two thirds of the odds of a
verified one, outside text under a half. Stated beliefs, not measurements; the store's own outcomes replace them through
`fit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The two figures of the curve, and how many followed cases they rest on (0: the shipped start)."""

    intercept: float = 0.0
    slope: float = 1.0
    cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One recommendation that was followed: what it was given before calibration, and whether it was right."""

    raw: float
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar of a reliability diagram."""

    mean_confidence: float
    share_right: float
    cases: int


START = Calibration()


def raw_confidence(match_probability: float, trust: Trust) -> float:
    """Return the probability before the store's own outcomes are heard: the match, discounted by trust."""
    return sigmoid(logit(match_probability) + TRUST_LOGIT[trust])


def calibrated(raw: float, calibration: Calibration = START) -> float:
    """Return the calibrated probability of a raw one."""
    found = sigmoid(calibration.intercept + calibration.slope * logit(raw))
    return min(max(found, EDGE), 1.0 - EDGE)


def fit(cases: Iterable[Case], start: Calibration = START) -> Calibration:
    """Return the calibration that the cases and the start together make most probable.

    Newton's method on the log posterior of (intercept, slope); with no cases it returns the start. A slope below zero,
    which would turn every ranking upside down, is never returned.
    """
    seen = [(logit(case.raw), 1.0 if case.right else 0.0) for case in cases]
    intercept, slope = start.intercept, start.slope
    for _ in range(NEWTON_STEPS if seen else 0):
        step_a, step_b = _newton_step(seen, intercept, slope, start)
        intercept, slope = intercept - step_a, slope - step_b
        if abs(step_a) + abs(step_b) < CONVERGED:
            break
    return Calibration(intercept=intercept, slope=max(slope, 0.0), cases=len(seen))


def _newton_step(
    seen: Sequence[tuple[float, float]], intercept: float, slope: float, start: Calibration
) -> tuple[float, float]:
    weight_a, weight_b = PRIOR_INTERCEPT_SD**-2, PRIOR_SLOPE_SD**-2
    gradient_a, gradient_b = weight_a * (intercept - start.intercept), weight_b * (slope - start.slope)
    aa, ab, bb = weight_a, 0.0, weight_b
    for x, right in seen:
        p = sigmoid(intercept + slope * x)
        gradient_a += p - right
        gradient_b += (p - right) * x
        curvature = p * (1.0 - p)
        aa, ab, bb = aa + curvature, ab + curvature * x, bb + curvature * x * x
    determinant = aa * bb - ab * ab
    return (bb * gradient_a - ab * gradient_b) / determinant, (aa * gradient_b - ab * gradient_a) / determinant


def failure_probability(finished: int, failed: int, finished_here: int, failed_here: int) -> float | None:
    """Return the probability that an operation fails: this target's record, shrunk towards the name's, then to a half.

    A beta-binomial mean twice over: the name's rate under Beta(1, 1), the target's under a prior worth
    TARGET_PRIOR_CASES cases at the name's rate. None where nothing of that name ever finished.
    """
    if finished == 0:
        return None
    by_name = (failed + 1.0) / (finished + 2.0)
    return (failed_here + TARGET_PRIOR_CASES * by_name) / (finished_here + TARGET_PRIOR_CASES)


TARGET_PRIOR_CASES = 4.0  # a target's own record outweighs the name's from the fifth case on


def reliability(pairs: Iterable[tuple[float, bool]], bins: int = 10) -> tuple[list[Bin], float]:
    """Return the bars of a reliability diagram over equal widths, and the expected calibration error."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        groups[min(int(confidence * bins), bins - 1)].append((confidence, right))
    total = sum(map(len, groups))
    found = [
        Bin(
            mean_confidence=sum(c for c, _ in group) / len(group),
            share_right=sum(right for _, right in group) / len(group),
            cases=len(group),
        )
        for group in groups
        if group
    ]
    error = sum(abs(bar.mean_confidence - bar.share_right) * bar.cases for bar in found) / total if total else 0.0
    return found, error


def logit(p: float) -> float:
    """Return the log-odds of a probability."""
    p = min(max(p, EDGE), 1.0 - EDGE)
    return math.log(p / (1.0 - p))


def sigmoid(x: float) -> float:
    """Return the probability of log-odds."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))
