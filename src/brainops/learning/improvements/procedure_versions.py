"""Which procedures should go another way, by what people do beside them each time? Each variant is tried first."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brainops.errors import InvalidProcedure
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import draft
from brainops.learning.improvements.variants import (
    NOT_REPAIRED,
    WINDOW_MICROS,
    Deed,
    PastRun,
    PastStep,
    Variant,
    variants,
)
from brainops.learning.improvements.versions import Versions, measured, side
from brainops.procedures.catalog import Catalog, subject_of
from brainops.procedures.definition import sources
from brainops.procedures.fixes.fix_procedure import TAG as FIX_TAG
from brainops.procedures.runs.trials import share_of
from brainops.statistics.always_valid import Counts, EValues, Measured, both, compare
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import (
    JSON,
    ActorKind,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    Mode,
    ProcedureVersion,
    RunState,
    StepState,
    Trust,
)
from brainops.types.times import DAY_MICROS

LOOKED_BACK_DAYS = 90
MAX_STEPS = 5_000  # of one version that are looked at
MAX_DEEDS = 5_000  # beside its runs
MAX_ARGUMENTS = 50
SHELL = set("|&;<>()$`\\*?[]{}~#!\n")  # what only a shell makes sense of: such a line is left to people


class ProcedureVariants(Versions):
    """Tries variants of procedures that the record of their runs suggests."""

    kinds = frozenset((ImprovementKind.PROCEDURE,))

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog)
        self._active = catalog.active

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return the variants of active procedures of the written namespace that their runs suggest."""
        mine = work.context.store.scope.write
        found = (v for v in self._active() if v.namespace == mine and FIX_TAG not in v.procedure.tags)
        return [each for version in found for each in self._of(version, work)]

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """As any version; and what people agreed to each time, in what must be followed, they drop themselves."""
        refused = super().refused(tx, improvement, by_itself=by_itself)
        if refused is not None or not by_itself:
            return refused
        if improvement.evidence.get("excuses") and improvement.evidence.get("mode") != Mode.ADVISORY:
            return "people agreed each time that a step is skipped; whether it goes for good is for a person to say"
        return None

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """As any version; where it does what people did after runs, one that they still do it after is no success."""
        repair = improvement.evidence.get("repair")
        under_way = improvement.state in (ImprovementState.TRIAL, ImprovementState.APPLIED)
        if not repair or not under_way or improvement.trial_at is None:
            return super().measure(tx, improvement, now)
        share = share_of(improvement)
        rows = tx.variants.trial_runs(improvement.id, share=share, repair=str(repair), window=WINDOW_MICROS, now=now)
        return _unrepaired(rows, share / 100)

    def _of(self, version: ProcedureVersion, work: CycleWork) -> Iterator[Improvement]:
        since, name = work.to_at - LOOKED_BACK_DAYS * DAY_MICROS, version.procedure.name
        with work.context.store.read() as tx:
            steps = tx.variants.steps(name, version.hash, since=since, until=work.to_at, limit=MAX_STEPS)
            beside = tx.variants.beside(
                name, version.hash, since=since, until=work.to_at, window=WINDOW_MICROS, limit=MAX_DEEDS
            )
        for variant in variants(version.procedure, past_runs(steps, beside, name, work.to_at - WINDOW_MICROS)):
            by_agents = any(row["actor_kind"] == ActorKind.AGENT for row in beside if _deed(row) == variant.deed)
            if (found := _proposal(version, variant, work.to_at, by_agents=by_agents)) is not None:
                yield found


