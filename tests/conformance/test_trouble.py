"""Is trouble with a SQLite file a clear error of ours, and is what was acknowledged still there afterwards?"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import (
    BrainOpsError,
    InvalidConfiguration,
    StoreCorrupt,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from tests.inside import inside

NOBODY = 65534
PAGE_BYTES = 4_096
OPTIONS: dict[str, Any] = {"namespace": "team/a", "read": [], "model": "none", "background": False}


def opened(path: Path) -> Brain:
    return Brain.open(path, **OPTIONS)


def filled(path: Path, count: int = 40) -> list[str]:
    """Make a store of some pages, and return its ids."""
    with opened(path) as brain:
        ids = [brain.capture(f"gateway {number}", f"text {number} " * 40).id for number in range(count)]
        with brain.operation("deploy"):
            pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    return ids


@pytest.fixture
def shared_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder that another user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="brainops-"))
    folder.chmod(0o755)
    monkeypatch.setenv("BRAINOPS_CONFIG", str(folder / "settings.toml"))  # the one of the tests' home is root's
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Run as a user whom permissions bind."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_read_only_file_can_be_read_and_says_so_when_written(shared_folder: Path) -> None:
    path = shared_folder / "memory.db"
    ids = filled(path)
    path.chmod(0o444)
    shared_folder.chmod(0o777)

    with without_privileges(), opened(path) as brain:
        assert {hit.memory.id for hit in brain.retrieve("gateway", limit=100)} == set(ids)
        with pytest.raises(StoreReadOnly, match="permissions"):
            brain.capture("one more")


def test_a_read_only_folder_is_a_clear_error(shared_folder: Path) -> None:
    path = shared_folder / "memory.db"
    filled(path)
    path.chmod(0o444)
    shared_folder.chmod(0o555)

    with without_privileges(), pytest.raises(StoreReadOnly, match="folder"):
        opened(path).capture("one more")


def test_a_folder_that_may_not_be_written_gets_no_store(shared_folder: Path) -> None:
    shared_folder.chmod(0o555)

    with without_privileges(), pytest.raises(StoreReadOnly):
        opened(shared_folder / "memory.db")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="is a folder; name a file in it"):
        opened(tmp_path)


def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes\n" * 1_000)
    before = path.read_bytes()

    with pytest.raises(StoreCorrupt):
        opened(path)

    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table memory (text)")
        connection.execute("insert into memory values ('mine')")
        connection.commit()

    with pytest.raises(StoreCorrupt, match="something else"):
        opened(path)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select * from memory").fetchall() == [("mine",)]
        assert connection.execute("select count(*) from sqlite_master").fetchone() == (1,)


@pytest.mark.parametrize("location", ["ftp://example.com/x", "mysql://root@localhost/x", "sqlite:///memory.db"])
def test_a_location_that_means_nothing_is_refused(location: str) -> None:
    with pytest.raises(InvalidConfiguration):
        Brain.open(location, **OPTIONS)


@pytest.mark.parametrize("name", ["a\0b", "x" * 5_000])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BrainOpsError):
        Brain.open(str(tmp_path / "folder") + "/" + name, **OPTIONS)


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "memory.db"

    with opened(path) as brain:
        brain.capture("gateway")

    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    path.touch()

    with opened(path) as brain:
        assert brain.capture("gateway").id


def test_a_file_whose_head_was_overwritten_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    filled(path)
    data = bytearray(path.read_bytes())
    data[:100] = b"\xff" * 100
    path.write_bytes(data)

    with pytest.raises(StoreCorrupt, match="restore"):
        opened(path)


def test_a_file_that_was_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    filled(path)
    os.truncate(path, path.stat().st_size // 2)

    assert [problem for act in ACTS for problem in outcome(path, act)]


@pytest.mark.parametrize("noise", [b"\0", b"\xff"], ids=["zeros", "ones"])
def test_a_lost_page_is_told_wherever_it_lay(tmp_path: Path, noise: bytes) -> None:
    whole, path = tmp_path / "whole.db", tmp_path / "damaged.db"
    filled(whole, 100)
    data = whole.read_bytes()
    for start in range(PAGE_BYTES, len(data), PAGE_BYTES):
        for ending in ("-wal", "-shm"):
            (tmp_path / f"damaged.db{ending}").unlink(missing_ok=True)
        path.write_bytes(data[:start] + noise * PAGE_BYTES + data[start + PAGE_BYTES :])

        page = start // PAGE_BYTES  # each act comes first on a page in six, and the others where it notices nothing
        told = any(outcome(path, ACTS[(page + each) % len(ACTS)]) for each in range(len(ACTS)))

        assert told, f"nobody noticed that page {page + 1} is lost"


def outcome(path: Path, act: Callable[[Brain], Any]) -> list[str]:
    """Return what an act says of damage: an error of ours, or a failed check; any other error passes through."""
    try:
        with opened(path) as brain:
            act(brain)
            return inside(brain).store.upkeep.check()
    except BrainOpsError as error:
        return [str(error)]


ACTS: tuple[Callable[[Brain], Any], ...] = (
    lambda brain: brain.retrieve("gateway text", limit=1_000, include_archived=True),
    lambda brain: brain.retrieve(limit=1_000),
    lambda brain: brain.operations.list(),
    lambda brain: inside(brain).store.upkeep.check(),
    lambda brain: brain.match("text 7"),
    lambda brain: brain.capture("one more"),
)


def test_a_full_disk_is_told_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with opened(path) as brain:
        limit_pages(brain, 40)
        acknowledged: list[str] = []
        with suppress(StoreFull):
            acknowledged.extend(captures(brain, 1_000))
        assert 0 < len(acknowledged) < 1_000
        with pytest.raises(StoreFull, match="disk is full"):
            brain.capture("one more", "text " * 20_000)
        assert {hit.memory.id for hit in brain.retrieve("gateway", limit=1_000)} == set(acknowledged)

    with opened(path) as again:
        assert {hit.memory.id for hit in again.retrieve("gateway", limit=1_000)} == set(acknowledged)
        assert inside(again).store.upkeep.check() == []
        assert again.capture("one more").id


def captures(brain: Brain, count: int) -> Iterator[str]:
    """Yield the id of each capture that was acknowledged."""
    for number in range(count):
        yield brain.capture(f"gateway {number}", "text " * 200).id


def limit_pages(brain: Brain, more: int) -> None:
    """Let SQLite say that the disk is full after some pages more."""
    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages + more}")


FILLS = """
    import resource, sys
    from brainops.brain import Brain
    from brainops.errors import StoreError
    brain = Brain.open(sys.argv[1], namespace="team/a", read=[], model="none", background=False)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
    number = 0
    while True:
        try:
            captured = brain.capture(f"gateway {number}", "text " * 200)
        except StoreError as error:
            print("told", type(error).__name__, flush=True)
            break
        print(captured.id, flush=True)
        number += 1
