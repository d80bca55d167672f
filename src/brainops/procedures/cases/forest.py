"""What do many decision trees over decided cases say of a new one, and by which rule? (pure)

A random forest (Breiman 2001): each tree is grown on a sample of the cases, and asks at each branch the best of a
random few of the questions. Gini impurity, weighted cases, fixed seeds: the same cases give the same forest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]
    Places = np.ndarray[Any, np.dtype[np.int64]]

TREES = 20  # more change a decision seldom, and cost as much again
MAX_DEPTH = 14
SMOOTHED = 0.5  # cases' worth of doubt in a leaf, so that one case is no certainty


class Branch(Struct, frozen=True):
    """A question with its threshold, and what follows on either side of it."""

    question: int
    threshold: float
    below: Branch | Leaf
    above: Branch | Leaf


class Leaf(Struct, frozen=True):
    """How the cases that came to here were decided: the weight of each class."""

    classes: Array


class TreeRule(Struct, frozen=True, kw_only=True):
    """A way through a tree: (question, threshold, below), and how many cases go it, and how many decided so."""

    steps: tuple[tuple[int, float, bool], ...]
    cases: int
    agreeing: int


class Forest:
    """Trees over answers (cases x questions) and classes (a weight in one column for each case)."""

    def __init__(self, answers: Array, classes: Array, seed: int) -> None:
        import numpy as np

        self._answers, self._classes = answers, classes
        chance = np.random.default_rng(seed)
        count, asked = answers.shape
        few = max(1, int(asked**0.5))
        self._trees = [
            _grown(answers, classes, chance.integers(0, count, count), chance, few, 0)
            for _ in range(TREES if asked else 0)
        ]

    def probabilities(self, answers: Array) -> Array:
        """Return how probable each class is for one case."""
        import numpy as np

        share = self._classes.sum(0)
        share = share / share.sum()
        total = np.zeros_like(share)
        for tree in self._trees:
            leaf = tree
            while isinstance(leaf, Branch):
                leaf = leaf.below if answers[leaf.question] <= leaf.threshold else leaf.above
            found = leaf.classes
            total += (found + SMOOTHED * share) / (found.sum() + SMOOTHED)
        found_in_all: Array = total / total.sum() if self._trees else share
        return found_in_all

    def rule(self, answers: Array, chosen: int, costs: Sequence[float]) -> TreeRule | None:
        """Return the way through one of the trees that speaks most plainly for a class: many cases, cheap questions."""
        import numpy as np

        best: tuple[float, TreeRule] | None = None
        for tree in self._trees:
            way, at = [], tree
            while isinstance(at, Branch):
                here = bool(answers[at.question] <= at.threshold)
                way.append((at.question, at.threshold, here))
                at = at.below if here else at.above
            steps = _shortened(way)
            held = np.ones(len(self._answers), dtype=bool)
            for question, threshold, below in steps:
                held &= (self._answers[:, question] <= threshold) == below
            cases = int(held.sum())
            agreeing = int((self._classes[held].argmax(1) == chosen).sum()) if cases else 0
            plain = (
                (agreeing + 1.0) / (cases + 2.0)
                + 0.001 * min(cases, 50)
                - sum(costs[question] for question, _, _ in steps)
            )
            if agreeing and (best is None or plain > best[0]):
                best = (plain, TreeRule(steps=steps, cases=cases, agreeing=agreeing))
        return best[1] if best else None


def _grown(answers: Array, classes: Array, places: Places, chance: Any, few: int, depth: int) -> Branch | Leaf:
    here = classes[places].sum(0)
    if len(places) < 2 or (here > 0).sum() < 2 or depth >= MAX_DEPTH:
        return Leaf(here)
    found = _best(answers, classes, places, chance.permutation(answers.shape[1]), few)
    if found is None:
        return Leaf(here)
    question, threshold = found
    below = answers[places, question] <= threshold
    return Branch(
        question,
        threshold,
        _grown(answers, classes, places[below], chance, few, depth + 1),
        _grown(answers, classes, places[~below], chance, few, depth + 1),
    )


def _best(answers: Array, classes: Array, places: Places, order: Places, few: int) -> tuple[int, float] | None:
    """Return the question and threshold that part the classes best, of the first few, or of the next that part any."""
    for start in range(0, len(order), few):
        best, gained = None, 1e-9
        for question in order[start : start + few]:
            gain, threshold = _parting(answers[places, question], classes[places])
            if gain > gained:
                best, gained = (int(question), threshold), gain
        if best is not None:
            return best
    return None


def _parting(values: Array, classes: Array) -> tuple[float, float]:
    """Return what the best threshold of one question gains in (weighted) Gini purity, and the threshold."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    ordered = values[order]
    if ordered[0] == ordered[-1]:
        return 0.0, 0.0
    below = np.cumsum(classes[order], 0)
    whole, below = below[-1], below[:-1]
    weight, total = below.sum(1), whole.sum()
    gain = (below**2).sum(1) / weight + ((whole - below) ** 2).sum(1) / (total - weight) - (whole**2).sum() / total
    gain[ordered[1:] == ordered[:-1]] = -1.0
    place = int(gain.argmax())
    low, high = float(ordered[place]), float(ordered[place + 1])
    # just below the higher where the lower stands for nothing
    between = (low + high) / 2.0 if low > -1e17 else high - max(1e-9, abs(high) * 1e-9)
    return float(gain[place]), between


def _shortened(steps: Sequence[tuple[int, float, bool]]) -> tuple[tuple[int, float, bool], ...]:
    """Return the steps with the tightest threshold of each question and side alone."""
    tightest: dict[tuple[int, bool], float] = {}
    for question, threshold, below in steps:
        known = tightest.get((question, below))
        if known is None:
            tightest[question, below] = threshold
        else:
            tightest[question, below] = min(known, threshold) if below else max(known, threshold)
    return tuple((question, threshold, below) for (question, below), threshold in tightest.items())
