"""What needs a person? What waits for an answer, has failed, fires, came new, or is about to change."""

from __future__ import annotations

from brainops.dashboard.visit import Visit
from brainops.types import ApprovalState

MOST = 100  # that are counted; above that there are simply many


def waiting(visit: Visit) -> int:
    """Return how many things need a person, up to MOST."""
    return len(visit.brain.approvals.list(ApprovalState.PENDING, limit=MOST))
