"""Are cases learned, decided, corrected and answered the same in both databases, and do decide steps wait and learn?"""

from __future__ import annotations

from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import Conflict, InvalidInput, NotFound
from brainops.types import JSON, Actor, ActorKind, CaseStanding, Run, RunState, Trust
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="coder")
REFUND: dict[str, Any] = {
    "name": "refund",
    "description": "decide about a refund",
    "inputs": {"amount": {"type": "integer"}},
    "steps": [
        {
            "id": "decide",
            "uses": "decide",
            "with": {"name": "refund", "inputs": {"amount": "${{ inputs.amount }}"}, "question": "May it be refunded?"},
        }
    ],
    "outputs": {"said": "${{ steps.decide.output.outputs }}"},
}


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=PERSON)


def refunds(brain: Brain, count: int = 40, **more: Any) -> None:
    rows: list[tuple[dict[str, JSON], dict[str, JSON], str | None]] = [
        ({"amount": 25 * place}, {"decision": "ask" if place * 25 > 500 else "pay"}, f"old:{place}")
        for place in range(count)
    ]
    brain.cases.learn_many("refund", rows, **more)


def decided(run: Run) -> Any:
    return run.outputs["said"] if isinstance(run.outputs, dict) else None


def test_a_new_case_is_decided_from_past_ones(brain: Brain) -> None:
    refunds(brain)

    said = brain.cases.decide("refund", {"amount": 30})

    assert said.outputs == {"decision": "pay"}
    assert said.probability >= 0.9
    assert said.cases == 40
    assert {brain.cases.get(each).outputs["decision"] for each in said.rests_on} == {"pay"}


def test_it_abstains_below_the_line_and_without_cases(brain: Brain) -> None:
    nothing = brain.cases.decide("refund", {"amount": 30})
    refunds(brain)
    unsure = brain.cases.decide("refund", {"amount": 30}, confidence=1.0)

    assert nothing.abstained
    assert unsure.abstained
    assert unsure.leaning == {"decision": "pay"}
    assert "below the line of 100%" in unsure.reason


def test_the_same_source_is_one_case(brain: Brain) -> None:
    first = brain.cases.learn("refund", {"amount": 1}, {"decision": "pay"}, source="ticket 7")
    again = brain.cases.learn("refund", {"amount": 1}, {"decision": "ask"}, source="ticket 7")

    assert again == first
    assert len(brain.cases.list("refund")) == 1


def test_what_others_decided_alone_decides_nothing(brain: Brain) -> None:
    refunds(brain, trust="external")

    said = brain.cases.decide("refund", {"amount": 30}, confidence=0.0)

    assert said.abstained
    assert "alone they decide nothing" in said.reason


def test_a_correction_replaces_a_case_and_counts_more(brain: Brain) -> None:
    made = brain.cases.learn("colour", {"kind": "x"}, {"do": "old"})
    brain.cases.learn("colour", {"kind": "x"}, {"do": "old"}, trust="agent")

    corrected = brain.cases.correct(made.id, {"do": "new"}, reason="it was wrong")

    assert brain.cases.decide("colour", {"kind": "x"}, confidence=0.0).outputs == {"do": "new"}
    assert brain.cases.get(made.id).standing is CaseStanding.REPLACED
    assert corrected.replaces == made.id
    with pytest.raises(Conflict, match="corrected before"):
        brain.cases.correct(made.id, {"do": "newer"})
    with inside(brain).store.read() as tx:
        assert [line.act for line in tx.trail.of(made.id)] == ["case_correct"]


def test_another_process_sees_what_was_learned(brain: Brain, open_brain: OpenBrain) -> None:
    other = open_brain(actor=PERSON)
    refunds(brain, 20)
    before = other.cases.decide("refund", {"amount": 30}).cases
    brain.cases.correct(brain.cases.list("refund")[0].id, {"decision": "pay"})
    after = other.cases.decide("refund", {"amount": 30})

    assert before == 20
    assert after.cases == 20
    assert after == brain.cases.decide("refund", {"amount": 30})


def test_cases_of_another_namespace_are_not_learned_from(brain: Brain, open_brain: OpenBrain) -> None:
    refunds(open_brain(namespace="team/b", read=[], actor=PERSON))

    assert brain.cases.decide("refund", {"amount": 30}).cases == 0


