"""Where does a hook leave what it saw, until somebody who may write to the store takes it up?

One file to which each event appends one line in one write. Whoever drains it moves it away first, and waits for those
that write to it at that moment: they hold a shared lock on it from before they know that it is still in its place.
"""

from __future__ import annotations

import fcntl
import os
import time

from brainops_core.json_text import from_json, to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

NAME = "spool.jsonl"
MAX_BYTES = 64 * 1024 * 1024  # some hundred thousand events that nobody drained; what comes then is counted as lost
MAX_LINE_BYTES = 128 * 1024  # an error, and twenty texts of a call as they are cut
MAX_TIME = 1 << 62  # microseconds; no database holds a later one
ATTEMPTS = 100  # to find the file in its place: it is moved away once in a drain, and each try takes microseconds
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class SpoolFull(OSError):
    """The spool is at its limit: nobody drained it for long."""


def new_id() -> str:
    """Return an id that is in order of time: a UUID of version 7."""
    value = int.from_bytes(time.time_ns().__floordiv__(1_000_000).to_bytes(6, "big") + os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def append(folder: str, line: Mapping[str, Any]) -> None:
    """Leave one event. Nobody waits for a lock. Raises OSError, SpoolFull."""
    data = f"\n{to_json(line)}\n".encode()  # a line that a full disk cut in half costs itself and no other
    if len(data) > MAX_LINE_BYTES:
        raise OSError(f"an event takes {len(data):,} bytes")
    if not os.path.isdir(folder):
        os.makedirs(folder, 0o700, exist_ok=True)
    path = os.path.join(folder, NAME)
    for _ in range(ATTEMPTS):
        file = os.open(path, _FLAGS, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # it is being drained, so it is in its place no more
            mine = os.fstat(file)
            if mine.st_size > MAX_BYTES:
                raise SpoolFull(f"{path} is at its limit")
            if _is_in_place(path, mine):
                os.write(file, data)
                return
        finally:
            os.close(file)
    raise OSError(f"{path} was moved away {ATTEMPTS} times")


def _is_in_place(path: str, mine: os.stat_result) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev)


def waiting(folder: str) -> list[str]:
    """Return the files that hold events: those that somebody began to drain and the spool itself, the oldest first."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith("drain-"))
    except OSError:
        return []
    spool = os.path.join(folder, NAME)
    return [*(os.path.join(folder, name) for name in names), *([spool] if os.path.exists(spool) else [])]


def taken(folder: str) -> Iterator[tuple[str, list[Mapping[str, Any]], int]]:
    """Yield (file, its events, how many other lines) for what is to be drained.

    The caller removes each file once its events are durable.

    To be called by one process at a time. What an earlier drain did not finish comes first, under the same name.
    """
    for path in waiting(folder):
        moved = path
        if os.path.basename(path) == NAME:
            moved = os.path.join(folder, f"drain-{new_id()}.jsonl")
            os.rename(path, moved)
        with open(moved, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until those have written that found it in its place
            lines = [line for line in file.read(2 * MAX_BYTES).splitlines() if line]
        events = [event for line in lines if (event := _event(line)) is not None]
        yield moved, events, len(lines) - len(events)


def _event(line: bytes) -> Mapping[str, Any] | None:
    """Return an event; None for what a full disk or a power cut left of one, and for what somebody else wrote."""
    try:
        event = from_json(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("at"), int) or not 0 <= event["at"] < MAX_TIME:
        return None
    return event if all(isinstance(event.get(name), str) for name in ("id", "kind", "client")) else None
