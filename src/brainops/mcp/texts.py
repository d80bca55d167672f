"""What does a model read of an answer? The most of it in few lines; what was remembered stands in quotes, as data.

(pure)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brainops.types import Allow, Approval, Briefing, Captured, Feedback, Guidance, Hit, ProcedureVersion
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.mcp.answers import ErrorReport, OperationEnd, RunAtHand
    from brainops.remote.begun import Begun

SAID_CHARACTERS = 600  # of one memory, so that several have room


def recalled(hits: Sequence[Hit]) -> Iterator[str]:
    """Tell each memory with its id, whose word it is, and what it says."""
    if not hits:
        yield "Nothing that is remembered answers this."
    for hit in hits:
        found = hit.memory
        yield f"{found.id} ({found.type.value}, trust {found.trust.value}) {_quoted(found.title)}"
        yield f"  {_quoted(found.content)}"


def remembered(captured: Captured) -> Iterator[str]:
    """Tell under which id it is kept, and what was changed of it."""
    yield f"Kept as {captured.id}" + (f", seen {captured.occurrences} times." if captured.repeated else ".")
    if captured.redacted:
        yield "Taken out: " + ", ".join(f"{each.kind} ({each.count})" for each in captured.redacted)
    if captured.similar:
        yield f"Says nearly the same: {', '.join(captured.similar)}"
    yield from captured.notes


def consulted(begun: Begun) -> Iterator[str]:
    """Tell what the guard says, and what memory knows of the operation."""
    yield f"Operation {begun.id} ({begun.action_class.value}) may go on. Tell its end: report_outcome."
    if isinstance(begun.decision, Allow):
        yield from (f"Warning: {each}" for each in begun.decision.warnings)
        yield from (f"A stricter mode would not let it pass: {each}" for each in begun.decision.observed)
    if begun.guidance is not None:
        yield from guided(begun.guidance)


def guided(guidance: Guidance) -> Iterator[str]:
    """Tell what to try, what went wrong before, and what has to be followed."""
    if guidance.next_tries is not None and guidance.next_tries.text:
        yield guidance.next_tries.text
    if guidance.failure_probability is not None and guidance.failure_reasons:
        yield f"Fails with a probability of {guidance.failure_probability:.0%}: {guidance.failure_reasons[0]}"
    for each in guidance.recommendations:
        yield f"Advice ({each.confidence:.0%}, {each.kind} {each.memory_id}) {_quoted(each.name)}: {_quoted(each.text)}"
    for seen in guidance.known_errors:
        yield f"Went wrong before ({seen.probability:.0%}, {seen.memory_id}): {_quoted(seen.text)}"
    if guidance.required_ids:
        yield f"To be followed: {', '.join(guidance.required_ids)}"
    yield from guidance.notes


def corrected(feedback: Feedback) -> Iterator[str]:
    """Tell which verdict stands, and which memory holds now."""
    yield f"{feedback.memory_id} is marked {feedback.verdict.value}."
    if feedback.correction_id is not None:
        yield f"In its place holds {feedback.correction_id}."


def reported(report: ErrorReport) -> Iterator[str]:
    """Tell what helped against the error, what is worth trying, and what goes on by itself."""
    known = report.known
    for tries in known.next_tries:
        yield tries.text
    for each in known.fixes:
        yield f"Fix {each.fix.id} {_quoted(each.fix.title)}: {_quoted(each.fix.advice)} {each.sentence}"
    for match in known.matches:
        sure = "this very error" if match.exact else f"like it, {match.probability:.0%}"
        said = match.memory
        yield f"Known as {said.id} ({sure}) {_quoted(said.title)}: {_quoted(said.content)}"
    if not known.matches and not known.fixes:
        yield "This error was not known."
    yield f"It is written down as {report.handled.memory_id or report.handled.operation_id}."
    for answer in report.handled.answers:
        yield f"Procedure {answer.procedure}: " + (f"run {answer.run_id} began." if answer.began else answer.reason)


def ended(end: OperationEnd) -> Iterator[str]:
    """Tell how the operation ended."""
    yield f"Operation {end.operation_id} {'failed; its error is remembered' if end.failed else 'succeeded'}."


def listed(versions: Sequence[ProcedureVersion]) -> Iterator[str]:
    """Tell each procedure by its name, how far it binds, and what it is for."""
    if not versions:
        yield "No procedure holds here."
    for each in versions:
        procedure = each.procedure
        steps = counted(len(procedure.steps), "step")
        yield f"{procedure.name} ({procedure.mode.value}, {steps}): {_quoted(procedure.description)}"


def followed(follows: RunAtHand) -> Iterator[str]:
    """Tell where the run stands, and the step that waits for whoever follows it."""
    run, step = follows.run, follows.step
    yield f"Run {run.id} of {run.procedure_name} is {run.state.value}."
    if run.error is not None:
        yield f"Its error: {_quoted(run.error)}"
    if step is not None:
        yield f"Step {step.number} of {step.of}, {step.step_id}, is yours ({step.kind.value}): {_quoted(step.text)}"
        if step.verify:
            yield f"It is done when: {_quoted(step.verify)}"
    elif run.finished_at is None:
        yield f"Where it stands later: the resource brainops://run/{run.id}."
    for waiting in run.steps:
        if waiting.waits_for is not None and (step is None or waiting.step_id != step.step_id):
            yield f"Step {waiting.step_id} waits for {waiting.waits_for} {waiting.waits_on or ''}".rstrip()


def asked(approval: Approval) -> Iterator[str]:
    """Tell which question waits, and until when."""
    yield f"Approval {approval.id} is {approval.state.value}: {_quoted(approval.question)}"
    yield f"A person answers it: brainops approve {approval.id}. Consult again once they did."


def briefed(briefing: Briefing) -> Iterator[str]:
    """Tell the session's handle, and what the briefing says to an agent."""
    yield f"Session {briefing.session_id}: hand it to each further call."
    yield briefing.block


def stands(figures: Mapping[str, Any]) -> Iterator[str]:
    """Tell each part in a line."""
    for name, value in figures.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _quoted(content: Any) -> str:
    """Return what somebody said as data: one line in quotes, whatever stands in it."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    cut = text if len(text) <= SAID_CHARACTERS else f"{text[:SAID_CHARACTERS]}…"
    return json.dumps(" ".join(cut.split()), ensure_ascii=False)
