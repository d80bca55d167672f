"""Who can carry out a task, what was asked of it, and how did each attempt go?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from brainops.types.knowledge import JSON, NOBODY, Actor, Micros
from brainops.types.operation import Failed, Guidance, Outcome
from brainops.types.run import Run, RunState


class AdapterKind(StrEnum):
    """How an agent is reached."""

    CALLABLE = "callable"
    COMMAND = "command"
    HTTP = "http"
    MCP = "mcp"
    LLM = "llm"


class MemoryAccess(StrEnum):
    """What an agent is handed of memory: the guidance and what was learnt, the guidance alone, or nothing."""

    FULL = "full"
    GUIDANCE = "guidance"
    NONE = "none"


class ExecutionState(StrEnum):
    """How the execution of a task stands; `waiting` with a plan means that nobody capable could take it."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    WAITING = "waiting"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class AgentLimits(Struct, frozen=True, kw_only=True):
    """What an agent may take: tasks at once, seconds for one, tokens of memory with one, cost and tasks a day.

    None is no limit. `cost_a_day` holds over all processes, and is asked before each attempt.
    """

    at_once: int = 1
    timeout_seconds: float = 600.0
    memory_tokens: int = 2_000
    cost_a_day: float | None = None
    tasks_a_day: int | None = None


class Agent(Struct, frozen=True, kw_only=True):
    """Something that can carry out a task. `capabilities` are words or globs of task classes; none means any task.

    `settings` are the adapter's own (a callable's name, a command's arguments, an URL, a model); secrets in them are
    references ("env:NAME"). `cost` is what one task is expected to cost before anything was measured.
    """

    name: str
    adapter: AdapterKind
    description: str = ""
    capabilities: tuple[str, ...] = ()
    settings: Mapping[str, JSON] = {}
    limits: AgentLimits = AgentLimits()
    cost: float = 0.0
    memory: MemoryAccess = MemoryAccess.FULL
    enabled: bool = True
    created_at: Micros = 0
    created_by: Actor | None = None
    reason: str = ""


class Task(Struct, frozen=True, kw_only=True):
    """What an agent is asked to do. `task_class` groups tasks whose outcomes say something about each other.

    `memory` is the packed text of what memory knows, quoted as data; `idempotency_key` is the same at every attempt.
    """

    id: str
    text: str
    task_class: str
    target: str | None = None
    context: Mapping[str, JSON] = {}
    capabilities: tuple[str, ...] = ()
    memory: str = ""
    receipt: str | None = None
    session_id: str | None = None
    timeout_seconds: float = 600.0
    idempotency_key: str = ""


class Choice(Struct, frozen=True, kw_only=True):
    """Which agent was chosen and why, in one sentence with its numbers; `expected` is the utility of each candidate.

    `probability` is how probable it was that the policy would choose so: what an evaluation afterwards needs.
    """

    agent: str
    sentence: str
    expected: Mapping[str, float] = {}
    probability: float = 1.0


class Attempt(Struct, frozen=True, kw_only=True):
    """One agent's try at a task: why it was chosen, and how it ended (None while it runs).

    `success` is what selection learns from: 1 or 0, or what a later verification made of it (`verified`); None where
    it says nothing of the agent, as while it runs. `charged` is what counts against the agent's budget: what it is
    expected to cost while it runs, then what it cost. `text` is the task's.
    """

    id: str
    execution_id: str
    agent: str
    task_class: str
    choice: Choice
    operation_id: str | None
    started_at: Micros
    ended_at: Micros | None = None
    outcome: Outcome | None = None
    fingerprint: str | None = None
    success: float | None = None
    verified: bool | None = None
    charged: float = 0.0
    text: str = ""


class Execution(Struct, frozen=True, kw_only=True):
    """A task, its attempts in order, and where it stands. `plan` is what a person can follow where it waits.

    Reads like a mapping where the founding samples do: `result["status"]`, `result["agent"]`, `result["result"]`.
    """

    id: str
    namespace: str
    task: Task
    state: ExecutionState
    attempts: tuple[Attempt, ...] = ()
    outcome: Outcome | None = None
    guidance: Guidance | None = None
    plan: str = ""
    reason: str = ""
    run_id: str | None = None
    created_at: Micros = 0
    ended_at: Micros | None = None
    step_id: str | None = None
    operation_id: str | None = None
    approval_id: str | None = None
    actor: Actor = NOBODY

    @property
    def agent(self) -> str | None:
        """The agent whose attempt counts: the last one."""
        return self.attempts[-1].agent if self.attempts else None

    def __getitem__(self, key: str) -> Any:
        """Return what `as_dict` has under a name; KeyError names what there is."""
        reading = self.as_dict()
        if key not in reading:
            raise KeyError(f"{key!r} is not part of an execution; it has {', '.join(sorted(reading))}")
        return reading[key]

    def as_dict(self) -> dict[str, Any]:
        """Return the execution as JSON-ready values: status, agent, result, error, attempts and why each was chosen."""
        outcome = self.outcome
        return {
            "execution_id": self.id,
            "status": self.state.value,
            "success": self.state is ExecutionState.SUCCEEDED,
            "task": self.task.text,
            "task_class": self.task.task_class,
            "target": self.task.target,
            "agent": self.agent,
            "result": outcome.result if outcome else None,
            "error": outcome.error.message if isinstance(outcome, Failed) else None,
            "evidence": outcome.evidence.value if outcome else None,
            "duration_seconds": outcome.duration_seconds if outcome else None,
            "cost": sum(attempt.charged for attempt in self.attempts),
            "attempts": [_attempt_dict(attempt) for attempt in self.attempts],
            "reason": self.reason,
            "plan": self.plan,
            "receipt": self.task.receipt,
            "guidance": self.guidance.as_dict() if self.guidance else None,
            "operation_id": self.operation_id,
            "approval_id": self.approval_id,
            "run_id": self.run_id,
        }


