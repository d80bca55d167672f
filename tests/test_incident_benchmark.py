"""Is the incident benchmark fair: one world for all arms, its truth hidden, and who knows more does better?"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARK = ROOT / "bench" / "incidents"


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the benchmark be imported from the repository."""
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def test_the_truth_is_asked_for_by_the_oracle_alone() -> None:
    asking = {
        (path.name, owner.name)
        for path in BENCHMARK.glob("*.py")
        for owner in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(owner, ast.ClassDef | ast.FunctionDef)
        for node in ast.walk(owner)
        if isinstance(node, ast.Attribute) and node.attr == "truth"
    }

    assert {name for name, _ in asking} == {"arms.py"}
    assert {owner for _, owner in asking if owner[0].isupper()} == {"Oracle"}


def test_every_arm_meets_the_same_incidents_and_who_knows_more_does_better() -> None:
    from bench.incidents.arms import ARMS
    from bench.incidents.parameters import DEVELOPMENT_SEEDS, FULL
    from bench.incidents.play import play

    seed = DEVELOPMENT_SEEDS[0]
    played = {name: play(ARMS[name], FULL, seed) for name in ("none", "notebook", "oracle")}
    first = {
        name: [(line.number, line.kind) for line in sorted(lines, key=lambda line: line.number) if not line.back]
        for name, lines in played.items()
    }
    minutes = {name: sum(line.minutes for line in lines) / len(lines) for name, lines in played.items()}
    repeats = {name: sum(line.repeats for line in lines) for name, lines in played.items()}

    assert first["none"] == first["notebook"] == first["oracle"]
    assert minutes["oracle"] < minutes["notebook"] < minutes["none"]
    assert repeats["oracle"] < repeats["notebook"] / 2 < repeats["none"] / 4


def test_the_product_is_played_by_its_public_verbs_and_the_same_every_time(tmp_path: Path) -> None:
    from dataclasses import replace

    from bench.incidents.parameters import DEVELOPMENT_SEEDS, QUICK
    from bench.incidents.product import play_product

    short = replace(QUICK, days=2)
    lines = [
        [
            replace(line, cpu_ms=0.0)
            for line in play_product(short, DEVELOPMENT_SEEDS[0], tmp_path / name, automatic=True, hostile=True)
        ]
        for name in ("first", "again")
    ]

    assert lines[0] == lines[1]
    assert len(lines[0]) >= 20 and sum(line.tokens for line in lines[0]) > 0
