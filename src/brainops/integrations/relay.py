"""How does a program run as if the shell had started it, while the end of what it prints is kept?

It has this process's standard input, group and terminal. What it prints goes through a pipe, or through a pseudo
terminal where it would have gone to a terminal, and is passed on as it comes, byte by byte the same.
"""

from __future__ import annotations

import fcntl
import os
import pty
import selectors
import signal
import subprocess
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from msgspec import Struct

TAIL_BYTES = 65_536  # of what is printed, both streams together in the order of their coming
CHUNK_BYTES = 65_536
SETTLED_SECONDS = 0.2  # how long output is passed on once the program has ended and others still hold its streams
FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)  # which a terminal sends to all of its foreground group by itself


class ProgramEnd(Struct, frozen=True, kw_only=True):
    """How a program ended: its exit code, that of a shell (128 and the number) where a signal ended it; its tail."""

    code: int
    signal: int | None
    tail: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The end of its output: whole lines, and of a line that was written over, what it ended as."""
        text = self.tail.decode(errors="replace")
        if len(self.tail) >= TAIL_BYTES:
            text = text.partition("\n")[2]
        return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")).strip("\n")


class Relay:
    """One program and its output. The signals that reach this process are passed on until `close`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the program; raise OSError where it cannot be."""
        self._tail = bytearray()
        self._began = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._restore: list[Callable[[], object]] = []
        # A stream each for standard output and error; one for both where both go to the same place, in order.
        first = _stream(1)
        streams = {1: first, 2: first if _same_place() else _stream(2)}
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        # Before the program is there: it could end before its end is listened to.
        before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        self._restore.append(lambda: signal.set_wakeup_fd(before))
        self._handle(signal.SIGCHLD, lambda *_: None)
        try:
            self._process = subprocess.Popen(
                list(arguments), stdout=streams[1].ours, stderr=streams[2].ours, env=dict(environment)
            )
        except BaseException:
            self.close()
            raise
        finally:
            for each in set(streams.values()):
                os.close(each.ours)
        for number in FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup: the program ignores it as well
                self._handle(number, self._forward)
        for each in set(streams.values()):
            self._selector.register(each.theirs, selectors.EVENT_READ, each)
        self._terminals = [each for each in set(streams.values()) if each.terminal]
        if self._terminals:
            self._handle(signal.SIGWINCH, self._resize)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def wait(self) -> ProgramEnd:
        """Pass on what the program prints until it ends, and say how it did."""
        while self._process.poll() is None:
            self._pass_on(None)
        seconds = time.monotonic() - self._began
        settled = time.monotonic() + SETTLED_SECONDS
        while self._open() and self._pass_on(settled - time.monotonic()) and time.monotonic() < settled:
            pass
        code = self._process.returncode
        ended_by = -code if code < 0 else None
        return ProgramEnd(
            code=128 + ended_by if ended_by else code,
            signal=ended_by,
            tail=bytes(self._tail[-TAIL_BYTES:]),
            seconds=seconds,
        )

    def close(self) -> None:
        """Put the signals back. What the program left behind, writing to its streams, keeps a process that reads it."""
        while self._restore:
            self._restore.pop()()
        if self._open() and os.fork() == 0:
            try:
                while self._open():
                    self._pass_on(None)
            finally:
                os._exit(0)

    def _open(self) -> list[_Stream]:
        return [key.data for key in self._selector.get_map().values() if key.data is not None]

    def _pass_on(self, timeout: float | None) -> bool:
        """Pass on what is there; return False where nothing came in time, not even a signal."""
        ready = self._selector.select(timeout)
        for key, _ in ready:
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(self._woken, CHUNK_BYTES)
                continue
            try:
                read = os.read(key.fd, CHUNK_BYTES)
            except OSError:  # how Linux says that nobody has a pseudo terminal open any more
                read = b""
            self._tail += read
            del self._tail[: -2 * TAIL_BYTES]
            if not read or not _written(key.data.number, read):
                self._selector.unregister(key.fd)
                os.close(key.fd)  # who writes to it now is told, as by a reader of its own that went away
        return bool(ready)

    def _handle(self, number: int, handler: Callable[[int, object], object]) -> None:
        before = signal.signal(number, handler)
        self._restore.append(lambda: signal.signal(number, before))

    def _forward(self, number: int, _: object) -> None:
        if number in FROM_KEYS and _in_foreground():
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _resize(self, number: int, _: object) -> None:
        for each in self._terminals:
            _take_size(each.number, each.theirs)
        with suppress(ProcessLookupError):
            self._process.send_signal(number)  # once more: it may have looked before the size was passed on


class _Stream(Struct, frozen=True, kw_only=True):
    """Where output comes from and goes: the program's end, the end that is read, and this process's own stream."""

    ours: int
    theirs: int
    number: int
    terminal: bool


def _stream(number: int) -> _Stream:
    if not os.isatty(number):
        theirs, ours = os.pipe()
        return _Stream(ours=ours, theirs=theirs, number=number, terminal=False)
    theirs, ours = pty.openpty()
    modes = termios.tcgetattr(ours)
    modes[tty.OFLAG] &= ~termios.OPOST  # the terminal itself makes its line ends of them
    termios.tcsetattr(ours, termios.TCSANOW, modes)
    _take_size(number, ours)
    return _Stream(ours=ours, theirs=theirs, number=number, terminal=True)


def _same_place() -> bool:
    try:
        return os.path.samestat(os.fstat(1), os.fstat(2))
    except OSError:  # one of them is closed
        return False


def _take_size(source: int, target: int) -> None:
    with suppress(OSError):
        size = fcntl.ioctl(source, termios.TIOCGWINSZ, b"\0" * 8)
        fcntl.ioctl(target, termios.TIOCSWINSZ, size)


def _written(number: int, data: bytes) -> bool:
    """Write all of it; return False where nobody reads it any more."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(number, view) :]
        except BlockingIOError:
            with selectors.DefaultSelector() as room:
                room.register(number, selectors.EVENT_WRITE)
                room.select()
        except OSError:
            return False
    return True


def _in_foreground() -> bool:
    """Say whether this process is in front at its terminal, whose keys then reach the program as well."""
    with _terminal() as device:
        return device is not None and os.tcgetpgrp(device) == os.getpgrp()


@contextmanager
def _terminal() -> Iterator[int | None]:
    try:
        device = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        yield None
        return
    try:
        yield device
    finally:
        os.close(device)
