"""How is a file written whole, over nothing that somebody may still want, and never over a store?

Every command and verb that writes a file goes through `new_file`; a test finds those that do not.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, StoreFull
from brainops.store.sqlite import is_open_here

if TYPE_CHECKING:
    from brainops.errors import BrainOpsError

PRIVATE = 0o600  # what holds memories is for its owner only
ORDINARY = 0o666  # what is meant for others, as far as the umask lets it be
DIGEST_SUFFIX = ".sha256"

# A SQLite database, its log (in either byte order) and the index of that log, by how they begin.
_STORE_HEADS = (b"SQLite format 3\0", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83", b"\x18\xe2\x2d\0", b"\0\x2d\xe2\x18")
_SIDE_FILES = ("-wal", "-shm", "-journal")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@contextmanager
def new_file(path: str | os.PathLike[str], *, force: bool = False, mode: int = PRIVATE) -> Iterator[Path]:
    """Lend an empty file beside `path`, which takes that name when the block has ended and all is on the disk.

    With `force` it may take the place of an ordinary file; a symbolic link is followed. Raises Conflict where a file
    stands there already, or a store in any case; InvalidInput where nothing can be written there; StoreFull.
    """
    named = Path(path).expanduser().absolute()
    unfinished: Path | None = None
    try:
        refuse_replacing(named, force=force)
        target = Path(os.path.realpath(named))
        unfinished = target.with_name(f".brainops-{os.urandom(8).hex()}.part")
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield unfinished
        refuse_replacing(named, force=force)
        if force and target.exists():
            if mode != PRIVATE:
                os.chmod(unfinished, stat.S_IMODE(target.stat().st_mode))
            _sync(unfinished)
            os.replace(unfinished, target)
            _sync(target.parent)
        else:
            publish(unfinished, target)
    except (OSError, ValueError) as error:
        raise _ours(error, named) from error
    finally:
        if unfinished is not None:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def refuse_replacing(path: Path, *, force: bool = False) -> None:
    """Raise Conflict where a file must not be written: over a store never, over anything else only with `force`."""
    try:
        if is_store(path):
            raise Conflict(f"{path} is a database or a part of one, and is never written over: name another file")
        if not os.path.lexists(path):
            return
        if path.exists() and not path.is_file():
            raise InvalidInput(f"{path} is no file; name one")
    except (OSError, ValueError) as error:
        raise _ours(error, path) from error
    if not force:
        raise Conflict(
            f"{path} exists already: name a new file, or add --force (Python: force=True) to have it replaced"
        )


def refuse_backup(path: Path) -> None:
    """Raise Conflict where a backup, or its digest, would take the place of something; no option changes that."""
    for place in (path, digest_file(path)):
        if os.path.lexists(place) or is_store(place):
            refuse_replacing(place, force=True)
            raise Conflict(f"{place} exists already: name a new file, so that no backup is overwritten")


def is_store(path: Path) -> bool:
    """Say whether a file is a SQLite database or belongs to one, under whatever name and by whatever link."""
    real = Path(os.path.realpath(path))
    database = next((real.name.removesuffix(each) for each in _SIDE_FILES if real.name.endswith(each)), "")
    return _begins_as_store(real) or bool(database and _begins_as_store(real.with_name(database)))


def _begins_as_store(path: Path) -> bool:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        if is_open_here(path):  # to open and close it once more would drop the locks that SQLite holds for this process
            return True
        with path.open("rb") as file:
            return file.read(16).startswith(_STORE_HEADS)
    except FileNotFoundError:
        return False


def publish(unfinished: Path, target: Path) -> None:
    """Give a whole file its name, unless another has that name, and see that this is on the disk."""
    _sync(unfinished)
    try:
        os.link(unfinished, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))  # a disk without hard links
        os.replace(unfinished, target)
    _sync(target.parent)


def write_digest(path: Path) -> str:
    """Write the SHA-256 of a file beside it, as `sha256sum --check` reads it, and return it."""
    digest = file_sha256(path)
    with new_file(digest_file(path)) as unfinished:
        unfinished.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest


def digest_file(path: Path) -> Path:
    """Return where the digest of a backup is: beside it."""
    return path.with_name(path.name + DIGEST_SUFFIX)


def expected_digest(backup: Path, sha256: str | None) -> str:
    """Return what a backup's SHA-256 is to be: as given, or as the file beside it says; raise InvalidInput."""
    given = sha256
    if given is None:
        try:
            words = digest_file(backup).read_text(encoding="utf-8").split(maxsplit=1)
        except (OSError, ValueError):
            raise InvalidInput(
                f"{backup} has no digest beside it ({digest_file(backup).name}): give the one that `brainops backup` "
                "printed with --sha256; a person may go without, with --unverified"
            ) from None
        given = words[0] if words else ""
    digest = given.strip().lower()
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise InvalidInput(f"{given[:80]!r} is no SHA-256: 64 hexadecimal digits, as `brainops backup` printed them")
    return digest


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        import hashlib

        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_digest(path: Path, digest: str, source: Path) -> None:
    """Raise ArchiveDamaged unless a file has this SHA-256."""
    if (found := file_sha256(path)) != digest:
        raise ArchiveDamaged(
            f"{source} is not as it was written: its SHA-256 is {found}, and was to be {digest}. Use another backup."
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ours(error: OSError | ValueError, target: Path) -> BrainOpsError:
    """Return what the system says of a file as an error of our tree."""
    if isinstance(error, FileExistsError) and target.is_file():
        return Conflict(f"{target} was written by somebody else meanwhile: name a new file")
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return StoreFull(f"{target} cannot be written: there is no room on its disk")
    return InvalidInput(f"{str(target)[:200]!r} cannot be written: {getattr(error, 'strerror', None) or error}")