def past_runs(steps: Sequence[Row], beside: Sequence[Row], name: str, told_until: Micros) -> list[PastRun]:
    """Return runs as variants are mined from, the newest first; a run that the limit cut in two is left out."""
    by_run: dict[str, list[Row]] = defaultdict(list)
    for row in steps:
        by_run[row["run_id"]].append(row)
    if len(steps) == MAX_STEPS:
        by_run.popitem()
    deeds: dict[tuple[str, bool], set[Deed]] = defaultdict(set)
    for row in beside:
        if row["name"] != f"execute {name}":
            deeds[row["run_id"], bool(row["follows"])].add(_deed(row))
    return [
        PastRun(
            succeeded=found[0]["run_state"] == RunState.SUCCEEDED,
            seconds=(found[0]["run_finished_at"] - found[0]["run_started_at"]) / 1e6,
            steps={
                row["step_id"]: PastStep(
                    state=StepState(row["state"]),
                    failures=row["failures"],
                    excused=row["skipped_because"] not in (None, "condition"),
                    seconds=(row["finished_at"] - row["started_at"]) / 1e6
                    if (row["started_at"] is not None and row["finished_at"] is not None)
                    else None,
                )
                for row in found
            },
            before=frozenset(deeds[run_id, False]),
            after=frozenset(deeds[run_id, True]),
            told=found[0]["run_finished_at"] < told_until,
        )
        for run_id, found in by_run.items()
    ]


def _deed(row: Row) -> Deed:
    """Return what an operation did; its command where it is one that needs no shell."""
    context: Mapping[str, Any] = json.loads(row["context"] or "{}")
    return Deed(name=row["name"], command=_command(context.get("command")))


def _command(said: Any) -> tuple[str, ...]:
    if isinstance(said, str):
        try:
            said = [] if SHELL & set(said) else shlex.split(said)
        except ValueError:
            return ()
    if not isinstance(said, list) or not 0 < len(said) <= MAX_ARGUMENTS:
        return ()
    plain = all(isinstance(each, str) and each and "${{" not in each and "\0" not in each for each in said)
    return tuple(said) if plain else ()


def _proposal(version: ProcedureVersion, variant: Variant, at: Micros, *, by_agents: bool) -> Improvement | None:
    name, mode = version.procedure.name, version.procedure.mode
    try:
        after = side(variant.procedure)
        sources.require_evaluable(variant.procedure)
        if sources.secrets_in(sources.definition(variant.procedure, None, Trust.AGENT)):
            return None
    except InvalidProcedure:  # such as an example of it that names what is left out: a person changes it
        return None
    evidence: dict[str, JSON] = {
        **variant.evidence,
        "path": version.path,
        "mode": mode.value,
        "measure": "" if variant.measure == NOT_REPAIRED else variant.measure,
        "reference_micros": int(variant.reference_seconds * 1e6),
        **({"excuses": True} if variant.excuses else {}),
        **({"repair": variant.deed.name} if variant.deed else {}),
    }
    return draft(
        ImprovementKind.PROCEDURE,
        f"procedure:{name}:{variant.key}:{str(after['hash'])[:16]}",
        subject_of(name),
        f"{name}: {variant.what}",
        variant.why,
        before=side(version),
        after=after,
        at=at,
        evidence=evidence,
        trust=Trust.AGENT if by_agents else Trust.VERIFIED,
        basis=int(str(variant.evidence.get("runs", 0))),
    )


def _unrepaired(rows: Sequence[Row], share: float) -> Measured:
    """Compare runs that succeeded and that nobody had to repair; the rate of success itself must not fall."""
    whole = measured(list(rows), share)
    usual, tried = (_counts(rows, challenger) for challenger in (0, 1))
    evidence = compare(usual, tried, share=share)
    if whole.evidence.worse > 1 > whole.evidence.better:
        evidence = EValues(better=min(1.0, evidence.better), worse=both(evidence, whole.evidence).worse)
    figures: dict[str, JSON] = {**whole.figures, "usual_unrepaired": usual.well, "tried_unrepaired": tried.well}
    return Measured(evidence=evidence, counted=whole.counted, figures=figures)


def _counts(rows: Sequence[Row], challenger: int) -> Counts:
    mine = [row for row in rows if row["challenger"] == challenger]
    ended = [row for row in mine if row["state"] in (RunState.SUCCEEDED, RunState.FAILED)]
    well = sum(int(row["runs"]) for row in ended if row["state"] == RunState.SUCCEEDED and not row["repaired"])
    return Counts(well=well, badly=sum(int(row["runs"]) for row in ended) - well)
