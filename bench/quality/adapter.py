"""The product behind the contract of the development scripts: its public interface, nothing else."""

from __future__ import annotations

import os
from typing import Any

from brainops import Brain, Source


class Product:
    """One fresh memory; BRAINOPS_BENCH_MODEL=none measures search by words alone."""

    def __init__(self) -> None:
        model = os.environ.get("BRAINOPS_BENCH_MODEL")
        self.brain = Brain.open(":memory:", namespace="bench", model=model, background=False)
        self.ids: dict[str, str] = {}
        self.waiting = False

    def add(self, id: str, text: str, meta: dict[str, Any]) -> None:
        if not text.strip():
            return  # two texts of Cranfield are empty; nobody can ask for them
        first_line = text.strip().split("\n", 1)[0]
        source = Source(session_id=meta.get("session"))
        captured = self.brain.capture(first_line[:200], text, source=source)
        self.ids.setdefault(captured.id, str(id))
        self.waiting = True

    def scored(self, query: str, k: int) -> list[tuple[str, float]]:
        if self.waiting:
            self.brain.upkeep.embed_pending()
            self.waiting = False
        return [(self.ids[hit.memory.id], hit.confidence) for hit in self.brain.retrieve(query, limit=k)]

    def search(self, query: str, k: int) -> list[str]:
        return [id for id, _ in self.scored(query, k)]
