"""How is a SQLite store made, migrated, copied, checked and measured as a whole?"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from brainops.errors import InvalidConfiguration, StoreUnavailable
from brainops.store.files import new_file, refuse_backup, write_digest
from brainops.store.holders import told
from brainops.store.migrate import migrate_sqlite, sqlite_state
from brainops.store.sqlite import MINIMUM_VERSION, SQLiteDatabase, drop_maps
from brainops.store.sqlite_index import SQLiteIndex
from brainops.store.sqlite_log import (
    LOG_BYTES,
    SCRUB_MILLISECONDS,
    LogState,
    empty,
    holds_purged,
    log_bytes,
    note_purged,
    readers,
)
from brainops.store.store import Store

if TYPE_CHECKING:
    from brainops.store.migrate import SchemaState
    from brainops.store.scope import Scope

BACKUP_PAGES = 1_000  # copied at a time, so that writers get in between


def sqlite_store(location: str, scope: Scope) -> Store:
    """Return the store of a SQLite file, not yet migrated."""
    if sqlite3.sqlite_version_info < MINIMUM_VERSION:
        raise StoreUnavailable(
            f"this Python brings SQLite {sqlite3.sqlite_version}; BrainOps needs "
            f"{'.'.join(map(str, MINIMUM_VERSION))} or newer: use a newer Python"
        )
    path = location if location == ":memory:" else str(Path(location).expanduser().absolute())
    if path != ":memory:" and _is_folder(path):
        raise StoreUnavailable(f"{path} is a folder; name a file in it, for example {path}/memory.db")
    index = SQLiteIndex(path)
    database = SQLiteDatabase(path, when_replaced=index.forget)
    return Store(database, index, SQLiteUpkeep(database), scope)


def _is_folder(path: str) -> bool:
    try:
        os.lstat(path)
        return Path(path).is_dir()
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        raise InvalidConfiguration(f"{path[:200]!r} cannot be the name of a file: {error}") from error


class SQLiteUpkeep:
    """What is done to a whole SQLite file."""

    def __init__(self, database: SQLiteDatabase) -> None:
        self._database = database

    def migrate(self) -> None:
        """Bring the schema to this program's, after an automatic backup where there is data."""
        migrate_sqlite(self._database, self._backup_before)

    def schema(self) -> dict[str, int | list[str]]:
        """Return the stored and the program's schema, and the migrations that are pending."""
        with self._database.raw() as connection:
            state = sqlite_state(connection)
        return {
            "stored": state.stored,
            "program": state.program,
            "capture_from": state.capture_from,
            "pending": list(state.pending),
        }

    def backup(self, target: str) -> str:
        """Write a consistent copy while others read and write; return its SHA-256."""
        from brainops.store.sqlite_restore import verify

        path = Path(target).expanduser().absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        refuse_backup(path)
        with new_file(path) as unfinished:
            with self._database.raw() as connection, closing(sqlite3.connect(unfinished)) as copy:
                connection.backup(copy, pages=BACKUP_PAGES)
                copy.execute("pragma journal_mode = delete")
            verify(unfinished, path)
        return write_digest(path)

    def check(self) -> list[str]:
        """Return what SQLite and the word index say is wrong."""
        with self._database.raw() as connection:
            problems = [row[0] for row in connection.execute("pragma integrity_check(20)") if row[0] != "ok"]
            problems += [f"broken reference in {row[0]}" for row in connection.execute("pragma foreign_key_check")]
            try:
                connection.execute("insert into memory_fts (memory_fts) values ('integrity-check')")
            except sqlite3.DatabaseError as error:
                problems.append(f"the word index disagrees with itself ({error}): run `brainops reindex`")
            unindexed = connection.execute(
                "select count(*) from memory where key not in (select rowid from memory_fts_docsize)"
            ).fetchone()[0]
        if unindexed:
            problems.append(f"{unindexed} memories are missing from the word index: run `brainops reindex`")
        return problems

    def scrub(self) -> str | None:
        """Merge the word index and empty the log, so that purged words stand in neither; drop the vector maps.

        Returns who keeps the log from being emptied; then every later write tries again.
        """
        with self._database.raw() as connection:
            connection.execute("insert into memory_fts (memory_fts) values ('optimize')")
            emptied = empty(connection, SCRUB_MILLISECONDS)
            reading = None if emptied else told(readers(self._database.location))
            note_purged(connection, not emptied)
            self._database.log.owed = not emptied
        drop_maps(self._database.location)
        return reading

    def log(self, *, shorten: bool = False) -> LogState | None:
        """Return the state of the log, after an attempt to cut it where asked; None where there is none."""
        if self._database.location == ":memory:":
            return None
        with self._database.raw() as connection:
            purged, size = holds_purged(connection), log_bytes(f"{os.path.realpath(self._database.location)}-wal")
            if shorten and (purged or size > LOG_BYTES) and empty(connection, SCRUB_MILLISECONDS):
                note_purged(connection, False)
                purged, size = False, 0
        reading = readers(self._database.location) if purged or size > LOG_BYTES else []
        return LogState(bytes=size, purged=purged, readers=tuple(reading))

    def sizes(self) -> dict[str, int]:
        """Return the bytes of the file, its log and its vector map, and what the disk has left."""
        if self._database.location == ":memory:":
            with self._database.raw() as connection:
                pages, size = (
                    connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size")
                )
            return {"rows": pages * size}
        path = Path(self._database.location)
        files = {"rows": path, "log": Path(f"{os.path.realpath(path)}-wal")}
        found = {name: file.stat().st_size for name, file in files.items() if file.exists()}
        maps = sum(file.stat().st_size for file in path.parent.glob(path.name + ".*.vec"))
        disk = os.statvfs(path.parent)
        return {**found, "vectors": maps, "free": disk.f_bavail * disk.f_frsize}

    def _backup_before(self, state: SchemaState) -> None:
        path = Path(self._database.location)
        target = path.with_name(f"{path.name}.before-schema-{state.program}.backup")
        if not target.exists():
            self.backup(str(target))
