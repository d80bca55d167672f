"""Do the counts that nobody counts anew agree with the memories, whatever is done to them?"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.store import acts
from brainops.store.counts import FOLD_EVERY, bucket
from brainops.types.times import DAY_MICROS, HOUR_MICROS, MINUTE_MICROS
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

NOW = 20_000 * DAY_MICROS + 9 * HOUR_MICROS + 5 * MINUTE_MICROS


def wrong(brain: Brain) -> list[object]:
    store = inside(brain).store
    with store.read() as tx:
        return [*tx.counts.wrong(store.now(), tx.memories.newest_key())]


def parts(brain: Brain, table: str) -> int:
    """Return how many rows one of the two tables has."""
    with inside(brain).store.database.raw() as connection:  # type: ignore[attr-defined]
        connection.execute("begin")
        if inside(brain).store.database.dialect == "postgres":
            connection.execute("set local brainops.upkeep = 'on'")
        [count] = tuple(dict(connection.execute(f"select count(*) as rows from {table}").fetchone()).values())
        connection.execute("commit")
    return int(count)


def fold(brain: Brain, now: int | None = None) -> None:
    store = inside(brain).store
    with store.writing(acts.INDEX, acts.ITSELF) as tx:
        tx.counts.fold(store.now() if now is None else now)


def everything(brain: Brain) -> list[Callable[[], object]]:
    """Return what changes a memory, each on a memory of its own."""
    first, second, third, fourth, fifth = (
        brain.capture(f"note {number}", f"text {number}", subject="somebody").id for number in range(5)
    )
    return [
        lambda: brain.capture("note 0", "text 0", subject="somebody"),
        lambda: brain.supersede(first, brain.draft("another note", "of other words")),
        lambda: brain.archive(second),
        lambda: (brain.forget(third), brain.restore(third)),
        lambda: brain.purge(fourth, reason="asked for"),
        lambda: brain.feedback(fifth, "wrong"),
        lambda: brain.capture_many([brain.draft(f"of many {number}") for number in range(3)]),
        lambda: brain.upkeep.reindex(),
    ]


@pytest.mark.parametrize("folded", [False, True])
def test_counts_follow_whatever_changes_a_memory(open_brain: OpenBrain, folded: bool) -> None:
    brain = open_brain()

    for change in everything(brain):
        change()
        if folded:
            fold(brain)
        assert wrong(brain) == []

    status = brain.upkeep.status()["memories"]
    assert status["total"] == 8
    assert status["by_state"] == {"active": 7, "archived": 1}
    assert parts(brain, "memory_delta") == 0 or not folded


def test_nothing_is_counted_of_a_write_that_is_undone(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("a note")

    assert all(check.passed for check in brain.upkeep.doctor() if check.name == "counts")  # its trial is rolled back
    assert brain.upkeep.status()["memories"]["total"] == 1


def test_old_counts_stand_for_longer_times_and_say_the_same(open_brain: OpenBrain) -> None:
    brain, chance = open_brain(), random.Random(3)
    times = [NOW - chance.randrange(400 * DAY_MICROS) for _ in range(60)] + [NOW - number for number in range(20)]
    for number, at in enumerate(sorted(times)):
        inside(brain).store.database.clock = lambda at=at: at
        brain.capture(f"note {number}")
    inside(brain).store.database.clock = lambda: NOW
    before = brain.upkeep.status()
    minutes = parts(brain, "memory_delta")

    fold(brain)
    fold(brain, NOW)

    assert wrong(brain) == []
    assert {bucket(at, NOW) for at in times} != set(times)
    assert parts(brain, "memory_delta") == 0
    assert parts(brain, "memory_count") < minutes / 2
    after = brain.upkeep.status()
    assert after["memories"] == before["memories"]
    assert after["growth"]["week"] == before["growth"]["week"]

    inside(brain).store.database.clock = lambda: NOW + 150 * DAY_MICROS
    fold(brain)

    assert wrong(brain) == []
    assert parts(brain, "memory_count") < 20


def test_a_wrong_count_is_found_by_doctor_and_mended_by_reindex(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("a note")
    fold(brain)
    with inside(brain).store.writing(acts.INDEX, acts.ITSELF) as tx:
        [counted] = tx.session.all("memory_counts_at")
        tx.counts.append([{**dict(counted), "memories": 3}])

    [check] = [check for check in brain.upkeep.doctor() if check.name == "counts"]
    assert not check.passed
    assert check.way_out == "brainops reindex"
    brain.upkeep.reindex()

    assert wrong(brain) == []
    assert brain.upkeep.status()["memories"]["total"] == 1


def test_a_program_without_upkeep_adds_its_counts_up_once_in_so_many_captures(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture_many([brain.draft(f"note {number}") for number in range(FOLD_EVERY + 10)])

    assert parts(brain, "memory_delta") <= 10
    assert brain.upkeep.status()["memories"]["total"] == FOLD_EVERY + 10
    assert wrong(brain) == []


def test_captures_and_folds_of_several_threads_lose_no_count(open_brain: OpenBrain) -> None:
    brains = [open_brain() for _ in range(4)]

    def work(brain: Brain, number: int) -> None:
        for each in range(12):
            brain.capture(f"note {each} of {number}")
            if each % 4 == 3:
                fold(brain)

    threads = [threading.Thread(target=work, args=(brain, number)) for number, brain in enumerate(brains)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong(brains[0]) == []
    assert brains[0].upkeep.status()["memories"]["total"] == 48


def test_memories_that_an_export_brings_back_are_counted(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    ids = [brain.capture("a note").id, brain.archive(brain.capture("another note").id).id]
    brain.upkeep.export_to(tmp_path / "all.jsonl")
    brain.purge(ids, reason="to be brought back")

    brain.upkeep.import_from(tmp_path / "all.jsonl")

    assert wrong(brain) == []
    assert brain.upkeep.status()["memories"]["by_state"] == {"active": 1, "archived": 1}
