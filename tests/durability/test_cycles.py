"""Does a learning cycle come to the same killed, twice, on three workers, a week late, or fed with late commits?"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.learning.cycles.cycles import LEASE
from brainops.store import acts
from brainops.store.operations import finish_row
from brainops.types import Actor, ActorKind, Cycle, ErrorEvent, Failed, OperationStart, Succeeded
from tests.durability import cycle_process
from tests.inside import inside

HOUR, DAY = 3_600_000_000, 86_400_000_000
BEGIN = 20_000 * DAY  # some day's midnight
DAYS = 9  # the week that is missed, and a day on each side of it
LATE = 0.1  # of the operations are committed after everything else
KILLS = {"sqlite": 10, "postgres": 5}
END = BEGIN + DAYS * DAY

Runs = list[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An operation of the made-up record."""

    id: str
    name: str
    target: str
    at: int
    failed: bool


def made_up() -> list[Past]:
    """Return nine days: one operation keeps succeeding, one begins to fail, one recovers, one fails now and then."""
    dice, record = random.Random(5), []
    for hour in range(DAYS * 24):
        for number, (name, target, share) in enumerate(
            (
                ("deploy", "api", 0.02 if hour < 140 else 0.6),
                ("backup", "database", 0.7 if hour < 60 else 0.0),
                ("rotate", "keys", 0.0),
                ("import", "orders", 0.1),
            )
        ):
            at = BEGIN + hour * HOUR + number * 60_000_000
            failed = dice.random() < share
            record.append(Past(id=f"operation-{hour:03}-{number}", name=name, target=target, at=at, failed=failed))
    return record


