"""How well does a memory do: the figures of health, and the report of a week?"""

from __future__ import annotations

from collections.abc import Callable

from brainops.health import figures
from brainops.health.charts import charts
from brainops.health.figures import DEFAULT_DAYS
from brainops.health.report import report
from brainops.health.series import series
from brainops.memory.context import MemoryContext
from brainops.types import CalibrationRecord, Chart, HealthFigure, Micros, Report, Series


class Health:
    """The figures of a memory, counted from what is on record; `settled` has what waits written first."""

    def __init__(self, context: MemoryContext, settled: Callable[[], object]) -> None:
        self._context = context
        self._settled = settled

    def figures(self, *, days: int = figures.DEFAULT_DAYS) -> tuple[HealthFigure, ...]:
        """Return the figures of health over the last days; each says how it is counted. Raises InvalidInput.

        A value is None where there is nothing to count yet. Shares are 0 to 1, times are seconds.
        """
        self._settled()
        return figures.health(self._context, days)

    def series(
        self, figure: str, *, since: Micros | None = None, until: Micros | None = None, step_seconds: float = 3_600
    ) -> Series:
        """Return how a figure went: a value for each step from `since` up to `until` (now), at most 400 of them.

        `figure` is the name of one of `figures` that is counted over a time, or "operations" or "failures" (the share
        that failed). Without `since` it is the last 48 steps. A value is None where nothing was counted, or too little.
        Raises InvalidInput.
        """
        self._settled()
        return series(self._context, figure, since, until, step_seconds)

    def calibration(self, *, days: int = DEFAULT_DAYS) -> CalibrationRecord:
        """Return whether advice that was followed in the last days was as sure as it said. Raises InvalidInput."""
        self._settled()
        return figures.calibration(self._context, days)

    def charts(self, *, since: Micros | None = None, until: Micros | None = None) -> tuple[Chart, ...]:
        """Return the five founding charts of a time (the last day), in 48 steps each. Raises InvalidInput.

        Questions to memory and those that were answered; repeats avoided against repeats; runs by how they ended; the
        five loudest errors; improvements kept less those rolled back.
        """
        self._settled()
        return charts(self._context, since, until)

    def report(self, *, days: int = 7) -> Report:
        """Return what the last days brought, beside as many days before. Raises InvalidInput."""
        self._settled()
        return report(self._context, days)
