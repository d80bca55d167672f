"""How many memories are there, how do they stand, and when were they captured, without a look at each?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from brainops.store.rows import always
from brainops.types.times import DAY_MICROS, HOUR_MICROS, MINUTE_MICROS

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import Micros

FOLD_EVERY = 1_000  # captures: what they appended is read at each look at the counts, half a millisecond of it
RECOUNTED_KEYS = 20_000  # counted anew at a time: the database sorts no more than these

WIDTHS = ((2 * HOUR_MICROS, HOUR_MICROS), (8 * DAY_MICROS, DAY_MICROS), (100 * DAY_MICROS, 30 * DAY_MICROS))
"""From which age on a count stands for how long a time; younger ones stand for a minute.

A week can be counted by the hour, and a store of ten years has 700 times at most.
"""

GROUP = ("at", "type", "state", "vector_model")
FIGURES = ("memories", "occurrences", "characters")

Group = tuple[Any, ...]


class CountRows:
    """The counts of one transaction: those that were added up, and what was appended since."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def memories(self) -> Sequence[Row]:
        """Return `memories`, `occurrences` and `characters` by namespace, type, state and `vector_model`."""
        return self._session.all("memory_counts")

    def total(self) -> int:
        """Return how many memories are read here, in any state."""
        return sum(int(row["memories"]) for row in self.memories())

    def models(self) -> Counter[str]:
        """Return how many memories have vectors of which model; "" is of none yet."""
        found: Counter[str] = Counter()
        for row in self.memories():
            found[row["vector_model"]] += int(row["memories"])
        return found

    def growth(self, since: Micros) -> Row:
        """Return how many memories were captured since the beginning of an hour, and their characters."""
        return always(self._session, "memory_growth", since=since - since % HOUR_MICROS)

    def last_captured(self) -> Micros | None:
        """Return when the newest memory was captured."""
        at = always(self._session, "memory_last")["at"]
        return None if at is None else int(at)

    def fold(self, now: Micros) -> None:
        """Add up what was appended in the written namespace, and make the times of old counts wider.

        Where somebody else does that this moment, it is left to them.
        """
        if not always(self._session, "count_claim")["mine"]:
            return
        taken = list(self._session.all("delta_take"))
        for age, width in WIDTHS:
            taken += self._session.all("count_take", before=_before(now, age, width), width=width)
        sums: dict[Group, list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in taken:
            _add(sums, (bucket(row["at"], now), *(row[name] for name in GROUP[1:])), row)
        self._session.many("count_add", (_row(GROUP, group, figures) for group, figures in sums.items()))
        self._session.run("count_prune")

    def wrong(self, now: Micros, last_key: int) -> list[dict[str, Any]]:
        """Return by what the counts of the readable namespaces are to change to agree with the memories."""
        sums: dict[Group, list[int]] = defaultdict(lambda: [0, 0, 0])
        for sign, row in self._counted_twice(last_key):
            _add(sums, (row["namespace"], bucket(row["at"], now), *(row[name] for name in GROUP[1:])), row, sign)
        return [_row(("namespace", *GROUP), group, figures) for group, figures in sums.items() if any(figures)]

    def _counted_twice(self, last_key: int) -> Iterator[tuple[int, Row]]:
        for row in self._session.all("memory_counts_at"):
            yield -1, row
        for after in range(0, last_key, RECOUNTED_KEYS):
            for row in self._session.all("memory_counts_of_keys", after=after, until_key=after + RECOUNTED_KEYS):
                yield 1, row

    def append(self, differences: Sequence[dict[str, Any]]) -> None:
        """Change the counts of the written namespace by what was found `wrong`, whatever was captured meanwhile."""
        self._session.many("delta_insert", differences)


def bucket(at: Micros, now: Micros) -> Micros:
    """Return where the time begins for which a count stands now."""
    width = MINUTE_MICROS
    for age, wider in WIDTHS:
        if at < _before(now, age, wider):
            width = wider
    return at - at % width


def _before(now: Micros, age: Micros, width: Micros) -> Micros:
    """Return until when counts are to be so wide: whole times, so that none lies on both sides."""
    before = now - age
    return before - before % width


def _add(sums: dict[Group, list[int]], group: Group, row: Row, sign: int = 1) -> None:
    for place, name in enumerate(FIGURES):
        sums[group][place] += sign * int(row[name])


def _row(names: Sequence[str], group: Group, figures: Sequence[int]) -> dict[str, Any]:
    return {**dict(zip(names, group, strict=True)), **dict(zip(FIGURES, figures, strict=True))}
