"""Who may set the guard, open it for a while, stop what happens by itself, and make a rule step down?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import ApprovalRequired, ApprovalUnproven, InvalidInput, OperationBlocked
from brainops.operations.guard import breaker
from brainops.procedures.consent import approvers
from brainops.procedures.consent.automatic import automatic_stopped, put_stop_file, remove_stop_file
from brainops.types import (
    Actor,
    ActorKind,
    Autonomy,
    DecisionKind,
    Done,
    Enforcement,
    OperationStart,
    Rule,
    RuleKind,
    RuleMode,
    TerminalProof,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="robot")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
SECOND = 1_000_000


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


class Clock:
    """A clock that stands until it is moved, but for a microsecond each time that it is asked."""

    def __init__(self) -> None:
        self.now = 1_700_000_000 * SECOND

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    """A strict memory in which ines may approve, by a passphrase."""
    opened = open_brain(clock=clock, actor=MARTA)
    opened.approvals.approvers.enrol("ines", passphrase=PHRASE)
    opened.guard.set_enforcement("strict")
    return opened


def rule(name: str = "test first", mode: RuleMode = RuleMode.DENY, **rest: Any) -> Rule:
    order: dict[str, Any] = {"kind": RuleKind.ORDER, "requirement": Done(operation="run tests")}
    return Rule(id="", namespace="", name=name, mode=mode, **{**order, "operations": ("deploy*",), **rest})


def blocked(brain: Brain, name: str, times: int = 1, **rest: Any) -> None:
    for number in range(times):
        with pytest.raises(OperationBlocked):
            brain.begin(name.format(number), **rest)


# Settings


def test_the_settings_start_at_observe_and_propose_and_say_who_changed_them(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=MARTA)
    first = brain.guard.settings()

    brain.guard.set_enforcement("strict", reason="agreed on Monday")
    changed = brain.guard.set_autonomy(Autonomy.AUTO)

    assert (first.enforcement, first.autonomy, first.changes) == (Enforcement.OBSERVE, Autonomy.PROPOSE, ())
    assert (changed.enforcement, changed.autonomy) == (Enforcement.STRICT, Autonomy.AUTO)
    assert {change.name: change.by for change in changed.changes} == {"enforcement": MARTA, "autonomy": MARTA}
    with inside(brain).store.read() as tx:
        acts = [(entry.act, entry.detail.get("reason")) for entry in tx.trail.of("team/a")]
    assert ("set-enforcement", "agreed on Monday") in acts
    assert all(check.passed for check in brain.upkeep.doctor() if check.name == "audit trail")


def test_settings_belong_to_one_namespace(open_brain: OpenBrain) -> None:
    open_brain(actor=MARTA).guard.set_enforcement("strict")

    assert open_brain(namespace="team/b").guard.settings().enforcement is Enforcement.OBSERVE


@pytest.mark.parametrize("value", ["", "hard", "STRICT"])
def test_a_setting_that_means_nothing_is_refused(open_brain: OpenBrain, value: str) -> None:
    with pytest.raises(InvalidInput, match="observe, strict"):
        open_brain().guard.set_enforcement(value)


def test_an_agent_sets_nothing_and_judges_nothing(open_brain: OpenBrain) -> None:
    agent = open_brain(actor=AGENT).guard

    for act in (
        lambda: agent.set_enforcement("observe"),
        lambda: agent.set_autonomy("auto"),
        lambda: agent.set_patterns({"rm *": "read_only"}),
        lambda: agent.resume_automatic(),
        lambda: agent.add(rule()),
        lambda: agent.set_mode("memory-first", "observe"),
        lambda: agent.remove("memory-first"),
        lambda: agent.false_block("x"),
    ):
        with pytest.raises(ApprovalUnproven):
            act()


def test_loosening_a_strict_guard_takes_a_proof_where_people_are_enrolled(brain: Brain) -> None:
    made = brain.guard.add(rule())

    for act in (
        lambda: brain.guard.set_enforcement("observe"),
        lambda: brain.guard.set_patterns({"rm *": "read_only"}),
        lambda: brain.guard.set_mode("memory-first", "observe"),
        lambda: brain.guard.remove(made.id),
    ):
        with pytest.raises(ApprovalUnproven, match="ines"):
            act()
    brain.guard.set_mode(made.id, "ask", proof=PROOF)
    brain.guard.set_mode(made.id, "deny")
    brain.guard.remove(made.id, proof=PROOF)
    brain.guard.set_enforcement("observe", proof=PROOF)

    brain.guard.set_mode("memory-first", "observe")
    brain.guard.set_enforcement("strict")


# Bypass


def test_a_bypass_lasts_no_longer_because_the_clock_was_set_back(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    agent = open_brain(clock=clock, actor=AGENT)
    brain.guard.bypass(10, "the site is down", proof=PROOF)
    clock.pass_(-3 * 3600)

    blocked(agent, "deploy api", consult="never")


def test_a_proven_person_opens_the_guard_for_a_while(brain: Brain, open_brain: OpenBrain, clock: Clock) -> None:
    agent = open_brain(clock=clock, actor=AGENT)
    blocked(agent, "deploy api", consult="never")

    opened = brain.guard.bypass(10, "the site is down", proof=PROOF)
    running = agent.begin("deploy api", consult="never")
    running.succeed()
    during = brain.guard.settings().bypass
    clock.pass_(601)
    blocked(agent, "deploy api", consult="never")

    counted = brain.guard.compliance()
    assert (counted.total.bypassed, counted.total.violated, counted.total.blocked) == (1, 0, 2)
    assert {"bypass", "violation under bypass"} <= {departure.kind for departure in counted.departures}
    assert during == opened
    assert brain.guard.settings().bypass is None
    assert (opened.by.id, opened.by.kind) == ("ines", ActorKind.PERSON)
    [line] = brain.guard.decisions(kind="bypassed")
    assert (line.operation_id, line.bypass_id, line.would) == (running.id, opened.id, "deny")
    assert [notice.kind.value for notice in brain.notices.pending()].count("guard_bypassed") == 1
    with inside(brain).store.read() as tx:
        assert [entry.act for entry in tx.trail.of(opened.id)] == ["guard-bypass"]


def test_a_bypass_is_closed_early_and_holds_for_one_namespace(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    other = open_brain(clock=clock, actor=MARTA, namespace="team/b")
    other.guard.set_enforcement("strict")
    brain.guard.bypass(10, "urgent", proof=PROOF)

    blocked(other, "deploy api", consult="never")
    assert brain.guard.close_bypass()

    assert not brain.guard.close_bypass()
    blocked(brain, "deploy api", consult="never")


def test_a_bypass_takes_a_proof_a_reason_and_an_end(brain: Brain) -> None:
    with pytest.raises(ApprovalUnproven):
        brain.guard.bypass(10, "urgent", proof=TerminalProof(approver="ines", passphrase="wrong guess of many words"))
    for minutes, reason in ((0, "x"), (-1, "x"), (241, "x"), (10, " ")):
        with pytest.raises(InvalidInput):
            brain.guard.bypass(minutes, reason, proof=PROOF)


# Approval of one operation


def test_an_approval_lets_one_operation_pass_once(brain: Brain, open_brain: OpenBrain, clock: Clock) -> None:
    agent = open_brain(clock=clock, actor=AGENT)
    brain.guard.add(rule("people decide", RuleMode.ASK, kind=RuleKind.APPROVAL, requirement=None))
    with pytest.raises(ApprovalRequired, match="brainops approvals ask 'deploy api' --target prod"):
        agent.begin("deploy api", target="prod")
    asked = agent.guard.ask(OperationStart(name="deploy api", target="prod", actor=AGENT), reason="release 12")
    with pytest.raises(ApprovalRequired):
        agent.begin("deploy api", target="prod")
    brain.approvals.grant(asked.id, proof=PROOF)

    with pytest.raises(ApprovalRequired):
        agent.begin("deploy api", target="other")
    running = agent.begin("deploy api", target="prod")
    with pytest.raises(ApprovalRequired):
        agent.begin("deploy api", target="prod")

    [line] = brain.guard.decisions(kind="override")
    assert (line.operation_id, line.approval_id, line.rule_name) == (running.id, asked.id, "people decide")


# Stop


def test_a_stop_holds_at_once_for_every_process_and_capture_goes_on(
    brain: Brain, open_brain: OpenBrain, clock: Clock
) -> None:
    agent = open_brain(clock=clock, actor=AGENT)

    agent.guard.stop_automatic("it repeats itself")

    assert brain.guard.automatic_stopped() == "it repeats itself"
    assert brain.guard.settings().automatic_stopped == "it repeats itself"
    brain.capture("still here", "yes")
    with pytest.raises(ApprovalUnproven):
        agent.guard.resume_automatic()
    brain.guard.resume_automatic(proof=PROOF)
    assert agent.guard.automatic_stopped() is None


def test_a_file_and_a_variable_stop_with_the_database_down(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    assert automatic_stopped({}, folder) is None
    assert automatic_stopped({"BRAINOPS_STOP_AUTOMATIC": "0"}, folder) is None
    assert automatic_stopped({"BRAINOPS_STOP_AUTOMATIC": "1"}, folder) == "BRAINOPS_STOP_AUTOMATIC is set to '1'"
    put_stop_file(folder, "everything stands")
    assert automatic_stopped({}, folder) == "everything stands"
    assert automatic_stopped({"BRAINOPS_HOME": str(folder)}) == "everything stands"
    (folder / "stop-automatic").write_bytes(b"")
    assert automatic_stopped({}, folder) == f"the file {folder / 'stop-automatic'} is there"
    assert remove_stop_file(folder)
    assert not remove_stop_file(folder)
    assert automatic_stopped({}, folder) is None


# The circuit breaker


def test_a_rule_that_blocks_far_more_than_usual_steps_down_once(brain: Brain) -> None:
    made = brain.guard.add(rule())

    blocked(brain, "deploy {}", breaker.LEAST_BLOCKS)
    with pytest.raises(ApprovalRequired):
        brain.begin("deploy again")
    blocked(brain, "deploy more {}", breaker.LEAST_BLOCKS)

    assert brain.guard.rule(made.id).mode is RuleMode.ASK  # and no lower, however often somebody knocks
    [notice] = [each for each in brain.notices.pending() if each.kind.value == "rule_stepped_down"]
    assert notice.body["command"] == f"brainops guard rule mode {made.id} deny"
    with inside(brain).store.read() as tx:
        assert [entry.act for entry in tx.trail.of(made.id)] == ["rule-add", "rule-step-down"]
    brain.guard.set_mode(made.id, "deny")
    assert brain.guard.rule(made.id).mode is RuleMode.DENY


def test_knocking_again_and_again_is_one_attempt(brain: Brain) -> None:
    made = brain.guard.add(rule())

    blocked(brain, "deploy api", 2 * breaker.LEAST_BLOCKS)

    assert brain.guard.rule(made.id).mode is RuleMode.DENY


def test_a_rule_whose_blocks_are_judged_false_steps_down(brain: Brain) -> None:
    made = brain.guard.add(rule(mode=RuleMode.ASK))
    blocked(brain, "deploy {}", breaker.LEAST_JUDGED)
    found = brain.guard.decisions(kind="blocked")

    for decision in found[1:]:
        brain.guard.false_block(decision.id, "the tests ran elsewhere")
    brain.guard.false_block(found[0].id, "again")
    before = brain.guard.rule(made.id).mode  # nobody has proven to be a person yet
    judged = brain.guard.false_block(found[0].id, "again", proof=PROOF)

    assert before is RuleMode.ASK
    assert brain.guard.rule(made.id).mode is RuleMode.WARN
    assert (judged.judged, judged.judged_note) == ("false", "again")
    assert judged.judged_by is not None
    assert judged.judged_by.id == "ines"
    brain.begin("deploy now").succeed()


def test_right_blocks_keep_a_rule_where_it_is(brain: Brain) -> None:
    made = brain.guard.add(rule())
    blocked(brain, "deploy {}", 10)
    for number, decision in enumerate(brain.guard.decisions(kind="blocked")):
        (brain.guard.right_block if number < 8 else brain.guard.false_block)(decision.id)

    assert brain.guard.rule(made.id).mode is RuleMode.DENY


def test_each_step_down_has_to_be_earned_anew(brain: Brain) -> None:
    made = brain.guard.add(rule())
    blocked(brain, "deploy {}", breaker.LEAST_JUDGED + 3)

    for decision in brain.guard.decisions(kind="blocked"):
        brain.guard.false_block(decision.id)

    assert brain.guard.rule(made.id).mode is RuleMode.ASK


def test_the_breakers_lines() -> None:
    assert breaker.blocks_too_much(19, 0, 100) is None
    assert breaker.blocks_too_much(20, 0, 0) is not None
    assert breaker.blocks_too_much(20, 400, 100) is None
    assert breaker.blocks_too_much(21, 400, 100) is not None
    assert breaker.blocks_wrongly(4, 0) is None
    assert breaker.blocks_wrongly(5, 0) is not None
    assert breaker.blocks_wrongly(1, 4) is None
    assert breaker.blocks_wrongly(2, 7) is not None


def test_rules_of_strict_procedures_never_step_down_by_themselves() -> None:
    own = rule(source="procedure:deploy@abc")

    assert not breaker.may_step_down(own, by_volume=True)
    assert not breaker.may_step_down(own, by_volume=False)
    assert breaker.may_step_down(rule(), by_volume=True)
    assert not breaker.may_step_down(rule(mode=RuleMode.ASK), by_volume=True)
    assert breaker.may_step_down(rule(mode=RuleMode.ASK), by_volume=False)


def test_only_so_many_lines_of_a_rule_are_kept_a_day(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    from brainops.operations.guard import decisions

    monkeypatch.setattr(decisions, "KEPT_A_DAY", 3)
    brain.guard.set_enforcement("observe", proof=PROOF)

    for _ in range(5):
        brain.begin("deploy api", consult="never").succeed()

    assert len(brain.guard.decisions(kind=DecisionKind.OBSERVED)) == 3
    assert brain.guard.compliance().total.violated == 5


def test_what_a_namespace_does_not_say_the_strictest_that_it_reads_says(open_brain: OpenBrain) -> None:
    mine = open_brain(namespace="personal", read=(), actor=MARTA)
    mine.guard.set_enforcement("strict", reason="set-up")
    mine.guard.set_autonomy("auto", reason="set-up")
    shop = open_brain(namespace="shop", read=("personal",), actor=MARTA)
    own = open_brain(namespace="own", read=("personal",), actor=MARTA)
    own.guard.set_autonomy("observe", reason="not here")
    stranger = open_brain(namespace="stranger", read=(), actor=MARTA)

    said = [(each.guard.settings().enforcement, each.guard.settings().autonomy) for each in (shop, own, stranger)]
    assert said == [
        (Enforcement.STRICT, Autonomy.AUTO),
        (Enforcement.STRICT, Autonomy.OBSERVE),
        (Enforcement.OBSERVE, Autonomy.PROPOSE),
    ]
    with pytest.raises(OperationBlocked):
        shop.begin("delete user", target="u1", consult="never")
