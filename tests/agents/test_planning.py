"""Are constraints read as people write them, and does a plan keep to them whatever was done before?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.agents.workflows.constraints import cost_of, read, seconds_of
from brainops.agents.workflows.plan_review import improved
from brainops.agents.workflows.planning import Known, PastPlanStep, PastWorkflow, compose, likeness, name_of
from brainops.errors import BudgetSpent
from brainops.procedures.definition.define import define

NOW = 1_900_000_000_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("4 hours", 14_400),
        ("within 2h30m", 9_000),
        ("an hour and a half", 5_400),
        ("two and a half hours", 9_000),
        ("half a day", 43_200),
        ("90-120 min", 7_200),
        ("less than 1 day, 6 hours", 108_000),
        ("04:30:00", 16_200),
        ("PT4H30M", 16_200),
        ("2030-03-17T18:03:20Z", 1_000.0),
        ("soon", None),
        ("4", None),
        ("4 parsecs", None),
        ("2030-03-17T17:47:20", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, seconds: float | None) -> None:
    assert seconds_of(text, NOW) == seconds


def test_constraints_are_read_and_what_is_not_understood_is_said() -> None:
    found = read(
        {"timeline": "4 hours", "tests": "make test", "Rollback": "no", "budget": "$5", "max_minutes": 30, "mood": 1},
        NOW,
    )

    assert (found.deadline_seconds, found.test, found.rollback, found.budget) == (1_800, "make test", False, 5.0)
    assert [note for note in found.notes if "not understood" in note] == [
        "mood = 1: not understood; whoever does a step is told it as it is"
    ]
    assert (cost_of(True), cost_of(-1), cost_of("lots")) == (None, None, None)


@given(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=80).filter(
        lambda text: bool(text.strip())  # what holds NUL is refused before
    ),
    st.booleans(),
    st.booleans(),
    st.floats(0.5, 1e6),
    st.lists(st.tuples(st.sampled_from(["succeeded", "failed", "skipped"]), st.floats(0, 1e5)), max_size=5),
)
def test_any_plan_is_a_valid_procedure_within_its_deadline(
    goal: str, testing: bool, rollback: bool, deadline: float, ran: list[tuple[str, float]]
) -> None:
    steps = tuple(
        PastPlanStep(
            definition={"id": f"work_{number}", "name": f"part {number}", "uses": "agent", "with": {"task": "do it"}},
            state=state,
            seconds=seconds,
            error="${{ secrets.key }}",
        )
        for number, (state, seconds) in enumerate(ran)
    )
    past = PastWorkflow(id="m", goal=goal, likeness=1.0, succeeded=bool(ran), steps=steps)
    wishes = read({"testing": testing, "rollback": rollback, "deadline_seconds": deadline, "x": "${{ 1 }}"}, NOW)

    draft = compose(goal, wishes, Known(past=(past,)))

    procedure = define(draft.definition)
    tries = [(step.timeout_seconds or 0) * step.retry.attempts for step in procedure.steps]
    assert sum(tries) <= max(deadline, 0.02 * len(tries)) + 1e-6
    assert (procedure.step("test") is not None) == testing
    assert 0 <= draft.confidence <= 1


def test_likeness_is_of_words_in_any_form_and_names_are_valid() -> None:
    assert likeness("Deploying the services", "deploy the service") == 1.0
    assert likeness("Deploy the api", "Rotate keys") == 0.0
    assert name_of("Ünïcode & more: 日本") and name_of("日本") == "workflow-goal"


class Speaks:
    """A language model that answers what a test says."""

    def __init__(self, said: str | Exception, ready: bool = True) -> None:
        self._said, self._ready, self.asked = said, ready, 0

    def ready(self) -> bool:
        return self._ready

    def complete(self, prompt: str, **_: Any) -> str:
        self.asked += 1
        if isinstance(self._said, Exception):
            raise self._said
        return self._said


def test_a_language_model_orders_the_work_and_nothing_else() -> None:
    draft = compose("Ship it", read({"rollback": True, "testing": True, "timeline": "1 hour"}, NOW), Known())
    said = 'Here: [{"id": "build", "task": "Build it"}, {"id": "ship", "task": "Ship it"}]'

    procedure, notes = improved(Speaks(said), "Ship it", draft)  # type: ignore[arg-type]

    assert [step.id for step in procedure.steps] == ["prepare_rollback", "build", "ship", "test"]
    assert all(step.compensate is not None for step in procedure.steps[1:3])
    assert sum(step.timeout_seconds or 0 for step in procedure.steps) <= 3_600
    assert notes == ("a language model ordered the work",)


@pytest.mark.parametrize(
    "said",
    [
        "no json",
        "[]",
        '[{"id": "approve", "task": "x"}]',
        '[{"id": "a", "task": "${{ secrets.key }}"}]',
        '[{"id": "a", "task": "x"}, {"id": "a", "task": "y"}]',
        BudgetSpent("nothing is left today"),
    ],
)
def test_what_a_language_model_says_wrongly_is_dropped(said: str | Exception) -> None:
    draft = compose("Ship it", read({}, NOW), Known())

    procedure, notes = improved(Speaks(said), "Ship it", draft)  # type: ignore[arg-type]

    assert procedure == define(draft.definition)
    assert len(notes) == 1


def test_without_a_budget_no_language_model_is_asked() -> None:
    model = Speaks("[]", ready=False)

    improved(model, "Ship it", compose("Ship it", read({}, NOW), Known()))  # type: ignore[arg-type]

    assert model.asked == 0
