"""How does a test drive another process that has a store open? It asks, and gets one line back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).with_name("store_process.py")


class Asked:
    """A process that has a store open and does as it is asked."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._line() == "ready"

    def ask(self, order: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """End it as a program ends."""
        self.process.communicate("end\n", timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=60)


@contextmanager
def asked(url: str) -> Iterator[Asked]:
    """Lend a process that has the store open; it is killed at the end."""
    process = Asked(url)
    try:
        yield process
    finally:
        process.kill()
        for stream in (process.process.stdin, process.process.stdout):
            if stream is not None:
                stream.close()
