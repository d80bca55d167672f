"""What do logs and metrics say: which lines are new or rise, what is unusual, and what is to blame?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from brainops.dashboard.visit import ROWS, Visit
from brainops.types import Metric, Series
from brainops.types.times import HOUR_MICROS, SECOND_MICROS

MOST_HOURS = 24 * 31
METRICS = 100
LEAST_MINUTES, MOST_MINUTES = 1.0, 720.0
MINUTE_MICROS = 60 * SECOND_MICROS
UNUSUAL = 20


def signals(visit: Visit) -> Mapping[str, Any]:
    """Return templates that are new or rise, the chosen metric with what was done as marks, and suspects of a span."""
    brain, errors = visit.brain, visit.query.get("errors") == "errors"
    hours = min(MOST_HOURS, max(1, -(-(visit.until - visit.since) // HOUR_MICROS)))
    span = visit.until - visit.since
    minutes = min(MOST_MINUTES, max(LEAST_MINUTES, span / 2 / MINUTE_MICROS))

    return {
        "hours": hours,
        "trends": lambda: brain.signals.trends(hours=hours, errors=errors, limit=ROWS),
        "template": lambda: _template(visit),
        "metrics": lambda: brain.signals.metrics(limit=METRICS),
        "chosen": lambda found: next((each for each in found if each.id == visit.query.get("metric")), found[0]),
        "chart": lambda metric: _chart(visit, metric),
        "anomalies": lambda: brain.signals.anomalies(since=visit.since, limit=UNUSUAL),
        "levels": lambda: brain.signals.change_points(since=visit.since, limit=UNUSUAL),
        "drawn": visit.range == "",
        "suspects": lambda: brain.signals.suspects(visit.since + span // 2, minutes=minutes),
    }


def _marked(course: Series, unusual: Collection[int]) -> list[float | None]:
    """Return the values at which something is unusual, and those beside them, so that a line can be seen."""
    at = [point.at in unusual for point in course.points]
    return [point.value if any(at[max(0, n - 1) : n + 2]) else None for n, point in enumerate(course.points)]


def _template(visit: Visit) -> Any:
    """Return the template that was chosen, with one of its lines as it was; None where none was."""
    wanted = visit.query.get("template")
    found = visit.brain.signals.templates(source=visit.query.get("source") or None, limit=1_000) if wanted else []
    return next((each for each in found if each.id == wanted), None)


def _chart(visit: Visit, metric: Metric) -> Mapping[str, Any]:
    """Return a metric as a chart: its points, those that are unlike what came before, and what was done as marks."""
    brain = visit.brain
    course = brain.signals.points(metric.id, since=visit.since, until=visit.until)
    unusual = {each.at for each in brain.signals.anomalies(since=visit.since) if each.series == course.figure}
    done = brain.operations.list(since=visit.since, limit=ROWS)
    return {
        "title": course.figure,
        "unit": course.unit or course.formula,
        "n": len(course.points),
        "x": [point.at // SECOND_MICROS for point in course.points],
        "lines": [
            {"name": metric.name, "y": [point.value for point in course.points]},
            {"name": "unusual", "y": _marked(course, unusual)},
        ],
        "marks": [
            {"at": each.started_at / SECOND_MICROS, "said": each.start.name}
            for each in done
            if each.started_at < visit.until
        ],
    }
