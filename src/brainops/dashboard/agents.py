"""How do agents do at which tasks, and why was each chosen?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from brainops.dashboard.visit import ROWS, Visit
from brainops.types.times import DAY_MICROS

LEAST_DAYS = 30  # a record of less says little


def agents(visit: Visit) -> Mapping[str, Any]:
    """Return the record of each agent at each class of tasks, who there is, and the sentence of each choice."""
    brain = visit.brain
    days = min(365, max(LEAST_DAYS, -(-(visit.now - visit.since) // DAY_MICROS)))
    wanted: dict[str, Any] = {
        "agent": visit.query.get("agent") or None,
        "task_class": visit.query.get("class") or None,
        **visit.paging,
    }

    def records() -> list[tuple[str, list[Any]]]:
        found = brain.agents.records(days=days)
        return [(name, list(rows)) for name, rows in groupby(found, lambda each: each.task_class)]

    return {
        "days": days,
        "records": records,
        "listed": lambda: brain.agents.list(),
        "attempts": lambda: brain.agents.attempts(limit=ROWS, **wanted),
    }
