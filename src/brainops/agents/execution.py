"""How is one task carried out: by whom, with what memory, and what comes of each attempt?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from brainops.agents.adapters.run import run_agent
from brainops.agents.handover import manual_plan, memory_for
from brainops.agents.selection.candidates import ALIKE_SECONDS, consider, fullness, reserve, standing
from brainops.agents.selection.task_class import seed_of, tried_of
from brainops.agents.watch import Watch
from brainops.errors import ApprovalRequired, LeaseLost, OperationBlocked
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations import log as records
from brainops.operations.operation import Manner
from brainops.procedures.runs.admission import Within
from brainops.procedures.runs.clock import LEASE
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    Actor,
    ActorKind,
    Agent,
    Allow,
    Attempt,
    ErrorEvent,
    Evidence,
    Execution,
    ExecutionState,
    Failed,
    OperationStart,
    Succeeded,
    Task,
)
from brainops.types.limits import MAX_NAME_CHARACTERS
from brainops.types.times import SECOND_MICROS

if TYPE_CHECKING:
    from brainops.agents import lessons
    from brainops.agents.adapters.adapter import AdapterPort
    from brainops.agents.registry import Roster
    from brainops.agents.selection.candidates import Considered
    from brainops.agents.selection.experience import Experience
    from brainops.memory.context import MemoryContext
    from brainops.operations.guard.enforcement import Guard
    from brainops.operations.operation import OperationLog
    from brainops.store import Transaction
    from brainops.types import AgentLearning, Choice, Outcome

MAX_ATTEMPTS = 8  # at one task: where so many agents failed, another one is a person's to choose
PLACE_SECONDS = 0.25  # between two looks whether an agent has a place again
ATTEMPT = "attempt: "  # before the task's name in the name of an attempt's operation: the task itself is the whole's
CANCELLED = "CancelledError"  # the type of the error of what was stopped from outside, which is no memory


class Work(Struct, kw_only=True):
    """One execution under way in this process, as far as it has come."""

    execution: Execution
    task: Task
    owner: str
    start: OperationStart
    wanted: str | None
    most: int
    deadline: float
    opened_at: int
    approvals: tuple[str, ...] = ()
    refused: dict[str, str] = {}


class ReservedPlace(Struct, frozen=True, kw_only=True):
    """An agent's place for this task: it has begun as far as the store is concerned."""

    agent: Agent
    attempt: Attempt
    start: OperationStart


