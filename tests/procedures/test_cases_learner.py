"""Does the learner of decided cases find rules, weigh its models, count corrections, and always say the same?"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.procedures.cases.features import number, questions, read, words
from brainops.procedures.cases.learner import CaseExample, Learner, learned
from brainops.statistics.calibration import calibrated_by_record

Row = tuple[dict[str, Any], dict[str, Any]]


def example(place: int, inputs: Mapping[str, Any], outputs: Mapping[str, Any], **more: Any) -> CaseExample:
    return CaseExample(id=str(place), inputs=inputs, outputs=outputs, **more)


def last_half(rows: list[Row]) -> float:
    """Return how many of the second half were foretold by those before each."""
    learner, right = Learner(), 0
    for place, (inputs, outputs) in enumerate(rows):
        said = learner.judge(inputs).outputs
        right += place >= len(rows) // 2 and said == outputs
        learner.add(example(place, inputs, outputs))
    return right / (len(rows) - len(rows) // 2)


def threshold(chance: random.Random) -> Row:
    amount = chance.randint(0, 500)
    return {"amount": amount, "shop": chance.choice("abc")}, {"decision": "ask" if amount > 200 else "pay"}


def conjunction(chance: random.Random) -> Row:
    inputs = {"valid": chance.random() < 0.7, "kind": chance.choice(["home", "work"]), "noise": chance.random()}
    return inputs, {"decision": "yes" if inputs["valid"] and inputs["kind"] == "work" else "no"}


def summed(chance: random.Random) -> Row:
    scores = {f"{part}_score": chance.randint(1, 5) for part in ("safety", "handling", "disposal")}
    total = sum(scores.values())
    return scores, {"class": "A" if total < 7 else "B" if total < 11 else "C"}


def compared(chance: random.Random) -> Row:
    ordered, received = chance.randint(10, 90), chance.randint(10, 90)
    return {"ordered": ordered, "received": received}, {"short": str(received < ordered)}


@pytest.mark.parametrize("rule", [threshold, conjunction, summed, compared])
def test_a_rule_over_the_fields_is_found(rule: Callable[[random.Random], Row]) -> None:
    chance = random.Random(4)

    share = last_half([rule(chance) for _ in range(160)])

    assert share >= 0.92


def test_words_of_a_text_decide() -> None:
    chance = random.Random(4)
    about = {"billing": "invoice charged twice refund card", "network": "router offline packet loss cable"}

    def row() -> Row:
        kind = chance.choice(list(about))
        said = [
            *chance.sample(about[kind].split(), 3),
            *chance.sample("please my the since today account hello".split(), 4),
        ]
        chance.shuffle(said)
        return {"text": " ".join(said)}, {"queue": kind}

    assert last_half([row() for _ in range(60)]) >= 0.9


def test_several_outputs_are_decided_together() -> None:
    rows: list[Row] = [({"n": n % 10}, {"high": n % 10 > 4, "odd": str(n % 2 == 1)}) for n in range(80)]

    assert last_half(rows) >= 0.95


def test_the_reason_names_the_rule_and_the_cases() -> None:
    chance = random.Random(4)
    learner = learned([example(place, *threshold(chance)) for place in range(100)])

    judged = learner.judge({"amount": 450, "shop": "a"})

    assert judged.outputs == {"decision": "ask"}
    assert "nearest of 100 cases" in judged.reason
    assert "amount >" in judged.reason
    assert len(judged.rests_on) == 3


def test_a_weightier_case_wins_over_its_twin() -> None:
    learner = learned([example(0, {"kind": "x"}, {"do": "old"}), example(1, {"kind": "x"}, {"do": "new"}, weight=3.0)])

    assert learner.judge({"kind": "x"}).outputs == {"do": "new"}


def test_what_only_others_decided_is_not_ones_own() -> None:
    learner = learned(
        [example(0, {"kind": "x"}, {"do": "theirs"}, own=False), example(1, {"kind": "y"}, {"do": "ours"})]
    )

    assert not learner.judge({"kind": "x"}).own
    assert learner.judge({"kind": "y"}).own


def test_an_output_that_comes_up_later_is_learned_too() -> None:
    learner = learned(
        [example(0, {"kind": "x"}, {"do": "a"}), *(example(n, {"kind": "y"}, {"why": "b"}) for n in range(1, 6))]
    )

    assert learner.judge({"kind": "y"}).outputs == {"why": "b"}


values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=30)
)
inputs = st.dictionaries(st.text(min_size=1, max_size=5), st.one_of(values, st.lists(values, max_size=3)), max_size=4)
rows = st.lists(st.tuples(inputs, st.dictionaries(st.sampled_from("ab"), values, min_size=1, max_size=2)), max_size=12)


@settings(max_examples=12, deadline=None)  # of half a second each
@given(rows, inputs)
def test_any_cases_give_a_probability_and_the_same_one_again(given_rows: list[Row], asked: dict[str, Any]) -> None:
    cases = [example(place, *row) for place, row in enumerate(given_rows)]

    once, again = learned(cases).judge(asked), learned(cases).judge(asked)

    assert once == again
    assert 0.0 <= once.raw <= 1.0 + 1e-9
    assert (once.outputs is None) == (not cases)


def test_the_largest_numbers_are_compared_like_any_others() -> None:
    learner = learned([example(0, {"n": 1e308}, {"do": "a"}), example(1, {"n": -1e308}, {"do": "b"})])

    assert learner.judge({"n": 9e307}).outputs == {"do": "a"}


def test_a_probability_moves_towards_its_record() -> None:
    overrated = [(0.9, place % 2 == 0) for place in range(100)]

    assert calibrated_by_record(0.9, []) == pytest.approx(0.9)
    assert calibrated_by_record(0.9, overrated) == pytest.approx(0.55, abs=0.03)


def test_a_nested_text_and_a_unit_are_read() -> None:
    found = read({"a": {"b": "100 Mbps"}, "c": "['x', 'y']", "d": "", "e": '{"f": 1.5}', "g": True})

    assert found == {"a.b": "100 Mbps", "c": ("x", "y"), "d": None, "e.f": 1.5, "g": "true"}
    assert number(found["a.b"]) == 100.0
    assert number("12 apples and pears") is None
    assert "c~x" in words(found)


def test_questions_follow_from_several_fields() -> None:
    kinds = {each.kind for each in questions([read({"a_score": n, "b_score": 9 - n, "c": "x"}) for n in range(6)])}

    assert {"number", "difference", "sum", "most", "none above 0"} <= kinds
