"""How does another version of a procedure take the place of the one that holds: tried on a share of its runs first?

`before` and `after` are {"hash": SHA-256, "source": the native file}. Kinds that change a procedure's text share this:
they say what to change, and this tries, measures and puts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainops.errors import Conflict
from brainops.procedures.catalog import Catalog, subject_of
from brainops.procedures.definition import sources
from brainops.procedures.definition.step_kinds import STEP_KINDS
from brainops.procedures.runs.trials import digest_of, share_of
from brainops.statistics.always_valid import Counts, EValues, Measured, both, compare
from brainops.store import Transaction, acts
from brainops.store.acts import Proven
from brainops.store.database import Row
from brainops.store.procedures import version_of
from brainops.types import (
    JSON,
    Actor,
    Improvement,
    ImprovementState,
    Micros,
    Mode,
    Owner,
    Procedure,
    ProcedureState,
    ProcedureVersion,
    RunState,
    Trust,
)

QUICK_SUCCESS, QUICK_END = "quick_success", "quick_end"
"""What else may be better than that more runs succeed: that they do within `reference_micros`; that they end so."""

MAX_LOSS = 0.02  # of the rate of success, whatever else is better: two runs in a hundred may be chance


class Versions:
    """Puts versions of procedures, and measures them by their runs."""

    acts_outside = False

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def tried(self, improvement: Improvement) -> bool:
        """A share of the runs follows it first."""
        return True

    def stage(self, tx: Transaction, improvement: Improvement, by: Actor, now: Micros) -> None:
        """Keep the version that is tried as a draft; raise Conflict where another change of its name is tried."""
        under_way = tx.improvements.tried(improvement.subject)
        if under_way is not None and under_way.id != improvement.id:
            raise Conflict(f"{under_way.id} is tried on {improvement.subject} already; one at a time can be told apart")
        self._kept(tx, improvement, improvement.after)

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return the side whose version is active, or which other one is."""
        active = next((row for row in _own(tx, improvement) if row["state"] == ProcedureState.ACTIVE), None)
        digest = active["hash"] if active is not None else None
        for side in (improvement.before, improvement.after):
            if digest is not None and digest_of(side) == digest:
                return side
        return {"hash": digest}

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let a version hold."""
        kept = self._kept(tx, improvement, value)
        self._catalog.hold(tx, kept, f"improvement {improvement.id}: {reason}", acts.IMPROVED_PROCEDURE, by)

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """A strict procedure is changed by a person, one of git in its file; what only claims cannot be told."""
        active = next((row for row in _own(tx, improvement) if row["state"] == ProcedureState.ACTIVE), None)
        if active is None:
            return f"no version of {improvement.subject} is active here"
        if active["owner"] == Owner.GIT:
            return (
                f"it belongs to git ({active['path']}): take the patch of `brainops improvements show "
                f"{improvement.id}` into the file, and run `brainops procedure apply`"
            )
        if not by_itself:
            return None
        tried = tx.improvements.tried(improvement.subject)
        if tried is not None and tried.id != improvement.id:
            return f"{tried.id} is tried on {improvement.subject}; one at a time can be told apart"
        version = version_of(active, sources.stored)
        if version.procedure.mode is Mode.STRICT:
            return "it is a strict procedure, which a person changes"
        if version.trust is Trust.EXTERNAL:
            return "it came from outside"
        return None if observed(version.procedure) else "whether its runs succeed is only what somebody says"

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Compare the runs that were given to each side since the trial, or the watch, began."""
        if improvement.state not in (ImprovementState.TRIAL, ImprovementState.APPLIED) or improvement.trial_at is None:
            return Measured()
        reference = improvement.evidence.get("reference_micros")
        rows = tx.improvements.trial_runs(
            improvement.id, share=share_of(improvement), reference=reference if isinstance(reference, int) else 0
        )
        return measured(rows, share_of(improvement) / 100, str(improvement.evidence.get("measure", "")))

    def outside(self, improvement: Improvement, value: JSON, proof: Proven | None) -> None:
        """Nothing stands outside."""

    def _kept(self, tx: Transaction, improvement: Improvement, value: JSON) -> ProcedureVersion:
        """Return the version that one side names; the one that is tried is kept where it is not yet."""
        digest = digest_of(value)
        row = next((row for row in _own(tx, improvement) if row["hash"] == digest), None)
        if row is None:
            # How far a new version may be relied on: as an agent's word, and no further than what it was made
            # of.
            made_of = digest_of(improvement.before)
            outside = any(row["hash"] == made_of and row["trust"] == Trust.EXTERNAL for row in _own(tx, improvement))
            found: Mapping[str, Any] = value if isinstance(value, dict) else {}
            given = sources.definition(str(found.get("source", "")), None, Trust.EXTERNAL if outside else Trust.AGENT)
            if given.digest != digest or sources.secrets_in(given):
                raise Conflict(f"the version of improvement {improvement.id} is not what it was measured as")
            row = self._catalog.keep(tx, given, Owner.STORE, f"improvement {improvement.id}")
        return version_of(row, sources.stored)


def side(version: ProcedureVersion | Procedure) -> dict[str, JSON]:
    """Return a version, or what it would become, as one side of a change."""
    if isinstance(version, ProcedureVersion):
        return {"hash": version.hash, "source": version.source}
    given = sources.definition(version, None, Trust.AGENT)
    return {"hash": given.digest, "source": given.source}


def observed(procedure: Procedure) -> bool:
    """Say whether the success of a run is observed: what people and agents say they did counts where it is verified."""
    claimed = [step for step in procedure.steps if STEP_KINDS[step.action.uses].claims and step.verify is None]
    return not claimed or bool(procedure.expected_outcomes)


def measured(rows: list[Row] | Any, share: float, measure: str = "") -> Measured:
    """Return what the runs of both sides say: `rows` as `trial_runs` counts them."""
    success = [_counts(rows, side, lambda row: row["runs"] if _well(row) else 0) for side in (0, 1)]
    evidence = compare(*success, share=share)
    if measure:
        quick = [
            _counts(rows, side, lambda row: int(row["quick"] or 0) if measure == QUICK_END or _well(row) else 0)
            for side in (0, 1)
        ]
        evidence = both(evidence, compare(*quick, share=share))
    usual, tried = success
    if usual.rate is not None and tried.rate is not None and tried.rate < usual.rate - MAX_LOSS:
        evidence = EValues(better=min(1.0, evidence.better), worse=evidence.worse)
    figures: dict[str, JSON] = {
        "usual": {"succeeded": usual.well, "failed": usual.badly},
        "tried": {"succeeded": tried.well, "failed": tried.badly},
    }
    return Measured(evidence=evidence, counted=usual.total + tried.total, figures=figures)


def _counts(rows: list[Row], side: int, well_of: Any) -> Counts:
    mine = [row for row in rows if row["challenger"] == side and row["state"] in (RunState.SUCCEEDED, RunState.FAILED)]
    well = sum(int(well_of(row)) for row in mine)
    return Counts(well=well, badly=sum(int(row["runs"]) for row in mine) - well)


def _well(row: Row) -> bool:
    return bool(row["state"] == RunState.SUCCEEDED)


def _own(tx: Transaction, improvement: Improvement) -> list[Row]:
    name = improvement.subject.removeprefix(subject_of(""))
    return [row for row in tx.procedures.versions(name) if row["namespace"] == tx.scope.write]
