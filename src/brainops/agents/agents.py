"""Which agents are there, and how is a task carried out by the one that has done best, with what memory knows?"""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta
from msgspec.structs import replace

from brainops.agents.adapters.adapter import AdapterPort
from brainops.agents.agent_steps import KNOWN, result_of
from brainops.agents.execution import MAX_ATTEMPTS, TaskRunner, Work
from brainops.agents.executions import Executions
from brainops.agents.lessons import Keeper
from brainops.agents.recovery import end_attempts, sweep
from brainops.agents.selection.candidates import consider, standing
from brainops.agents.selection.experience import Experience
from brainops.agents.selection.task_class import class_of, seed_of
from brainops.agents.watch import LOOK_SECONDS
from brainops.errors import Conflict, InvalidInput, LeaseLost, OutcomeUnknown
from brainops.operations import log as records
from brainops.operations.jsonable import MAX_TEXT_CHARACTERS
from brainops.procedures.runs.clock import LEASE
from brainops.procedures.steps.parameters import Parameters
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import AgentLearning, Execution, ExecutionState, OperationStart, Task
from brainops.types.times import TimeoutSeconds
from brainops.wire import from_plain
from brainops_core.redaction.redact import clean, safe_text

if TYPE_CHECKING:
    from brainops.agents.language.language import Language
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.operation import OperationLog
    from brainops.procedures.consent.outbox import Outbox
    from brainops.procedures.runs.runner import Runner
    from brainops.procedures.steps.executor import StepResult, StepWork
    from brainops.store.database import Row
    from brainops.types import JSON, Actor, Choice

MAX_CLASS_CHARACTERS = 200
Attempts = Annotated[int, Meta(ge=1, le=MAX_ATTEMPTS)]
DAY_SECONDS = 86_400.0  # an execution that names no time-out ends within a day; its attempts have their agents' own
LAPSED_AT_ONCE = 50  # of one sweep

log = logging.getLogger("brainops")

Told = Callable[[AgentLearning], object]


def nobody_stops() -> bool:
    """Say that nobody stops it."""
    return False


class _Subscribers:
    """Who is told of what agents teach, by namespace."""

    def __init__(self) -> None:
        self.by_namespace: defaultdict[str, list[Told]] = defaultdict(list)


