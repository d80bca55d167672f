"""Which agents are there, which tasks were they given, and how did each attempt go?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from brainops.store.actors import actor_columns, actor_of
from brainops.store.database import Row, Session
from brainops.store.operations import finish_row, outcome_of
from brainops.types import (
    AdapterKind,
    Agent,
    AgentLimits,
    Attempt,
    Choice,
    Execution,
    ExecutionState,
    MemoryAccess,
    Micros,
    Outcome,
    Task,
)
from brainops.wire import plain

_OUTCOME = ("outcome", "result", "error", "duration_us", "cost", "evidence")


class AgentRows:
    """The agents, executions and attempts of one transaction.

    Writers of a namespace follow one after the other, so what is counted in a write transaction holds until its end.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, agent: Agent) -> None:
        """Register an agent in the written namespace, or register it anew."""
        self._session.run("agent_put", **agent_row(agent))

    def list(self) -> list[tuple[str, Agent]]:
        """Return every readable agent with its namespace, by name."""
        return [(row["namespace"], agent_of(row)) for row in self._session.all("agent_list")]

    def enable(self, name: str, enabled: bool, reason: str) -> bool:
        """Let an agent be chosen or not; return False where the written namespace has none of that name."""
        return self._session.run("agent_enable", name=name, enabled=int(enabled), reason=reason) > 0

    def remove(self, name: str, reason: str, at: Micros) -> bool:
        """Strike an agent off; its attempts stay."""
        return self._session.run("agent_remove", name=name, reason=reason, removed_at=at) > 0

    def under_way(self, now: Micros) -> Mapping[str, int]:
        """Return how many tasks each agent is at."""
        return {row["agent"]: int(row["under_way"]) for row in self._session.all("agent_under_way", now=now)}

    def spent(self, since: Micros) -> Mapping[str, Row]:
        """Return of each agent the `tasks` that it began since then, what they `cost`, and the `dearest` of them."""
        return {row["agent"]: row for row in self._session.all("agent_spent", since=since)}

    def insert(self, execution: Execution, asked: Mapping[str, Any], owner: str, lease_until: Micros) -> bool:
        """Begin an execution; return False where its idempotency key is taken."""
        task = execution.task
        row = {
            "id": execution.id,
            "task": task.text,
            "task_class": task.task_class,
            "target": task.target,
            "context": json.dumps(dict(task.context), ensure_ascii=False),
            "asked": json.dumps(dict(asked), ensure_ascii=False),
            "session_id": task.session_id,
            "state": execution.state.value,
            "run_id": execution.run_id,
            "step_id": execution.step_id,
            "idempotency_key": task.idempotency_key or None,
            "created_at": execution.created_at,
            **actor_columns(execution.actor),
        }
        return self._session.run("execution_insert", **row, owner=owner, lease_until=lease_until) > 0

    def row(self, execution_id: str) -> Row | None:
        """Return an execution as it is stored: with its owner, its lease and what is asked of it."""
        return self._session.one("execution_get", id=execution_id)

    def row_by_idempotency(self, key: str) -> Row | None:
        """Return the execution that was begun under a key, as it is stored."""
        return self._session.one("execution_by_idempotency", idempotency_key=key)

    def execution(self, execution_id: str) -> Execution | None:
        """Return a readable execution with its attempts."""
        row = self.row(execution_id)
        return execution_of(row, self.attempts_of(execution_id)) if row else None

    def executions(
        self, *, state: str | None, run_id: str | None, task_class: str | None, limit: int
    ) -> Sequence[Execution]:
        """Return executions without their attempts, newest first."""
        rows = self._session.all("execution_list", state=state, run_id=run_id, task_class=task_class, limit=limit)
        return [execution_of(row) for row in rows]

    def lapsed(self, now: Micros, limit: int) -> Sequence[tuple[str, Execution]]:
        """Return the executions of the written namespace whose process gave no sign in time, with their owners."""
        rows = self._session.all("execution_lapsed", now=now, limit=limit)
        return [(row["owner"], execution_of(row, self.attempts_of(row["id"]))) for row in rows]

    def take(self, execution_id: str, owner: str, now: Micros, lease_until: Micros) -> bool:
        """Become the owner of an execution that nobody has; False where somebody has, or it has ended for good."""
        return self._session.run("execution_take", id=execution_id, owner=owner, now=now, lease_until=lease_until) > 0

    def beat(self, execution_id: str, attempt_id: str | None, owner: str, lease_until: Micros) -> bool:
        """Renew the leases of an execution and its attempt; False where it has another owner."""
        held = self._session.run("execution_beat", id=execution_id, owner=owner, lease_until=lease_until) > 0
        if held and attempt_id is not None:
            self._session.run("attempt_beat", id=attempt_id, lease_until=lease_until)
        return held

    def begun(self, execution_id: str, owner: str, guidance_id: str | None, operation_id: str) -> bool:
        """Write which operation an execution is, and what memory was asked; False where it has another owner."""
        values = {"guidance_id": guidance_id, "operation_id": operation_id}
        return self._session.run("execution_begun", id=execution_id, owner=owner, **values) > 0

    def end(
        self,
        execution_id: str,
        owner: str | None,
        state: ExecutionState,
        ended_at: Micros | None,
        *,
        outcome: Outcome | None = None,
        reason: str = "",
        plan: str = "",
        approval_id: str | None = None,
    ) -> bool:
        """Let an execution go, ended or waiting; False where it has another owner (None: nobody) or had ended."""
        values = {"state": state.value, "reason": reason, "plan": plan, "approval_id": approval_id}
        row = {**values, **_outcome_row(outcome), "ended_at": ended_at}
        return self._session.run("execution_end", id=execution_id, owner=owner, **row) > 0

    def request(self, execution_id: str, requested: str) -> bool:
        """Ask whoever carries it out to stop; False where nobody is at it."""
        return self._session.run("execution_request", id=execution_id, requested=requested) > 0

    def begin_attempt(self, attempt: Attempt, lease_until: Micros) -> None:
        """Let an agent begin: its place, its budget and the reason for its choice."""
        self._session.run(
            "attempt_insert",
            id=attempt.id,
            execution_id=attempt.execution_id,
            agent=attempt.agent,
            task_class=attempt.task_class,
            text=attempt.text,
            choice=json.dumps(plain(attempt.choice), ensure_ascii=False),
            operation_id=attempt.operation_id,
            started_at=attempt.started_at,
            lease_until=lease_until,
            charged=attempt.charged,
        )

    def end_attempt(
        self,
        attempt_id: str,
        outcome: Outcome,
        at: Micros,
        *,
        fingerprint: str | None,
        success: float | None,
        charged: float,
    ) -> bool:
        """Write how an attempt ended; False where an end was written before."""
        row = {**_outcome_row(outcome), "ended_at": at}
        values = {"fingerprint": fingerprint, "success": success, "charged": charged}
        return self._session.run("attempt_end", id=attempt_id, **row, **values) > 0

    def verify(self, attempt_id: str, right: bool, at: Micros) -> bool:
        """Correct what selection learns from an attempt."""
        values = {"success": float(right), "verified": int(right), "learnt_at": at}
        return self._session.run("attempt_verify", id=attempt_id, **values) > 0

    def attempts_of(self, execution_id: str) -> Sequence[Attempt]:
        """Return the attempts at a task in order."""
        return [attempt_of(row) for row in self._session.all("attempt_of_execution", execution_id=execution_id)]

    def attempts(
        self, *, task_class: str | None, agent: str | None, since: Micros | None, limit: int
    ) -> Sequence[Attempt]:
        """Return attempts, newest first."""
        rows = self._session.all("attempt_list", task_class=task_class, agent=agent, since=since, limit=limit)
        return [attempt_of(row) for row in rows]

    def trials(self, since: Micros, limit: int) -> Sequence[Row]:
        """Return what selection learns from: the attempts that ended, or were judged, after then; the newest first."""
        return self._session.all("attempt_trials", since=since, limit=limit)

    def failed_alike(self, task_class: str, fingerprint: str, since: Micros) -> frozenset[str]:
        """Return the agents that failed at this class with this error since then, and not succeeded at it after."""
        rows = self._session.all("attempt_failed_alike", task_class=task_class, fingerprint=fingerprint, since=since)
        return frozenset(row["agent"] for row in rows)


