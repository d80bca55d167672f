"""Which view do the tools call? An agent's, never a person's, of a memory that is opened when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brainops.brain import Brain

AGENT = "mcp"  # of whom nothing is known but that they came over this protocol


class Offer:
    """A memory for the one agent at the other end. Safe to share between threads."""

    def __init__(self, opens: Callable[[], Brain]) -> None:
        self._opens = opens
        self._opening = threading.Lock()
        self._brain: Brain | None = None

    def view(self) -> Brain:
        """Return the agent's view. Raises BrainOpsError where the memory cannot be opened."""
        from brainops.types import Actor, ActorKind

        with self._opening:
            if self._brain is None:
                self._brain = self._opens()
            brain = self._brain
        if brain.settings.actor.kind is ActorKind.AGENT:
            return brain
        return brain.acting(actor=Actor(kind=ActorKind.AGENT, id=AGENT))

    def close(self) -> None:
        """Write what waits, and let go of the memory."""
        with self._opening:
            if self._brain is not None:
                self._brain.close()
                self._brain = None
