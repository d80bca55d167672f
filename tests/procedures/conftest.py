"""What do the tests of procedures stand on? A memory in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brainops.brain import Brain


@pytest.fixture
def brain(tmp_path: Path) -> Iterator[Brain]:
    """Open a fresh memory without a model."""
    with Brain.open(tmp_path / "memory.db", namespace="team/a", model="none", background=False) as opened:
        yield opened
