"""Which decision do the words and values of a case speak for? (pure)

Naive Bayes over what a case says (Manning, Raghavan, Schütze, Introduction to Information Retrieval, chapter 13), with
little smoothing, since a word that was never seen with a decision speaks against it, and tempered by the square root of
the number of words, since words of one text are no independent witnesses.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection

SMOOTHING = 0.01  # of a word in a class: little, as said above
MAX_WORDS = 2_000  # of one case


class WordEvidence:
    """Counts what was said in cases of each class; learning and asking take time in the words of the case alone."""

    def __init__(self) -> None:
        self._cases: dict[int, float] = defaultdict(float)
        self._told: dict[int, float] = defaultdict(float)  # words a class
        self._counts: dict[str, dict[int, float]] = {}

    def add(self, said: Collection[str], class_: int, weight: float) -> None:
        """Learn the words of a case of a class."""
        self._cases[class_] += weight
        for word in sorted(said)[:MAX_WORDS]:
            counts = self._counts.setdefault(word, {})
            counts[class_] = counts.get(class_, 0.0) + weight
            self._told[class_] += weight

    def probabilities(self, said: Collection[str]) -> dict[int, float]:
        """Return how probable each class is for a case that says this."""
        known = [self._counts[word] for word in sorted(said)[:MAX_WORDS] if word in self._counts]
        total, kinds = sum(self._cases.values()), SMOOTHING * (1 + len(self._counts))
        score = {
            class_: math.log(cases / total) - len(known) * math.log((self._told[class_] + kinds) / SMOOTHING)
            for class_, cases in self._cases.items()
        }
        for counts in known:
            for class_, count in counts.items():
                score[class_] += math.log((count + SMOOTHING) / SMOOTHING)
        highest, temper = max(score.values(), default=0.0), math.sqrt(max(1, len(known)))
        odds = {class_: math.exp((each - highest) / temper) for class_, each in score.items()}
        whole = sum(odds.values())
        return {class_: each / whole for class_, each in odds.items()}
