"""Does a restore lose nothing: of what stood there, of what others write meanwhile, of what a crash left in the log?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, StoreUnavailable
from brainops.store import sqlite_restore
from brainops.store.sqlite_restore import restore_file
from tests.durability.asked import asked


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_restore, "EXCLUSIVE_SECONDS", 0.3)


def opened(path: Path) -> Brain:
    return Brain.open(path, namespace="team/a", read=[], model="none", background=False)


def titles(path: Path) -> set[str]:
    with opened(path) as brain:
        return {hit.memory.title for hit in brain.retrieve(limit=1_000)}


def alone(kept: Path) -> set[str]:
    """Return what a copy of the file holds, without a log beside it."""
    return titles(Path(shutil.copy(kept, kept.with_name("alone.db"))))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store that holds monday, of which there is a backup, and tuesday, of which there is none."""
    with opened(tmp_path / "memory.db") as brain:
        brain.capture("monday")
        brain.upkeep.backup(tmp_path / "copy.backup")
        brain.capture("tuesday")
    return tmp_path / "memory.db"


def restored(store: Path, **options: object) -> Path:
    kept = restore_file(str(store.with_name("copy.backup")), str(store), replace=True, **options)  # type: ignore[arg-type]
    assert kept is not None
    return kept


def test_each_store_that_a_restore_replaced_is_kept_whole_under_its_own_name(store: Path) -> None:
    first = restored(store)
    with opened(store) as brain:
        brain.capture("wednesday")
    second = restored(store)

    assert titles(store) == {"monday"}
    assert alone(first) == {"monday", "tuesday"}
    assert alone(second) == {"monday", "wednesday"}
    assert restore_file(str(first), str(store), replace=True) is not None  # with the digest beside it, back again
    assert titles(store) == {"monday", "tuesday"}


@pytest.mark.parametrize("between", ["idle", "reading"])
def test_a_store_that_a_process_has_open_is_not_replaced_and_nothing_is_lost(store: Path, between: str) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        if between == "reading":
            process.ask("hold")

        with pytest.raises(StoreUnavailable, match=rf"in use by process {process.process.pid} \(python"):
            restored(store)

        process.ask("let")
        assert process.ask("capture after").startswith("captured")
    assert titles(store) == {"monday", "tuesday", "before", "after"}
    assert sorted(path.name for path in store.parent.glob("*.replaced*")) == []
    assert list(store.parent.glob(".brainops-*")) == []


