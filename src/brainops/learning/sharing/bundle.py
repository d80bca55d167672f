"""How does a bundle of learnings read, line by line, and is it whole? (pure)

JSON lines: a head, one line an item, a line with the signature over everything before it. The id of a bundle is the
SHA-256 of what is signed, so the same bundle is the same wherever it is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from brainops.errors import ArchiveDamaged, InvalidInput
from brainops.types import JSON, Micros

FORMAT = "brainops-bundle"
VERSION = 1
KINDS = ("insight", "procedure", "fix")
REVOKED = "revoked"
MAX_ITEMS = 10_000  # what somebody can still look through, and a transaction takes in seconds
MAX_BYTES = 20_000_000  # some kilobytes an item


class Item(Struct, frozen=True, kw_only=True):
    """One learning: its kind, its id where it came from, and what it says."""

    kind: str
    id: str
    body: Mapping[str, JSON]

    @property
    def hash(self) -> str:
        """The SHA-256 of what it says."""
        return hashlib.sha256(_line(dict(self.body))).hexdigest()


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle as it was read: who made it (a public key, and the name that it gives itself), when, and what is in it.

    `revoked` are (kind, id) of what its maker gave away before and takes back.
    """

    id: str
    key: str
    name: str
    created_at: Micros
    items: tuple[Item, ...]
    revoked: tuple[tuple[str, str], ...]


def written(
    items: Sequence[Item],
    revoked: Sequence[tuple[str, str]],
    *,
    key: str,
    name: str,
    created_at: Micros,
    sign: Callable[[bytes], str],
) -> tuple[str, bytes]:
    """Return a bundle's id and its bytes. Raises InvalidInput where it is too large."""
    if len(items) > MAX_ITEMS:
        raise InvalidInput(f"a bundle holds at most {MAX_ITEMS:,} learnings; narrow it with --since or --tag")
    head = {"format": FORMAT, "version": VERSION, "key": key, "name": name, "created_at": created_at}
    lines = [_line({**head, "items": len(items), "revoked": len(revoked)})]
    lines += [_line({"kind": item.kind, "id": item.id, "body": dict(item.body)}) for item in items]
    lines += [_line({"kind": REVOKED, "of": kind, "id": origin}) for kind, origin in revoked]
    signed = b"".join(lines)
    if len(signed) > MAX_BYTES:
        raise InvalidInput(f"the bundle would be larger than {MAX_BYTES:,} bytes; narrow it with --since or --tag")
    return hashlib.sha256(signed).hexdigest(), signed + _line({"signature": sign(signed)})


def read(data: bytes, verify: Callable[[str, bytes, str], bool]) -> Bundle:
    """Return what a bundle holds; `verify(key, signed, signature)` says whether the key's owner signed it.

    Raises ArchiveDamaged for what is no bundle, is not whole, or was not signed by the key that it names.
    """
    if len(data) > MAX_BYTES + 10_000:
        raise ArchiveDamaged(f"a bundle has at most {MAX_BYTES:,} bytes; this one is larger")
    signed, separator, last = data.rstrip(b"\n").rpartition(b"\n")
    head = _object(signed.partition(b"\n")[0]) if separator else {}
    if head.get("format") != FORMAT:
        raise ArchiveDamaged("this is no bundle of learnings: its first line does not say so")
    if head.get("version") != VERSION:
        raise ArchiveDamaged(f"the bundle has version {head.get('version')!r:.20}; this program reads {VERSION}")
    signed += b"\n"
    key, signature = str(head.get("key", "")), _object(last).get("signature")
    if not isinstance(signature, str) or not verify(key, signed, signature):
        raise ArchiveDamaged("the bundle is not as its maker signed it; nothing of it was taken in")
    rows = [_object(line) for line in signed.splitlines()[1:]]
    items = tuple(_item(row) for row in rows if row.get("kind") != REVOKED)
    revoked = tuple((str(row.get("of")), str(row.get("id"))) for row in rows if row.get("kind") == REVOKED)
    if (len(items), len(revoked)) != (head.get("items"), head.get("revoked")) or len(items) > MAX_ITEMS:
        raise ArchiveDamaged("the bundle does not hold what its head says")
    created_at = head.get("created_at")
    return Bundle(
        id=hashlib.sha256(signed).hexdigest(),
        key=key,
        name=str(head.get("name", ""))[:80],
        created_at=created_at if isinstance(created_at, int) else 0,
        items=items,
        revoked=revoked,
    )


def _item(row: Mapping[str, Any]) -> Item:
    kind, origin, body = row.get("kind"), row.get("id"), row.get("body")
    if kind not in KINDS or not isinstance(origin, str) or not isinstance(body, dict):
        raise ArchiveDamaged(f"the bundle holds what is no learning: {str(row)[:80]}")
    return Item(kind=str(kind), id=origin[:200], body=body)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise ArchiveDamaged("the bundle holds a line that is no JSON; it is cut off or was changed") from None
    if not isinstance(value, dict):
        raise ArchiveDamaged("the bundle holds a line that is no object")
    return value


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
