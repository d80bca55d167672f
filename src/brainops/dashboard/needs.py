"""What needs a person? What waits for an answer, failed, fires, came new, or is about to change; the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from brainops.dashboard.visit import Visit
from brainops.types import AlertState, ApprovalState, ImprovementState, MemoryType, Micros, RunState
from brainops.types.times import DAY_MICROS

ERRORS = 5  # that are new: all of them stand on their own page
STRETCH = 7 * DAY_MICROS  # that a failed run and a new error need somebody, whatever time the page shows
MOST = 20  # of each kind: who has more of one kind than these begins with them


class Button(Struct, frozen=True, kw_only=True):
    """An act on a row: the verb, what stands on it, the fields it is called with, and what is asked for besides."""

    verb: str
    label: str
    fields: Mapping[str, str] = {}
    reason: str = ""
    digest: str = ""
    key: str = ""
    kind: str = ""


class Need(Struct, frozen=True, kw_only=True):
    """One thing that needs a person: what it is, since when, where it is looked at, and what can be done at once."""

    id: str
    kind: str
    mark: str
    title: str
    detail: str
    at: Micros
    link: str
    namespace: str
    buttons: tuple[Button, ...] = ()


def needs(visit: Visit) -> list[Need]:
    """Return what needs a person, the gravest first."""
    return [*_approvals(visit), *_failed(visit), *_alerts(visit), *_by_hand(visit), *_errors(visit), *_planned(visit)]


def decisions(approval_id: str, digest: str) -> tuple[Button, ...]:
    """Return the two buttons of a question."""
    told = {"approval_id": approval_id}
    return (
        Button(
            verb="approvals.grant", label="Approve", fields=told, reason="Why", digest=digest, key="a", kind="first"
        ),
        Button(
            verb="approvals.refuse", label="Refuse", fields=told, reason="Why not", digest=digest, key="r", kind="grave"
        ),
    )


def _approvals(visit: Visit) -> Iterator[Need]:
    for each in visit.brain.approvals.list(ApprovalState.PENDING, limit=MOST):
        yield Need(
            id=each.id,
            kind="waits for you",
            mark="warn",
            title=each.question,
            detail=f"asked by {each.requested_by.id}; no answer counts as a no",
            at=each.requested_at,
            link=visit.link("/approvals"),
            namespace=each.namespace,
            buttons=decisions(each.id, each.digest),
        )


def _failed(visit: Visit) -> Iterator[Need]:
    for run in visit.brain.runs.list(state=RunState.FAILED, since=visit.now - STRETCH, limit=MOST):
        yield Need(
            id=run.id,
            kind="run failed",
            mark="bad",
            title=run.procedure_name + (f" on {run.target}" if run.target else ""),
            detail=run.error or run.reason or "",
            at=run.finished_at or run.created_at,
            link=visit.link(f"/runs/{run.id}"),
            namespace=run.namespace,
            buttons=(Button(verb="runs.retry", label="Retry", fields={"run_id": run.id}),),
        )


def _alerts(visit: Visit) -> Iterator[Need]:
    for alert in visit.brain.alerts.list(AlertState.FIRING, limit=MOST):
        yield Need(
            id=alert.operation_id,
            kind=f"alarm, {alert.severity}",
            mark="bad",
            title=alert.event.removeprefix("alert.") + (f" on {alert.target}" if alert.target else ""),
            detail=", ".join(f"{name} {said}" for name, said in sorted(alert.labels.items())),
            at=alert.fired_at,
            link=visit.link("/incident", alert=alert.key),
            namespace=alert.namespace,
        )


def _by_hand(visit: Visit) -> Iterator[Need]:
    """Yield the runs that wait for somebody's hands; those that wait for an answer stand there as the question."""
    for run in visit.brain.runs.list(state=RunState.WAITING, limit=MOST):
        steps = visit.brain.runs.get(run.id).steps
        step = next((each for each in steps if each.waits_for in ("manual", "decision")), None)
        if step is not None:
            yield Need(
                id=run.id,
                kind="waits for a hand",
                mark="warn",
                title=run.procedure_name + (f" on {run.target}" if run.target else ""),
                detail=f"step {step.step_id}",
                at=step.started_at or run.created_at,
                link=visit.link(f"/runs/{run.id}"),
                namespace=run.namespace,
            )


def _errors(visit: Visit) -> Iterator[Need]:
    for error in visit.brain.newest(types=[MemoryType.ERROR_PATTERN], since=visit.now - STRETCH, limit=ERRORS):
        if error.fingerprint and error.created_at >= visit.now - STRETCH:
            yield Need(
                id=error.id,
                kind="new error",
                mark="bad",
                title=error.title,
                detail=f"{error.occurrences} times" if error.occurrences > 1 else "once",
                at=error.last_seen_at,
                link=visit.link(f"/errors/{error.id}"),
                namespace=error.namespace,
            )


def _planned(visit: Visit) -> Iterator[Need]:
    for each in visit.brain.improvements.list(state=ImprovementState.PLANNED, limit=MOST):
        veto = Button(verb="improvements.veto", label="Veto", fields={"improvement_id": each.id}, reason="Why not")
        yield Need(
            id=each.id,
            kind="changes by itself",
            mark="warn",
            title=each.title,
            detail=each.reason,
            at=each.apply_at or each.proposed_at,
            link=visit.link("/learning"),
            namespace=each.namespace,
            buttons=(veto,),
        )