def test_a_store_that_this_process_has_open_is_not_replaced(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("before")
        with pytest.raises(StoreUnavailable, match="this process"):
            restored(store)
        brain.capture("after")

    assert titles(store) == {"monday", "tuesday", "before", "after"}


def test_what_a_killed_process_left_in_the_log_is_kept(store: Path) -> None:
    with asked(str(store)) as process:
        process.ask("capture in the log alone")
    assert store.with_name("memory.db-wal").stat().st_size > 0

    kept = restored(store)

    assert alone(kept) == {"monday", "tuesday", "in the log alone"}
    assert titles(store) == {"monday"}


def test_whoever_comes_while_a_restore_is_made_waits_and_finds_what_was_restored(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[str] = []

    def come_in(connection: sqlite3.Connection, *_: object) -> None:
        with closing(sqlite3.connect(store, timeout=0)) as other:
            try:
                other.execute("select count(*) from memory").fetchone()
                came.append("in")
            except sqlite3.OperationalError as error:
                came.append(str(error))

    taken = sqlite_restore._only

    def take(target: Path) -> sqlite3.Connection | None:
        connection = taken(target)
        if connection is not None:
            come_in(connection)
        return connection

    monkeypatch.setattr(sqlite_restore, "_only", take)
    restored(store)

    assert came == ["database is locked"]
    assert titles(store) == {"monday"}


def test_a_symbolic_link_stays_one_and_its_store_is_restored(store: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(store)

    restore_file(str(tmp_path / "copy.backup"), str(link), replace=True)

    assert link.is_symlink()
    assert titles(store) == titles(link) == {"monday"}


def test_no_vector_map_of_what_stood_there_is_left_beside_either_name(store: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(store)
    maps = [Path(f"{name}.0123.vec") for name in (store, link)]
    for gone in (False, True):
        for each in maps:
            each.write_bytes(b"made from other rows")
        if gone:
            store.unlink()
        restore_file(str(tmp_path / "copy.backup"), str(link), replace=True)

        assert [each.exists() for each in maps] == [False, False]


@pytest.mark.parametrize("place", [5_000, 40_000, -3])
def test_a_backup_with_one_flipped_bit_is_refused(store: Path, place: int) -> None:
    backup = store.with_name("copy.backup")
    data = bytearray(backup.read_bytes())
    data[place] ^= 1
    backup.write_bytes(data)

    with pytest.raises(ArchiveDamaged, match="SHA-256"):
        restored(store)

    assert titles(store) == {"monday", "tuesday"}


def test_a_backup_without_its_digest_takes_the_printed_one_or_a_person(store: Path) -> None:
    beside = store.with_name("copy.backup.sha256")
    digest = beside.read_text(encoding="utf-8").split()[0]
    beside.unlink()

    with pytest.raises(InvalidInput, match="--sha256"):
        restored(store)
    with pytest.raises(ArchiveDamaged, match="SHA-256"):
        restored(store, sha256="0" * 64)
    restored(store, sha256=digest.upper())
    assert titles(store) == {"monday"}
    restored(store, unverified=True)


def test_a_store_in_use_is_no_backup(store: Path) -> None:
    with asked(str(store)) as process:
        process.ask("capture in the log alone")

        with pytest.raises(Conflict, match="brainops --store"):
            restore_file(str(store), str(store.with_name("other.db")), unverified=True)


def test_a_store_is_not_restored_from_itself(store: Path) -> None:
    os.link(store, store.with_name("same.db"))

    with pytest.raises(Conflict, match="the store itself"):
        restore_file(str(store.with_name("same.db")), str(store), replace=True, unverified=True)

    assert titles(store) == {"monday", "tuesday"}


def test_a_store_that_cannot_be_read_is_kept_as_it_is(store: Path) -> None:
    data = b"\xff" * 4_096 + store.read_bytes()[4_096:]
    store.write_bytes(data)

    kept = restored(store)

    assert titles(store) == {"monday"}
    assert kept.read_bytes() == data


def test_a_store_with_a_damaged_page_is_kept_as_it_is(store: Path) -> None:
    data = bytearray(store.read_bytes())
    data[len(data) // 2 :][:4_096] = b"\xff" * 4_096
    store.write_bytes(data)

    kept = restored(store)

    assert titles(store) == {"monday"}
    assert kept.read_bytes()[len(data) // 2 :] == data[len(data) // 2 :]


def test_a_damaged_store_that_somebody_has_open_stays(store: Path) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        with store.open("r+b") as file:
            file.write(b"\xff" * 100)

        with pytest.raises(StoreUnavailable, match=f"process {process.process.pid}"):
            restored(store)


def test_a_restore_that_is_cut_off_leaves_the_store_as_it_was(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import os, sys\n"
        "from brainops.store import sqlite_restore\n"
        "class Cut(sqlite_restore.sqlite3.Connection):\n"
        "    def backup(self, target, **options):\n"
        "        super().backup(target, pages=3, sleep=0, progress=lambda *at: os._exit(9))\n"
        "kept = sqlite_restore.new_file\n"
        "real = sqlite_restore.sqlite3.connect\n"
        "def connect(path, **options):\n"
        "    if str(path).endswith('.part') and any(os.scandir(os.path.dirname(path))) and kept_there(path):\n"
        "        options['factory'] = Cut\n"
        "    return real(path, **options)\n"
        "def kept_there(path):\n"
        "    return any('.replaced-' in each.name for each in os.scandir(os.path.dirname(path)))\n"
        "sqlite_restore.sqlite3.connect = connect\n"
        f"sqlite_restore.restore_file({str(store.with_name('copy.backup'))!r}, {str(store)!r}, replace=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 9, ended.stderr
    assert titles(store) == {"monday", "tuesday"}
    restored(store)
    assert titles(store) == {"monday"}


def test_doctor_names_what_a_killed_restore_left_and_what_is_kept(store: Path) -> None:
    restored(store)
    left = store.with_name(".brainops-0123.part")
    left.write_bytes(b"half of a copy")
    os.utime(left, (0, 0))

    with opened(store) as brain:
        [failed] = [each for each in brain.upkeep.doctor() if each.name == "left over"]
        left.unlink()
        [passed] = [each for each in brain.upkeep.doctor() if each.name == "left over"]

    assert (failed.passed, failed.way_out) == (False, f"rm {left}")
    assert passed.passed
    assert "1 stores that a restore replaced" in passed.detail
