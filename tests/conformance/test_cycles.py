"""What do the learning cycles find, keep, and leave alone? The same on both databases."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.learning.cycles.cycles import LEASE, Parts
from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.store import Transaction, acts
from brainops.types import Cycle, ImprovementKind, ImprovementState, Insight, MemoryState, Section, Source
from tests.inside import inside, learn_with

DAY = 86_400_000_000
NOW = 20_500 * DAY + 3_600_000_000
SLOW = Insight(key="slow:api", title="the api is slow", statement="It takes 3 s.", probability=0.9)

Open = Callable[..., Brain]


class Finder:
    """A part that finds what it is told to."""

    def __init__(self, *found: Insight, complete: bool = False, changes: bool = False) -> None:
        self.found = found
        self.complete = complete
        self.changes = changes
        self.wrote = 0

    def find(self, work: CycleWork) -> Found:
        def write(tx: Transaction) -> None:
            self.wrote += 1

        section = Section(title="Found", lines=("something",))
        return Found(section=section, insights=self.found, write=write, complete=self.complete, changes=self.changes)


def with_parts(brain: Brain, *parts: Finder | Callable[[CycleWork], Found]) -> Sequence[Parts]:
    made = [
        Part(name=f"part-{number}", what="finds", find=part.find if isinstance(part, Finder) else part)
        for number, part in enumerate(parts)
    ]
    return learn_with(brain, [lambda cycle: made])


def held(brain: Brain) -> dict[str, str]:
    return {memory.title: str(memory.content) for memory in brain.learning.insights()}


def hourly(brain: Brain, hour: int) -> Any:
    return brain.learning.run("hourly", now=NOW + hour * 3_600_000_000)


def test_an_insight_found_again_with_other_figures_stays_one_memory(open_brain: Open) -> None:
    brain, finder = open_brain(), Finder(SLOW)
    with_parts(brain, finder)
    first = hourly(brain, 0)
    finder.found = (replace(SLOW, statement="It takes 4 s."),)
    second = hourly(brain, 1)

    assert first.insights == second.insights
    assert held(brain) == {"the api is slow": "It takes 4 s."}


def test_an_insight_with_another_title_supersedes_the_one_before(open_brain: Open) -> None:
    brain, finder = open_brain(), Finder(SLOW)
    with_parts(brain, finder)
    first = hourly(brain, 0)
    finder.found = (replace(SLOW, title="the api is fast again"),)
    second = hourly(brain, 1)

    assert list(held(brain)) == ["the api is fast again"]
    assert brain.get(first.insights[0]).superseded_by == second.insights[0]


def test_an_insight_that_is_not_found_again_ends_and_comes_back(open_brain: Open) -> None:
    brain, finder = open_brain(), Finder(SLOW, complete=True)
    with_parts(brain, finder)
    found = hourly(brain, 0)
    finder.found = ()
    ended = hourly(brain, 1)
    held_then = held(brain)
    finder.found = (SLOW,)
    hourly(brain, 2)

    assert held_then == {}
    assert ended.insights == found.insights
    assert list(held(brain)) == ["the api is slow"]


def test_what_somebody_set_aside_or_called_wrong_is_not_written_again(open_brain: Open) -> None:
    brain, finder = open_brain(), Finder(SLOW, replace(SLOW, key="slow:web", title="the web is slow"))
    with_parts(brain, finder)
    first, second = hourly(brain, 0).insights
    brain.forget(first)
    brain.feedback(second, "wrong")
    finder.found = tuple(replace(each, statement="It takes 9 s.") for each in finder.found)
    again = hourly(brain, 1)

    assert again.insights == ()
    assert brain.get(first).state is MemoryState.FORGOTTEN
    assert brain.get(second).content == "It takes 3 s."


def test_a_part_that_fails_is_kept_as_an_error_and_the_others_go_on(open_brain: Open) -> None:
    def fails(work: CycleWork) -> Found:
        raise ValueError("no such column")

    def fails_to_write(work: CycleWork) -> Found:
        def write(tx: Transaction) -> NoReturn:
            raise ValueError("cannot write")

        return Found(section=Section(title="Half"), insights=(replace(SLOW, key="half"),), write=write)

    brain, finder = open_brain(), Finder(replace(SLOW, key="whole"))
    with_parts(brain, fails, fails_to_write, finder)
    report = hourly(brain, 0)

    assert "no such column" in report.text()
    assert "cannot write" in report.text()
    assert [memory.metadata["insight"] for memory in brain.learning.insights()] == ["whole"]
    assert finder.wrote == 1
    assert brain.match("ValueError: no such column")[0].exact


def test_a_stop_lets_a_cycle_look_and_report_but_change_nothing(
    open_brain: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain, looks, changes = open_brain(), Finder(SLOW), Finder(changes=True)
    with_parts(brain, looks, changes)
    monkeypatch.setenv("BRAINOPS_STOP_AUTOMATIC", "1")
    report = hourly(brain, 0)

    assert (looks.wrote, changes.wrote) == (1, 0)
    assert "stopped" in report.held
    assert "Nothing was changed by itself" in report.text()


def test_a_run_that_was_taken_over_writes_nothing(open_brain: Open) -> None:
    brain, other, finder = open_brain(), open_brain(), Finder(SLOW)

    def taken_over(work: CycleWork) -> Found:
        other.learning.run("hourly", now=NOW + 3 * LEASE.micros)
        return finder.find(work)

    with_parts(brain, taken_over)
    with_parts(other)
    report = hourly(brain, 0)

    assert report is None
    assert finder.wrote == 0
    assert len(brain.learning.reports("hourly")) == 1


def test_a_run_that_another_is_at_is_left_to_it(open_brain: Open) -> None:
    brain, other = open_brain(), open_brain()
    seen: list[Any] = []

    def looks(work: CycleWork) -> Found:
        seen.append(other.learning.run("hourly", now=NOW))
        seen.append(other.learning.standing(NOW)[1].running)
        return Finder().find(work)

    with_parts(brain, looks)
    hourly(brain, 0)

    assert seen == [None, True]


def test_a_report_is_read_back_as_it_was_given(open_brain: Open) -> None:
    brain = open_brain()
    with_parts(brain, Finder(SLOW))
    report = hourly(brain, 0)

    assert brain.learning.reports("hourly") == [report]
    assert brain.learning.reports("daily") == []


def test_what_was_learnt_is_handed_on_once(open_brain: Open) -> None:
    brain = open_brain()
    sources = with_parts(brain, Finder(SLOW))
    hourly(brain, 0)
    learn_with(brain, sources)
    told = [hourly(brain, hour).sections[-1].figures["told"] for hour in (1, 2)]

    assert told == [1, 0]
    assert [notice.kind.value for notice in brain.notices.list()] == ["insights_found"]


def test_the_cycles_reach_no_network(open_brain: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = open_brain()
    for number in range(30):
        running = brain.begin("deploy", target="api")
        running.succeed() if number % 3 else running.fail("TimeoutError: no answer")

    def blocked(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a cycle opened a socket")

    monkeypatch.setattr(socket, "socket", blocked)  # the database's own is opened by libpq, not by Python
    monkeypatch.setattr(socket, "getaddrinfo", blocked)
    reports = [brain.learning.run(cycle, now=inside(brain).store.now() + DAY) for cycle in Cycle]

    assert all(report is not None and "could not be looked at" not in report.text() for report in reports)


def test_an_unknown_cycle_is_named(open_brain: Open) -> None:
    with pytest.raises(InvalidInput, match="five-minutes, hourly or daily"):
        open_brain().learning.run("weekly")


def test_a_purged_memory_leaves_no_trace_in_reports(open_brain: Open) -> None:
    brain = open_brain()
    brain.begin("deploy").fail("BookingError: Miriam Falk's booking failed")
    brain.learning.run("five_minutes", now=inside(brain).store.now() + 600_000_000)
    before = brain.learning.reports()[0].text()
    brain.purge(brain.match("BookingError: Miriam Falk's booking failed")[0].memory.id, reason="asked for")

    assert "Miriam Falk" in before
    assert brain.learning.reports() == []


# Memory plans


def with_old_successes(open_brain: Open, count: int) -> tuple[Brain, list[str]]:
    brain = open_brain(clock=lambda: NOW - 200 * DAY)
    ids = [
        brain.capture(f"deployment {number} went well", f"took {number} s", type="success_pattern", importance=0.3).id
        for number in range(count)
    ]
    brain.close()
    return open_brain(clock=lambda: NOW), ids


def planned(brain: Brain) -> Any:
    brain.learning.run("daily", now=NOW)
    plans = brain.improvements.list(kind=ImprovementKind.MEMORY)
    return plans[0] if plans else None


def states(brain: Brain, ids: list[str]) -> set[str]:
    return {brain.get(each).state.value for each in ids}


def test_old_successes_that_nobody_asked_for_are_planned_for_archiving_and_stand_a_day(open_brain: Open) -> None:
    brain, ids = with_old_successes(open_brain, 20)
    brain.guard.set_autonomy("auto", reason="test")
    plan = planned(brain)
    brain.learning.run("hourly", now=NOW + 23 * 3_600_000_000)
    before = states(brain, ids)
    brain.learning.run("hourly", now=NOW + 25 * 3_600_000_000)

    assert plan.state is ImprovementState.PLANNED
    assert plan.apply_at == NOW + DAY
    assert before == {"active"}
    assert states(brain, ids) == {"archived"}


def test_an_archiving_that_was_applied_is_taken_back_whole(open_brain: Open) -> None:
    brain, ids = with_old_successes(open_brain, 12)
    plan = planned(brain)
    brain.improvements.apply(plan.id, reason="test")
    archived = states(brain, ids)
    brain.improvements.undo(plan.id, reason="test")

    assert archived == {"archived"}
    assert states(brain, ids) == {"active"}


def test_a_plan_that_was_vetoed_does_not_come_again_this_month(open_brain: Open) -> None:
    brain, ids = with_old_successes(open_brain, 12)
    brain.guard.set_autonomy("auto", reason="test")
    brain.improvements.veto(planned(brain).id, reason="keep them")
    brain.learning.run("daily", now=NOW + DAY)
    brain.learning.run("hourly", now=NOW + 3 * DAY)

    assert states(brain, ids) == {"active"}
    assert len(brain.improvements.list(kind=ImprovementKind.MEMORY)) == 1


def test_what_was_retrieved_meanwhile_is_not_archived(open_brain: Open) -> None:
    brain, ids = with_old_successes(open_brain, 12)
    plan = planned(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        key = tx.memories.key(ids[0])
        assert key is not None
        tx.memories.count_retrieved({key: 1})
    brain.improvements.apply(plan.id, reason="test")

    assert brain.get(ids[0]).state is MemoryState.ACTIVE
    assert states(brain, ids[1:]) == {"archived"}


def test_repetitions_are_folded_to_a_count_and_examples_and_unfolded_as_they_were(open_brain: Open) -> None:
    times = iter(range(NOW - 90 * DAY, NOW, 1_000_000))
    brain = open_brain(clock=lambda: next(times))
    for number in range(60):
        captured = brain.capture(
            "disk full", "on host a", metadata={"n": number}, source=Source(session_id=f"s{number}")
        )
    inside(brain).store.database.clock = lambda: NOW
    before = brain.history(captured.id).occurrences
    plan = planned(brain)
    brain.improvements.apply(plan.id, reason="test")
    folded = brain.history(captured.id).occurrences
    brain.improvements.undo(plan.id, reason="test")

    assert len(before) == 59
    assert folded == (*before[:3], *before[-7:])
    assert brain.get(captured.id).occurrences == 60
    assert brain.history(captured.id).occurrences == before


# Scheduling


def test_a_workers_round_runs_what_is_due_and_the_next_nothing(open_brain: Open) -> None:
    brain = open_brain()
    loop = brain.workers.dispatcher(worker=True)
    loop.sweep()
    loop.sweep()

    assert sorted(report.cycle.value for report in brain.learning.reports()) == ["daily", "five_minutes", "hourly"]


def test_a_program_that_is_over_soon_leaves_learning_to_others(open_brain: Open) -> None:
    brain = open_brain()
    brain.workers.dispatcher().sweep()

    assert brain.learning.reports() == []


def test_a_memory_that_is_only_opened_begins_no_thread(open_brain: Open) -> None:
    brain = open_brain(background=True)
    dispatcher = inside(brain).dispatcher
    assert dispatcher is not None
    before = dispatcher._thread
    brain.capture("a title", "some text")

    assert before is None
    assert dispatcher._thread is not None
