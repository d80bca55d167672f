"""Can people and agents steer a run, and does a manual step end only when what it asks for was done?"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from brainops.errors import ApprovalRequired, Conflict, InvalidInput, NamespaceDenied, NotFound
from brainops.procedures.consent import approvers
from brainops.types import (
    Actor,
    ActorKind,
    ApprovalKind,
    ApprovalState,
    Mode,
    Run,
    RunState,
    StepKind,
    TerminalProof,
    Verification,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.runs_kit import WAIT_SECONDS, Kit, arguments, call, in_thread, step
from tests.inside import inside

MANUAL, APPROVAL, CAPTURE = StepKind.MANUAL, StepKind.APPROVAL, StepKind.CAPTURE
AGENT = Actor(kind=ActorKind.AGENT, id="coder")
PHRASE = "seven quiet herons at dusk"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def kit(open_brain: OpenBrain) -> Kit:
    return Kit(open_brain())


def states(run: Run) -> dict[str, str]:
    return {row.step_id: row.state.value for row in run.steps}


def decide(kit: Kit, run: Run, granted: bool, reason: str = "") -> None:
    """Answer the open question of a run."""
    [approval] = [each for each in kit.brain.approvals.pending() if each.run_id == run.id]
    kit.brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    answer = kit.brain.approvals.grant if granted else kit.brain.approvals.refuse
    answer(approval.id, proof=TerminalProof(approver="ines", passphrase=PHRASE), reason=reason)


def test_only_the_step_at_hand_is_shown_and_completed(kit: Kit) -> None:
    kit.define(
        step("one", uses=MANUAL, text="Drain ${{ run.target }}"), step("two", "one", uses=MANUAL, text="Stop the rest")
    )
    run = kit.runs.start("p", target="node 7")

    shown = kit.runs.current(run.id)

    assert (shown.step_id, shown.text, shown.number, shown.of) == ("one", "Drain node 7", 1, 2)
    assert states(kit.runs.get(run.id)) == {"one": "waiting"}
    with pytest.raises(Conflict, match="not at hand"):
        kit.runs.complete(run.id, "two")
    kit.runs.complete(run.id, "one", evidence="all pods left")
    assert kit.runs.current(run.id).step_id == "two"
    ended = kit.runs.complete(run.id, "two")
    assert ended.state is RunState.SUCCEEDED
    assert ended.steps[0].evidence["given"] == "all pods left"  # type: ignore[call-overload,index]
    with pytest.raises(Conflict, match="succeeded"):
        kit.runs.current(run.id)


def test_a_manual_step_ends_only_when_its_condition_holds(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL, verify=Verification(condition="output.pods == 0")))
    run = kit.runs.start("p")

    for output in (None, {}, {"pods": 3}, "done"):
        with pytest.raises(InvalidInput):
            kit.runs.complete(run.id, "a", output=output)
    ended = kit.runs.complete(run.id, "a", output={"pods": 0})

    assert ended.state is RunState.SUCCEEDED
    assert ended.steps[0].evidence["verified"] is True  # type: ignore[call-overload,index]


def test_a_manual_step_ends_only_when_its_check_passes(kit: Kit) -> None:
    look = call(fails="${{ output.left }}", error="pods left")
    kit.define(step("a", uses=MANUAL, verify=Verification(action=look)))
    run = kit.runs.start("p")

    with pytest.raises(InvalidInput, match="pods left"):
        kit.runs.complete(run.id, "a", output={"left": 3})
    ended = kit.runs.complete(run.id, "a", output={"left": 0})

    assert ended.state is RunState.SUCCEEDED


def test_a_strict_procedure_wants_evidence(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL), mode=Mode.STRICT)
    run = kit.runs.start("p")

    with pytest.raises(InvalidInput, match="evidence"):
        kit.runs.complete(run.id, "a")
    ended = kit.runs.complete(run.id, "a", evidence="ticket 7")

    assert ended.state is RunState.SUCCEEDED


def test_a_step_is_completed_while_another_one_runs(kit: Kit) -> None:
    goes_on = threading.Event()
    kit.acts.before = lambda work: goes_on.wait(WAIT_SECONDS)
    kit.define(step("slow"), step("hand", uses=MANUAL), step("last", "slow", "hand"))
    begun = in_thread(lambda: kit.runs.start("p"))
    run = eventually(kit, lambda: [run for run in kit.runs.list() if kit.runs.get(run.id).step("hand")])

    while_running = kit.runs.complete(run.id, "hand")
    goes_on.set()
    begun.join(WAIT_SECONDS)

    assert while_running.state is RunState.RUNNING
    ended = kit.runs.get(run.id)
    assert ended.state is RunState.SUCCEEDED
    assert (kit.acts.count("slow"), kit.acts.count("last")) == (1, 1)


def eventually(kit: Kit, found: Any) -> Run:
    """Return the first run that is found, which is soon."""
    waiting = threading.Event()
    for _ in range(1_000):
        if runs := found():
            return runs[0]  # type: ignore[no-any-return]
        waiting.wait(0.01)
    raise AssertionError("nothing came")


def test_a_granted_approval_lets_the_run_go_on_and_is_used_up(kit: Kit) -> None:
    kit.define(step("ask", uses=APPROVAL, question="Deploy?"), step("go", "ask"))
    run = kit.runs.start("p")
    [asked] = kit.brain.approvals.pending()

    decide(kit, run, True, "go ahead")
    ended = kit.runs.advance(run.id)

    assert (asked.kind, asked.question, asked.step_id) == (ApprovalKind.STEP, "Deploy?", "ask")
    assert ended.state is RunState.SUCCEEDED
    assert ended.steps[0].output == {"approved": True, "by": "ines", "reason": "go ahead"}
    assert kit.brain.approvals.get(asked.id).state is ApprovalState.USED


def test_a_refused_approval_fails_its_step(kit: Kit) -> None:
    kit.define(step("before", undo={}), step("ask", "before", uses=APPROVAL), step("go", "ask"))
    run = kit.runs.start("p")

    decide(kit, run, False, "not on a Friday")
    ended = kit.runs.advance(run.id)

    assert ended.state is RunState.FAILED
    assert "not on a Friday" in str(ended.error)
    assert states(ended) == {"before": "compensated", "ask": "failed"}


def test_a_cancelled_run_does_nothing_more(kit: Kit) -> None:
    kit.define(step("a", undo={}), step("b", "a", uses=MANUAL), step("c", "b"))
    run = kit.runs.start("p")

    ended = kit.runs.cancel(run.id, reason="wrong target")

    assert (ended.state, ended.reason, states(ended)) == (
        RunState.CANCELLED,
        "wrong target",
        {"a": "succeeded", "b": "cancelled"},
    )
    with pytest.raises(Conflict):
        kit.runs.cancel(run.id)
    assert kit.acts.order() == ["a"]


def test_a_run_is_cancelled_and_taken_back(kit: Kit) -> None:
    kit.define(step("a", undo={}), step("b", "a", uses=MANUAL))
    run = kit.runs.start("p")

    ended = kit.runs.cancel(run.id, compensate=True)

    assert (ended.state, states(ended)) == (RunState.CANCELLED, {"a": "compensated", "b": "cancelled"})


def test_a_step_under_way_learns_that_its_run_was_cancelled(kit: Kit) -> None:
    told = threading.Event()

    def slow(work: Any) -> None:
        while not work.cancelled():
            told.wait(0.01)
        told.set()

    kit.acts.before = slow
    kit.define(step("a"), step("b", "a"))
    begun = in_thread(lambda: kit.runs.start("p"))
    run = eventually(kit, lambda: [run for run in kit.runs.list(state="running") if kit.runs.get(run.id).steps])

    kit.runs.cancel(run.id, reason="stop")
    begun.join(WAIT_SECONDS)

    assert told.is_set()
    assert kit.runs.get(run.id).state is RunState.CANCELLED


def test_cancelling_a_run_cancels_the_one_that_it_waits_for(kit: Kit) -> None:
    kit.define(step("x", uses=MANUAL), name="inner")
    kit.define(step("a", uses=StepKind.PROCEDURE, procedure="inner"))
    run = kit.runs.start("p")
    [child] = [each for each in kit.runs.list() if each.procedure_name == "inner"]

    kit.runs.cancel(run.id)

    assert kit.runs.advance(child.id).state is RunState.CANCELLED
    assert kit.runs.list(state="active") == []


def test_a_paused_run_begins_nothing_until_it_is_resumed(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL), step("b", "a"))
    run = kit.runs.start("p")

    paused = kit.runs.pause(run.id, reason="freeze")
    with pytest.raises(Conflict):
        kit.runs.complete(run.id, "a")
    assert kit.runs.advance(run.id).state is RunState.PAUSED
    resumed = kit.runs.resume(run.id)
    ended = kit.runs.complete(run.id, "a")

    assert (paused.state, paused.reason) == (RunState.PAUSED, "freeze")
    assert (resumed.state, ended.state) == (RunState.WAITING, RunState.SUCCEEDED)


def test_a_run_that_is_under_way_pauses_after_the_step_at_hand(kit: Kit) -> None:
    goes_on = threading.Event()
    kit.acts.before = lambda work: goes_on.wait(WAIT_SECONDS)
    kit.define(step("a"), step("b", "a"))
    begun = in_thread(lambda: kit.runs.start("p"))
    run = eventually(kit, lambda: [run for run in kit.runs.list(state="running") if kit.runs.get(run.id).steps])

    kit.runs.pause(run.id)
    goes_on.set()
    begun.join(WAIT_SECONDS)

    paused = kit.runs.get(run.id)
    assert (paused.state, kit.acts.order()) == (RunState.PAUSED, ["a"])
    assert kit.runs.resume(run.id).state is RunState.SUCCEEDED


def test_a_failed_run_goes_on_where_it_failed(kit: Kit) -> None:
    kit.define(step("a"), step("b", "a", fails=1), step("c", "b"))
    failed = kit.runs.start("p")
    kit.acts.before = lambda work: arguments(work).update(fails=0)

    ended = kit.runs.retry(failed.id)

    assert (failed.state, ended.state, ended.error) == (RunState.FAILED, RunState.SUCCEEDED, None)
    assert kit.acts.order() == ["a", "b", "b", "c"]
    assert [key for name, _, key in kit.acts.done if name == "b"] == [f"{failed.id}:b"] * 2


def test_a_run_is_done_again_from_an_earlier_step_under_new_keys(kit: Kit) -> None:
    kit.define(step("a"), step("b", "a"), step("c", "b", fails=1))
    failed = kit.runs.start("p")
    kit.acts.before = lambda work: arguments(work).update(fails=0)

    ended = kit.runs.retry(failed.id, from_step="b")

    assert ended.state is RunState.SUCCEEDED
    assert kit.acts.order() == ["a", "b", "c", "b", "c"]
    assert [key for name, _, key in kit.acts.done if name == "b"] == [f"{failed.id}:b", f"{failed.id}:b:1"]
    with pytest.raises(Conflict):
        kit.runs.retry(failed.id)


def test_what_was_taken_back_is_done_again_by_a_retry(kit: Kit) -> None:
    kit.define(step("a", undo={}), step("b", "a"), step("c", "b", fails=1))
    failed = kit.runs.start("p")
    kit.acts.before = lambda work: arguments(work).update(fails=0)

    ended = kit.runs.retry(failed.id)

    assert ended.state is RunState.SUCCEEDED
    assert kit.acts.order() == ["a", "b", "c", "a", "a", "b", "c"]
    assert ended.compensations == ()


def test_an_advisory_step_is_skipped_with_a_reason(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL), step("b", "a"))
    run = kit.runs.start("p")

    with pytest.raises(InvalidInput, match="reason"):
        kit.runs.skip(run.id, "a", reason=" ")
    ended = kit.runs.skip(run.id, "a", reason="done by hand yesterday")

    assert (ended.state, states(ended)) == (RunState.SUCCEEDED, {"a": "skipped", "b": "succeeded"})
    with inside(kit.brain).store.read() as tx:
        [line] = [each for each in tx.trail.of(run.id) if each.act == "run-skip"]
    assert line.detail["reason"] == "done by hand yesterday"


def test_a_required_step_is_skipped_only_with_an_approval_that_is_used_up(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL), step("b", "a", uses=MANUAL), mode=Mode.REQUIRED)
    run = kit.runs.start("p")

    with pytest.raises(ApprovalRequired) as refused:
        kit.runs.skip(run.id, "a", reason="no time")
    [asked] = kit.brain.approvals.pending()
    assert asked.id in str(refused.value)
    decide(kit, run, True)
    skipped = kit.runs.skip(run.id, "a", approval_id=asked.id, reason="no time")

    assert states(skipped) == {"a": "skipped", "b": "waiting"}
    assert skipped.steps[0].skipped_because == asked.id
    assert kit.brain.approvals.get(asked.id).state is ApprovalState.USED
    with pytest.raises(ApprovalRequired):
        kit.runs.skip(run.id, "b", approval_id=asked.id, reason="no time")


def test_who_granted_a_skip_is_told_who_may_use_it(open_brain: OpenBrain) -> None:
    kit = Kit(open_brain(actor=Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")))
    kit.define(step("a", uses=MANUAL), mode=Mode.REQUIRED)
    run = kit.runs.start("p")
    with pytest.raises(ApprovalRequired):
        kit.runs.skip(run.id, "a", reason="no time")
    decide(kit, run, True)
    [granted] = kit.brain.approvals.list(ApprovalState.GRANTED)
    ines = open_brain(actor=Actor(kind=ActorKind.PERSON, id="ines", proof="terminal"))
    paul = open_brain(actor=Actor(kind=ActorKind.PERSON, id="paul", proof="terminal"))

    with pytest.raises(ApprovalRequired, match="marta, who asked, or another does") as refused:
        ines.runs.skip(run.id, "a", approval_id=granted.id, reason="no time")
    with pytest.raises(ApprovalRequired, match=f"ines granted {granted.id} for this step"):
        paul.runs.skip(run.id, "a", approval_id="of-something-else", reason="no time")
    skipped = paul.runs.skip(run.id, "a", approval_id=granted.id, reason="no time")

    assert "brainops approve" not in str(refused.value)
    assert states(skipped) == {"a": "skipped"}


def test_nobody_is_asked_any_more_whether_to_skip_a_step_that_was_done(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL), step("b", "a", uses=MANUAL), mode=Mode.REQUIRED)
    run = kit.runs.start("p")
    with pytest.raises(ApprovalRequired):
        kit.runs.skip(run.id, "a", reason="no time")
    [asked] = kit.brain.approvals.pending()

    kit.runs.complete(run.id, "a")

    assert kit.brain.approvals.pending() == []
    assert kit.brain.approvals.get(asked.id).state is ApprovalState.EXPIRED


def test_a_failed_step_is_skipped_and_the_run_goes_on(kit: Kit) -> None:
    kit.define(step("a", fails=9), step("b", "a"))
    run = kit.runs.start("p")

    kit.runs.skip(run.id, "a", reason="mended by hand")
    ended = kit.runs.retry(run.id)

    assert (ended.state, states(ended)) == (RunState.SUCCEEDED, {"a": "skipped", "b": "succeeded"})


def test_who_takes_a_run_over_is_the_only_one_who_completes_its_steps(open_brain: OpenBrain) -> None:
    agent, person = Kit(open_brain(actor=AGENT)), Kit(open_brain())
    person.define(step("a", uses=MANUAL), step("b", "a", uses=MANUAL))
    run = agent.runs.start("p")

    taken = person.runs.take_over(run.id)

    assert taken.epoch > run.epoch
    assert taken.actor.kind is ActorKind.PERSON
    with pytest.raises(Conflict, match="took this run over"):
        agent.runs.complete(run.id, "a")
    assert person.runs.complete(run.id, "a").step("b") is not None


def test_a_run_that_is_taken_over_while_a_step_runs_commits_nothing_of_it(kit: Kit) -> None:
    goes_on = threading.Event()
    kit.acts.before = lambda work: goes_on.wait(WAIT_SECONDS) if work.attempt == 1 else None
    kit.define(step("a", uses=CAPTURE, title="n"))
    begun = in_thread(lambda: kit.runs.start("p"))
    run = eventually(kit, lambda: [run for run in kit.runs.list(state="running") if kit.runs.get(run.id).steps])

    other = Kit(kit.brain, kit.acts)
    ended = other.runs.take_over(run.id)
    goes_on.set()
    begun.join(WAIT_SECONDS)

    assert ended.state is RunState.SUCCEEDED
    assert kit.runs.get(run.id) == ended
    assert (kit.counted("n"), ended.steps[0].attempts) == (1, 2)


def test_what_does_not_exist_is_said(kit: Kit) -> None:
    kit.define(step("a", uses=MANUAL))
    run = kit.runs.start("p")

    for act in (kit.runs.cancel, kit.runs.pause, kit.runs.resume, kit.runs.retry, kit.runs.take_over, kit.runs.current):
        with pytest.raises(NotFound):
            act("nothing")
    with pytest.raises(NotFound):
        kit.runs.skip(run.id, "nothing", reason="x")
    with pytest.raises(Conflict):
        kit.runs.retry(run.id)
    with pytest.raises(Conflict):
        kit.runs.resume(run.id)


def test_a_run_of_a_namespace_that_is_only_read_is_not_steered(open_brain: OpenBrain) -> None:
    there, here = Kit(open_brain(namespace="team/shared", read=[])), Kit(open_brain())
    there.define(step("a", uses=MANUAL))
    run = there.runs.start("p")

    for act in (here.runs.cancel, here.runs.pause, here.runs.take_over):
        with pytest.raises(NamespaceDenied, match="team/shared"):
            act(run.id)
    with pytest.raises(NamespaceDenied):
        here.runs.complete(run.id, "a")

    assert there.runs.get(run.id) == run
    assert here.runs.advance(run.id) == run


def test_a_manual_step_that_nobody_does_in_time_fails(open_brain: OpenBrain) -> None:
    now = [10**15]
    kit = Kit(open_brain(clock=lambda: now[0]))
    kit.define(step("a", uses=MANUAL, timeout_seconds=60))
    run = kit.runs.start("p", patience_seconds=0)

    now[0] += 61 * 1_000_000
    ended = kit.runs.advance(run.id)

    assert (ended.state, ended.error) == (RunState.FAILED, "step a: nobody did it in time")
