"""Who embeds the memories that wait for a vector, so that no caller pays for the model?"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from brainops import lazy
from brainops.errors import BrainOpsError

if TYPE_CHECKING:
    from brainops.memory.meaning import Meaning
    from brainops.store import Store
    from brainops.store.scope import Scope

REST_SECONDS = 1.0  # between two runs, so that a stream of captures is embedded in batches
RUN_MEMORIES = 2_000  # in one run, before the thread looks whether it is to stop

FIRST_MEMORIES = 64  # that a question embeds before its answer: a fifth of a second
MORE_MEMORIES = 256  # that are embedded after it: about a second, and the store catches up by use

log = lazy.logger()


@contextmanager
def catching_up(embed: Callable[[int], int]) -> Iterator[None]:
    """Embed a few memories that wait before a question is asked, and more once it was answered.

    It is for programs that are over soon, which have no drainer: their captures do not load the model, so what was put
    in is found by meaning by the next question. Trouble with the model is not the question's, which goes by words then.
    """
    with suppress(BrainOpsError):
        embed(FIRST_MEMORIES)
    yield
    with suppress(BrainOpsError):
        embed(MORE_MEMORIES)


class Drainer:
    """A thread that embeds the backlog after a nudge; made anew after a fork, idle without a model."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._waiting: dict[Scope, Store] = {}
        self._nudged = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._process = -1

    def nudge(self, store: Store) -> None:
        """Say that something may wait in what a store reads; returns at once."""
        if self._meaning.model == "none" or self._meaning.problem is not None or self._stop.is_set():
            return
        if self._process != os.getpid():
            self._process = os.getpid()
            self._nudged, self._stop = threading.Event(), threading.Event()
            self._thread = threading.Thread(target=self._run, name="brainops-embed", daemon=True)
            self._thread.start()
        self._waiting[store.scope] = store.by(None)
        self._nudged.set()

    def close(self) -> None:
        """Stop after the batch at hand; what is not embedded stays pending."""
        self._stop.set()
        self._nudged.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join()

    def _run(self) -> None:
        from brainops.memory.meaning import embed_pending

        stop, nudged = self._stop, self._nudged
        while not stop.is_set():
            nudged.wait()
            nudged.clear()
            for scope in list(self._waiting):
                store = self._waiting.pop(scope)
                try:
                    while not stop.is_set() and embed_pending(
                        store, self._meaning, limit=RUN_MEMORIES, stop=stop.is_set
                    ):
                        pass
                except BrainOpsError as error:
                    if not threading.main_thread().is_alive():
                        return  # the program is ending, and what is left is told by `status`
                    log.warning("memories wait for their vectors: %s", error)
            stop.wait(REST_SECONDS)
