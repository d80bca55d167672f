"""What does somebody see of a memory: the briefing of a session, the figures of health, the report of a week?"""

from __future__ import annotations

from brainops.agents.language.language import Language
from brainops.config import Settings
from brainops.health import figures, session
from brainops.health.report import report as reported
from brainops.learning.cycles.cycles import Learning
from brainops.memory.context import MemoryContext
from brainops.memory.uses import Uses
from brainops.operations.recorder import Recorder
from brainops.procedures.catalog import Catalog
from brainops.procedures.runs.dispatcher import Dispatcher
from brainops.types import Briefing, HealthFigure, Report, SessionRecord


class Looking:
    """The part of a Brain that shows how it is."""

    settings: Settings
    language: Language
    learning: Learning
    procedures: Catalog
    _context: MemoryContext
    _dispatcher: Dispatcher | None
    _recorder: Recorder
    _uses: Uses

    def session(self, *, id: str | None = None, agent: str | None = None) -> Briefing:
        """Open a session, put that on record, and return what somebody reads who begins to work.

        Operations, captures and consultations carry its id by `session=`, `--session` or BRAINOPS_SESSION. Learning
        that is due is caught up first where it is quick. With an `id` that is open already, it is only briefed again.
        Raises InvalidInput.
        """
        self._recorder.flush()
        place = session.SessionPlace(
            context=self._context,
            procedures=self.procedures,
            learning=self.learning,
            background=self._dispatcher is not None,
        )
        return session.open_session(place, id, agent)

    def session_record(self, id: str | None = None) -> SessionRecord:
        """Return what was done in a session: the one named, else the one of the settings, else the newest.

        Raises NotFound.
        """
        self._recorder.flush()
        return session.record_of(self._context, id or self.settings.session or session.newest(self._context))

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
