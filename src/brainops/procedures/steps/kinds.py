"""Which executor does which kind of step?"""

from __future__ import annotations

from brainops.procedures.steps.port import Executors


def executors() -> Executors:
    """Return an executor for every kind of step that one process can do."""
    return {}
