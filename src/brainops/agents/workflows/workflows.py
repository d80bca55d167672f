"""How does a goal become a plan of steps with agents, and how is it run and learnt from?"""

from __future__ import annotations

import builtins
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from brainops.agents.agents import Agents
from brainops.agents.language.language import Language
from brainops.agents.selection.task_class import class_of
from brainops.agents.workflows import constraints as wishes
from brainops.agents.workflows.constraints import Constraints
from brainops.agents.workflows.past_workflows import TAG, case_of, known_for
from brainops.agents.workflows.plan_review import improved
from brainops.agents.workflows.planning import ROLLBACK_CLASS, PlanDraft, compose
from brainops.errors import ApprovalRequired, ApprovalUnproven, Conflict, InvalidInput, NotFound, StepFailed
from brainops.memory import capture as capturing
from brainops.memory.context import MemoryContext
from brainops.operations.jsonable import jsonable
from brainops.procedures.catalog import Catalog
from brainops.procedures.consent.outbox import Outbox
from brainops.procedures.definition.graph import mermaid, outline
from brainops.procedures.runs.runner import Runner
from brainops.procedures.steps.executor import StepResult, StepWork
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import acts
from brainops.types import (
    JSON,
    Choice,
    NoticeKind,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    Run,
    StepKind,
    Workflow,
    WorkflowPlan,
)
from brainops.types.limits import LISTED_WHOLE
from brainops.types.run import ENDED
from brainops.types.times import SECOND_MICROS

MAX_GOAL_CHARACTERS = 1_000
MAX_CONSTRAINTS = 50
MOST_LISTED = 1_000
MOST_EXECUTIONS = 200  # of one run: more steps than a plan has

Execute = Callable[[str, Mapping[str, JSON], str | None], Run]
"""Runs an active procedure as an operation of its own, by name, context and target."""


