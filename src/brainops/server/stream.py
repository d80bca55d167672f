"""How does somebody elsewhere hear of what happens as it happens? By server-sent events, from one feed for all readers.

A feed of some namespaces looks at what happened since its last look, once for all who read them. Who has a cursor is
told what came after it first. Nobody is waited for: who takes nothing in is cut off, and resumes by the cursor.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from anyio import CapacityLimiter, to_thread
from litestar.types import Receive, Send

from brainops.brain import Brain
from brainops.errors import BrainOpsError
from brainops.server.problem import Trouble
from brainops.types import FeedEntry, Page
from brainops.wire import to_json

LOOK_SECONDS = 0.25  # between two looks, while somebody reads
QUIET_SECONDS = 15.0  # after which a reader hears that the server is there, and is asked again who it is
SEND_SECONDS = 10.0  # after which a reader who takes nothing in is cut off
KEPT = 2_000  # entries that a feed has at hand; who is further behind resumes from the store
PAGE = 500
RETRY = b"retry: 1000\n\n"


class Feeds:
    """The feeds that are read now, by the namespaces that they tell of."""

    def __init__(self, limiter: CapacityLimiter) -> None:
        self._limiter = limiter
        self._feeds: dict[tuple[str, ...], Feed] = {}

    def of(self, brain: Brain) -> Feed:
        """Return the feed of what a view reads; one that nobody reads any more is not gone on with."""
        self._feeds = {read: feed for read, feed in self._feeds.items() if feed.readers and not feed.over}
        return self._feeds.setdefault(tuple(sorted(brain.settings.read)), Feed(brain, self._limiter))


class Feed:
    """What happens in some namespaces, looked at while somebody reads; `count` numbers the entries from then on."""

    def __init__(self, brain: Brain, limiter: CapacityLimiter) -> None:
        self.readers = 0
        self.over = False
        self.count = 0
        self._brain = brain
        self._limiter = limiter
        self._cursor = "newest"
        self._kept: deque[FeedEntry] = deque(maxlen=KEPT)
        self._lock = asyncio.Lock()
        self._more = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None

    async def read(self, after: str) -> AsyncIterator[FeedEntry | None]:
        """Yield what happened after a cursor, then what happens; None where nothing did for a while.

        Ends where the store is away, and for a reader so far behind that what comes next is not at hand any more.
        """
        self.readers += 1
        try:
            while len(page := await self._page(after)) == PAGE:
                after = page.next or after
                for entry in page:
                    yield entry
            async with self._lock:  # nothing is looked at between the last of its own pages and its place in the feed
                await self._look()
                at, own = self.count, [*page]
                while page := await self._page(page.next or after):
                    own += page
            for entry in own:
                yield entry
            heard = {entry.id for entry in own}
            if self._watching is None:
                self._watching = asyncio.create_task(self._watch())
            while not self.over and self.count - at <= len(self._kept):
                came = await self._since(at)
                at += len(came)
                for entry in came:
                    if entry.id not in heard:
                        yield entry
                if not came:
                    yield None
        finally:
            self.readers -= 1
            if not self.readers and self._watching is not None:
                self._watching.cancel()  # whoever comes next gets a feed of their own

    async def _since(self, at: int) -> Sequence[FeedEntry]:
        """Return what came after a number; wait for it, and return nothing where nothing comes."""
        async with self._more:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._more.wait_for(lambda: self.over or self.count > at), QUIET_SECONDS)
            return list(self._kept)[at - self.count :] if self.count > at else ()

    async def _watch(self) -> None:
        try:
            while True:
                async with self._lock:
                    await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        except BrainOpsError:
            pass  # the store is away: readers are let go, and resume when they are let in again
        finally:
            self.over = True
            async with self._more:
                self._more.notify_all()

    async def _look(self) -> None:
        """Take in what happened since the last look."""
        more = True
        while more:
            page = await self._page(self._cursor)
            self._cursor, more = page.next or self._cursor, len(page) == PAGE
            async with self._more:
                self._kept.extend(page)
                self.count += len(page)
                self._more.notify_all()

    async def _page(self, after: str) -> Page[FeedEntry]:
        return await to_thread.run_sync(lambda: self._brain.changes(after=after, limit=PAGE), limiter=self._limiter)


async def tell(
    entries: AsyncIterator[FeedEntry | None],
    kinds: frozenset[str],
    receive: Receive,
    send: Send,
    closing: asyncio.Event,
    still: Callable[[], Awaitable[object]],
) -> None:
    """Send entries of some kinds (all where none is named) until the reader goes, stops reading, or the server closes.

    Now and then `still` is asked, which raises where the reader may read no longer.
    """
    ends = [asyncio.create_task(_gone(receive)), asyncio.create_task(closing.wait())]
    try:
        await _sent(send, {"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _part(send, RETRY)
        last, spoken, asked = "", time.monotonic(), time.monotonic()
        while True:
            coming = asyncio.ensure_future(anext(entries))
            await asyncio.wait({coming, *ends}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                with suppress(asyncio.CancelledError):
                    await coming
                break
            entry = coming.result()
            last = entry.id if entry is not None else last
            if time.monotonic() - asked > QUIET_SECONDS:
                await still()
                asked = time.monotonic()
            if entry is not None and (not kinds or entry.kind.value in kinds or entry.kind.noun in kinds):
                told = (entry.id.encode(), entry.kind.value.encode(), to_json(entry))
                await _part(send, b"id: %b\nevent: %b\ndata: %b\n\n" % told)
            elif entry is None or time.monotonic() - spoken > QUIET_SECONDS:
                await _part(send, b"id: %b\n\n" % last.encode() if last else b":\n\n")
            else:
                continue
            spoken = time.monotonic()
    except (StopAsyncIteration, TimeoutError, BrainOpsError, Trouble, OSError):
        pass  # whoever reads resumes by the last id that it heard
    finally:
        for task in ends:
            task.cancel()
        await entries.aclose()  # type: ignore[attr-defined]
    with suppress(TimeoutError, OSError):
        await _sent(send, {"type": "http.response.body", "body": b"", "more_body": False})


_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # a proxy that gathers answers would hold events back
]


async def _part(send: Send, body: bytes) -> None:
    await _sent(send, {"type": "http.response.body", "body": body, "more_body": True})


async def _sent(send: Send, message: object) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send(message)  # type: ignore[arg-type]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
