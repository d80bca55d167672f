"""Does the system change itself only on verified evidence, as far as it may, and can each change be taken back?"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import ApprovalRequired, ApprovalUnproven, Conflict, InvalidInput, NotFound
from brainops.learning.improvements.port import draft
from brainops.learning.improvements.versions import side
from brainops.procedures.fixes.record import application_of
from brainops.procedures.runs.trials import TRIAL_SHARE, belongs
from brainops.store import Transaction, acts
from brainops.types import (
    Actor,
    ActorKind,
    ApplicationState,
    Fix,
    FixMode,
    Improvement,
    ImprovementKind,
    ImprovementState,
    KeyProof,
    NoticeKind,
    Trust,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

START = 1_700_000_000_000_000
DAY = 86_400.0
PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="coder")
ERROR = "ConnectionError: payments api timed out after 30 s"


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1_000
        return self.now

    def later(self, seconds: float) -> None:
        self.now += int(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock) -> Brain:
    opened = open_brain(clock=clock, actor=PERSON)
    opened.guard.set_autonomy("auto")
    return opened


def attached(brain: Brain, **fields: Any) -> Fix:
    return brain.fixes.attach(ERROR, "raise the pool", command=["true"], **fields)


def judged(
    brain: Brain,
    fix: Fix,
    times: int,
    *,
    state: ApplicationState = ApplicationState.VERIFIED,
    by: str = "check",
    actor: Actor = PERSON,
) -> None:
    """Give a fix a record."""
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for _ in range(times):
            at = inside(brain).store.now()
            verified_by = by if state is ApplicationState.VERIFIED else None
            tx.fixes.add_application(application_of(fix, state, actor, at, decided_at=at, verified_by=verified_by))


def learn(brain: Brain) -> None:
    """Go through what the hourly cycle does about improvements."""
    assert brain.learning.run("hourly", early=True) is not None


def only(brain: Brain) -> Improvement:
    (found,) = brain.improvements.list()
    return found


def promoted(brain: Brain) -> tuple[Fix, Improvement]:
    """Let a fix earn it to be applied by itself."""
    fix = attached(brain)
    judged(brain, fix, 30)
    learn(brain)
    learn(brain)
    return fix, only(brain)


# Fixes


def test_a_fix_that_was_verified_often_enough_is_promoted_by_itself(brain: Brain) -> None:
    fix, improvement = promoted(brain)

    assert improvement.state is ImprovementState.APPLIED
    assert improvement.by_itself
    assert improvement.probability_better is not None
    assert improvement.probability_better > 0.90
    assert (improvement.before, improvement.after) == ({"mode": "suggest"}, {"mode": "auto"})
    assert improvement.evidence["verified"] == 30
    assert brain.fixes.get(fix.id).mode is FixMode.AUTO
    assert NoticeKind.IMPROVEMENT_APPLIED in {each.kind for each in brain.notices.pending()}
    with inside(brain).store.read() as tx:
        assert "improvement-applied" in {each.act for each in tx.trail.of(improvement.id)}


@pytest.mark.parametrize("times", [0, 9, 15])
def test_a_fix_with_too_short_a_record_is_not_even_proposed(brain: Brain, times: int) -> None:
    judged(brain, attached(brain), times)

    learn(brain)

    assert brain.improvements.list() == []


def test_operations_of_an_agent_verify_no_promotion(brain: Brain) -> None:
    judged(brain, attached(brain), 60, by="operation", actor=AGENT)

    learn(brain)
    learn(brain)

    assert brain.improvements.list() == []


def test_a_fix_that_an_agent_wrote_waits_for_a_person(open_brain: OpenBrain, brain: Brain, clock: Clock) -> None:
    fix = attached(open_brain(clock=clock, actor=AGENT))
    judged(brain, fix, 60)

    learn(brain)
    learn(brain)

    assert only(brain).state is ImprovementState.PROPOSED
    assert only(brain).trust is Trust.AGENT
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST


def test_a_fix_that_an_agent_wrote_is_promoted_once_a_person_vouched(
    open_brain: OpenBrain, brain: Brain, clock: Clock
) -> None:
    fix = attached(open_brain(clock=clock, actor=AGENT))
    brain.fixes.trust(fix.id, reason="I read it")
    judged(brain, fix, 30)

    learn(brain)
    learn(brain)

    assert brain.fixes.get(fix.id).mode is FixMode.AUTO


def test_a_fix_from_outside_is_not_promoted_even_by_a_person(brain: Brain) -> None:
    judged(brain, attached(brain, trust="external"), 60)
    learn(brain)
    learn(brain)

    with pytest.raises(ApprovalRequired, match="vouch"):
        brain.improvements.apply(only(brain).id)

    assert only(brain).state is ImprovementState.PROPOSED


def test_a_promotion_that_turns_out_worse_is_rolled_back(brain: Brain, clock: Clock) -> None:
    fix, improvement = promoted(brain)
    judged(brain, fix, 1, state=ApplicationState.APPLIED)
    (applied,) = brain.fixes.applications(fix.id, state="applied")
    brain.fixes.contradict(applied.id, "the error came back")

    learn(brain)

    ended = brain.improvements.get(improvement.id)
    assert ended.state is ImprovementState.ROLLED_BACK
    assert "demoted" in ended.outcome
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST


def test_a_demoted_fix_is_promoted_again_only_on_new_verified_evidence(brain: Brain, clock: Clock) -> None:
    fix, _ = promoted(brain)
    brain.fixes.demote(fix.id, reason="it restarted the wrong host")
    for _ in range(3):
        learn(brain)
    before = brain.fixes.get(fix.id).mode

    judged(brain, fix, 31)
    learn(brain)
    learn(brain)

    assert before is FixMode.SUGGEST
    assert brain.fixes.get(fix.id).mode is FixMode.AUTO
    assert [each.state.value for each in brain.improvements.list()] == ["applied", "rolled_back"]


def test_a_promotion_that_holds_is_kept_after_a_week(brain: Brain, clock: Clock) -> None:
    fix, improvement = promoted(brain)
    judged(brain, fix, 12)
    clock.later(8 * DAY)

    learn(brain)

    assert brain.improvements.get(improvement.id).state is ImprovementState.KEPT


def test_what_a_person_undid_is_as_before_and_not_proposed_again(brain: Brain) -> None:
    fix, improvement = promoted(brain)

    undone = brain.improvements.undo(improvement.id, reason="I want to look at it first")
    judged(brain, fix, 40)
    learn(brain)
    learn(brain)

    assert undone.state is ImprovementState.UNDONE
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST
    assert len(brain.improvements.list()) == 1


def test_what_somebody_changed_meanwhile_is_not_put_back(brain: Brain) -> None:
    fix, improvement = promoted(brain)
    brain.fixes.set_mode(fix.id, "shadow", reason="for the freeze")

    with pytest.raises(Conflict, match="meanwhile"):
        brain.improvements.undo(improvement.id)

    assert brain.fixes.get(fix.id).mode is FixMode.SHADOW
    assert brain.improvements.get(improvement.id).state is ImprovementState.APPLIED


def test_to_undo_twice_is_to_undo_once(brain: Brain) -> None:
    _, improvement = promoted(brain)
    brain.improvements.undo(improvement.id)

    again = brain.improvements.undo(improvement.id)

    assert again.state is ImprovementState.UNDONE
    with inside(brain).store.read() as tx:
        acts = [each.act for each in tx.trail.of(improvement.id)]
    assert acts.count("improvement-undone") == 1


def test_of_two_that_undo_at_once_both_hear_that_it_is_undone(
    open_brain: OpenBrain, brain: Brain, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is faster between this one's look and its write."""
    _, improvement = promoted(brain)
    other = open_brain(clock=clock, actor=inside(brain).context.actor)
    known = brain.improvements.get

    def stale(improvement_id: str) -> Improvement:
        found = known(improvement_id)
        if found.state is not ImprovementState.UNDONE:
            other.improvements.undo(improvement_id)
        return found

    monkeypatch.setattr(inside(brain).services.improvements, "get", stale)

    loser = brain.improvements.undo(improvement.id)

    assert loser.state is ImprovementState.UNDONE
    with inside(brain).store.read() as tx:
        acts = [each.act for each in tx.trail.of(improvement.id)]
    assert acts.count("improvement-undone") == 1


