"""Which threads of a process consult memory, so that nobody waits longer for it than they said?"""

from __future__ import annotations

import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

CONSULTING_THREADS = 4


class Consultants:
    """The threads of a process that consult memory, and those that ask the triggers meanwhile: none waits for another.

    Made when first used, and anew after a fork.
    """

    def __init__(self) -> None:
        self._begin_process()
        _CONSULTANTS.add(self)

    def _begin_process(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[str, ThreadPoolExecutor] = {}

    def consulting(self) -> ThreadPoolExecutor:
        """Return the threads that consult."""
        return self._of("brainops-consult")

    def asking(self) -> ThreadPoolExecutor:
        """Return the threads that ask the triggers while a consultation searches."""
        return self._of("brainops-triggers")

    def close(self) -> None:
        """End the threads, once they have done what they are at."""
        with self._lock:
            made, self._made = self._made, {}
        for threads in made.values():
            threads.shutdown(wait=False)

    def _of(self, name: str) -> ThreadPoolExecutor:
        with self._lock:
            if name not in self._made:
                self._made[name] = ThreadPoolExecutor(CONSULTING_THREADS, thread_name_prefix=name)
            return self._made[name]


_CONSULTANTS: weakref.WeakSet[Consultants] = weakref.WeakSet()


def _forget_threads() -> None:
    for each in list(_CONSULTANTS):
        each._begin_process()


os.register_at_fork(after_in_child=_forget_threads)
