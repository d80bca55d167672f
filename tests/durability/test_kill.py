"""Is everything that was acknowledged still there when writers and readers are killed at any moment?"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from brainops.brain import Brain
from brainops.store.memories import filter_parameters
from brainops.types import Filter
from tests.conformance.letters import Letters
from tests.durability import worker
from tests.inside import inside

ANY = Filter()
KILLS = {"sqlite": 12, "postgres": 4}  # in CI; BRAINOPS_KILLS asks for more
MOST_ACTS = 60  # between two kills
WAIT_SECONDS = 120.0  # for a process to say anything; it takes tenths


class Process:
    """A worker; everything that it says goes into one queue as (name, line)."""

    def __init__(self, mode: str, url: str, name: str, said: Queue[tuple[str, str]]) -> None:
        self.name = name
        self.heard: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, str(Path(worker.__file__)), mode, url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._said = said
        self._listening = Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.heard.append(line.strip())
            self._said.put((self.name, line.strip()))

    def ask(self, line: str) -> None:
        """Hand the worker a line; one that was killed does not hear it."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it as a power cut would, and hear the rest of what it had said before."""
        self._process.send_signal(signal.SIGKILL)
        self.end()

    def end(self) -> int:
        """Wait for its end and return its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        status = self._process.wait(WAIT_SECONDS)
        self._listening.join(WAIT_SECONDS)
        self._process.stdout.close()
        return status


def kills(dialect: str) -> int:
    return int(os.environ.get("BRAINOPS_KILLS", KILLS[dialect]))


@pytest.mark.timeout(3_600)
def test_no_acknowledged_act_is_lost_when_processes_are_killed(dialect: str, store_url: str) -> None:
    captured: list[str] = []
    operated: list[str] = []
    dice = random.Random(7)
    with ExitStack() as stack:
        brain = stack.enter_context(worker.opened(store_url))
        for number in range(kills(dialect)):
            wrong, now_captured, now_operated = round_until_killed(store_url, number, dice)
            captured += now_captured
            operated += now_operated

            assert wrong == []
            check(brain, captured, operated)
    assert len(captured) > kills(dialect)


def round_until_killed(url: str, number: int, dice: random.Random) -> tuple[list[str], list[str], list[str]]:
    """Run two writers and a reader and kill them; return what the reader missed, what was captured and operated."""
    said: Queue[tuple[str, str]] = Queue()
    writers = [Process("writer", url, f"w{number}{side}", said) for side in "ab"]
    reader = Process("reader", url, f"r{number}", said)
    everybody = [*writers, reader]
    begun: set[str] = set()
    acts = dice.randrange(1, MOST_ACTS)
    try:
        while acts > 0 or len(begun) < 2:
            name, line = said.get(timeout=WAIT_SECONDS)
            if line.startswith("captured"):
                reader.ask(line.removeprefix("captured "))
                begun.add(name)
                acts -= 1
    finally:
        for process in dice.sample(everybody, len(everybody)):
            process.kill()
    heard = [line.split(" ", 1) for process in writers for line in process.heard]
    wrong = [line for line in reader.heard if not line.startswith("seen")]
    captured = [rest for act, rest in heard if act == "captured"]
    return wrong, captured, [rest for act, rest in heard if act == "operated"]


def check(brain: Brain, captured: list[str], operated: list[str]) -> None:
    """Look at rows, indexes and trail from a process that was never killed, and from a new connection."""
    assert inside(brain).store.upkeep.check() == []
    with inside(brain).store.read() as tx:
        assert tx.trail.first_break(worker.NAMESPACE) is None
        missing = [memory_id for memory_id in captured if tx.session.one("memory_get", id=memory_id) is None]
        lost = [each for each in operated if tx.operations.get(each) is None]
    assert missing == []
    assert lost == []
    everything = {"include_archived": True, "include_superseded": True}
    for memory_id in captured[-20:]:
        memory = brain.get(memory_id)
        assert memory_id in [hit.memory.id for hit in brain.retrieve(memory.title, limit=50, **everything)]
    brain.upkeep.embed_pending()
    with inside(brain).store.read() as tx:
        current = {row["key"] for row in tx.session.all("memory_keys", limit=100_000, **filter_parameters(ANY))}
        vector = Letters("letters").embed(["gateway"])[0]
        near = tx.index.dense(tx.session, "letters", vector, ANY, len(current))
    assert {hit.key for hit in near} == current
