"""Which rows hold the fingerprint of an error, and how do they get another one?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.store.database import Row, Session

PAGE_ROWS = 500  # moved in one transaction
_BEARERS = ("fix", "fix_application", "evidence", "cause_change", "cause_other", "run", "attempt", "log_template")


class FingerprintRows:
    """The fingerprints of one transaction, in the written namespace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def memories(self, after: int) -> Sequence[Row]:
        """Return the next error memories after a key."""
        return self._session.all("fingerprint_memory_page", after=after, limit=PAGE_ROWS)

    def operations(self, after: int) -> Sequence[Row]:
        """Return the next failed operations after a key."""
        return self._session.all("fingerprint_operation_page", after=after, limit=PAGE_ROWS)

    def move_memory(self, key: int, *, whole: str, text: str, content_hash: str) -> None:
        """Say under which digests, and which identity, an error memory stands."""
        values = {"fingerprint": whole, "message_fingerprint": text, "content_hash": content_hash}
        self._session.run("fingerprint_move_memory", key=key, **values)

    def move_operation(self, key: int, digest: str) -> None:
        """Say which error an operation ended in."""
        self._session.run("fingerprint_move_operation", key=key, fingerprint=digest)

    def rename(self, earlier: str, digest: str) -> None:
        """Let whatever was bound to a fingerprint be bound to the one that the same error has now."""
        for table in _BEARERS:
            self._session.run(f"fingerprint_rename_{table}", earlier=earlier, fingerprint=digest)