def _outcome_row(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return dict.fromkeys(_OUTCOME)
    row = finish_row(outcome, 0)
    return {name: row[name] for name in _OUTCOME}


def agent_row(agent: Agent) -> dict[str, Any]:
    """Return the values of an agent."""
    assert agent.created_by is not None
    return {
        "name": agent.name,
        "adapter": agent.adapter.value,
        "description": agent.description,
        "capabilities": json.dumps(agent.capabilities, ensure_ascii=False),
        "settings": json.dumps(dict(agent.settings), ensure_ascii=False),
        "limits": json.dumps(plain(agent.limits)),
        "cost": agent.cost,
        "memory": agent.memory.value,
        "enabled": int(agent.enabled),
        "created_at": agent.created_at,
        "reason": agent.reason,
        **actor_columns(agent.created_by),
    }


def agent_of(row: Row) -> Agent:
    """Read a row as an Agent."""
    return Agent(
        name=row["name"],
        adapter=AdapterKind(row["adapter"]),
        description=row["description"],
        capabilities=tuple(json.loads(row["capabilities"])),
        settings=json.loads(row["settings"]),
        limits=AgentLimits(**json.loads(row["limits"])),
        cost=row["cost"],
        memory=MemoryAccess(row["memory"]),
        enabled=bool(row["enabled"]),
        created_at=row["created_at"],
        created_by=actor_of(row),
        reason=row["reason"],
    )


def execution_of(row: Row, attempts: Sequence[Attempt] = ()) -> Execution:
    """Read a row as an Execution, without the guidance."""
    asked = json.loads(row["asked"])
    plain = {name: row[name] for name in _EXECUTION_PLAIN}
    return Execution(
        **plain,
        state=ExecutionState(row["state"]),
        task=Task(
            id=row["id"],
            text=row["task"],
            task_class=row["task_class"],
            target=row["target"],
            context=json.loads(row["context"]),
            capabilities=tuple(asked["capabilities"]),
            receipt=row["guidance_id"],
            session_id=row["session_id"],
            idempotency_key=row["idempotency_key"] or row["id"],
        ),
        attempts=tuple(attempts),
        outcome=outcome_of(row),
        actor=actor_of(row),
    )


_EXECUTION_PLAIN = "id namespace plan reason run_id step_id operation_id approval_id created_at ended_at".split()


def attempt_of(row: Row) -> Attempt:
    """Read a row as an Attempt."""
    return Attempt(
        id=row["id"],
        execution_id=row["execution_id"],
        agent=row["agent"],
        task_class=row["task_class"],
        text=row["text"],
        choice=Choice(**json.loads(row["choice"])),
        operation_id=row["operation_id"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        outcome=outcome_of(row),
        fingerprint=row["fingerprint"],
        success=row["success"],
        verified=None if row["verified"] is None else bool(row["verified"]),
        charged=row["charged"],
    )
