"""Whatever the rules and whatever is known: stricter never lets more through, and what only reads is never held."""

from __future__ import annotations

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from brainops.operations.guard.guard import check, compiled
from brainops.types import (
    ActionClass,
    Allow,
    Ask,
    Decision,
    Deny,
    Enforcement,
    FailMode,
    GuardState,
    OperationStart,
    Rule,
    RuleMode,
)
from tests.operations.guarded import (
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
    SECOND,
    SESSION,
    SKIP,
    approval,
    done,
    receipt,
)

MODES = st.sampled_from(RuleMode)
RULES = st.lists(
    st.builds(
        lambda base, mode, number, fails: replace(base, mode=mode, fail_mode=fails, id=f"{base.id}-{number}"),
        st.sampled_from([MEMORY, SESSION, EXACT, ONCE, FOLLOW, ORDER, APPROVE, CONDITION]),
        MODES,
        st.integers(0, 3),
        st.sampled_from(FailMode),
    ),
    max_size=6,
)
STATES = st.builds(
    GuardState,
    enforcement=st.sampled_from(Enforcement),
    receipts=st.lists(
        st.builds(
            receipt,
            target=st.sampled_from(["production", "staging"]),
            expires_at=st.sampled_from([NOW - SECOND, NOW + SECOND]),
            used_at=st.sampled_from([None, NOW - SECOND]),
        ),
        max_size=3,
    ).map(tuple),
    past=st.lists(st.builds(done, st.sampled_from(["test", "build"]), st.booleans()), max_size=3).map(tuple),
    approvals=st.lists(
        st.builds(
            approval,
            st.sampled_from([SKIP, OPERATION]),
            st.sampled_from(["'deploy api' production", "rollout"]),
        ),
        max_size=2,
    ).map(tuple),
    followed=st.sampled_from([(), ("rollout@1",), ("rollout@0",)]),
    active=st.sampled_from([{}, {"rollout": "1"}]),
    critical_error_at=st.sampled_from([None, NOW - SECOND, NOW - 100 * SECOND]),
    bypassed_until=st.sampled_from([None, NOW + SECOND]),
    unmet=st.sampled_from([frozenset(), frozenset({"condition-0", "procedure-1"})]),
    broken=st.sampled_from([frozenset(), frozenset({"condition-1", "order-0"})]),
)
STARTS = st.sampled_from([DEPLOY, DROP, replace(DEPLOY, session_id=None), replace(DEPLOY, target=None)])


def hardness(decision: Decision) -> int:
    match decision:
        case Allow():
            return 0
        case Ask():
            return 1
        case Deny():
            return 2


@given(RULES, STATES, STARTS, st.data())
def test_a_stricter_mode_never_lets_more_through(
    rules: list[Rule], state: GuardState, start: OperationStart, data: st.DataObject
) -> None:
    order = list(RuleMode)
    stricter = [replace(each, mode=data.draw(st.sampled_from(order[order.index(each.mode) :]))) for each in rules]

    assert hardness(check(start, None, stricter, state, NOW)) >= hardness(check(start, None, rules, state, NOW))


@given(RULES, STATES, STARTS)
def test_another_rule_never_turns_a_denial_into_leave(
    rules: list[Rule], state: GuardState, start: OperationStart
) -> None:
    unmet = replace(CONDITION, id="another", mode=RuleMode.DENY)
    before = check(start, None, rules, state, NOW)
    after = check(start, None, [*rules, unmet], replace(state, unmet=state.unmet | {"another"}), NOW)

    assert hardness(after) >= hardness(before)


@given(RULES, STATES, STARTS)
def test_what_only_reads_is_never_held(rules: list[Rule], state: GuardState, start: OperationStart) -> None:
    reads = replace(start, action_class=ActionClass.READ_ONLY)

    assert check(reads, None, rules, state, NOW) == Allow()


@given(RULES, STATES, STARTS)
def test_nothing_is_held_where_nothing_is_enforced(rules: list[Rule], state: GuardState, start: OperationStart) -> None:
    watched = replace(state, enforcement=Enforcement.OBSERVE)

    assert isinstance(check(start, None, rules, watched, NOW), Allow)


@given(RULES, STATES, STARTS)
def test_the_same_question_has_the_same_answer_compiled_or_not(
    rules: list[Rule], state: GuardState, start: OperationStart
) -> None:
    first = check(start, None, rules, state, NOW)

    assert check(start, None, compiled(rules), state, NOW) == first == check(start, None, tuple(rules), state, NOW)


@given(st.lists(st.sampled_from(["deploy*", "*api", "deploy api", "mig?ate", "[dm]eploy *", "*"]), max_size=3))
def test_the_index_finds_what_looking_at_every_rule_would_find(globs: list[str]) -> None:
    rules = [replace(MEMORY, id=glob, operations=(glob, "never")) for glob in globs]
    found = [each.id for each in compiled(rules).applying(DEPLOY)]

    assert found == [glob for glob in globs if fnmatchcase("deploy api", glob)]
