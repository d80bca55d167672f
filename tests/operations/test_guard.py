"""The guard decides by rules from what is known, names why and the way out, and never holds what only reads."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from brainops.operations.guard.guard import check, standard_rules
from brainops.types import (
    ActionClass,
    AllOf,
    Allow,
    AnyOf,
    ApprovalState,
    Ask,
    Decision,
    Deny,
    Done,
    FailMode,
    GuardState,
    Guidance,
    OperationStart,
    PastOperation,
    Rule,
    RuleKind,
    RuleMode,
)
from brainops_core.guard.guard import JUDGES
from brainops_core.guard.rule_kinds import RULE_KINDS
from tests.operations.guarded import (
    AGENT,
    APPROVE,
    CONDITION,
    DEPLOY,
    DROP,
    EXACT,
    FOLLOW,
    MEMORY,
    NOW,
    ONCE,
    OPERATION,
    ORDER,
    OTHER,
    SECOND,
    SESSION,
    SKIP,
    STRICT,
    approval,
    done,
    receipt,
)


def test_all_that_is_known_of_a_kind_of_rule_is_known_of_every_one() -> None:
    assert set(RULE_KINDS) == set(JUDGES) == set(RuleKind)
    assert {spec.field for spec in RULE_KINDS.values()} <= {"", *Rule.__struct_fields__}


def decide(rules: list[Rule], start: OperationStart = DEPLOY, **state: Any) -> Decision:
    return check(start, None, rules, replace(STRICT, **state), NOW)


def with_past(*past: PastOperation) -> dict[str, Any]:
    return {"past": past}


def with_receipt(**fields: Any) -> dict[str, Any]:
    return {"receipts": (receipt(**fields),)}


TESTED = with_past(done("test"))
BOTH = AllOf(parts=(Done(operation="test"), AnyOf(parts=(Done(operation="review"), Done(operation="pair")))))
AFTER = Done(operation="test", after=Done(operation="build"))
YES = Done(operation="test", result="result.failed == 0 && result.ran")

CASES: dict[str, tuple[Rule, OperationStart, dict[str, Any], type[Decision]]] = {
    # memory first
    "without a consultation a change is denied": (MEMORY, DEPLOY, {}, Deny),
    "a receipt for the target lets a change through": (MEMORY, DEPLOY, with_receipt(operation="scale"), Allow),
    "a receipt for another target does not": (MEMORY, DEPLOY, with_receipt(target="staging"), Deny),
    "a session match takes a receipt for another target": (SESSION, DEPLOY, with_receipt(target="staging"), Allow),
    "an exact match wants the same operation": (EXACT, DEPLOY, with_receipt(operation="scale"), Deny),
    "an exact match ignores case and spaces": (EXACT, DEPLOY, with_receipt(operation="Deploy  API"), Allow),
    "a receipt for a mere change does not cover what destroys": (
        EXACT,
        DROP,
        with_receipt(operation="drop table"),
        Deny,
    ),
    "another actor's receipt is worth nothing": (MEMORY, DEPLOY, with_receipt(actor=OTHER), Deny),
    "another session's receipt is worth nothing": (SESSION, DEPLOY, with_receipt(session_id="session-2"), Deny),
    "how an actor was proven does not matter": (
        MEMORY,
        DEPLOY,
        with_receipt(actor=replace(AGENT, proof="client")),
        Allow,
    ),
    "an expired receipt is worth nothing": (MEMORY, DEPLOY, with_receipt(expires_at=NOW), Deny),
    "a failure of the target since ends a receipt": (
        MEMORY,
        DEPLOY,
        with_receipt() | {"critical_error_at": NOW - SECOND},
        Deny,
    ),
    "an earlier failure of the target does not": (
        MEMORY,
        DEPLOY,
        with_receipt() | {"critical_error_at": NOW - 20 * SECOND},
        Allow,
    ),
    "a changed procedure ends a receipt that saw the old one": (
        MEMORY,
        DEPLOY,
        with_receipt(procedures=("rollout@1",)) | {"active": {"rollout": "2"}},
        Deny,
    ),
    "a retired procedure does, too": (MEMORY, DEPLOY, with_receipt(procedures=("rollout@1",)), Deny),
    "the same procedures do not": (
        MEMORY,
        DEPLOY,
        with_receipt(procedures=("rollout@1",)) | {"active": {"rollout": "1"}},
        Allow,
    ),
    "a receipt that was used serves a change again": (MEMORY, DEPLOY, with_receipt(used_at=NOW - SECOND), Allow),
    "but not where each needs its own": (ONCE, DEPLOY, with_receipt(used_at=NOW - SECOND), Deny),
    "and never for what destroys": (
        MEMORY,
        DROP,
        with_receipt(used_at=NOW - SECOND, action_class=ActionClass.DESTRUCTIVE),
        Deny,
    ),
    "what is required must be named back": (
        MEMORY,
        DEPLOY,
        with_receipt(required=("m1", "m2"), acknowledged=("m1",)),
        Deny,
    ),
    "what was named back is": (MEMORY, DEPLOY, with_receipt(required=("m1",), acknowledged=("m1",)), Allow),
    # procedures
    "a procedure that is to be followed holds up who does not": (FOLLOW, DEPLOY, {"active": {"rollout": "1"}}, Deny),
    "a run of it lets through": (FOLLOW, DEPLOY, {"active": {"rollout": "1"}, "followed": ("rollout@1",)}, Allow),
    "a run of another does not": (FOLLOW, DEPLOY, {"active": {"rollout": "1"}, "followed": ("other@1",)}, Deny),
    "an approval to skip it lets through": (
        FOLLOW,
        DEPLOY,
        {"active": {"rollout": "1"}, "approvals": (approval(SKIP, "rollout"),)},
        Allow,
    ),
    "an approval that has expired does not": (
        FOLLOW,
        DEPLOY,
        {"active": {"rollout": "1"}, "approvals": (approval(SKIP, "rollout", expires_at=NOW),)},
        Deny,
    ),
    "an approval of something else does not": (
        FOLLOW,
        DEPLOY,
        {"active": {"rollout": "1"}, "approvals": (approval(OPERATION, "rollout"),)},
        Deny,
    ),
    "where its trigger's condition is false it asks nothing": (
        FOLLOW,
        DEPLOY,
        {"active": {"rollout": "1"}, "unmet": frozenset({"procedure"})},
        Allow,
    ),
    "a procedure that is not active cannot be followed, and fails open": (FOLLOW, DEPLOY, {}, Allow),
    "but closed before what destroys": (FOLLOW, DROP, {}, Deny),
    "and closed where the rule says so": (replace(FOLLOW, fail_mode=FailMode.CLOSED), DEPLOY, {}, Deny),
    # order
    "what must come first is missing": (ORDER, DEPLOY, {}, Deny),
    "what must come first was done": (ORDER, DEPLOY, TESTED, Allow),
    "it was done to something else": (ORDER, DEPLOY, with_past(done("test", arguments={"service": "web"})), Deny),
    "the same thing written otherwise is the same": (
        ORDER,
        DEPLOY,
        with_past(done("test", arguments={"service": " API "})),
        Allow,
    ),
    "it was tried and failed": (ORDER, DEPLOY, with_past(done("test", succeeded=False)), Deny),
    "it answered false": (ORDER, DEPLOY, with_past(done("test", False)), Deny),
    "it answered a status of false": (ORDER, DEPLOY, with_past(done("test", [False, "no tests"])), Deny),
    "it was a question and the answer was no": (ORDER, DEPLOY, with_past(done("test", [True, False])), Deny),
    "it answered an error": (ORDER, DEPLOY, with_past(done("test", {"error": "no tests"})), Deny),
    "an empty answer is one": (ORDER, DEPLOY, with_past(done("test", [])), Allow),
    "only one of two was done": (replace(ORDER, requirement=BOTH), DEPLOY, TESTED, Deny),
    "both were done, one by its alternative": (
        replace(ORDER, requirement=BOTH),
        DEPLOY,
        with_past(done("pair"), done("test")),
        Allow,
    ),
    "what came first came too early": (
        replace(ORDER, requirement=AFTER),
        DEPLOY,
        with_past(done("test"), done("build")),
        Deny,
    ),
    "done again in order it counts": (
        replace(ORDER, requirement=AFTER),
        DEPLOY,
        with_past(done("test"), done("build"), done("test")),
        Allow,
    ),
    "a result that is asked for is there": (
        replace(ORDER, requirement=YES),
        DEPLOY,
        with_past(done("test", {"failed": 0, "ran": 12})),
        Allow,
    ),
    "a result that is asked for is another": (
        replace(ORDER, requirement=YES),
        DEPLOY,
        with_past(done("test", {"failed": 2, "ran": 12})),
        Deny,
    ),
    "any answer will do where the rule says so": (
        replace(ORDER, requirement=Done(operation="test", result="true")),
        DEPLOY,
        with_past(done("test", [True, False])),
        Allow,
    ),
    "a condition that cannot be read here fails open": (
        replace(ORDER, requirement=Done(operation="test", result="size(result) > 1")),
        DEPLOY,
        with_past(done("test", [1, 2])),
        Allow,
    ),
    "and closed before what destroys, unread": (
        replace(ORDER, requirement=Done(operation="test", result="size(result) > 1")),
        DROP,
        with_past(done("test", [1, 2])),
        Deny,
    ),
    "a literal argument must be met": (
        replace(ORDER, requirement=Done(operation="test", arguments={"suite": {"literal": "full"}})),
        DEPLOY,
        with_past(done("test", arguments={"suite": "quick"})),
        Deny,
    ),
    "a glob takes any of its names": (
        replace(ORDER, requirement=Done(operation="test*")),
        DEPLOY,
        with_past(done("test everything")),
        Allow,
    ),
    "what ran though it was denied holds up what follows": (
        ORDER,
        DEPLOY,
        with_past(done("migrate", denied=True), done("test")),
        Deny,
    ),
    "what another session did so does not": (
        ORDER,
        DEPLOY,
        with_past(done("migrate", denied=True, session_id="session-2"), done("test")),
        Allow,
    ),
    "a person who has looked at it lets it go on": (
        ORDER,
        DEPLOY,
        with_past(done("migrate", denied=True), done("test"))
        | {"approvals": (approval(OPERATION, "'deploy api' production"),)},
        Allow,
    ),
    # approvals
    "without an approval an operation waits for one": (APPROVE, DEPLOY, {}, Deny),
    "an approval of this very operation lets through": (
        APPROVE,
        DEPLOY,
        {"approvals": (approval(OPERATION, "'deploy api' production"),)},
        Allow,
    ),
    "an approval for another target does not": (
        APPROVE,
        DEPLOY,
        {"approvals": (approval(OPERATION, "'deploy api' staging"),)},
        Deny,
    ),
    "an approval of an operation of another name on a longer target does not": (
        APPROVE,
        DEPLOY,
        {"approvals": (approval(OPERATION, "deploy 'api production'"),)},
        Deny,
    ),
    "an approval that is only asked for does not": (
        APPROVE,
        DEPLOY,
        {"approvals": (approval(OPERATION, "'deploy api' production", state=ApprovalState.PENDING),)},
        Deny,
    ),
    "an approval that was used does not": (
        APPROVE,
        DEPLOY,
        {"approvals": (approval(OPERATION, "'deploy api' production", used_at=NOW - SECOND),)},
        Deny,
    ),
    # conditions
    "a condition that holds lets through": (CONDITION, DEPLOY, {}, Allow),
    "a condition that does not hold denies": (CONDITION, DEPLOY, {"unmet": frozenset({"condition"})}, Deny),
    "a person may let through what a condition denies": (
        CONDITION,
        DEPLOY,
        {"unmet": frozenset({"condition"}), "approvals": (approval(OPERATION, "'deploy api' production"),)},
        Allow,
    ),
    "a broken condition fails open": (CONDITION, DEPLOY, {"broken": frozenset({"condition"})}, Allow),
    "a broken condition fails closed before what destroys": (
        CONDITION,
        DROP,
        {"broken": frozenset({"condition"})},
        Deny,
    ),
    # which rules apply
    "a rule for other operations asks nothing": (replace(MEMORY, operations=("migrate*",)), DEPLOY, {}, Allow),
    "a rule for these operations asks": (replace(MEMORY, operations=("migrate*", "DEPLOY *")), DEPLOY, {}, Deny),
    "a rule for other targets asks nothing": (replace(MEMORY, targets=("staging",)), DEPLOY, {}, Allow),
    "a rule for these targets asks": (replace(MEMORY, targets=("prod*",)), DEPLOY, {}, Deny),
    "a rule for other classes asks nothing": (replace(MEMORY, classes=(ActionClass.DESTRUCTIVE,)), DEPLOY, {}, Allow),
    "a rule needs its operation and its target": (
        replace(MEMORY, operations=("deploy*",), targets=("staging",)),
        DEPLOY,
        {},
        Allow,
    ),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "_"))
def test_the_guard_decides(case: str) -> None:
    given_rule, start, state, expected = CASES[case]

    assert isinstance(decide([given_rule], start, **state), expected)


def test_the_guidance_at_hand_is_a_receipt() -> None:
    guidance = Guidance(
        id="g1",
        namespace="team",
        operation=DEPLOY,
        created_at=NOW,
        expires_at=NOW + SECOND,
        confidence=0.0,
        failure_probability=None,
        primary_recommendation=None,
    )

    assert isinstance(check(DEPLOY, guidance, [MEMORY], STRICT, NOW), Allow)
    assert isinstance(check(DEPLOY, replace(guidance, required_ids=("m1",)), [MEMORY], STRICT, NOW), Deny)


def test_what_was_acknowledged_stands_with_the_stored_receipt_of_the_guidance_at_hand() -> None:
    guidance = Guidance(
        id="receipt-1",
        namespace="team",
        operation=DEPLOY,
        created_at=NOW,
        expires_at=NOW + SECOND,
        confidence=0.0,
        failure_probability=None,
        primary_recommendation=None,
        required_ids=("m1",),
    )
    state = replace(STRICT, receipts=(receipt(required=("m1",), acknowledged=("m1",)),))

    assert isinstance(check(DEPLOY, guidance, [MEMORY], state, NOW), Allow)


@pytest.mark.parametrize(
    ("kind", "state", "way_out"),
    [
        (MEMORY, {}, "brainops guide 'deploy api' --target production --session session-1"),
        (
            MEMORY,
            with_receipt(required=("m1",)),
            "brainops guide 'deploy api' --target production --session session-1 --acknowledge m1",
        ),
        (FOLLOW, {"active": {"rollout": "1"}}, "brainops run rollout --target production"),
        (ORDER, {}, 'do test(service="api") first'),
        (replace(ORDER, source="procedure:rollout@1"), {}, "brainops run rollout --target production"),
        (APPROVE, {}, "brainops approvals ask 'deploy api' --target production"),
        (CONDITION, {"unmet": frozenset({"condition"})}, "brainops approvals ask 'deploy api' --target production"),
    ],
)
def test_a_denial_names_the_one_call_that_clears_it(kind: Rule, state: dict[str, Any], way_out: str) -> None:
    decision = decide([kind], **state)

    assert isinstance(decision, Deny) and decision.way_out == way_out


def test_what_only_asks_is_cleared_by_an_approval_whatever_the_rule() -> None:
    asks = replace(MEMORY, mode=RuleMode.ASK)
    asked = decide([asks])
    answered = decide([asks], approvals=(approval(OPERATION, "'deploy api' production"),))

    assert isinstance(asked, Ask) and asked.way_out == "brainops approvals ask 'deploy api' --target production"
    assert answered == Allow(approval_ids=("approval-1",))


def test_the_hardest_rule_decides_and_every_reason_is_told() -> None:
    decision = decide([replace(APPROVE, mode=RuleMode.ASK), ORDER, replace(MEMORY, mode=RuleMode.WARN)])

    assert isinstance(decision, Deny) and decision.rule == "order"
    assert [part in decision.reason for part in ("must be done first", "must approve", "was not consulted")] == [
        True
    ] * 3


def test_in_observe_everything_goes_ahead_and_says_what_strict_would_have_done() -> None:
    decision = check(DEPLOY, None, [ORDER, replace(MEMORY, mode=RuleMode.WARN)], GuardState(), NOW)

    assert isinstance(decision, Allow) and decision.rules == ("order", "memory_first")
    assert decision.observed == ('deny: the order rule: test(service="api") must be done first',)
    assert decision.warnings == ("the memory_first rule: memory was not consulted for this target",)


def test_an_open_bypass_lets_through_with_a_warning_and_a_closed_one_does_not() -> None:
    opened = decide([ORDER], bypassed_until=NOW + 1)

    assert isinstance(opened, Allow) and "bypass" in opened.warnings[0] and opened.observed
    assert isinstance(decide([ORDER], bypassed_until=NOW), Deny)


def test_a_rule_that_cannot_be_evaluated_raises_an_alarm_where_it_fails_open() -> None:
    decision = decide([CONDITION], broken=frozenset({"condition"}))

    assert isinstance(decision, Allow) and decision.warnings[0].startswith("alarm: the condition rule")


def test_what_is_used_up_by_going_ahead_is_named() -> None:
    single = decide([ONCE, APPROVE], **with_receipt(), approvals=(approval(OPERATION, "'deploy api' production"),))

    assert single == Allow(receipt_ids=("receipt-1",), approval_ids=("approval-1",))
    assert decide([MEMORY], **with_receipt()) == Allow()


def test_a_run_of_an_earlier_version_goes_on_with_a_warning() -> None:
    decision = decide([FOLLOW], active={"rollout": "2"}, followed=("rollout@1",))

    assert isinstance(decision, Allow) and "earlier version of rollout" in decision.warnings[0]


def test_the_standard_rules_ask_once_a_task_and_each_time_before_what_destroys() -> None:
    rules = list(standard_rules("team", RuleMode.DENY))
    consulted = {"receipts": (receipt(target="staging", operation="anything"),)}

    assert isinstance(decide(rules, DEPLOY, **consulted), Allow)
    assert isinstance(decide(rules, DROP, **consulted), Deny)
    assert isinstance(decide(rules, replace(DROP, action_class=ActionClass.READ_ONLY)), Allow)
