"""What do the tests of the importers share? A folder to write material into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.material import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file below the folder `ops` and returns its path."""

    def write_one(name: str, content: str | bytes) -> Path:
        path = tmp_path / "ops" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_one
