"""Which steps lead to a goal, by what led to such goals before, and by its constraints? (pure)"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from brainops.agents.selection.task_class import class_of
from brainops.agents.workflows.constraints import Constraints
from brainops.memory.terms import query_terms
from brainops.store.stem import stem
from brainops.types import JSON
from brainops.types.counted import counted

LIKE = 0.35
"""From this likeness on a past workflow is one for the same kind of goal: two goals of four words share two of them."""

SAME_STEP = 0.6  # likeness of what two steps are called, from which on one is the other
MAX_STEPS = 40  # of a plan: more is several goals
MAX_WORKFLOW_NAME_CHARACTERS = 60
MAX_TASK_CHARACTERS = 2_000
RETRIES = 2  # of a step that failed before, and of every step of agents: an agent that failed is not asked again
LONGEST_STEP_SECONDS = 86_400.0  # an agent is given a task for a day at most
APPROVAL_SHARE = 6.0  # a person answers more slowly than a test runs
WORK_SHARE, OTHER_SHARE = 4.0, 1.0  # of the time, for steps of which no time is known
SPARE = 1.5  # times what a step took before
PRIOR_RUNS = 1.0  # like runs' worth of doubt: one in two succeeds

APPROVE, PREPARE, TEST = "approve", "prepare_rollback", "test"
CHECK = "check_"
TEST_CLASS = "test testing"  # either word among an agent's capabilities makes it one for tests
ROLLBACK_CLASS = "rollback"
SCAFFOLD = frozenset({APPROVE, PREPARE})

_NO_WORD = re.compile(r"[^a-z0-9]+")
_THEN = re.compile(r"\s*(?:;|\.\s+(?=\w)|,?\s+(?:and\s+)?then\s+|,?\s+after\s+that,?\s+|\n+)\s*", re.IGNORECASE)


class PastPlanStep(Struct, frozen=True, kw_only=True):
    """A step that was part of something like it: as its file has it, and how it went ("" where it never ran)."""

    definition: Mapping[str, JSON]
    state: str = ""
    seconds: float | None = None
    error: str = ""


class PastWorkflow(Struct, frozen=True, kw_only=True):
    """Something like the goal: a workflow that ran, with its steps in the order in which they ended.

    `likeness` is 0 to 1; `succeeded` is None where it has not ended.
    """

    id: str
    goal: str
    likeness: float
    succeeded: bool | None
    seconds: float = 0.0
    steps: tuple[PastPlanStep, ...] = ()

    @property
    def failures(self) -> int:
        """How many of its steps failed."""
        return sum(step.state == "failed" for step in self.steps)


class Known(Struct, frozen=True, kw_only=True):
    """What is known that bears on a goal: past workflows, a procedure that fits it, and steps that a memory lists."""

    past: tuple[PastWorkflow, ...] = ()
    procedure: str | None = None
    procedure_id: str = ""
    inputs: Mapping[str, JSON] = {}
    listed: tuple[str, ...] = ()
    listed_in: str = ""


class PlanDraft(Struct, frozen=True, kw_only=True):
    """A plan as a procedure's file would have it, with what it was made from and what it says of itself."""

    definition: dict[str, JSON]
    sources: dict[str, str]
    notes: tuple[str, ...]
    confidence: float


def likeness(one: str, other: str) -> float:
    """Return the share of the words of two goals that both say, in any form."""
    first, second = ({stem(term) for term in query_terms(text)} for text in (one, other))
    return len(first & second) / len(first | second) if first | second else 0.0


def name_of(goal: str) -> str:
    """Return the name of the procedure for a goal."""
    plain = _NO_WORD.sub("-", goal.lower()).strip("-")[:MAX_WORKFLOW_NAME_CHARACTERS].strip("-")
    return f"workflow-{plain or 'goal'}"[:MAX_WORKFLOW_NAME_CHARACTERS].strip("-")