@pytest.fixture
def workers() -> Iterator[Callable[..., list[dict[str, int]]]]:
    """Return a function that lets processes run cycles, and says how each ended."""
    with subprocess.Popen(
        [sys.executable, str(Path(cycle_process.__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(**asked: Any) -> list[dict[str, int]]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            answer: list[dict[str, int]] = json.loads(process.stdout.readline())
            return answer

        yield ask
        assert process.stdin is not None
        process.stdin.close()


def opened(url: str) -> Brain:
    return Brain.open(url, namespace="team/a", model="none", background=False)


def write(brain: Brain, record: Iterable[Past]) -> None:
    """Write operations into the log, as they would have been written then."""
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for past in record:
            actor = Actor(kind=ActorKind.AGENT, id="bot")
            tx.operations.begin(past.id, OperationStart(name=past.name, target=past.target, actor=actor), None, past.at)
            error = ErrorEvent(type="TimeoutError", message=f"{past.name} timed out")
            outcome = Failed(error=error, duration_seconds=2.0) if past.failed else Succeeded(duration_seconds=1.0)
            values = finish_row(outcome, past.at + 1_000_000)
            values["fingerprint"] = f"{past.name:0>32}" if past.failed else None
            tx.operations.finish(past.id, values)


def all_at(now: int) -> Runs:
    return [(cycle.value, now) for cycle in Cycle]


def run(brain: Brain, runs: Iterable[tuple[str, int]]) -> None:
    for cycle, now in runs:
        brain.learning.run(cycle, now=now)


def final(brain: Brain) -> dict[str, Any]:
    """Return what must be the same however the cycles ran."""
    with inside(brain).store.read() as tx:
        memories = tx.memories.by_source("learning:")
        marks = {cycle.value: (row["through_at"], row["owner"]) for cycle, row in tx.learning.cycles().items()}
        left = len(tx.learning.unlearnt(END * 2, 0))
    counted = [section.figures.get("ended") for report in brain.learning.reports("five_minutes", limit=10_000)
               for section in report.sections if section.title == "Operations"]  # fmt: skip
    return {
        "insights": {
            memory.source.key: (memory.title, memory.content, memory.tags, dict(memory.metadata), memory.importance)
            for memory in memories
            if memory.valid_to is None
        },
        "marks": marks,
        "operations left": left,
        "operations counted": sum(counted),
    }


def as_it_ran_well(url: str) -> dict[str, Any]:
    """Write the record and run the cycles as its time passes, and once more at the end."""
    record = made_up()
    with opened(url) as brain:
        for until in range(BEGIN + 12 * HOUR, END + 1, 12 * HOUR):
            write(brain, [past for past in record if until - 12 * HOUR <= past.at < until])
            run(brain, all_at(until))
        return final(brain)


@pytest.fixture(scope="session")
def well(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the state after cycles that ran well; it is the same on both databases."""
    return as_it_ran_well(str(tmp_path_factory.mktemp("cycles") / "memory.db"))


def test_cycles_that_run_well_find_something_to_compare(well: dict[str, Any]) -> None:
    titles = [title for title, *_ in well["insights"].values()]

    assert any(title.startswith("deploy on api fails more often since") for title in titles)
    assert well["operations counted"] == len(made_up())
    assert well["operations left"] == 0


def test_cycles_run_well_come_to_the_same_on_both_databases(store_url: str, well: dict[str, Any]) -> None:
    assert as_it_ran_well(store_url) == well


def test_cycles_that_run_twice_write_nothing_more(store_url: str, well: dict[str, Any]) -> None:
    with opened(store_url) as brain:
        write(brain, made_up())
        run(brain, all_at(END))
        with inside(brain).store.read() as tx:
            before = [dict(row) for row in tx.memories.page(0)]
        again = [brain.learning.run(cycle, now=END) for cycle in Cycle]
        early = [brain.learning.run(cycle, now=END + 1, early=True) for cycle in Cycle]
        with inside(brain).store.read() as tx:
            after = [dict(row) for row in tx.memories.page(0)]

    assert again == [None, None, None]
    assert all(report is not None and not report.insights for report in early)
    assert after == before


def test_cycles_missed_for_a_week_are_caught_up_by_one_run(store_url: str, well: dict[str, Any]) -> None:
    record = made_up()
    with opened(store_url) as brain:
        write(brain, [past for past in record if past.at < BEGIN + DAY])
        run(brain, all_at(BEGIN + DAY))
        write(brain, [past for past in record if past.at >= BEGIN + DAY])
        reports = [brain.learning.run(cycle, now=END) for cycle in Cycle]
        state = final(brain)

    assert [report.missed for report in reports if report] == [8 * 24 * 12 - 1, 8 * 24 - 1, 7]
    assert state == well


def test_operations_whose_commits_arrive_late_are_counted_all_the_same(store_url: str, well: dict[str, Any]) -> None:
    record, dice = made_up(), random.Random(3)
    late = {past.id for past in record if dice.random() < LATE}
    with opened(store_url) as brain:
        for until in range(BEGIN + DAY, END, DAY):
            write(brain, [past for past in record if until - DAY <= past.at < until and past.id not in late])
            run(brain, all_at(until))
        write(brain, [past for past in record if past.at >= END - DAY or past.id in late])
        run(brain, all_at(END))
        state = final(brain)

    assert state == well


def test_three_workers_at_once_do_it_once(
    store_url: str, well: dict[str, Any], workers: Callable[..., list[dict[str, int]]]
) -> None:
    record = made_up()
    with opened(store_url) as brain:
        for until in (BEGIN + 3 * DAY, BEGIN + 6 * DAY, END):
            write(brain, [past for past in record if until - 3 * DAY <= past.at < until])
            ended = workers(url=store_url, runs=all_at(until), workers=3)
            assert [each["status"] for each in ended] == [0, 0, 0]
        state, reports = final(brain), brain.learning.reports()

    assert state == well
    assert len(reports) == 9


def test_cycles_killed_at_any_statement_come_to_the_same(
    dialect: str, store_url: str, well: dict[str, Any], workers: Callable[..., list[dict[str, int]]]
) -> None:
    record, halves = made_up(), BEGIN + DAYS * DAY // 2
    with opened(store_url) as brain:
        write(brain, [past for past in record if past.at < halves])
        statements = _statements(workers, store_url, all_at(halves))
        write(brain, [past for past in record if past.at >= halves])
        now, killed = END, 0
        for kill_at in _spread(statements, KILLS[dialect]):
            for after in (False, True):
                ended = workers(url=store_url, runs=all_at(now), kill_at=kill_at, after=after)
                killed += ended[0]["signal"] == signal.SIGKILL
                now += 3 * LEASE.micros  # the lease of the killed one has passed
        while brain.learning.due(now):
            assert killed
            run(brain, all_at(now))
        state = final(brain)

    assert killed >= 1
    assert {**state, "marks": None} == {**well, "marks": None}


def test_a_cycle_whose_process_was_killed_is_taken_over_at_once(
    store_url: str, workers: Callable[..., list[dict[str, int]]]
) -> None:
    with opened(store_url) as brain:
        owner, kill_at = None, 0
        while owner is None:
            kill_at += 1
            ended = workers(url=store_url, runs=[("hourly", END)], kill_at=kill_at, after=True)
            assert ended[0]["signal"] == signal.SIGKILL
            with inside(brain).store.read() as tx:
                row = tx.learning.cycles().get(Cycle.HOURLY)
            owner = row["owner"] if row is not None else None

        assert brain.learning.run("hourly", now=END) is not None


def _statements(workers: Callable[..., list[dict[str, int]]], url: str, runs: Runs) -> int:
    return workers(url=url, runs=runs)[0]["statements"]


def _spread(most: int, count: int) -> Sequence[int]:
    return [1 + position * most // count for position in range(count)]
