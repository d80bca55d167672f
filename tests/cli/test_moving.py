"""Does material get in from files and out to them, and is it said what was left?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Say


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "disk.md").write_text("# Disk full\n\nRemove old archives.\n", encoding="utf-8")
    (folder / "crash.md").write_text("# Pod crashes\n\nRead the previous log.\n", encoding="utf-8")
    return folder


def test_a_dry_run_says_what_would_be_taken_and_takes_nothing(say: Say, runbooks: Path) -> None:
    said = say("import", "runbooks", "--dry-run")

    assert "Would be: 2 new" in said.out
    assert "Disk full" in said.out
    assert say("list", "--json").value == []


def test_an_import_says_what_it_took_and_a_second_one_that_it_stands_there(say: Say, runbooks: Path) -> None:
    first = say("import", "runbooks")
    second = say("import", "runbooks", "--json").value

    assert "Taken in: 2 new" in first.out
    assert (second["taken"], second["repeated"]) == (0, 2)
    assert say("search", "archives", "--json").value[0]["memory"]["trust"] == "external"


def test_a_sync_follows_the_source(say: Say, runbooks: Path) -> None:
    say("import", "runbooks")
    (runbooks / "disk.md").write_text("# Disk full\n\nGrow the volume.\n", encoding="utf-8")
    (runbooks / "crash.md").unlink()
    synced = say("import", "runbooks", "--sync", "--json").value

    assert (synced["superseded"], synced["flagged"]) == (1, 1)
    assert say("search", "volume", "--json").value[0]["memory"]["title"] == "Disk full"


def test_what_was_left_is_said_with_the_reason(say: Say, runbooks: Path) -> None:
    (runbooks / "broken.md").write_bytes(b"# \xff\xfe\x00broken")
    said = say("import", "runbooks")

    assert "Left, 1:" in said.out
    assert "broken.md" in said.out


def test_an_export_comes_back_whole_into_another_store(say: Say, tmp_path: Path) -> None:
    captured = say("capture", "Kept", "for ever", "--json").value
    say("forget", captured["id"])
    say("capture", "Also kept", "for ever and a day")
    written = say("export", "everything.jsonl")
    say("init", "--store", str(tmp_path / "other.db"))
    back = say("import", "everything.jsonl", "--store", str(tmp_path / "other.db"))
    there = say("search", "kept", "--store", str(tmp_path / "other.db"), "--json").value

    assert (written.code, back.code) == (0, 0)
    assert [hit["memory"]["title"] for hit in there] == ["Also kept"]
    assert say("history", captured["id"], "--store", str(tmp_path / "other.db")).code == 0


def test_an_export_is_put_back_as_it_was_or_not_at_all(say: Say) -> None:
    say("capture", "Kept", "for ever")
    say("export", "everything.jsonl")

    assert say("import", "everything.jsonl", "--dry-run").code == 2


def test_a_backup_is_private_verified_and_never_overwrites(say: Say, tmp_path: Path) -> None:
    say("capture", "Kept", "for ever")
    first = say("backup", "kept.db", "--json").value
    second = say("backup", "kept.db")

    assert len(first["sha256"]) == 64
    assert (tmp_path / "kept.db").stat().st_mode & 0o777 == 0o600
    assert second.code == 1
    assert "is never written over" in second.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "nowhere"), "cannot be found"),
        (("import", "memory.db"), "BrainOps store"),
        (("import", "noise.bin"), "noise.bin"),
        (("import", "damaged.jsonl"), "the export"),
        (("export", "nowhere/x.jsonl"), "cannot be written"),
    ],
)
def test_a_path_that_will_not_do_is_one_clear_line(
    say: Say, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    say("capture", "x", "y")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "damaged.jsonl").write_text(json.dumps({"brainops_export": 1}) + "\n{", encoding="utf-8")
    said = say(*arguments)

    assert said.code == 1
    assert said.err.startswith("brainops: ")
    assert told in " ".join(said.err.split())
