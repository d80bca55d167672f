"""How is a session opened, and what was done in one?"""

from __future__ import annotations

from collections.abc import Callable

from brainops.health import session
from brainops.types import Briefing, SessionRecord


class Sessions:
    """The sessions of a memory: each a stretch of work by one actor. `own` is the one that this view works in."""

    def __init__(self, place: session.SessionPlace, own: str | None, flush: Callable[[], object]) -> None:
        self._place = place
        self._own = own
        self._flush = flush

    def open(self, *, id: str | None = None, agent: str | None = None) -> Briefing:
        """Open a session, put that on record, and return what somebody reads who begins to work.

        Operations, captures and consultations carry its id by `session=`, `--session` or BRAINOPS_SESSION. Learning
        that is due is caught up first where it is quick. With an `id` that is open already, it is only briefed again.
        Raises InvalidInput.
        """
        self._flush()
        return session.open_session(self._place, id, agent)

    def record(self, id: str | None = None) -> SessionRecord:
        """Return what was done in a session: the one named, else the one worked in, else the newest.

        Raises NotFound.
        """
        self._flush()
        context = self._place.context
        return session.record_of(context, id or self._own or session.newest(context))
