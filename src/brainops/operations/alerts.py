"""How do alerts stand, and what becomes of those that come in? Kept first, and worked on after that."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.errors import BrainOpsError, InvalidInput, NotFound, OutcomeUnknown, StoreFull, StoreUnavailable
from brainops.memory.filters import member
from brainops.memory.recognition.alert_shapes import SENDERS
from brainops.memory.recognition.alerts import alert_text, alerts_in
from brainops.memory.redaction.redact import redact_json
from brainops.operations.events import Happening, checked_alert, happening, held_back_by, write
from brainops.store import acts
from brainops.store.actors import actor_of
from brainops.store.ids import new_id
from brainops.store.scope import Scope
from brainops.types import AlertEvent, AlertState, Inbox
from brainops.types.times import SECOND_MICROS
from brainops.wire import from_json, plain
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.enforcement import Guard
    from brainops.procedures.triggers.triggers import Triggers
    from brainops.store.database import Row
    from brainops.types import JSON, Alert, Page, SetAside

BATCH = 50  # messages of one transaction: what waits for the disk is waited for once, and others write in between
ROUNDS = 100  # of one call; the next one goes on
TROUBLE = (StoreUnavailable, OutcomeUnknown, StoreFull)  # of the moment: it says nothing against what came in
AHEAD_SECONDS = 300  # that a sender's clock may be ahead; a time beyond that would make all that follows late


class Alerts:
    """The alerts of one memory, and its inbox."""

    def __init__(self, context: MemoryContext, triggers: Triggers, guard: Guard, nudge: Callable[[], object]) -> None:
        self._context = context
        self._triggers = triggers
        self._guard = guard
        self._nudge = nudge

    def get(self, key: str) -> Alert:
        """Return how one alert stands; raise NotFound."""
        with self._context.store.read() as tx:
            found = tx.alerts.get(clean(str(key)))
        if found is None:
            raise NotFound(f"there is no alert {key!r:.80} in the namespaces that you read")
        return found

    def list(
        self,
        state: AlertState | str | None = None,
        *,
        limit: int = 100,
        after: str | None = None,
        before: str | None = None,
    ) -> Page[Alert]:
        """Return the alerts that stand so, or all, the one that changed last first."""
        wanted = None if state is None else member(AlertState, state)
        with self._context.store.read() as tx:
            return tx.alerts.list(wanted, limit, after=after, before=before)

    def inbox(self) -> Inbox:
        """Return how much came in that nobody worked on yet."""
        with self._context.store.read() as tx:
            return Inbox(**tx.alerts.inbox())

    def aside(self, *, limit: int = 100, after: str | None = None, before: str | None = None) -> Page[SetAside]:
        """Return what came in and could not be worked on, each with its error, the last that came in first."""
        with self._context.store.read() as tx:
            return tx.alerts.aside(limit, after=after, before=before)

    def retry(self, message_id: str | None = None) -> int:
        """Have one that was set aside, or all of them, worked on again; return how many that are. Raises NotFound."""
        with self._context.store.writing(acts.RECORD, self._context.actor) as tx:
            waits = tx.alerts.retry(message_id)
        if message_id is not None and not waits:
            raise NotFound(f"nothing that was set aside has the id {message_id!r:.80}: brainops alerts aside")
        return waits

    def receive(self, sender: str, body: JSON) -> int:
        """Keep the alerts of a webhook, and return how many it tells of; what follows from them is done later.

        `sender` says which shape it has; `generic` takes every known one, and {name, key, target, severity, labels,
        text, link, resolved}. Durable when it returns. Raises InvalidInput for what has no known shape.
        """
        if sender not in SENDERS:
            raise InvalidInput(f"no webhooks of {sender!r:.40} are known here; there are {', '.join(SENDERS)}")
        told = alerts_in(sender, body)
        policy, actor = self._context.redaction, self._context.actor
        checked = [checked_alert(self._context, each) for each in told]
        kept = [redact_json(plain(each), policy).value for each in checked]
        if kept:
            with self._context.store.writing(acts.RECORD, actor) as tx:
                at = self._context.store.now()
                for each in kept:
                    tx.alerts.receive(new_id(), sender, json.dumps(each), actor, at)
        return len(kept)

    def work(self) -> int:
        """Work on what came in, in the order in which it came; return how much that was.

        Safe in several processes: each message is taken, and what follows from it written, in one transaction. One that
        cannot be worked on is set aside after some attempts, with the error; trouble of the store counts as none.
        Raises StoreUnavailable, OutcomeUnknown, StoreFull: what came in waits for the next call.
        """
        done = 0
        try:
            for _ in range(ROUNDS):
                with self._context.store.read(Scope.of(self._context.store.scope.write)) as tx:
                    rows = tx.alerts.waiting(BATCH)
                if not rows:
                    break
                done += self._worked(rows)
        finally:
            if done:
                self._nudge()
        return done

    def _worked(self, rows: Sequence[Row]) -> int:
        ready = [(row, self._happening(row)) for row in rows]
        held_back, done = held_back_by(self._guard), 0
        with self._context.store.writing(acts.RECORD, acts.ITSELF) as tx:
            for row, happened in ready:
                problem = happened if isinstance(happened, BrainOpsError) else None
                try:
                    with tx.session.savepoint():
                        if problem is None and isinstance(happened, Happening) and tx.alerts.take(row["id"]):
                            write(tx, self._context, happened, held_back)
                            done += 1
                except TROUBLE:
                    raise
                except BrainOpsError as error:
                    problem = error
                if problem is not None:
                    tx.alerts.failed(row["id"], self._context.text(problem))
        return done

    def _happening(self, row: Row) -> Happening | BrainOpsError:
        try:
            told = from_json(AlertEvent, row["body"])
            latest = self._context.store.now() + AHEAD_SECONDS * SECOND_MICROS
            alert = replace(
                told,
                name=f"alert.{told.name}",
                said_at=told.said_at if told.said_at is not None and told.said_at <= latest else None,
            )
            context = replace(self._context, actor=actor_of(row, "actor"))
            return happening(context, self._triggers, alert, error=alert_text(told), said={"text": told.text})
        except TROUBLE:
            raise
        except BrainOpsError as error:
            return error
