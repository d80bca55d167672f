"""What must somebody be told, and was it delivered?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.memory.context import MemoryContext
from brainops.memory.draft import clean
from brainops.memory.redact import redact, redact_json
from brainops.store import Transaction
from brainops.store.ids import new_id
from brainops.types import JSON, Notice, NoticeKind

MAX_SUBJECT_CHARACTERS = 600  # an operation and its target, or a title


class Outbox:
    """The notices of one memory, delivered at least once by a command or a webhook."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def put(self, tx: Transaction, kind: NoticeKind, subject: str, /, **body: JSON) -> str:
        """Write, in the transaction of what it tells, that somebody must be told; return the notice's id."""
        policy, notice_id = self._context.redaction, new_id()
        told = redact(clean(subject)[:MAX_SUBJECT_CHARACTERS], policy).text
        reading = redact_json(dict(body), policy).value
        assert isinstance(reading, dict)
        tx.approvals.add_notice(notice_id, kind, told, reading, self._context.store.now())
        return notice_id

    def pending(self, *, limit: int = 100) -> Sequence[Notice]:
        """Return the notices that wait for delivery, newest first."""
        with self._context.store.read() as tx:
            return tx.approvals.notices(limit=limit)
