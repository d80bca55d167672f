"""Which of several labels do somebody's words mean, if any, and how sure is that? (pure)

Every phrase is an example of one label. Kernel ridge regression on the unit vectors of the phrases (kernel
exp(cosine - 1), by Nystroem's method above MAX_LANDMARKS phrases) gives each label a score; the best one is the
decision. How often such decisions are right is learned from the phrases themselves: each is decided as if it were not
there (leave-one-out, in closed form), and as if its whole label were not there, which is what words about something
else look like. A logistic curve over the score, its lead and the nearest phrase is fitted to both.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from brainops.memory.terms import words
from brainops.statistics.calibration import fit_logistic
from brainops.store.stem import stem

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Rows = NDArray[numpy.float32]
    Places = NDArray[numpy.intp]

# With 15,000 phrases, 2,048 landmarks decide as well as all of them would within a point, and fit in two seconds.
MAX_LANDMARKS = 2_048

# Chosen by leave-one-out on two sets of training phrases, where 0.01 to 0.1 differ by less than half a point.
RIDGE = 0.03
JITTER = 1e-4  # keeps the kernel of equal phrases invertible

# What the curve is fitted on: four figures need no more cases, and each costs a look at every phrase.
CALIBRATION_CASES = 2_000
HELD_OUT_PARTS = 5  # labels are taken out a fifth at a time

# Words about something else, as a share of what is asked. Those that the fit sees are the hardest there are, phrases of
# a label that was taken out and often lies near another; one such in fifty stands for about one in ten of all kinds.
NONE_SHARE = 0.02

TIE = 0.1  # a lead below this share of the score counts as partly a tie, which is right in half of the cases

HASHED_DIMENSIONS = 1_024  # of a phrase by its words alone; phrases are short, so few of their words collide


class IntentCurve(Struct, frozen=True, kw_only=True):
    """Hold the constants of the confidence in log-odds, and how many decisions moved them from the shipped start.

    `score` is the ridge's figure for the label (about 1: surely), `lead` what the next label lacks of it, `near` the
    cosine of the nearest phrase of the label.
    """

    intercept: float
    score: float
    lead: float
    near: float
    cases: int = 0


# Fitted on draws of 1 to 30 labels with 2 to 10 phrases each from two sets of training phrases, three in ten of what is
# asked being about another label: who has few procedures is asked about other things (bench/quality/fit_intents.py).
WITH_MEANING = IntentCurve(intercept=-5.9, score=6.3, lead=0.8, near=5.4)
WORDS_ONLY = IntentCurve(intercept=-3.1, score=4.4, lead=0.0, near=9.0)

# How far a set of phrases may move the curve, in standard deviations of a normal prior around the start.
PRIOR_SD = 0.7


class Intents(Struct, frozen=True, kw_only=True):
    """Phrases that were learned, in the order of their labels; made by `learn`, asked by `decide`."""

    labels: tuple[str, ...]
    phrases: Rows
    owners: Places
    landmarks: Rows
    weights: Rows
    curve: IntentCurve

    def decide(self, vector: Rows) -> tuple[str | None, float]:
        """Return the label that a unit vector means and the probability that this is right; (None, 0) of nothing."""
        import numpy

        if not self.labels or not numpy.any(vector):
            return None, 0.0
        # One row is not worth the threads that a product with `@` wakes up: einsum takes a tenth of a millisecond.
        near_landmarks = numpy.exp(numpy.einsum("ij,j->i", self.landmarks, vector) - 1.0)
        scores = numpy.einsum("i,ij->j", near_landmarks, self.weights)[None, :]
        best = int(scores[0].argmax())
        first, end = numpy.searchsorted(self.owners, [best, best + 1])
        near = (self.phrases[first:end] @ vector).max()
        figures = _figures(scores, numpy.array([best]), numpy.array([near]))
        odds = figures @ numpy.array([self.curve.intercept, self.curve.score, self.curve.lead, self.curve.near])
        lead = figures[:, 2] / numpy.maximum(figures[:, 1], 1e-6)
        untied = 0.5 + 0.5 * (lead / TIE).clip(0.0, 1.0)
        return self.labels[best], float((untied / (1.0 + numpy.exp(-odds.clip(-30.0, 30.0))))[0])


def learn(phrases: Rows, labels: Sequence[str], start: IntentCurve = WITH_MEANING) -> Intents:
    """Return what (phrases, labels) teach: a row of length 1 for each phrase (or of zeros: nothing is known of it)."""
    import numpy

    names = tuple(dict.fromkeys(labels))
    place = {name: number for number, name in enumerate(names)}
    owners = numpy.array([place[label] for label in labels], numpy.intp)
    order = numpy.argsort(owners, kind="stable")
    phrases, owners = numpy.ascontiguousarray(phrases[order], numpy.float32), owners[order]
    if not names:
        return Intents(labels=(), phrases=phrases, owners=owners, landmarks=phrases, weights=phrases, curve=start)
    fitted = _Ridge.of(phrases, owners, len(names))
    curve = _calibrated(fitted, phrases, owners, start)
    return Intents(
        labels=names,
        phrases=phrases,
        owners=owners,
        landmarks=fitted.landmarks,
        weights=fitted.root @ fitted.solution,
        curve=curve,
    )


class _Ridge(Struct, frozen=True, kw_only=True):
    """The regression: features and targets of each phrase, the products of the features, and the solution."""

    landmarks: Rows
    root: Rows
    features: Rows
    targets: Rows
    gram: NDArray[numpy.float64]
    inverse: Rows
    solution: Rows

    @classmethod
    def of(cls, phrases: Rows, owners: Places, count: int) -> _Ridge:
        import numpy

        # The phrases stand by label, so that evenly spaced ones hold some of each.
        chosen = numpy.linspace(0, len(phrases) - 1, min(len(phrases), MAX_LANDMARKS)).astype(int)
        landmarks = phrases[chosen]
        within = _kernel(landmarks, landmarks).astype(numpy.float64) + JITTER * numpy.eye(len(landmarks))
        root = numpy.linalg.inv(numpy.linalg.cholesky(within)).T.astype(numpy.float32)
        features = _kernel(phrases, landmarks) @ root
        targets = numpy.zeros((len(phrases), count), numpy.float32)
        targets[numpy.arange(len(phrases)), owners] = 1.0
        gram = (features.T @ features).astype(numpy.float64)
        inverse = _inverse(gram)
        solution = (inverse @ (features.T @ targets)).astype(numpy.float32)
        return cls(
            landmarks=landmarks,
            root=root,
            features=features,
            targets=targets,
            gram=gram,
            inverse=inverse,
            solution=solution,
        )

    def without_each(self, rows: Places) -> Rows:
        """Return the scores of some phrases as if each of them had not been learned (leave-one-out, exact)."""
        import numpy

        mine = self.features[rows]
        leverage = numpy.einsum("ij,ij->i", mine @ self.inverse, mine)[:, None].clip(0.0, 1.0 - 1e-4)
        fitted = mine @ self.solution
        scores: Rows = (fitted - leverage * self.targets[rows]) / (1.0 - leverage)
        return scores

    def without_labels(self, gone: NDArray[numpy.bool_], rows: Places) -> Rows:
        """Return the scores of some phrases as if these phrases (all of some labels) had not been learned."""
        import numpy

        out = self.features[gone]
        kept = self.features[~gone].T @ self.targets[~gone]
        scores: Rows = self.features[rows] @ (_inverse(self.gram - (out.T @ out).astype(numpy.float64)) @ kept)
        return scores


class PhraseVectors(Struct, frozen=True, kw_only=True):
    """Turn phrases into unit vectors by their words alone: stems and pairs of them, the rare ones heavier, hashed."""

    frequencies: Mapping[str, int]
    total: int

    @classmethod
    def of(cls, phrases: Iterable[str]) -> PhraseVectors:
        """Count in how many phrases each stem and pair stands."""
        spoken = [set(_said(phrase)) for phrase in phrases]
        return cls(frequencies=Counter(word for each in spoken for word in each), total=len(spoken))

    def vectors(self, phrases: Sequence[str]) -> Rows:
        """Return a row a phrase; one without any words is a row of zeros."""
        import numpy

        rows = numpy.zeros((len(phrases), HASHED_DIMENSIONS), numpy.float32)
        for row, phrase in zip(rows, phrases, strict=True):
            for word in dict.fromkeys(_said(phrase)):
                digest = zlib.crc32(word.encode("utf-8", "replace"))
                weight = math.log1p(self.total / (self.frequencies.get(word, 0) + 1.0))
                row[digest % HASHED_DIMENSIONS] += weight if digest >> 31 else -weight
        length = numpy.linalg.norm(rows, axis=1, keepdims=True)
        rows /= numpy.where(length > 0.0, length, 1.0)
        return rows


def _said(phrase: str) -> list[str]:
    stems = [stem(word) for word in words(phrase)]
    return [*stems, *(f"{one} {other}" for one, other in pairwise(stems))]


def _kernel(some: Rows, others: Rows) -> Rows:
    import numpy

    found: Rows = numpy.exp(some @ others.T - 1.0)
    return found


def _inverse(gram: NDArray[numpy.float64]) -> Rows:
    import numpy

    found: Rows = numpy.linalg.inv(gram + RIDGE * numpy.eye(len(gram))).astype(numpy.float32)
    return found


def _calibrated(fitted: _Ridge, phrases: Rows, owners: Places, start: IntentCurve) -> IntentCurve:
    """Return the curve that the start and the decisions about the phrases themselves make most probable."""
    import numpy

    size = numpy.bincount(owners)
    rows = _spread(numpy.flatnonzero(size[owners] > 1))
    if not len(rows):
        return start
    scores = fitted.without_each(rows)
    best = scores.argmax(axis=1)
    cases = [_figures(scores, best, _near(phrases, owners, rows, best))]
    right = [best == owners[rows]]
    for part in _parts(len(size), len(phrases)):
        gone = numpy.isin(owners, part)
        rows = _spread(numpy.flatnonzero(gone))
        scores = fitted.without_labels(gone, rows)
        scores[:, part] = -1.0
        best = scores.argmax(axis=1)
        cases.append(_figures(scores, best, _near(phrases, owners, rows, best)))
        right.append(numpy.zeros(len(rows), bool))
    known = numpy.arange(sum(map(len, right))) < len(right[0])
    none = max(1, int((~known).sum()))
    weight = numpy.where(known, 1.0, known.sum() / none * NONE_SHARE / (1.0 - NONE_SHARE))
    return _fit(numpy.concatenate(cases), numpy.concatenate(right), weight, start)


def _parts(labels: int, phrases: int) -> list[Places]:
    """Return which labels are taken out together; one part says enough where it has many phrases."""
    import numpy

    if labels < 2:
        return []
    parts = [numpy.arange(labels)[number::HELD_OUT_PARTS] for number in range(min(HELD_OUT_PARTS, labels))]
    return parts[:1] if phrases > CALIBRATION_CASES * HELD_OUT_PARTS else parts


def _spread(rows: Places) -> Places:
    """Return at most CALIBRATION_CASES of some rows, evenly spaced."""
    import numpy

    if len(rows) <= CALIBRATION_CASES:
        return rows
    chosen: Places = rows[numpy.linspace(0, len(rows) - 1, CALIBRATION_CASES).astype(int)]
    return chosen


def _near(phrases: Rows, owners: Places, rows: Places, best: Places) -> Rows:
    """Return how near the nearest other phrase of a label is to each of some phrases."""
    import numpy

    near = phrases[rows] @ phrases.T
    near[numpy.arange(len(rows)), rows] = -1.0
    near[owners[None, :] != best[:, None]] = -1.0
    found: Rows = near.max(axis=1)
    return found


def _figures(scores: Rows, best: Places, near: Rows) -> NDArray[numpy.float64]:
    """Return (1, score, lead, near) of each decision."""
    import numpy

    top = scores[numpy.arange(len(scores)), best]
    others = scores.copy()
    others[numpy.arange(len(scores)), best] = -numpy.inf
    second = others.max(axis=1).clip(0.0, None) if scores.shape[1] > 1 else numpy.zeros(len(scores))
    return numpy.stack([numpy.ones(len(top)), top, top - second, near], axis=1).astype(numpy.float64)


def _fit(
    figures: NDArray[numpy.float64], right: NDArray[numpy.bool_], weight: NDArray[numpy.float64], start: IntentCurve
) -> IntentCurve:
    """Return the curve that the decisions and the start make most probable."""
    at = fit_logistic(figures, right, weight, (start.intercept, start.score, start.lead, start.near), PRIOR_SD)
    return IntentCurve(intercept=at[0], score=at[1], lead=at[2], near=at[3], cases=len(right))
