"""Who can carry out a task, what was asked of it, and how did each attempt go?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from brainops.types.keyed import Keyed
from brainops.types.knowledge import JSON, NOBODY, Actor, Micros
from brainops.types.limits import Count
from brainops.types.operation import Failed, Guidance, Outcome
from brainops.types.run import Run, RunState

MOST: Final = 1e15  # of a cost or of seconds: a number, and no infinity
MAX_CAPABILITIES: Final = 100  # each is compared with every task
Cost = Annotated[float, Meta(ge=0, le=MOST)]


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

    at_once: Annotated[int, Meta(ge=1)] = 1
    timeout_seconds: Annotated[float, Meta(ge=1e-3, le=MOST)] = 600.0
    memory_tokens: Count = 2_000
    cost_a_day: Cost | None = None
    tasks_a_day: Count | None = None


class Agent(Struct, frozen=True, kw_only=True):
    """Something that can carry out a task. `capabilities` are words or globs of task classes; none means any task.

    `settings` are the adapter's own (a callable's name, a command's arguments, an URL, a model); secrets in them are
    references ("env:NAME"). `cost` is what one task is expected to cost before anything was measured.
    """

    name: str
    adapter: AdapterKind
    description: str = ""
    capabilities: Annotated[tuple[str, ...], Meta(max_length=MAX_CAPABILITIES)] = ()
    settings: Mapping[str, JSON] = {}
    limits: AgentLimits = AgentLimits()
    cost: Cost = 0.0
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


class Execution(Keyed, frozen=True, kw_only=True):
    """A task, its attempts in order, and where it stands. `plan` is what a person can follow where it waits.

    Reads like the mapping that its JSON is: `result["state"]`, `result["outcome"]`.
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

    @property
    def result(self) -> JSON:
        """What it came to; None until it has ended."""
        return self.outcome.result if self.outcome else None

    @property
    def error(self) -> str | None:
        """What went wrong where it failed."""
        return self.outcome.error.message if isinstance(self.outcome, Failed) else None


class TaskRecord(Struct, frozen=True, kw_only=True):
    """How an agent did at a class of tasks: `success` is the share that went well, which lies in `low` to `high`.

    The bounds are those of 90 %; `seconds` is the median, `cost` what an attempt took on average. Attempts count of
    which it is known how they ended.
    """

    agent: str
    task_class: str
    attempts: int
    success: float
    low: float
    high: float
    seconds: float | None
    cost: float


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


class Workflow(Keyed, frozen=True, kw_only=True):
    """A plan and what came of it: its run (None where it has not begun, with the reason), and the memory of its end."""

    plan: WorkflowPlan
    run: Run | None = None
    reason: str = ""
    learned: str | None = None

    @property
    def state(self) -> RunState | None:
        """How its run stands; None where it has not begun."""
        return self.run.state if self.run else None
