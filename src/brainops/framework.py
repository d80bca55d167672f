"""Which names did the founding document give, and what does each call? Async and thin: the library does the work.

`PersistentMemoryFramework` and `memory_integration` cover memory, procedures and operations,
`MemoryAwareAIOrchestrator` agents and workflows, and `initialize_claudeos_session` opens a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from brainops.brain import Brain
from brainops.types import (
    JSON,
    Briefing,
    Captured,
    Evidence,
    Execution,
    Guidance,
    Hit,
    MemoryType,
    ProcedureVersion,
    Run,
    Workflow,
)
from brainops.wire import plain

__all__ = [
    "MemoryAwareAIOrchestrator",
    "MemoryIntegration",
    "MemoryType",
    "PersistentMemoryFramework",
    "initialize_claudeos_session",
    "memory_integration",
]


class OpenedBrain:
    """An async context manager over a Brain, which it opens and closes."""

    def __init__(self, store: str | None = None, **options: Any) -> None:
        self._store = store
        self._options = options
        self._brain: Brain | None = None

    @property
    def brain(self) -> Brain:
        """The Brain behind this; opened by `async with`."""
        if self._brain is None:
            raise RuntimeError(f"use it as `async with {type(self).__name__}() as opened:`")
        return self._brain

    async def __aenter__(self) -> Self:
        self._brain = await asyncio.to_thread(Brain.open, self._store, **self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.brain.close)
        self._brain = None


class PersistentMemoryFramework(OpenedBrain):
    """The founding face of memory: an async context manager over a Brain."""

    async def capture_knowledge(
        self,
        title: str,
        content: JSON,
        memory_type: MemoryType | str = MemoryType.LEARNING_INSIGHT,
        tags: Iterable[str] = (),
        importance: float = 0.5,
        metadata: Mapping[str, JSON] | None = None,
    ) -> Captured:
        """Store any information with its context; it is durable when this returns."""
        return await asyncio.to_thread(
            self.brain.capture,
            title,
            content,
            type=memory_type,
            tags=tags,
            importance=importance,
            metadata=metadata,
        )

    async def retrieve_knowledge(
        self,
        query: str = "",
        memory_type: MemoryType | str | None = None,
        tags: Iterable[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """Query by type, tags or content."""
        types = () if memory_type is None else (memory_type,)
        return await asyncio.to_thread(self.brain.retrieve, query, limit=limit, types=types, tags=tuple(tags))

    async def establish_procedure(
        self,
        name: str,
        steps: Iterable[str | Mapping[str, JSON]] = (),
        description: str = "",
        mode: str = "advisory",
        **definition: Any,
    ) -> ProcedureVersion:
        """Create a procedure that holds from now on; a step is a mapping, or a sentence for whoever follows it."""
        written = [{"name": step[:80], "text": step} if isinstance(step, str) else dict(step) for step in steps]
        whole = {"name": name, "description": description, "mode": mode, "steps": written, **definition}
        return await asyncio.to_thread(self.brain.establish, whole, reason="established")

    async def execute_procedure(self, name: str, context: Mapping[str, Any] | None = None) -> Run:
        """Run a procedure step by step until it ends, or waits for a person or an agent."""
        return await asyncio.to_thread(self.brain.execute, name, context)

    async def learn_from_execution(self, procedure: str) -> Captured:
        """Keep what the runs of a procedure teach as an insight."""
        return await asyncio.to_thread(self.brain.learn, procedure)

    async def get_contextual_guidance(self, task: str, context: Mapping[str, Any] | None = None) -> Guidance:
        """Say what memory knows about a task; `guidance['confidence']` and `guidance['primary_recommendation']`."""
        return await asyncio.to_thread(self.brain.guidance, task, context=context)


class MemoryAwareAIOrchestrator(OpenedBrain):
    """The founding face of agents and workflows: an async context manager over a Brain."""

    async def execute_with_memory(
        self, task: str, context: Mapping[str, Any] | None = None, **options: Any
    ) -> Execution:
        """Have a task carried out by the agent that has done best, with what memory knows.

        The result reads like the mapping that its JSON is: `result["state"]`, `result["outcome"]`; without a capable
        agent the state is `waiting`, with a plan for a person. The options are those of `Agents.execute`.
        """
        given = dict(context or {})
        options.setdefault("target", str(given["target"]) if given.get("target") else None)
        return await asyncio.to_thread(self.brain.agents.execute, task, context=given, **options)

    async def create_intelligent_workflow(
        self, goal: str, constraints: Mapping[str, Any] | None = None, **options: Any
    ) -> Workflow:
        """Make a plan for a goal from what is known, run it and learn from it; the options are those of `create`."""
        return await asyncio.to_thread(self.brain.workflows.create, goal, constraints, **options)


class MemoryIntegration:
    """Stands around anything a backend does; the default memory is opened when it is first used."""

    def __init__(self, brain: Brain | None = None) -> None:
        self._brain = brain

    async def before_operation(self, operation: str, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Consult memory and begin the operation; hand what this returns to `after_operation`."""
        return await asyncio.to_thread(self._before, operation, context)

    async def after_operation(
        self,
        operation: str,
        result: Any = None,
        success: bool = True,
        context: Mapping[str, Any] | None = None,
        error: BaseException | str | None = None,
    ) -> None:
        """End the operation that `context` was returned for; without one it is recorded whole. Twice counts once."""
        await asyncio.to_thread(self._after, operation, result, success, context, error)

    def _opened(self) -> Brain:
        if self._brain is None:
            self._brain = Brain.open()
        return self._brain

    def _before(self, operation: str, context: Mapping[str, Any] | None) -> dict[str, Any]:
        running = self._opened().begin(operation, context=context)
        guidance = plain(running.guidance)
        return {"operation_id": running.id, "guidance": guidance, "context": dict(context or {})}

    def _after(
        self,
        operation: str,
        result: Any,
        success: bool,
        context: Mapping[str, Any] | None,
        error: BaseException | str | None,
    ) -> None:
        brain = self._opened()
        known = (context or {}).get("operation_id")
        running = brain.resume(str(known)) if known else None
        if running is None:
            running = brain.begin(operation, context=context, consult="never")
        if success and error is None:
            running.succeed(result, evidence=Evidence.CLAIMED)
        else:
            running.note(result=result)
            running.fail(error if error is not None else _said(result, operation), evidence=Evidence.CLAIMED)


def _said(result: Any, operation: str) -> str:
    if isinstance(result, Mapping) and isinstance(result.get("error"), str):
        return str(result["error"])
    return result if isinstance(result, str) and result else f"{operation} failed"


memory_integration = MemoryIntegration()
"""The one that backends import: it opens the default memory when it is first used."""


async def initialize_claudeos_session(
    brain: Brain | None = None, *, agent: str | None = None, display: bool = True
) -> Briefing:
    """Open a session in the founding order and return it: `session["system_status"]`, `session["memory_context"]`.

    Without a `brain` it is that of `memory_integration`, whose loops go on in this process from then on. With `display`
    the summary is printed.
    """
    opened = brain if brain is not None else await asyncio.to_thread(memory_integration._opened)
    session = await asyncio.to_thread(opened.sessions.open, agent=agent)
    if display:
        print(session.text)
    return session
