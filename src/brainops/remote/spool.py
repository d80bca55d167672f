"""What is kept of calls while nobody answers them? A file that only grows, sent in order once the server is back.

Each line is a call with its idempotency key, made before it is first sent: whenever a process is killed, a call is
either not in the file, or sent, or sent again under the same key, and so done once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops import lazy
from brainops.errors import (
    BrainOpsError,
    InvalidConfiguration,
    InvalidInput,
    OutcomeUnknown,
    StoreFull,
    StoreUnavailable,
)
from brainops.wire import from_json, to_json

MOST_BYTES = 64 * 1024 * 1024  # a hundred thousand captures; more than that nobody reads into memory in one go
WAITS = (StoreUnavailable, OutcomeUnknown, InvalidConfiguration)  # which say nothing against the call itself

log = lazy.logger()


class Waiting(Struct, frozen=True, kw_only=True):
    """A call that waits: the verb, its body, and its headers, the key of the caller not among them."""

    verb: str
    body: Any
    headers: Mapping[str, str]


class Spool:
    """The calls to one server that wait in a folder, for one key; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines = folder / "spool.jsonl"
        self._sent = folder / "spool.sent"

    @property
    def waits(self) -> bool:
        """Say whether there is something to send."""
        return self._lines.exists()

    def add(self, call: Waiting) -> None:
        """Keep a call; it is on the disk when this returns. Raises StoreFull."""
        line = to_json(call) + b"\n"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with self._locked("spool.lock"), _opened(self._lines) as file:
                size = _mended(file)
                if size + len(line) > MOST_BYTES:
                    raise StoreFull(
                        f"{self._lines} holds {size:,} bytes of calls that no server took, and takes no more. Let them "
                        "be sent: brainops service drain, once the server that BRAINOPS_URL names answers again"
                    )
                os.write(file, line)
                os.fsync(file)
        except OSError as error:
            raise StoreFull(f"{self._lines}: {error.strerror or error}; the call was not kept") from error

    def drain(self, send: Callable[[Waiting], object]) -> int:
        """Send what waits, in order, and return how many calls that were; one process at a time does.

        It ends where the server is away again. A call that the server refuses is set aside in `refused.jsonl`.
        """
        sent = 0
        with self._locked("drain.lock", wait=False) as mine:
            while mine and (found := self._next()) is not None:
                call, end = found
                try:
                    send(call)
                except WAITS as error:
                    log.warning("calls that wait are not sent yet: %s", error)
                    break
                except BrainOpsError as error:
                    self._set_aside(call, error)
                self._sent_to(end)
                sent += 1
        return sent

    def _next(self) -> tuple[Waiting, int] | None:
        """Return the first call that was not sent, and where it ends; with the last one the file goes."""
        begin = int(self._sent.read_text()) if self._sent.exists() else 0
        if not self._lines.exists():
            return None
        with self._lines.open("rb") as file:
            file.seek(begin)
            line = file.readline()
        if line.endswith(b"\n"):
            try:
                return from_json(Waiting, line), begin + len(line)
            except InvalidInput as error:
                self._set_aside(Waiting(verb="", body=line.decode(errors="replace"), headers={}), error)
                self._sent_to(begin + len(line))
                return self._next()
        with self._locked("spool.lock"):
            if self._lines.stat().st_size <= begin + len(
                line
            ):  # nobody added one meanwhile; half a line was never kept
                self._sent.unlink(missing_ok=True)  # first: killed here, all is sent once more, each under its key
                self._lines.unlink()
        return None

    def _sent_to(self, end: int) -> None:
        unfinished = self._sent.with_suffix(".part")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, str(end).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(unfinished, self._sent)

    def _set_aside(self, call: Waiting, error: BrainOpsError) -> None:
        log.error("a call that waited was refused, and is set aside in %s: %s", self._folder / "refused.jsonl", error)
        with _opened(self._folder / "refused.jsonl") as file:
            os.write(file, to_json({"call": call, "error": type(error).__name__, "message": str(error)}) + b"\n")
            os.fsync(file)

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold one of the locks; a process that is killed lets go of it."""
        with _opened(self._folder / name) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Lend a file for its owner only, to add to."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _mended(file: int) -> int:
    """Return the size of a file of lines; half a line at its end, of a process that was killed, is taken away."""
    size = os.fstat(file).st_size
    kept = size
    while kept and os.pread(file, 1, kept - 1) != b"\n":
        kept -= 1
    if kept != size:
        os.ftruncate(file, kept)
    return kept
