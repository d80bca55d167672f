"""How is a SQLite store made, migrated, copied, checked and measured as a whole?"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from brainops.errors import ArchiveDamaged, Conflict, InvalidConfiguration, StoreCorrupt, StoreUnavailable
from brainops.store.migrate import SchemaState, migrate_sqlite, require_usable, sqlite_state
from brainops.store.scope import Scope
from brainops.store.sqlite import MINIMUM_VERSION, SQLiteDatabase, translated
from brainops.store.sqlite_index import SQLiteIndex
from brainops.store.store import Store

BACKUP_PAGES = 1_000  # copied at a time, so that writers get in between
KEPT_MIGRATION_BACKUPS = 5  # older automatic backups are named in `status`, never deleted


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
    database = SQLiteDatabase(path)
    return Store(database, SQLiteIndex(path), SQLiteUpkeep(database), scope)


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
        path = Path(target).expanduser().absolute()
        if path.exists():
            raise Conflict(f"{path} exists already; name a new file, so that no backup is overwritten")
        unfinished = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600))
        try:
            self._copy_to(unfinished)
            _verify(unfinished)
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return file_sha256(path)

    def _copy_to(self, target: Path) -> None:
        with self._database.raw() as connection, closing(sqlite3.connect(target)) as copy:
            connection.backup(copy, pages=BACKUP_PAGES)
            copy.execute("pragma journal_mode = delete")

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

    def scrub(self) -> None:
        """Merge the word index and empty the log, so that purged words stand in neither; drop the vector maps."""
        with self._database.raw() as connection:
            connection.execute("insert into memory_fts (memory_fts) values ('optimize')")
            connection.execute("pragma wal_checkpoint(truncate)")
        path = Path(self._database.location)
        for file in path.parent.glob(path.name + ".*.vec"):
            file.unlink(missing_ok=True)

    def sizes(self) -> dict[str, int]:
        """Return the bytes of the file, its log and its vector map, and what the disk has left."""
        if self._database.location == ":memory:":
            with self._database.raw() as connection:
                pages, size = (
                    connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "page_size")
                )
            return {"rows": pages * size}
        path = Path(self._database.location)
        files = {"rows": path, "log": path.with_name(path.name + "-wal")}
        found = {name: file.stat().st_size for name, file in files.items() if file.exists()}
        maps = sum(file.stat().st_size for file in path.parent.glob(path.name + ".*.vec"))
        return {**found, "vectors": maps, "free": shutil.disk_usage(path.parent).free}

    def _backup_before(self, state: SchemaState) -> None:
        path = Path(self._database.location)
        target = path.with_name(f"{path.name}.before-schema-{state.program}.backup")
        if not target.exists():
            self.backup(str(target))


def restore_file(backup: str, location: str, *, replace: bool = False) -> None:
    """Put a verified backup in the place of a store; the replaced file is kept beside it.

    Raises ArchiveDamaged where the backup does not verify, Conflict where a store stands there without `replace`.
    """
    source, target = Path(backup).expanduser().absolute(), Path(location).expanduser().absolute()
    if not source.is_file():
        raise ArchiveDamaged(f"there is no backup {source}")
    _verify(source)
    if target.exists() and not replace:
        raise Conflict(f"{target} exists already; add --replace (it is kept beside as {target.name}.replaced)")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    shutil.copyfile(source, unfinished)
    os.chmod(unfinished, 0o600)
    if file_sha256(unfinished) != file_sha256(source):
        raise ArchiveDamaged(f"copying {source} changed it: check the disk; {target} was left alone")
    if target.exists():
        _set_aside(target)
    os.replace(unfinished, target)
    _sync_folder(target.parent)


def _set_aside(target: Path) -> None:
    # A damaged store is why people restore; it is kept as it is.
    with closing(sqlite3.connect(target)) as connection, suppress(sqlite3.DatabaseError):
        connection.execute("pragma wal_checkpoint(truncate)")
    os.replace(target, target.with_name(target.name + ".replaced"))
    for ending in ("-wal", "-shm"):
        target.with_name(target.name + ending).unlink(missing_ok=True)
    for file in target.parent.glob(target.name + ".*.vec"):
        file.unlink()


def _verify(path: Path) -> None:
    """Raise ArchiveDamaged unless the file is a whole BrainOps store that this program can read."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            verdict = connection.execute("pragma integrity_check(1)").fetchone()[0]
            state = sqlite_state(connection)
    except StoreCorrupt as error:
        raise ArchiveDamaged(f"{path} is not a BrainOps backup: {error}") from error
    except sqlite3.Error as error:
        raise ArchiveDamaged(f"{path} does not verify: {translated(error, str(path))}") from error
    if verdict != "ok" or not state.stored:
        raise ArchiveDamaged(f"{path} does not verify ({verdict}); use another backup")
    require_usable(state, str(path))


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
