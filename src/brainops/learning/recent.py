"""What happened since the last look: how much was done, what failed, and what was slow?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from brainops.learning.part import CycleWork, Found, Part
from brainops.operations.enforce import Guard
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Cycle, Section

MOST_OPERATIONS = 200_000  # of one run: half a minute's writing; the rest is of the next run
SHOWN = 5


@dataclass(slots=True)
class _Seen:
    """What was counted of the operations that nobody had looked at."""

    keys: list[int] = field(default_factory=list)
    failed: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    slow: list[tuple[int, str, str | None, str]] = field(default_factory=list)


def parts(cycle: Cycle, guard: Guard) -> Sequence[Part]:
    """Return the parts that look at what has just happened."""
    if cycle is not Cycle.FIVE_MINUTES:
        return ()
    return [
        Part(
            name="operations",
            what="Counts the operations that ended since the last look, each once, with failures and the slowest.",
            find=_operations,
        )
    ]


def _operations(work: CycleWork) -> Found:
    seen = _Seen()
    for row in _unlearnt(work):
        seen.keys.append(row["key"])
        seen.ended[row["name"]] += 1
        if row["outcome"] == "failed":
            seen.failed[row["name"], row["target"]] += 1
    failed = sum(seen.failed.values())
    section = Section(
        title="Operations",
        lines=tuple(_lines(seen, failed)),
        figures={"ended": len(seen.keys), "failed": failed, "names": len(seen.ended)},
    )
    return Found(section=section, write=lambda tx: _mark(tx, seen.keys, work))


def _unlearnt(work: CycleWork) -> Iterator[Row]:
    after = taken = 0
    while taken < MOST_OPERATIONS:
        with work.context.store.read() as tx:
            rows = tx.learning.unlearnt(work.to_at, after)
        if not rows:
            return
        yield from rows
        taken, after = taken + len(rows), rows[-1]["key"]


def _mark(tx: Transaction, keys: list[int], work: CycleWork) -> None:
    tx.learning.mark_learnt(keys, work.to_at)


def _lines(seen: _Seen, failed: int) -> Iterator[str]:
    if not seen.keys:
        return
    yield f"{len(seen.keys):,} operations ended, {failed:,} of them failed."
    for (name, target), count in seen.failed.most_common(SHOWN):
        on = f" on {target}" if target else ""
        yield f"{name}{on}: {count:,} failed"
