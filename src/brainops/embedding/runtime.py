"""How is onnxruntime used so that it sends nothing, and left so that a program ends in order?"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from brainops.errors import EmbedderUnavailable

NO_TELEMETRY: Final = "ORT_DISABLE_TELEMETRY"
"""Read when onnxruntime is loaded: from 1.29 on it else makes a device id and reports to its maker, unless in CI."""

LEAVE_SECONDS: Final = 30.0  # that what runs at the end has: one batch takes a tenth of a second


def load() -> tuple[Any, Any]:
    """Import onnxruntime, its telemetry off, and return it with its exceptions' module; raise ImportError."""
    os.environ[NO_TELEMETRY] = "1"  # before the import: switching it off afterwards is too late
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as failures

    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()  # where the program had imported it before, with it on
    return onnxruntime, failures


class Passage:
    """Lets threads into native code as long as the program lives; at its end, waits for those inside.

    Python ends daemon threads by unwinding them when they come back from native code, and C++ aborts the process then.
    """

    def __init__(self) -> None:
        self._begin_process()
        os.register_at_fork(after_in_child=self._begin_process)
        atexit.register(self.close)

    def _begin_process(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Stay inside for the length of a block; raise EmbedderUnavailable once the program ends."""
        with self._changed:
            if self._closed:
                raise EmbedderUnavailable("the program is ending; what has no vector yet gets it the next time")
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait for those inside."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0, LEAVE_SECONDS)


native: Final = Passage()