# What may be done by whom


@pytest.mark.parametrize("autonomy", ["observe", "propose"])
def test_without_autonomy_it_is_proposed_and_nothing_is_changed(brain: Brain, autonomy: str) -> None:
    brain.guard.set_autonomy(autonomy)
    fix, improvement = promoted(brain)

    assert improvement.state is ImprovementState.PROPOSED
    assert brain.improvements.watch() == []
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST


def test_what_acts_by_itself_can_be_stopped(brain: Brain) -> None:
    brain.guard.stop_automatic("we look into something")
    fix, improvement = promoted(brain)

    assert improvement.state is ImprovementState.PROPOSED
    assert brain.improvements.watch() == []
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST


def test_a_person_applies_what_is_proposed(brain: Brain) -> None:
    brain.guard.set_autonomy("propose")
    fix, improvement = promoted(brain)

    applied = brain.improvements.apply(improvement.id, reason="I read the record")

    assert applied.state is ImprovementState.APPLIED
    assert not applied.by_itself
    assert brain.fixes.get(fix.id).mode is FixMode.AUTO


def test_to_apply_twice_is_to_apply_once(brain: Brain) -> None:
    brain.guard.set_autonomy("propose")
    _, improvement = promoted(brain)
    brain.improvements.apply(improvement.id)

    again = brain.improvements.apply(improvement.id)

    assert again.state is ImprovementState.APPLIED
    with inside(brain).store.read() as tx:
        acts = [each.act for each in tx.trail.of(improvement.id)]
    assert acts.count("improvement-applied") == 1


