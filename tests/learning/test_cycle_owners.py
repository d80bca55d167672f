"""Is the owner of a learning cycle taken for dead only where its process number means what it means here?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from brainops.learning.cycles import cycles


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of a process that is no more, under which owners are named."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    monkeypatch.setattr("brainops.learning.cycles.cycles.os.getpid", lambda: process.pid)
    return process.pid


def test_a_process_that_lives_has_not_died() -> None:
    assert not cycles._has_died(cycles._owner())


@pytest.mark.skipif(not cycles.PROCESSES.exists(), reason="only Linux says where a process number counts")
def test_a_process_of_this_place_that_ended_has_died(ended: int) -> None:
    owner = cycles._owner()

    assert f"-{ended}-" in owner
    assert cycles._has_died(owner)


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("differs", ["BOOT", "PROCESSES"])
def test_a_container_with_this_hosts_name_has_not_died(
    differs: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("0f0e0d0c-0b0a-0908-0706-050403020100\n")
    with monkeypatch.context() as there:
        there.setattr(cycles, differs, other)
        owner = cycles._owner()

    assert not cycles._has_died(owner)


@pytest.mark.usefixtures("ended")
def test_where_no_place_can_be_told_only_the_lease_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cycles, "BOOT", tmp_path / "missing")

    assert not cycles._has_died(cycles._owner())


@pytest.mark.parametrize("owner", ["", "somebody", "host-12"])
def test_a_name_of_another_form_tells_nothing(owner: str) -> None:
    assert not cycles._has_died(owner)
