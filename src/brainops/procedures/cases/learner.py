"""What do decided cases say of a new one? (pure)

Three models are asked: trees over what follows from the fields, the nearest cases, and the words. Each case that is
learned was foretold by each of them first; who foretold better counts more from then on (Bayesian mixture with
forgetting; Herbster and Warmuth 1998). The trees are grown anew when the cases have become a twentieth more.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from brainops.procedures.cases.features import Fields, Question, questions, read, words
from brainops.procedures.cases.forest import Forest, TreeRule
from brainops.procedures.cases.neighbours import Neighbours
from brainops.procedures.cases.word_evidence import WordEvidence
from brainops.types import JSON

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float64]]

NAMED_CASES = 3  # that a decision rests on and its reason names
GROWN = 1.05  # the trees are grown anew when there are so many times the cases
GROWN_TOGETHER = 2.0  # the same where many cases are learned at once
TOGETHER = 10  # cases that are many
SCORED_TOGETHER = 150  # cases that the models are tried on where many are learned at once
LEAST_GROWN = 4  # cases, before which there are no trees
MOST_CELLS = 400_000  # cases times decisions that trees are grown for: above it they take seconds
FORGETTING = 0.98  # what an earlier trial counts after one more
SURPRISE = 0.02  # the least probability that a model is held to have given: one blunder does not end its trust
RULE_STEPS = 4  # that a reason names


class CaseExample(Struct, frozen=True, kw_only=True):
    """A case to learn from. What is not `own` came from outside: it counts less, and alone it decides nothing."""

    id: str
    inputs: Mapping[str, JSON]
    outputs: Mapping[str, JSON]
    weight: float = 1.0
    own: bool = True


class Judgement(Struct, frozen=True, kw_only=True):
    """What the cases say, before calibration: `raw` is a probability that the models themselves believe in."""

    outputs: Mapping[str, JSON] | None
    raw: float
    cases: int
    reason: str
    rests_on: tuple[str, ...] = ()
    own: bool = True


class _Column(Struct):
    """One output: its decisions in the order in which they were first made, which case had which, and its models."""

    name: str
    values: list[JSON]
    keys: dict[str, int]
    classes: list[int]
    words: WordEvidence
    forest: Forest | None = None
    losses: dict[str, float] | None = None


class Learner:
    """Learns one case after the other; the same cases in the same order give the same learner."""

    def __init__(self) -> None:
        self._examples: list[CaseExample] = []
        self._fields: list[Fields] = []
        self._columns: dict[str, _Column] = {}
        self._neighbours = Neighbours()
        self._questions: list[Question] = []
        self._grown_at = 0
        self._own: set[str] = set()  # the decisions that were made here

    def add(self, example: CaseExample) -> None:
        """Learn a case; how each model would have decided it counts for or against it."""
        self._learn(example, scored=True)

    def add_many(self, examples: Sequence[CaseExample]) -> None:
        """Learn many cases at once, in their order: the models are tried on some of them."""
        stride = max(1, len(examples) // SCORED_TOGETHER)
        growth = GROWN_TOGETHER if len(examples) > TOGETHER else GROWN
        for place, example in enumerate(examples):
            self._learn(example, scored=place % stride == 0, growth=growth)

    def judge(self, inputs: Mapping[str, JSON]) -> Judgement:
        """Say how a new case would be decided."""
        if not self._examples:
            return Judgement(outputs=None, raw=0.0, cases=0, reason="there is no case yet")
        self._grow(GROWN)
        fields = read(inputs)
        near = self._neighbours.nearest(fields, said := words(fields))
        answers = self._answers(fields)
        outputs: dict[str, JSON] = {}
        chosen: dict[str, int] = {}
        raw = 1.0
        for name, column in self._columns.items():
            mixed = _mixed(column, self._asked(column, near, said, answers))
            best = max(mixed, key=lambda class_: (mixed[class_], -class_))
            chosen[name] = best
            raw *= mixed[best]
            if column.values[best] is not None:
                outputs[name] = column.values[best]
        return self._told(outputs, chosen, raw, near, answers)

    # What these share

    def _learn(self, example: CaseExample, *, scored: bool, growth: float = GROWN) -> None:
        fields = read(example.inputs)
        said = words(fields)
        if scored and self._examples:
            self._grow(growth)
            near, answers = self._neighbours.nearest(fields, said), self._answers(fields)
            for name, column in self._columns.items():
                right = column.keys.get(_key(example.outputs.get(name)))
                losses = column.losses or {}
                for model, said_so in self._asked(column, near, said, answers).items():
                    given = said_so.get(right, 0.0) if right is not None else 0.0
                    losses[model] = FORGETTING * losses.get(model, 0.0) - math.log(max(given, SURPRISE))
                column.losses = losses
        place = len(self._examples)
        for name in {**example.outputs, **self._columns}:
            if name not in self._columns:
                column = _Column(name=name, values=[], keys={}, classes=[], words=WordEvidence())
                for earlier in range(place):
                    class_ = _class(column, None)
                    column.classes.append(class_)
                    column.words.add(words(self._fields[earlier]), class_, self._examples[earlier].weight)
                self._columns[name] = column
            column = self._columns[name]
            class_ = _class(column, example.outputs.get(name))
            column.classes.append(class_)
            column.words.add(said, class_, example.weight)
        if example.own:
            self._own.add(_key({name: value for name, value in example.outputs.items() if value is not None}))
        self._examples.append(example)
        self._fields.append(fields)
        self._neighbours.add(fields, said)

    def _asked(
        self, column: _Column, near: Sequence[tuple[int, float]], said: frozenset[str], answers: Array | None
    ) -> dict[str, dict[int, float]]:
        """Return what each model says of one output: the probability of each decision."""
        found = {"words": column.words.probabilities(said)}
        by_case: dict[int, float] = {}
        for place, weight in near:
            class_ = column.classes[place]
            by_case[class_] = by_case.get(class_, 0.0) + weight * self._examples[place].weight
        if by_case:
            whole = sum(by_case.values())
            found["neighbours"] = {class_: each / whole for class_, each in by_case.items()}
        if column.forest is not None and answers is not None:
            found["trees"] = dict(enumerate(column.forest.probabilities(answers).tolist()))
        return found

    def _answers(self, fields: Fields) -> Array | None:
        if not self._questions:
            return None
        import numpy as np

        return np.array([question.answer(fields) for question in self._questions])

    def _grow(self, growth: float) -> None:
        """Grow the trees anew where the cases have become so many more."""
        count = len(self._examples)
        if count < LEAST_GROWN or (self._grown_at and count < max(self._grown_at + 1, self._grown_at * growth)):
            return
        import numpy as np

        self._grown_at = count
        self._questions = questions(self._fields)
        rows = np.array([[question.answer(fields) for question in self._questions] for fields in self._fields])
        weights = np.array([example.weight for example in self._examples])
        for column in self._columns.values():
            column.forest = None
            if len(column.values) > 1 and count * len(column.values) <= MOST_CELLS and self._questions:
                classes = np.zeros((count, len(column.values)))
                classes[np.arange(count), column.classes] = weights
                column.forest = Forest(rows, classes, seed=count)

    def _told(
        self,
        outputs: Mapping[str, JSON],
        chosen: Mapping[str, int],
        raw: float,
        near: Sequence[tuple[int, float]],
        answers: Array | None,
    ) -> Judgement:
        """Return the judgement with what it rests on: the nearest cases that were decided so, and the plainest rule."""
        agreeing = [
            place
            for place, _ in near
            if all(self._columns[name].classes[place] == each for name, each in chosen.items())
        ]
        rests_on = tuple(self._examples[place].id for place in agreeing[:NAMED_CASES])
        told = [f"{len(agreeing)} of the {len(near)} nearest of {len(self._examples)} cases were decided so"]
        rule = self._rule(chosen, answers)
        if rule:
            told.append(rule)
        return Judgement(
            outputs=outputs,
            raw=raw,
            cases=len(self._examples),
            reason="; ".join(told),
            rests_on=rests_on,
            own=_key(dict(outputs)) in self._own,
        )

    def _rule(self, chosen: Mapping[str, int], answers: Array | None) -> str:
        """Return the plainest rule behind the decision that most depends on the case, in words."""
        deciding = max(self._columns.values(), key=lambda column: len(column.values))
        if answers is None or deciding.forest is None:
            return ""
        rule: TreeRule | None = deciding.forest.rule(
            answers, chosen[deciding.name], [question.reading_cost for question in self._questions]
        )
        if rule is None or not 0 < len(rule.steps) <= RULE_STEPS:
            return ""
        steps = " and ".join(self._questions[asked].told(threshold, below) for asked, threshold, below in rule.steps)
        return f"{rule.agreeing} of {rule.cases} cases where {steps}"


def _mixed(column: _Column, asked: Mapping[str, Mapping[int, float]]) -> dict[int, float]:
    """Return the models' mixture, each weighted by how well it foretold the cases until now."""
    losses = column.losses or {}
    least = min((losses.get(model, 0.0) for model in asked), default=0.0)
    weights = {model: math.exp(least - losses.get(model, 0.0)) for model in asked}
    whole = sum(weights.values())
    mixed: dict[int, float] = dict.fromkeys(range(len(column.values)), 0.0)
    for model, said in asked.items():
        for class_, probability in said.items():
            mixed[class_] += weights[model] / whole * probability
    return mixed


def _class(column: _Column, value: JSON) -> int:
    key = _key(value)
    if key not in column.keys:
        column.keys[key] = len(column.values)
        column.values.append(value)
    return column.keys[key]


def _key(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def learned(examples: Iterable[CaseExample]) -> Learner:
    """Return a learner of these cases, in their order."""
    learner = Learner()
    learner.add_many(list(examples))
    return learner
