"""Does a clock that somebody set, forwards or back, do no harm?"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.learning.cycles import cycles
from brainops.procedures.runs.clock import Patience, Timer
from brainops.store import acts
from brainops.types import Cycle, Draft, NoticeKind
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
BACK = -3 * HOUR
YEARS = 10 * 365 * DAY


class Clock:
    """A clock that can be set; it goes on by itself a little each time that it is read."""

    def __init__(self) -> None:
        self.at = 1_790_000_000 * SECOND

    def __call__(self) -> int:
        self.at += 1
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    return open_brain(clock=clock)


def titles(brain: Brain, query: str = "", **conditions: Any) -> list[str]:
    return [hit.memory.title for hit in brain.retrieve(query, **conditions)]


def test_what_was_captured_is_found_after_the_clock_was_set_back(brain: Brain, clock: Clock) -> None:
    brain.capture("gateway note")
    clock.at += BACK

    assert titles(brain, "gateway") == titles(brain) == ["gateway note"]
    assert brain.capture("gateway note").repeated
    brain.capture("a later gateway note")
    assert sorted(titles(brain, "gateway")) == ["a later gateway note", "gateway note"]


def test_an_error_is_recognised_after_the_clock_was_set_back(brain: Brain, clock: Clock) -> None:
    with pytest.raises(ConnectionError), brain.operation("deploy"):
        raise ConnectionError("the database is away")
    clock.at += BACK

    assert brain.match("ConnectionError: the database is away")[0].exact


def test_what_has_ended_does_not_come_back_with_the_clock(brain: Brain, clock: Clock) -> None:
    outdated, replaced = brain.capture("old limit", "10"), brain.capture("old quota", "10")
    brain.feedback(outdated.id, "outdated")
    brain.supersede(replaced.id, Draft(title="new quota", content="20"))
    clock.at += BACK

    assert titles(brain) == ["new quota"]


def test_a_question_about_an_earlier_time_keeps_to_it(brain: Brain, clock: Clock) -> None:
    before = clock()
    brain.capture("gateway note")
    clock.at += BACK

    assert titles(brain, as_of=before) == []


def test_a_memory_of_a_far_time_is_kept_and_does_not_push_others_away(brain: Brain, clock: Clock) -> None:
    clock.at += YEARS
    far = brain.capture("far note", tags=["x"])
    clock.at -= YEARS
    for number in range(3):
        brain.capture(f"note {number}", tags=["x"])

    assert titles(brain, limit=3) == ["note 2", "note 1", "note 0"]
    assert titles(brain, tags=["x"], limit=4)[-1] == "far note"
    assert titles(brain, "far note")[0] == "far note"
    clock_check = next(check for check in brain.upkeep.doctor() if check.name == "clock")
    assert not clock_check.passed
    assert far.id in clock_check.detail
    assert brain.get(far.id).created_at > clock.at + YEARS - DAY


@pytest.mark.parametrize("set_by", [BACK, YEARS], ids=["back", "ahead"])
def test_cycles_go_on_when_the_clock_is_set_and_when_it_is_right_again(brain: Brain, clock: Clock, set_by: int) -> None:
    def record(name: str) -> None:
        with brain.operation(name, consult="never"):
            pass

    record("deploy api")
    assert brain.learning.run("hourly", early=True) is not None
    kept = len(brain.learning.reports())
    for change in (set_by, -set_by):
        clock.at += change
        record("deploy api")
        assert Cycle.HOURLY in brain.learning.due() or brain.learning.run("hourly", early=True) is not None
        brain.learning.run("hourly", early=True)
        brain.learning.tick()
        assert brain.learning.due() == []

    assert len(brain.learning.reports()) > kept


def test_the_lease_of_a_cycle_does_not_outlast_a_clock_that_was_set_back(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    held = inside(brain).store.now()
    with inside(brain).store.writing(acts.LEARN, inside(brain).context.actor) as tx:
        tx.learning.claim(Cycle.HOURLY, "elsewhere-1-x", now=held, to_at=held, lease=60 * SECOND)
    other = open_brain(clock=clock)
    assert other.learning.run("hourly", early=True) is None

    clock.at += BACK

    assert other.learning.run("hourly", early=True) is not None


def test_a_cycle_of_a_process_that_died_is_taken_at_once(brain: Brain) -> None:
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    place, _, _ = cycles._owner().rsplit("-", 2)
    for owner, taken in ((f"{place}-{died.pid}-abc", True), (f"{place}-{os.getpid()}-abc", False)):
        now = inside(brain).store.now()
        with inside(brain).store.writing(acts.LEARN, inside(brain).context.actor) as tx:
            tx.learning.claim(Cycle.DAILY, owner, now=now, to_at=now, lease=60 * SECOND)

        assert (brain.learning.run("daily", early=True) is not None) is taken


def test_a_receipt_of_a_time_that_is_not_yet_does_not_stand_for_hours(brain: Brain, clock: Clock) -> None:
    brain.guard.set_enforcement("strict", reason="test")
    brain.guidance("deploy api", target="prod")
    clock.at += BACK
    with pytest.raises(OperationBlocked), brain.operation("deploy api", target="prod", consult="never"):
        pass

    brain.guidance("deploy api", target="prod")
    with brain.operation("deploy api", target="prod", consult="never"):
        pass


def test_a_loop_measures_waits_and_leases_by_its_own_clock() -> None:
    own = 0.0
    patience = Patience(lease_seconds=30, clock=lambda: own)
    now = 1_790_000_000 * SECOND
    wait = Timer(id="wait", due_at=now + 60 * SECOND, owned=False)
    lease = Timer(id="lease", due_at=now + 30 * SECOND, owned=True)
    patience.look([wait, lease], now)

    own = 20.0
    back = patience.look([wait, lease], now + BACK)
    ahead = patience.look([wait, lease], now + HOUR)
    assert (back.over, back.next_seconds) == ({}, 10.0)
    assert ahead.held == {"wait", "lease"}

    own = 31.0
    assert patience.look([wait, lease], now + BACK).over == {"lease": lease.due_at}
    own = 61.0
    assert patience.look([wait, lease], now + BACK).over == {"lease": lease.due_at, "wait": wait.due_at}
    assert patience.look([wait, lease], now + HOUR).held == frozenset()


def test_a_lease_that_was_written_before_the_clock_was_set_back_lasts_no_longer_than_leases_do() -> None:
    own = 0.0
    patience = Patience(lease_seconds=30, clock=lambda: own)
    now = 1_790_000_000 * SECOND
    lease = Timer(id="lease", due_at=now + 3 * HOUR, owned=True)

    assert patience.look([lease], now).next_seconds == 30
    own = 30.0
    assert patience.look([lease], now).over == {"lease": lease.due_at}


def test_a_run_goes_on_after_its_wait_though_the_clock_was_set_back(open_brain: OpenBrain, clock: Clock) -> None:
    brain = open_brain(clock=clock)
    brain.procedures.save({"name": "wait-a-little", "steps": [{"id": "rest", "uses": "wait", "with": {"seconds": 30}}]})
    brain.procedures.activate("wait-a-little")
    run = brain.runs.start("wait-a-little", detached=True)
    dispatcher = brain.workers.dispatcher()
    own = 0.0
    (lane,) = dispatcher._lanes
    lane.patience.clock = lambda: own
    dispatcher._look(lane)
    for _ in range(200):
        if brain.runs.get(run.id).wake_at is not None:
            break
        dispatcher._changed.acquire()
        dispatcher._changed.wait(0.05)
        dispatcher._changed.release()
    assert brain.runs.get(run.id).wake_at is not None
    dispatcher._look(lane)
    clock.at += BACK
    dispatcher._look(lane)
    assert brain.runs.get(run.id).finished_at is None

    own = 31.0
    dispatcher._look(lane)
    with dispatcher._changed:
        dispatcher._changed.wait_for(lambda: not dispatcher._under_way, 20)

    assert brain.runs.get(run.id).state.value == "succeeded"


def test_the_lease_of_a_task_does_not_outlast_a_clock_that_was_set_back(brain: Brain) -> None:
    found: dict[str, int] = {}

    def work(task: Any) -> str:
        with inside(brain).store.read() as tx:
            now = inside(brain).store.now()
            found.update({name: len(tx.agents.lapsed(now + by, 10)) for name, by in (("now", 0), ("back", BACK))})
        return "done"

    brain.agents.register_callable("worker", work)
    brain.agents.execute("write the notes")

    assert found == {"now": 0, "back": 1}


def test_a_notice_leaves_though_the_clock_was_set_back(brain: Brain, clock: Clock) -> None:
    brain.notices.add_channel("pager", "command", {"argv": ["/bin/true"]})
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.notices.put(tx, NoticeKind.RUN_FAILED, "deploy api", run="r1")
    clock.at += BACK

    assert brain.notices.deliver().delivered == 1