def compose(goal: str, constraints: Constraints, known: Known) -> PlanDraft:
    """Return the plan for a goal: its work in order, with approval, way back, checks and tests around it, in time.

    A goal of several parts ("..., then ...") says its own order. Else the work is that of the best past workflow, else
    a procedure that fits, else steps that a memory lists, else the goal itself.
    """
    like = [past for past in known.past if past.likeness >= LIKE]
    best = max(like, key=_merit, default=None)
    work, sources, notes = _work(goal, constraints, known, best)
    past_steps = [step for past in like for step in past.steps]
    failed = [step for step in past_steps if step.state == "failed" and step.definition.get("id") != TEST]
    steps = _scaffolded(goal, constraints, work, failed, best)
    notes += [f"{each['id']} goes first: its step failed before" for each in steps if str(each["id"]).startswith(CHECK)]
    ids: set[str] = set()
    for number, step in enumerate(steps):
        while str(step["id"]) in ids:
            step["id"] = f"{step['id']}_{number}"
        ids.add(str(step["id"]))
        step["needs"] = [steps[number - 1]["id"]] if number else []  # each the one before
    if constraints.deadline_seconds is not None:
        _time(steps, constraints.deadline_seconds, [step for step in past_steps if step.state == "succeeded"])
    held: dict[str, JSON] = {"goal": _plain(goal)[:500]}
    if constraints.deadline_seconds is not None:
        held["deadline-seconds"] = f"{constraints.deadline_seconds:g}"
    if constraints.budget is not None:
        held["budget"] = f"{constraints.budget:g}"
    definition: dict[str, JSON] = {
        "name": name_of(goal),
        "description": " ".join(goal.split())[:1_000],
        "tags": ["workflow"],
        "steps": list(steps),
        "metadata": held,  # what the running workflow is held to stands with its procedure
    }
    return PlanDraft(
        definition=definition,
        sources=sources,
        notes=(*constraints.notes, *notes),
        confidence=_confidence(like),
    )


def _merit(past: PastWorkflow) -> tuple[bool, float, int, float]:
    """Order past workflows: what succeeded, is alike, failed at fewer steps, was quicker."""
    return past.succeeded is True, round(past.likeness, 1), -past.failures, -past.seconds


def _confidence(like: Sequence[PastWorkflow]) -> float:
    """Return the share of like workflows that succeeded, each weighed by its likeness; 0 where none has ended."""
    ended = [past for past in like if past.succeeded is not None]
    if not ended:
        return 0.0
    weight = sum(past.likeness for past in ended)
    return (sum(past.likeness for past in ended if past.succeeded) + PRIOR_RUNS / 2) / (weight + PRIOR_RUNS)


def _work(
    goal: str, constraints: Constraints, known: Known, best: PastWorkflow | None
) -> tuple[list[dict[str, JSON]], dict[str, str], list[str]]:
    parts = [part for part in _THEN.split(goal.strip()) if query_terms(part)] or [goal]
    if len(parts) > 1:
        return _parts(parts, goal, constraints), {}, ["the work is what the goal says, part by part, in its order"]
    if best is not None and (reused := _reused(goal, best)):
        how = "succeeded" if best.succeeded else "has not succeeded yet"
        said = f"its {counted(len(reused), 'step')} of work, in the order in which they ended; it {how}"
        return reused, {best.id: said}, [f"the work is that of an earlier workflow for {best.goal!r}, which {how}"]
    if known.procedure is not None:
        step: dict[str, JSON] = {
            "id": "work",
            "name": f"Follow {known.procedure}"[:200],
            "uses": "procedure",
            "with": {"procedure": known.procedure, "inputs": dict(known.inputs)},
        }
        return [step], {known.procedure_id: "the procedure that does it"}, [f"{known.procedure} is for such a goal"]
    if known.listed:
        notes = ["the steps are those that a memory lists; an agent or a person carries each out"]
        return (
            _parts(known.listed, goal, constraints),
            {known.listed_in: counted(len(known.listed), "step")},
            notes,
        )
    return _parts(parts, goal, constraints), {}, ["nothing like it was done before: the work is the goal itself"]


def _parts(parts: Sequence[str], goal: str, constraints: Constraints) -> list[dict[str, JSON]]:
    steps = []
    for number, part in enumerate(parts[:MAX_STEPS], 1):
        task = _plain(part)
        made = agent_step("work" if len(parts) == 1 else f"work_{number}", task, class_of(task), constraints)
        if part != goal:
            made["with"] = {**dict(made["with"]), "context": _context(constraints, goal)}  # type: ignore[arg-type]
        steps.append(made)
    return steps


def agent_step(step_id: str, task: str, task_class: str, constraints: Constraints) -> dict[str, JSON]:
    """Return a step that an agent carries out."""
    given: dict[str, JSON] = {"task": task[:MAX_TASK_CHARACTERS], "task-class": task_class}
    if context := _context(constraints, ""):
        given["context"] = context
    if constraints.target:
        given["target"] = _plain(constraints.target)
    return {"id": step_id, "name": task[:200], "uses": "agent", "with": given}


def _context(constraints: Constraints, goal: str) -> dict[str, JSON]:
    """Return what whoever does a step is told besides: the goal, and constraints that became no step."""
    told = [_plain(note.split(": not understood")[0]) for note in constraints.notes if ": not understood" in note]
    return {**({"goal": _plain(goal)} if goal else {}), **({"constraints": list(told)} if told else {})}


def _plain(text: str) -> str:
    """Return a text in which nothing is filled in."""
    return " ".join(text.replace("${{", "$ {{").split())


