"""Does an installed BrainOps send anything, or leave anything outside its own folders? Looked at from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.installing import INSTALL_SECONDS

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="strace is of Linux"),
    pytest.mark.parametrize("environment", ["newest"], indirect=True),
]

OWN = (".local/share/brainops/", ".config/brainops/")
LIVES = """
import time
from brainops import Brain

with Brain.open() as brain:
    brain.capture_many([brain.draft(f"memory {number}", "the gateway answers slowly") for number in range(50)])
    brain.upkeep.embed_pending()
    try:
        with brain.operation("deploy api", target="production"):
            raise ConnectionError("the database is away")
    except ConnectionError:
        pass
    assert brain.retrieve("a slow gateway")[0].why.dense is not None
    brain.learning.run("hourly", early=True)
    time.sleep(6)
"""
COMMANDS = (["init"], ["capture", "Disk full on db-3"], ["search", "a full disk"], ["learn", "daily"], ["doctor"])
CALLS = "socket,socketpair,connect,bind,sendto,sendmsg,sendmmsg"
HARMLESS = re.compile(r"AF_UNIX|AF_LOCAL|\bAF_UNSPEC\b|<unfinished|resumed>")


class Machine:
    """A home that nothing has written to, and programs in it that are watched."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.trace = home.parent / "trace"

    def run(self, *command: str | Path) -> None:
        """Run a program without anything of this environment, as on a user's own machine and not in CI."""
        strace = shutil.which("strace")
        assert strace, "this test needs strace: apt-get install strace"
        watched = (strace, "-f", "-qq", "-A", "-e", f"trace={CALLS}", "-o", self.trace)
        ended = subprocess.run(
            [*watched, *command],
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), "TMPDIR": str(self.home)},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
        assert ended.returncode == 0, f"{ended.stdout}\n(strace needs leave to trace: --cap-add=SYS_PTRACE)"

    def calls(self) -> list[str]:
        """Return the calls that could reach somebody."""
        lines = self.trace.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if not HARMLESS.search(line)]

    def litter(self) -> list[str]:
        """Return the files outside of BrainOps' own folders."""
        files = (str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.is_file())
        return sorted(name for name in files if not name.startswith(OWN))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home = tmp_path / "home"
    home.mkdir()
    return Machine(home)


def test_a_process_that_embeds_sends_nothing_and_leaves_nothing(environment: Path, machine: Machine) -> None:
    machine.run(environment / "bin" / "python", "-c", LIVES)

    assert machine.trace.exists()
    assert (machine.calls(), machine.litter()) == ([], [])


def test_commands_send_nothing_and_leave_nothing(environment: Path, machine: Machine) -> None:
    for command in COMMANDS:
        machine.run(environment / "bin" / "brainops", *command)

    assert (machine.calls(), machine.litter()) == ([], [])


def test_what_would_be_sent_or_left_is_seen(environment: Path, machine: Machine) -> None:
    """The same look at a call to somebody, and at onnxruntime as it comes: the tests above can fail."""
    python = environment / "bin" / "python"
    machine.run(
        python, "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))"
    )
    assert len(machine.calls()) == 2

    machine.run(python, "-c", "import onnxruntime")
    assert any("onnxruntime" in name for name in machine.litter())
