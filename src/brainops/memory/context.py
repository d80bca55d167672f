"""What do the verbs of memory stand on? A store, a redaction policy, a model, and who is speaking."""

from __future__ import annotations

from dataclasses import dataclass

from brainops.memory.meaning import Meaning
from brainops.memory.redact import RedactionPolicy
from brainops.store import Store
from brainops.types import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryContext:
    """Everything that a verb needs; it holds and does nothing."""

    store: Store
    redaction: RedactionPolicy
    meaning: Meaning
    actor: Actor
