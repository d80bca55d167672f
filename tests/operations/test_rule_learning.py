"""Order rules follow from procedures, graphs and the record; one operation may stand for another, within reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.guard.prerequisites import (
    ANSWERED,
    from_graph,
    from_tree,
    rules_from_graph,
    satisfied_by_use,
    satisfiers,
    with_satisfiers,
)
from brainops.errors import InvalidInput
from brainops.operations.guard.guard import check
from brainops.operations.guard.rule_learning import from_procedure
from brainops.operations.results import answer
from brainops.types import (
    NOBODY,
    Action,
    AllOf,
    Allow,
    AnyOf,
    Deny,
    Done,
    Enforcement,
    GuardState,
    Mode,
    OperationStart,
    Owner,
    PastOperation,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    Requirement,
    RuleKind,
    RuleMode,
    Step,
    StepKind,
    Trigger,
)
from brainops_core.guard.requirements import NotEvaluated, PastOperations, holds, missing
from brainops_core.guard.results import said_no, same


def past(name: str, result: Any = True, *, ran: bool = True, **arguments: Any) -> PastOperation:
    return PastOperation(name=name, target=None, arguments=arguments, result=result, succeeded=ran, at=0)


def step(id: str, *needs: str, **fields: Any) -> Step:
    return Step(id=id, action=Action(uses=StepKind.MANUAL), needs=needs, **fields)


def version(*steps: Step, mode: Mode = Mode.STRICT, triggers: tuple[Trigger, ...] = ()) -> ProcedureVersion:
    return ProcedureVersion(
        id="v1",
        namespace="team",
        number=1,
        hash="f00d" * 16,
        procedure=Procedure(name="rollout", mode=mode, steps=steps, triggers=triggers),
        state=ProcedureState.ACTIVE,
        owner=Owner.STORE,
        source="",
        path=None,
        created_at=1,
        created_by=NOBODY,
    )


def is_met(requirement: Requirement | None, *earlier: PastOperation, **context: Any) -> bool:
    assert requirement is not None
    return missing(requirement, OperationStart(name="goal", context=context), PastOperations(earlier)) is None


# From procedures


def test_a_step_comes_after_what_it_needs() -> None:
    rules = {rule.operations: rule for rule in from_procedure(version(step("build"), step("test", "build")))}

    assert rules[("test",)].requirement == Done(operation="build")
    assert ("build",) not in rules
    assert rules[("test",)].source == f"procedure:rollout@{'f00d' * 16}"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(Mode.ADVISORY, RuleMode.WARN), (Mode.REQUIRED, RuleMode.ASK), (Mode.STRICT, RuleMode.DENY)],
)
def test_a_rule_is_as_hard_as_its_procedure(mode: Mode, expected: RuleMode) -> None:
    (rule,) = from_procedure(version(step("build"), step("test", "build"), mode=mode))

    assert rule.mode is expected


def test_a_step_that_satisfies_another_may_stand_for_it() -> None:
    steps = (step("lint"), step("check", satisfies=("lint",)), step("ship", "lint"))
    (rule,) = from_procedure(version(*steps))

    assert rule.requirement == AnyOf(parts=(Done(operation="lint"), Done(operation="check")))


def test_a_step_that_may_rightly_be_left_out_gives_way_to_what_it_needs() -> None:
    steps = (step("build"), step("warm", "build", condition="inputs.warm"), step("ship", "warm"))
    rules = {rule.operations: rule.requirement for rule in from_procedure(version(*steps))}

    assert rules[("ship",)] == Done(operation="build")


def test_a_step_may_name_the_operation_that_it_is() -> None:
    named = Step(id="s1", action=Action(uses=StepKind.CALL, parameters={"operation": "run tests"}))
    (rule,) = from_procedure(version(named, step("ship", "s1")))

    assert rule.requirement == Done(operation="run tests")


def test_a_procedure_that_binds_is_to_be_followed_where_its_triggers_say() -> None:
    trigger = Trigger(operations=("deploy *",), targets=("prod*",), when="context.service == 'api'")
    (rule,) = from_procedure(version(step("one"), triggers=(trigger,)))

    assert (rule.kind, rule.procedure, rule.operations, rule.targets) == (
        RuleKind.PROCEDURE,
        "rollout",
        ("deploy *",),
        ("prod*",),
    )
    assert rule.condition == "context.service == 'api'"
    assert from_procedure(version(step("one"), mode=Mode.ADVISORY, triggers=(trigger,))) == ()


def test_the_order_of_a_procedure_holds_where_all_its_triggers_say_it_applies() -> None:
    steps, here = (step("one"), step("two", "one")), Trigger(operations=("deploy *",), targets=("prod*",))
    orders = [rule for rule in from_procedure(version(*steps, triggers=(here,))) if rule.kind is RuleKind.ORDER]
    anywhere = from_procedure(version(*steps, triggers=(here, Trigger(events=("alert",)))))

    assert [rule.targets for rule in orders] == [("prod*",)]
    assert [rule.targets for rule in anywhere if rule.kind is RuleKind.ORDER] == [()]


# From graphs

NODES: list[Any] = [
    ("transfer", {"user": "user"}),
    "and",
    ("login", {"user": "user"}),
    "or",
    ("user_exists", {"user": "to"}),
    ("read_all", {}),
    ("balance", {"owner": "user"}),
]
EDGES = [(0, 1), (1, 2), (1, 3), (3, 4), (3, 5), (1, 6), (6, 2)]
GRAPH = from_graph(NODES, EDGES)
LOGIN, EXISTS, BALANCE = past("login", user="ann"), past("user_exists", user="bob"), past("balance", owner="ann")
TRANSFER = {"user": "ann", "to": "bob"}


def test_a_graph_becomes_a_requirement_on_the_same_things() -> None:
    assert is_met(GRAPH, LOGIN, EXISTS, BALANCE, **TRANSFER)
    assert is_met(GRAPH, LOGIN, past("read_all"), BALANCE, **TRANSFER)
    assert not is_met(GRAPH, LOGIN, BALANCE, **TRANSFER)
    assert not is_met(GRAPH, LOGIN, past("user_exists", user="ann"), BALANCE, **TRANSFER)


def test_what_a_prerequisite_needs_comes_before_it() -> None:
    assert not is_met(GRAPH, BALANCE, LOGIN, EXISTS, **TRANSFER)


def test_what_failed_or_said_no_was_not_done() -> None:
    for refused in (past("login", False, user="ann"), past("login", user="ann", ran=False)):
        assert not is_met(GRAPH, refused, EXISTS, BALANCE, **TRANSFER)


def test_a_graph_may_ask_that_a_check_was_made_whatever_it_said() -> None:
    asked = from_graph(NODES, EDGES, result=ANSWERED)

    assert is_met(asked, LOGIN, past("user_exists", [True, False], user="bob"), BALANCE, **TRANSFER)
    assert not is_met(asked, LOGIN, past("user_exists", user="bob", ran=False), BALANCE, **TRANSFER)


def test_a_graph_that_asks_nothing_makes_no_requirement() -> None:
    assert from_graph([("logout", {})], []) is None


def test_a_graph_in_a_circle_or_beyond_measure_is_refused() -> None:
    with pytest.raises(InvalidInput, match="circle"):
        from_graph([("a", {}), ("b", {})], [(0, 1), (1, 0)])
    with pytest.raises(InvalidInput, match="at most"):
        from_graph(["and"] * 1_000, [])


def test_prerequisites_that_need_something_get_rules_of_their_own() -> None:
    assert GRAPH is not None
    rules = {rule.operations[0]: rule for rule in rules_from_graph("transfer", GRAPH, namespace="team")}

    assert set(rules) == {"transfer", "balance"}
    assert rules["balance"].requirement == Done(operation="login", arguments={"user": "owner"})


def test_a_rule_from_a_graph_holds_in_the_guard() -> None:
    assert GRAPH is not None
    rules = rules_from_graph("transfer", GRAPH, namespace="team")
    start = OperationStart(name="balance", context={"owner": "ann"})
    state = GuardState(enforcement=Enforcement.STRICT)

    assert isinstance(check(start, None, rules, state, 0), Deny)
    assert isinstance(check(start, None, rules, replace(state, past=(LOGIN,)), 0), Allow)


def test_nested_lists_say_the_same() -> None:
    tree = ["and", [["single", "login", {"user": "user"}], ["or", [["single", "a"], ["single", "b"]]]]]

    assert from_tree(tree) == AllOf(
        parts=(
            Done(operation="login", arguments={"user": "user"}),
            AnyOf(parts=(Done(operation="a"), Done(operation="b"))),
        )
    )


def test_each_link_of_a_chain_comes_after_the_one_before() -> None:
    chain = from_tree(["chain", [["single", "a"], ["single", "b"], ["single", "c"]]])

    assert is_met(chain, past("a"), past("b"), past("c"))
    assert not is_met(chain, past("b"), past("a"), past("c"))
    with pytest.raises(InvalidInput):
        from_tree(["perhaps", []])


# What may stand for what


def test_what_was_used_exists() -> None:
    requirement = AllOf(
        parts=(
            Done(operation="login", arguments={"user": "user"}),
            Done(operation="internal_check_username_exist", arguments={"user": "user"}),
        )
    )
    eased = satisfied_by_use(requirement)

    assert is_met(eased, LOGIN, user="ann")
    assert not is_met(requirement, LOGIN, user="ann")
    assert not is_met(eased, past("login", False, user="ann"), user="ann")


def test_use_of_one_thing_says_nothing_of_another() -> None:
    parts = (
        Done(operation="login", arguments={"user": "user"}),
        Done(operation="userExists", arguments={"user": "to"}),
    )

    assert not is_met(satisfied_by_use(AllOf(parts=parts)), LOGIN, user="ann", to="bob")


def test_no_operation_from_outside_the_requirement_stands_in() -> None:
    alone = Done(operation="user_exists", arguments={"user": "user"})

    assert satisfied_by_use(alone) == alone


@pytest.mark.parametrize("question", ["is_admin", "check_available", "get_details", "coexist_with"])
def test_only_existence_follows_from_use(question: str) -> None:
    parts = (Done(operation="login", arguments={"user": "user"}), Done(operation=question, arguments={"user": "user"}))

    assert satisfied_by_use(AllOf(parts=parts)) == AllOf(parts=parts)


def recorded(count: int, *, no: int = 0) -> list[list[PastOperation]]:
    """Return runs in which a login went with a yes, and runs without one in which the answer was no."""
    users = [f"user-{number}" for number in range(count)]
    yes = [[past("login", user=user), past("known", [True, True], who=user)] for user in users]
    wrong = [[past("login", user=user), past("known", [True, False], who=user)] for user in users[:no]]
    return [*yes, *wrong, *([past("known", [True, False], who=f"nobody-{n}")] for n in range(5))]


def test_the_record_shows_which_success_makes_a_question_needless() -> None:
    (found,) = satisfiers(recorded(60))

    assert (found.wanted, found.by, found.arguments) == ("known", "login", {"who": "user"})
    assert (found.cases, found.exceptions) == (60, 0) and found.certainty > 0.9


def test_few_cases_many_exceptions_or_a_question_that_is_never_denied_show_nothing() -> None:
    assert satisfiers(recorded(15)) == []
    assert satisfiers(recorded(60, no=10)) == []
    assert satisfiers(recorded(60)[:60]) == []


def test_what_the_record_shows_eases_a_requirement() -> None:
    wanted = Done(operation="known", arguments={"who": "user"})
    eased = with_satisfiers(wanted, satisfiers(recorded(60)))

    assert is_met(eased, LOGIN, user="ann")
    assert not is_met(eased, LOGIN, user="bob")


DONES = st.builds(
    Done,
    operation=st.sampled_from(["login", "user_exists", "read"]),
    arguments=st.sampled_from([{}, {"user": "user"}, {"user": "to"}]),
)
REQUIREMENTS = st.recursive(
    DONES,
    lambda below: st.one_of(
        st.builds(lambda parts: AllOf(parts=tuple(parts)), st.lists(below, min_size=1, max_size=3)),
        st.builds(lambda parts: AnyOf(parts=tuple(parts)), st.lists(below, min_size=1, max_size=3)),
        st.builds(lambda done, after: replace(done, after=after), DONES, below),
    ),
    max_leaves=6,
)
PASTS = st.lists(
    st.builds(
        past,
        st.sampled_from(["login", "user_exists", "read"]),
        st.sampled_from([True, False, [True, False], "text"]),
        user=st.sampled_from(["ann", "bob"]),
    ),
    max_size=5,
)


@given(REQUIREMENTS, PASTS)
def test_standing_in_never_asks_for_more(requirement: Requirement, earlier: list[PastOperation]) -> None:
    before = is_met(requirement, *earlier, **TRANSFER)
    after = is_met(satisfied_by_use(requirement), *earlier, **TRANSFER)

    assert after or not before


@given(REQUIREMENTS, PASTS, st.builds(past, st.just("read"), user=st.just("ann")))
def test_doing_more_never_takes_back_what_was_done(
    requirement: Requirement, earlier: list[PastOperation], more: PastOperation
) -> None:
    before = is_met(requirement, *earlier, **TRANSFER)

    assert is_met(requirement, *earlier, more, **TRANSFER) or not before


# What a result says


@pytest.mark.parametrize(
    ("text", "ran", "result"),
    [
        ("True", True, True),
        ("(True, {'rows': 3})", True, [True, {"rows": 3}]),
        ('{"rows": 3}', True, {"rows": 3}),
        ("October 9th", True, "October 9th"),
        ("Error: no such tool", False, "Error: no such tool"),
        ("KeyError: 'bob'", False, "KeyError: 'bob'"),
        ("psycopg.OperationalError: gone", False, "psycopg.OperationalError: gone"),
        ("Traceback (most recent call last):", False, "Traceback (most recent call last):"),
        ("Errors were found in 0 files", True, "Errors were found in 0 files"),
        ("", True, ""),
    ],
)
def test_a_tools_text_is_read_for_what_it_says(text: str, ran: bool, result: Any) -> None:
    assert answer(text) == (ran, result)


@given(st.text())
def test_any_text_is_an_answer(text: str) -> None:
    ran, _ = answer(text)

    assert ran in (True, False)


@pytest.mark.parametrize("result", [False, [False, "why"], [True, False], {"ok": False}, {"error": "x"}])
def test_a_no_is_a_no_in_any_form(result: Any) -> None:
    assert said_no(result)


@pytest.mark.parametrize("result", [None, 0, "", [], True, [True, [False]], [0], {"error": None}, {"ok": True}])
def test_nothing_else_is_a_no(result: Any) -> None:
    assert not said_no(result)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("API", " api", True),
        (1, 1.0, True),
        ("200.0", 200, True),
        ("007", 7, False),
        (True, 1, False),
        (["A"], ["a"], True),
        ({"a": "X"}, {"a": "x"}, True),
        (None, "", False),
    ],
)
def test_values_are_compared_as_people_write_them(left: Any, right: Any, expected: bool) -> None:
    assert same(left, right) is expected


@pytest.mark.parametrize(
    ("condition", "result", "expected"),
    [
        ("result", 1, True),
        ("!result.locked", {"locked": False}, True),
        ("result.rows > 3 && result.ok == true", {"rows": 4, "ok": True}, True),
        ("result.rows > 3", {"rows": 3}, False),
        ("result[1] == 'x'", [0, "x"], True),
        ("result.missing == 1", {}, False),
        ("result > 3", "text", False),
        ("true", False, True),
    ],
)
def test_a_condition_on_a_result_is_evaluated(condition: str, result: Any, expected: bool) -> None:
    assert holds(condition, result) is expected


@pytest.mark.parametrize("condition", ["size(result) > 1", "result == other", "a || b", "", "!result > 3"])
def test_a_condition_beyond_that_is_said_to_be(condition: str) -> None:
    with pytest.raises(NotEvaluated):
        holds(condition, 1)
