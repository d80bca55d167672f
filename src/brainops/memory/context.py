"""What do the verbs of memory stand on? A store, a redaction policy, a model, and who is speaking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brainops.memory.meaning import Meaning
from brainops.memory.redaction.redact import RedactionPolicy
from brainops.store import Store
from brainops.types import Actor


def _nobody(application_ids: Sequence[str]) -> None:
    """Nobody applies what is due in this process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryContext:
    """Everything that a verb needs; it holds and does nothing.

    `due` is told of fixes that are due for an error that is being recorded, before that is durable.
    """

    store: Store
    redaction: RedactionPolicy
    meaning: Meaning
    actor: Actor
    due: Callable[[Sequence[str]], object] = _nobody