"""


def test_a_file_that_may_not_grow_is_told_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"

    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILLS), str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    *acknowledged, told = run.stdout.splitlines()
    assert told.startswith("told Store")
    assert len(acknowledged) > 20
    with opened(path) as brain:
        assert {hit.memory.id for hit in brain.retrieve("gateway", limit=1_000)} == set(acknowledged)
        assert inside(brain).store.upkeep.check() == []


def test_an_operation_goes_on_when_memory_cannot_record_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "memory.db") as brain:
        database: Any = inside(brain).store.database
        prepare = database._prepare
        database.close()
        monkeypatch.setattr(database, "_prepare", lambda new: (prepare(new), new.execute("pragma query_only = on")))

        with brain.operation("deploy") as running:
            running.note(result="went on")

        assert "without being recorded" in caplog.text
        with pytest.raises(BrainOpsError), brain.operation("deploy", strict=True):
            raise AssertionError("a strict operation must not begin unrecorded")


def test_a_disk_that_fills_up_while_a_store_is_made_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(connection: sqlite3.Connection) -> None:
        connection.execute("rollback")  # as SQLite does by itself
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("brainops.store.migrate._apply", full)

    with pytest.raises(BrainOpsError, match="disk is full"):
        Brain.open(str(tmp_path / "memory.db"), model="none").close()
