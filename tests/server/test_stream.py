"""Does a reader hear of everything that happens, once, whoever else reads, stops reading or vanishes?"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from brainops.server import stream
from brainops.server.problem import Trouble
from brainops.types import ChangeKind, FeedEntry
from tests.server.test_serve import call, served


class Reader:
    """A reader of the stream, over a socket of its own: what it does not read, stays unread."""

    def __init__(self, address: str, path: str = "/v1/stream", after: str = "") -> None:
        host = urlsplit(address)
        self.socket = socket.create_connection((host.hostname or "", host.port or 0), timeout=20)
        last = f"Last-Event-ID: {after}\r\n" if after else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host.netloc}\r\n{last}\r\n".encode())
        self._file = self.socket.makefile("rb")
        while (line := self._file.readline()) != b"\r\n":
            assert line, "the server answered nothing"

    def events(self) -> Iterator[tuple[str, Any]]:
        """Yield the id and the data of each event."""
        event: dict[str, str] = {}
        while line := self._file.readline().decode():
            name, _, value = line.rstrip("\n").rstrip("\r").partition(": ")
            if name in ("id", "event", "data"):
                event[name] = value
            elif not name and "data" in event:
                yield event["id"], json.loads(event["data"])
                event = {}

    def titles(self, count: int) -> tuple[list[str], str]:
        """Return the titles of the next memories, and the last id."""
        told = self.events()
        found = [next(told) for _ in range(count)]
        return [data["facts"]["title"] for _, data in found], found[-1][0]

    def close(self) -> None:
        self._file.close()
        self.socket.close()


Read = Callable[..., Reader]


@pytest.fixture
def read() -> Iterator[Read]:
    """Return what makes readers, which are gone when the test is over."""
    with ExitStack() as opened:

        def one(*given: str, **more: str) -> Reader:
            reader = Reader(*given, **more)
            opened.callback(reader.close)
            return reader

        yield one


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with served(tmp_path / "memory.db") as (at, _):
        yield at


def titles(start: int, count: int) -> list[str]:
    return [f"Lesson {number}" for number in range(start, start + count)]


def capture(address: str, start: int, count: int) -> None:
    for title in titles(start, count):
        call(address, "capture", title=title)


def test_readers_hear_what_happens_and_resume_where_they_left(address: str, read: Read) -> None:
    first, second = read(address, "/v1/stream?kinds=memory"), read(address, "/v1/stream?kinds=memory.captured")
    capture(address, 0, 3)

    heard, last = first.titles(3)
    assert heard == second.titles(3)[0] == titles(0, 3)
    first.close()
    capture(address, 3, 4)
    again = read(address, "/v1/stream?kinds=memory", after=last)
    capture(address, 7, 2)

    assert again.titles(6)[0] == titles(3, 6)
    assert second.titles(6)[0] == titles(3, 6)


def test_who_comes_with_an_old_cursor_hears_everything_once_while_more_is_written(address: str, read: Read) -> None:
    page = call(address, "changes", after="newest")
    capture(address, 0, 30)
    live = read(address, "/v1/stream?kinds=memory")
    capture(address, 30, 5)

    late = read(address, "/v1/stream?kinds=memory", after=page["next"])
    capture(address, 35, 5)

    assert late.titles(40)[0] == titles(0, 40)
    assert live.titles(10)[0] == titles(30, 10)


def test_a_server_that_stops_lets_its_readers_go_at_once(tmp_path: Path, read: Read) -> None:
    with served(tmp_path / "memory.db") as (address, process):
        readers = [read(address) for _ in range(3)]
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(15) == 0
        assert time.monotonic() - began < 10
        assert [list(reader.events()) for reader in readers] == [[], [], []]


def test_readers_that_stop_or_vanish_hold_nobody_up(address: str, read: Read) -> None:
    for _ in range(5):
        read(address)
    for _ in range(20):
        Reader(address).close()
    reader = read(address, "/v1/stream?kinds=memory")

    capture(address, 0, 5)

    assert reader.titles(5)[0] == titles(0, 5)


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [("after=nonsense", 422, "cursor"), ("kinds=memories", 422, "there is memory"), ("after=newest", 200, "")],
)
def test_a_cursor_or_a_kind_that_there_is_not_is_refused_before_anything_is_told(
    address: str, query: str, status: int, told: str
) -> None:
    try:
        with urlopen(Request(f"{address}/v1/stream?{query}"), timeout=20) as answer:
            found, body = answer.status, ""
    except HTTPError as error:
        found, body = error.code, error.read().decode()

    assert found == status
    assert told in body


def test_a_reader_is_asked_who_it_is_while_much_happens_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "QUIET_SECONDS", -1.0)
    sent: list[bytes] = []

    async def entries() -> AsyncIterator[FeedEntry | None]:
        for number in range(40):
            yield FeedEntry(
                id=str(number), kind=ChangeKind.MEMORY_CAPTURED, ref="r", namespace="team/a", at=number, facts={}
            )

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def revoked() -> None:
        raise Trouble(401, "Unauthenticated", "that key opens nothing here", "")

    asyncio.run(stream.tell(entries(), frozenset(), receive, send, asyncio.Event(), revoked))

    assert not [body for body in sent if b"data:" in body]
