"""What do the tests of the command line stand on? A store of their own; the program here and as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

PROCESS_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error, as JSON tells it."""
        return json.loads(self.err)["error"]


Say = Callable[..., Said]


@pytest.fixture
def store(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own, searched by words alone, which needs no model to be loaded."""
    place = Path(shutil.copy(empty_store, tmp_path / "memory.db"))
    monkeypatch.setenv("BRAINOPS_STORE", str(place))
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "team/shop")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return place


@pytest.fixture
def say(store: Path) -> Say:
    """Run a command in this process."""
    from brainops.cli.program import main

    def run(*arguments: str, given: str | bytes | None = None) -> Said:
        result = CliRunner().invoke(main, list(arguments), input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(code=result.exit_code, out=result.stdout, err=result.stderr)

    return run


@pytest.fixture
def shell(store: Path) -> Say:
    """Run the installed program as a process of its own."""

    def run(*arguments: str | bytes, given: bytes = b"", **rest: Any) -> Said:
        environment = {**os.environ, **rest.pop("environment", {})}
        done = subprocess.run(
            [program(), *arguments],
            input=given,
            capture_output=True,
            timeout=PROCESS_SECONDS,
            env=environment,
            check=False,
            **rest,
        )
        return Said(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    return run


def program() -> str:
    """Return the installed entry point."""
    return str(Path(sys.executable).parent / "brainops")
