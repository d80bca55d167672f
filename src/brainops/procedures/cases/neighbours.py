"""Which decided cases are most like a new one? (pure)

Two cases are alike by the fields in which they are equal, numbers also by how close they are, and texts by the words
that they share (cosine, rare words counting more).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from brainops.procedures.cases.features import Fields, Value, is_text, number

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

NEAREST = 12  # cases that are looked at
CLOSE = 4.0  # a number that is off by a quarter of the two sizes' sum is unlike
NEARLY = 0.9  # what a number may count that is close, and not the same
STEEP = 5.0  # how fast a case counts less that is less alike, beside two for each field
COMMON = 0.25  # a word of more cases than this share tells them not apart, and costs time


class Neighbours:
    """The cases by field and by word; finding the nearest takes time in the number of cases."""

    def __init__(self) -> None:
        self._count = 0
        self._codes: dict[str, dict[str, int]] = defaultdict(dict)
        self._columns: dict[str, tuple[Any, Any]] = {}  # of each field: codes and numbers
        self._with: dict[str, list[int]] = defaultdict(list)  # the cases of each word
        self._sizes: list[float] = []

    def add(self, fields: Fields, said: Collection[str]) -> None:
        """Learn a case; its place is the number of those before it."""
        place, self._count = self._count, self._count + 1
        for name, value in fields.items():
            if value is not None and not is_text(value):
                codes, numbers = self._column(name)
                found = number(value)
                codes[place] = self._codes[name].setdefault(_key(value), len(self._codes[name]) + 1)
                numbers[place] = math.nan if found is None else found
        for word in said:
            self._with[word].append(place)
        self._sizes.append(math.sqrt(max(1, len(said))))

    def nearest(self, fields: Fields, said: Collection[str]) -> list[tuple[int, float]]:
        """Return the places of the nearest cases, each with its weight: 1 for the nearest of all."""
        import numpy as np

        if not self._count:
            return []
        score = np.zeros(self._count)
        asked = [(name, value) for name, value in fields.items() if value is not None and not is_text(value)]
        for name, value in asked:
            if name in self._columns:
                score += self._alike(name, value)
        texts = sum(is_text(value) for value in fields.values())
        if texts or not asked:
            score += max(1, texts) * self._by_words(said)
        order = np.argsort(-score, kind="stable")[:NEAREST]
        best = float(score[order[0]])
        if best <= 0.0:
            return []
        steep = STEEP + 2.0 * (len(asked) + texts)
        return [(int(place), (float(score[place]) / best) ** steep) for place in order if score[place] > 0.0]

    def _column(self, name: str) -> tuple[Any, Any]:
        import numpy as np

        codes, numbers = self._columns.get(name, (np.zeros(0, dtype=np.int64), np.zeros(0)))
        if len(codes) < self._count:
            more = max(64, 2 * self._count) - len(codes)
            codes = np.concatenate([codes, np.zeros(more, dtype=np.int64)])
            numbers = np.concatenate([numbers, np.full(more, math.nan)])
            self._columns[name] = (codes, numbers)
        return codes, numbers

    def _alike(self, name: str, value: Value) -> Array:
        import numpy as np

        codes, numbers = self._column(name)
        codes, numbers = codes[: self._count], numbers[: self._count]
        equal: Array = (codes == self._codes[name].get(_key(value), -1)).astype(float)
        asked = number(value)
        if asked is None:
            return equal
        half, sought = numbers / 2, asked / 2  # the sum of two of the largest numbers is none
        apart = np.abs(half - sought) / (np.abs(half) + abs(sought) + 5e-10)
        close = NEARLY * np.clip(1.0 - CLOSE * np.nan_to_num(apart, nan=1.0), 0.0, None)
        alike: Array = np.maximum(equal, close)
        return alike

    def _by_words(self, said: Collection[str]) -> Array:
        import numpy as np

        score, whole = np.zeros(self._count), 0.0
        for word in sorted(said):
            places = self._with.get(word, [])
            rarity = math.log(1.0 + self._count / max(1, len(places))) ** 2
            whole += rarity
            if places and (len(places) <= COMMON * self._count or self._count < NEAREST):
                score[places] += rarity
        return score / (np.array(self._sizes) * math.sqrt(max(whole, 1e-9)))


def _key(value: Value) -> str:
    return repr(value) if isinstance(value, tuple) else str(value)
