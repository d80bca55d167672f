"""What needs a person now, and how does it go? The first page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from brainops.dashboard.needs import needs
from brainops.dashboard.visit import Visit
from brainops.dashboard.words import verdict
from brainops.types import Operation, RunState

TAIL = 15
LATELY = 100  # operations that are looked at for who is at work


def now(visit: Visit) -> Mapping[str, Any]:
    """Return what needs a person, the courses of the founding figures, what was done last, and who is at work."""
    brain = visit.brain
    return {
        "needs": lambda: needs(visit),
        "quiet": lambda: quiet(visit),
        "charts": lambda: [_chart(each) for each in brain.health.charts(since=visit.since, until=visit.until)],
        "tail": lambda: brain.operations.list(limit=TAIL),
        "agents": lambda: at_work(visit),
    }


def quiet(visit: Visit) -> Mapping[str, Any]:
    """Return what is said where nothing needs anybody: the last capture, who is at work, and what waits."""
    newest = visit.brain.newest(limit=1)
    return {
        "captured_at": newest[0].last_seen_at if newest else None,
        "agents": len(at_work(visit)),
        "waiting": len(visit.brain.runs.list(state=RunState.WAITING, limit=100)),
    }


def at_work(visit: Visit) -> list[Mapping[str, Any]]:
    """Return who did something lately: how much of it, what went wrong, and what they did last."""
    found: dict[tuple[str, str], list[Operation]] = {}
    for each in visit.brain.operations.list(since=visit.since, limit=LATELY):
        found.setdefault((each.start.actor.kind.value, each.start.actor.id), []).append(each)
    return [
        {
            "kind": kind,
            "name": name,
            "done": done,
            "last": done[0],
            "failed": Counter(verdict(each) for each in done)["failed"],
        }
        for (kind, name), done in found.items()
    ]


def _chart(chart: Any) -> Mapping[str, Any]:
    """Return a chart as the page draws it: seconds instead of microseconds."""
    return {
        "title": chart.title,
        "unit": chart.unit,
        "n": chart.counted,
        "x": [at / 1e6 for at in chart.at],
        "lines": [{"name": line.name, "y": line.values} for line in chart.lines],
        "marks": [{"at": mark.at / 1e6, "said": mark.text} for mark in chart.marks],
    }
