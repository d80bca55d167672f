"""What does somebody see of a memory: the briefing of a session, the figures of health, the report of a week?"""

from __future__ import annotations

from brainops.agents.language import Language
from brainops.health import figures
from brainops.health.report import report as reported
from brainops.memory.context import MemoryContext
from brainops.memory.uses import Uses
from brainops.operations.recorder import Recorder
from brainops.types import HealthFigure, Report


class Looking:
    """The part of a Brain that shows how it is."""

    _context: MemoryContext
    _recorder: Recorder
    _uses: Uses
    language: Language

    def health(self, *, days: int = figures.DEFAULT_DAYS) -> tuple[HealthFigure, ...]:
        """Return the figures of health over the last days; each says how it is counted. Raises InvalidInput.

        A value is None where there is nothing to count yet. Shares are 0 to 1, times are seconds.
        """
        self._write_counts()
        return figures.health(self._context, days)

    def report(self, *, days: int = 7) -> Report:
        """Return what the last days brought, beside as many days before. Raises InvalidInput."""
        self._write_counts()
        return reported(self._context, days)

    def _write_counts(self) -> None:
        self._uses.write()
        self._recorder.flush()
