"""How do the pictures of a page come into its text, with what they say in words? (pure)"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from brainops.dashboard.words import span
from brainops.pictures import charts
from brainops.pictures.svg import picture, tag
from brainops.types import CalibrationRecord, TaskRecord


def spark(counts: Sequence[int], step_seconds: float) -> Markup:
    """Return counts over time as small bars, the oldest first."""
    most, whole = max(counts, default=0), span(len(counts) * step_seconds * 1e6)
    said = f"{sum(counts):,} in {whole}" + (f", at most {most:,} in {span(step_seconds * 1e6)}" if most else "")
    return Markup(charts.spark(counts, said))


def interval(record: TaskRecord) -> Markup:
    """Return the share that went well with its bounds, on a line from 0 to 1."""
    low, middle, high = (100 * each for each in (record.low, record.success, record.high))
    drawn = (
        tag("line", x1=0, x2=100, y1=5, y2=5, class_="grid"),
        tag("rect", x=low, y=3, width=max(1.0, high - low), height=4, class_="range"),
        tag("circle", cx=middle, cy=5, r=3, class_="value"),
    )
    said = f"{middle:.0f} %, {low:.0f} to {high:.0f} %"
    return Markup(picture(said, said, 100, 10, *drawn, class_="picture interval"))


def calibration(record: CalibrationRecord) -> Markup:
    """Return how sure advice was against how often it was right."""
    return Markup(charts.calibration(record))
