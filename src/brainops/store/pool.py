"""How do all threads of a process share a few connections? Each is lent for one transaction and kept for the next."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from brainops.store.database import Deadline


C = TypeVar("C")

_INHERITED: list[object] = []  # keeps a parent's connections from being closed in a child


class Pool(Generic[C]):
    """At most `most` connections at once, of which `kept` stay open between two uses; made anew after a fork.

    A thread that comes while all are lent waits. So threads may come and go by the thousand, and leave nothing behind.
    """

    def __init__(
        self,
        open: Callable[[Deadline], C],
        close: Callable[[C], None],
        *,
        most: int,
        kept: int,
        location: str,
    ) -> None:
        self._open = open
        self._close = close
        self._most = most
        self._kept = kept
        self._location = location
        self._begin_process()

    def _begin_process(self) -> None:
        self._process = os.getpid()
        lock = threading.RLock()
        self._changed, self._ended = threading.Condition(lock), threading.Condition(lock)
        self._held = False
        self._idle: list[C] = []
        self._lent: dict[int, C] = {}
        self._taken = 0  # those that are lent or being opened
        self._closing: set[int] = set()

    def _ensure_process(self) -> None:
        if self._process != os.getpid():
            # A connection must not be used or closed in a child: that would speak, or drop locks, in the parent's name.
            _INHERITED.extend([*self._idle, *self._lent.values()])
            self._begin_process()

    def take(self, deadline: Deadline) -> C:
        """Return an idle connection, the one that was used last, or a new one; give it back with `give`.

        Raises StoreUnavailable where every connection of this process stays in use until the deadline.
        """
        self._ensure_process()
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken < self._most and not self._held, deadline.left()):
                raise deadline.missed(
                    self._location,
                    f"the {self._most} connections of this process are all in use, by as many threads (let fewer work "
                    "at once, or shorter)",
                )
            self._taken += 1
            if self._idle:
                return self._lend(self._idle.pop())
        try:
            connection = self._open(deadline)
        except BaseException:
            with self._changed:
                self._free()
            raise
        with self._changed:
            return self._lend(connection)

    def _lend(self, connection: C) -> C:
        self._lent[id(connection)] = connection
        return connection

    def give(self, connection: C, *, usable: bool = True) -> None:
        """Take a connection back; one that is not usable, or is more than are kept, is closed."""
        if self._process != os.getpid() or id(connection) not in self._lent:
            return  # lent before a fork
        with self._changed:
            del self._lent[id(connection)]
            keep = usable and len(self._idle) < self._kept and id(connection) not in self._closing
            self._closing.discard(id(connection))
            if keep:
                self._idle.append(connection)
        try:
            if not keep:
                self._close(connection)
        finally:
            with self._changed:
                self._free()

    def _free(self) -> None:
        self._taken -= 1
        self._changed.notify()
        self._ended.notify()

    def hold(self, own: int, seconds: float) -> bool:
        """Lend nothing and have nothing open but `own` until `let_go`; False where others stay lent for so long."""
        self._ensure_process()
        self._changed.acquire()
        self._held = True
        ended = self._ended.wait_for(lambda: self._taken <= own, seconds)
        self.close()
        return ended

    def let_go(self) -> None:
        """Lend again."""
        self._held = False
        self._changed.notify_all()
        self._changed.release()

    def close(self) -> None:
        """Close what is idle now, and what is lent once it comes back; a later use opens anew."""
        if self._process != os.getpid():
            return
        with self._changed:
            self._closing.update(self._lent)
            idle, self._idle = self._idle, []
        for connection in idle:
            self._close(connection)