def test_an_agent_applies_nothing(open_brain: OpenBrain, brain: Brain, clock: Clock) -> None:
    brain.guard.set_autonomy("propose")
    _, improvement = promoted(brain)

    with pytest.raises(ApprovalUnproven):
        open_brain(clock=clock, actor=AGENT).improvements.apply(improvement.id)

    assert only(brain).state is ImprovementState.PROPOSED


def test_in_a_strict_namespace_no_agent_undoes_and_a_person_proves_who_it_is(
    open_brain: OpenBrain, brain: Brain, clock: Clock
) -> None:
    _, improvement = promoted(brain)
    brain.guard.set_enforcement("strict")
    key = brain.approvals.approvers.enrol("grace").key
    assert key is not None
    agent = open_brain(clock=clock, actor=AGENT)
    for act in (agent.improvements.undo, agent.improvements.veto, brain.improvements.undo):
        with pytest.raises(ApprovalUnproven):
            act(improvement.id)

    undone = brain.improvements.undo(improvement.id, proof=KeyProof(key=key))

    assert undone.state is ImprovementState.UNDONE


def test_what_was_vetoed_is_not_proposed_again(brain: Brain) -> None:
    brain.guard.set_autonomy("propose")
    fix, improvement = promoted(brain)

    vetoed = brain.improvements.veto(improvement.id, reason="not this one")
    brain.guard.set_autonomy("auto")
    judged(brain, fix, 40)
    learn(brain)
    learn(brain)

    assert vetoed.state is ImprovementState.REJECTED
    assert only(brain).outcome == "not this one"
    assert brain.fixes.get(fix.id).mode is FixMode.SUGGEST


def test_what_is_applied_is_not_vetoed(brain: Brain) -> None:
    _, improvement = promoted(brain)

    with pytest.raises(Conflict, match="brainops improvements undo"):
        brain.improvements.veto(improvement.id)


def test_unknown_ids_and_kinds_are_told(brain: Brain) -> None:
    with pytest.raises(NotFound):
        brain.improvements.get("nothing")
    with pytest.raises(InvalidInput):
        brain.improvements.list(kind="wishes")


# Killed at any point


class Killed(BaseException):
    """As if the process ended here."""


