"""Does the demo show what it promises, offline and without touching anybody's memory?"""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.cli.demo import LONGEST_SECONDS, Stage, play
from brainops.cli.demo_history import MEMORIES, OPERATIONS
from tests.cli.conftest import Said, Say
from tests.cli.test_process import on_a_terminal

QUICK_SECONDS = 10
SCREEN_LINES = 24


@pytest.fixture
def shown(shell: Say) -> Said:
    return shell("demo", "--quick", environment={"BRAINOPS_MODEL": "minilm"})


def test_the_demo_recognises_advises_and_knows_the_error_the_second_time(say: Say) -> None:
    found = say("demo", "--quick", "--json", "--model", "minilm").value

    assert found["paged"][0]["exact"]
    assert "allkeys-lru" in found["paged"][0]["memory"]["content"]["solution"]
    assert found["paged"][1]["why"]["dense"] > 0  # its history has vectors
    assert found["guidance"]["confidence"] > 0.1
    assert "migration" in found["guidance"]["primary_recommendation"]["text"]
    assert found["guidance"]["failure_probability"] > 0
    assert found["again"][0]["exact"]
    assert "POST /warm" in found["again"][0]["memory"]["content"]["solution"]


def test_it_reads_well_in_80_columns(shown: Said) -> None:
    commands = [line for line in shown.out.splitlines() if line.startswith("$ ")]
    rest = [line for line in shown.out.splitlines() if not line.startswith("$ ")]

    assert shown.code == 0
    assert len(commands) == 4
    assert max(map(len, rest)) <= 80
    assert max(answer.count("\n") for answer in shown.out.split("\n\n")) < SCREEN_LINES


def test_it_touches_no_memory_and_leaves_no_file(shell: Say, store: Path, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    before = store.read_bytes()
    shown = shell("demo", "--quick", environment={"TMPDIR": str(tmp_path / "temporary")})

    assert "Known at once, with its fix." in shown.out
    assert store.read_bytes() == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_quick_one_is_quick(shell: Say) -> None:
    def computed() -> float:  # what a loaded machine does not stretch
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = computed()
    shell("demo", "--quick", environment={"BRAINOPS_MODEL": "minilm"})

    assert computed() - before < QUICK_SECONDS


def test_it_works_without_a_model(say: Say) -> None:
    said = say("demo", "--quick", "--model", "none")

    assert "Known at once, with its fix." in said.out


def test_the_slow_one_pauses_for_less_than_a_minute(store: Path) -> None:
    pauses: list[float] = []
    with Brain.open(model="none", background=False) as brain:
        play(brain, Stage(pause=pauses.append, silent=False), quick=False)

    assert 15 < sum(pauses) < 50
    assert max(pauses) <= LONGEST_SECONDS


def test_it_types_on_a_terminal_only(shown: Said) -> None:
    assert "\x1b" not in shown.out
    assert "\x1b" in on_a_terminal(["demo", "--quick"], BRAINOPS_MODEL="none")


def test_its_history_is_small_and_of_every_type() -> None:
    assert 25 <= len(MEMORIES) + len(OPERATIONS) <= 45
    assert len({memory["type"] for memory in MEMORIES}) == 10
