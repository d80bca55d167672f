"""Who asks for what, exactly, and what happens if nobody answers? The questions that wait, one card each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from brainops.dashboard.needs import decisions
from brainops.dashboard.visit import ROWS, Visit
from brainops.errors import NotFound
from brainops.types import Approval, ApprovalKind, ApprovalState, Procedure, Run, Step
from brainops.types.people import PROVEN_SECONDS
from brainops.types.times import SECOND_MICROS

BEFORE = 200  # answers that are looked through for those that were given to the like


def approvals(visit: Visit) -> Mapping[str, Any]:
    """Return a card for each question that waits, and the answers that were given."""
    return {
        "cards": lambda: _cards(visit),
        "decided": lambda: [
            each for each in visit.brain.approvals.list(limit=ROWS) if each.state is not ApprovalState.PENDING
        ],
        "proven": _proven(visit),
    }


def _cards(visit: Visit) -> list[Mapping[str, Any]]:
    waiting = visit.brain.approvals.list(ApprovalState.PENDING, limit=ROWS, **visit.paging)
    before = visit.brain.approvals.list(limit=BEFORE) if waiting else []
    return [_card(visit, each, before) for each in waiting]


def _card(visit: Visit, asked: Approval, before: Sequence[Approval]) -> Mapping[str, Any]:
    run, procedure = _of_run(visit, asked)
    by = [each for each in before if each.requested_by.id == asked.requested_by.id]
    like = [each for each in before if each.question == asked.question and each.decided_by is not None]
    return {
        "asked": asked,
        "run": run,
        "what": _what(asked, run),
        "steps": _following(asked, procedure),
        "otherwise": _otherwise(asked),
        "record": {state: sum(each.state.value == state for each in by) for state in ("used", "granted", "refused")},
        "like": like[:3],
        "buttons": decisions(asked.id, asked.digest),
    }


def _of_run(visit: Visit, asked: Approval) -> tuple[Run | None, Procedure | None]:
    if asked.run_id is None:
        return None, None
    try:
        run = visit.brain.runs.get(asked.run_id)
        return run, visit.brain.procedures.by_id(run.procedure_id).procedure
    except NotFound:  # a run that was removed
        return None, None


def _what(asked: Approval, run: Run | None) -> str:
    of = f"{run.procedure_name}{f' on {run.target}' if run.target else ''}" if run else asked.subject
    match asked.kind:
        case ApprovalKind.STEP:
            return f"{of} goes on after step {asked.step_id}"
        case ApprovalKind.SKIP_STEP:
            return f"{of} goes on without step {asked.step_id}"
        case ApprovalKind.SKIP_PROCEDURE:
            return f"it is done without the procedure {asked.subject}"
        case _:
            return f"{asked.kind.value.replace('_', ' ')}: {asked.subject}"


def _following(asked: Approval, procedure: Procedure | None) -> list[Step]:
    """Return the steps that an answer lets go on: what exactly would be done."""
    if procedure is None or asked.step_id is None:
        return []
    if asked.kind is ApprovalKind.SKIP_STEP:
        return [step for step in procedure.steps if step.id == asked.step_id]
    return [step for step in procedure.steps if asked.step_id in step.needs]


def _otherwise(asked: Approval) -> str:
    if asked.run_id:
        return "The step fails, and its run with it."
    return "It stays forbidden; whoever asked may ask again."


def _proven(visit: Visit) -> Mapping[str, Any]:
    """Return whether it was shown lately who looks at this, which an answer takes, and until when that counts."""
    signed = visit.caller.signed
    at = signed.sign_in.proven_at if signed else None
    until = at + int(PROVEN_SECONDS * SECOND_MICROS) if at is not None else 0
    return {"now": until > visit.now, "until": until}
