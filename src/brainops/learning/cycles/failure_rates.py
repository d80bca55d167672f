"""Which operations fail more often, or less often, than they used to: since when, and how sure is that?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.statistics.rates import FailureCounts, RateChange, label, latest_change, told
from brainops.store import Transaction
from brainops.types import Cycle, Insight, Micros, Section
from brainops.types.times import DAY_MICROS, HOUR_MICROS

HORIZON_MICROS = 14 * DAY_MICROS  # two weeks: each weekday twice, and a week that was missed is still inside
MOST_SERIES = 5_000  # of one look: names with a number in them must not make it endless
EXAMPLES = 5  # operations that an insight names
SHOWN_CHANGES = 10
IMPORTANCE = 0.7  # above an error's: it is about many of them


def parts(cycle: Cycle) -> Sequence[Part]:
    """Return the part that looks for changed rates of failure."""
    what = "Finds the operations whose rate of failure changed: since when, how sure that is, with examples."
    return [Part(name="failure_rates", what=what, find=changes)] if cycle is Cycle.HOURLY else ()


def changes(work: CycleWork) -> Found:
    """Return every change that may be told, by the record of two weeks."""
    since = work.to_at - HORIZON_MICROS
    with work.context.store.read() as tx:
        series = _series(tx, since, work.to_at)
    changed = {label(*key): (key, change) for key, counts in series if (change := latest_change(counts)) is not None}
    sure = told([(name, change) for name, (_, change) in changed.items()], len(series))
    with work.context.store.read() as tx:
        insights = tuple(_insight(tx, work, *changed[name]) for name, _ in sure)
    section = Section(
        title="What changed",
        lines=tuple(_lines(insights)),
        figures={"looked_at": len(series), "changed": len(insights)},
    )
    return Found(section=section, insights=insights, complete=True)


def _series(tx: Transaction, since: Micros, until: Micros) -> list[tuple[tuple[str, str | None], list[FailureCounts]]]:
    """Return the hourly counts of each name and target, those with the most operations where there are very many."""
    grouped = groupby(tx.learning.hours(since, until), key=lambda row: (row["name"], row["target"]))
    series = [
        (
            key,
            [
                FailureCounts(at=row["hour"] * HOUR_MICROS, ended=row["ended"], failed=int(row["failed"]))
                for row in rows
            ],
        )
        for key, rows in grouped
    ]
    series.sort(key=lambda each: (-sum(counts.ended for counts in each[1]), label(*each[0])))
    return series[:MOST_SERIES]


def _insight(tx: Transaction, work: CycleWork, key: tuple[str, str | None], change: RateChange) -> Insight:
    name, target = key
    more = change.after > change.before
    moment = datetime.fromtimestamp(change.at / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
    statement = (
        f"Since {moment} UTC {change.failed_after} of {change.ended_after} failed ({change.after:.0%}); before, "
        f"{change.failed_before} of {change.ended_before} ({change.before:.0%}). "
        f"That the rate changed is {min(change.probability, 0.999):.1%} probable."
    )
    return Insight(
        key=f"failure-rate:{label(name, target)}",
        title=f"{label(name, target)} fails {'more' if more else 'less'} often since {moment}"[:300],
        statement=statement,
        probability=change.probability,
        since=change.at,
        operations=tx.learning.examples(name, target, change.at, work.to_at, EXAMPLES),
        evidence={
            "operation": name,
            "target": target,
            "before": {"ended": change.ended_before, "failed": change.failed_before},
            "after": {"ended": change.ended_after, "failed": change.failed_after},
        },
        tags=("failure-rate",),
        importance=IMPORTANCE if more else 0.5,
    )


def _lines(insights: Sequence[Insight]) -> Iterator[str]:
    for insight in insights[:SHOWN_CHANGES]:
        yield f"{insight.title}: {insight.statement}"
    if len(insights) > SHOWN_CHANGES:
        yield f"and {len(insights) - SHOWN_CHANGES} more: brainops insights"
