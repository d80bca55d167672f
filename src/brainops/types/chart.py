"""What is a chart that a page draws: lines over the same steps, with what may have moved them?"""

from __future__ import annotations

from msgspec import Struct

from brainops.types.knowledge import Micros


class ChartLine(Struct, frozen=True, kw_only=True):
    """One line of a chart: a value for each step."""

    name: str
    values: tuple[float, ...]


class ChartMark(Struct, frozen=True, kw_only=True):
    """Something that may have moved the lines: a deployment, or a change that the system made by itself."""

    at: Micros
    text: str


class Chart(Struct, frozen=True, kw_only=True):
    """A founding chart: lines over the same steps, which begin `at`; `counted` says from how much they are drawn."""

    title: str
    unit: str
    counted: int
    at: tuple[Micros, ...]
    lines: tuple[ChartLine, ...]
    marks: tuple[ChartMark, ...]
