"""Can a command that writes a file be turned against the store? Whatever the name, the link and the options."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from brainops import authoring
from brainops.brain import Brain
from brainops.cli.program import main

OTHERS = {"namespace": "b", "read": [], "model": "none", "background": False}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "memory.db"
    monkeypatch.setenv("BRAINOPS_STORE", str(place))
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    monkeypatch.setenv("BRAINOPS_NAMESPACE", "a")
    monkeypatch.chdir(tmp_path)
    with Brain.open(place, **OTHERS) as brain:  # type: ignore[arg-type]
        brain.capture("of another namespace")
        brain.upkeep.backup(tmp_path / "copy.backup")
    (tmp_path / "procedure.md").write_text(authoring.skeleton("deploy-api"), encoding="utf-8")
    return place


def held(store: Path) -> list[str]:
    with Brain.open(store, **OTHERS) as brain:  # type: ignore[arg-type]
        return [hit.memory.title for hit in brain.retrieve()]


@pytest.mark.parametrize("name", ["memory.db", "symbolic", "hard", "memory.db-wal", "memory.db-journal", "copy.backup"])
@pytest.mark.parametrize(
    "command",
    [("export",), ("export", "--force"), ("share", "export"), ("share", "export", "--force"), ("backup",),
     ("procedure", "test", "procedure.md", "--force", "--junit")],
    ids=" ".join,
)  # fmt: skip
def test_no_command_writes_over_a_store_or_a_backup(store: Path, name: str, command: tuple[str, ...]) -> None:
    (store.parent / "symbolic").symlink_to(store)
    os.link(store, store.parent / "hard")
    backup = (store.parent / "copy.backup").read_bytes()

    said = CliRunner().invoke(main, [*command, name])

    assert said.exit_code == 1
    assert "never written over" in " ".join(said.stderr.split())
    assert held(store) == ["of another namespace"]
    assert (store.parent / "copy.backup").read_bytes() == backup


def test_an_agents_session_restores_no_backup_that_nothing_verifies(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store.parent / "copy.backup.sha256").unlink()
    monkeypatch.setenv("CLAUDECODE", "1")

    said = CliRunner().invoke(main, ["restore", "--from", "copy.backup", "--replace", "--unverified"])

    assert said.exit_code == 1
    assert held(store) == ["of another namespace"]
    assert list(store.parent.glob("*.replaced-*")) == []
