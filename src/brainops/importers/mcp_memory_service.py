"""What does mcp-memory-service know? Reads the plain table of its SQLite file, read-only and without its extensions."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import clean, clean_text, json_value
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.sections import slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust

CONTENT_LIMIT = 10 * 2**20
LOCK_WAIT_SECONDS = 5.0
"""How long another process may hold the file; its writes are short."""
FIELDS = ("content_hash", "content", "tags", "memory_type", "metadata", "created_at", "updated_at", "deleted_at")
TYPES = {
    "decision": MemoryType.DECISION_RECORD,
    "error": MemoryType.ERROR_PATTERN,
    "mistake": MemoryType.ERROR_PATTERN,
    "learning": MemoryType.LEARNING_INSIGHT,
    "procedure": MemoryType.OPERATIONAL_PROCEDURE,
    "pattern": MemoryType.SUCCESS_PATTERN,
    "conversation": MemoryType.USER_INTERACTION,
}
"""Its own names for kinds, where one of ours is meant; the rest are insights, and the name stays in the metadata."""


def connect(place: Place) -> sqlite3.Connection:
    """Open the file read-only; raises InvalidInput when SQLite cannot."""
    try:
        connection = sqlite3.connect(f"{place.uri}?mode=ro", uri=True, timeout=LOCK_WAIT_SECONDS)
        connection.text_factory = lambda raw: clean_text(raw.decode("utf-8", "replace"))
        return connection
    except sqlite3.Error as error:
        raise InvalidInput(f"SQLite cannot open it: {error}") from error


def columns(connection: sqlite3.Connection, table: str = "memories") -> frozenset[str]:
    """Return the names of a table's columns, none without such a table; raises InvalidInput on a damaged file."""
    try:
        return frozenset(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))
    except sqlite3.Error as error:
        raise InvalidInput(why_not(error)) from error


def why_not(error: sqlite3.Error) -> str:
    """Return what is wrong with a file, and the way out."""
    if "locked" in str(error) or "busy" in str(error):
        return "locked by another program; stop its server or import a copy"
    if "readonly" in str(error) or "unable to open" in str(error):
        return f"SQLite cannot read it ({error}); its -wal and -shm files must lie beside it and be readable"
    return f"damaged or no SQLite file ({error}); try `sqlite3 FILE .recover`"


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield its memories, and those left: deleted there, or without text.

    Raises InvalidInput when the file is locked, damaged or another program's.
    """
    with closing(connect(place)) as connection:
        there = columns(connection)
        if "content" not in there:
            raise InvalidInput("no table `memories` with a column `content`: not a file of mcp-memory-service")
        wanted = [name if name in there else f"NULL AS {name}" for name in FIELDS]
        query = f"SELECT rowid, {', '.join(wanted)} FROM memories ORDER BY rowid"
        try:
            for row in connection.execute(query):
                yield _item(place, row[0], dict(zip(FIELDS, row[1:], strict=True)), trust)
        except sqlite3.Error as error:
            raise InvalidInput(why_not(error)) from error


def _item(place: Place, number: int, row: dict[str, object], trust: Trust) -> Item:
    where = f"{place.relative}: row {number}"
    content = row["content"]
    if row["deleted_at"] not in (None, "", 0):
        return Leave(what=where, why="deleted there")
    if not isinstance(content, str) or not content.strip():
        return Leave(what=where, why="no text in it")
    if len(content) > CONTENT_LIMIT:
        return Leave(what=where, why=f"longer than {CONTENT_LIMIT} characters", fault=True)
    identity = row["content_hash"] if isinstance(row["content_hash"], str) and row["content_hash"] else f"row-{number}"
    kind = row["memory_type"] if isinstance(row["memory_type"], str) else ""
    metadata: dict[str, JSON] = {"memory_type": kind, **_metadata(row["metadata"])}
    metadata |= {name: _time(row[name]) for name in ("created_at", "updated_at") if _time(row[name]) is not None}
    line = next((line.strip("# \t*") for line in content.splitlines() if line.strip("# \t*")), "memory")
    draft = Draft(
        title=line[:120],
        content=content,
        type=MemoryType(kind) if kind in set(MemoryType) else TYPES.get(kind, MemoryType.LEARNING_INSIGHT),
        tags=_tags(row["tags"]),
        metadata=metadata,
        trust=trust,
        source=Source(key=place.key(Format.MCP_MEMORY_SERVICE, str(identity)), uri=place.uri),
    )
    return Take(draft=draft, position=where)


def _metadata(value: object) -> dict[str, JSON]:
    if not isinstance(value, str) or not value.strip():
        return {}
    try:
        found = json_value(value)
    except InvalidInput:
        return {"metadata_text": value[:10_000]}
    return found if isinstance(found, dict) else {"metadata_value": clean(found)}


def _tags(value: object) -> tuple[str, ...]:
    """Return tags kept as text with commas, or as a JSON list in older files."""
    if not isinstance(value, str):
        return ()
    parts: list[JSON] = list(value.split(","))
    if value.lstrip().startswith("["):
        try:
            listed = json_value(value)
            parts = listed if isinstance(listed, list) else []
        except InvalidInput:
            pass
    return tuple(dict.fromkeys(tag for part in parts if (tag := slug(part))))


def _time(value: object) -> JSON:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None
