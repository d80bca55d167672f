"""The product's decided cases behind the contracts of the development scripts: its public interface, nothing else.

python sop_amazon.py data/sop_bench_amazon --runner bench.cases.adapters:Decider
python stream_finer.py data/finer/val.jsonl --adapter bench.cases.adapters:Tagger
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops import Brain


class Decider:
    """A written procedure's decisions, learned from the cases before; it must answer, so that it never abstains."""

    def start(self, sop: str, specs: object) -> None:
        self.brain = Brain.open(":memory:", namespace="bench", model="none", background=False)

    def decide(self, inputs: Mapping[str, Any], tools: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self.brain.cases.decide("sop", {**inputs, **tools}, confidence=0.0).outputs or {})

    def learn(self, inputs: Mapping[str, Any], tools: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        self.brain.cases.learn("sop", {**inputs, **tools}, outputs)


class Tagger:
    """A tag decided from a text; what is returned is the newest case of that tag."""

    def __init__(self) -> None:
        self.brain = Brain.open(":memory:", namespace="bench", model="none", background=False)
        self.newest: dict[str, str] = {}

    def add(self, id: str, text: str, meta: Mapping[str, Any]) -> None:
        self.brain.cases.learn("tag", {"text": text}, {"tag": meta["tag"]})
        self.newest[meta["tag"]] = id

    def scored(self, query: str, k: int) -> list[tuple[str, float]]:
        decided = self.brain.cases.decide("tag", {"text": query}, confidence=0.0)
        return [(self.newest[decided.outputs["tag"]], decided.probability)] if decided.outputs else []
