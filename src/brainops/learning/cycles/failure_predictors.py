"""What does a cycle learn of when operations fail?"""

from __future__ import annotations

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.operations.prediction import told
from brainops.operations.predictions import Predictions
from brainops.types import Section

TOLD_NAMES = 10  # of which the report says what raises their failures


def part(predictions: Predictions) -> Part:
    """Return the part that learns which conditions and precursors raise the failures of each operation."""

    def find(work: CycleWork) -> Found:
        found = predictions.refit(work.to_at)
        lines = [f"- {name}: {', '.join(told(model)[:2])}" for name, model in list(found.models.items())[:TOLD_NAMES]]
        error = found.calibration_error
        return Found(
            section=Section(
                title="When operations fail",
                lines=tuple(lines),
                figures={
                    "operations": found.operations,
                    "learned": len(found.models),
                    "judged": found.judged,
                    "calibration_error": None if error is None else round(error, 4),
                },
            ),
            write=lambda tx: predictions.keep(tx, found, work.now),
        )

    what = "learns under which conditions, and after what, each operation fails more often, for guidance to foretell it"
    return Part(name="failures", what=what, find=find)
