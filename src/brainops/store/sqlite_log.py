"""How is SQLite's write-ahead log kept short, and who keeps it long?

SQLite begins its log anew only when a writer meets a moment without a reader, which never comes while some always read.
So a writer that finds the log long waits a moment for the readers that are under way, and empties it.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from brainops import lazy
from brainops.store.holders import holders, told

LOG_BYTES = 16 << 20  # four times what SQLite writes between two checkpoints of its own
WAIT_MILLISECONDS = 100  # for readers under way: most retrievals take less, and nobody writes meanwhile
WAIT_LIMIT_MILLISECONDS = 1_600  # twice as long after each try that failed, up to this
REST = 4  # times as long as was waited, others write before the next try
SCRUB_MILLISECONDS = 5_000  # after a purge: what was removed is to be gone when the call returns

LOOK_SECONDS = 1.0  # between two looks whether another process left in the log what it purged

PURGED = "purged_in_log"  # the setting that says so

log = lazy.logger()

_READ_LOCKS = range(120 + 3, 120 + 8)  # which bytes of the log's index readers of a snapshot hold


class Log:
    """The write-ahead log of one SQLite file, as one process looks after it."""

    def __init__(self) -> None:
        self.owed = False  # what was purged is still in it
        self._look_at = 0.0  # when to look next whether another process, which may have ended, owes it
        self._not_before = 0.0
        self._wait = WAIT_MILLISECONDS

    def shorten(self, connection: sqlite3.Connection, path: str) -> None:
        """Empty the log under a path where it is long, or holds what was purged; give up soon where somebody reads on.

        It comes after a commit, so what fails here never fails the write: that is on the disk.
        """
        if (now := time.monotonic()) < self._not_before:
            return
        try:
            if not self.owed and now >= self._look_at:
                self.owed, self._look_at = holds_purged(connection), now + LOOK_SECONDS
            if log_bytes(path) <= LOG_BYTES and not self.owed:
                return
            emptied = empty(connection, self._wait)
            if emptied and self.owed:
                note_purged(connection, False)
                self.owed = False
        except (sqlite3.Error, OSError) as error:
            emptied = False
            log.warning("%s cannot be shortened now, nothing is lost by that: %s", path, error)
        if not emptied:
            self._not_before = time.monotonic() + REST * self._wait / 1_000
        # What was long enough is tried a little shorter the next time: readers come and go.
        self._wait = (
            max(WAIT_MILLISECONDS, self._wait // 2) if emptied else min(2 * self._wait, WAIT_LIMIT_MILLISECONDS)
        )


def empty(connection: sqlite3.Connection, milliseconds: int) -> bool:
    """Write the whole log into the file and cut it to nothing; return False where somebody reads from it on and on."""
    before = connection.execute("pragma busy_timeout").fetchone()[0]
    connection.execute(f"pragma busy_timeout = {milliseconds}")
    try:
        row = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    except sqlite3.OperationalError as error:
        if (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    finally:
        connection.execute(f"pragma busy_timeout = {before}")
    return bool(row[0] == 0)


def log_bytes(path: str) -> int:
    """Return how long the log is that stands under a path."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def note_purged(connection: sqlite3.Connection, still: bool) -> None:
    """Keep that the log still holds what was purged, so that any process can say so; or that it does no longer."""
    if still:
        connection.execute(f"insert or replace into setting values ('{PURGED}', now_us())")
    elif holds_purged(connection):
        connection.execute(f"delete from setting where name = '{PURGED}'")


def holds_purged(connection: sqlite3.Connection) -> bool:
    """Say whether the log still holds what was purged."""
    return connection.execute(f"select 1 from setting where name = '{PURGED}'").fetchone() is not None


class LogState(Struct, frozen=True, kw_only=True):
    """How long the log is, whether it holds what was purged, and which processes read from it now."""

    bytes: int
    purged: bool = False
    readers: tuple[str, ...] = ()

    @property
    def trouble(self) -> str:
        """What is to be said of it; nothing where it is as it should be."""
        said = []
        if self.bytes > LOG_BYTES:
            said.append(f"it is {self.bytes / 1e6:,.0f} MB long and cannot be cut")
        if self.purged:
            said.append("it still holds what was purged")
        who = f": {told(list(self.readers))} read from it on and on" if said else ""
        return " and ".join(said) + who


def readers(location: str) -> list[str]:
    """Return the processes that read from the log at this moment, as far as the system tells."""
    index = f"{os.path.realpath(location)}-shm"
    found = holders(index)
    with suppress(OSError):
        number = os.stat(index).st_ino
        pattern = re.compile(rf"POSIX\s+ADVISORY\s+READ\s+(\d+)\s+\S+:{number}\s+(\d+)\s+(\d+)")
        locks = pattern.findall(Path("/proc/locks").read_text(encoding="ascii", errors="replace"))
        reading = {
            process for process, first, last in locks if (int(first) <= _READ_LOCKS[-1] and int(last) >= _READ_LOCKS[0])
        }
        return [each for each in found if re.findall(r"\d+", each)[0] in reading] or found
    return found
