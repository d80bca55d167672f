"""What is done how, and how does it fare? The procedures, and one of them with its versions, its steps and its runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from brainops import authoring
from brainops.dashboard.needs import Button
from brainops.dashboard.visit import ROWS, Visit
from brainops.pictures.flow import StepTally, tallies
from brainops.types import ProcedureState, ProcedureVersion

LATELY = 20  # runs that the figures of a step are from


def procedures(visit: Visit) -> Mapping[str, Any]:
    """Return the active version of each procedure, and the newest where that is another."""
    return {"found": lambda: visit.brain.procedures.list()}


def procedure(visit: Visit) -> Mapping[str, Any]:
    """Return one procedure: its steps with how they fared, how its versions differ, and its runs."""
    name, brain = visit.given["name"], visit.brain
    history = brain.procedures.history(name)
    versions = sorted(history.versions, key=lambda each: each.number, reverse=True)
    shown = next((each for each in versions if each.state is ProcedureState.ACTIVE), versions[0])
    lately = [brain.runs.get(each.id) for each in brain.runs.list(procedure=name, limit=LATELY)]
    told = tallies(lately)
    other = visit.query.get("with") or ""
    number = int(other) if other.isascii() and other.isdigit() else None
    return {
        "heading": name,
        "shown": shown,
        "versions": versions,
        "acts": history.acts,
        "picture": Markup(authoring.picture(shown.procedure, lately)),
        "steps": [(step, told.get(step.id, StepTally())) for step in shown.procedure.steps],
        "lately": len(lately),
        "patch": brain.procedures.diff(name, old=number, new=shown.number) if number else "",
        "compared": number,
        "activate": {each.number: _activate(each) for each in versions if each.state is not ProcedureState.ACTIVE},
        "runs": lambda: brain.runs.list(procedure=name, limit=ROWS, **visit.paging),
    }


def _activate(version: ProcedureVersion) -> Sequence[Button]:
    fields = {"name": version.procedure.name, "number": str(version.number)}
    return (Button(verb="procedures.activate", label="Activate", fields=fields, reason="Why"),)
