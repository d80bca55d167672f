"""Is what hooks saw taken up exactly once, whoever is killed while it is?"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from brainops import Brain
from brainops.engine import Engine
from brainops.errors import StoreUnavailable
from brainops.hooks import drain
from brainops.hooks.folder import folder_of
from brainops_core.hook import spool

EVENTS = 120
KILLED = 6  # times in a row, before somebody is let finish
DRAINS = """
import sys
from brainops.engine import Engine
with Engine.open(sys.argv[1], namespace="shop", read=(), model="none", background=False) as engine:
    engine.drain()
"""


@pytest.fixture
def store(tmp_path: Path, empty_store: Path) -> Path:
    return Path(shutil.copy(empty_store, tmp_path / "memory.db"))


def ended(number: int, session: str = "s1") -> dict[str, object]:
    about = {"kind": "ended", "client": "codex", "session": session, "namespaces": ["shop"], "outcome": "succeeded"}
    return {
        "id": spool.new_id(),
        "at": 1_700_000_000_000_000 + number,
        "name": f"make part{number}",
        "class": "changing",
        **about,
    }


def opened(store: Path) -> Engine:
    return Engine.open(store, namespace="shop", read=(), model="none", background=False)


def taken_up(store: Path) -> list[str]:
    with Brain.open(store, namespace="shop", read=(), model="none", background=False) as brain:
        return [each.start.name for each in brain.operations.list(limit=1_000)]


def test_each_event_is_taken_up_once_although_who_drains_is_killed_at_any_point(store: Path) -> None:
    folder = folder_of(str(store)) or ""
    for number in range(EVENTS):
        spool.append(folder, ended(number))
    chance = random.Random(7)
    for _ in range(KILLED):
        process = subprocess.Popen([sys.executable, "-c", DRAINS, str(store)])
        with suppress(subprocess.TimeoutExpired):  # where it was quicker, the next one finds nothing
            process.wait(0.15 + 0.35 * chance.random())
        process.send_signal(signal.SIGKILL)
        process.wait()

    names = taken_up(store)

    assert sorted(names) == sorted(f"make part{number}" for number in range(EVENTS))
    assert not spool.waiting(folder)


def test_a_batch_whose_commit_was_not_heard_of_is_not_written_again(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(str(store)) or ""
    spool.append(folder, ended(1))
    with monkeypatch.context() as patch:
        patch.setattr(drain, "_count", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            opened(store)
    assert spool.waiting(folder)

    assert taken_up(store) == ["make part1"]
    assert not spool.waiting(folder)


def test_writers_lose_nothing_to_a_drain_that_goes_on_beside_them(tmp_path: Path) -> None:
    folder, per_writer, writers = str(tmp_path / "hooks"), 150, 4
    seen: list[str] = []
    done = threading.Event()

    def write(writer: int) -> None:
        for number in range(per_writer):
            spool.append(folder, {**ended(number), "id": f"{writer}-{number}"})

    def take() -> None:
        while not done.is_set() or spool.waiting(folder):
            for path, lines, _ in spool.taken(folder):
                seen.extend(str(line["id"]) for line in lines)
                os.unlink(path)

    os.makedirs(folder)
    taker = threading.Thread(target=take)
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in (taker, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    taker.join()

    assert sorted(seen) == sorted(f"{writer}-{number}" for writer in range(writers) for number in range(per_writer))


def test_a_line_that_was_cut_in_half_costs_itself_and_no_other(store: Path) -> None:
    folder = folder_of(str(store)) or ""
    spool.append(folder, ended(1))
    with open(os.path.join(folder, spool.NAME), "ab") as file:
        file.write(b'\n{"id":"half')
    spool.append(folder, ended(2))

    assert sorted(taken_up(store)) == ["make part1", "make part2"]


def test_an_event_of_which_nothing_can_be_made_is_not_in_the_way_of_the_others(store: Path) -> None:
    folder = folder_of(str(store)) or ""
    for line in (ended(1), {**ended(2), "class": "of no kind"}, {**ended(3), "name": ""}, ended(4)):
        spool.append(folder, line)

    assert sorted(taken_up(store)) == ["make part1", "make part4"]
    assert not spool.waiting(folder)


def test_a_store_that_is_busy_costs_no_event(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(str(store)) or ""

    def busy(*_: object) -> None:
        raise StoreUnavailable("another process writes it")

    with opened(store) as engine:
        for number in (1, 2):
            spool.append(folder, ended(number))
        with monkeypatch.context() as patch:
            patch.setattr(drain, "_write", busy)
            with pytest.raises(StoreUnavailable):
                engine.drain()

        assert engine.drain().events == 2
    assert sorted(taken_up(store)) == ["make part1", "make part2"]


def test_a_line_without_what_every_event_has_is_counted_and_left_out(store: Path) -> None:
    folder = folder_of(str(store)) or ""
    others: tuple[dict[str, object], ...] = (
        {"kind": None},
        {"kind": ["ended"]},
        {"at": "now"},
        {"at": 1 << 70},
        {"client": {}},
    )
    with opened(store) as engine:
        for line in (ended(1), *({**ended(2), **each} for each in others), ended(3)):
            spool.append(folder, line)
        done = engine.drain()

    assert (done.events, done.unreadable) == (2, len(others))
    assert sorted(taken_up(store)) == ["make part1", "make part3"]
    assert not spool.waiting(folder)


def test_an_event_with_fields_of_other_kinds_is_in_nobodys_way(store: Path) -> None:
    folder = folder_of(str(store)) or ""
    others: tuple[dict[str, object], ...] = (
        {"namespaces": ["no namespace!"]},
        {"context": "x"},
        {"session": 7},
        {"outcome": "failed", "exit": {}},
    )
    for line in (ended(1), *({**ended(2), **each} for each in others), ended(3)):
        spool.append(folder, line)

    assert {"make part1", "make part3"} <= set(taken_up(store))
    assert not spool.waiting(folder)


def test_a_spool_at_its_limit_takes_no_more(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MAX_BYTES", 10)
    spool.append(str(store.parent / "hooks"), {"id": "1"})

    with pytest.raises(spool.SpoolFull):
        spool.append(str(store.parent / "hooks"), {"id": "2"})


def test_what_is_left_when_the_time_is_over_waits_for_the_next(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "BATCH", 10)
    folder = folder_of(str(store)) or ""
    for number in range(30):
        spool.append(folder, ended(number))
    opened(store).close()
    assert not spool.waiting(folder)
    for number in range(30, 60):
        spool.append(folder, ended(number))
    monkeypatch.setattr("brainops.engine.DRAIN_SECONDS", -1.0)
    with opened(store) as engine:
        assert [json.loads(line) for line in Path(spool.waiting(folder)[0]).read_text().split("\n") if line]
        done = engine.drain()

    assert (done.events, done.left) == (30, 0)
