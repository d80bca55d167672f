"""How do the packaging tests run a program, and which are the oldest dependencies that they install?"""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent.parent
INSTALL_SECONDS = 600


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command outside of this tree's own environment and return what it printed; fail with it otherwise."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    finished = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert finished.returncode == 0, f"{' '.join(map(str, command))}\n{finished.stdout}"
    return finished.stdout


def oldest_versions() -> list[str]:
    """Return a constraint `name==lower bound` for each dependency that this Python would install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest: dict[str, Version] = {}
    for line in project["dependencies"] + project["optional-dependencies"]["postgres"]:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            lower = next(Version(bound.version) for bound in requirement.specifier if bound.operator == ">=")
            oldest[requirement.name] = max(lower, oldest.get(requirement.name, lower))
    return [f"{name}=={version}" for name, version in oldest.items()]
