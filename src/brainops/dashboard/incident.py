"""What happened, in one line of time? An alert, what memory advised, who decided, the steps, and how it ended.

An incident is an alert with the runs that it began and what was done on its target meanwhile, or a run alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from brainops.dashboard.visit import ROWS, Visit
from brainops.dashboard.words import shown, span, verdict
from brainops.types import Alert, AlertState, ApprovalState, Micros, Run, Succeeded
from brainops.types.times import HOUR_MICROS

MOST = 200  # entries of a kind
AFTER = HOUR_MICROS  # an incident goes on for so long after its alert was resolved
LANES = ("alert", "guidance", "decision", "approval", "step", "outcome")


class Moment(Struct, frozen=True, kw_only=True):
    """Something that happened in an incident, in its lane."""

    at: Micros
    lane: str
    said: str
    by: str = ""
    link: str = ""


def incident(visit: Visit) -> Mapping[str, Any]:
    """Return one incident, or those that there were: alerts, the one that changed last first."""
    key, run_id = visit.query.get("alert"), visit.query.get("run")
    if not key and not run_id:
        return {"alerts": lambda: visit.brain.alerts.list(limit=ROWS, **visit.paging), "entries": None, "heading": ""}
    alert = visit.brain.alerts.get(key) if key else None
    runs = [visit.brain.runs.get(run_id)] if run_id else _runs_of(visit, alert)
    heading = _heading(alert, runs)
    return {
        "alert": alert,
        "runs": runs,
        "lanes": LANES,
        "heading": heading,
        "helps": lambda: visit.brain.evidence.next_tries(alert.identity) if alert else None,
        "entries": lambda: _entries(visit, alert, runs),
        "markdown": lambda: markdown(heading, alert, runs, _entries(visit, alert, runs)),
        "file": f"incident-{(key or run_id or '')[:40]}.md",
    }


def _heading(alert: Alert | None, runs: Sequence[Run]) -> str:
    if alert is not None:
        return alert.event.removeprefix("alert.") + (f" on {alert.target}" if alert.target else "")
    return runs[0].procedure_name + (f" on {runs[0].target}" if runs[0].target else "")


def _runs_of(visit: Visit, alert: Alert | None) -> list[Run]:
    """Return the runs that an alert began, as what was written of it says."""
    if alert is None:
        return []
    told = visit.brain.operations.get(alert.operation_id).outcome
    result = told.result if isinstance(told, Succeeded) and isinstance(told.result, dict) else {}
    begun = result.get("runs")
    return [visit.brain.runs.get(each) for each in begun if isinstance(each, str)] if isinstance(begun, list) else []


def _entries(visit: Visit, alert: Alert | None, runs: Sequence[Run]) -> list[Moment]:
    """Return what happened, the first first."""
    begins = min([each.created_at for each in runs] + ([alert.fired_at] if alert else []))
    ends = max([each.finished_at or visit.now for each in runs] + ([alert.changed_at] if alert else [])) + AFTER
    found = [*_of_alert(alert), *_of_runs(visit, runs), *_of_approvals(visit, runs)]
    target = alert.target if alert else runs[0].target
    found += _of_target(visit, target, begins, ends, {each.operation_id for each in runs})
    return sorted(found, key=lambda each: (each.at, LANES.index(each.lane)))  # at once: the cause before its effect


def _of_alert(alert: Alert | None) -> Iterator[Moment]:
    if alert is None:
        return
    about = ", ".join(f"{name} {said}" for name, said in sorted(alert.labels.items()))
    yield Moment(at=alert.fired_at, lane="alert", said=f"fires ({alert.severity}): {about}")
    if alert.state is AlertState.RESOLVED:
        yield Moment(at=alert.changed_at, lane="alert", said="resolved")


def _of_runs(visit: Visit, runs: Sequence[Run]) -> Iterator[Moment]:
    for run in runs:
        link = visit.link(f"/runs/{run.id}")
        yield Moment(at=run.created_at, lane="outcome", said=f"{run.procedure_name} begins", by=run.actor.id, link=link)
        for row in run.steps:
            at = row.finished_at or row.started_at
            if at is not None:
                waits = f", waits for {row.waits_for}" if row.waits_for and not row.finished_at else ""
                why = f": {row.error}" if row.error else ""
                yield Moment(at=at, lane="step", said=f"{row.step_id} {row.state.value}{waits}{why}", link=link)
        if run.finished_at:
            took = span(run.finished_at - run.created_at)
            said = f"{run.procedure_name} {run.state.value} after {took}"
            yield Moment(at=run.finished_at, lane="outcome", said=said, link=link)


def _of_approvals(visit: Visit, runs: Sequence[Run]) -> Iterator[Moment]:
    ids = {run.id for run in runs}
    for each in visit.brain.approvals.list(limit=MOST):
        if each.run_id not in ids:
            continue
        yield Moment(at=each.requested_at, lane="approval", said=f"asked: {each.question}", by=each.requested_by.id)
        if each.decided_at is not None:
            state = "granted" if each.state is ApprovalState.USED else each.state.value
            why = f": {each.decision_reason}" if each.decision_reason else ""
            by = each.decided_by.id if each.decided_by else ""
            yield Moment(at=each.decided_at, lane="approval", said=f"{state}{why}", by=by)


def _of_target(
    visit: Visit, target: str | None, begins: Micros, ends: Micros, known: set[str | None]
) -> Iterator[Moment]:
    """Yield what was done on the target meanwhile, with what memory advised, and what the guard decided."""
    if target is None:
        return
    for each in visit.brain.operations.list(target=target, since=begins, limit=MOST):
        if each.started_at > ends or each.id in known or each.start.name.startswith("alert."):
            continue
        by = each.start.actor.id
        if each.guidance_id is not None:
            said = f"memory was asked before {each.start.name}"
            yield Moment(at=each.started_at, lane="guidance", said=said, by=by)
        at = each.finished_at or each.started_at
        yield Moment(at=at, lane="outcome", said=f"{each.start.name} {verdict(each)}", by=by)
    for decision in visit.brain.guard.decisions(since=begins, limit=MOST):
        if decision.at <= ends and decision.target == target:
            said = f"{decision.kind.value}: {decision.operation_name}: {decision.reason}"
            yield Moment(at=decision.at, lane="decision", said=said, by=decision.actor.id)


def markdown(heading: str, alert: Alert | None, runs: Sequence[Run], entries: Sequence[Moment]) -> str:
    """Return a post-mortem to fill in: what is on record, and the questions that people answer."""

    def line(text: str) -> str:
        """Return stored text as Markdown that is only text, on one line."""
        said = " ".join(str(shown(text)).split())
        return "".join(f"\\{each}" if each in "\\`*_[]<>#|!&" else each for each in said)

    def when(at: Micros) -> str:
        return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S")

    facts = [f"- Alert {line(alert.key)}, {alert.state.value}, told {alert.told} times"] if alert else []
    facts += [f"- Run `{run.id}` of {line(run.procedure_name)}: {run.state.value}" for run in runs]
    rows = [f"| {when(each.at)} | {each.lane} | {line(each.said)} | {line(each.by)} |" for each in entries]
    parts = [
        f"# {line(heading)}",
        "\n".join(facts),
        "## What happened (UTC)",
        "\n".join(["| when | what | | by |", "|---|---|---|---|", *rows]),
        "## What was affected",
        "## Why it happened",
        "## What went well, and what did not",
        "## What is done about it",
    ]
    return "\n\n".join(parts) + "\n"
