"""What changed by itself, on what evidence, and how is it undone? What was learnt, and how sure is it?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from brainops.dashboard.visit import ROWS, Visit
from brainops.types import ImprovementKind, ImprovementState

DAYS = 30  # of advice that was followed, and of spend
INSIGHTS = 10
OPEN = {ImprovementState.PROPOSED, ImprovementState.PLANNED, ImprovementState.TRIAL}
STANDS = {ImprovementState.APPLIED, ImprovementState.KEPT}


def learning(visit: Visit) -> Mapping[str, Any]:
    """Return the changes with their evidence, the insights, the calibration with n, the cycles and what models cost."""
    brain = visit.brain
    wanted = {"state": visit.query.get("state") or None, "kind": visit.query.get("kind") or None}

    @cache
    def by_state() -> Mapping[str, int]:
        found: Mapping[str, int] = brain.upkeep.status()["records"]["improvement"]["by_state"]
        return found

    return {
        "states": lambda: [(each.value, by_state().get(each.value, 0)) for each in ImprovementState],
        "kinds": [(each.value, None) for each in ImprovementKind],
        "changes": lambda: brain.improvements.list(limit=ROWS, **wanted, **visit.paging),
        "open": OPEN,
        "stands": STANDS,
        "insights": lambda: brain.learning.insights(limit=INSIGHTS),
        "calibration": lambda: brain.health.calibration(days=DAYS),
        "cycles": lambda: brain.learning.standing(),
        "held": lambda: brain.improvements.held(),
        "used": lambda: brain.language.used(days=DAYS),
        "budget": lambda: brain.language.budget(),
        "days": DAYS,
    }
