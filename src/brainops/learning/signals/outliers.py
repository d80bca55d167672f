"""What is unusual in the stored series, since when, and what was done or failed right before?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.learning.signals.incidents import near
from brainops.learning.signals.series import SERIES_LOOKED_AT, thinned, title, values_of
from brainops.statistics.anomalies import HISTORY, anomalies
from brainops.statistics.change_points import ChangePoint, change_points
from brainops.statistics.significance import discoveries
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Anomaly, Insight, Micros, Section, Trust
from brainops.types.times import DAY_MICROS

WEEK: Micros = 7 * DAY_MICROS
POINTS = HISTORY + 1_440  # a day of minutes, and what is usual before it
LEVEL_POINTS = 500  # of a week, as means: the test's cost goes with n log n, its sight does not suffer
NEAR_SECONDS = 900.0  # within which what was done before may have to do with it
TIED = 3  # things done that are named
TOLD = 20


def parts() -> Sequence[Part]:
    """Return the parts that look for anomalies and for lasting changes of level."""
    return (
        Part(name="anomalies", what="names the points of metrics that are unlike what came before", find=_anomalies),
        Part(name="levels", what="names the metrics that are at another level, and since when", find=_levels),
    )


def found_anomalies(tx: Transaction, since: Micros, until: Micros) -> list[tuple[Anomaly, Row]]:
    """Return the anomalies of a stretch of time with their series, the strongest first."""
    found = []
    for series in tx.signals.series(since=since, limit=SERIES_LOOKED_AT):
        values = values_of(tx, series, since=0, until=until, limit=POINTS)
        found += [(each, series) for each in anomalies(title(series), values) if each.at >= since]
    return sorted(found, key=lambda each: (-each[0].score, each[0].at, each[1]["id"]))


def found_levels(tx: Transaction, since: Micros, until: Micros) -> list[tuple[ChangePoint, Row]]:
    """Return the lasting changes of level since then, newest first; false ones are held over all series."""
    tested = []
    for series in tx.signals.series(since=since, limit=SERIES_LOOKED_AT):
        values = thinned(values_of(tx, series, since=since, until=until, limit=20_000), LEVEL_POINTS)
        tested.append((series, change_points(title(series), values)))
    chances = [min((change.chance for change in changes), default=1.0) for _, changes in tested]
    holds = discoveries(chances)
    found = [
        (change, series) for (series, changes), held in zip(tested, holds, strict=True) if held for change in changes
    ]
    return sorted(found, key=lambda each: (-each[0].at, each[0].chance, each[1]["id"]))


def _anomalies(work: CycleWork) -> Found:
    insights, lines = [], []
    with work.context.store.read() as tx:
        newest: dict[str, tuple[Anomaly, Row]] = {}
        for anomaly, series in found_anomalies(tx, work.to_at - DAY_MICROS, work.to_at):
            newest.setdefault(series["id"], (anomaly, series))
        for anomaly, series in list(newest.values())[:TOLD]:
            tied = near(tx, anomaly.at, NEAR_SECONDS, [series["component"]])[:TIED]
            said = f"{title(series)} was {anomaly.value:.4g} where {anomaly.expected:.4g} was expected"
            lines.append(f"- {said}{_told(tied, anomaly.at)}")
            insights.append(
                Insight(
                    key=f"anomaly:{series['id']}",
                    title=f"Unusual: {title(series)}"[:200],
                    statement=f"{said}{_told(tied, anomaly.at)}.",
                    probability=min(0.99, anomaly.score),
                    since=anomaly.at,
                    operations=tuple(row["id"] for row in tied),
                    evidence={"value": anomaly.value, "expected": anomaly.expected, "score": round(anomaly.score, 4)},
                    tags=("anomaly", str(series["component"])[:100]),
                    trust=Trust.EXTERNAL,
                )
            )
    section = Section(title="Anomalies", lines=tuple(lines), figures={"anomalies": len(newest)})
    return Found(section=section, insights=tuple(insights), complete=True)


def _levels(work: CycleWork) -> Found:
    insights, lines = [], []
    with work.context.store.read() as tx:
        changes = found_levels(tx, work.to_at - WEEK, work.to_at)
        for change, series in changes[:TOLD]:
            tied = near(tx, change.at, NEAR_SECONDS, [series["component"]])[:TIED]
            said = f"{title(series)} went from about {change.before:.4g} to {change.after:.4g} and stayed"
            lines.append(f"- {said}{_told(tied, change.at)}")
            insights.append(
                Insight(
                    key=f"level:{series['id']}:{change.at}",
                    title=f"Another level: {title(series)}"[:200],
                    statement=f"{said}{_told(tied, change.at)}.",
                    probability=max(0.5, 1.0 - change.chance),
                    since=change.at,
                    operations=tuple(row["id"] for row in tied),
                    evidence={"before": change.before, "after": change.after, "p": change.chance},
                    tags=("change-point", str(series["component"])[:100]),
                    trust=Trust.EXTERNAL,
                )
            )
    section = Section(title="Levels", lines=tuple(lines), figures={"changes": len(changes)})
    return Found(section=section, insights=tuple(insights), complete=True)


def _told(rows: Sequence[Row], at: Micros) -> str:
    """Return what was done right before, for the end of a sentence."""
    if not rows:
        return ""
    said = []
    for row in rows:
        what = f"{row['name']} of {row['target']}" if row["target"] else row["name"]
        failed = " (failed)" if row["outcome"] == "failed" else ""
        said.append(f"{what} {(at - row['started_at']) / 60e6:.0f} min before{failed}")
    return "; " + ", ".join(said)
