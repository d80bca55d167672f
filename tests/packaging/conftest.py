"""What do the packaging tests stand on? The wheels of this tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.installing import ROOT, run

PARTS = ("models/brainops-minilm", ".", "compat")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that build wheels in one process of a parallel run, so that they are built once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("packaging"))


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the wheel of each distribution; return them by distribution name."""
    folder = tmp_path_factory.mktemp("wheels")
    parts = [str(ROOT / part) for part in PARTS]
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), *parts)
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}
