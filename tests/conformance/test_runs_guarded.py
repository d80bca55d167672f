"""Do rules hold inside runs as outside of them, and does a run go on with what people answer, on both databases?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import OperationBlocked, StoreUnavailable
from brainops.procedures.consent import approvers
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    ApplicationState,
    ApprovalKind,
    ApprovalState,
    DecisionKind,
    Done,
    Mode,
    Procedure,
    ProcedureVersion,
    Retry,
    Rule,
    RuleKind,
    RuleMode,
    Run,
    RunState,
    Step,
    StepKind,
    TerminalProof,
    Trigger,
    Verification,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make guessing cheap, and put a kubectl on the path that notes what it is told."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    notes = f"open({str(told(tmp_path))!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')"
    program.write_text(f"#!{sys.executable}\nimport sys\n{notes}\nsys.exit('--fail' in sys.argv)\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def told(tmp_path: Path) -> Path:
    return tmp_path / "told"


def told_kubectl(tmp_path: Path) -> list[str]:
    """Return what kubectl was told, line by line."""
    return told(tmp_path).read_text().splitlines() if told(tmp_path).exists() else []


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    opened = open_brain(actor=MARTA)
    opened.limits.allow(["kubectl"])
    opened.approvals.approvers.enrol("ines", passphrase=PHRASE)
    opened.guard.set_enforcement("strict", reason="test")
    return opened


def rule(kind: RuleKind, *operations: str, mode: RuleMode = RuleMode.DENY, **rest: Any) -> Rule:
    return Rule(id="", namespace="", name=f"{kind.value} rule", kind=kind, operations=operations, mode=mode, **rest)


def never(*operations: str) -> Rule:
    """A rule that nothing meets."""
    return rule(RuleKind.CONDITION, *operations, condition="false")


def kubectl(id: str, *words: str, needs: tuple[str, ...] = (), **rest: Any) -> Step:
    return Step(id=id, needs=needs, action=command(*words), **rest)


def command(*words: str) -> Action:
    return Action(uses=StepKind.COMMAND, parameters={"run": ["kubectl", *words]})


def define(brain: Brain, *steps: Step, name: str = "p", **rest: Any) -> ProcedureVersion:
    saved = brain.procedures.save(Procedure(name=name, description="It is one.", steps=steps, **rest))
    proof = PROOF if rest.get("mode") is Mode.STRICT else None
    return brain.procedures.activate(name, number=saved.number, proof=proof)


def states(run: Run) -> dict[str, str]:
    return {row.step_id: row.state.value for row in run.steps}


# A rule that denies


def test_a_rule_on_a_command_line_stops_the_step_and_says_the_way_out(brain: Brain, tmp_path: Path) -> None:
    brain.guard.add(never("kubectl delete*"))
    define(brain, kubectl("clean", "delete", "pod", "x", retry=Retry(attempts=3, wait_seconds=0.01)))

    run = brain.runs.start("p", target="prod")

    assert run.state is RunState.FAILED
    assert run.steps[0].error is not None
    assert "condition rule" in run.steps[0].error
    assert "brainops approvals ask clean --target prod" in run.steps[0].error
    assert run.steps[0].attempts == 1
    assert told_kubectl(tmp_path) == []
    [blocked] = brain.guard.decisions()
    assert (blocked.kind, blocked.operation_name, blocked.target) == (DecisionKind.BLOCKED, "clean", "prod")
    assert blocked.actor.id == "marta"


def test_what_was_done_before_a_denied_step_is_taken_back(brain: Brain, tmp_path: Path) -> None:
    brain.guard.add(never("kubectl delete*"))
    define(
        brain,
        kubectl("scale", "scale", "0", compensate=command("scale", "1")),
        kubectl("clean", "delete", "pod", "x", needs=("scale",)),
    )

    run = brain.runs.start("p")

    assert states(run) == {"scale": "compensated", "clean": "failed"}
    assert told_kubectl(tmp_path) == ["scale 0", "scale 1"]


def test_what_takes_a_step_back_is_held_by_the_rules_too(brain: Brain, tmp_path: Path) -> None:
    brain.guard.add(never("kubectl delete*"))
    define(
        brain,
        kubectl("make", "create", "pod", compensate=command("delete", "pod")),
        Step(id="check", needs=("make",), action=Action(uses=StepKind.CHECK, parameters={"condition": "false"})),
    )

    run = brain.runs.start("p")

    assert run.state is RunState.FAILED
    assert told_kubectl(tmp_path) == ["create pod"]
    assert "make could not be taken back" in (run.error or "")


def test_a_namespace_that_only_observes_lets_the_step_act_and_notes_what_it_would_have_said(
    brain: Brain, tmp_path: Path
) -> None:
    brain.guard.set_enforcement("observe", proof=PROOF)
    brain.guard.add(never("kubectl delete*"))
    define(brain, kubectl("clean", "delete", "pod", "x"))

    run = brain.runs.start("p")

    assert run.state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["delete pod x"]
    [observed] = brain.guard.decisions()
    assert (observed.kind, observed.would, observed.operation_name) == (DecisionKind.OBSERVED, "deny", "clean")


def test_a_command_inside_of_a_line_is_seen(brain: Brain, tmp_path: Path) -> None:
    brain.limits.allow(["sh"], shell=True, proof=PROOF)
    brain.guard.add(never("kubectl delete*"))
    line = Action(uses=StepKind.COMMAND, parameters={"run": "cd / && sudo kubectl delete pod x", "shell": True})
    define(brain, Step(id="clean", action=line))

    run = brain.runs.start("p")

    assert run.state is RunState.FAILED
    assert "condition rule" in (run.error or "")


@pytest.mark.parametrize(
    ("action", "pattern"),
    [
        (Action(uses=StepKind.CALL, parameters={"function": "shop.refund", "arguments": {}}), "shop.refund"),
        (Action(uses=StepKind.HTTP, parameters={"url": "http://127.0.0.1:1/x", "method": "delete"}), "DELETE http*"),
        (Action(uses=StepKind.AGENT, parameters={"task": "tidy"}), "act"),
        (Action(uses=StepKind.CALL, parameters={"function": "f", "operation": "refund order"}), "refund *"),
    ],
    ids=["call", "http", "agent", "named"],
)
def test_each_kind_of_step_that_acts_outside_is_asked_about(brain: Brain, action: Action, pattern: str) -> None:
    called: list[str] = []
    brain.calls.register("shop.refund", lambda given: called.append("refund"))
    brain.guard.add(never(pattern))
    define(brain, Step(id="act", action=action))

    run = brain.runs.start("p")

    assert run.state is RunState.FAILED
    assert run.steps[0].error is not None
    assert "condition rule" in run.steps[0].error
    assert called == []


def test_what_a_check_or_a_verification_runs_is_held_too(brain: Brain, tmp_path: Path) -> None:
    brain.guard.add(never("kubectl delete*"))
    sly = Action(uses=StepKind.CHECK, parameters={"run": ["kubectl", "delete", "x"]})
    define(brain, Step(id="look", action=sly), name="check")
    define(brain, kubectl("make", "create", verify=Verification(action=command("delete", "x"))), name="verify")
    by_hand = Step(id="do", action=Action(uses=StepKind.MANUAL), verify=Verification(action=command("delete", "x")))
    define(brain, by_hand, name="manual")

    check, verify, manual = (brain.runs.start(name) for name in ("check", "verify", "manual"))
    with pytest.raises(OperationBlocked, match="condition rule"):
        brain.runs.complete(manual.id, "do")

    assert (check.state, verify.state) == (RunState.FAILED, RunState.FAILED)
    assert told_kubectl(tmp_path) == ["create"]
    assert len(brain.guard.decisions(kind="blocked")) == 3


def test_what_was_approved_is_verified_and_taken_back_under_the_same_approval(brain: Brain, tmp_path: Path) -> None:
    wants_approval(brain, "kubectl*")
    unmet = Verification(action=command("get", "x", "--fail"))
    undo = Action(uses=StepKind.COMMAND, parameters={"run": ["kubectl", "delete", "x"], "operation": "make"})
    define(brain, kubectl("make", "create", verify=unmet, compensate=undo))
    brain.guard.set_patterns({"kubectl get*": "changing"}, proof=PROOF)
    waiting = brain.runs.start("p")
    [asked] = brain.approvals.pending()
    brain.approvals.grant(asked.id, proof=PROOF)

    run = brain.runs.advance(waiting.id)

    assert run.state is RunState.FAILED
    assert told_kubectl(tmp_path) == ["create", "get x --fail", "delete x"]
    assert brain.approvals.pending() == []


def test_what_destroys_waits_while_the_guard_cannot_look(
    brain: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(brain, kubectl("clean", "delete", "x"))

    def unavailable(*given: Any) -> None:
        raise StoreUnavailable("the store rests")

    with monkeypatch.context() as patched:
        patched.setattr(type(inside(brain).services.guard), "_gathered", unavailable)
        waiting = brain.runs.start("p", patience_seconds=0)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.runs.wake(waiting.id, inside(brain).store.now())

    assert (waiting.state, waiting.steps[0].waits_for) == (RunState.WAITING, "retry")
    assert "the guard could not look" in (waiting.steps[0].error or "")
    assert told_kubectl(tmp_path) == []


def test_steps_that_only_read_or_wait_for_people_are_not_asked_about(brain: Brain) -> None:
    brain.guard.add(never())
    define(
        brain,
        Step(id="check", action=Action(uses=StepKind.CHECK, parameters={"condition": "true"})),
        Step(id="note", needs=("check",), action=Action(uses=StepKind.CAPTURE, parameters={"title": "t"})),
        Step(id="by-hand", needs=("note",), action=Action(uses=StepKind.MANUAL)),
    )

    run = brain.runs.start("p")

    assert states(run) == {"check": "succeeded", "note": "succeeded", "by-hand": "waiting"}
    assert brain.guard.decisions() == []


def test_an_operation_that_a_step_names_is_not_told_to_its_program(brain: Brain, tmp_path: Path) -> None:
    named = Action(uses=StepKind.COMMAND, parameters={"run": ["kubectl", "apply"], "operation": "deploy api"})
    define(brain, Step(id="a", action=named))

    assert brain.runs.start("p").state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["apply"]


def test_no_secret_reaches_the_guard(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-of-marta")
    brain.guard.add(rule(RuleKind.CONDITION, "login", condition="!command.contains('s3cr3t')"))
    action = Action(uses=StepKind.COMMAND, parameters={"run": ["kubectl", "login", "${{ secrets.token }}"]})
    define(brain, Step(id="login", action=action, secrets=("token",)), secrets={"token": "env:TOKEN"})

    run = brain.runs.start("p")

    assert run.state is RunState.SUCCEEDED, run.error


# Memory first, and other procedures


def test_whoever_follows_a_procedure_has_consulted_memory(brain: Brain, tmp_path: Path) -> None:
    define(brain, kubectl("clean", "delete", "pod", "x"))

    assert brain.runs.start("p", target="prod").state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["delete pod x"]
    assert brain.guard.decisions() == []


def test_a_strict_procedure_without_a_target_is_in_its_own_order(brain: Brain) -> None:
    define(brain, kubectl("a", "one"), kubectl("b", "two", needs=("a",)), mode=Mode.STRICT)

    assert brain.runs.start("p").state is RunState.SUCCEEDED
    assert brain.guard.decisions() == []


def test_another_procedure_that_must_be_followed_here_holds_the_step(brain: Brain, tmp_path: Path) -> None:
    define(
        brain,
        kubectl("a", "one"),
        name="careful",
        mode=Mode.STRICT,
        triggers=(Trigger(operations=("kubectl drain*",)),),
    )
    define(brain, kubectl("quick", "drain", "node"))

    refused = brain.runs.start("p", target="n1")
    brain.runs.start("careful", target="n1")
    allowed = brain.runs.start("p", target="n1")

    assert refused.state is RunState.FAILED
    assert "brainops run careful --target n1" in (refused.error or "")
    assert allowed.state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["one", "drain node"]


def test_a_run_that_a_required_procedure_begins_follows_it(brain: Brain, tmp_path: Path) -> None:
    define(brain, kubectl("quick", "drain", "node"), name="part")
    begin = Step(id="begin", action=Action(uses=StepKind.PROCEDURE, parameters={"procedure": "part", "target": "n2"}))
    define(brain, begin, name="careful", mode=Mode.STRICT, triggers=(Trigger(operations=("kubectl drain*",)),))

    assert brain.runs.start("careful", target="n1").state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["drain node"]


def test_a_step_of_the_same_id_in_another_procedure_is_another_thing(brain: Brain) -> None:
    define(brain, kubectl("test", "one"), kubectl("deploy", "two", needs=("test",)), name="strict", mode=Mode.STRICT)
    define(brain, kubectl("deploy", "three"))

    assert brain.runs.start("p", target="n1").state is RunState.SUCCEEDED


# Approvals


def wants_approval(brain: Brain, *operations: str) -> None:
    brain.guard.add(rule(RuleKind.APPROVAL, *operations, mode=RuleMode.ASK))


def test_a_step_waits_for_the_approval_of_its_operation_and_goes_on(brain: Brain, tmp_path: Path) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"))

    waiting = brain.runs.start("p", target="prod")
    [asked] = brain.approvals.pending()
    before = told_kubectl(tmp_path)
    brain.approvals.grant(asked.id, proof=PROOF)
    run = brain.runs.advance(waiting.id)

    assert (waiting.state, waiting.steps[0].waits_for) == (RunState.WAITING, "approval")
    assert (asked.kind, asked.subject, asked.run_id) == (ApprovalKind.OPERATION, "clean prod", waiting.id)
    assert "kubectl delete pod x" in asked.question
    assert before == []
    assert (run.state, run.steps[0].attempts) == (RunState.SUCCEEDED, 1)
    assert told_kubectl(tmp_path) == ["delete pod x"]
    assert brain.approvals.get(asked.id).state is ApprovalState.USED
    assert [each.kind for each in brain.guard.decisions()] == [DecisionKind.OVERRIDE, DecisionKind.BLOCKED]
    assert brain.upkeep.doctor()[0] is not None
    assert [check.detail for check in brain.upkeep.doctor() if check.name == "approvals" and not check.passed] == []


def test_an_operation_that_was_refused_fails_the_step(brain: Brain, tmp_path: Path) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"))
    waiting = brain.runs.start("p")
    [asked] = brain.approvals.pending()

    brain.approvals.refuse(asked.id, proof=PROOF, reason="not today")
    run = brain.runs.advance(waiting.id)

    assert run.state is RunState.FAILED
    assert "refused by ines: not today" in (run.error or "")
    assert told_kubectl(tmp_path) == []


def test_an_approval_that_nobody_gave_in_time_fails_the_step(open_brain: OpenBrain, brain: Brain) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"))
    waiting = brain.runs.start("p")
    later = inside(brain).store.now() + 2 * 86_400 * 1_000_000

    brain.approvals.sweep(later)
    run = brain.runs.advance(waiting.id)

    assert run.state is RunState.FAILED
    assert "not answered in time" in (run.error or "")


def test_one_approval_serves_every_attempt_at_its_step_and_no_other_run(brain: Brain) -> None:
    tried: list[int] = []

    def twice(given: object) -> None:
        tried.append(1)
        if len(tried) < 3:
            raise ValueError("not yet")

    brain.calls.register("twice", twice)
    wants_approval(brain, "twice")
    call = Action(uses=StepKind.CALL, parameters={"function": "twice"})
    define(brain, Step(id="act", action=call, retry=Retry(attempts=3, wait_seconds=0.01)))
    waiting = brain.runs.start("p")
    [asked] = brain.approvals.pending()
    brain.approvals.grant(asked.id, proof=PROOF)

    run = brain.runs.advance(waiting.id)
    again = brain.runs.start("p")

    assert (run.state, len(tried)) == (RunState.SUCCEEDED, 3)
    assert again.state is RunState.WAITING
    kinds = [each.kind for each in brain.guard.decisions()]
    assert kinds.count(DecisionKind.OVERRIDE) == 1


def test_what_was_approved_before_the_run_is_used_by_its_step(brain: Brain, open_brain: OpenBrain) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"))
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        asked = inside(brain).services.approvals.ask(
            tx,
            kind=ApprovalKind.OPERATION,
            subject="clean prod",
            question="May it?",
            requested_by=Actor(kind=ActorKind.AGENT, id="coder"),
        )
    brain.approvals.grant(asked.id, proof=PROOF)

    run = brain.runs.start("p", target="prod")

    assert run.state is RunState.SUCCEEDED
    assert brain.approvals.get(asked.id).state is ApprovalState.USED


def test_of_two_runs_that_wait_for_the_same_approval_one_has_it_and_the_other_asks_anew(brain: Brain) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"), name="one")
    define(brain, kubectl("clean", "delete", "pod", "y"), name="two")
    first, second = brain.runs.start("one"), brain.runs.start("two")
    [asked] = brain.approvals.pending()
    brain.approvals.grant(asked.id, proof=PROOF)

    first, second = brain.runs.advance(first.id), brain.runs.advance(second.id)

    assert (first.state, second.state) == (RunState.SUCCEEDED, RunState.WAITING)
    [anew] = brain.approvals.pending()
    assert (anew.id != asked.id, anew.run_id) == (True, second.id)


def approved_first(*rest: Step) -> tuple[Step, ...]:
    asks = Action(uses=StepKind.APPROVAL, parameters={"question": "May we clean?"})
    return (Step(id="agree", action=asks), *rest)


def test_the_runs_own_approval_step_counts(brain: Brain, tmp_path: Path) -> None:
    wants_approval(brain, "kubectl delete*")
    steps = approved_first(kubectl("look", "get", needs=("agree",)), kubectl("clean", "delete", "x", needs=("look",)))
    define(brain, *steps)
    waiting = brain.runs.start("p")
    [asked] = brain.approvals.pending()
    brain.approvals.grant(asked.id, proof=PROOF)

    run = brain.runs.advance(waiting.id)

    assert run.state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path) == ["get", "delete x"]
    [override] = brain.guard.decisions()
    assert (override.kind, override.approval_id) == (DecisionKind.OVERRIDE, asked.id)


def test_an_approval_step_beside_it_does_not_count_nor_one_of_a_procedure_that_an_agent_activated(
    brain: Brain, open_brain: OpenBrain
) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, *approved_first(kubectl("clean", "delete", "x")), name="beside")
    agent = open_brain(actor=Actor(kind=ActorKind.AGENT, id="coder"))
    define(agent, *approved_first(kubectl("tidy", "delete", "x", needs=("agree",))), name="sly")

    for name in ("beside", "sly"):
        waiting = brain.runs.start(name)
        [asked] = [each for each in brain.approvals.pending() if each.kind is ApprovalKind.STEP]
        brain.approvals.grant(asked.id, proof=PROOF)
        run = brain.runs.advance(waiting.id)
        assert run.state is RunState.WAITING
        assert any(row.waits_for == "approval" and row.step_id != "agree" for row in run.steps)


# Order


def test_the_order_of_a_rule_holds_over_steps_and_earlier_operations(brain: Brain, tmp_path: Path) -> None:
    brain.guard.add(rule(RuleKind.ORDER, "kubectl apply*", requirement=Done(operation="run tests")))
    define(brain, kubectl("ship", "apply"), name="bare")
    tests = Action(uses=StepKind.COMMAND, parameters={"run": ["kubectl", "test"], "operation": "run tests"})
    define(brain, Step(id="tests", action=tests), kubectl("ship", "apply", needs=("tests",)), name="whole")

    refused = brain.runs.start("bare", target="api")
    by_step = brain.runs.start("whole", target="web")
    with brain.operation("run tests", target="api"):
        pass
    by_operation = brain.runs.start("bare", target="api")

    assert refused.state is RunState.FAILED
    assert "run tests must be done first" in (refused.error or "")
    assert (by_step.state, by_operation.state) == (RunState.SUCCEEDED, RunState.SUCCEEDED), by_step.error
    assert told_kubectl(tmp_path) == ["test", "apply", "apply"]


def test_a_command_of_an_earlier_step_counts_by_its_line(brain: Brain) -> None:
    brain.guard.add(rule(RuleKind.ORDER, "kubectl apply*", requirement=Done(operation="kubectl diff*")))
    define(brain, kubectl("see", "diff", "-f", "x"), kubectl("ship", "apply", needs=("see",)))

    assert brain.runs.start("p").state is RunState.SUCCEEDED


# A crash between


class _Crash(BaseException):
    """The process is gone: nobody catches this."""


def crash_after(brain: Brain, monkeypatch: pytest.MonkeyPatch, turns: int) -> None:
    """Let the process that advances runs end right after so many of its transactions."""
    from brainops.procedures.runs.interpreter import Advance

    whole, done = Advance._turn, [0]

    def turn(self: Advance, heard: Any) -> Any:
        sheet = whole(self, heard)
        done[0] += 1
        if done[0] == turns:
            raise _Crash
        return sheet

    monkeypatch.setattr(Advance, "_turn", turn)


@pytest.mark.parametrize("turns", [1, 2])
def test_a_crash_between_the_answer_and_the_act_records_and_uses_nothing_twice(
    brain: Brain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, turns: int
) -> None:
    wants_approval(brain, "kubectl delete*")
    define(brain, kubectl("clean", "delete", "pod", "x"))
    waiting = brain.runs.start("p", target="prod")
    [asked] = brain.approvals.pending()
    brain.approvals.grant(asked.id, proof=PROOF)
    with monkeypatch.context() as patched:
        crash_after(brain, patched, turns)
        with pytest.raises(_Crash):
            brain.runs.advance(waiting.id)

    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.runs.wake(waiting.id, inside(brain).store.now())
    run = finished_elsewhere(brain, waiting)

    assert run.state is RunState.SUCCEEDED
    assert told_kubectl(tmp_path)[-1:] == ["delete pod x"]
    kinds = [each.kind for each in brain.guard.decisions()]
    assert (kinds.count(DecisionKind.OVERRIDE), kinds.count(DecisionKind.BLOCKED)) == (1, 1)
    assert brain.approvals.pending() == []


def finished_elsewhere(brain: Brain, run: Run) -> Run:
    """Let another owner go on with a run whose owner is gone, its lease passed."""
    later = inside(brain).store.now() + 3_600 * 1_000_000
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        claimed = tx.runs.claim(run.id, "elsewhere", later, later + 60_000_000)
    assert claimed is not None
    return inside(brain).services.runs.carry_on(claimed)


# Fixes


def touching(brain: Brain, *words: str) -> str:
    """Attach a fix that has proved itself and may apply itself; return its id."""
    fix = brain.fixes.attach("ConnectionError: api is gone", "Restart it", command=["kubectl", *words])
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for _ in range(25):
            at = inside(brain).store.now()
            tx.fixes.add_application(
                application_of(fix, ApplicationState.VERIFIED, MARTA, at, decided_at=at, verified_by="check")
            )
    brain.fixes.set_mode(fix.id, "auto", reason="it has helped for weeks", proof=PROOF)
    return fix.id


def happens(brain: Brain) -> None:
    """Let the error happen, and what is due be done."""
    brain.guidance("call api", target="prod")
    brain.begin("call api", target="prod", consult="never").fail("ConnectionError: api is gone")
    for _ in range(5):
        brain.fixes.sweep()
        for run in inside(brain).services.runs.claim_due(10):
            inside(brain).services.runs.carry_on(run)


@pytest.mark.parametrize("mode", [RuleMode.DENY, RuleMode.ASK])
def test_an_automatic_fix_that_the_guard_would_stop_is_held_before_it_begins(
    brain: Brain, tmp_path: Path, mode: RuleMode
) -> None:
    brain.guard.set_autonomy("auto", proof=PROOF)
    fix_id = touching(brain, "delete", "pod", "x")
    brain.guard.add(rule(RuleKind.CONDITION, "kubectl delete*", mode=mode, condition="false"))

    happens(brain)

    [held] = [each for each in brain.fixes.applications(fix_id) if each.target is not None]
    assert held.state is ApplicationState.HELD
    assert "the guard holds it back" in (held.reason or "")
    assert brain.fixes.get(fix_id).mode == "auto"
    assert told_kubectl(tmp_path) == []
    assert brain.runs.list() == []
    assert [each.kind for each in brain.guard.decisions(kind="blocked")] == [DecisionKind.BLOCKED]


def test_an_automatic_fix_that_no_rule_stops_is_applied(brain: Brain, tmp_path: Path) -> None:
    brain.guard.set_autonomy("auto", proof=PROOF)
    fix_id = touching(brain, "restart", "x")

    happens(brain)

    [applied] = [each for each in brain.fixes.applications(fix_id) if each.target is not None]
    assert applied.state is ApplicationState.APPLIED
    assert told_kubectl(tmp_path) == ["restart x"]


def test_a_fix_that_a_rule_stops_half_way_is_taken_back_and_demoted(brain: Brain, tmp_path: Path) -> None:
    fix = brain.fixes.attach(
        "ConnectionError: api is gone", "Restart it", command=["kubectl", "delete"], rollback=["kubectl", "create"]
    )
    brain.guard.add(never("kubectl delete*"))

    applied = brain.fixes.apply(fix.id, target="prod")

    assert applied.state is ApplicationState.FAILED
    assert told_kubectl(tmp_path) == ["create"]


# What it costs


def test_a_step_that_no_rule_applies_to_takes_no_transaction_more(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(brain, kubectl("a", "one"))
    writes, write = [], inside(brain).store.writing

    def counted(*given: Any, **named: Any) -> Any:
        writes.append(given)
        return write(*given, **named)

    monkeypatch.setattr(inside(brain).store, "writing", counted)
    run = brain.runs.start("p")

    assert run.state is RunState.SUCCEEDED
    assert len(writes) == 3  # the run begins, its step begins, its step is heard
