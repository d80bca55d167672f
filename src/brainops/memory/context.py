"""What do the verbs of memory stand on? A store, a redaction policy, a model, who is speaking, and what is at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from brainops.memory.meaning import Meaning
from brainops.store import Store
from brainops.types import Actor, Draft, Source
from brainops.types.limits import MAX_TEXT_CHARACTERS

if TYPE_CHECKING:
    from brainops.memory.redaction.policy import RedactionPolicy

T = TypeVar("T")


class AtHand:
    """What those who work with one thing keep at hand together: one object of each class, made when first asked for."""

    def __init__(self) -> None:
        self._kept: dict[type, Any] = {}

    def of(self, kind: type[T]) -> T:
        """Return the one object of a class."""
        found: T | None = self._kept.get(kind)
        return self._kept.setdefault(kind, kind()) if found is None else found

    def close(self) -> None:
        """Close what can be closed."""
        for each in list(self._kept.values()):
            if hasattr(each, "close"):
                each.close()


class MemoryContext(Struct, frozen=True, kw_only=True):
    """Everything that a verb needs; it holds, and says how a text is kept.

    `due` is told of fixes that are due for an error that is being recorded, before that is durable. `here` is what all
    that work with the same namespaces keep at hand, `process` what all of the process do; who asks is not in either.
    """

    store: Store
    redaction: RedactionPolicy
    meaning: Meaning
    actor: Actor
    due: Callable[[Sequence[str]], object] = lambda ids: None  # nobody applies what is due in this process
    here: AtHand = field(default_factory=AtHand)
    process: AtHand = field(default_factory=AtHand)

    def text(self, said: object, most: int = MAX_TEXT_CHARACTERS) -> str:
        """Return what somebody said as it may be kept: without secrets, and at most so many characters of it."""
        from brainops_core.redaction.redact import safe_text

        return safe_text(str(said).strip(), self.redaction, most)

    def own(self, draft: Draft) -> Draft:
        """Return a draft as this actor may say it: who came over the network is the one who says it."""
        if not self.actor.remote:
            return draft
        return replace(draft, source=replace(draft.source or Source(), actor=self.actor))

    def name(self, said: str) -> str:
        """Return an id, key, path or other name without secrets; what held one stays apart from every other."""
        from brainops_core.redaction.redact import clean, redact_name

        return redact_name(clean(said), self.redaction)
