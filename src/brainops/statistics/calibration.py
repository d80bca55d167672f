"""How probable is what was said to be so probable? (pure)

Platt scaling on the logit: logit(calibrated) = intercept + slope * logit(raw), the start being the identity; `fit`
moves it by what came true, as the maximum a posteriori estimate under a normal prior around the start (Gelman et al.,
"A weakly informative default prior", 2008, in spirit), so that a few cases move it a little and hundreds fully.

`calibrated_by_record` fits no curve: it reads a probability against the most similar of those said before, each of
which was said before its answer was known (prequentially: Dawid 1984).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

PRIOR_INTERCEPT_SD = 0.7  # about a factor two in the odds: what a new store may plausibly differ from the start
PRIOR_SLOPE_SD = 0.35
NEWTON_STEPS = 50
CONVERGED = 1e-9
NEAR_ENOUGH = 1e-6  # for a fit on phrases, whose weights are told with two digits
EDGE = 1e-4  # no probability from data this small is nearer to 0 or 1 than this

NEAR = 40  # earlier sayings that one is read against: enough for a share, few enough to be about this level
RECENT = 400  # the learner of long ago knew less than that of today
RECORD_PRIOR_CASES = 6.0  # what the learner's own probability counts beside its record
RECORD_EDGE = 0.005  # no probability from so few cases is nearer to 0 or 1


class Calibration(Struct, frozen=True, kw_only=True):
    """The two figures of the curve, and how many cases they rest on (0: the start)."""

    intercept: float = 0.0
    slope: float = 1.0
    cases: int = 0


class Case(Struct, frozen=True, kw_only=True):
    """What was said before calibration, and whether it was right."""

    raw: float
    right: bool


class Bin(Struct, frozen=True, kw_only=True):
    """One bar of a reliability diagram."""

    mean_confidence: float
    share_right: float
    cases: int


START = Calibration()


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


def fit_logistic(
    figures: NDArray[numpy.float64],
    right: NDArray[numpy.bool_],
    weight: NDArray[numpy.float64],
    start: Sequence[float],
    prior_sd: float,
) -> list[float]:
    """Return the weights of the figures (a row a case) in the log-odds of being right, by Newton's method.

    The maximum a posteriori estimate of a weighted logistic regression under a normal prior around the start.
    """
    import numpy

    origin = numpy.array(start)
    at, prior = origin.copy(), numpy.eye(len(origin)) / prior_sd**2
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + numpy.exp(-(figures @ at).clip(-30.0, 30.0)))
        slope = figures.T @ (weight * (p - right)) + prior @ (at - origin)
        bend = (figures * (weight * p * (1.0 - p))[:, None]).T @ figures + prior
        step = numpy.linalg.solve(bend, slope)
        at = at - step
        if abs(step).max() < NEAR_ENOUGH:
            break
    return [float(each) for each in at]


def calibrated_by_record(raw: float, record: Sequence[tuple[float, bool]]) -> float:
    """Return the probability that a decision of this raw probability is right, by the record (oldest first)."""
    near = sorted(record[-RECENT:], key=lambda said: abs(said[0] - raw))[:NEAR]
    right = sum(was_right for _, was_right in near)
    # Those near speak of this level only as far as they are of it: they are moved by what they differ in.
    believed = sum(said for said, _ in near)
    moved = right + raw * len(near) - believed
    found = (RECORD_PRIOR_CASES * raw + moved) / (RECORD_PRIOR_CASES + len(near))
    return min(max(found, RECORD_EDGE), 1.0 - RECORD_EDGE)


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
