"""Is nothing acknowledged that goes to a file which nobody can open any more?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy
import pytest

from brainops.brain import Brain
from brainops.errors import StoreReplaced, StoreUnavailable
from brainops.store import acts, scan
from brainops.store.search import Embedded
from brainops.store.sqlite_restore import restore_file
from brainops.store.store import Transaction
from brainops.types import Filter
from tests.durability.asked import asked
from tests.inside import inside


def opened(path: Path) -> Brain:
    return Brain.open(path, namespace="team/a", read=[], model="none", background=False)


def titles(path: Path) -> set[str]:
    with opened(path) as brain:
        return {hit.memory.title for hit in brain.retrieve(limit=1_000)}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with opened(tmp_path / "memory.db") as brain:
        brain.capture("monday")
        brain.upkeep.backup(tmp_path / "copy.backup")
    with opened(tmp_path / "other.db") as brain:
        brain.capture("of the other store")
    return tmp_path / "memory.db"


def remove(store: Path) -> None:
    store.unlink()


def move(store: Path) -> None:
    store.rename(store.with_name("moved.db"))


def remove_all(store: Path) -> None:
    for path in store.parent.glob("memory.db*"):
        path.unlink()


@pytest.mark.parametrize("lose", [remove, move, remove_all])
def test_nothing_is_acknowledged_while_the_file_is_gone_and_it_is_found_again(
    store: Path, lose: Callable[[Path], None]
) -> None:
    with asked(str(store)) as process:
        assert process.ask("capture before").startswith("captured")
        lose(store)

        said = [process.ask("capture after"), process.ask("find after"), process.ask("capture again")]

        assert all(each.startswith("error StoreReplaced") and "Put it back" in each for each in said)
        assert not store.exists()
        shutil.copy(store.with_name("copy.backup"), store)
        assert process.ask("capture after all").startswith("captured")
    assert "after all" in titles(store)
    assert not {"after", "again"} & titles(store)


def test_a_store_that_was_moved_and_put_back_goes_on(store: Path) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        move(store)
        assert process.ask("capture lost").startswith("error StoreReplaced")
        store.with_name("moved.db").rename(store)

        assert process.ask("capture after").startswith("captured")
        process.end()
    assert titles(store) == {"monday", "before", "after"}


@pytest.mark.parametrize("other", ["other.db", "copy.backup"], ids=["another store", "a copy of itself"])
def test_another_store_in_its_place_is_the_one_that_is_written_from_then_on(store: Path, other: str) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        os.replace(store.with_name(other), store)
        for ending in ("-wal", "-shm"):
            store.with_name(store.name + ending).unlink()

        first = process.ask("capture after")
        assert process.ask("find after") == "found 1"
        process.end()

    assert first.startswith("captured")
    assert titles(store) == {"of the other store" if other == "other.db" else "monday", "after"}


def test_a_file_that_is_no_store_is_not_written(store: Path) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        store.unlink()
        store.write_text("notes", encoding="utf-8")

        assert process.ask("capture after").startswith("error Store")
    assert store.read_text(encoding="utf-8") == "notes"


def test_a_file_that_is_swapped_in_the_middle_of_a_transaction_takes_nothing(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("before")

        def swap() -> None:
            with _writing(brain) as tx:
                tx.set("halfway", "1")
                os.replace(store.with_name("other.db"), store)

        with pytest.raises(StoreReplaced, match="nothing was written"):
            swap()
        with inside(brain).store.read() as tx:
            assert tx.setting("halfway") is None


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_log_that_is_removed_under_a_process_takes_no_acknowledged_write_with_it(store: Path, ending: str) -> None:
    with asked(str(store)) as process:
        process.ask("capture before")
        store.with_name(store.name + ending).unlink()

        said = process.ask("capture after")
    assert said.startswith("captured")
    assert "after" in titles(store)


def test_a_restore_between_two_calls_is_seen_by_a_process_without_a_connection(store: Path) -> None:
    with opened(store) as brain:
        brain.capture("before")
        inside(brain).store.database.close()
        restore_file(str(store.with_name("copy.backup")), str(store), replace=True)

        assert {hit.memory.title for hit in brain.retrieve()} == {"monday"}
        brain.capture("after")
    assert titles(store) == {"monday", "after"}


def test_a_link_that_is_turned_to_another_store_is_followed(store: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(store)
    with asked(str(link)) as process:
        process.ask("capture before")
        link.unlink()
        link.symlink_to(store.with_name("other.db"))

        process.ask("capture after")
    assert titles(store) == {"monday", "before"}
    assert titles(store.with_name("other.db")) == {"of the other store", "after"}


@pytest.mark.parametrize("lose", [move, remove, lambda store: os.replace(store.with_name("other.db"), store)])
def test_a_file_that_loses_its_name_during_the_commit_is_not_acknowledged(
    store: Path, lose: Callable[[Path], None]
) -> None:
    def lose_at(statement: str) -> None:
        if statement.lower() == "commit":
            lose(store)

    with opened(store) as brain:
        brain.capture("before")

        def write() -> None:
            with _writing(brain) as tx:
                tx.set("halfway", "1")
                tx.session.connection.set_trace_callback(lose_at)  # type: ignore[attr-defined]

        with pytest.raises(StoreReplaced, match="may be in the file that was moved") as raised:
            write()
    assert "nothing was written" not in str(raised.value)


def test_a_folder_that_cannot_be_looked_into_gets_an_error_of_ours(store: Path) -> None:
    folder = store.parent / "folder"
    folder.mkdir()
    inside = Path(shutil.copy(store.with_name("copy.backup"), folder / "memory.db"))
    with opened(inside) as brain:
        brain.capture("before")
        folder.rename(store.parent / "moved")
        for _ in range(2):
            folder.write_text("a file where the folder was", encoding="utf-8")
            with pytest.raises(StoreReplaced, match="Put it back"):
                brain.retrieve("before")
            with pytest.raises(StoreReplaced, match="Put it back"):
                brain.capture("after")
            folder.unlink()
            folder.symlink_to(folder)  # which leads nowhere, and is not the same as nothing
            with pytest.raises(StoreUnavailable, match="cannot be opened"):
                brain.retrieve("before")
            with pytest.raises(StoreUnavailable, match="cannot be opened"):
                brain.capture("after")
            folder.unlink()
        (store.parent / "moved").rename(folder)
        assert brain.get(brain.capture("after all").id).title == "after all"


def _writing(brain: Brain) -> AbstractContextManager[Transaction]:
    return inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF)


@pytest.mark.parametrize("tail", [0, 1_000], ids=["vectors in the map", "vectors in memory"])
@pytest.mark.parametrize(
    ("other", "running"), [("other.db", True), ("copy.backup", True), ("other.db", False)], ids=repr
)
def test_another_store_in_its_place_is_searched_by_its_own_vectors(
    store: Path, monkeypatch: pytest.MonkeyPatch, other: str, running: bool, tail: int
) -> None:
    monkeypatch.setattr(scan, "TAIL_ROWS", tail)
    with opened(store.with_name(other)) as brain:
        give_vectors(brain, 7)
    with ExitStack() as stack:
        brain = stack.enter_context(opened(store))
        brain.capture("tuesday")
        give_vectors(brain, 8)
        assert nearest(brain, 7) == pytest.approx(0)
        if not running:
            stack.close()
        os.replace(store.with_name(other), store)
        for ending in ("-wal", "-shm"):
            store.with_name(store.name + ending).unlink(missing_ok=True)
        brain = brain if running else stack.enter_context(opened(store))

        assert nearest(brain, 7) == pytest.approx(1, abs=0.01)


def direction(number: int) -> numpy.ndarray:
    unit: numpy.ndarray = numpy.eye(26, dtype=numpy.float32)[number]
    return unit


def give_vectors(brain: Brain, number: int) -> None:
    """Let every memory point in one direction."""
    with _writing(brain) as tx:
        for row in tx.session.all("vector_pending", after=0, limit=1_000):
            embedded = Embedded(key=row["key"], content_hash=row["content_hash"], vectors=direction(number)[None])
            tx.index.store_vectors(tx.session, "m", [embedded])


def nearest(brain: Brain, number: int) -> float:
    with inside(brain).store.read() as tx:
        return tx.index.dense(tx.session, "m", direction(number), Filter(), 1)[0].score
