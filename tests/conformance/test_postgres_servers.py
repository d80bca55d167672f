"""Do several servers on one PostgreSQL answer as one, also when one of them is killed?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from brainops.brain import Brain
from tests.conformance.conftest import OWNER
from tests.conformance.postgres_server import PostgresServer

MAIN = "from brainops.cli.program import main; main()"
EACH = 8


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path))


@contextmanager
def serving(url: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    command = [sys.executable, "-c", MAIN, "serve", "--json", "--port", "0", "--workers", "0", "--model", "none"]
    settings = {"BRAINOPS_STORE": url, "BRAINOPS_NAMESPACE": "team/a", "BRAINOPS_READ": ""}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **settings}
    )
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["address"].rpartition(":")[2]), process
    finally:
        process.kill()
        process.communicate()


class Balancer:
    """Takes connections, and hands each to the next server that takes it; knows nothing of HTTP, sessions or keys."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.handed: dict[int, int] = dict.fromkeys(ports, 0)

    def __enter__(self) -> Balancer:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = self._next()
                if server is None:
                    client.close()
                    continue
                threading.Thread(target=_both_ways, args=(client, server), daemon=True).start()

    def _next(self) -> socket.socket | None:
        for _ in self._ports:
            self._ports.append(port := self._ports.pop(0))
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", port), 5)
                server.settimeout(None)
                self.handed[port] += 1
                return server
        return None


def _both_ways(client: socket.socket, server: socket.socket) -> None:
    with client, server:
        back = threading.Thread(target=_carry, args=(server, client), daemon=True)
        back.start()
        _carry(client, server)
        back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


class Reader:
    """Reads the stream, and resumes by the last id whenever it ends."""

    def __init__(self, address: str, wanted: int) -> None:
        self.told: list[str] = []
        self.connections = 0
        self.ready, self.done = threading.Event(), threading.Event()
        self._address, self._wanted, self._last = address, wanted, ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while len(self.told) < self._wanted:
            headers = {"last-event-id": self._last} if self._last else {}
            asked = Request(f"{self._address}/v1/stream?kinds=memory", headers=headers)
            with suppress(OSError, HTTPException), urlopen(asked, timeout=60) as lines:
                self.connections += 1
                self.ready.set()
                while len(self.told) < self._wanted and (line := lines.readline()):
                    self._take(line.decode().rstrip("\n"))
        self.done.set()

    def _take(self, line: str) -> None:
        name, _, value = line.partition(": ")
        if name == "id":
            self._last = value
        elif name == "data":
            self.told.append(json.loads(value)["ref"])


@pytest.mark.usefixtures("home")
def test_two_servers_answer_as_one_and_a_stream_goes_on_at_the_other_when_one_is_killed(
    postgres: PostgresServer, database: str
) -> None:
    url = postgres.url(database, OWNER)
    with ExitStack() as stack:
        first, killed = stack.enter_context(serving(url))
        second, _ = stack.enter_context(serving(url))
        balancer = stack.enter_context(Balancer([first, second]))
        reader = Reader(balancer.address, 3 * EACH)
        assert reader.ready.wait(30)
        brain = Brain.open(balancer.address)

        kept = [brain.capture(f"before {number}").id for number in range(EACH)]
        session = brain.sessions.open(id="s-1")
        killed.send_signal(signal.SIGKILL)
        kept += [brain.capture(f"while {number}").id for number in range(EACH)]
        killed.wait(30)
        kept += [brain.acting(session="s-1").capture(f"after {number}").id for number in range(EACH)]

        assert reader.done.wait(60)
        found = brain.retrieve(limit=100)
        assert sorted(hit.memory.id for hit in found) == sorted(kept) and len(set(kept)) == len(kept)
        assert {hit.memory.occurrences for hit in found} == {1}
        assert reader.told == kept and reader.connections >= 1
        assert brain.sessions.record(session.session_id).memories == EACH
        assert min(balancer.handed.values()) > 0
