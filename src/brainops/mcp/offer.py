"""Which view do the tools call? An agent's, never a person's; of a memory that is opened when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from brainops.errors import BrainOpsError

if TYPE_CHECKING:
    from brainops.brain import Brain

WARM_AFTER_SECONDS = 0.05  # so that the answer is out
NO_TAG = "brainops:none"  # which nothing has
AGENT = "mcp"  # of whom nothing is known but that they came over this protocol


class Offers(Protocol):
    """What lends a view to a call, and is told when none comes any more.

    With `dialog` the client's own may answer for the person at it, where the namespace accepts that.
    """

    @property
    def dialog(self) -> bool:
        """Whether it may."""

    def view(self, *, reads: bool) -> Brain:
        """Return the agent's view, for a call that only `reads` or for any other. Raises BrainOpsError, Trouble."""

    def answered(self) -> None:
        """Hear that a call is being answered."""

    def close(self) -> None:
        """Let go of what was opened for it."""


class Offer:
    """A memory for the one agent at the other end. Safe to share between threads."""

    dialog = True

    def __init__(self, opens: Callable[[], Brain]) -> None:
        self._opens = opens
        self._opening = threading.Lock()
        self._brain: Brain | None = None
        self._warms = True

    def view(self, *, reads: bool) -> Brain:
        """Return the agent's view. Raises BrainOpsError where the memory cannot be opened."""
        with self._opening:
            if self._brain is None:
                self._brain = self._opens()
            return as_agent(self._brain, AGENT)

    def answered(self) -> None:
        """Load the model in the background once the first call is answered, so that no recall waits for it."""
        if self._warms:
            self._warms = False
            later = threading.Timer(WARM_AFTER_SECONDS, self._warm)
            later.daemon = True
            later.start()

    def _warm(self) -> None:
        with self._opening:
            brain = self._brain
        if brain is not None and brain.settings.model != "none":
            with suppress(BrainOpsError):  # who asks next is told
                brain.retrieve("a question", limit=1, tags=(NO_TAG,))  # whose vector takes the model; nothing is found

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
