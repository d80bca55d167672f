"""Is compliance counted from the record, every departure with its evidence, and what would strict have done?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import InvalidInput, OperationBlocked
from brainops.procedures.consent import approvers
from brainops.store import acts
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    ApprovalKind,
    ComplianceRow,
    Done,
    Mode,
    Procedure,
    Rule,
    RuleKind,
    RuleMode,
    RunState,
    Step,
    StepKind,
    TerminalProof,
    Trigger,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="robot")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
DAY = 86_400_000_000


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    opened = open_brain(actor=MARTA)
    opened.approvals.approvers.enrol("ines", passphrase=PHRASE)
    return opened


def procedure(mode: Mode = Mode.REQUIRED, name: str = "deploy-safely") -> Procedure:
    return Procedure(
        name=name,
        description="Look before deploying.",
        mode=mode,
        triggers=(Trigger(operations=("deploy*",)),),
        steps=(Step(id="look", action=Action(uses=StepKind.MANUAL), text="Look at the dashboard."),),
    )


def activate(brain: Brain, mode: Mode = Mode.REQUIRED, *, proof: TerminalProof | None = None) -> None:
    brain.procedures.save(procedure(mode))
    brain.procedures.activate("deploy-safely", proof=proof)


def row(rows: tuple[ComplianceRow, ...], name: str) -> ComplianceRow:
    return next(each for each in rows if each.name == name)


def consult(brain: Brain) -> None:
    """Ask memory, and name back what it says must be known."""
    guidance = brain.guidance("deploy api", target="prod")
    assert brain.guard.acknowledge(guidance.id, guidance.required_ids) == []


def deploy(brain: Brain, **rest: Any) -> str:
    running = brain.begin("deploy api", target="prod", **rest)
    running.succeed()
    return running.id


# A procedure that must be followed


def test_a_required_procedure_asks_and_a_run_of_it_clears(brain: Brain) -> None:
    activate(brain)
    brain.guard.set_enforcement("strict")

    with pytest.raises(OperationBlocked, match="deploy-safely is to be followed here"):
        deploy(brain)
    run = brain.runs.start("deploy-safely", target="prod")
    deploy(brain)
    with pytest.raises(OperationBlocked):
        brain.begin("deploy api", target="other")

    assert run.state is RunState.WAITING
    assert brain.guard.replay().held == ()  # which knows of the run


def test_a_strict_procedure_denies_and_is_skipped_only_with_an_approval(brain: Brain, open_brain: OpenBrain) -> None:
    activate(brain, Mode.STRICT)
    brain.guard.set_enforcement("strict")
    agent = open_brain(actor=AGENT)
    consult(agent)
    with pytest.raises(OperationBlocked, match="brainops run deploy-safely --target prod"):
        deploy(agent)
    with inside(agent).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        asked = inside(agent).services.approvals.ask(
            tx,
            kind=ApprovalKind.SKIP_PROCEDURE,
            subject="deploy-safely prod",
            question="Skip it?",
            requested_by=AGENT,
            reason="hotfix",
        )
    brain.approvals.grant(asked.id, proof=PROOF)

    operation_id = deploy(agent)
    with pytest.raises(OperationBlocked):
        deploy(agent)

    counted = brain.guard.compliance()
    assert row(counted.rows, "deploy-safely") == ComplianceRow(
        name="deploy-safely", applied=3, followed=0, overridden=1, violated=0, bypassed=0, blocked=2, rate=0.0
    )
    [override] = [each for each in counted.departures if each.kind == "override"]
    assert override.evidence["approval"] == asked.id
    assert override.evidence["operation"] == operation_id
    assert override.actor == "agent:robot"
    assert brain.guard.replay().held == ()  # which knows of the approval


def test_advice_demands_nothing(brain: Brain) -> None:
    activate(brain, Mode.ADVISORY)
    brain.guard.set_enforcement("strict")

    deploy(brain)

    assert [each.name for each in brain.guard.compliance().rows] == ["memory-first"]


# Counting


def test_what_was_followed_is_told_from_what_was_not(brain: Brain) -> None:
    activate(brain)
    violation = deploy(brain)
    run = brain.runs.start("deploy-safely", target="prod")
    brain.runs.complete(run.id, "look")
    deploy(brain)
    deploy(brain, consult="never", session="nobody-asked")

    counted = brain.guard.compliance()

    assert row(counted.rows, "deploy-safely") == ComplianceRow(
        name="deploy-safely", applied=3, followed=2, overridden=0, violated=1, bypassed=0, blocked=0, rate=2 / 3
    )
    assert row(counted.rows, "memory-first").violated == 2  # not named back at first, not asked at last
    assert [each.evidence["operation"] for each in counted.departures if each.procedure] == [violation]
    assert len(counted.departures) == 3
    assert {each.kind for each in counted.departures} == {"violation"}


def test_a_run_of_which_no_step_was_done_is_not_followed_yet(brain: Brain) -> None:
    activate(brain, Mode.STRICT)
    brain.guard.set_enforcement("strict")
    run = brain.runs.start("deploy-safely", target="prod")
    consult(brain)
    deploy(brain)
    before = brain.guard.compliance()
    brain.runs.cancel(run.id)
    after = brain.guard.compliance()

    assert all(each.name != "deploy-safely" for each in before.rows)
    assert not [each for each in before.departures if each.kind == "nothing done"]  # it may still come
    [departure] = [each for each in after.departures if each.kind == "nothing done"]
    assert (departure.procedure, departure.evidence) == ("deploy-safely", {"run": run.id})


def test_by_service_day_and_person(brain: Brain) -> None:
    deploy(brain, service="shop")
    with brain.operation("restart api", context={"service": "billing"}, consult="never"):
        pass

    services = brain.guard.compliance(by="service")
    days = brain.guard.compliance(by="day")

    assert {each.name: each.rate for each in services.rows} == {"shop": 1.0, "billing": 0.0}
    assert len(days.rows) == 1
    assert days.total.applied == 2
    with pytest.raises(InvalidInput, match="per person"):
        brain.guard.compliance(by="person")
    with pytest.raises(InvalidInput, match="procedure, service, day or person"):
        brain.guard.compliance(by="team")


def test_persons_are_counted_and_named_only_where_the_namespace_says_so(brain: Brain) -> None:
    deploy(brain, consult="never")
    before = brain.guard.compliance()

    brain.guard.set_per_person(True, reason="agreed with the team")
    deploy(brain, consult="never")
    after = brain.guard.compliance(by="person")

    assert [each.actor for each in before.departures] == [None]
    assert {each.name: each.applied for each in after.rows} == {"(not counted)": 1, "marta": 1}
    assert {each.actor for each in after.departures} == {"person:marta"}


def test_a_refused_operation_is_no_failure(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")
    with pytest.raises(OperationBlocked):
        deploy(brain, consult="never")

    guidance = brain.guidance("deploy api", target="prod")

    assert guidance.failure_probability is None
    assert brain.operations.list(outcome="failed") == []
    assert brain.retrieve("OperationBlocked") == []


def test_a_blocked_attempt_inside_an_operation_fails_only_that_one(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")

    with pytest.raises(OperationBlocked), brain.operation("nightly upkeep"):
        deploy(brain, consult="never")

    assert [operation.start.name for operation in brain.operations.list()] == ["nightly upkeep"]


# Replay


def test_a_replay_says_what_strict_would_have_done_and_writes_nothing(brain: Brain) -> None:
    deploy(brain)
    unasked = deploy(brain, consult="never", session="s2")
    brain.begin("list things", consult="never").succeed()
    brain.begin("delete user", target="u1").succeed()
    destroyed = brain.begin("delete user", target="u1", consult="never")
    destroyed.succeed()
    before = brain.guard.decisions()

    told = brain.guard.replay(days=1)

    assert (told.operations, told.allowed, told.asked, told.denied) == (5, 3, 0, 2)
    assert [each.operation_id for each in told.held] == [destroyed.id, unasked]
    assert told.by_rule == {"memory-first": 1, "memory-first-destructive": 1}
    assert brain.guard.decisions() == before
    assert brain.guard.replay(days=1, enforcement="observe").allowed == 5


def test_a_replay_holds_the_past_to_the_rules_of_today(brain: Brain) -> None:
    rule = Rule(
        id="",
        namespace="",
        name="test first",
        kind=RuleKind.ORDER,
        operations=("deploy*",),
        requirement=Done(operation="run tests"),
        mode=RuleMode.DENY,
    )
    early = deploy(brain, session="s")
    brain.begin("run tests", session="s").succeed()
    deploy(brain, session="s")
    brain.guard.add(rule)

    told = brain.guard.replay()

    assert [(each.operation_id, each.verdict) for each in told.held] == [(early, "deny")]


@pytest.mark.parametrize("days", [0, -1, 400])
def test_a_replay_is_of_some_days(brain: Brain, days: float) -> None:
    with pytest.raises(InvalidInput):
        brain.guard.replay(days)


def test_a_procedure_that_another_process_activates_holds_at_once(brain: Brain, open_brain: OpenBrain) -> None:
    other = open_brain(actor=AGENT)
    brain.guard.set_enforcement("strict")
    deploy(other)

    activate(brain, Mode.STRICT, proof=PROOF)

    with pytest.raises(OperationBlocked, match="deploy-safely"):
        deploy(other)
