"""Can memory be set up, checked and looked after from a shell?"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Say


def test_init_makes_a_private_store_once(say: Say, store: Path) -> None:
    store.unlink()

    first, second = say("init", "--json").value, say("init", "--json").value

    assert (first["made"], second["made"]) == (True, False)
    assert first["store"] == str(store)
    assert store.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("by", ["--store", "BRAINOPS_STORE", "settings"])
def test_a_store_that_was_mistyped_is_an_error_and_no_new_memory(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    typed, given = str(tmp_path / "typo" / "memory.db"), []
    if by == "--store":
        given = ["--store", typed]
    elif by == "BRAINOPS_STORE":
        monkeypatch.setenv("BRAINOPS_STORE", typed)
    else:
        (tmp_path / "settings.toml").write_text(f'store = "{typed}"\n', encoding="utf-8")
        monkeypatch.delenv("BRAINOPS_STORE")
        monkeypatch.setenv("BRAINOPS_CONFIG", str(tmp_path / "settings.toml"))
    asked = [say(*given, *words) for words in (["status"], ["capture", "a", "b"], ["match", "x"], ["upgrade"])]

    assert [said.code for said in asked] == [1, 1, 1, 1]
    assert all(f"brainops init --store {typed}" in said.err for said in asked)
    assert not (tmp_path / "typo").exists()
    assert say("init", "--store", typed).code == 0
    assert say("status", "--store", typed).code == 0


def test_the_default_place_is_made_by_use(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRAINOPS_STORE")
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))

    assert say("capture", "a", "b").code == 0
    assert (tmp_path / "home" / "memory.db").exists()


def test_upgrade_check_changes_nothing_and_tells_by_its_exit_code(say: Say, store: Path) -> None:
    store.unlink()
    before = say("upgrade", "--check")
    stood = store.exists()
    store.touch()
    done = say("upgrade", "--json").value
    after = say("upgrade", "--check")

    assert (before.code, after.code) == (1, 0)
    assert not stood
    assert done["applied"]
    assert "Nothing is pending" in after.out


def test_a_store_of_a_newer_program_is_left_alone(say: Say, store: Path) -> None:
    say("init")
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("update setting set value = '999' where name in ('schema', 'capture_from')")
        connection.commit()
    said = say("status")

    assert said.code == 1
    assert "pip install -U brainops" in " ".join(said.err.split())


def test_the_doctor_passes_every_check_of_a_sound_store(say: Say) -> None:
    said = say("doctor")

    assert said.code == 0
    assert "FAIL" not in said.out
    assert re.search(r"All \d+ checks passed\.", said.out)


def test_the_doctor_fails_with_the_way_out_where_the_file_is_damaged(say: Say, store: Path) -> None:
    store.write_bytes(b"no database at all" * 300)
    said = say("doctor")
    [check] = say("doctor", "--json").value

    assert said.code == 1
    assert "FAIL" in said.out
    assert "brainops restore --from" in said.out
    assert not check["passed"]


def test_the_doctor_says_what_to_do_about_a_file_that_others_may_read(say: Say, store: Path) -> None:
    say("init")
    store.chmod(0o644)
    said = say("doctor")

    assert said.code == 1
    assert f"chmod 600 {store}" in said.out


def test_status_fits_a_terminal_and_counts(say: Say) -> None:
    for number in range(3):
        say("capture", f"memory {number}", "something", "--type", "error_pattern")
    said = say("status")
    figures = say("status", "--json").value

    assert len(said.out.splitlines()) <= 23
    assert max(map(len, said.out.splitlines())) <= 80
    assert figures["memories"]["by_type"] == {"error_pattern": 3}
    assert figures["growth"]["day"]["memories"] == 3


def test_reindex_and_reembed_say_how_many(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_MODEL", "minilm")
    say("capture", "one", "two")

    assert say("reindex", "--json").value == {"memories": 1}
    assert say("reembed", "--json").value == {"memories": 1, "waiting": 0}


def test_audit_names_the_command_that_mends_and_the_command_mends(say: Say) -> None:
    say("capture", "Twice", "the very same words", "--type", "learning_insight")
    say("capture", "Twice", "the very same words", "--type", "success_pattern")
    [found] = say("audit", "--json").value
    say(*found["command"].split()[1:])
    after = say("audit")

    assert found["kind"] == "exact duplicate"
    assert "Nothing to clean up." in after.out


def test_compact_says_what_it_would_move(say: Say) -> None:
    said = say("compact", "--older-than", "30", "--dry-run", "--json")

    assert said.code == 0
    assert said.value["operations"] == 0


def test_the_audit_trail_can_be_read(say: Say) -> None:
    before = say("audit", "--trail")
    say("enforcement", "strict", "--reason", "agreed in the team")

    after = say("audit", "--trail")
    line = say("audit", "--trail", "--json").value[-1]

    assert "Nothing was done" in before.out
    assert "set-enforcement" in after.out
    assert "reason: agreed in the team" in after.out
    assert (line["act"], line["sequence"]) == ("set-enforcement", 1)
