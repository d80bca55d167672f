"""How is something sent without keeping the caller waiting, and in order?"""

from __future__ import annotations

import atexit
import os
import queue
import threading
import weakref
from collections.abc import Callable

from brainops import lazy
from brainops.errors import BrainOpsError

WAITING = 10_000  # beyond this the caller waits for room: slower, but nothing is dropped
FLUSH_SECONDS = 30.0

log = lazy.logger()


class Later:
    """A thread that sends what is handed to it, one after the other; begun with the first, and anew after a fork."""

    def __init__(self) -> None:
        self._make()
        atexit.register(_flushed, weakref.ref(self))  # a program that ends loses nothing of it

    def _make(self) -> None:
        self._process = os.getpid()
        self._waiting: queue.Queue[Callable[[], object]] = queue.Queue(WAITING)
        self._changed = threading.Condition()
        self._unsent = 0
        self._thread: threading.Thread | None = None

    def hand_over(self, send: Callable[[], object]) -> None:
        """Send something later."""
        if self._process != os.getpid():  # what waited at a fork is the parent's to send
            self._make()
        with self._changed:
            self._unsent += 1
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="brainops-later", daemon=True)
                self._thread.start()
        self._waiting.put(send)

    def flush(self) -> bool:
        """Wait until all was sent; False where that took too long."""
        if self._process != os.getpid():
            return True
        with self._changed:
            return self._changed.wait_for(lambda: self._unsent == 0, FLUSH_SECONDS)

    def _run(self) -> None:
        while True:
            send = self._waiting.get()
            try:
                send()
            except BrainOpsError as error:
                log.error("a record could not be written: %s", error)
            except Exception:  # a full disk, for one: those after it are sent all the same
                log.exception("a record could not be written")
            finally:
                with self._changed:
                    self._unsent -= 1
                    self._changed.notify_all()


def _flushed(later: weakref.ref[Later]) -> None:
    if (found := later()) is not None:
        found.flush()
