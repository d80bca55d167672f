"""When are two memories the same one, and which may stand under a content's identity?

A memory is the same as one of equal type, title and content, unless each names a subject and the subjects differ: what
was said of two people is two memories, so that one can be purged with its subject. The first holds the content's hash,
one about a further subject a hash of both. One whose validity has ended gives way to the next that says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from brainops.memory.draft import content_hash, subject_hash, words_of_row
from brainops.store import acts
from brainops.types import Trust
from brainops_core.blake2 import blake2b

if TYPE_CHECKING:
    from brainops.store import Transaction
    from brainops.store.database import Row

_SAID = ("type", "title", "content", "tags", "metadata", "subject", "fingerprint", "valid_from", "valid_to")


def key_hash(idempotency_key: str) -> str:
    """Return what is kept of an idempotency key: enough to know it again, and nothing that it says."""
    return blake2b(idempotency_key.encode(), digest_size=16).hexdigest()


def said(row: Mapping[str, Any]) -> str:
    """Return the digest of all that a capture says, by which a repetition under its key is told from another one."""
    return content_hash("said", "", repr([row[name] for name in _SAID]))


def has_ended(row: Row | Mapping[str, Any], now: int) -> bool:
    """Say whether a memory's validity is over. That it was changed at a time proves that this time has been."""
    return row["valid_to"] is not None and row["valid_to"] <= max(now, row["updated_at"])


def stays(tx: Transaction, standing: Row) -> bool:
    """Say whether a memory stays as it is when it is said again: it is verified, and whoever says so may not change it.

    Then only the count goes on, and what is said of a subject that it does not name is a memory of its own.
    """
    return standing["trust"] == Trust.VERIFIED and not tx.lets(acts.SET_ASIDE_VERIFIED)


def make_room(tx: Transaction, row: dict[str, Any], now: int) -> Row | None:
    """Let a row stand under its content's identity: return the memory that says the same, or None where it may.

    Then its `content_hash` may have become that of its subject, and one that had ended is replaced by it.
    """
    standing = tx.memories.same(row["content_hash"])
    if (
        standing is not None
        and row["subject"] not in (None, "", standing["subject"])
        and (standing["subject"] is not None or stays(tx, standing))
    ):
        row["content_hash"] = subject_hash(row["content_hash"], row["subject"])
        standing = tx.memories.same(row["content_hash"])
    if standing is None or standing["id"] == row["id"]:
        return None
    over = row["valid_to"] is not None and row["valid_to"] <= now
    if over or not has_ended(standing, now):
        return standing
    tx.memories.mark_superseded(standing["id"], row["id"], standing["valid_to"], words_of_row(standing))
    row["supersedes"] = row["supersedes"] or standing["id"]
    return None


def with_free_key(tx: Transaction, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row that comes back, without its idempotency key where that was used since."""
    key = row["idempotency_key"]
    if key and tx.memories.by_idempotency(key, key_hash(key)) is not None:
        return {**row, "idempotency_key": None}
    return row