def test_secrets_reach_no_row(brain: Brain) -> None:
    made = brain.cases.learn("login", {"password": "hunter2hunter2"}, {"decision": "yes"})

    assert "hunter2" not in str(brain.cases.get(made.id))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda brain: brain.cases.learn("", {"a": 1}, {"b": 1}),
        lambda brain: brain.cases.learn("x", [1], {"b": 1}),
        lambda brain: brain.cases.learn("x", {"a": 1}, {}),
        lambda brain: brain.cases.learn("x", {"a": object()}, {"b": 1}),
        lambda brain: brain.cases.learn("x", {"a": "y" * 60_000}, {"b": 1}),
        lambda brain: brain.cases.learn("x", {"a": 1}, {"b": 1}, trust="nobody"),
        lambda brain: brain.cases.decide("x", {"a": 1}, confidence=2),
        lambda brain: brain.cases.list("x", standing="lying"),
    ],
)
def test_what_is_no_case_is_refused(brain: Brain, wrong: Any) -> None:
    with pytest.raises(InvalidInput):
        wrong(brain)


def test_an_unknown_case_is_not_found(brain: Brain) -> None:
    with pytest.raises(NotFound):
        brain.cases.get("nothing")


def test_a_decide_step_decides_where_it_is_sure(brain: Brain) -> None:
    refunds(brain)
    brain.establish(REFUND)

    run = brain.runs.start("refund", {"amount": 30})

    assert run.state is RunState.SUCCEEDED
    assert decided(run) == {"decision": "pay"}
    kept = brain.cases.list("refund", standing="open")
    assert [(each.origin, each.run_id) for each in kept] == [("decided", run.id)]
    assert brain.cases.decide("refund", {"amount": 30}).cases == 40  # nothing is learned from what nobody confirmed


def test_a_decision_that_was_confirmed_or_corrected_is_learned(brain: Brain) -> None:
    refunds(brain)
    brain.establish(REFUND)
    right, wrong = (brain.runs.start("refund", {"amount": amount}).steps[0].output for amount in (30, 900))
    assert isinstance(right, dict)
    assert isinstance(wrong, dict)

    confirmed = brain.cases.verify(str(right["decision"]))
    brain.cases.correct(str(wrong["decision"]), {"decision": "pay"})

    assert (confirmed.standing, confirmed.trust) == (CaseStanding.STANDS, Trust.VERIFIED)
    assert confirmed.expected_right is True
    assert brain.cases.get(str(wrong["decision"])).expected_right is False
    assert brain.cases.decide("refund", {"amount": 30}).cases == 42


def test_a_decide_step_that_abstains_waits_for_a_person_whose_answer_becomes_a_case(brain: Brain) -> None:
    brain.establish(REFUND)
    run = brain.runs.start("refund", {"amount": 30})
    assert run.state is RunState.WAITING
    assert run.steps[0].waits_for == "decision"
    assert "May it be refunded?" in brain.runs.current(run.id).text

    brain.runs.complete(run.id, "decide", output={"decision": "pay"})
    done = brain.runs.advance(run.id)

    assert done.state is RunState.SUCCEEDED
    assert decided(done) == {"decision": "pay"}
    case = brain.cases.list("refund")[0]
    assert (case.inputs, case.outputs) == ({"amount": 30}, {"decision": "pay"})
    assert (case.origin, case.trust, case.run_id) == ("answer", Trust.VERIFIED, run.id)


def test_an_answer_without_a_decision_is_refused(brain: Brain) -> None:
    brain.establish(REFUND)
    run = brain.runs.start("refund", {"amount": 30})

    with pytest.raises(InvalidInput, match="a decision is awaited"):
        brain.runs.complete(run.id, "decide")

    assert brain.cases.list("refund") == []


def test_an_agents_answer_is_not_verified(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=AGENT)

    assert brain.cases.learn("refund", {"amount": 1}, {"decision": "pay"}).trust is Trust.AGENT


def test_what_was_foretold_is_kept_for_calibration(brain: Brain) -> None:
    refunds(brain)

    row = brain.cases.names()[0]

    assert (row["name"], row["standing"], row["judged"]) == ("refund", 40, 39)
    assert int(str(row["judged_right"])) >= 34


def test_an_agent_verifies_no_case_and_its_correction_is_its_word(open_brain: OpenBrain, brain: Brain) -> None:
    agent = open_brain(actor=AGENT)
    sure = brain.cases.learn("refund", {"amount": 40}, {"decision": "pay"})
    said = agent.cases.learn("refund", {"amount": 900}, {"decision": "pay"})

    corrected = agent.cases.correct(said.id, {"decision": "ask"})

    assert corrected.trust is Trust.AGENT
    with pytest.raises(Conflict, match="may not verify a case"):
        agent.cases.verify(corrected.id)
    with pytest.raises(Conflict, match="outweigh"):
        agent.cases.correct(sure.id, {"decision": "refuse"})
