"""Does SQLite's log stay short under steady load, and does what was purged leave it?"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.store import sqlite_log, sqlite_upkeep
from brainops.store.sqlite_log import log_bytes
from tests.durability.asked import asked
from tests.inside import inside

SMALL = 1 << 20  # so that a short run passes the limit
SECONDS = 6.0


def opened(path: Path) -> Brain:
    return Brain.open(path, namespace="team/a", read=[], model="none", background=False)


@pytest.mark.timeout(120)
def test_the_log_stays_short_while_some_read_on_and_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_log, "LOG_BYTES", SMALL)
    store, over, lengths, written = tmp_path / "memory.db", threading.Event(), [0], 0
    with opened(store) as brain, ExitStack() as stack:
        brain.capture_many(brain.draft(f"gateway {number}", "text " * 400) for number in range(20))
        processes = [stack.enter_context(asked(str(store))) for _ in range(2)]

        def read(process: object) -> None:
            while not over.is_set():
                process.ask("find gateway")  # type: ignore[attr-defined]

        threads = [threading.Thread(target=read, args=(each,)) for each in processes]
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            brain.capture(f"written {written}", "text " * 2_000)
            written += 1
            lengths.append(log_bytes(f"{store}-wal"))
        over.set()
        for thread in threads:
            thread.join()

    assert written > 20
    assert any(later < earlier for earlier, later in pairwise(lengths))  # one that nobody cuts only ever grows


def test_a_long_reader_is_named_and_the_log_is_cut_once_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "LOG_BYTES", SMALL)
    monkeypatch.setattr(sqlite_upkeep, "LOG_BYTES", SMALL)
    monkeypatch.setattr(sqlite_upkeep, "SCRUB_MILLISECONDS", 100)
    monkeypatch.setattr(sqlite_log, "REST", 0)
    store = tmp_path / "memory.db"
    with opened(store) as brain, asked(str(store)) as process:
        process.ask("hold")
        for number in range(8):
            brain.capture(f"written {number}", "text " * 50_000)

        assert log_bytes(f"{store}-wal") > SMALL
        assert f"process {process.process.pid}" in brain.upkeep.status()["log"]["trouble"]
        [check] = [each for each in brain.upkeep.doctor() if each.name == "log"]
        assert not check.passed
        assert f"process {process.process.pid}" in check.detail

        process.ask("let")
        brain.capture("one more")
        assert log_bytes(f"{store}-wal") <= SMALL
        assert brain.upkeep.status()["log"]["trouble"] == ""


def test_what_was_purged_is_not_in_the_log_or_it_is_said_for_whom_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_upkeep, "SCRUB_MILLISECONDS", 100)
    monkeypatch.setattr(sqlite_log, "REST", 0)
    store = tmp_path / "memory.db"
    log = tmp_path / "memory.db-wal"
    with opened(store) as brain, asked(str(store)) as process:
        first = brain.capture("the unspeakable word")
        assert b"unspeakable" in log.read_bytes()
        gone = brain.purge(first.id, reason="asked to")
        assert gone.in_log_for is None
        assert b"unspeakable" not in log.read_bytes() + store.read_bytes()

        second = brain.capture("the unutterable word")
        process.ask("hold")
        gone = brain.purge(second.id, reason="asked to")
        assert f"process {process.process.pid}" in (gone.in_log_for or "")
        assert "purged" in brain.upkeep.status()["log"]["trouble"]
        assert [each.passed for each in brain.upkeep.doctor() if each.name == "log"] == [False]

        process.ask("let")
        brain.capture("one more")
        assert b"unutterable" not in log.read_bytes() + store.read_bytes()
        assert brain.upkeep.status()["log"]["trouble"] == ""
        assert [each.passed for each in brain.upkeep.doctor() if each.name == "log"] == [True]


@pytest.mark.parametrize("fails", ["empty", "note_purged"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY])
def test_a_write_that_is_durable_is_acknowledged_though_the_log_cannot_be_shortened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fails: str, code: int
) -> None:
    def refuse(*_: object) -> bool:
        error = sqlite3.OperationalError("cannot now")
        error.sqlite_errorcode = code
        raise error

    with opened(tmp_path / "memory.db") as brain:
        inside(brain).store.database.log.owed = True  # type: ignore[attr-defined]
        monkeypatch.setattr(sqlite_log, fails, refuse)
        with caplog.at_level(logging.WARNING, "brainops"):
            kept = [brain.capture("first"), brain.capture("second")]
        monkeypatch.undo()

        assert [brain.get(each.id).title for each in kept] == ["first", "second"]
    assert ["cannot now" in record.getMessage() for record in caplog.records] == [True]  # one for both


def test_what_another_process_purged_leaves_the_log_though_that_process_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_log, "LOOK_SECONDS", 0.1)
    store, log = tmp_path / "memory.db", tmp_path / "memory.db-wal"
    with opened(store) as server, ExitStack() as reading:
        told = server.capture("the unutterable word")
        reading.enter_context(inside(server).store.read()).counts.memories()
        with asked(str(store)) as process:
            assert f"process {os.getpid()}" in process.ask(f"purge {told.id}")
            process.end()
        assert b"unutterable" in log.read_bytes()
        reading.close()
        time.sleep(0.1)

        server.capture("one more")

        assert b"unutterable" not in log.read_bytes() + store.read_bytes()
        assert server.upkeep.status()["log"]["trouble"] == ""
