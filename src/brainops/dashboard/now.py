"""What needs a person now, and how does it go? The first page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.dashboard.visit import ROWS, Visit


def now(visit: Visit) -> Mapping[str, Any]:
    """Return what needs a person, and what was done last."""
    brain = visit.brain
    return {"tail": lambda: brain.operations.list(limit=ROWS)}
