"""The product's own trigger decision behind the contract of the development scripts."""

from __future__ import annotations

import os
import re
from typing import Any

from brainops import Brain


class Decider:
    """A fresh memory with one active procedure a label, whose intents are the label's phrases."""

    def __init__(self) -> None:
        model = os.environ.get("BRAINOPS_BENCH_MODEL")
        self.brain = Brain.open(":memory:", namespace="bench", model=model, background=False)
        self.phrases: dict[str, list[str]] = {}
        self.labels: dict[str | None, str | None] = {None: None}

    def add(self, id: str, text: str, meta: dict[str, Any]) -> None:
        self.phrases.setdefault(meta["intent"], []).append(text)

    def classify(self, query: str) -> tuple[str | None, float]:
        if self.phrases:
            self._establish()
        decided = self.brain.triggers.classify(query)
        return self.labels[decided.procedure], decided.confidence

    def _establish(self) -> None:
        for label, phrases in self.phrases.items():
            name = re.sub("[^a-z0-9]+", "-", label.lower()).strip("-")
            self.labels[name] = label
            step = {"id": "do", "uses": "manual", "with": {"text": label}}
            self.brain.procedures.save({"name": name, "on": {"intents": phrases}, "steps": [step]})
            self.brain.procedures.activate(name)
        self.phrases = {}
