"""Which agents are there, which tasks were they given, and how did each attempt go?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from brainops.store.database import Row, Session
from brainops.store.operations import finish_row, outcome_of
from brainops.store.paging import Beside, paged
from brainops.store.rows import row_of, value_of
from brainops.types import (
    Agent,
    Attempt,
    Execution,
    ExecutionState,
    Micros,
    Outcome,
    Task,
)
from brainops.types.page import Page

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
        said = {"task": task.text, "asked": json.dumps(dict(asked), ensure_ascii=False)}
        row = {**row_of(task, "context"), **row_of(execution, **said), "idempotency_key": task.idempotency_key or None}
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
        self, *, state: str | None, run_id: str | None, task_class: str | None, limit: int, **beside: Unpack[Beside]
    ) -> Page[Execution]:
        """Return executions without their attempts, newest first."""
        wanted = {"state": state, "run_id": run_id, "task_class": task_class}
        return paged(self._session, "execution_list", execution_of, limit, **beside, **wanted)

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
        self._session.run("attempt_insert", **row_of(attempt, "choice", lease_until=lease_until))

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
        self, *, task_class: str | None, agent: str | None, since: Micros | None, limit: int, **beside: Unpack[Beside]
    ) -> Page[Attempt]:
        """Return attempts, newest first."""
        wanted = {"task_class": task_class, "agent": agent, "since": since}
        return paged(self._session, "attempt_list", attempt_of, limit, **beside, **wanted)

    def trials(self, since: Micros, limit: int) -> Sequence[Row]:
        """Return what selection learns from: the attempts that ended, or were judged, after then; the newest first."""
        return self._session.all("attempt_trials", since=since, limit=limit)

    def failed_alike(self, task_class: str, fingerprint: str, since: Micros) -> frozenset[str]:
        """Return the agents that failed at this class with this error since then, and not succeeded at it after."""
        rows = self._session.all("attempt_failed_alike", task_class=task_class, fingerprint=fingerprint, since=since)
        return frozenset(row["agent"] for row in rows)


def _outcome_row(outcome: Outcome | None) -> dict[str, Any]:
    row = {} if outcome is None else finish_row(outcome, 0)
    return {name: row.get(name) for name in _OUTCOME}


def agent_row(agent: Agent) -> dict[str, Any]:
    """Return the values of an agent."""
    return row_of(agent, *_AGENT_JSON, actor="created_by")


def agent_of(row: Row) -> Agent:
    """Read a row as an Agent."""
    return value_of(Agent, row, *_AGENT_JSON, actor="created_by")


def execution_of(row: Row, attempts: Sequence[Attempt] = ()) -> Execution:
    """Read a row as an Execution, without the guidance."""
    task = Task(
        id=row["id"],
        text=row["task"],
        task_class=row["task_class"],
        target=row["target"],
        context=json.loads(row["context"]),
        capabilities=tuple(json.loads(row["asked"])["capabilities"]),
        receipt=row["guidance_id"],
        session_id=row["session_id"],
        idempotency_key=row["idempotency_key"] or row["id"],
    )
    outcome = outcome_of(row)
    return value_of(Execution, row, task=task, attempts=tuple(attempts), outcome=outcome, guidance=None)


def attempt_of(row: Row) -> Attempt:
    """Read a row as an Attempt."""
    return value_of(Attempt, row, "choice", outcome=outcome_of(row))


_AGENT_JSON = ("capabilities", "settings", "limits")
