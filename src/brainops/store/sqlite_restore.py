"""How does a backup take the place of a SQLite store without losing what stood there, or what is written meanwhile?

A store is taken over only once it has left WAL mode, which fails while anybody is connected (an exclusive transaction
does not prove that: whoever is between two transactions does not mind it). What stands there is copied beside first;
then the backup is written into the same file, in one transaction, so that nobody is left with a file without a name.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from brainops.errors import ArchiveDamaged, Conflict, StoreCorrupt, StoreUnavailable
from brainops.store.files import PRIVATE, expected_digest, new_file, publish, require_digest, write_digest
from brainops.store.holders import holders, told
from brainops.store.migrate import require_usable, sqlite_state
from brainops.store.sqlite import drop_maps
from brainops.store.sqlite_errors import translated

EXCLUSIVE_SECONDS = 5.0  # what a restore waits until nobody is connected: a command that is about to end does so
RETRY_SECONDS = 0.1
LOCKED_BYTES = (512, 0x40000000)  # length and start of where SQLite's locks on a database file lie
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def restore_file(
    backup: str, location: str, *, replace: bool = False, sha256: str | None = None, unverified: bool = False
) -> Path | None:
    """Put a verified backup in the place of a store; return where what stood there is kept, None where nothing did.

    The backup's SHA-256 is `sha256`, or stands in the file beside it, unless `unverified`. Raises InvalidInput where
    there is no such digest, ArchiveDamaged where the backup does not verify, Conflict where a store stands there
    without `replace`, StoreUnavailable where somebody works on that store.
    """
    source = Path(backup).expanduser().absolute()
    given = Path(location).expanduser().absolute()
    target = Path(os.path.realpath(given))
    _require_backup(source, target)
    digest = None if unverified else expected_digest(source, sha256)
    if target.exists() and not replace:
        raise Conflict(f"{target} exists already; add --replace (it is kept beside, as {target.name}.replaced-TIME)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _copied(source, target, digest) as copy:
        if not target.exists():
            publish(copy, target)
            drop_maps(str(given))
            return None
        stem = f"{target.name}.replaced-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        names = (target.with_name(stem if number == 1 else f"{stem}-{number}") for number in range(1, 10_000))
        kept = next(path for path in names if not os.path.lexists(path))
        try:
            with _exclusive(target) as connection:
                with new_file(kept) as unfinished, closing(sqlite3.connect(unfinished)) as beside:
                    connection.backup(beside)
                with closing(sqlite3.connect(copy)) as restored:
                    restored.backup(connection)
        except sqlite3.Error as error:
            if _code(error) not in _DAMAGED:
                raise translated(error, str(target)) from error
            _exchange(copy, target, kept)
    drop_maps(str(given))
    write_digest(kept)
    return kept


def _require_backup(source: Path, target: Path) -> None:
    if not source.is_file():
        raise ArchiveDamaged(f"there is no backup {source}")
    if target.exists() and source.samefile(target):
        raise Conflict(f"{source} is the store itself: name a backup of it")
    log = source.with_name(source.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise Conflict(
            f"{source} has a log beside it ({log.name}), so it is a store in use and the file alone is not all of it: "
            f"make a backup of it first, `brainops --store {source} backup FILE`"
        )


@contextmanager
def _copied(source: Path, target: Path, digest: str | None) -> Iterator[Path]:
    """Lend a verified copy of the backup beside the store: what is checked here is what is restored."""
    copy = target.with_name(f".brainops-{secrets.token_hex(8)}.part")
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        shutil.copyfile(source, copy)
        if digest is not None:
            require_digest(copy, digest, source)
        verify(copy, source)
        _renew(copy)
        yield copy
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            Path(f"{copy}{ending}").unlink(missing_ok=True)


def verify(path: Path, named: Path) -> None:
    """Raise ArchiveDamaged unless a file is a whole BrainOps store that this program can read."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("pragma journal_mode = delete")
            verdict = connection.execute("pragma integrity_check(1)").fetchone()[0]
            state = sqlite_state(connection)
    except StoreCorrupt as error:
        raise ArchiveDamaged(f"{named} is not a BrainOps backup: {error}") from error
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise ArchiveDamaged(f"{named} does not verify: {translated(error, str(named))}") from error
    if verdict != "ok" or not state.stored:
        raise ArchiveDamaged(f"{named} does not verify ({verdict}); use another backup")
    require_usable(state, str(named))


def _renew(copy: Path) -> None:
    """Let the store that comes back be known as another than the one that was backed up."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(
            "insert into setting (name, value) values ('store_id', ?) "
            "on conflict (name) do update set value = excluded.value",
            (secrets.token_hex(16),),
        )


@contextmanager
def _exclusive(target: Path) -> Iterator[sqlite3.Connection]:
    """Lend a connection that is the only one to the store, and stays that until the block ends."""
    deadline = time.monotonic() + EXCLUSIVE_SECONDS
    while (connection := _only(target)) is None:
        if time.monotonic() > deadline:
            raise _held(target)
        time.sleep(RETRY_SECONDS)
    with closing(connection):
        yield connection


def _only(target: Path) -> sqlite3.Connection | None:
    """Return a connection that has left WAL mode and holds the file, or None where somebody else is connected."""
    connection = sqlite3.connect(target, timeout=0, isolation_level=None)
    try:
        connection.execute("pragma synchronous = full")
        connection.execute("pragma secure_delete = on")
        connection.execute("pragma locking_mode = exclusive")  # what is taken below is kept until the connection ends
        mode = connection.execute("pragma journal_mode = delete").fetchone()[0]
        connection.execute("begin exclusive")
        connection.execute("commit")
        if mode == "delete" and not target.with_name(target.name + "-wal").exists():
            return connection
    except sqlite3.Error as error:
        if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            connection.close()
            raise
    connection.close()
    return None


def _exchange(copy: Path, target: Path, kept: Path) -> None:
    """Move a store that SQLite cannot read aside, whole, with its log, and put the copy under its name."""
    kept.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, *LOCKED_BYTES)
        except OSError as error:
            raise _held(target) from error
        for ending in ("-wal", "-journal", ""):  # the file last: without it SQLite throws its log away
            side = target.with_name(target.name + ending)
            if side.exists():
                os.rename(side, kept.with_name(kept.name + ending))
        target.with_name(target.name + "-shm").unlink(missing_ok=True)
        publish(copy, target)
    finally:
        os.close(descriptor)


def _held(target: Path) -> StoreUnavailable:
    names = told(holders(target, f"{target}-wal", f"{target}-shm"))
    return StoreUnavailable(
        f"{target} is in use by {names}; what it writes would be lost. End it, then restore again: nothing was changed"
    )


def _code(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
