"""Do the wheels hold what they should, and work in an empty environment with the newest and the oldest dependencies?"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.packaging.installing import run

INSTALLED_MEGABYTES = 205  # the promise to whoever puts the default install into an image
NOT_OURS = {"pip", "setuptools", "pkg_resources", "_distutils_hack"}


def installed_megabytes(environment: Path) -> float:
    [packages] = environment.glob("lib/python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file())
    ours = (path for path in files if path.relative_to(packages).parts[0].split("-")[0] not in NOT_OURS)
    return sum(path.stat().st_size for path in ours) / 1e6


def test_an_installed_brainops_works_from_python(environment: Path, tmp_path: Path) -> None:
    printed = run(
        environment / "bin" / "python", "-W", "error", Path(__file__).parent / "first_use.py", tmp_path / "m.db"
    )

    assert printed == "used\n"


def test_an_installed_brainops_works_from_the_shell(environment: Path, tmp_path: Path) -> None:
    brainops = (environment / "bin" / "brainops", "--store", tmp_path / "memory.db")
    run(*brainops, "init")
    run(
        *brainops,
        "capture",
        "Disk full on db-3",
        "--content",
        "fix: delete old WAL archives",
        "--type",
        "error_pattern",
    )
    hits = json.loads(run(*brainops, "--json", "search", "a full disk on the database host"))

    assert hits[0]["memory"]["title"] == "Disk full on db-3"


@pytest.mark.parametrize("environment", ["newest"], indirect=True)
def test_the_default_install_is_small(environment: Path) -> None:
    assert installed_megabytes(environment) <= INSTALLED_MEGABYTES


def test_the_main_wheel_holds_two_packages_and_what_they_read(wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels["brainops"]).namelist()
    roots = {name.split("/")[0] for name in names}

    assert {root for root in roots if not root.startswith("brainops-")} == {"brainops", "brainops_core"}
    assert "brainops/py.typed" in names
    assert any(name.startswith("brainops/store/sql/postgres/") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.endswith((".pth", ".onnx", ".db"))]


def test_the_founding_modules_come_with_their_own_wheel(wheels: dict[str, Path]) -> None:
    names = zipfile.ZipFile(wheels["brainops-compat"]).namelist()

    assert "PERSISTENT_MEMORY_OPERATIONAL_FRAMEWORK.py" in names
    assert "apps/backend/services/memory_integration_service.py" in names
    assert not [name for name in names if name.startswith("brainops/")]
