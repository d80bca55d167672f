"""Does one command take a fresh machine to a working memory, and do no harm the second time?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.packaging.installing import ROOT, run

SCRIPT = ROOT / "DEPLOY_PERSISTENT_MEMORY_SYSTEM.sh"
SCRIPT_LINES = 60


@pytest.fixture
def fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BRAINOPS_VENV", str(tmp_path / "venv"))
    monkeypatch.setenv("BRAINOPS_PORT", "0")
    monkeypatch.delenv("CI", raising=False)
    yield tmp_path
    if (program := tmp_path / "venv" / "bin" / "brainops").exists():
        run(program, "service", "stop")


def repository(folder: Path) -> Path:
    """Make a folder with a namespace of its own, as a user works in."""
    (folder / ".git").mkdir(parents=True)
    return folder


@pytest.mark.timeout(900)  # two installations, which wait for what else the machine does
def test_one_command_sets_up_a_memory_and_a_second_one_leaves_it_alone(
    fresh_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brainops = fresh_machine / "venv" / "bin" / "brainops"
    first = run(SCRIPT)
    run(brainops, "capture", "Something worth keeping")
    second = run(SCRIPT)
    hits = json.loads(run(brainops, "--json", "search", "worth keeping"))
    procedures = json.loads(run(brainops, "--json", "procedure", "list"))
    settings = json.loads(run(brainops, "--json", "status"))["guard"]
    monkeypatch.chdir(repository(fresh_machine / "shop"))
    ran = run(brainops, "run", "memory-optimization", "--dry-run")
    held = json.loads(run(brainops, "--json", "status"))["guard"]

    assert "FAIL" not in first + second
    assert "PASS" in first
    assert (fresh_machine / ".local" / "share" / "brainops" / "memory.db").stat().st_mode & 0o777 == 0o600
    assert [hit["memory"]["title"] for hit in hits][:1] == ["Something worth keeping"]
    assert [one["state"] for one in procedures] == ["active"] * 6
    assert (settings["enforcement"], settings["autonomy"]) == ("strict", "auto")
    assert (held["enforcement"], held["autonomy"]) == ("strict", "auto")
    assert ran
    served = json.loads(run(brainops, "--json", "service", "status"))
    assert served["running"] and served["address"] in second
    with urlopen(f"{served['address']}/readyz", timeout=10) as ready:
        assert ready.status == 200
    run(fresh_machine / "venv" / "bin" / "python", "-c", "import PERSISTENT_MEMORY_OPERATIONAL_FRAMEWORK")

    gone = run(brainops, "uninstall", "--yes")
    assert "leaves" in gone and not (fresh_machine / "venv").exists()
    assert (fresh_machine / ".local" / "share" / "brainops" / "memory.db").exists()


def test_what_the_setup_does_not_take_is_said_before_anything_is_done(tmp_path: Path) -> None:
    for words, told in ((["--team"], "--team takes the address"), (["--teem", "x"], "usage:")):
        done = subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0 and told in done.stderr and "Environment" not in done.stdout


def test_the_setup_stays_short_enough_to_read() -> None:
    assert SCRIPT.read_text(encoding="utf-8").count("\n") < SCRIPT_LINES
