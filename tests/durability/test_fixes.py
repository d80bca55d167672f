"""Is a fix applied and judged, once, whoever ends in between?"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.types import Actor, ActorKind, ApplicationState, FixApplication
from tests.conformance.conftest import set_clock
from tests.inside import inside

ADA = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
TEXT = "OSError: [Errno 28] No space left on device"
LATER_MICROS = 60_000_000  # beyond the lease of a run whose owner is gone
WAIT_SECONDS = 60.0  # for a process to say anything; it takes tenths

FAILING = """
import os, sys, time
from brainops.brain import Brain
brain = Brain.open(sys.argv[1], namespace="team/a", model="none")
try:
    with brain.operation("reindex", target="db-200", consult="never"):
        raise OSError(28, "No space left on device")
except OSError:
    pass
how = sys.argv[2]
if how == "close":
    brain.close()
elif how == "exit":
    os._exit(0)
else:
    time.sleep(60)
"""
MENDING = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
first = not (folder / "begun").exists()
(folder / "begun").touch()
if first and sys.argv[2] == "slowly":
    time.sleep(60)
with (folder / "mended").open("a") as file:
    file.write("x")
"""


@pytest.fixture
def prepare(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that leaves a store with a proven fix which mends quickly or slowly; it returns the store."""

    def prepared(how: str) -> str:
        url = str(tmp_path / "memory.db")
        with Brain.open(url, namespace="team/a", model="none", background=False, actor=ADA) as brain:
            brain.limits.allow([sys.executable])
            brain.guard.set_autonomy("auto")
            command = [sys.executable, "-c", MENDING, str(tmp_path), how]
            check = [sys.executable, "-c", f"open({str(tmp_path / 'mended')!r})"]
            fix = brain.fixes.attach(TEXT, "free some space", command=command, verify=check)
            with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
                for _ in range(25):
                    proof = application_of(fix, ApplicationState.VERIFIED, ADA, 1, decided_at=1, verified_by="check")
                    tx.fixes.add_application(proof)
            brain.fixes.set_mode(fix.id, "auto", reason="it has helped for weeks")
        return url

    return prepared


def application(brain: Brain) -> FixApplication:
    (found,) = [each for each in brain.fixes.applications() if each.target == "db-200"]
    return found


def settled(brain: Brain) -> ApplicationState:
    """Use a memory as a program does, until its fix is judged or the time is over."""
    until = time.monotonic() + WAIT_SECONDS
    brain.begin("look", consult="never").succeed()
    while application(brain).state in (ApplicationState.DUE, ApplicationState.APPLYING) and time.monotonic() < until:
        time.sleep(0.05)
    return application(brain).state


def failing(url: str, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", FAILING, url, how])


def test_a_program_that_closes_its_memory_leaves_its_error_mended(
    prepare: Callable[[str], str], tmp_path: Path
) -> None:
    url = prepare("quickly")

    failing(url, "close").wait(WAIT_SECONDS)

    with Brain.open(url, namespace="team/a", model="none", background=False) as brain:
        assert application(brain).state is ApplicationState.VERIFIED
    assert (tmp_path / "mended").read_text() == "x"


def test_what_a_program_left_that_ended_at_once_is_done_by_the_next(
    prepare: Callable[[str], str], tmp_path: Path
) -> None:
    url = prepare("quickly")
    failing(url, "exit").wait(WAIT_SECONDS)

    with Brain.open(url, namespace="team/a", model="none") as brain:
        assert settled(brain) is ApplicationState.VERIFIED
    assert (tmp_path / "mended").read_text() == "x"


def test_a_fix_whose_process_was_killed_is_gone_on_with_by_the_next(
    prepare: Callable[[str], str], tmp_path: Path
) -> None:
    url = prepare("slowly")
    process = failing(url, "stay")
    until = time.monotonic() + WAIT_SECONDS
    while not (tmp_path / "begun").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()

    with Brain.open(url, namespace="team/a", model="none") as brain:
        assert application(brain).state is ApplicationState.APPLYING
        set_clock(inside(brain).store, lambda: time.time_ns() // 1_000 + LATER_MICROS)
        assert settled(brain) is ApplicationState.VERIFIED
    assert (tmp_path / "mended").read_text() == "x"
