"""How many requests does the server take in at once, and from whom? One more is told to come back."""

from __future__ import annotations

import asyncio
import os

from anyio import CapacityLimiter

from brainops.server.problem import RETRY_SECONDS, Trouble

THREADS = max(4, 2 * (os.cpu_count() or 2))  # that ask the store at once: more only take turns with one another
WAITING = 64  # requests that wait for a thread; one more is told to come back
KEPT_FOR_CAPTURES = 16  # of those, so that what was learnt is written down before anything else is looked up
UNKNOWN = 16  # that sign in at once, and as many that send what is signed: who that is shows only later
BODY_SECONDS = 30.0  # for a body to come in: who sends slower holds a place that others wait for


class Door:
    """How many requests are inside, and whether one more is let in."""

    def __init__(self, closed: asyncio.Event, most: int = WAITING + THREADS, kept: int = 0) -> None:
        self.limiter = CapacityLimiter(THREADS)
        self.inside = 0
        self.closed = closed
        self._most = most
        self._kept = kept

    def enter(self, *, captures: bool = False) -> None:
        """Let a request in, or raise Trouble (503)."""
        if self.closed.is_set():
            raise come_back("the server is stopping")
        if self.inside >= self._most - (0 if captures else self._kept):
            raise come_back(f"{self.inside} requests wait already")
        self.inside += 1

    def leave(self) -> None:
        """Let a request out."""
        self.inside -= 1


def come_back(why: str) -> Trouble:
    """Return what tells a request to come back."""
    return Trouble(503, "Busy", why, "send it again a little later", retry_after=str(RETRY_SECONDS))
