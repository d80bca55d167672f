"""Which operations keep succeeding, and which recovered: so that successes become memories too?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.statistics.proportions import wilson_interval
from brainops.statistics.rates import label
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Cycle, Insight, MemoryType, Section
from brainops.types.counted import counted
from brainops.types.limits import SHOWN
from brainops.types.times import DAY_MICROS

HORIZON_MICROS = 28 * DAY_MICROS
FEWEST = 20  # that ended, without one failure: the lower bound of its success is then above 0.88
RECOVERED_FEWEST = 5  # that succeeded in a row since the last failure
RECOVERED_CHANCE = 0.05  # of such a row of successes, if nothing had ended the failures
RECOVERED_FAILURES = 2  # before it: one failure is no trouble that somebody ended
MOST_KINDS = 2_000  # of operations that are looked at, the most frequent first
MOST_TOLD = 300  # of each kind: memory has to stay worth reading
EXAMPLES = 3


def parts(cycle: Cycle) -> Sequence[Part]:
    """Return the part that makes memories of what works."""
    what = "Makes memories of what works: operations that keep succeeding, and those that recovered from failures."
    return [Part(name="successes", what=what, find=_successes)] if cycle is Cycle.DAILY else ()


def _successes(work: CycleWork) -> Found:
    since = work.to_at - HORIZON_MICROS
    with work.context.store.read() as tx:
        rows = tx.learning.totals(since, work.to_at, MOST_KINDS)
        steady = [_steady(row) for row in rows if not row["failed"] and row["ended"] >= FEWEST][:MOST_TOLD]
        failed = [row for row in rows if RECOVERED_FAILURES <= row["failed"] < row["ended"]]
        recovered = [found for row in failed if (found := _recovered(tx, row, work)) is not None][:MOST_TOLD]
    section = Section(
        title="What works",
        lines=tuple(_lines(recovered, steady)),
        figures={"looked_at": len(rows), "steady": len(steady), "recovered": len(recovered)},
    )
    return Found(section=section, insights=(*recovered, *steady), complete=True)


def _steady(row: Row) -> Insight:
    name, low = label(row["name"], row["target"]), wilson_interval(row["ended"], 0)[0]
    took = f" It takes {float(row['duration_us']) / 1e6:,.1f} s on average." if row["duration_us"] else ""
    return _insight(
        row,
        title=f"{name} keeps succeeding",
        statement=f"All of its last {counted(row['ended'], 'operation')} succeeded (28 days).{took}",
        probability=low,
        since=row["first_at"],
        operations=(),
        importance=0.3,
    )


def _recovered(tx: Transaction, row: Row, work: CycleWork) -> Insight | None:
    """Return how an operation recovered: what ended the failures, if the record says so."""
    name, target = row["name"], row["target"]
    least = _least_successes(row["failed"] / row["ended"])
    since = tx.learning.after_failures(name, target, row["failed_at"], work.to_at, least)
    if len(since) < least:
        return None
    first = since[0]
    moment = datetime.fromtimestamp(first["finished_at"] / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
    how = f" The first to succeed followed {first['followed_id']}." if first["followed_id"] else ""
    return _insight(
        row,
        title=f"{label(name, target)} recovered on {moment}",
        statement=f"It failed {row['failed']:,} of {row['ended']:,} times in 28 days, and succeeds since.{how}",
        probability=1 - RECOVERED_CHANCE,
        since=first["finished_at"],
        operations=tuple(each["id"] for each in since[:EXAMPLES]),
        importance=0.5,
    )


def _least_successes(rate: float) -> int:
    """Return how many successes in a row are no chance any more, if operations went on to fail at this rate."""
    return max(RECOVERED_FEWEST, math.ceil(math.log(RECOVERED_CHANCE) / math.log1p(-rate)))


def _insight(
    row: Row,
    *,
    title: str,
    statement: str,
    probability: float,
    since: int,
    operations: tuple[str, ...],
    importance: float,
) -> Insight:
    return Insight(
        key=f"success:{label(row['name'], row['target'])}",
        title=title[:300],
        statement=statement,
        probability=probability,
        since=since,
        operations=operations,
        evidence={
            "operation": row["name"],
            "target": row["target"],
            "ended": row["ended"],
            "failed": int(row["failed"]),
        },
        tags=("success",),
        importance=importance,
        type=MemoryType.SUCCESS_PATTERN,
    )


def _lines(recovered: Sequence[Insight], steady: Sequence[Insight]) -> Iterator[str]:
    for insight in recovered[:SHOWN]:
        yield f"{insight.title}: {insight.statement}"
    if steady:
        kinds = counted(len(steady), "kind of operation", "kinds of operations")
        yield f"{kinds} never failed in 28 days, of those seen at least {FEWEST} times."
