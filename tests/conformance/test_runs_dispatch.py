"""Does somebody go on with what is due, whoever began it, and does nothing pass that cannot be looked at?"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.errors import Conflict, InvalidInput, MissingExtra, StoreUnavailable
from brainops.procedures.conditions import conditions
from brainops.procedures.consent import approvers
from brainops.procedures.runs import dispatcher as dispatch
from brainops.procedures.runs.dispatcher import Dispatcher, Lane
from brainops.procedures.steps.executor import StepWork
from brainops.store import acts
from brainops.store.sqlite import clock_micros
from brainops.types import NoticeKind, Retry, Run, RunState, StepKind, TerminalProof, Verification
from tests.conformance.conftest import OpenBrain
from tests.conformance.runs_kit import WAIT_SECONDS, Kit, in_thread, step
from tests.inside import inside

PHRASE = "seven quiet herons at dusk"
DAY = 86_400 * 1_000_000


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def kit(open_brain: OpenBrain) -> Kit:
    return Kit(open_brain())


@pytest.fixture
def loop(kit: Kit) -> Iterator[Dispatcher]:
    """A dispatcher that is nudged by the runner, as in a Brain with `background`."""
    dispatcher = Dispatcher(Lane(inside(kit.brain).store, kit.runs))
    kit.runs.nudge = dispatcher.nudge
    yield dispatcher
    dispatcher.close()


def becomes(kit: Kit, run: Run, state: RunState) -> Run:
    """Return the run once it is in a state, which is soon."""
    pause = threading.Event()
    for _ in range(int(WAIT_SECONDS / 0.02)):
        current = kit.runs.get(run.id)
        if current.state is state:
            return current
        pause.wait(0.02)
    raise AssertionError(f"{current.state} instead of {state}: {current.error or current.reason}")


def test_a_detached_run_is_done_by_the_loop(kit: Kit, loop: Dispatcher) -> None:
    kit.define(step("a"), step("b", "a", fails=1, retry=Retry(attempts=2, wait_seconds=0.05)))

    begun = kit.runs.start("p", detached=True)

    assert begun.state is not RunState.WAITING  # queued, or the loop was quicker than the answer
    assert becomes(kit, begun, RunState.SUCCEEDED).owner is None


def test_the_loop_goes_on_with_a_run_whose_owner_is_gone(kit: Kit, loop: Dispatcher) -> None:
    kit.define(step("a"))
    begun = kit.runs.start("p", detached=True)
    with inside(kit.brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        now = inside(kit.brain).store.now()
        if tx.runs.get(begun.id).state is RunState.QUEUED:  # type: ignore[union-attr]
            assert tx.runs.claim(begun.id, "somebody-who-died", now, now + 50_000)

    loop.nudge()

    assert becomes(kit, begun, RunState.SUCCEEDED).epoch >= 1


def test_an_answer_that_nobody_told_the_loop_about_is_found(
    kit: Kit, loop: Dispatcher, open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LONGEST_REST_SECONDS", 0.05)
    kit.define(step("ask", uses=StepKind.APPROVAL, question="Go?"), step("go", "ask"))
    run = kit.runs.start("p")
    elsewhere = open_brain()
    elsewhere.approvals.approvers.enrol("ines", passphrase=PHRASE)

    [asked] = elsewhere.approvals.pending()
    elsewhere.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))

    assert becomes(kit, run, RunState.SUCCEEDED).step("go") is not None


def test_nothing_begins_before_there_is_something_to_do_or_without_background(open_brain: OpenBrain) -> None:
    quiet, waiting = open_brain(background=False), open_brain(background=True)

    def loops() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "brainops-dispatch"]

    kit = Kit(quiet)
    kit.define(step("a", uses=StepKind.MANUAL))
    kit.runs.start("p")
    assert loops() == []
    waiting.runs.start("p", detached=True)
    assert loops() == ["brainops-dispatch"]
    waiting.close()
    assert loops() == []


def test_a_stopped_loop_lets_the_step_at_hand_end_and_hands_the_run_back(kit: Kit, loop: Dispatcher) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(work: StepWork) -> None:
        begun.set()
        goes_on.wait(WAIT_SECONDS)

    kit.acts.before = slow
    kit.define(step("a"), step("b", "a"))
    run = kit.runs.start("p", detached=True)
    assert begun.wait(WAIT_SECONDS)

    closing = in_thread(loop.close)
    loop.stop()
    threading.Event().wait(0.1)
    goes_on.set()
    closing.join(WAIT_SECONDS)

    left = kit.runs.get(run.id)
    assert (left.state, left.owner) == (RunState.QUEUED, None)
    assert kit.acts.order() == ["a"]
    assert kit.runs.advance(run.id).state is RunState.SUCCEEDED


def test_the_loop_outlives_a_store_that_cannot_be_used(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "TROUBLE_SECONDS", 0.01)
    troubles = iter(range(3))
    dispatcher = Dispatcher(Lane(inside(kit.brain).store, kit.runs))
    look = dispatcher._look

    def sometimes(lane: Lane) -> Any:
        if next(troubles, None) is not None:
            raise StoreUnavailable("the disk is asleep")
        return look(lane)

    monkeypatch.setattr(dispatcher, "_look", sometimes)
    kit.define(step("a"))
    run = kit.runs.start("p", detached=True)

    dispatcher.nudge()

    assert becomes(kit, run, RunState.SUCCEEDED)
    dispatcher.close()


def test_a_worker_says_that_it_lives_and_calls_the_sweeps(kit: Kit) -> None:
    swept = threading.Event()

    def fails() -> None:
        raise ValueError("a mistake of ours")

    dispatcher = Dispatcher(Lane(inside(kit.brain).store, kit.runs, [fails, swept.set]), worker=True)
    dispatcher.nudge()
    assert swept.wait(WAIT_SECONDS)

    with inside(kit.brain).store.read() as tx:
        seen = [row["id"] for row in tx.runs.workers(0)]
    dispatcher.close()
    with inside(kit.brain).store.read() as tx:
        after = [row["id"] for row in tx.runs.workers(0)]

    assert (seen, after) == ([kit.runs.owner], [])


def test_ended_runs_are_removed_after_the_days_that_are_asked_for(open_brain: OpenBrain) -> None:
    time = iter(range(10**15, 2 * 10**15, 60_000_000))
    kit = Kit(open_brain(clock=lambda: next(time)))
    kit.define(step("a"), name="old")
    kit.define(step("a", uses=StepKind.MANUAL), name="open")
    kit.runs.start("old")
    kept = kit.runs.start("open")

    assert kit.runs.remove_ended(older_than_days=30) == 0
    assert kit.runs.remove_ended(older_than_days=0) == 1
    assert [run.id for run in kit.runs.list()] == [kept.id]
    with pytest.raises(InvalidInput):
        kit.runs.remove_ended(older_than_days=-1)


def test_an_owner_of_an_earlier_epoch_writes_nothing(kit: Kit) -> None:
    kit.define(step("a"))
    begun = kit.runs.start("p", detached=True)
    store = inside(kit.brain).store
    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        now = store.now()
        first = tx.runs.claim(begun.id, "first", now, now - 1)
        second = tx.runs.claim(begun.id, "second", now, now + 10**9)
        third = tx.runs.claim(begun.id, "third", now, now + 10**9)
    assert first is not None
    assert second is not None

    with store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert tx.runs.fence(first, now + 10**9) is None
        assert not tx.runs.save(replace(first, error="late"), "first")
        assert not tx.runs.save(replace(second, error="not mine"), "first")
        assert not tx.runs.save(replace(first, error="not mine"), "second")
        assert tx.runs.fence(second, now + 10**9) is not None

    assert third is None
    assert (first.epoch, second.epoch) == (1, 2)
    assert kit.runs.get(begun.id).error is None


# What cannot be looked at does not pass


@pytest.fixture
def without_cel(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that takes away what evaluates one condition, as on a machine without the extra."""
    compiled = conditions.compile

    def broken(source: str, **rest: Any) -> conditions.Compiled:
        if "ready" in source:
            raise MissingExtra("it takes CEL itself; install it: pip install 'brainops[policy]'")
        return compiled(source, **rest)

    def take_away() -> None:
        for module in ("transitions", "events"):
            monkeypatch.setattr(f"brainops.procedures.runs.{module}.compiled", broken)
        monkeypatch.setattr(conditions, "compile", broken)  # which control imports when it is needed

    return take_away


