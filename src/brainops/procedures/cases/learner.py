"""What do decided cases say of a new one? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from brainops.procedures.cases.features import flat
from brainops.types import JSON

NAMED_CASES = 3  # that a decision rests on and its reason names


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case to learn from. What is not `own` came from outside: it counts less, and alone it decides nothing."""

    id: str
    inputs: Mapping[str, JSON]
    outputs: Mapping[str, JSON]
    weight: float = 1.0
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the cases say, before calibration: `raw` is a probability that the model itself believes in."""

    outputs: Mapping[str, JSON] | None
    raw: float
    cases: int
    reason: str
    rests_on: tuple[str, ...] = field(default=())
    own: bool = True


class Learner:
    """Learns one case after the other; the same cases in the same order give the same learner."""

    def __init__(self) -> None:
        self._examples: list[Example] = []
        self._flat: list[dict[str, str]] = []

    def add(self, example: Example) -> None:
        """Learn a case."""
        self._examples.append(example)
        self._flat.append(flat(example.inputs))

    def judge(self, inputs: Mapping[str, JSON]) -> Judgement:
        """Say how a new case would be decided."""
        if not self._examples:
            return Judgement(outputs=None, raw=0.0, cases=0, reason="there is no case yet")
        asked = flat(inputs)
        scored = [
            (sum(known.get(name) == value for name, value in asked.items()), place)
            for place, known in enumerate(self._flat)
        ]
        nearest = [self._examples[place] for _, place in sorted(scored, reverse=True)[:NAMED_CASES]]
        first = nearest[0]
        same = [each for each in nearest if each.outputs == first.outputs]
        raw = (sum(each.weight for each in same) + 0.5) / (sum(each.weight for each in nearest) + 1.0)
        return Judgement(
            outputs=first.outputs,
            raw=raw,
            cases=len(self._examples),
            reason=f"like {len(same)} of the {len(nearest)} nearest cases",
            rests_on=tuple(each.id for each in same),
            own=any(each.own for each in same),
        )
