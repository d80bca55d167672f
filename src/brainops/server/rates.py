"""How often may one key ask in a minute, whichever server it asks? Each server takes its turns in blocks.

A row in the store counts what was taken of a key's minute, a twentieth at a time, so that a request costs no write. The
first block of a minute each server gives by itself: a key that asks now and then costs none at all, and of several
servers each lets at most that much more through.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from brainops.engine import Engine
from brainops.errors import StoreError
from brainops.server.problem import Trouble
from brainops.types import Actor
from brainops.types.times import MINUTE_MICROS, SECOND_MICROS

BLOCKS = 20  # of a key's minute
FOR_CAPTURES = 0.2  # of a minute, kept for what was learnt: it is written down when nothing else is answered any more

log = logging.getLogger("brainops.server")


class Rates:
    """What each key has left of this minute at this server; `per_minute` 0 lets everybody ask as often as they like."""

    def __init__(self, engine: Engine, per_minute: int, now: Callable[[], int]) -> None:
        self._engine = engine
        self._per_minute = per_minute
        self._block = max(1, per_minute // BLOCKS)
        self._now = now
        self._lock = threading.Lock()
        self._window = 0
        self._left: dict[tuple[str, bool], int] = {}  # of anything, and of what is kept for captures alone
        self._over: set[tuple[str, bool]] = set()

    def require(self, actor: Actor, *, captures: bool) -> None:
        """Let one request of somebody through, or raise Trouble (429) until the minute is over."""
        if not self._per_minute or actor.proof == "loopback":
            return
        name, now = f"{actor.kind.value}:{actor.proof}:{actor.id}", self._now()
        window = now - now % MINUTE_MICROS
        if self._has_left(name, captures, window):
            return
        granted = (name, captures) not in self._over and self._took(name, window, captures)
        with self._lock:
            if window == self._window and granted:  # else the minute ended meanwhile, and this was of the last one
                self._left[name, captures] = self._left.get((name, captures), 0) + self._block - 1
            elif window == self._window:
                self._over.add((name, captures))
        if granted:
            return
        raise Trouble(
            429,
            "TooManyRequests",
            f"{actor.id} asked more than {self._per_minute:,} times in a minute",
            "ask again once the minute is over, or more with each call: capture_many, pages of 1,000",
            retry_after=str(math.ceil((window + MINUTE_MICROS - now) / SECOND_MICROS)),
        )

    def _has_left(self, name: str, captures: bool, window: int) -> bool:
        with self._lock:
            if window > self._window:
                self._window, self._left, self._over = window, {}, set()
            self._left.setdefault((name, False), self._block)
            for kept in (False, True) if captures else (False,):
                if self._left.get((name, kept), 0) > 0:
                    self._left[name, kept] -= 1
                    return True
            return False

    def _took(self, name: str, window: int, captures: bool) -> bool:
        """Take a further block of somebody's minute; where the store is busy or away, that is no fault of theirs."""
        most = int(self._per_minute * (1.0 if captures else 1.0 - FOR_CAPTURES)) - self._block
        try:
            return self._engine.take_turns(name, window, self._block, most)
        except StoreError as error:
            log.warning("how often %s asked is not counted: %s", name, error)
            return True
