"""How often may one key ask in a minute, whichever server it asks? Each server takes its turns in blocks.

A row in the store counts what was taken of a key's minute, a twentieth at a time, so that a request costs no write. The
first block of a minute each server gives by itself: a key that asks now and then costs none at all, and of several
servers each lets at most that much more through. A page has a share of what all pages of its key have, which each
server counts for itself: pages come and go, and a row for each would stay.
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
FOR_ONE_PAGE = 0.1  # of what all pages of one key have: one that asks too often keeps none of the others out
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
        self._pages: dict[str, int] = {}  # how often each asked, by what it shows

    def require(self, actor: Actor, *, captures: bool, page: str = "") -> None:
        """Let one request of somebody through, or raise Trouble (429) until the minute is over.

        `page` is the secret of a page that acts by somebody's key.
        """
        if not self._per_minute or actor.proof == "loopback":
            return
        name, now = f"{actor.kind.value}:{actor.proof}:{actor.id}", self._now()
        window = now - now % MINUTE_MICROS
        if page and not self._page_has_left(page, window):
            most = self._most_of_page
            raise _too_often(f"this page asked more than {most:,} times in a minute", window + MINUTE_MICROS - now)
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
        raise _too_often(
            f"{actor.id} asked more than {self._per_minute:,} times in a minute", window + MINUTE_MICROS - now
        )

    @property
    def _most_of_page(self) -> int:
        return max(1, int(self._per_minute * FOR_ONE_PAGE))

    def _page_has_left(self, page: str, window: int) -> bool:
        with self._lock:
            self._begin(window)
            count = self._pages[page] = self._pages.get(page, 0) + 1
            return count <= self._most_of_page

    def _begin(self, window: int) -> None:
        """Forget the minute before, where this is a new one."""
        if window > self._window:
            self._window, self._left, self._over, self._pages = window, {}, set(), {}

    def _has_left(self, name: str, captures: bool, window: int) -> bool:
        with self._lock:
            self._begin(window)
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


def _too_often(why: str, left_micros: int) -> Trouble:
    return Trouble(
        429,
        "TooManyRequests",
        why,
        "ask again once the minute is over, or more with each call: capture_many, pages of 1,000",
        retry_after=str(math.ceil(left_micros / SECOND_MICROS)),
    )
