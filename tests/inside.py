"""What is inside a Brain? The one place where tests reach into its private parts, which may move without the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brainops.agents.language.model import LanguageModels
from brainops.brain import Brain
from brainops.engine import Engine
from brainops.learning.cycles.cycles import Parts
from brainops.memory.context import MemoryContext
from brainops.memory.uses import Uses
from brainops.operations.operation import OperationLog
from brainops.operations.recorder import Recorder
from brainops.procedures.runs.dispatcher import Dispatcher
from brainops.remote.call import Server
from brainops.remote.link import Link
from brainops.remote.narrowing import Narrowing
from brainops.remote.view import RemoteBrain
from brainops.services import Services
from brainops.store import Store
from brainops.types import Down


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The parts of a Brain that its users do not see."""

    engine: Engine
    services: Services
    store: Store
    context: MemoryContext
    recorder: Recorder
    uses: Uses
    dispatcher: Dispatcher | None


def inside(brain: Brain) -> Inside:
    """Return the parts of a Brain by name, as they are now; of one that a server answers for, the server's."""
    brain = held(brain)
    return Inside(
        engine=brain._engine,
        services=brain._services,
        store=brain._context.store,
        context=brain._context,
        recorder=brain._engine.recorder,
        uses=brain._engine.uses,
        dispatcher=brain._engine._dispatching(brain.settings.namespace) if brain._services.background else None,
    )


def held(brain: Brain) -> Brain:
    """Return the Brain that holds the store: of one that a server answers for, the server's."""
    found: Brain = getattr(getattr(brain, "_link", None), "served", brain)
    return found


def away(address: str, down: Down) -> Brain:
    """Return the view of a server that is not there."""
    return RemoteBrain(Link(Server(address, "boa_x")), Narrowing(), down=down)


def fetch_pack(brain: Brain) -> None:
    """Let what is kept of a server be what it says now."""
    assert isinstance(brain, RemoteBrain)
    brain._link.fetch(brain._pack)


def operations_of(brain: Brain) -> OperationLog:
    """Return what accompanies the operations of a Brain."""
    return brain._services.operations


def capture_under(brain: Brain, context: MemoryContext) -> None:
    """Let a Brain capture and operate under another context, as a program with other rules does."""
    brain = held(brain)
    brain._context = brain._services.operations._context = context


def learn_with(brain: Brain, sources: Sequence[Parts]) -> list[Parts]:
    """Let the cycles of a Brain ask these sources for their parts; return those that they asked before."""
    learning = held(brain)._services.learning
    before = learning._sources
    learning._sources = list(sources)
    return before


def reserve_tokens(brain: Brain, models: LanguageModels, prompt: str, max_tokens: int) -> None:
    """Set aside what a call of a language model may take, and never say what it took: as if killed."""
    held(brain)._services.language._reserve(models, prompt, "", max_tokens)
