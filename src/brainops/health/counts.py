"""What does the record count of a time? One read, from which the figures of health and of a report are computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brainops.agents.selection.efficiency import efficiency
from brainops.agents.selection.track_record import Trial
from brainops.health.formulas import Attempted, RecordCounts, Row, Spent
from brainops.store import Transaction
from brainops.types import Micros
from brainops.types.times import DAY_MICROS


def count(tx: Transaction, since: Micros, until: Micros) -> RecordCounts:
    """Return what the record holds of a time in the readable namespaces; what was imported counts for nothing."""
    figures = tx.figures
    fixes = figures.fixes(since, until)
    given, work = figures.advice_given(since, until), figures.work(since, until)
    made, ended = figures.improvements(since, until)
    used = _of_days(tx.language.used(since // DAY_MICROS + 1), until)
    row = tx.figures.attempts(since, until)
    trials = [
        Trial(
            agent=each["agent"],
            task_class=each["task_class"],
            success=float(each["success"]),
            seconds=int(each["duration_us"] or 0) / 1e6,
            cost=float(each["charged"]),
        )
        for each in tx.figures.attempts_judged(since, until)
    ]
    found = efficiency(trials)
    return RecordCounts(
        since=since,
        until=until,
        queries=figures.queries(since, until),
        receipts=int(given["receipts"]),
        advised=int(given["advised"]),
        followed=figures.advice_followed(since, until),
        operations=int(work["operations"]),
        failed=int(work["failed"]),
        worked_seconds=int(work["duration_us"]) / 1e6,
        failures=figures.failures(since, until),
        fixes={row["state"]: int(row["applications"]) for row in fixes},
        recognised={row["state"]: int(row["recognised"]) for row in fixes},
        mended=figures.mended(since, until),
        answered=figures.answered(since, until),
        verdicts=figures.verdicts(since, until),
        compliance=_of_days(tx.rules.counts(since // DAY_MICROS + 1), until),
        insights=figures.insights(since, until),
        made=made,
        kept=ended.get("kept", 0),
        rolled_back=ended.get("rolled_back", 0) + ended.get("undone", 0),
        agents=Attempted(
            efficiency=found.value,
            compared=found.compared,
            ended=int(row["ended"]),
            succeeded=int(row["succeeded"]),
            seconds=int(row["duration_us"]) / 1e6,
            cost=float(row["cost"]),
        ),
        language=Spent(
            calls=sum(int(row["calls"]) for row in used),
            tokens=sum(int(row["input_tokens"]) + int(row["output_tokens"]) for row in used),
            cost=sum(float(row["cost"]) for row in used),
        ),
    )


def _of_days(rows: Iterable[Row], until: Micros) -> Sequence[Row]:
    """Return the counts of whole days: a day belongs to the time in which it ends, so two times share none."""
    return [row for row in rows if row["day"] <= until // DAY_MICROS]
