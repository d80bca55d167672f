"""Does the guard hold operations back where it is to, and put on record what it said, on both databases?"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import ApprovalRequired, Conflict, InvalidInput, NotFound, OperationBlocked
from brainops.store import acts
from brainops.types import (
    ActionClass,
    Actor,
    ActorKind,
    Allow,
    Ask,
    DecisionKind,
    Deny,
    Done,
    Enforcement,
    OperationStart,
    Rule,
    RuleKind,
    RuleMode,
)
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

AGENT = Actor(kind=ActorKind.AGENT, id="robot")


def start(name: str, target: str | None = None, **rest: Any) -> OperationStart:
    rest.setdefault("actor", AGENT)
    return OperationStart(name=name, target=target, **rest)


def strict(open_brain: OpenBrain, **options: Any) -> Brain:
    brain = open_brain(**options)
    brain.guard.set_enforcement("strict", reason="test")
    return brain


def order_rule(**rest: Any) -> Rule:
    values: dict[str, Any] = {
        "name": "test before deploy",
        "kind": RuleKind.ORDER,
        "operations": ("deploy*",),
        "requirement": Done(operation="run tests"),
        "mode": RuleMode.DENY,
    }
    return Rule(id="", namespace="", **{**values, **rest})


# In observe nothing is held


def test_a_first_install_holds_nothing_back(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with brain.operation("delete database", target="prod", consult="never") as running:
        pass

    assert running.start.action_class is ActionClass.DESTRUCTIVE
    assert isinstance(running.decision, Allow)
    assert running.decision.observed
    [observed] = brain.guard.decisions()
    assert (observed.kind, observed.verdict, observed.would) == (DecisionKind.OBSERVED, "allow", "deny")
    assert (observed.operation_id, observed.rule_id) == (running.id, "memory-first-destructive")


def test_what_only_reads_is_never_gated_and_not_recorded_by_the_guard(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)

    with brain.operation("get user", consult="never") as running:
        pass

    assert running.decision == Allow()
    assert brain.guard.decisions() == []


# Memory first


def test_a_change_without_consultation_is_blocked_and_is_no_operation(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)

    with pytest.raises(OperationBlocked, match="brainops guide 'deploy api' --target prod"):
        brain.begin("deploy api", target="prod", consult="never")

    assert brain.operations.list() == []
    assert brain.upkeep.status()["operations"]["total"] == 0
    [blocked] = brain.guard.decisions()
    assert (blocked.kind, blocked.verdict, blocked.operation_id) == (DecisionKind.BLOCKED, "deny", None)
    assert (blocked.operation_name, blocked.target, blocked.rule_id) == ("deploy api", "prod", "memory-first")


def test_the_way_out_clears_it(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    brain.guidance("deploy api", target="prod", session="s1")

    with brain.operation("deploy api", target="prod", session="s1", consult="never"):
        pass
    with brain.operation("restart api", target="other", session="s1", consult="never"):  # one consultation a task
        pass

    with pytest.raises(OperationBlocked):
        brain.begin("deploy api", target="prod", session="s2", consult="never")


def test_decorator_context_manager_and_async_are_all_held(open_brain: OpenBrain) -> None:
    brain, called = strict(open_brain), []

    @brain.operation("deploy api", consult="never")
    def deploy() -> None:
        called.append("sync")

    @brain.operation("deploy api", consult="never")
    async def deploy_async() -> None:
        called.append("async")

    async def within() -> None:
        async with brain.operation("deploy api", consult="never"):
            called.append("within")

    with pytest.raises(OperationBlocked):
        deploy()
    with pytest.raises(OperationBlocked):
        asyncio.run(deploy_async())
    with pytest.raises(OperationBlocked):
        asyncio.run(within())
    assert called == []
    assert len(brain.guard.decisions(kind="blocked")) == 3


def test_what_destroys_needs_a_consultation_each_time(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    receipt = brain.guidance("delete user", target="u1", session="s")

    with brain.operation("delete user", target="u1", session="s", consult="never"):
        pass

    with pytest.raises(OperationBlocked, match="used by an operation before"):
        brain.begin("delete user", target="u1", session="s", consult="never")
    with pytest.raises(OperationBlocked):
        brain.begin("delete user", target="u2", session="s", consult="never")
    with inside(brain).store.read() as tx:
        used = tx.rules.receipt(receipt.id)
    assert used is not None
    assert used.used_at is not None


def test_a_cached_consultation_does_not_serve_what_destroys(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)

    for _ in range(3):
        with brain.operation("delete user", target="u1", consult="cached"):
            pass

    assert brain.upkeep.status()["operations"]["receipts"] == 3


def test_a_cached_consultation_that_holds_no_longer_is_made_anew(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    with brain.operation("deploy api", target="prod", session="s", consult="cached"):
        pass
    with pytest.raises(RuntimeError), brain.operation("test api", target="prod", session="s", consult="cached"):
        raise RuntimeError("disk full")

    with brain.operation("deploy api", target="prod", session="s", consult="cached") as deploying:
        pass

    assert deploying.guidance is not None
    assert brain.upkeep.status()["operations"]["receipts"] == 3


def test_a_receipt_ends_with_a_failure_on_its_target(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    brain.guidance("deploy api", target="prod", session="s")
    with pytest.raises(RuntimeError), brain.operation("deploy api", target="prod", session="s", consult="never"):
        raise RuntimeError("disk full")

    with pytest.raises(OperationBlocked, match="failed after memory was consulted"):
        brain.begin("deploy api", target="prod", session="s", consult="never")


def test_what_must_be_named_back_is_asked_for(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    receipt = brain.guidance("deploy api", target="prod", session="s")
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.rules.cover(receipt.id, [], ["m1", "m2"])

    with pytest.raises(OperationBlocked, match="not named back: m1, m2"):
        brain.begin("deploy api", target="prod", session="s", consult="never")
    assert brain.guard.acknowledge(receipt.id, ["m1"]) == ["m2"]
    assert brain.guard.acknowledge(receipt.id, ["m2"]) == []

    brain.begin("deploy api", target="prod", session="s", consult="never").succeed()
    with pytest.raises(InvalidInput):
        brain.guard.acknowledge(receipt.id, ["m3"])
    with pytest.raises(NotFound):
        brain.guard.acknowledge("nowhere", ["m1"])


# Rules as data


def test_an_order_rule_asks_for_what_comes_first(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    brain.guard.add(order_rule())

    with pytest.raises(OperationBlocked, match="run tests must be done first"):
        brain.begin("deploy api", target="prod", session="s")
    with pytest.raises(ValueError, match="red"), brain.operation("run tests", session="s"):
        raise ValueError("red")
    with pytest.raises(OperationBlocked):
        brain.begin("deploy api", target="prod", session="s")
    with brain.operation("Run  Tests", session="s", record="async"):
        pass

    brain.begin("deploy api", target="prod", session="s").succeed()


def test_what_a_thread_has_yet_to_write_counts_as_done(open_brain: OpenBrain) -> None:
    brain, gate = strict(open_brain), threading.Event()
    brain.guard.add(order_rule())
    guidance = brain.guidance("run tests", session="s")
    asked = brain.guard.prepared(start("deploy api", session_id="s", actor=brain.settings.actor))
    # The recorder is busy, and what follows waits behind it.
    inside(brain).recorder.submit(inside(brain).store, lambda tx: gate.wait(10))
    running = brain.begin("run tests", session="s", consult="never", record="async")
    running.succeed()
    threading.Timer(0.2, gate.set).start()

    looked = inside(brain).services.guard.look(asked, guidance)

    assert gate.is_set()
    assert isinstance(looked.decision, Allow)


def test_a_condition_rule_holds_and_fails_closed_for_what_destroys(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    rule = order_rule(
        name="not on prod",
        kind=RuleKind.CONDITION,
        operations=(),
        requirement=None,
        condition="operation.context.stage != 'prod'",
    )
    brain.guard.add(rule)

    brain.begin("deploy api", context={"stage": "test"}).succeed()
    with pytest.raises(OperationBlocked, match="its condition does not hold"):
        brain.begin("deploy api", context={"stage": "prod"})
    running = brain.begin("deploy api")
    assert isinstance(running.decision, Allow)
    assert "alarm" in running.decision.warnings[0]
    with pytest.raises(OperationBlocked, match="could not be evaluated"):
        brain.begin("delete api")
    assert [notice.kind.value for notice in brain.notices.pending()] == ["guard_alarm"]


def test_modes_warn_ask_and_deny(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    rule = brain.guard.add(order_rule(mode=RuleMode.OBSERVE))

    assert brain.begin("deploy api").decision == replace(
        Allow(), observed=("observe: test before deploy: run tests must be done first",), rules=(rule.id,)
    )
    brain.guard.set_mode(rule.id, "warn")
    warned = brain.begin("deploy api").decision
    assert isinstance(warned, Allow)
    assert warned.warnings == ("test before deploy: run tests must be done first",)
    brain.guard.set_mode(rule.id, "ask")
    with pytest.raises(ApprovalRequired):
        brain.begin("deploy api")
    brain.guard.set_mode(rule.name, "deny")
    with pytest.raises(OperationBlocked) as denied:
        brain.begin("deploy api")
    assert not isinstance(denied.value, ApprovalRequired)

    kinds = [decision.kind.value for decision in reversed(brain.guard.decisions())]
    assert kinds == ["observed", "warned", "blocked", "blocked"]


def test_rules_are_listed_added_once_and_removed(open_brain: OpenBrain) -> None:
    brain = open_brain()
    rule = brain.guard.add(order_rule(), reason="incident 12")

    assert [each.id for each in brain.guard.rules()] == ["memory-first", "memory-first-destructive", rule.id]
    with pytest.raises(Conflict):
        brain.guard.add(order_rule())
    with pytest.raises(InvalidInput):
        brain.guard.add(order_rule(name="x", requirement=None))
    with pytest.raises(InvalidInput, match="observe"):
        brain.guard.remove("memory-first")
    brain.guard.remove(rule.id)
    assert len(brain.guard.rules()) == 2
    brain.guard.add(order_rule())


def test_another_process_sees_a_new_rule_and_setting_at_once(open_brain: OpenBrain) -> None:
    one, other = open_brain(), open_brain()
    other.begin("deploy api").succeed()

    one.guard.set_enforcement(Enforcement.STRICT)
    one.guard.add(order_rule())

    with pytest.raises(OperationBlocked):
        other.begin("deploy api")


def test_a_namespaces_own_classes_come_first(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    brain.guard.set_patterns({"tidy *": "read_only", "switch *": ActionClass.DESTRUCTIVE})

    assert brain.begin("tidy cache", consult="never").start.action_class is ActionClass.READ_ONLY
    with pytest.raises(OperationBlocked):
        brain.begin("switch dns", consult="never")
    with pytest.raises(InvalidInput):
        brain.guard.set_patterns({"*": "read_only"})


# Asked without a beginning


def test_check_answers_and_only_uses_up_what_it_records(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    asked = start("delete user", "u1", actor=brain.settings.actor)

    denied = brain.guard.check(asked, record=False)
    assert isinstance(denied, Deny)
    assert brain.guard.decisions() == []
    brain.guidance("delete user", target="u1")
    assert isinstance(brain.guard.check(asked, record=False), Allow)
    assert isinstance(brain.guard.check(asked), Allow)
    assert isinstance(brain.guard.check(asked), Deny)
    assert [each.kind for each in brain.guard.decisions()] == [DecisionKind.BLOCKED]


def test_two_at_once_do_not_share_a_receipt(open_brain: OpenBrain) -> None:
    one, other = strict(open_brain), open_brain()
    one.guidance("delete user", target="u1")
    asked = start("delete user", "u1", actor=one.settings.actor)
    first = inside(one).services.guard.look(one.guard.prepared(asked), None)
    second = inside(other).services.guard.look(other.guard.prepared(asked), None)
    assert isinstance(first.decision, Allow)
    assert isinstance(second.decision, Allow)

    with inside(one).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(one).services.guard.admit(tx, first, None)

    with (
        pytest.raises(OperationBlocked, match="just now"),
        inside(other).store.writing(acts.TRY_STORE, acts.ITSELF) as tx,
    ):
        inside(other).services.guard.admit(tx, second, None)


def test_a_given_class_only_raises(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)

    assert isinstance(brain.guard.check(start("get user"), least=ActionClass.DESTRUCTIVE, record=False), Deny)
    assert isinstance(brain.guard.check(start("delete user"), least=ActionClass.READ_ONLY, record=False), Deny)


# When the store cannot be asked


def test_trouble_closes_for_what_destroys_and_opens_with_an_alarm_for_the_rest(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainops.errors import StoreUnavailable
    from brainops.operations.guard import state

    brain = strict(open_brain)

    def down(*_: object) -> None:
        raise StoreUnavailable("locked")

    with monkeypatch.context() as patched:
        patched.setattr(state, "gather", down)
        closed = brain.guard.check(start("delete user"))
        opened = brain.guard.check(start("deploy api"))
    brain.begin("deploy api").succeed()

    assert isinstance(closed, Deny)
    assert (closed.rule, closed.way_out) == ("guard", "brainops doctor")
    assert isinstance(opened, Allow)
    assert "locked" in opened.warnings[0]
    assert [notice.kind.value for notice in brain.notices.pending()] == ["guard_alarm"]


def test_trouble_lets_everything_pass_where_the_guard_only_watches(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainops.errors import StoreUnavailable
    from brainops.operations.guard import state

    brain = open_brain()
    brain.begin("deploy api").succeed()

    def down(*_: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(state, "gather", down)

    assert isinstance(brain.guard.check(start("delete user")), Allow)


def test_ask_and_deny_are_told_apart(open_brain: OpenBrain) -> None:
    brain = strict(open_brain)
    brain.guard.add(order_rule(name="people decide", kind=RuleKind.APPROVAL, requirement=None, mode=RuleMode.ASK))
    brain.guidance("deploy api")

    decision = brain.guard.check(start("deploy api", actor=brain.settings.actor), record=False)

    assert isinstance(decision, Ask)
    assert decision.way_out == "brainops approvals ask 'deploy api'"


def test_whoever_begins_says_what_class_it_has_at_least(open_brain: OpenBrain) -> None:
    brain = open_brain()

    raised = brain.begin("deploy api", action_class="destructive")
    receipt = brain.guidance("deploy api", action_class="destructive")
    with brain.operation("delete user", action_class="read_only") as kept:
        pass

    assert raised.start.action_class is ActionClass.DESTRUCTIVE
    assert receipt.operation.action_class is ActionClass.DESTRUCTIVE
    assert kept.start.action_class is ActionClass.DESTRUCTIVE
    with pytest.raises(InvalidInput):
        brain.begin("deploy api", action_class="terrible")
