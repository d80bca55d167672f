"""Which tools does an agent get? Twelve; each calls a verb of its view, and says by its signature what that takes.

What takes a person (to approve, to let a rule go, to remove) is not among them: an agent asks for it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from msgspec import Meta

from brainops.brain import Brain
from brainops.errors import Conflict
from brainops.mcp import texts
from brainops.mcp.answers import ErrorReport, OperationEnd, RunAtHand
from brainops.mcp.tool import Tool
from brainops.remote import begun
from brainops.remote.begun import Begun
from brainops.types import (
    JSON,
    ActionClass,
    Approval,
    Briefing,
    Captured,
    Feedback,
    Hit,
    MemoryType,
    OperationStart,
    ProcedureVersion,
    Run,
    Verdict,
)

ERROR = "error"  # what an error is called that is of no operation

Name = Annotated[str, Meta(min_length=1, description="What is done, as a command line or a name: kubectl delete pod.")]
Target = Annotated[str | None, Meta(description="On what: production, a host, a service.")]
Context = Annotated[dict[str, JSON], Meta(description="Where that is: version, region, the error to be mended.")]
RunId = Annotated[str, Meta(description="The run, as procedure_start answered it.")]


def recall(
    brain: Brain,
    query: Annotated[str, Meta(description="A question or words; an empty one lists the newest.")] = "",
    limit: Annotated[int, Meta(ge=1, le=50)] = 5,
    types: Annotated[tuple[MemoryType, ...], Meta(description="Only of these types.")] = (),
    tags: Annotated[tuple[str, ...], Meta(description="Only with all of these tags.")] = (),
) -> list[Hit]:
    """Find what is remembered about something: errors and what helped, decisions, deployments, lessons."""
    return brain.retrieve(query, limit=limit, types=types, tags=tags)


def remember(
    brain: Brain,
    title: Annotated[str, Meta(min_length=1, description="What was learnt, in one sentence.")],
    content: Annotated[str, Meta(description="What else is to be known of it: causes, commands, numbers.")] = "",
    type: MemoryType = MemoryType.LEARNING_INSIGHT,
    tags: tuple[str, ...] = (),
    importance: Annotated[float, Meta(ge=0, le=1)] = 0.5,
) -> Captured:
    """Keep one thing that was learnt, for later sessions and other agents. Secrets in it are taken out."""
    return brain.capture(title, content, type=type, tags=tags, importance=importance)


def consult(
    brain: Brain,
    name: Name,
    target: Target = None,
    context: Context = {},  # noqa: B006 -- it is only read
    action_class: Annotated[
        ActionClass | None, Meta(description="What it does to its target, where the name does not say so.")
    ] = None,
) -> Begun:
    """Ask, before an operation is done, whether it may be and what is known of it; its id is for report_outcome.

    Where a rule does not let it pass, the error says why, and the one call that clears it.
    """
    return begun.begin(brain, name, target=target, context=context, action_class=action_class)


def correct(
    brain: Brain,
    memory_id: str,
    verdict: Verdict,
    note: Annotated[str, Meta(description="Why.")] = "",
    correction: Annotated[str | None, Meta(description="What is right; it takes the place of the old text.")] = None,
) -> Feedback:
    """Say that a memory was helpful, wrong or outdated, so that the right ones come first. It can be taken back."""
    return brain.feedback(memory_id, verdict, note=note, correction=correction)


def report_error(
    brain: Brain,
    error: Annotated[str, Meta(min_length=1, description="The error as it was printed: a traceback, a log line.")],
    target: Target = None,
    context: Context = {},  # noqa: B006 -- it is only read
) -> ErrorReport:
    """Tell of an error that is of no operation that was consulted about: it is written down, its known fix answered."""
    known = brain.recognise(error)  # before it is written, so that it is not known by itself
    return ErrorReport(known=known, handled=brain.handle(ERROR, target=target, error=error, context=context))


def report_outcome(
    brain: Brain,
    operation_id: Annotated[str, Meta(description="The operation, as consult answered it.")],
    error: Annotated[str | None, Meta(description="Where it failed: the error as it was printed.")] = None,
    result: Annotated[str | None, Meta(description="Where it succeeded: what came of it.")] = None,
    followed: Annotated[str | None, Meta(description="The id of the advice that was followed.")] = None,
) -> OperationEnd:
    """Tell how an operation ended: its error is remembered, and advice that was followed is judged by it."""
    begun.finish(brain, operation_id, result=result, error=error, followed=followed, claimed=True)
    return OperationEnd(operation_id=operation_id, failed=error is not None)


def procedure_list(brain: Brain) -> list[ProcedureVersion]:
    """List the procedures that hold here: runbooks with steps that are followed, and often enforced."""
    return list(brain.procedures.active())


def procedure_start(
    brain: Brain,
    name: Annotated[str, Meta(description="The procedure, as procedure_list names it.")],
    target: Target = None,
    inputs: Annotated[dict[str, JSON], Meta(description="What the procedure names among its inputs.")] = {},  # noqa: B006 -- read
) -> RunAtHand:
    """Run a procedure until it ends or waits, for a step of yours or for a person's approval."""
    return _followed(brain, brain.execute(name, inputs, target=target))