class TaskRunner:
    """Carries out tasks: guidance, guard, choice, attempt, outcome, failover; no transaction while an agent acts."""

    def __init__(
        self,
        context: MemoryContext,
        roster: Roster,
        experience: Experience,
        operations: OperationLog,
        guard: Guard,
        port: Callable[[Callable[[], bool]], AdapterPort],
        tell: Callable[[AgentLearning], None],
        capture: lessons.Keeper,
    ) -> None:
        self._context = context
        self._roster = roster
        self._experience = experience
        self._operations = operations
        self._guard = guard
        self._port = port
        self._tell = tell
        self._keeper = capture

    def carry_out(self, work: Work, stopped: Callable[[], bool]) -> None:
        """Go on with an execution until it has ended or waits. Raises LeaseLost where somebody else goes on with it."""
        with Watch(self._context.store, work.execution.id, work.owner, stopped) as watch:
            if not self._begin(work):
                return
            while self._moved(work, watch):
                pass

    def _begin(self, work: Work) -> bool:
        """Consult memory and ask the guard, once for the whole; False where it may not begin."""
        if work.execution.operation_id is not None:
            return True
        try:
            running = self._operations.begin(work.start, Manner())
        except ApprovalRequired as error:
            approval = self._guard.ask(work.start, reason=f"an agent is to carry out {work.task.task_class}")
            again = f"once it is approved: brainops agent resume {work.execution.id}"
            self._end(work, ExecutionState.WAITING, reason=f"{error}; {again}", approval_id=approval.id)
            return False
        except OperationBlocked as error:
            self._end(work, ExecutionState.REFUSED, reason=str(error))
            return False
        if isinstance(running.decision, Allow):
            work.approvals = running.decision.approval_ids
        work.start = running.start
        receipt = running.guidance.id if running.guidance else None
        work.task = replace(work.task, receipt=receipt)
        work.execution = replace(work.execution, operation_id=running.id, guidance=running.guidance)
        with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
            if not tx.agents.begun(work.execution.id, work.owner, receipt, running.id):
                raise LeaseLost()
        return True

    def _moved(self, work: Work, watch: Watch) -> bool:
        """Let the next agent try; False where the execution has ended or waits."""
        if watch.cancelled():
            if watch.lost:
                raise LeaseLost()
            error = ErrorEvent(type=CANCELLED, message=f"cancelled: {watch.why}")
            self._end(work, ExecutionState.CANCELLED, Failed(error=error), reason=watch.why)
            return False
        choice, considered = self._next(work)
        if choice is None:
            if considered.busy and time.monotonic() < work.deadline:
                time.sleep(PLACE_SECONDS)
                return True
            self._nobody(work, considered)
            return False
        reserved = self._reserve(work, choice, {agent.name: agent for agent in considered.able}[choice.agent])
        if reserved is None:
            return True
        watch.attempt_id = reserved.attempt.id
        outcome = self._run(work, reserved, watch)
        if watch.lost:
            raise LeaseLost()
        return self._record(work, reserved, outcome, watch)

    def _next(self, work: Work) -> tuple[Choice | None, Considered]:
        """Look who could take the task now, and choose among them."""
        attempts, task = work.execution.attempts, work.task
        with self._context.store.read() as tx:
            now = self._context.store.now()
            alike: frozenset[str] = frozenset()
            for attempt in attempts:
                if attempt.fingerprint is not None and attempt.started_at >= work.opened_at:
                    since = now - ALIKE_SECONDS * SECOND_MICROS
                    alike |= tx.agents.failed_alike(task.task_class, attempt.fingerprint, since)
            known = standing(tx, self._roster.readable(tx), now, alike)
            tried = tried_of(attempts, work.opened_at)
            considered = consider(
                known,
                self._roster.callables,
                task_class=task.task_class,
                needed=task.capabilities,
                wanted=work.wanted,
                tried=tried,
                refused=work.refused,
            )
            if len(tried) >= work.most:
                return None, replace(considered, busy=())
            choice = self._experience.choose(
                tx,
                considered,
                task_class=task.task_class,
                text=task.text,
                seed=seed_of(work.execution.id, len(attempts)),
                tried=tried,
            )
        return choice, considered

    def _reserve(self, work: Work, choice: Choice, agent: Agent) -> ReservedPlace | None:
        """Take the agent's place and its budget and begin the attempt, in one transaction; None where it is gone."""
        start = replace(
            work.start, actor=Actor(kind=ActorKind.AGENT, id=agent.name), parent_id=work.execution.operation_id
        )
        within = Within(
            operation_id=work.execution.operation_id,
            names=(),
            named=True,
            following=frozenset(),
            done=lambda: (),
            approvals=work.approvals,
        )
        admission = self._guard.admission(start, within)
        if not isinstance(admission.decision, Allow):
            work.refused[agent.name] = f"may not: {admission.refusal}"
            with self._context.store.writing(acts.GUARD, self._context.actor) as tx:
                admission.record(tx)
            return None
        begun = replace(start, name=f"{ATTEMPT}{start.name}"[:MAX_NAME_CHARACTERS])
        try:
            with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
                attempt = self._taken(tx, work, choice, agent)
                if attempt is None:
                    return None
                if not admission.silent:
                    admission.record(tx)
                assert attempt.operation_id is not None
                records.begin(tx, attempt.operation_id, begun, work.task.receipt, attempt.started_at)
        except OperationBlocked as error:
            work.refused[agent.name] = f"may not: {error}"
            return None
        return ReservedPlace(agent=agent, attempt=attempt, start=begun)

    def _taken(self, tx: Transaction, work: Work, choice: Choice, agent: Agent) -> Attempt | None:
        now = self._context.store.now()
        known = standing(tx, (agent,), now)
        if not tx.agents.beat(work.execution.id, None, work.owner, LEASE.until(now)):
            raise LeaseLost()
        if fullness(agent, known)[0]:
            return None
        attempt = Attempt(
            id=new_id(),
            execution_id=work.execution.id,
            agent=agent.name,
            task_class=work.task.task_class,
            choice=choice,
            operation_id=new_id(),
            started_at=now,
            charged=reserve(agent, known),
            text=work.execution.task.text,
        )
        tx.agents.begin_attempt(attempt, LEASE.until(now))
        return attempt

    def _run(self, work: Work, reserved: ReservedPlace, watch: Watch) -> Outcome:
        """Let the agent act, with the memory that is packed for it, as long as it and the whole may take."""
        agent, left = reserved.agent, max(0.1, work.deadline - time.monotonic())
        task = replace(
            work.task,
            memory=memory_for(self._context, agent, work.execution.guidance, work.task.text, work.task.task_class),
            timeout_seconds=min(agent.limits.timeout_seconds, left),
        )
        outcome = run_agent(agent, task, self._port(watch.cancelled))
        if isinstance(outcome, Failed) and watch.cancelled():
            return replace(outcome, error=ErrorEvent(type=CANCELLED, message=f"cancelled: {watch.why}"))
        return outcome

    def _record(self, work: Work, reserved: ReservedPlace, outcome: Outcome, watch: Watch) -> bool:
        """Write what an attempt came to; the error is a memory at once. Return whether another agent is to try."""
        cancelled = isinstance(outcome, Failed) and watch.cancelled()
        learning: AgentLearning | None = None
        with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
            now = self._context.store.now()
            if not tx.agents.beat(work.execution.id, None, work.owner, LEASE.until(now)):
                raise LeaseLost()
            # what was cancelled says nothing of its agent, so selection learns nothing from it
            attempt = reserved.attempt
            digest = fingerprint(outcome.error).digest if isinstance(outcome, Failed) and not cancelled else None
            success = None if cancelled else float(isinstance(outcome, Succeeded))
            cost = charged(reserved.agent, outcome)
            assert attempt.operation_id is not None
            if not tx.agents.end_attempt(attempt.id, outcome, now, fingerprint=digest, success=success, charged=cost):
                raise LeaseLost()
            followed = followed_in(outcome)
            records.finish(
                tx,
                self._context,
                attempt.operation_id,
                reserved.start,
                replace(outcome, cost=cost),
                now,
                followed_id=followed,
            )
            attempt = replace(attempt, ended_at=now, outcome=outcome, fingerprint=digest, success=success, charged=cost)
            work.execution = replace(
                work.execution, attempts=(*(each for each in work.execution.attempts if each.id != attempt.id), attempt)
            )
            if cancelled:
                self._end_in(tx, work, ExecutionState.CANCELLED, outcome, reason=watch.why)
            elif isinstance(outcome, Succeeded):
                learning = self._keeper.learn(tx, work.execution, work.opened_at)
                self._end_in(tx, work, ExecutionState.SUCCEEDED, outcome, reason="")
        watch.attempt_id = None
        if learning is not None:
            self._tell(learning)
        return isinstance(outcome, Failed) and not cancelled

    def _nobody(self, work: Work, considered: Considered) -> None:
        """Nobody takes it (any more): it has failed where somebody tried, is refused or waits with a plan otherwise."""
        tried = [attempt for attempt in work.execution.attempts if attempt.started_at >= work.opened_at]
        why = considered.why_not
        if tried:
            names = dict.fromkeys(attempt.agent for attempt in tried)
            left = {name: said for name, said in considered.passed.items() if name in considered.capable}
            others = [f"{name} {said}" for name, said in left.items() if name not in names]
            reason = f"{', '.join(names)} failed at it" + (f"; {'; '.join(others)}" if others else "")
            self._end(work, ExecutionState.FAILED, tried[-1].outcome, reason=reason)
        elif work.refused and set(work.refused) >= set(considered.capable):
            error = ErrorEvent(type="OperationBlocked", message=why)
            self._end(work, ExecutionState.REFUSED, Failed(error=error), reason=why)
        else:
            plan = manual_plan(work.execution.task.text, work.execution.guidance, work.execution.id, why)
            self._end(work, ExecutionState.WAITING, reason=why, plan=plan)

    def _end(self, work: Work, state: ExecutionState, outcome: Outcome | None = None, **said: str) -> None:
        with self._context.store.writing(acts.EXECUTE, self._context.actor) as tx:
            self._end_in(tx, work, state, outcome, **said)

    def _end_in(self, tx: Transaction, work: Work, state: ExecutionState, outcome: Outcome | None, **said: str) -> None:
        """End the execution or let it wait: with how the last attempt ended, in all the time and cost that it took."""
        if outcome is not None:
            took = (self._context.store.now() - work.execution.created_at) / SECOND_MICROS
            cost = sum(attempt.charged for attempt in work.execution.attempts)
            outcome = replace(outcome, duration_seconds=max(0.0, took), cost=cost)
        if not end(tx, self._context, work.execution, state, outcome, owner=work.owner, **said):
            raise LeaseLost()


