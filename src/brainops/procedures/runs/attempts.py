"""Who carries out an attempt at a step, and what did it come to? Threads that are used again and hold nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from queue import SimpleQueue
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from brainops.errors import BrainOpsError, StepFailed
from brainops.memory.recognition.error_events import from_exception
from brainops.procedures.consent.limits import check_command, limits_of
from brainops.procedures.runs.admission import Admission
from brainops.procedures.runs.run_values import MAX_ERROR_CHARACTERS
from brainops.procedures.steps.executor import Executor, StepDone, StepResult, StepWork
from brainops.procedures.steps.secret_refs import mask, resolve
from brainops.types import JSON, Action, ErrorEvent, ProcedureVersion, Step

GRACE_SECONDS = 5.0  # beyond a step's time-out, for an executor that ends its work itself and says why


class Failure(Struct, frozen=True, kw_only=True):
    """How an attempt failed: as it is stored, what went wrong, and whether another attempt could help.

    `event` is None where BrainOps itself says so, in words that are the same for any step. `known`: it is a memory
    already, since a part of the step ended in it.
    """

    message: str
    event: ErrorEvent | None
    known: bool = False
    retryable: bool = True
    retry_after_seconds: float | None = None


class BeginsRun(Struct, frozen=True, kw_only=True):
    """The step is another procedure's run: this version of it, with these inputs, on this target."""

    version: ProcedureVersion
    inputs: Mapping[str, JSON]
    target: str | None


class Asked(Struct, frozen=True, kw_only=True):
    """Nothing was done yet: the guard was asked, and what it said is to be written down first."""

    attempt: StepAttempt
    admission: Admission


Answer = StepResult | BeginsRun | Asked


class Heard(Struct, frozen=True, kw_only=True):
    """What an attempt came to. `number` and `stage` say which attempt, so that none is heard twice."""

    step_id: str
    role: str
    number: int
    stage: str
    answer: Answer | Failure
    conceal: Callable[[Any], Any] = lambda value: value


class StepAttempt(Struct, kw_only=True):
    """One attempt under way. A step with secrets has `template` filled in from `values` and them, where it is done.

    `ask` asks the guard first; None where nobody is to be asked, or was.
    """

    step: Step
    role: Literal["do", "undo"]
    number: int
    stage: Literal["act", "verify"]
    work: StepWork
    template: Action
    references: Mapping[str, str]
    values: Mapping[str, Any]
    executor: Callable[[StepWork], Answer] | Executor | None
    ask: Callable[[], Admission] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    deadline: float = 0.0

    def heard(self, answer: Answer | Failure, conceal: Callable[[Any], Any] = lambda value: value) -> Heard:
        """Return what this attempt came to."""
        return Heard(
            step_id=self.step.id, role=self.role, number=self.number, stage=self.stage, answer=answer, conceal=conceal
        )

    def carry_out(self) -> Heard:
        """Do it and return what it came to; whatever goes wrong is its failure."""
        from brainops.procedures.conditions.templates import fill

        secrets: dict[str, str] = {}
        try:
            if self.ask is not None and not (admission := self.ask()).silent:
                return self.heard(Asked(attempt=self, admission=admission))
            if self.references:
                allowed = partial(check_command, limits_of(self.work.context))
                secrets.update({name: resolve(reference, allowed) for name, reference in self.references.items()})
            if self.executor is None:
                raise StepFailed(
                    f"nothing here can do a step of the kind {self.work.action.uses.value}; "
                    "run `brainops worker` where it is installed",
                    kind="NoExecutor",
                    retryable=False,
                )
            action = self.work.action
            if secrets:
                filled = fill(dict(self.template.parameters), {**self.values, "secrets": secrets})
                assert isinstance(filled, dict)
                action = replace(action, parameters=filled)
            answer = self.executor(
                replace(self.work, action=action, secrets=secrets, values=self.values, template=self.template)
            )
            if isinstance(answer, StepDone):
                answer = StepDone(output=mask(answer.output, secrets), evidence=mask(answer.evidence, secrets))
            return self.heard(answer, lambda value: mask(value, secrets))
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- it is kept as the step's failure
            return self.heard(failure_of(error, lambda text: str(mask(text, secrets))))


def failure_of(error: BaseException, conceal: Callable[[str], str] = lambda text: text) -> Failure:
    """Return an error as the failure of an attempt, without secrets."""
    message = conceal(str(error) or type(error).__name__)[:MAX_ERROR_CHARACTERS]
    if isinstance(error, StepFailed):
        event = None if error.kind else ErrorEvent(message=message)
        if isinstance(error.event, ErrorEvent):
            event = error.event
        if event is not None:
            event = replace(event, message=conceal(event.message))
        after = error.retry_after_seconds
        return Failure(
            message=message, event=event, known=error.known, retryable=error.retryable, retry_after_seconds=after
        )
    if isinstance(error, BrainOpsError):
        return Failure(message=message, event=None)
    event = replace(from_exception(error), message=message)
    return Failure(message=f"{type(error).__name__}: {message}", event=event)


class Threads:
    """Daemon threads, made as needed and kept; anew after a fork. Who hands in work bounds how much.

    They are kept because each holds a connection to the store once it used it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin_process()

    def _begin_process(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._idle = 0

    def submit(self, task: Callable[[], object]) -> None:
        """Do something in a thread; the task answers for its own errors."""
        if self._process != os.getpid():
            self._begin_process()
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
                self._tasks.put(task)
                return
        threading.Thread(target=self._work, args=(task,), name=self._name, daemon=True).start()

    def _work(self, task: Callable[[], object]) -> None:
        tasks, lock = self._tasks, self._lock
        while True:
            task()
            with lock:
                self._idle += 1
            task = tasks.get()


def deadline_of(timeout_seconds: float) -> float:
    """Return when an attempt that begins now is given up, on the monotonic clock."""
    return time.monotonic() + timeout_seconds + GRACE_SECONDS