@pytest.mark.parametrize("place", ["condition", "verify", "outcome"])
def test_a_condition_that_cannot_be_evaluated_here_lets_the_run_wait_and_tells_somebody(
    kit: Kit, without_cel: Callable[[], None], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    said = "inputs.x == 'ready'"
    first = step(
        "a",
        says="ready",
        condition=said if place == "condition" else None,
        verify=Verification(condition="output == 'ready'") if place == "verify" else None,
    )
    kit.define(first, step("b", "a"), expected_outcomes=(said,) if place == "outcome" else ())
    with monkeypatch.context():
        without_cel()

        run = kit.runs.start("p", {"x": "ready"})

        assert run.state is RunState.WAITING
        assert "install it" in str(run.reason)
        assert run.wake_at is not None
        assert kit.acts.order() == {"condition": [], "verify": ["a"], "outcome": ["a", "b"]}[place]
        assert [each.kind for each in kit.brain.notices.pending()] == [NoticeKind.RUN_WAITING]


# Versions


def test_a_waiting_run_ends_on_the_definition_that_it_began_with(kit: Kit, open_brain: OpenBrain) -> None:
    kit.define(
        step("hand", uses=StepKind.MANUAL), step("b", "hand", says="old"), outputs={"o": "${{ steps.b.output }}"}
    )
    run = kit.runs.start("p", target="x")
    kit.define(step("other", says="new"), outputs={"o": "${{ steps.other.output }}"})

    ended = Kit(open_brain()).runs.complete(run.id, "hand")
    following = kit.runs.start("p", target="x")

    assert (ended.state, ended.outputs) == (RunState.SUCCEEDED, {"o": "old"})
    assert following.outputs == {"o": "new"}


def test_a_definition_that_was_edited_in_its_row_is_not_followed(kit: Kit, open_brain: OpenBrain) -> None:
    kit.define(step("hand", uses=StepKind.MANUAL), step("b", "hand"))
    run = kit.runs.start("p")
    edit(kit, run)
    other = Kit(open_brain())

    with pytest.raises(Conflict, match="changed in its row"):
        other.runs.complete(run.id, "hand")
    with inside(kit.brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.runs.wake(run.id, inside(kit.brain).store.now())
    paused = other.runs.advance(run.id)

    assert paused.state is RunState.PAUSED
    assert "changed in its row" in str(paused.reason)
    assert [each.kind for each in kit.brain.notices.pending()] == [NoticeKind.RUN_WAITING]


def edit(kit: Kit, run: Run) -> None:
    """Change the stored definition of a run, as somebody would who owns the file or the database."""
    database: Any = inside(kit.brain).store.database
    with inside(kit.brain).store.read() as tx:
        row = tx.procedures.by_id(run.procedure_id)
    assert row is not None
    body = json.loads(row["body"])
    body["steps"] = body["steps"][:1]
    with database.raw() as connection:
        if database.dialect == "sqlite":
            connection.execute("drop trigger procedure_is_immutable")
            connection.execute("update procedure set body = ?", (json.dumps(body),))
            return
        connection.execute("begin; alter table procedure disable trigger user; set local brainops.upkeep = 'on'")
        connection.execute("update procedure set body = %s", (json.dumps(body),))
        connection.execute("commit")


def test_what_a_newer_program_wrote_beside_what_is_known_is_left_alone(open_brain: OpenBrain) -> None:
    passed = 0
    kit = Kit(open_brain(clock=lambda: clock_micros() + passed))
    kit.define(step("a", uses=StepKind.WAIT, seconds=3_600), step("b", "a"))
    run = kit.runs.start("p", patience_seconds=0)
    row = kit.runs.get(run.id).step("a")
    assert row is not None
    with inside(kit.brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        detail: Any = {"waited": True, "a word of the next version": {"x": 1}}
        tx.runs.put_step(replace(row, detail=detail))

    passed = 3_600_000_000
    ended = kit.runs.advance(run.id)

    assert ended.state is RunState.SUCCEEDED
    assert ended.steps[0].output == detail