def end(
    tx: Transaction,
    context: MemoryContext,
    execution: Execution,
    state: ExecutionState,
    outcome: Outcome | None,
    *,
    owner: str | None = None,
    reason: str,
    plan: str = "",
    approval_id: str | None = None,
) -> bool:
    """End an execution that is its owner's (None: nobody's) with its operation, or let it wait.

    Returns False where it is somebody else's, or had ended.
    """
    now = context.store.now()
    ended_at = None if state is ExecutionState.WAITING else now
    if not tx.agents.end(
        execution.id, owner, state, ended_at, outcome=outcome, reason=reason, plan=plan, approval_id=approval_id
    ):
        return False
    standing = tx.operations.get(execution.operation_id) if outcome is not None and execution.operation_id else None
    if outcome is not None and standing is not None and standing.outcome is None:
        last = execution.attempts[-1] if execution.attempts else None
        tried = tx.operations.get(last.operation_id) if last is not None and last.operation_id else None
        known = tried.error_memory_id if tried is not None and isinstance(outcome, Failed) else None
        # the error of the last attempt is a memory already
        records.finish(tx, context, standing.id, standing.start, outcome, now, error_memory_id=known)
    return True


def followed_in(outcome: Outcome) -> str | None:
    """Return which remedy, fix, procedure or memory an agent says that it followed: "followed" in its result."""
    result = outcome.result if isinstance(outcome.result, dict) else {}
    said = result.get("followed")
    return said if isinstance(said, str) and said.strip() else None


def charged(agent: Agent, outcome: Outcome) -> float:
    """Return what an attempt counts against the budget: an agent's word never makes it cheaper than expected."""
    cost = outcome.cost
    if cost is None or not math.isfinite(cost) or cost < 0:
        return agent.cost
    return max(cost, agent.cost) if outcome.evidence is Evidence.CLAIMED else cost
