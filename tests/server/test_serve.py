"""Does `brainops serve` keep what it acknowledged, end when it is told to, and open itself to nobody by accident?"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

MAIN = "from brainops.cli.program import main; main()"


@contextmanager
def served(store: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server in a process of its own; yield its address and the process."""
    command = [sys.executable, "-c", MAIN, "serve", "--json", "--port", "0", "--store", str(store), *options]
    process = subprocess.Popen(
        [*command, "--model", "none", "--namespace", "team/a"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BRAINOPS_HOME": str(store.parent)},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        yield json.loads(line)["address"], process
    finally:
        process.kill()
        process.communicate()


def call(address: str, verb: str, **body: Any) -> Any:
    request = Request(f"{address}/v1/{verb}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_what_was_acknowledged_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    store = tmp_path / "memory.db"
    with served(store) as (address, process):
        kept = [call(address, "capture", title=f"Lesson {number}")["id"] for number in range(5)]
        process.send_signal(signal.SIGKILL)
        process.wait(30)

    with served(store) as (address, process):
        found = {hit["memory"]["id"] for hit in call(address, "retrieve", limit=10)}
        process.send_signal(signal.SIGTERM)
        ended = process.wait(30)
        logged = process.stderr.read().splitlines() if process.stderr else []

    assert set(kept) <= found
    assert ended == 0
    assert [json.loads(line)["status"] for line in logged if '"request"' in line] == [200]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "issue a key"),
        (("--host", "name.invalid"), "issue a key"),
        (("--host", "name.invalid", "--keys"), "cannot be listened on"),
    ],
)
def test_it_does_not_begin_where_others_reach_it_without_keys(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    command = [sys.executable, "-c", MAIN, "serve", "--store", str(tmp_path / "memory.db"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert told in " ".join(done.stderr.split())


def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-c", MAIN, "serve", "--store", str(tmp_path / "memory.db"), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "--port" in done.stderr
