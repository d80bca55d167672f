"""Who goes on with runs while a server answers? Workers of its own, each a process beside it that ends when it does.

The server itself carries out no step: what a procedure runs is not run by the process that holds everybody's keys.
"""

from __future__ import annotations

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

STEADY_SECONDS = 60.0  # after which a worker that ends is begun again at once
LONGEST_REST_SECONDS = 30.0
GRACE_SECONDS = 40.0  # a worker lets the steps at hand end, and hands its runs back

log = logging.getLogger("brainops.server")


class Nudges:
    """Where there may be something to do: a server's workers are told; of other namespaces the log says none is."""

    def __init__(self, served: str | None, tell: Callable[[], None]) -> None:
        self._served = served
        self._tell = tell
        self.unserved: set[str] = set()

    def __call__(self, namespace: str) -> None:
        """Tell who works in a namespace, or say once that nobody here does."""
        if namespace == self._served:
            self._tell()
        elif namespace not in self.unserved:
            self.unserved.add(namespace)
            log.warning("no worker of this server serves %s: brainops worker --namespace %s", namespace, namespace)


@contextmanager
def attended(
    command: Sequence[str], settings: Mapping[str, str], count: int, *, without: Collection[str] = ()
) -> Iterator[Callable[[], None]]:
    """Keep so many processes of a command going for a while; what it lends tells them to look for something to do.

    Each hears of that by a line of its standard input, and of its end by the end of that. Their settings are handed
    over in the environment: everybody on the machine sees a command line. What is the server's alone is left `without`:
    each step of a procedure could read it there.
    """
    ours = {name: value for name, value in os.environ.items() if name not in without}
    environment = {**ours, **settings}
    stop = threading.Event()
    alive: list[subprocess.Popen[bytes]] = []
    threads = [
        threading.Thread(target=_attend, args=(command, environment, stop, alive), daemon=True) for _ in range(count)
    ]
    for thread in threads:
        thread.start()

    def tell() -> None:
        for process in alive:
            assert process.stdin is not None
            with suppress(OSError, ValueError):  # one that ends, or has not read the lines before, looks by itself
                process.stdin.write(b"\n")

    try:
        yield tell
    finally:
        stop.set()
        for thread in threads:
            thread.join(GRACE_SECONDS + 5)


def _attend(
    command: Sequence[str], environment: Mapping[str, str], stop: threading.Event, alive: list[subprocess.Popen[bytes]]
) -> None:
    """Begin a process again whenever it ends, the later the sooner it ended the last time."""
    rest = 1.0
    while not stop.is_set():
        began = time.monotonic()
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0
        ) as process:
            assert process.stdin is not None
            os.set_blocking(process.stdin.fileno(), False)  # nobody waits for a worker that reads nothing
            alive.append(process)
            while process.poll() is None and not stop.wait(0.2):
                pass
            alive.remove(process)
            if stop.is_set():
                _let_end(process)
                return
        rest = 1.0 if time.monotonic() - began > STEADY_SECONDS else min(LONGEST_REST_SECONDS, 2 * rest)
        log.warning("a worker ended with %s; the next one begins in %.0f s", process.returncode, rest)
        stop.wait(rest)


def _let_end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        assert process.stdin is not None
        process.stdin.close()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