class Agents(Executions):
    """The agents of a namespace, and the tasks that they carry out."""

    def __init__(
        self,
        context: MemoryContext,
        operations: OperationLog,
        guard: Guard,
        notices: Outbox,
        runs: Runner,
        language: Language,
        lasting: Callable[[], Agents] | None = None,
    ) -> None:
        super().__init__(context, guard, runs)
        self._lasting = lasting
        self._language = language
        self._subscribers = context.process.of(_Subscribers).by_namespace[context.store.scope.write]
        self._experience = context.here.of(Experience)
        self._executor = TaskRunner(
            context,
            self,
            self._experience,
            operations,
            guard,
            self._port,
            self._tell,
            Keeper(context=context, notices=notices),
        )

    def execute(
        self,
        task: str,
        *,
        context: Mapping[str, Any] | None = None,
        target: str | None = None,
        task_class: str | None = None,
        capabilities: Iterable[str] = (),
        agent: str | None = None,
        session: str | None = None,
        attempts: int = MAX_ATTEMPTS,
        timeout_seconds: float | None = None,
        run_id: str | None = None,
        step_id: str | None = None,
        idempotency_key: str | None = None,
        actor: Actor | None = None,
        stopped: Callable[[], bool] = nobody_stops,
    ) -> Execution:
        """Have a task carried out: memory and guard first, then the agent that has done best, then the next best.

        Returns once it has ended (succeeded, failed, refused, cancelled) or waits: for an approval, or with a plan
        where nobody capable could take it. `agent` is the only one that may; after so many `attempts` in vain it has
        failed; `timeout_seconds` is for the whole. The same `idempotency_key` is the same execution. `stopped` is asked
        ten times a second while an agent is at work.
        Raises InvalidInput, NotFound, StoreError; what an agent raises is its attempt's failure.
        """
        if agent is not None:
            self.get(agent)
        if timeout_seconds is not None:
            from_plain(TimeoutSeconds, timeout_seconds, "timeout_seconds")
        attempts = from_plain(Attempts, attempts, "attempts")
        asked = self._task(task, context, target, task_class, capabilities, session)
        names = (idempotency_key, run_id, step_id)
        idempotency_key, run_id, step_id = (self._context.name(each) if each else None for each in names)
        start = records.checked_start(
            self._context,
            OperationStart(name=task, target=target, context=asked.context, session_id=session),
        )
        kept = replace(
            asked,
            text=self._context.text(task, MAX_TEXT_CHARACTERS),
            target=start.target,
            context=start.context,
            session_id=start.session_id,
            idempotency_key=idempotency_key or "",
        )
        execution = Execution(
            id=asked.id,
            namespace=self._context.store.scope.write,
            task=kept,
            state=ExecutionState.RUNNING,
            run_id=run_id,
            step_id=step_id,
            created_at=self._context.store.now(),
            actor=actor or self._context.actor,
        )
        owner = new_id()
        wanted: dict[str, JSON] = {"agent": agent, "timeout": timeout_seconds, "attempts": attempts}
        wanted["capabilities"] = list(asked.capabilities)
        if idempotency_key and (known := self._again(idempotency_key, stopped)):
            return known
        try:
            with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
                began = tx.agents.insert(execution, wanted, owner, LEASE.until(execution.created_at))
        except OutcomeUnknown as error:
            raise OutcomeUnknown(str(error), idempotency_keys=(idempotency_key or execution.id,)) from error
        known = None if began else self._again(str(idempotency_key), stopped)
        return known or self._carry_out(execution, asked, owner, wanted, execution.created_at, stopped)

    def resume(self, execution_id: str, *, stopped: Callable[[], bool] = nobody_stops) -> Execution:
        """Try an execution again that waits or failed: an approval was given, or an agent is there now.

        Where it belongs to a run that waits for it, its success completes the step. Raises NotFound, Conflict.
        """
        with self._context.store.read() as tx:
            self._at_hand(tx, execution_id)
            row = tx.agents.row(execution_id)
        assert row is not None
        if row["state"] not in (ExecutionState.WAITING, ExecutionState.FAILED):
            raise Conflict(f"the execution {execution_id} is {row['state']}; one that waits or failed is tried again")
        ended = self._take_up(row, stopped)
        if ended.state is ExecutionState.SUCCEEDED:
            self._complete_step(ended)
        return ended

    def choose(
        self,
        task: str,
        *,
        task_class: str | None = None,
        capabilities: Iterable[str] = (),
        exclude: Sequence[str] = (),
    ) -> Choice | None:
        """Return who would be given a task and why, without giving it; None where nobody could take it."""
        named = self._class(from_plain(str, task, "a task"), task_class)
        needed, seed = _texts(capabilities), seed_of(clean(task), 0)
        with self._context.store.read() as tx:
            known = standing(tx, self.readable(tx), self._context.store.now())
            considered = consider(known, self.callables, task_class=named, needed=needed, tried=exclude)
            return self._experience.choose(tx, considered, task_class=named, text=task, seed=seed, tried=exclude)

    def recommend(self, start: OperationStart) -> Choice | None:
        """Return the agent that guidance names for an operation; None where there is none. A few milliseconds."""
        return self.choose(start.name)

    def subscribe(self, function: Told) -> Callable[[], None]:
        """Have a function told of everything that executions of this process teach; call what is returned to end it."""
        self._subscribers.append(function)

        def end() -> None:
            if function in self._subscribers:
                self._subscribers.remove(function)

        return end

    def step(self, work: StepWork) -> StepResult:
        """Do an agent step: `task`, and perhaps capabilities, agent, target, context, task-class.

        It waits where nobody capable could take it; a repeated attempt goes on with its execution. Raises StepFailed.
        """
        parameters = Parameters(work.action, KNOWN)
        receipt = {"receipt": parameters.any("receipt")} if parameters.has("receipt") else {}
        return result_of(
            self._again(work.idempotency_key, work.cancelled)
            or self.execute(
                parameters.text("task" if parameters.has("task") else "prompt"),
                context={**parameters.mapping("context"), **receipt},
                target=parameters.text("target") if parameters.has("target") else work.target,
                task_class=parameters.text("task-class", "") or None,
                capabilities=parameters.texts("capabilities"),
                agent=parameters.text("agent", "") or None,
                timeout_seconds=work.timeout_seconds,
                run_id=work.run_id,
                step_id=work.step_id,
                idempotency_key=work.idempotency_key,
                actor=work.actor,
                stopped=work.cancelled,
            )
        )

    def sweep(self) -> int:
        """Let go of what died with its process, or was answered in its run. Return how many those were."""
        return sweep(self._context)

    def _again(self, key: str, stopped: Callable[[], bool]) -> Execution | None:
        """Wait for whoever is at the execution of a key, or go on with it: after a death, a wait or a failure."""
        while True:
            with self._context.store.read() as tx:
                row = tx.agents.row_by_idempotency(key)
            if row is None:
                return None
            held = row["state"] == ExecutionState.RUNNING and LEASE.holds(row["lease_until"], self._context.store.now())
            ended = row["state"] not in (ExecutionState.RUNNING, ExecutionState.WAITING, ExecutionState.FAILED)
            if ended or (held and stopped()):
                return self.execution(row["id"])
            if held:
                time.sleep(LOOK_SECONDS)
                continue
            with suppress(Conflict):
                return self._take_up(row, stopped)

    def _take_up(self, row: Row, stopped: Callable[[], bool]) -> Execution:
        """Become its owner, end what died under the one before, and carry it out."""
        owner = new_id()
        with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
            now = self._context.store.now()
            if not tx.agents.take(row["id"], owner, now, LEASE.until(now)):
                raise Conflict(f"somebody else goes on with the execution {row['id']}")
            execution = end_attempts(tx, self._context, self._at_hand(tx, row["id"]))
            operation = tx.operations.get(execution.operation_id) if execution.operation_id else None
            if operation is None or operation.outcome is not None or row["approval_id"]:
                execution = replace(execution, operation_id=None)  # consulted anew: what was then is of then
        opened_at = row["opened_at"] if row["state"] == ExecutionState.RUNNING else now
        return self._carry_out(execution, execution.task, owner, json.loads(row["asked"]), opened_at, stopped)

    def _carry_out(
        self,
        execution: Execution,
        task: Task,
        owner: str,
        asked: Mapping[str, Any],
        opened_at: int,
        stopped: Callable[[], bool],
    ) -> Execution:
        if self._lasting is not None:  # it has begun in time, and its end is written whenever its agent is done
            return self._lasting()._carry_out(execution, task, owner, asked, opened_at, stopped)
        start = OperationStart(
            name=execution.task.text,
            target=execution.task.target,
            context=execution.task.context,
            actor=execution.actor,
            session_id=execution.task.session_id,
        )
        work = Work(
            execution=execution,
            task=task,
            owner=owner,
            start=self._guard.prepared(records.checked_start(self._context, start)),
            wanted=asked["agent"],
            most=asked.get("attempts", MAX_ATTEMPTS),
            deadline=time.monotonic() + (asked["timeout"] or DAY_SECONDS),
            opened_at=opened_at,
        )
        try:
            self._executor.carry_out(work, stopped)
        except LeaseLost:
            log.warning("somebody else goes on with the execution %s", execution.id)
        return self.execution(execution.id)

    def _task(
        self,
        text: str,
        context: Mapping[str, Any] | None,
        target: str | None,
        task_class: str | None,
        capabilities: Iterable[str],
        session: str | None,
    ) -> Task:
        if not isinstance(text, str) or not text.strip():
            raise InvalidInput(f"a task is text, for example 'write the release notes', not {text!r:.80}")
        if context is not None and not isinstance(context, Mapping):
            raise InvalidInput(f"a task's context is a mapping, not {type(context).__name__}")
        execution_id = new_id()
        return Task(
            id=execution_id,
            text=clean(text.strip())[:MAX_TEXT_CHARACTERS],
            task_class=self._class(text, task_class),
            target=target,
            context=dict(context or {}),
            capabilities=tuple(map(self._context.text, _texts(capabilities))),
            session_id=session,
            idempotency_key=execution_id,
        )

    def _class(self, text: str, task_class: str | None) -> str:
        said = self._context.text(task_class) if task_class else class_of(safe_text(text, self._context.redaction))
        return " ".join(said.split())[:MAX_CLASS_CHARACTERS] or "task"

    def _port(self, cancelled: Callable[[], bool]) -> AdapterPort:
        return AdapterPort(
            context=self._context, callables=self.callables, language=self._language, cancelled=cancelled
        )

    def _tell(self, learning: AgentLearning) -> None:
        for function in tuple(self._subscribers):  # one may end its subscription while it is told
            try:
                function(learning)
            except Exception:  # a subscriber that fails must not fail the task that taught something
                log.exception("a subscriber could not be told of what %s taught", learning.execution_id)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    listed = not isinstance(values, str) and isinstance(values, Iterable)
    texts = tuple(values) if listed else ()
    if not listed or not all(isinstance(each, str) for each in texts):
        raise InvalidInput("capabilities are a list of texts, for example ['deploy', 'review']")
    return texts
