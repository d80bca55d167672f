"""Are steps put into the right order, circles found, and pictures safe to look at?"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from brainops.procedures.definition import graph
from brainops.procedures.definition.define import define
from brainops.types import Action, Procedure, Step, StepKind


def step(step_id: str, *needs: str, name: str = "", condition: str | None = None) -> Step:
    return Step(id=step_id, name=name, action=Action(uses=StepKind.MANUAL), needs=needs, condition=condition)


DIAMOND = (step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c"))


def test_steps_of_one_level_need_only_those_before() -> None:
    assert [[each.id for each in level] for level in graph.levels(DIAMOND)] == [["a"], ["b", "c"], ["d"]]


def test_what_is_ready_has_all_it_needs_and_has_not_begun() -> None:
    assert [each.id for each in graph.ready(DIAMOND, {"a"}, {"c"})] == ["b"]
    assert [each.id for each in graph.ready(DIAMOND, {"a", "b", "c"})] == ["d"]


def test_what_a_step_needs_is_followed_all_the_way() -> None:
    assert graph.ancestors(DIAMOND, "d") == {"a", "b", "c"}


def test_a_circle_is_found_wherever_it_begins() -> None:
    steps = (step("start"), step("a", "start", "c"), step("b", "a"), step("c", "b"))

    assert set(graph.cycle(steps)) == {"a", "b", "c"}
    assert graph.cycle(DIAMOND) == ()


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_a_circle_is_found_exactly_where_levels_leave_steps_over(edges: list[tuple[int, int]]) -> None:
    steps = tuple(step(str(number), *sorted({str(need) for at, need in edges if at == number})) for number in range(8))
    circle = graph.cycle(steps)
    needs = {each.id: each.needs for each in steps}

    assert bool(circle) == (sum(map(len, graph.levels(steps))) < len(steps))
    assert all(after in needs[here] for here, after in zip(circle, (*circle[1:], *circle[:1]), strict=True))


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_name_and_no_condition_leaves_its_box(name: str, condition: str) -> None:
    picture = graph.mermaid(
        Procedure(name="p", steps=(step("a", name=name, condition=condition or None), step("b", "a")))
    )

    head, *lines = picture.rstrip("\n").split("\n")
    assert head == "flowchart TD"
    for line in lines:
        assert re.fullmatch(
            r'    (s\d+\[/"[^"\[\]<>{}|`]*"/\]|start\(\["start"\]\)|(s\d+|start) -->(\|"[^"\[\]<>{}|`]*"\|)? s\d+)',
            line,
        ), line


def test_the_outline_shows_levels_conditions_and_needs() -> None:
    procedure = define(
        {
            "name": "p",
            "steps": [
                {"id": "a", "run": "make"},
                {"id": "b", "needs": "a", "if": "steps.a.output.exit_code == 0", "uses": "manual"},
                {"id": "c", "needs": "a", "run": "make c", "compensate": "undo c"},
                {"id": "d", "needs": "c", "run": "make d"},
            ],
        }
    )

    assert graph.outline(procedure) == (
        "   1  a (command)",
        "  2a  b (manual); if steps.a.output.exit_code == 0",
        "  2b  c (command); can be undone",
        "   3  d (command); after c",
    )
