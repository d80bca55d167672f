"""Was this asked before, under the same idempotency key? The claim that a transaction makes, and what was answered."""

from __future__ import annotations

from contextvars import ContextVar

from brainops.errors import Conflict
from brainops.store.database import Row, Session
from brainops.types.times import HOUR_MICROS

KNOWN_MICROS = 24 * HOUR_MICROS  # how long a key is known: whoever repeats a call does so within minutes


class Repeated(Conflict):
    """What is asked under this key was done in the meantime."""


class Claim:
    """A call that is to be done once: the first transaction that it writes in takes its key, or is undone.

    It is made in the thread of the call (`CLAIM`), so that nothing that goes on beside it takes the key.
    """

    def __init__(self, key_hash: str, asked: str) -> None:
        self.key_hash = key_hash
        self.asked = asked
        self.namespace: str | None = None  # where the key stands, once that is committed

    def make(self, session: Session, now: int) -> None:
        """Take the key in a transaction. Raises Repeated."""
        values = {"key_hash": self.key_hash, "asked": self.asked, "at": now, "since": now - KNOWN_MICROS}
        if not session.run("answer_claim", **values):
            raise Repeated


CLAIM: ContextVar[Claim | None] = ContextVar("CLAIM", default=None)


class AnswerRows:
    """What was done under which keys, in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, key_hash: str, now: int) -> Row | None:
        """Return what was done under a key in the readable namespaces, as long as it is known."""
        return self._session.one("answer_get", key_hash=key_hash, since=now - KNOWN_MICROS)

    def keep(self, key_hash: str, said: str) -> None:
        """Keep what was answered."""
        self._session.run("answer_keep", key_hash=key_hash, said=said)

    def drop(self, key_hash: str) -> None:
        """Let a key be used anew."""
        self._session.run("answer_drop", key_hash=key_hash)

    def forget(self) -> None:
        """Let no answer stand that may hold what was purged or redacted."""
        self._session.run("answer_forget")

    def trim(self, now: int) -> None:
        """Take out the keys that are known no longer."""
        self._session.run("answer_trim", since=now - KNOWN_MICROS)