def procedure_step(
    brain: Brain,
    run_id: RunId,
    step_id: Annotated[str, Meta(description="The step that is yours.")],
    output: Annotated[JSON, Meta(description="What came of it; of a decision, the answer.")] = None,
    evidence: Annotated[JSON, Meta(description="What shows that it was done.")] = None,
) -> RunAtHand:
    """Say that a step of yours was done, and go on with the run. What verifies the step is looked at first."""
    return _followed(brain, brain.runs.complete(run_id, step_id, output=output, evidence=evidence))


def request_approval(
    brain: Brain,
    name: Name,
    reason: Annotated[str, Meta(min_length=1, description="Why it is needed; the person reads it.")],
    target: Target = None,
    context: Context = {},  # noqa: B006 -- it is only read
) -> Approval:
    """Ask a person to approve one operation that the guard does not let pass; the question waits for an answer."""
    mine = brain.settings
    start = OperationStart(name=name, target=target, context=context, actor=mine.actor, session_id=mine.session)
    return brain.guard.ask(start, reason=reason)


def session_start(
    brain: Brain,
    agent: Annotated[str | None, Meta(description="The name of the agent that begins to work.")] = None,
) -> Briefing:
    """Open a session and read how everything stands. Its id is the handle by which further calls belong to it."""
    return brain.sessions.open(id=brain.settings.session, agent=agent)


def status(brain: Brain) -> dict[str, Any]:
    """Say how the memory is: counts, index and backlog, growth, sizes."""
    return brain.upkeep.status()


def _followed(brain: Brain, run: Run) -> RunAtHand:
    step = None
    with suppress(Conflict):  # where no step waits for anybody
        step = brain.runs.current(run.id)
    return RunAtHand(run=run, step=step)


TOOLS = {
    each.name: each
    for each in (
        Tool(recall, "Recall", texts.recalled, reads=True),
        Tool(remember, "Remember", texts.remembered),
        Tool(consult, "Consult before an operation", texts.consulted),
        Tool(correct, "Correct a memory", texts.corrected, destructive=True),
        Tool(report_error, "Report an error", texts.reported),
        Tool(report_outcome, "Report how an operation ended", texts.ended, idempotent=True),
        Tool(procedure_list, "List procedures", texts.listed, reads=True),
        Tool(procedure_start, "Run a procedure", texts.followed, runs=True),
        Tool(procedure_step, "Complete a step", texts.followed, runs=True),
        Tool(request_approval, "Ask for approval", texts.asked),
        Tool(session_start, "Start a session", texts.briefed),
        Tool(status, "Status", texts.stands, reads=True),
    )
}
