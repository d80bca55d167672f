"""Does nobody but the worlds of the benchmarks read what is hidden in them, and is a run the same every time?"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the benchmark be imported from the repository."""
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])


def test_the_product_knows_nothing_of_the_benchmark() -> None:
    readers = [
        path
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.startswith("bench") for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bench"))
    ]

    assert readers == []


@pytest.mark.parametrize(
    ("benchmark", "known"),
    [("operational", {"_remedy", "_good", "_fault"}), ("incidents", {"_right", "_good", "_truth"})],
)
def test_nobody_but_the_world_reads_what_is_hidden(benchmark: str, known: set[str]) -> None:
    folder = ROOT / "bench" / benchmark
    world = ast.parse((folder / "world.py").read_text(encoding="utf-8"))
    hidden = {
        node.attr
        for node in ast.walk(world)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
    }
    read = {
        f"{path.name}: {ast.unparse(node)}"
        for path in folder.glob("*.py")
        if path.name != "world.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in hidden and "world" in ast.unparse(node.value)
    }

    assert known <= hidden
    assert read == set()


def test_a_run_is_the_same_every_time_and_memory_repeats_fewer_mistakes(tmp_path: Path) -> None:
    from bench.operational.parameters import QUICK, TRIAL_SEEDS
    from bench.operational.play import play

    first = play("memory", QUICK, TRIAL_SEEDS[0], tmp_path / "first").ledger
    again = play("memory", QUICK, TRIAL_SEEDS[0], tmp_path / "again").ledger
    without = play("without", QUICK, TRIAL_SEEDS[0], tmp_path / "without").ledger

    assert first.days == again.days
    assert first.total("incidents") == without.total("incidents")
    assert first.total("repeats") < without.total("repeats") / 2
    assert first.total("adhered") == first.total("deployments") > without.total("adhered")