class Workflows:
    """Plans for goals, as procedures whose steps name agents."""

    def __init__(
        self,
        context: MemoryContext,
        agents: Agents,
        procedures: Catalog,
        runs: Runner,
        triggers: Triggers,
        notices: Outbox,
        language: Language,
        execute: Execute,
    ) -> None:
        self._context = context
        self._agents = agents
        self._procedures = procedures
        self._runs = runs
        self._triggers = triggers
        self._notices = notices
        self._language = language
        self._execute = execute

    def plan(self, goal: str, constraints: Mapping[str, Any] | None = None) -> WorkflowPlan:
        """Return a plan for a goal, kept as a draft: its steps, who would do each and why, and what it was made from.

        Constraints are read as people write them: timeline, testing_required, rollback_plan, risk_level, approval,
        budget, target, inputs; any other is handed to whoever does a step. Nothing is run. Raises InvalidInput,
        Conflict.
        """
        if not isinstance(goal, str) or not goal.strip() or len(goal) > MAX_GOAL_CHARACTERS:
            raise InvalidInput(f"a goal is text of 1 to {MAX_GOAL_CHARACTERS} characters")
        if constraints is not None and not isinstance(constraints, Mapping):
            raise InvalidInput(f"constraints are a mapping, not {type(constraints).__name__}")
        constraints = constraints or {}
        if len(constraints) > MAX_CONSTRAINTS or not all(isinstance(name, str) for name in constraints):
            raise InvalidInput(f"constraints have names that are text, and at most {MAX_CONSTRAINTS}")
        said, rules = self._context.text(goal), self._context.redaction
        given = {name: jsonable(value, rules) for name, value in constraints.items()}
        wanted = wishes.read(given, self._context.store.now())
        known = known_for(self._context, self._procedures, self._triggers, said, wanted.inputs)
        draft = compose(said, wanted, known)
        procedure, notes = improved(self._language, said, draft)
        version = self._procedures.save(procedure, reason=f"a plan for: {said[:200]}")
        return self._planned(version, replace(draft, notes=(*draft.notes, *notes)), wanted)

    def create(self, goal: str, constraints: Mapping[str, Any] | None = None, *, run: bool = True) -> Workflow:
        """Plan for a goal, run the plan until it ends or waits, and learn from it where it ended.

        A step that nobody is capable of waits with a plan for a person. Where the plan may not be activated or begun
        here, the workflow has no run, and its reason says who can. Raises InvalidInput, Conflict, OperationBlocked.
        """
        plan = self.plan(goal, constraints)
        return self.run(plan) if run else Workflow(plan=plan)

    def run(self, plan: WorkflowPlan) -> Workflow:
        """Activate a plan and run it; see `create`."""
        if not isinstance(plan, WorkflowPlan):
            raise InvalidInput(f"a plan is what `plan` returned, not {type(plan).__name__}")
        try:
            version = self._procedures.activate(plan.procedure, number=plan.number, reason="its workflow is run")
        except (ApprovalRequired, ApprovalUnproven) as held:
            return Workflow(plan=plan, reason=str(held))
        actions = [step.action.parameters for step in version.procedure.steps]
        targets = {str(parameters["target"]) for parameters in actions if "target" in parameters}
        begun = self._execute(plan.procedure, {"workflow": plan.goal}, targets.pop() if len(targets) == 1 else None)
        learned = self._learn(version, begun) if begun.state in ENDED else None
        return Workflow(plan=plan, run=begun, learned=learned)

    def get(self, run_id: str) -> Workflow:
        """Return a workflow by its run, as it stands. Raises NotFound."""
        run = self._runs.get(run_id)
        version = self._procedures.by_id(run.procedure_id)
        if TAG not in version.procedure.tags:
            raise NotFound(f"the run {run_id} is of {run.procedure_name}, which is no workflow: brainops workflow list")
        return Workflow(plan=self._reread(version), run=run)

    def list(self, *, limit: int = LISTED_WHOLE) -> builtins.list[Workflow]:
        """Return workflows with their newest run, planned ones too, those that changed last first."""
        if not isinstance(limit, int) or not 0 < limit <= MOST_LISTED:
            raise InvalidInput(f"limit is 1 to {MOST_LISTED}, not {limit!r:.40}")
        found = []
        for version in self._procedures.list():
            if TAG not in version.procedure.tags:
                continue
            run = next(iter(self._runs.list(procedure=version.procedure.name, limit=1)), None)
            at = run.created_at if run else version.created_at
            found.append((at, version, run))
        newest = sorted(found, key=lambda each: -each[0])[:limit]
        return [
            Workflow(plan=self._reread(version), run=self._runs.get(run.id) if run else None)
            for _, version, run in newest
        ]

    def learn(self, run_id: str) -> str:
        """Keep what a workflow that ended teaches, so that the next plan for such a goal is made from it; once a run.

        Returns the memory's id. Raises NotFound, Conflict where it has not ended.
        """
        run = self._runs.get(run_id)
        if run.state not in ENDED:
            raise Conflict(f"the run {run_id} is {run.state.value}; a workflow teaches when it has ended")
        version = self._procedures.by_id(run.procedure_id)
        return self._learn(version, run)

    def sweep(self) -> int:
        """Cancel and take back workflows whose deadline has passed, learn from those that ended; return how many."""
        moved = 0
        for version in self._procedures.active():
            if TAG not in version.procedure.tags or version.namespace != self._context.store.scope.write:
                continue
            runs = self._runs.list(procedure=version.procedure.name, limit=1)
            if runs and runs[0].state in ENDED:
                self._learn(version, self._runs.get(runs[0].id))
                moved += 1
            elif runs and self._late(version.procedure, runs[0]):
                moved += self._stop(runs[0])
        return moved

    def step(self, work: StepWork) -> StepResult:
        """Do an agent step; of a workflow only while it has time and budget left. Raises StepFailed."""
        if work.action.parameters.get("task-class") != ROLLBACK_CLASS:  # the way back is never cut off
            run = self._runs.get(work.run_id)
            procedure = self._runs.version(run.procedure_id).procedure
            if TAG in procedure.tags:
                if self._late(procedure, run):
                    raise StepFailed("the workflow's deadline has passed", kind="DeadlinePassed", retryable=False)
                budget = _held(procedure, "budget")
                if budget is not None and (cost := self._cost(run.id)) >= budget > 0:
                    raise StepFailed(
                        f"the workflow has cost {cost:g} of {budget:g}", kind="BudgetSpent", retryable=False
                    )
        return self._agents.step(work)

    def _late(self, procedure: Procedure, run: Run) -> bool:
        deadline = _held(procedure, "deadline-seconds")
        return deadline is not None and self._context.store.now() > run.created_at + deadline * SECOND_MICROS

    def _stop(self, run: Run) -> int:
        try:
            self._runs.cancel(run.id, reason="the workflow's deadline has passed", compensate=True)
        except Conflict:  # it has ended, or somebody else has asked for it
            return 0
        with self._context.store.writing(acts.DELIVER, self._context.actor) as tx:
            subject = f"{run.procedure_name}: its deadline has passed; it is cancelled and taken back"
            self._notices.put(tx, NoticeKind.RUN_FAILED, subject, run_id=run.id)
        return 1

    def _learn(self, version: ProcedureVersion, run: Run) -> str:
        """Keep the case, and let the procedure hold no longer: it was for this goal."""
        executions = self._agents.executions(run_id=run.id, limit=MOST_EXECUTIONS)
        who = {each.step_id or "": self._agents.execution(each.id).agent for each in executions}
        goal = _goal(version.procedure)
        draft = case_of(version, run, goal, who=who, cost=self._cost(run.id))
        kept = capturing.capture(self._context, draft)
        # Where it holds no longer, or only a person may retire it, it does no harm meanwhile.
        with contextlib.suppress(NotFound, ApprovalRequired, ApprovalUnproven, Conflict):
            self._procedures.retire(version.procedure.name, reason=f"its run {run.id} has ended")
        return kept.id

    def _cost(self, run_id: str) -> float:
        found = self._agents.executions(run_id=run_id, limit=MOST_EXECUTIONS)
        attempts = (attempt for each in found for attempt in self._agents.execution(each.id).attempts)
        return float(sum(attempt.charged for attempt in attempts))

    def _planned(self, version: ProcedureVersion, draft: PlanDraft, wanted: Constraints) -> WorkflowPlan:
        plan = self._reread(version)
        found = self._agents.executions(task_class=class_of(plan.goal), limit=3) if plan.agents else []
        sources = draft.sources | {each.id: f"a task of this kind: {each.state.value}" for each in found}
        waiting = [step_id for step_id, choice in plan.agents.items() if choice is None]
        notes = [*draft.notes, *(f"{each}: no agent is capable of it now; it will wait for one" for each in waiting)]
        told = replace(
            plan,
            sources=sources,
            notes=tuple(notes),
            confidence=round(draft.confidence, 3),
            deadline_seconds=wanted.deadline_seconds,
        )
        return replace(told, text=_text(version.procedure, told))

    def _reread(self, version: ProcedureVersion) -> WorkflowPlan:
        """Return what the stored procedure of a workflow says, and who would do its steps now."""
        procedure = version.procedure
        agents: dict[str, Choice | None] = {}  # who would be given each step now; at its time it is chosen anew
        for step in procedure.steps if version.state is not ProcedureState.RETIRED else ():
            if step.action.uses is StepKind.AGENT:
                given = step.action.parameters
                task_class = str(given.get("task-class") or "") or None
                agents[step.id] = self._agents.choose(str(given.get("task")), task_class=task_class)
        plan = WorkflowPlan(
            goal=_goal(procedure),
            procedure=procedure.name,
            number=version.number,
            steps=tuple(step.id for step in procedure.steps),
            agents=agents,
            deadline_seconds=_held(procedure, "deadline-seconds"),
            mermaid=mermaid(procedure),
        )
        return replace(plan, text=_text(procedure, plan))