def _reused(goal: str, best: PastWorkflow) -> list[dict[str, JSON]]:
    """Return the work of a past workflow in the order in which it went, said of this goal; nothing that was skipped."""
    steps = []
    for past in best.steps:
        step = dict(past.definition)
        ours = str(step.get("id"))
        if ours in SCAFFOLD or ours == TEST or ours.startswith(CHECK) or past.state == "skipped":
            continue
        for key in ("needs", "compensate", "timeout-seconds", "timeout-minutes", "retry"):
            step.pop(key, None)
        if step.get("uses") == "agent" and isinstance(given := step.get("with"), Mapping):
            task = str(given.get("task", "")).replace(_plain(best.goal), _plain(goal))
            step["with"] = {**given, "task": task}
            step["name"] = task[:200]
        steps.append(step)
    return steps[:MAX_STEPS]


def _same(step: Mapping[str, JSON], past: PastPlanStep) -> bool:
    """Say whether a step is one that was done before: by what it is called."""
    if step["id"] in (TEST, *SCAFFOLD):
        return step["id"] == past.definition.get("id")
    return likeness(str(step.get("name") or step["id"]), str(past.definition.get("name") or "")) >= SAME_STEP


def _scaffolded(
    goal: str,
    constraints: Constraints,
    work: list[dict[str, JSON]],
    failed: Sequence[PastPlanStep],
    best: PastWorkflow | None,
) -> list[dict[str, JSON]]:
    steps: list[dict[str, JSON]] = []
    if constraints.approval:
        question = f"May this go ahead, as {_plain(constraints.approval)}: {_plain(goal)}?"[:500]
        steps.append({"id": APPROVE, "name": "Agree to it", "uses": "approval", "with": {"question": question}})
    if constraints.rollback:
        task = f"Prepare how to take this back, before anything changes: {_plain(goal)}"
        steps.append(agent_step(PREPARE, task, ROLLBACK_CLASS, constraints))
    for step in work:
        if (before := next((past for past in failed if _same(step, past)), None)) is not None:
            why = f" with: {_plain(before.error)[:300]}" if before.error else ""
            task = f"Check that this can be done now, which failed before{why}."
            task += f" What is to be done: {step.get('name') or step['id']}"
            steps.append(agent_step(f"{CHECK}{step['id']}"[:60], task, "check", constraints))
            step["retry"] = {"attempts": RETRIES}
        if constraints.rollback:
            task = f"Take back, as it was prepared: {step.get('name') or _plain(goal)}"[:MAX_TASK_CHARACTERS]
            prepared = {"prepared": "${{ steps.prepare_rollback.output }}"}
            back = {"task": task, "task-class": ROLLBACK_CLASS, "context": prepared}
            step["compensate"] = {"uses": "agent", "with": back}
        steps.append(step)
    if constraints.testing:
        steps.append(_test(goal, constraints, best))
    return steps


def _test(goal: str, constraints: Constraints, best: PastWorkflow | None) -> dict[str, JSON]:
    """Return the step that tests: by the command that is named, else as it was tested before, else by an agent."""
    if constraints.test:
        return {"id": TEST, "name": "Test it", "uses": "check", "run": _plain(constraints.test)}
    before = next((step for step in best.steps if step.definition.get("id") == TEST), None) if best else None
    if before is not None and before.definition.get("uses") in ("check", "command"):
        kept = {key: before.definition[key] for key in ("uses", "run", "with", "shell") if key in before.definition}
        return {"id": TEST, "name": "Test it", **kept}
    return agent_step(
        TEST, f"Test what was done, and fail where it does not hold: {_plain(goal)}", TEST_CLASS, constraints
    )


def _time(steps: Sequence[dict[str, JSON]], deadline: float, done: Sequence[PastPlanStep]) -> None:
    """Share the time out: the longest that a step took with some to spare, the rest by kind; never more in all."""
    took = [max((each.seconds or 0.0 for each in done if _same(step, each)), default=0.0) for step in steps]
    known = [SPARE * seconds for seconds in took]
    scale = min(1.0, deadline / sum(known)) if sum(known) else 1.0
    left = max(0.0, deadline - sum(known) * scale)
    weights = [_weight(step) for step in steps]
    for step, own, weight in zip(steps, known, weights, strict=True):
        tries = RETRIES if step.get("retry") else 1
        seconds = (own * scale + left * weight / sum(weights)) / tries
        step["timeout-seconds"] = max(0.01, int(min(seconds, LONGEST_STEP_SECONDS) * 100) / 100)


def _weight(step: Mapping[str, JSON]) -> float:
    if step["id"] == APPROVE:
        return APPROVAL_SHARE
    return WORK_SHARE if str(step["id"]).startswith("work") else OTHER_SHARE
