"""How is an operation begun, accompanied, looked up and corrected afterwards?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops import config
from brainops.memory import retrieve
from brainops.memory.context import MemoryContext
from brainops.memory.transfer import segments
from brainops.operations import log as records
from brainops.operations.operation import Accompany, Manner, OperationLog, Running, action_class_of, start_of
from brainops.operations.recorder import Recorder
from brainops.procedures.runs.dispatcher import Dispatcher
from brainops.store import Store
from brainops.types import ActionClass, Consult, ErrorEvent, Guidance, Operation, OperationStart, Record


class Operating:
    """The part of a Brain that stands around operations."""

    settings: config.Settings
    _context: MemoryContext
    _dispatcher: Dispatcher | None
    _operations: OperationLog
    _recorder: Recorder
    _store: Store

    def guidance(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Guidance:
        """Consult memory about an operation; the guidance's id is the receipt that this was done."""
        return self._operations.guidance(self._start(name, target, context, session), action_class)

    def operation(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        consult: Consult = "always",
        record: Record = "durable",
        timeout_seconds: float | None = None,
        strict: bool = False,
        client_errors: bool = False,
        service: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Accompany:
        """Accompany an operation, as `with`, `async with` or decorator: consult before, record after, keep the error.

        See `Manner` for what the options mean. An exception of the operation passes through unchanged.
        """
        manner = _manner(consult, record, timeout_seconds, strict, client_errors, service, action_class)
        start = self._start(name, target, context, session)
        return Accompany(lambda: self._operations, start, manner)

    def begin(
        self,
        name: str,
        *,
        target: str | None = None,
        context: Mapping[str, Any] | None = None,
        session: str | None = None,
        consult: Consult = "always",
        record: Record = "durable",
        timeout_seconds: float | None = None,
        strict: bool = False,
        service: str | None = None,
        action_class: ActionClass | str | None = None,
    ) -> Running:
        """Begin an operation whose end is told later, by the handle or by `resume(id)` in another process."""
        manner = _manner(consult, record, timeout_seconds, strict, False, service, action_class)
        return self._operations.begin(self._start(name, target, context, session), manner)

    def resume(self, operation_id: str, *, record: Record = "durable", strict: bool = False) -> Running | None:
        """Return the handle of an operation that was begun elsewhere, to end it; None where there is none."""
        return self._operations.resume(operation_id, Manner(consult="never", record=record, strict=strict))

    def operations(
        self,
        *,
        name: str | None = None,
        target: str | None = None,
        outcome: str | None = None,
        since: int | None = None,
        limit: int = 50,
        include_archived: bool = False,
    ) -> list[Operation]:
        """Return the operation log, newest first; `outcome` is "succeeded", "failed" or "open"."""
        retrieve.check_limit(limit)
        self._recorder.flush()
        asked: dict[str, Any] = {"name": name, "target": target, "outcome": outcome, "since": since, "limit": limit}
        with self._store.read() as tx:
            found = tx.operations.list(**asked)
            if include_archived:
                found = sorted([*found, *segments.archived_operations(tx, **asked)], key=lambda each: -each.started_at)
            return found[:limit]

    def _start(
        self, name: str, target: str | None, context: Mapping[str, Any] | None, session: str | None
    ) -> OperationStart:
        if self._dispatcher is not None:
            self._dispatcher.begin()  # a memory that is used also learns while it is open
        return start_of(name, target, context, self.settings.actor, session or self.settings.session)

    def get_operation(self, operation_id: str) -> Operation:
        """Return one operation by id; raise NotFound."""
        self._recorder.flush()
        return records.get(self._context, operation_id)

    def contradict(self, operation_id: str, reason: str) -> None:
        """Say that an operation that was taken for a success was none."""
        records.contradict(self._context, operation_id, reason)

    def verify(self, operation_id: str) -> None:
        """Say that a later check confirmed an operation's outcome."""
        records.verify(self._context, operation_id)

    def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
        """Make an error a memory, without waiting: one per fingerprint, with a count."""
        event = records.event_of(error, service)
        self._recorder.submit(
            self._store,
            lambda tx: records.distil(tx, self._context, records.checked_error(self._context, event), None, None),
        )


def _manner(
    consult: Consult,
    record: Record,
    timeout_seconds: float | None,
    strict: bool,
    client_errors: bool,
    service: str | None,
    action_class: ActionClass | str | None,
) -> Manner:
    options: dict[str, Any] = {} if timeout_seconds is None else {"timeout_seconds": timeout_seconds}
    options["least"] = action_class_of(action_class)
    return Manner(
        consult=consult, record=record, strict=strict, client_errors=client_errors, service=service, **options
    )
