"""What is an executor of a step given, and what may it answer?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.store import Transaction
from brainops.types import JSON, Action, Actor, Micros, StepKind


class StepWork(Struct, frozen=True, kw_only=True):
    """One attempt at an action. `action.parameters` are filled in; `secrets` are resolved values, never to be stored.

    `idempotency_key` is the same at every attempt. `cancelled` is asked now and then by what takes long. `values` are
    what a condition among the parameters may read; `template` is the action before it was filled in.
    """

    run_id: str
    step_id: str
    action: Action
    idempotency_key: str
    attempt: int
    timeout_seconds: float | None
    secrets: Mapping[str, str]
    actor: Actor
    target: str | None
    context: MemoryContext
    cancelled: Callable[[], bool]
    values: Mapping[str, Any] = {}
    template: Action | None = None


class StepDone(Struct, frozen=True, kw_only=True):
    """The action did its work; `output` is small JSON that later steps read, `evidence` what shows it."""

    output: JSON = None
    evidence: JSON = None


class StepWrite(Struct, frozen=True, kw_only=True):
    """The action is a write to our own database: done in the transaction that completes the step, so exactly once."""

    write: Callable[[Transaction], JSON]


class StepWaits(Struct, frozen=True, kw_only=True):
    """The action goes on later: on an answer, a time, or another run. Nothing is held meanwhile."""

    waits_for: str
    wake_at: Micros | None = None
    detail: JSON = None


StepResult = StepDone | StepWrite | StepWaits


class Executor(Protocol):
    """Does one kind of step. Raises StepFailed; `retryable=False` where trying again cannot help."""

    def __call__(self, work: StepWork) -> StepResult:
        """Do the action once and answer."""
        ...


Executors = Mapping[StepKind, Executor]


class Limits(Struct, frozen=True, kw_only=True):
    """What a namespace lets its steps do; None in `commands` or `hosts` allows none, ("*",) any.

    A command is a program's name or path, with its first arguments where only those are meant: "git", "systemctl
    restart". A host is "api.example.com", "*.example.com" or "localhost:8080". `variables` are names that a step may
    set, `plain` the commands that take every further word as data.
    """

    commands: tuple[str, ...] | None = None
    hosts: tuple[str, ...] | None = None
    shell: bool = False
    variables: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    timeout_seconds: float = 600.0
    output_bytes: int = 65_536
    memory_bytes: int | None = None
    environment: tuple[str, ...] = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
