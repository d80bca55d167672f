"""Which view do the tools call? An agent's, never a person's; of a memory that is opened when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from brainops.brain import Brain

AGENT = "mcp"  # of whom nothing is known but that they came over this protocol


class Offers(Protocol):
    """What lends a view to a call, and is told when none comes any more."""

    def view(self, *, reads: bool) -> Brain:
        """Return the agent's view, for a call that only `reads` or for any other. Raises BrainOpsError, Trouble."""

    def close(self) -> None:
        """Let go of what was opened for it."""


class Offer:
    """A memory for the one agent at the other end. Safe to share between threads."""

    def __init__(self, opens: Callable[[], Brain]) -> None:
        self._opens = opens
        self._opening = threading.Lock()
        self._brain: Brain | None = None

    def view(self, *, reads: bool) -> Brain:
        """Return the agent's view. Raises BrainOpsError where the memory cannot be opened."""
        with self._opening:
            if self._brain is None:
                self._brain = self._opens()
            return as_agent(self._brain, AGENT)

    def close(self) -> None:
        """Write what waits, and let go of the memory."""
        with self._opening:
            if self._brain is not None:
                self._brain.close()
                self._brain = None


def as_agent(brain: Brain, name: str) -> Brain:
    """Return the view of an agent of that name, or the one that is there where it is an agent's already.

    Who starts a client is a person, and who types into it is a model.
    """
    from brainops.types import Actor, ActorKind

    if brain.settings.actor.kind is ActorKind.AGENT:
        return brain
    return brain.acting(actor=Actor(kind=ActorKind.AGENT, id=name))
