"""What is an adapter given besides the agent and the task, and what may it answer?"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Protocol

from msgspec import Struct

from brainops.agents.language.language import Language
from brainops.errors import Conflict, InvalidInput
from brainops.memory.context import MemoryContext
from brainops.types import Agent, Outcome, Task

Cancelled = Callable[[], bool]
"""Asked now and then by what takes long: whether nobody waits for the answer any longer."""

AgentFunction = Callable[..., Any]
"""Takes the task, and `cancelled` where it was registered so; returns JSON, an outcome, or an awaitable of either."""


class Callables:
    """The Python functions that are agents in this process. Only what the program registered can be one."""

    def __init__(self) -> None:
        self._functions: dict[str, tuple[AgentFunction, bool]] = {}
        self._lock = Lock()

    def register(self, name: str, function: AgentFunction, *, cancellable: bool = False) -> None:
        """Let agents name a function of their task; one that is `cancellable` is called with (task, cancelled).

        Raises InvalidInput, and Conflict for a name that stands for another function.
        """
        if not isinstance(name, str) or not name.strip():
            raise InvalidInput("a function is registered under a name, such as triage")
        if not callable(function):
            raise InvalidInput(f"{name} is registered with a function of its task, not {type(function).__name__}")
        with self._lock:
            if self._functions.setdefault(name, (function, cancellable)) != (function, cancellable):
                raise Conflict(f"a function is registered as {name} already; choose another name")

    def names(self) -> tuple[str, ...]:
        """Return the registered names in order."""
        return tuple(sorted(self._functions))

    def get(self, name: str) -> tuple[AgentFunction, bool] | None:
        """Return a function and whether it takes `cancelled`; None where this process has none of that name."""
        return self._functions.get(name)


class AdapterPort(Struct, frozen=True, kw_only=True):
    """What an adapter stands on: the functions of this process, what the namespace allows, who pays for language.

    What may be run and reached, and what is redacted, are those of `context`. `cancelled` must answer at once: it is
    asked ten times a second.
    """

    context: MemoryContext
    callables: Callables
    language: Language
    cancelled: Cancelled = lambda: False


class Adapter(Protocol):
    """Carries out a task by one kind of agent. What it raises is the attempt's failure."""

    def __call__(self, agent: Agent, task: Task, port: AdapterPort) -> Outcome:
        """Do the task once and say how it ended."""
        ...
