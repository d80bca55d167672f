"""Does a run do each step once what it needs is done, and say afterwards how it went?"""

from __future__ import annotations

import threading

import pytest

from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.procedures.steps.executor import StepWork
from brainops.types import (
    Concurrency,
    NoticeKind,
    Retry,
    Run,
    RunState,
    StepKind,
    StepState,
    Verification,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.runs_kit import WAIT_SECONDS, Kit, arguments, call, step

CAPTURE, WAIT, PROCEDURE = StepKind.CAPTURE, StepKind.WAIT, StepKind.PROCEDURE


@pytest.fixture
def kit(open_brain: OpenBrain) -> Kit:
    return Kit(open_brain())


def states(run: Run) -> dict[str, str]:
    return {row.step_id: row.state.value for row in run.steps}


def test_a_run_passes_outputs_on_and_ends_with_its_own(kit: Kit) -> None:
    kit.define(
        step("a", says="${{ inputs.x }}"),
        step("b", "a", says="${{ steps.a.output }} and more"),
        outputs={"said": "${{ steps.b.output }}"},
    )

    run = kit.runs.start("p", {"x": "this"}, target="prod")

    assert (run.state, run.outputs) == (RunState.SUCCEEDED, {"said": "this and more"})
    assert (run.owner, run.lease_until, run.wake_at) == (None, None, None)
    assert kit.acts.order() == ["a", "b"]
    assert [row.completion for row in run.steps] == [1, 2]
    assert kit.runs.get(run.id) == run


def test_independent_steps_run_at_the_same_time(kit: Kit) -> None:
    together = threading.Barrier(3, timeout=WAIT_SECONDS)
    kit.acts.before = lambda work: together.wait() if work.step_id in "abc" else None
    kit.define(step("a"), step("b"), step("c"), step("d", "a", "b", "c"))

    run = kit.runs.start("p")

    assert run.state is RunState.SUCCEEDED
    assert kit.acts.order()[-1] == "d"


def test_a_step_whose_condition_is_false_is_skipped_and_the_next_ones_run(kit: Kit) -> None:
    kit.define(step("a", condition="inputs.x == 1"), step("b", "a"))

    run = kit.runs.start("p", {"x": 2})

    assert (run.state, states(run)) == (RunState.SUCCEEDED, {"a": "skipped", "b": "succeeded"})
    assert run.steps[0].skipped_because == "condition"
    assert kit.acts.order() == ["b"]


def test_a_condition_that_has_no_value_lets_nothing_pass(kit: Kit) -> None:
    kit.define(step("a", condition="inputs.missing == 1"), step("b", "a"))

    run = kit.runs.start("p", {"x": 2})

    assert (run.state, states(run)) == (RunState.FAILED, {"a": "failed"})
    assert "missing" in str(run.error)
    assert kit.acts.done == []


def test_a_failed_step_is_tried_again_under_the_same_key_and_keeps_no_thread_meanwhile(kit: Kit) -> None:
    kit.define(step("a", fails=2, says="third", retry=Retry(attempts=3, wait_seconds=0.01)))

    waiting = kit.runs.start("p", patience_seconds=0)
    run = kit.runs.advance(waiting.id)

    assert (waiting.state, waiting.steps[0].waits_for, waiting.owner) == (RunState.WAITING, "retry", None)
    assert (run.state, run.steps[0].output) == (RunState.SUCCEEDED, "third")
    assert (run.steps[0].attempts, run.steps[0].failures) == (3, 2)
    assert [attempt for _, attempt, _ in kit.acts.done] == [1, 2, 3]
    assert len({key for _, _, key in kit.acts.done}) == 1


def test_what_cannot_be_helped_by_trying_again_is_not_tried_again(kit: Kit) -> None:
    kit.define(step("a", fails=9, final=True, retry=Retry(attempts=5, wait_seconds=0.01)))

    run = kit.runs.start("p")

    assert (run.state, kit.acts.count("a")) == (RunState.FAILED, 1)


def test_a_failure_is_told_remembered_and_fingerprinted(kit: Kit) -> None:
    kit.define(step("a", fails=9, error="the gateway is gone"), step("b", "a"))

    run = kit.runs.start("p", target="prod")

    [notice] = [each for each in kit.brain.notices.pending() if each.kind is NoticeKind.RUN_FAILED]
    [hit] = kit.brain.retrieve("gateway gone")
    assert (run.state, run.error) == (RunState.FAILED, "step a: the gateway is gone")
    assert (notice.subject, notice.body["run_id"]) == ("p", run.id)
    assert hit.memory.fingerprint == run.fingerprint
    assert "prod" in str(hit.memory.content)
    assert states(run) == {"a": "failed"}


def test_a_step_that_may_fail_does_not_stop_the_run(kit: Kit) -> None:
    kit.define(step("a", fails=9, continue_on_error=True), step("b", "a"))

    run = kit.runs.start("p")

    assert (run.state, states(run)) == (RunState.SUCCEEDED, {"a": "failed", "b": "succeeded"})


def test_a_failed_run_takes_back_what_it_did_in_reverse_order_of_completion(kit: Kit) -> None:
    first = threading.Event()
    kit.acts.before = lambda work: first.wait(WAIT_SECONDS) if work.step_id == "a" else first.set()
    kit.define(step("a", undo={}), step("b", undo={}), step("c", "a", "b"), step("d", "c", fails=9))

    run = kit.runs.start("p")

    assert run.state is RunState.FAILED
    assert kit.acts.order() == ["b", "a", "c", "d", "a", "b"]
    assert states(run) == {"a": "compensated", "b": "compensated", "c": "succeeded", "d": "failed"}
    assert [key for _, _, key in kit.acts.done[-2:]] == [f"{run.id}:a:undo", f"{run.id}:b:undo"]


def test_what_cannot_be_taken_back_is_said_and_the_rest_is_taken_back(kit: Kit) -> None:
    kit.define(step("a", undo={}), step("b", "a", undo={"fails": 9}), step("c", "b", fails=9))

    run = kit.runs.start("p")

    assert states(run) == {"a": "compensated", "b": "succeeded", "c": "failed"}
    assert "step b could not be taken back" in str(run.error)


def test_a_step_that_did_its_work_and_fails_its_verification_is_taken_back(kit: Kit) -> None:
    kit.define(step("a", says=1, undo={}, verify=Verification(condition="output == 2")))

    run = kit.runs.start("p")

    assert (run.state, states(run)) == (RunState.FAILED, {"a": "compensated"})
    assert "verification" in str(run.error)


def test_an_action_verifies_a_step_and_its_work_is_not_done_again(kit: Kit) -> None:
    looks = Verification(action=call(says="fine"))
    kit.define(step("a", says=1, verify=looks))

    run = kit.runs.start("p")

    assert run.state is RunState.SUCCEEDED
    assert [key for _, _, key in kit.acts.done] == [f"{run.id}:a", f"{run.id}:a:verify"]
    assert run.steps[0].evidence == {"verified": True, "by": "action", "output": "fine"}
    assert run.steps[0].output == 1


def test_a_write_to_our_own_store_is_committed_with_its_step(kit: Kit) -> None:
    kit.define(step("a", uses=CAPTURE, title="n"), step("b", "a", uses=CAPTURE, title="m", content="breaks"))

    run = kit.runs.start("p")

    assert states(run) == {"a": "succeeded", "b": "failed"}
    assert (kit.counted("n"), kit.counted("m")) == (1, 0)
    assert run.steps[0].output == 1


def test_an_unmet_outcome_fails_the_run(kit: Kit) -> None:
    kit.define(step("a", says=1, undo={}), expected_outcomes=("steps.a.output == 1", "steps.a.output == 2"))

    run = kit.runs.start("p")

    assert run.state is RunState.FAILED
    assert "steps.a.output == 2" in str(run.error)
    assert states(run) == {"a": "compensated"}


def test_a_step_that_takes_too_long_fails(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brainops.procedures.runs.attempts.GRACE_SECONDS", 0.0)
    ended = threading.Event()
    kit.acts.before = lambda work: ended.wait(WAIT_SECONDS)
    kit.define(step("a", timeout_seconds=0.05))

    run = kit.runs.start("p")
    ended.set()

    assert (run.state, run.error) == (RunState.FAILED, "step a: it took longer than 0.05 seconds")


def test_an_output_that_is_too_large_or_no_json_fails_its_step(kit: Kit) -> None:
    kit.define(step("a", says="${{ inputs.x + inputs.x + inputs.x }}"))

    run = kit.runs.start("p", {"x": "y" * 40_000})

    assert run.state is RunState.FAILED
    assert "120,002 bytes" in str(run.error)


def test_secrets_reach_the_step_and_nothing_else(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[StepWork] = []
    monkeypatch.setenv("DEPLOY_TOKEN", "quite-a-secret-value")
    kit.acts.before = seen.append
    kit.define(step("a", says="token ${{ secrets.token }}", secrets=("token",)), secrets={"token": "env:DEPLOY_TOKEN"})

    run = kit.runs.start("p")

    assert seen[0].secrets == {"token": "quite-a-secret-value"}
    assert arguments(seen[0])["says"] == "token quite-a-secret-value"
    assert run.steps[0].output == "token [secret token]"
    assert "quite-a-secret-value" not in str(kit.runs.get(run.id))


def test_inputs_are_redacted_before_they_are_stored(kit: Kit) -> None:
    kit.define(step("a", says="${{ inputs.url }}"))

    run = kit.runs.start("p", {"url": "postgresql://deploy:hunter2hunter2@db/app"})

    assert "hunter2hunter2" not in str(run)


def test_the_same_key_starts_one_run(kit: Kit) -> None:
    kit.define(step("a"))

    first = kit.runs.start("p", idempotency_key="INC-7")
    second = kit.runs.start("p", idempotency_key="INC-7")

    assert first == second
    assert kit.acts.count("a") == 1


def test_a_second_run_on_a_target_joins_the_first(kit: Kit) -> None:
    kit.define(step("a", uses=StepKind.MANUAL))

    first = kit.runs.start("p", target="prod")
    again = kit.runs.start("p", target="prod")
    elsewhere = kit.runs.start("p", target="staging")

    assert again.id == first.id
    assert elsewhere.id != first.id


def test_a_second_run_waits_its_turn_where_the_procedure_says_so(kit: Kit) -> None:
    kit.define(step("a", uses=StepKind.MANUAL), concurrency=Concurrency(on_conflict="queue"))
    runs = [kit.runs.start("p", target="prod") for _ in range(3)]

    before = [kit.runs.advance(run.id).state for run in runs]
    kit.runs.complete(runs[0].id, "a")
    after = [kit.runs.advance(run.id).state for run in runs]

    assert before == [RunState.WAITING, RunState.QUEUED, RunState.QUEUED]
    assert after == [RunState.SUCCEEDED, RunState.WAITING, RunState.QUEUED]


def test_a_second_run_is_refused_where_the_procedure_says_so(kit: Kit) -> None:
    kit.define(step("a", uses=StepKind.MANUAL), concurrency=Concurrency(on_conflict="drop"))
    first = kit.runs.start("p", target="prod")

    with pytest.raises(Conflict, match=first.id):
        kit.runs.start("p", target="prod")

    assert [run.id for run in kit.runs.list()] == [first.id]


def test_a_wait_holds_nothing_and_goes_on_when_its_time_has_come(kit: Kit) -> None:
    kit.define(step("a", uses=WAIT, seconds=0.05), step("b", "a"))

    waiting = kit.runs.start("p", patience_seconds=0)
    run = kit.runs.advance(waiting.id)

    assert (waiting.state, waiting.owner) == (RunState.WAITING, None)
    assert waiting.wake_at is not None
    assert (run.state, run.steps[0].output) == (RunState.SUCCEEDED, {"waited": True})


def test_a_procedure_runs_another_and_reads_its_outputs(kit: Kit) -> None:
    kit.define(step("x", says="${{ inputs.n }}"), name="inner", outputs={"n": "${{ steps.x.output }}"})
    kit.define(
        step("a", uses=PROCEDURE, procedure="inner", inputs={"n": "${{ inputs.n }}"}),
        step("b", "a", says="${{ steps.a.output.outputs.n }}"),
    )

    run = kit.runs.start("p", {"n": 7})

    assert (run.state, run.steps[1].output) == (RunState.SUCCEEDED, 7)
    child = kit.runs.get(run.steps[0].output["run_id"])  # type: ignore[call-overload,index]
    assert (child.parent_run_id, child.parent_step_id, child.depth) == (run.id, "a", 1)


def test_a_failed_child_fails_its_step(kit: Kit) -> None:
    kit.define(step("x", fails=9, error="inner trouble"), name="inner")
    kit.define(step("a", uses=PROCEDURE, procedure="inner"))

    run = kit.runs.start("p")

    assert run.state is RunState.FAILED
    assert "inner trouble" in str(run.error)


def test_a_procedure_that_runs_itself_comes_to_an_end(kit: Kit) -> None:
    kit.define(step("a", uses=PROCEDURE, procedure="p", target="${{ run.id }}"))

    run = kit.runs.start("p")

    assert run.state is RunState.FAILED
    assert "the limit" in str(run.error)
    assert kit.runs.list(state="active") == []


def test_a_procedure_that_would_wait_for_itself_fails(kit: Kit) -> None:
    kit.define(step("a", uses=PROCEDURE, procedure="p"))

    run = kit.runs.start("p", target="prod")

    assert run.state is RunState.FAILED
    assert "belongs to itself" in str(run.error)


def test_only_an_active_version_runs(kit: Kit) -> None:
    kit.define(step("a"))
    kit.brain.procedures.retire("p")

    with pytest.raises(Conflict, match="retired"):
        kit.runs.start("p")
    with pytest.raises(NotFound):
        kit.runs.start("another")


def test_a_plan_says_what_would_run_and_does_nothing(kit: Kit) -> None:
    kit.define(
        step("a", says="${{ inputs.x }}"),
        step("b", "a", condition="inputs.x == 2"),
        step("c", "a", says="${{ steps.a.output }}"),
        step("d", "b", "c", uses=StepKind.APPROVAL, question="Deploy ${{ inputs.x }}?"),
    )

    plan = kit.runs.plan("p", {"x": 1}, target="prod")

    shown = {each.step.id: each for level in plan.levels for each in level}
    assert [[each.step.id for each in level] for level in plan.levels] == [["a"], ["b", "c"], ["d"]]
    assert shown["a"].parameters["arguments"] == {"says": 1}
    assert not shown["b"].would_run
    assert "earlier steps" in shown["c"].why
    assert shown["d"].approval == "Deploy 1?"
    assert (kit.acts.done, kit.runs.list()) == ([], [])


def test_a_plan_names_the_steps_that_may_not_run_or_reach_what_they_ask_for(kit: Kit) -> None:
    kit.define(
        step("build", uses=StepKind.COMMAND, run=["make", "all"]),
        step("ask", uses=StepKind.HTTP, url="https://api.example.com/health"),
    )

    before = kit.runs.plan("p").notes
    kit.brain.limits.allow(["make"], hosts=["api.example.com"])
    after = kit.runs.plan("p").notes

    assert any(note.startswith("build would fail") and "brainops allow make" in note for note in before)
    assert any(note.startswith("ask would fail") and "--host api.example.com" in note for note in before)
    assert not any("would fail" in note for note in after)


def test_runs_are_listed_by_state_procedure_and_target(kit: Kit) -> None:
    kit.define(step("a"), name="one")
    kit.define(step("a", uses=StepKind.MANUAL), name="two")
    kit.runs.start("one", target="x")
    kit.runs.start("two", target="y")

    assert [run.procedure_name for run in kit.runs.list()] == ["two", "one"]
    assert [run.procedure_name for run in kit.runs.list(state="active")] == ["two"]
    assert [run.procedure_name for run in kit.runs.list(procedure="one", target="x", state="succeeded")] == ["one"]
    with pytest.raises(InvalidInput):
        kit.runs.list(state="done")
    with pytest.raises(NotFound):
        kit.runs.get("nothing")


def test_a_step_of_a_kind_that_nobody_here_can_do_fails_with_the_way_out(kit: Kit) -> None:
    kit.define(step("a", uses=StepKind.AGENT, task="think"))

    run = kit.runs.start("p")

    assert run.state is RunState.FAILED
    assert run.steps[0].state is StepState.FAILED
    assert "brainops worker" in str(run.error)
