"""Does a program that ends without close() end in order, and is what it recorded there?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brainops.brain import Brain

ROOT = Path(__file__).parent.parent.parent
RUNS = 4  # of each way to leave, at another moment each; without an orderly end all 20 abort
MEMORIES = 300  # more than the thread embeds before the program has ended
PROGRAM = """
import sys, threading, time
from brainops import Brain
from tests.inside import inside

brain = Brain.open(sys.argv[1], namespace="team/a")
words = "the gateway answers slowly since the pool of connections to the database is exhausted " * 12
brain.capture_many([brain.draft(f"memory {number}", words) for number in range(MEMORIES)])
with brain.operation("deploy", consult="never", record="async"):
    pass
while getattr(inside(brain).context.meaning._embedder, "_opened", None) is None:
    time.sleep(0.01)
time.sleep(float(sys.argv[2]))
"""
ASKING = """
def ask():
    while True:
        brain.retrieve("why is the gateway slow?")
for _ in range(3):
    threading.Thread(target=ask, daemon=True).start()
time.sleep(0.3)
"""
TERMINATED = """
import os, signal
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
os.kill(os.getpid(), signal.SIGTERM)
"""
LEAVING = {
    "at the end": ("", 0),
    "sys.exit": ("sys.exit(3)", 3),
    "an exception": ("raise RuntimeError('no')", 1),
    "daemon threads": (ASKING, 0),
    "SIGTERM, as the docs say": (TERMINATED, 143),
}


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.parametrize("way", LEAVING)
def test_a_program_that_ends_while_vectors_are_pending_ends_in_order(tmp_path: Path, way: str, run: int) -> None:
    leave, code = LEAVING[way]
    store = tmp_path / "memory.db"

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("MEMORIES", str(MEMORIES)) + leave, str(store), str(run * 0.02)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )

    assert (ended.returncode, "vector" in ended.stderr) == (code, False), ended.stderr[-2000:]
    with Brain.open(store, namespace="team/a", model="none", background=False) as brain:
        [kept] = brain.operations.list()
        assert kept.outcome is not None
        assert len(brain.retrieve(limit=400)) == MEMORIES
