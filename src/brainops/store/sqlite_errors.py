"""What went wrong in SQLite, as an error of our tree?"""

from __future__ import annotations

import sqlite3

from brainops.errors import BrainOpsError, StoreCorrupt, StoreFull, StoreReadOnly, StoreUnavailable

# A damaged file makes SQLite say texts, even in its own messages, that are no UTF-8.
PROBLEMS = (sqlite3.Error, UnicodeDecodeError)
_UNAVAILABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def primary_code(error: Exception) -> int:
    """Return SQLite's code of an error without what it adds to it."""
    if isinstance(error, UnicodeDecodeError):
        return sqlite3.SQLITE_CORRUPT
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def unopened(error: OSError, location: str) -> BrainOpsError:
    """Return the error of our tree for a file that the system does not open."""
    if isinstance(error, PermissionError):
        return StoreReadOnly(f"{location} cannot be opened for writing: {error.strerror}. Check who owns the folder.")
    return StoreUnavailable(f"{location} cannot be opened: {error.strerror or error}")


def translated(error: sqlite3.Error | UnicodeDecodeError, location: str) -> BrainOpsError:
    """Return the error of our tree that says what SQLite meant, and the way out."""
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"{location}: the disk is full. What was acknowledged is safe; free some space and repeat.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(f"{location} is read-only here: check the permissions of the file and of its folder.")
    if code in _CORRUPT:
        return StoreCorrupt(
            f"{location} is damaged or is not a BrainOps store ({error}). Keep the file, then restore a backup: "
            "`brainops restore --from BACKUP`; `brainops doctor` says more."
        )
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"{location} cannot be used now ({error}); nothing was written. Try again.")
    return StoreUnavailable(f"{location}: {type(error).__name__}: {error}")
