"""How does each alert stand, which runs are for it, and what has come in that nobody worked on yet?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from brainops.store.actors import actor_columns
from brainops.store.paging import paged
from brainops.store.rows import always, row_of, value_of
from brainops.types import Alert, AlertState, SetAside

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import Actor, Micros, Page

INBOX_ATTEMPTS = 5  # a message that is not usable so often is set aside, with the error


class AlertRows:
    """The alerts and the inbox of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, key: str) -> Alert | None:
        """Return a readable alert."""
        row = self._session.one("alert_get", key=key)
        return None if row is None else alert_of(row)

    def written(self, key: str) -> Alert | None:
        """Return an alert of the written namespace."""
        row = self._session.one("alert_written", key=key)
        return None if row is None else alert_of(row)

    def list(self, state: AlertState | None, limit: int, **beside: Unpack[Beside]) -> Page[Alert]:
        """Return alerts, the one that changed last first."""
        return paged(self._session, "alert_list", alert_of, limit, **beside, state=state.value if state else None)

    def put(self, alert: Alert) -> None:
        """Write how an alert stands."""
        self._session.run("alert_put", **row_of(alert, "labels"))

    def seen(self, key: str, now: Micros, *, fired: bool) -> None:
        """Write that an alert was told again."""
        self._session.run("alert_seen", key=key, now=now, more=int(fired))

    def trim(self, before: Micros) -> None:
        """Take out some of what was resolved long ago."""
        if self._session.run("alert_trim", before=before):
            self._session.run("alert_run_trim")

    def add_run(self, run_id: str, key: str) -> None:
        """Write that a run is for an alert."""
        self._session.run("alert_run_add", run_id=run_id, key=key)

    def forget_runs(self, key: str) -> None:
        """Part an alert from the runs that were for it."""
        self._session.run("alert_run_forget", key=key)

    def runs_of(self, key: str) -> Sequence[Row]:
        """Return the runs that are for an alert, each with the name of its procedure."""
        return self._session.all("alert_runs_of", key=key)

    def of_run(self, run_id: str) -> Row:
        """Return how many alerts a run is for, and how many of them fire."""
        return always(self._session, "alert_of_run", run_id=run_id)

    def wake(self, key: str, now: Micros) -> int:
        """Let runs that wait for their alerts to be resolved be due, where this is one of those."""
        return self._session.run("alert_wake", key=key, now=now)

    def receive(self, message_id: str, sender: str, body: str, actor: Actor, at: Micros) -> None:
        """Keep what came in until somebody works on it."""
        who = actor_columns(actor, "actor")
        self._session.run("inbox_add", id=message_id, sender=sender, body=body, at=at, **who)

    def waiting(self, limit: int) -> Sequence[Row]:
        """Return what came in first."""
        return self._session.all("inbox_next", limit=limit)

    def take(self, message_id: str) -> bool:
        """Work on a message in this transaction; return False where somebody else did."""
        return self._session.run("inbox_take", id=message_id) > 0

    def failed(self, message_id: str, error: str) -> None:
        """Write that a message could not be worked on."""
        self._session.run("inbox_failed", id=message_id, error=error, most=INBOX_ATTEMPTS)

    def aside(self, limit: int, **beside: Unpack[Beside]) -> Page[SetAside]:
        """Return what was set aside, the last that came in first."""
        return paged(self._session, "inbox_aside", lambda row: value_of(SetAside, row, "body"), limit, **beside)

    def retry(self, message_id: str | None) -> int:
        """Have one that was set aside, or all of them, worked on again; return how many that are."""
        return self._session.run("inbox_retry", id=message_id)

    def inbox(self) -> dict[str, Any]:
        """Return how much waits, since when, and how much was set aside."""
        return dict(always(self._session, "inbox_counts"))


def alert_of(row: Row) -> Alert:
    """Read a row as an Alert."""
    return value_of(Alert, row, "labels")