def _text(procedure: Procedure, plan: WorkflowPlan) -> str:
    """Return a plan as a person reads it."""
    lines = [f"Goal: {plan.goal}"]
    if plan.deadline_seconds is not None:
        lines.append(f"Within: {plan.deadline_seconds:g} s")
    lines += ["Steps:", *outline(procedure)]
    if plan.agents:
        who = {step_id: choice.sentence if choice else "nobody yet" for step_id, choice in plan.agents.items()}
        lines += ["Who:", *(f"  {step_id}: {sentence}" for step_id, sentence in who.items())]
    if plan.sources:
        lines += ["From:", *(f"  {source}: {what}" for source, what in plan.sources.items())]
    if plan.notes:
        lines += ["Notes:", *(f"  {note}" for note in plan.notes)]
    return "\n".join(lines) + "\n"


def _metadata(procedure: Procedure) -> Mapping[str, JSON]:
    kept = procedure.skill.get("metadata")
    return kept if isinstance(kept, Mapping) else {}


def _goal(procedure: Procedure) -> str:
    return str(_metadata(procedure).get("goal") or procedure.description)


def _held(procedure: Procedure, name: str) -> float | None:
    """Return a figure that a workflow is held to, None where it is not."""
    try:
        return float(str(_metadata(procedure)[name]))
    except (KeyError, ValueError):
        return None
