"""Which keys open the memory from elsewhere? Their rows, which stand in the namespace of the whole store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainops.store.rows import row_of, value_of
from brainops.types import AccessKey

if TYPE_CHECKING:
    from brainops.store.database import Row, Session


class KeyRows:
    """The keys of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: AccessKey, digest: str) -> None:
        """Keep a key, by the digest of its secret."""
        row = row_of(key, "reads", digest=digest)
        self._session.run("key_insert", **{name: row[name] for name in row.keys() - {"revoked_at", "used_at"}})

    def get(self, key_id: str) -> tuple[AccessKey, str] | None:
        """Return a key and the digest of its secret."""
        row = self._session.one("key_get", id=key_id)
        return None if row is None else (key_of(row), row["digest"])

    def list(self, limit: int) -> Sequence[AccessKey]:
        """Return keys, newest first."""
        return [key_of(row) for row in self._session.all("key_list", limit=limit)]

    def holding(self, name: str, now: int) -> Sequence[AccessKey]:
        """Return the keys of a name that open something now, oldest first."""
        return [key_of(row) for row in self._session.all("key_holding", name=name, now=now)]

    def end(self, key_id: str, at: int) -> None:
        """Let a key end at a time, unless it ends sooner."""
        self._session.run("key_end", id=key_id, at=at)

    def revoke(self, key_id: str, at: int) -> bool:
        """Take a key back; return False where that was done before."""
        return self._session.run("key_revoke", id=key_id, at=at) > 0

    def used(self, key_id: str, at: int) -> None:
        """Say when a key was last used."""
        self._session.run("key_used", id=key_id, at=at)

    def take_turns(self, name: str, began_at: int, more: int, most: int) -> bool:
        """Take turns of somebody's minute; return False where more than `most` were taken then."""
        return self._session.run("rate_take", name=name, began_at=began_at, more=more, most=most) > 0


def key_of(row: Row) -> AccessKey:
    """Read a key from its row."""
    return value_of(AccessKey, row, "reads")
