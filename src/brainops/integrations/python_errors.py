"""How does every error of a Python program become a memory by itself: logged, uncaught, in a thread or in asyncio?

Bounded, deduplicated, and never a recursion: what BrainOps itself logs is left alone, an error seen again within a
window is counted in this process and written once with its count, and a full queue never blocks the program.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from brainops.types import ErrorEvent

WINDOW_SECONDS = 1.0  # the same error within it is one report: a tight loop must not become a stream of writes
REMEMBERED_ERRORS = 1_000  # different errors that are told apart at a time
MAX_REPORTS_A_SECOND = 50  # of different errors; a storm beyond it is counted, not written


class ErrorSink(Protocol):
    """What takes an error: a Brain."""

    def capture_error(self, error: BaseException | ErrorEvent | str, *, service: str | None = None) -> None:
        """Make an error a memory, without waiting."""
        ...


class Reporter:
    """Passes errors on, at most once a window each, never while it is passing one on in the same thread."""

    def __init__(self, sink: ErrorSink, service: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._sink = sink
        self._service = service
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()
        self._busy = threading.local()
        self._second, self._reports = 0, 0
        self.suppressed = 0

    def report(self, error: BaseException | ErrorEvent | str) -> None:
        """Pass an error on, unless it was just reported or this thread is reporting one."""
        if getattr(self._busy, "reporting", False):
            return
        self._busy.reporting = True
        try:
            if self._is_due(error):
                self._sink.capture_error(error, service=self._service)
        except Exception:  # noqa: BLE001 -- reporting an error must never become an error of the program
            self.suppressed += 1
        finally:
            self._busy.reporting = False

    def _is_due(self, error: BaseException | ErrorEvent | str) -> bool:
        now, key = self._clock(), _key(error)
        with self._lock:
            last = self._seen.get(key)
            if len(self._seen) >= REMEMBERED_ERRORS:
                self._seen.clear()
            self._seen[key] = now
            if int(now) != self._second:
                self._second, self._reports = int(now), 0
            self._reports += 1
            due = (last is None or now - last >= WINDOW_SECONDS) and self._reports <= MAX_REPORTS_A_SECOND
            self.suppressed += not due
            return due


def _key(error: BaseException | ErrorEvent | str) -> str:
    if isinstance(error, BaseException):
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
        return f"{type(error).__module__}.{type(error).__qualname__}|{place}|{str(error)[:200]}"
    return str(error)[:400]


class BrainOpsHandler(logging.Handler):
    """A logging handler that makes error records memories; its own and BrainOps' loggers are left alone."""

    def __init__(self, sink: ErrorSink, *, service: str | None = None, level: int = logging.ERROR) -> None:
        super().__init__(level)
        self._reporter = Reporter(sink, service)

    def emit(self, record: logging.LogRecord) -> None:
        """Report a record's exception, or its message where it has none."""
        if record.name.split(".", 1)[0] == "brainops":
            return
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._reporter.report(error)
            return
        # The unformatted message names the error; its arguments are what differs each time.
        self._reporter.report(ErrorEvent(type=record.levelname, message=_message(record), service=None))


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


class capture_errors:
    """Install error capture for the whole process; `close()`, or leaving the `with` block, takes it out again.

    Covers error records of the root logger, `sys.excepthook`, `threading.excepthook` and, inside a running loop or
    through `watch(loop)`, asyncio's handler. The hooks that stood there before are called as before.
    """

    def __init__(self, sink: ErrorSink, *, service: str | None = None, logger: logging.Logger | None = None) -> None:
        self._reporter = Reporter(sink, service)
        self._handler = BrainOpsHandler(sink, service=service)
        self._logger = logger or logging.getLogger()
        self._logger.addHandler(self._handler)
        self._before = (sys.excepthook, threading.excepthook)
        self._hooks = (self._uncaught, self._uncaught_in_thread)
        sys.excepthook, threading.excepthook = self._hooks
        self._loops: list[tuple[asyncio.AbstractEventLoop, Any]] = []

    def watch(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Report what an event loop's handler is given; without an argument, the running loop's."""
        loop = loop or asyncio.get_running_loop()
        before = loop.get_exception_handler()
        self._loops.append((loop, before))

        def handle(of: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            self._reporter.report(context.get("exception") or str(context.get("message", "error in an event loop")))
            if before is not None:
                before(of, context)
            else:
                of.default_exception_handler(context)

        loop.set_exception_handler(handle)

    def close(self) -> None:
        """Put back what stood there before."""
        self._logger.removeHandler(self._handler)
        if sys.excepthook == self._hooks[0]:
            sys.excepthook = self._before[0]
        if threading.excepthook == self._hooks[1]:
            threading.excepthook = self._before[1]
        for loop, before in self._loops:
            loop.set_exception_handler(before)
        self._loops.clear()

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, (KeyboardInterrupt, SystemExit)):
            self._reporter.report(error.with_traceback(trace))
        self._before[0](kind, error, trace)

    def _uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            self._reporter.report(args.exc_value)
        self._before[1](args)

    def __enter__(self) -> capture_errors:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
