"""How is a program run so that it ends in time, says a bounded amount, and leaves nothing running?"""

from __future__ import annotations

import errno
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from brainops.errors import StepFailed

GRACE_SECONDS = 3.0  # between SIGTERM and SIGKILL; a step's own time-out is given 5 seconds more before it is given up
AFTER_SECONDS = 8.0  # beyond the grace for the warden to report; then it is killed itself
ASK_SECONDS = 0.1  # how soon a cancellation is noticed
READ_BYTES = 65_536
WARDEN = str(Path(__file__).with_name("warden.py"))
SYSTEM = "linux" if sys.platform == "linux" else "posix"  # whose help the warden has


class ProcessLimits(Struct, frozen=True, kw_only=True):
    """How long a program may take, how much of each of its outputs is kept, and how much memory it may map."""

    timeout_seconds: float
    output_bytes: int
    memory_bytes: int | None = None
    grace_seconds: float = GRACE_SECONDS


class Kept(Struct):
    """An output of bounded size: its head, its tail, and how many bytes between them were left out."""

    room: int
    head: bytes = b""
    tail: bytes = b""
    left_out: int = 0

    def add(self, data: bytes) -> None:
        """Take in what came next."""
        free = max(0, self.room // 2 - len(self.head)) if not self.tail else 0
        self.head += data[:free]
        tail, keep = self.tail + data[free:], self.room - self.room // 2
        if len(tail) > keep:
            self.left_out += len(tail) - keep
            tail = tail[len(tail) - keep :]
        self.tail = tail

    def text(self) -> str:
        """Return what was kept, with a word about what was not."""
        between = f"\n[... {self.left_out:,} bytes left out ...]\n".encode() if self.left_out else b""
        return (self.head + between + self.tail).decode(errors="replace")


class Ended(Struct, frozen=True, kw_only=True):
    """How a program ended. `exit_code` is negative for a signal; None where it was ended by us, `why` says why."""

    exit_code: int | None
    stdout: Kept
    stderr: Kept
    why: str = ""


def run_process(
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    limits: ProcessLimits,
    directory: str | None = None,
    stdin: str | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Ended:
    """Run a program to its end, or end it with all it started. Raises StepFailed where it cannot be started.

    A program without a slash is looked for on the environment's PATH.
    """
    program = which(arguments[0], environment.get("PATH", os.defpath))
    with _Running((program, *arguments[1:]), environment, limits, directory, stdin) as running:
        return running.watch(cancelled)


def which(program: str, path: str) -> str:
    """Return where a program is: as named where it has a slash, else on the path. Raises StepFailed."""
    found = program if "/" in program else shutil.which(program, path=path)
    if found is None:
        raise not_started(program, errno.ENOENT)
    return found


def not_started(program: str, number: int | None, what: str = "") -> StepFailed:
    """Return the error for a program that could not be started."""
    if number in (errno.ENOENT, errno.ENOTDIR):
        message = f"there is no program {program!r}; install it, or name it by its whole path"
    elif number == errno.EACCES:
        message = f"the program {program!r} may not be executed by this user"
    else:
        message = f"the program {program!r} could not be started: {os.strerror(number) if number else what}"
    return StepFailed(message, kind="CommandNotStarted", retryable=number in (errno.EAGAIN, errno.ENOMEM))


class _Report(Struct):
    """What the warden has said so far."""

    text: bytes = b""
    words: dict[str, Any] = {}

    def add(self, data: bytes) -> None:
        self.text += data
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            self.words |= json.loads(line)


class _Running:
    """A program under its warden, and the pipes to both."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        limits: ProcessLimits,
        directory: str | None,
        stdin: str | None,
    ) -> None:
        self._program, self._limits = arguments[0], limits
        self._stdout, self._stderr = Kept(limits.output_bytes), Kept(limits.output_bytes)
        self._report = _Report()
        self._input = memoryview((stdin or "").encode(errors="replace"))
        order = {
            "program": arguments[0],
            "arguments": list(arguments),
            "environment": dict(environment),
            "memory": limits.memory_bytes,
            "grace": limits.grace_seconds,
        }
        self._order = memoryview(json.dumps(order).encode() + b"\n")
        self._control, self._warden, self._status = -1, self._start(directory, stdin is not None), -1
        self._control, self._status = self._ends

    def _start(self, directory: str | None, has_input: bool) -> subprocess.Popen[bytes]:
        if not sys.executable:
            raise StepFailed(
                "this Python does not know its own path, so it cannot watch over commands", kind="NoPython"
            )
        control, ours = os.pipe()
        theirs, status = os.pipe()
        try:
            warden = subprocess.Popen(
                [sys.executable, "-I", "-S", WARDEN, str(control), str(status), SYSTEM],
                stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=directory,
                pass_fds=(control, status),
                start_new_session=True,
            )
            self._ends = (ours, theirs)
            return warden
        except OSError as error:
            os.close(ours)
            os.close(theirs)
            if directory is not None and error.filename == directory:
                raise StepFailed(
                    f"the folder {directory!r} cannot be entered: {error.strerror}", kind="NoFolder", retryable=False
                ) from None
            raise not_started(sys.executable, error.errno) from None
        finally:
            os.close(control)
            os.close(status)

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._close_control()
        os.close(self._status)
        if self._warden.poll() is None:
            try:
                self._warden.wait(self._limits.grace_seconds + AFTER_SECONDS)
            except subprocess.TimeoutExpired:
                self._warden.kill()
                self._warden.wait()
        for pipe in (self._warden.stdin, self._warden.stdout, self._warden.stderr):
            if pipe is not None:
                pipe.close()

    def _close_control(self) -> None:
        if self._control >= 0:
            os.close(self._control)
            self._control = -1

    def watch(self, cancelled: Callable[[], bool]) -> Ended:
        """Feed and read until the warden has reported and the pipes are at their end."""
        why, deadline = "", time.monotonic() + self._limits.timeout_seconds
        with selectors.DefaultSelector() as ready:
            self._register(ready)
            while ready.get_map() and "exit" not in self._report.words:
                now = time.monotonic()
                if not why and (why := "timeout" if now > deadline else "cancelled" if cancelled() else ""):
                    if self._control in ready.get_map():
                        ready.unregister(self._control)
                    self._close_control()
                    deadline = now + self._limits.grace_seconds + AFTER_SECONDS
                elif why and now > deadline:
                    break
                for key, _ in ready.select(ASK_SECONDS):
                    self._serve(ready, key)
            for key in list(ready.get_map().values()):
                if not callable(key.data):
                    continue
                try:
                    while data := os.read(key.fd, READ_BYTES):
                        key.data(data)
                except BlockingIOError:
                    pass  # all that was still in the pipe is read
        words = self._report.words
        if "error" in words:
            raise not_started(self._program, words["error"], words.get("what", ""))
        if not why and "exit" not in words:
            why = "lost"
        return Ended(exit_code=None if why else words["exit"], stdout=self._stdout, stderr=self._stderr, why=why)

    def _register(self, ready: selectors.BaseSelector) -> None:
        stdout, stderr, stdin = self._warden.stdout, self._warden.stderr, self._warden.stdin
        assert stdout is not None and stderr is not None
        for descriptor, take in (
            (stdout.fileno(), self._stdout.add),
            (stderr.fileno(), self._stderr.add),
            (self._status, self._report.add),
        ):
            os.set_blocking(descriptor, False)
            ready.register(descriptor, selectors.EVENT_READ, take)
        os.set_blocking(self._control, False)
        ready.register(self._control, selectors.EVENT_WRITE, "order")
        if stdin is not None:
            os.set_blocking(stdin.fileno(), False)
            ready.register(stdin.fileno(), selectors.EVENT_WRITE, "input")

    def _serve(self, ready: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        try:
            if key.data in ("order", "input"):
                left = self._order if key.data == "order" else self._input
                left = left[os.write(key.fd, left[:READ_BYTES]) :] if left else left
                if key.data == "order":
                    self._order = left
                else:
                    self._input = left
                if not left:
                    self._written(ready, key)
                return
            data = os.read(key.fd, READ_BYTES)
            key.data(data)
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._written(ready, key)
            return
        if not data:
            ready.unregister(key.fd)

    def _written(self, ready: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        ready.unregister(key.fd)
        if key.data == "input" and self._warden.stdin is not None:
            self._warden.stdin.close()
