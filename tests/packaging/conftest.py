"""What do the packaging tests stand on? The wheels of this tree, and what they install."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.installing import ROOT, oldest_versions, run

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


@pytest.fixture(scope="session", params=["newest", "oldest"])
def environment(
    request: pytest.FixtureRequest, wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return an empty environment with brainops and its model in it; the oldest one has the extra postgres too."""
    folder = tmp_path_factory.mktemp(request.param) / "venv"
    constraints = folder.parent / "constraints.txt"
    constraints.write_text("\n".join(oldest_versions() if request.param == "oldest" else []), encoding="utf-8")
    extra = "[postgres]" if request.param == "oldest" else ""
    run(sys.executable, "-m", "venv", folder)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:")
    run(*pip, "--constraint", constraints, wheels["brainops-minilm"], f"{wheels['brainops']}{extra}")
    return folder