def _attempt_dict(attempt: Attempt) -> dict[str, Any]:
    outcome = attempt.outcome
    return {
        "agent": attempt.agent,
        "why": attempt.choice.sentence,
        "success": attempt.success,
        "verified": attempt.verified,
        "error": outcome.error.message if isinstance(outcome, Failed) else None,
        "duration_seconds": outcome.duration_seconds if outcome else None,
        "cost": attempt.charged,
        "operation_id": attempt.operation_id,
    }


class AgentLearning(Struct, frozen=True, kw_only=True):
    """What one execution taught every agent: who failed how at tasks of a class, and who then succeeded."""

    memory_id: str
    execution_id: str
    task_class: str
    failed: Mapping[str, str]
    succeeded: str
    sentence: str
    at: Micros


class LanguageUse(Struct, frozen=True, kw_only=True):
    """What language models took on one day (UTC), by purpose and model: calls, tokens and cost."""

    day: str
    purpose: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float


class LanguageBudget(Struct, frozen=True, kw_only=True):
    """What language models may take a day (UTC) in a namespace, and what is spent or set aside today.

    Cost is in US dollars. None is no limit of that kind; 0 and 0 let nothing be asked.
    """

    cost_a_day: float | None = 0.0
    tokens_a_day: int | None = 0
    cost_today: float = 0.0
    tokens_today: int = 0

    @property
    def open(self) -> bool:
        """Whether anything may be asked at all."""
        return self.cost_a_day != 0 and self.tokens_a_day != 0


class WorkflowPlan(Struct, frozen=True, kw_only=True):
    """A plan for a goal: the procedure that carries it out, who does each step, from what it was made, and its picture.

    `sources` are ids of memories, procedures and executions with what was taken from each; `notes` say what of the
    constraints became which step, and what did not. `steps` are the ids of its steps in order, `number` the version of
    the procedure, which is a draft until it is run. `confidence` is the share of like workflows that succeeded, 0 where
    none has ended.
    """

    goal: str
    procedure: str
    agents: Mapping[str, Choice | None] = {}
    sources: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()
    deadline_seconds: float | None = None
    text: str = ""
    mermaid: str = ""
    confidence: float = 0.0
    steps: tuple[str, ...] = ()
    number: int | None = None


class Workflow(Struct, frozen=True, kw_only=True):
    """A plan and what came of it: its run (None where it has not begun, with the reason), and the memory of its end."""

    plan: WorkflowPlan
    run: Run | None = None
    reason: str = ""
    learned: str | None = None

    def __getitem__(self, key: str) -> Any:
        """Return what `as_dict` has under a name; KeyError names what there is."""
        reading = self.as_dict()
        if key not in reading:
            raise KeyError(f"{key!r} is not part of a workflow; it has {', '.join(sorted(reading))}")
        return reading[key]

    def as_dict(self) -> dict[str, Any]:
        """Return the workflow as JSON-ready values: goal, status, steps with who does each and how they stand."""
        run, plan = self.run, self.plan
        steps = {step.step_id: step for step in run.steps} if run else {}
        return {
            "goal": plan.goal,
            "procedure": plan.procedure,
            "status": run.state.value if run else "planned",
            "success": run is not None and run.state is RunState.SUCCEEDED,
            "run_id": run.id if run else None,
            "error": run.error if run else None,
            "reason": self.reason,
            "steps": [
                {
                    "id": step_id,
                    "state": steps[step_id].state.value if step_id in steps else "pending",
                    "waits_for": steps[step_id].waits_for if step_id in steps else None,
                    "agent": choice.agent if (choice := plan.agents.get(step_id)) else None,
                    "why": choice.sentence if choice else "",
                }
                for step_id in plan.steps
            ],
            "deadline_seconds": plan.deadline_seconds,
            "confidence": plan.confidence,
            "sources": dict(plan.sources),
            "notes": list(plan.notes),
            "plan": plan.text,
            "mermaid": plan.mermaid,
            "learned": self.learned,
        }
