"""How many megabytes (10**6 bytes) does the default install take in an empty environment?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.figures import Figure, rounded
from bench.part import ROOT, options, publish, say

TARGET_MEGABYTES = 200.0
NOT_OURS = {"pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence.pth", "__pycache__"}


def main() -> None:
    given = options()
    environment = given.work / "installed"
    if not environment.exists():
        say("installing into an empty environment")
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, stdout=2)
        pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, ROOT / "models" / "brainops-minilm", ROOT], check=True, stdout=2)
    [packages] = environment.glob("lib/python*/site-packages")
    sizes = {entry.name: size_of(entry) for entry in packages.iterdir() if entry.name.split("-")[0] not in NOT_OURS}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:6]
    whole = Figure(
        name="the default install in an empty environment",
        value=sum(sizes.values()) / 1e6,
        unit="MB",
        n=1,
        at_most=TARGET_MEGABYTES,
        beside={name: rounded(sizes[name] / 1e6) for name in largest},
    )
    code = Figure(name="BrainOps itself", value=sizes["brainops"] / 1e6, unit="MB", n=1)
    publish([whole, code], quick=given.quick)


def size_of(entry: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [entry] if entry.is_file() else [path for path in entry.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    main()
