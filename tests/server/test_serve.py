"""Does `brainops serve` keep what it acknowledged, end when it is told to, and open itself to nobody by accident?"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from brainops.brain import Brain

MAIN = "from brainops.cli.program import main; main()"


def make(store: Path) -> None:
    Brain.open(store, model="none", background=False).close()


@contextmanager
def served(
    store: Path, *options: str, first: Callable[[], None] | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server in a process of its own; yield its address and the process."""
    make(store)
    command = [sys.executable, "-c", MAIN, "serve", "--json", "--port", "0", "--store", str(store)]
    process = subprocess.Popen(
        [*command, "--model", "none", "--namespace", "team/a", "--workers", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "BRAINOPS_HOME": str(store.parent)},
        preexec_fn=first,
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


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no /proc shows what a process was begun with")
def test_no_process_of_the_same_user_reads_the_servers_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_SIGN_IN_SECRET", "bov_hunter22")
    with served(tmp_path / "memory.db", first=as_any_user) as (_, process):
        command = [sys.executable, "-c", f"print(open('/proc/{process.pid}/environ').read())"]
        looked = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=as_any_user)

    assert "PermissionError" in looked.stderr and "hunter22" not in looked.stdout


def as_any_user() -> None:
    """Give up what root may more than others (PR_CAPBSET_DROP); of no effect for anybody else."""
    for capability in range(41):
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "brainops keys issue NAME"),
        (("--host", "name.invalid"), "brainops keys issue NAME"),
        (("--host", "name.invalid", "--keys"), "cannot be listened on"),
        (("--url", "https://ops.example"), "begin with --keys"),
    ],
)
def test_it_does_not_begin_where_others_reach_it_without_keys(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    make(tmp_path / "memory.db")
    command = [sys.executable, "-c", MAIN, "serve", "--store", str(tmp_path / "memory.db"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert told in " ".join(done.stderr.split())


def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    make(tmp_path / "memory.db")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-c", MAIN, "serve", "--store", str(tmp_path / "memory.db"), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "--port" in done.stderr


def test_its_own_worker_goes_on_with_runs_and_ends_with_it(tmp_path: Path) -> None:
    with served(tmp_path / "memory.db", "--workers", "1") as (address, process):
        source = "name: note\nsteps:\n  - {id: keep, uses: capture, with: {title: done, content: by a worker}}\n"
        call(address, "establish", source=source)
        run = call(address, "runs/start", name="note")
        ended = until(lambda: call(address, "runs/get", run_id=run["id"])["state"] == "succeeded")
        alive = until(lambda: len(call(address, "workers/list")) == 1)
        process.send_signal(signal.SIGKILL)  # nothing of the server is left to end its worker
        process.wait(30)

    with served(tmp_path / "memory.db") as (address, _):
        assert until(lambda: call(address, "workers/list") == [])
    assert ended and alive


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_store_that_is_not_there_is_no_new_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAIN, "serve", "--store", str(tmp_path / "mistyped.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert "brainops init" in done.stderr and not (tmp_path / "mistyped.db").exists()