def test_killed_in_the_middle_it_is_as_if_it_had_not_begun(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    fix = attached(brain)
    judged(brain, fix, 30)
    learn(brain)

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("brainops.store.trail.Trail.append", dies)
        with pytest.raises(Killed):
            brain.improvements.watch()
    between = (only(brain).state, brain.fixes.get(fix.id).mode)

    brain.improvements.watch()

    assert between == (ImprovementState.PROPOSED, FixMode.SUGGEST)
    assert only(brain).state is ImprovementState.APPLIED
    assert brain.fixes.get(fix.id).mode is FixMode.AUTO


def test_two_processes_move_an_improvement_once(open_brain: OpenBrain, brain: Brain, clock: Clock) -> None:
    fix = attached(brain)
    judged(brain, fix, 30)
    learn(brain)
    other = open_brain(clock=clock, actor=PERSON)
    seen = only(brain)

    moved = [inside(each).services.improvements._move_on(seen, clock()) for each in (brain, other)]

    assert [each is not None for each in moved] == [True, False]
    assert len([n for n in brain.notices.pending() if n.kind is NoticeKind.IMPROVEMENT_APPLIED]) == 1


# Plans


class Shelf:
    """A kind of improvement that sets one setting."""

    kinds = frozenset((ImprovementKind.MEMORY,))
    acts_outside = False

    def find(self, work: Any) -> list[Improvement]:
        return []

    def tried(self, improvement: Improvement) -> bool:
        return False

    def stage(self, tx: Transaction, improvement: Improvement, by: Actor, now: int) -> None: ...

    def standing(self, tx: Transaction, improvement: Improvement) -> Any:
        return json.loads(tx.setting("test:shelf") or "null")

    def put(self, tx: Transaction, improvement: Improvement, value: Any, by: Actor, now: int, reason: str) -> None:
        tx.set("test:shelf", json.dumps(value))

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        return None

    def measure(self, tx: Transaction, improvement: Improvement, now: int) -> Any:
        from brainops.statistics.always_valid import Measured

        return Measured()

    def outside(self, improvement: Improvement, value: Any, proof: Any) -> None: ...


def planned(brain: Brain, clock: Clock, **fields: Any) -> Improvement:
    """Propose a plan that stands for a day."""
    inside(brain).services.improvements.register(Shelf())
    at = clock()
    found = draft(
        ImprovementKind.MEMORY,
        "shelf",
        "shelf",
        "tidy the shelf",
        "nobody reads it",
        before=None,
        after={"tidy": True},
        at=at,
        apply_at=at + int(DAY * 1e6),
        **fields,
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        kept = inside(brain).services.improvements.propose(tx, found)
    assert kept is not None
    return kept


def test_a_plan_applies_itself_after_its_time_and_is_taken_back_exactly(brain: Brain, clock: Clock) -> None:
    plan = planned(brain, clock)
    early = brain.improvements.watch()
    clock.later(DAY)

    (applied,) = brain.improvements.watch()
    undone = brain.improvements.undo(plan.id)

    assert early == []
    assert applied.state is ImprovementState.APPLIED
    assert undone.state is ImprovementState.UNDONE
    with inside(brain).store.read() as tx:
        assert json.loads(tx.setting("test:shelf") or "") is None


def test_a_vetoed_plan_never_applies_itself(brain: Brain, clock: Clock) -> None:
    plan = planned(brain, clock)
    brain.improvements.veto(plan.id)
    clock.later(2 * DAY)

    assert brain.improvements.watch() == []
    assert brain.improvements.get(plan.id).state is ImprovementState.REJECTED


@pytest.mark.parametrize("trust", [Trust.AGENT, Trust.EXTERNAL])
def test_a_plan_that_rests_on_somebodys_word_never_applies_itself(brain: Brain, clock: Clock, trust: Trust) -> None:
    planned(brain, clock, trust=trust)
    clock.later(2 * DAY)

    assert brain.improvements.watch() == []


def test_the_same_proposal_is_one_improvement(brain: Brain, clock: Clock) -> None:
    first, again = planned(brain, clock), planned(brain, clock)

    assert first.id == again.id
    assert len(brain.improvements.list()) == 1


# Champion against challenger


def established(brain: Brain, rate: float, *, mode: str = "advisory") -> None:
    """Establish a procedure whose one step works at a rate."""
    chance = random.Random(7)

    def work(given: Mapping[str, Any]) -> str:
        if chance.random() >= given["rate"]:
            raise ValueError("it did not work")
        return "done"

    brain.calls.register("shop.work", work)
    brain.establish(procedure(rate, mode=mode))


def procedure(rate: float, *, mode: str = "advisory") -> dict[str, Any]:
    step = {"id": "work", "uses": "call", "with": {"function": "shop.work", "arguments": {"rate": rate}}}
    return {"name": "restock", "mode": mode, "steps": [step]}


def challenged(brain: Brain, rate: float, *, mode: str = "advisory") -> Improvement:
    """Propose another version of the procedure."""
    version = brain.procedures.get("restock")
    step = version.procedure.steps[0]
    action = replace(step.action, parameters={"function": "shop.work", "arguments": {"rate": rate}})
    changed = replace(version.procedure, steps=(replace(step, action=action),))
    found = draft(
        ImprovementKind.RETRY,
        f"retry:restock:{rate}",
        "procedure:restock",
        "restock otherwise",
        "it fails often",
        before=side(version),
        after=side(changed),
        at=inside(brain).store.now(),
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        kept = inside(brain).services.improvements.propose(tx, found)
    assert kept is not None
    return kept


def run_until(brain: Brain, improvement: Improvement, states: set[ImprovementState], most: int = 400) -> Improvement:
    """Run the procedure, and look every ten runs, until the improvement is in one of these states."""
    for number in range(most):
        brain.runs.start("restock", target=str(number))
        if number % 10 == 9:
            brain.improvements.watch()
            found = brain.improvements.get(improvement.id)
            if found.state in states:
                return found
    pytest.fail(f"{found.state} after {most} runs: {found.evidence}")


def rate_of(brain: Brain) -> Any:
    step = brain.procedures.get("restock").procedure.steps[0]
    return step.action.parameters["arguments"]["rate"]  # type: ignore[call-overload,index]


def test_a_better_version_is_tried_on_a_share_of_the_runs_and_then_holds(brain: Brain) -> None:
    established(brain, 0.3)
    improvement = challenged(brain, 0.95)
    brain.improvements.watch()
    during = (brain.improvements.get(improvement.id).state, rate_of(brain))

    applied = run_until(brain, improvement, {ImprovementState.APPLIED})

    assert during == (ImprovementState.TRIAL, 0.3)
    assert applied.by_itself
    assert applied.probability_better is not None
    assert applied.probability_better > 0.90
    assert rate_of(brain) == 0.95
    followed = {run.procedure_hash for run in brain.runs.list(limit=500)}
    assert len(followed) == 2


def test_one_run_in_four_follows_what_is_tried() -> None:
    tried = sum(belongs("improvement", f"run {number}", TRIAL_SHARE) for number in range(4_000))

    assert tried == pytest.approx(1_000, rel=0.1)


def test_a_worse_version_is_rejected_and_nothing_was_changed(brain: Brain) -> None:
    established(brain, 0.95)
    improvement = challenged(brain, 0.1)
    brain.improvements.watch()

    ended = run_until(brain, improvement, {ImprovementState.REJECTED})

    assert "worse" in ended.outcome
    assert rate_of(brain) == 0.95


def test_a_version_that_turns_out_worse_is_rolled_back_by_the_runs_of_what_it_replaced(brain: Brain) -> None:
    established(brain, 0.95)
    improvement = challenged(brain, 0.2)
    brain.improvements.watch()
    brain.improvements.apply(improvement.id, reason="I know better")
    assert rate_of(brain) == 0.2

    ended = run_until(brain, improvement, {ImprovementState.ROLLED_BACK})

    assert rate_of(brain) == 0.95
    assert "worse" in ended.outcome


def test_a_strict_procedure_is_never_changed_by_itself(brain: Brain) -> None:
    established(brain, 0.3, mode="strict")
    improvement = challenged(brain, 0.95)

    assert brain.improvements.watch() == []
    assert brain.improvements.get(improvement.id).state is ImprovementState.PROPOSED


def test_a_version_of_git_is_a_patch(brain: Brain, tmp_path: Any) -> None:
    brain.calls.register("shop.work", lambda given: "done")
    (tmp_path / "restock.md").write_text(
        "---\nname: restock\nsteps:\n- id: work\n  uses: call\n"
        "  with: {function: shop.work, arguments: {rate: 1}}\n---\n"
    )
    brain.procedures.apply(tmp_path)
    improvement = challenged(brain, 0.95)

    with pytest.raises(ApprovalRequired, match="belongs to git"):
        brain.improvements.apply(improvement.id)

    assert brain.improvements.watch() == []


def test_a_version_that_somebody_replaced_meanwhile_is_not_promoted_over_it(brain: Brain) -> None:
    established(brain, 0.3)
    improvement = challenged(brain, 0.95)
    brain.improvements.watch()
    brain.establish(procedure(0.6))

    with pytest.raises(Conflict, match="meanwhile"):
        brain.improvements.apply(improvement.id)

    assert rate_of(brain) == 0.6
