"""What does the guard have to know of the store before it decides on one operation?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import ConditionFailed, InvalidInput, MissingExtra
from brainops.procedures.consent.automatic import STOP_SETTING
from brainops.store.rules import CHANGES, change_of, held
from brainops.types import (
    ActionClass,
    AllOf,
    AnyOf,
    Autonomy,
    Done,
    Enforcement,
    GuardSettings,
    GuardState,
    Mode,
    ProcedureVersion,
    Rule,
    RuleKind,
    RuleMode,
    TriggerMatch,
)
from brainops.types.times import SECOND_MICROS
from brainops_core.guard.rule_kinds import RULE_KINDS

if TYPE_CHECKING:
    from brainops.operations.commands.action_class import OwnPattern
    from brainops.operations.guard.guard import RuleIndex
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import Guidance, OperationStart, PastOperation, Receipt, Requirement

PAST_SECONDS = 86_400  # what was done before counts for a day: a check of yesterday says little about today
FOLLOWED_SECONDS = 3_600  # a run that succeeded covers what it was for as long as a consultation does

PATTERNS_SETTING = "action_patterns"
SEPARATOR = "\t"  # between a pattern's class and its glob, one pattern a line


class Ruleset(Struct, frozen=True, kw_only=True):
    """The rules as they stand at these change counters, compiled once."""

    changes: tuple[tuple[str, str], ...]
    procedures: Mapping[str, int]
    active: Sequence[ProcedureVersion]
    index: RuleIndex
    modes: Mapping[str, RuleMode]
    hashes: Mapping[str, str]
    patterns: tuple[OwnPattern, ...]
    demands: bool  # whether any active procedure demands to be followed where a trigger sets it off


def settings_of(rows: Sequence[Row], namespace: str, *, floor: bool = False) -> GuardSettings:
    """Return how the guard of a namespace is set: by itself, else at the store's `floor`, else by what it reads."""
    own = {row["name"]: change_of(row) for row in rows if row["namespace"] == namespace and row["name"] != CHANGES}
    said = {name: change.value for name, change in own.items()}
    return GuardSettings(
        namespace=namespace,
        enforcement=Enforcement(held(rows, namespace, "enforcement", floor=floor) or Enforcement.OBSERVE),
        autonomy=Autonomy(held(rows, namespace, "autonomy") or Autonomy.PROPOSE),
        per_person=said.get("per_person") == "yes",
        automatic_stopped=said.get(STOP_SETTING) or None,
        changes=tuple(own.values()),
    )


def changes_of(rows: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Return the change counters of the readable namespaces."""
    return tuple(sorted((row["namespace"], row["value"]) for row in rows if row["name"] == CHANGES))


def patterns_of(rows: Sequence[Row], namespace: str) -> tuple[OwnPattern, ...]:
    """Return what a namespace says itself of the classes of operations."""
    from brainops.operations.commands.action_class import OwnPattern

    text = next((r["value"] for r in rows if r["namespace"] == namespace and r["name"] == PATTERNS_SETTING), "")
    pairs = [line.split(SEPARATOR, 1) for line in text.splitlines() if SEPARATOR in line]
    return tuple(OwnPattern(glob=glob, action_class=ActionClass(said)) for said, glob in pairs)


def ruleset(
    tx: Transaction, rows: Sequence[Row], active: Sequence[ProcedureVersion], procedures: Mapping[str, int]
) -> Ruleset:
    """Read the rules and compile them: the standard ones, the written ones, and the order of active procedures."""
    from brainops.operations.guard.guard import compiled, standard_rules

    namespace = tx.scope.write
    modes = {row["rule_id"]: RuleMode(row["mode"]) for row in tx.rules.modes()}
    rules = [*standard_rules(namespace, RuleMode.DENY), *tx.rules.all(), *_orders(active)]
    return Ruleset(
        changes=changes_of(rows),
        procedures=procedures,
        active=active,
        index=compiled(with_mode(rule, modes) for rule in rules),
        modes=modes,
        hashes={version.procedure.name: version.hash for version in reversed(active)},
        patterns=patterns_of(rows, namespace),
        demands=any(version.procedure.mode is not Mode.ADVISORY for version in active),
    )


def with_mode(rule: Rule, modes: Mapping[str, RuleMode]) -> Rule:
    """Return a rule in the mode that was set for it."""
    return replace(rule, mode=modes[rule.id]) if rule.id in modes else rule


def _orders(active: Sequence[ProcedureVersion]) -> Iterator[Rule]:
    """Yield the order rules of active procedures; that they are followed is asked where a trigger sets them off."""
    if not active:
        return
    from brainops.operations.guard.rule_learning import from_procedure
    from brainops.procedures.fixes.fix_procedure import TAG as FIX_TAG

    for version in active:
        if FIX_TAG not in version.procedure.tags:  # its steps are parts of one act, not operations that others order
            yield from (rule for rule in from_procedure(version) if rule.kind is RuleKind.ORDER)


def following_rules(matches: Sequence[TriggerMatch], modes: Mapping[str, RuleMode]) -> list[Rule]:
    """Return the rules that the procedures are followed which an operation sets off; advisory ones demand nothing."""
    return [
        with_mode(_following(match.version), modes)
        for match in matches
        if match.pushed and match.version.procedure.mode is not Mode.ADVISORY
    ]


def match_of(version: ProcedureVersion) -> TriggerMatch:
    """Return a version as if a trigger had set it off: for listing what it would demand."""
    return TriggerMatch(version=version, reason="", confidence=1.0, pushed=True)


def _following(version: ProcedureVersion) -> Rule:
    name = version.procedure.name
    return Rule(
        id=f"procedure:{name}",
        namespace=version.namespace,
        name=f"follow {name}",
        kind=RuleKind.PROCEDURE,
        procedure=name,
        mode=RuleMode.DENY if version.procedure.mode is Mode.STRICT else RuleMode.ASK,
        source=f"procedure:{name}@{version.hash}",
        created_at=version.created_at,
    )


def gather(
    tx: Transaction,
    start: OperationStart,
    guidance: Guidance | None,
    applied: Sequence[Rule],
    known: Ruleset,
    settings: GuardSettings,
    now: int,
) -> GuardState:
    """Read what these rules ask of the store, and nothing else. Whoever follows a procedure has acknowledged it."""
    kinds = [RULE_KINDS[rule.kind] for rule in applied]
    followed = dict(_followed(tx, start, applied, known, now)) if any(kind.followed for kind in kinds) else {}
    asks_memory = any(kind.receipts for kind in kinds)
    consulted = guidance is not None and not guidance.required_ids and start.action_class is ActionClass.CHANGING
    return GuardState(
        enforcement=settings.enforcement,
        receipts=tuple(_receipts(tx, start, tuple(followed), known, now)) if asks_memory and not consulted else (),
        past=tuple(_past(tx, start, applied, now)) if any(kind.past for kind in kinds) else (),
        followed=tuple(followed),
        undone=_undone(followed),
        active=known.hashes,
        critical_error_at=tx.rules.failed_at(start.target) if asks_memory and start.target else None,
        bypassed_until=settings.bypass.until if settings.bypass else None,
    )


def _receipts(
    tx: Transaction, start: OperationStart, followed: Sequence[str], known: Ruleset, now: int
) -> Iterator[Receipt]:
    ids = known_by_following(followed, known)
    for receipt in tx.rules.receipts(start.target, start.session_id, now):
        yield replace(receipt, acknowledged=(*receipt.acknowledged, *ids)) if ids else receipt


def known_by_following(followed: Sequence[str], known: Ruleset) -> tuple[str, ...]:
    """Return the ids of the procedures that are being followed: nobody has to name those back."""
    names = {entry.rpartition("@")[0] for entry in followed}
    return tuple(version.id for version in known.active if version.procedure.name in names) if names else ()


def _past(tx: Transaction, start: OperationStart, applied: Sequence[Rule], now: int) -> list[PastOperation]:
    orders = [rule for rule in applied if rule.kind is RuleKind.ORDER and rule.requirement is not None]
    names = {name for rule in orders if rule.requirement for name in names_of(rule.requirement)}
    since = now - PAST_SECONDS * SECOND_MICROS
    past = tx.rules.past(sorted(names), start.target, start.session_id, since)
    procedures = {rule.source.partition(":")[2].rpartition("@")[0] for rule in orders if rule.source != "written"}
    steps = tx.rules.steps(sorted(procedures), start.target, start.session_id, since) if procedures else []
    return sorted([*past, *steps], key=lambda earlier: earlier.at)


def names_of(requirement: Requirement) -> Iterator[str]:
    """Yield the operations that a requirement names."""
    match requirement:
        case Done(operation=operation, after=after):
            yield operation
            if after is not None:
                yield from names_of(after)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from names_of(part)


def _followed(
    tx: Transaction, start: OperationStart, applied: Sequence[Rule], known: Ruleset, now: int
) -> Iterator[tuple[str, bool]]:
    """Yield NAME@HASH of runs here, and whether a step was done: those where one was come last.

    A run of an earlier version counts where it began before the active one held.
    """
    names = sorted({rule.procedure for rule in applied if rule.procedure})
    activated = {version.procedure.name: version.activated_at or 0 for version in reversed(known.active)}
    rows = tx.rules.followed(names, start.target, now - FOLLOWED_SECONDS * SECOND_MICROS)
    for row in sorted(rows, key=lambda row: int(row["any_done"])):
        name, digest = row["procedure_name"], row["procedure_hash"]
        if known.hashes.get(name) == digest or row["created_at"] < activated.get(name, 0):
            yield f"{name}@{digest}", bool(row["any_done"])


def _undone(followed: Mapping[str, bool]) -> frozenset[str]:
    """Return the names of procedures of which every run here is still without a done step."""
    done = {entry.rpartition("@")[0] for entry, any_done in followed.items() if any_done}
    return frozenset(entry.rpartition("@")[0] for entry in followed) - done


def with_conditions(
    state: GuardState, start: OperationStart, guidance: Guidance | None, applied: Sequence[Rule]
) -> GuardState:
    """Evaluate the condition rules: which are not met, and which cannot be evaluated."""
    asked = [rule for rule in applied if rule.kind is RuleKind.CONDITION]
    if not asked:
        return state
    from brainops.procedures.conditions import conditions
    from brainops.procedures.triggers.triggers import values_of

    memory = {
        "confidence": guidance.confidence if guidance else 0.0,
        "failure_probability": guidance.failure_probability if guidance else None,
        "consulted": guidance is not None,
    }
    values = {**values_of(start), "memory": memory, "confidence": memory["confidence"]}
    unmet, broken = set(state.unmet), set(state.broken)
    for rule in asked:
        try:
            if not conditions.compile(rule.condition or "").holds(values):
                unmet.add(rule.id)
        except (ConditionFailed, MissingExtra, InvalidInput):
            broken.add(rule.id)
    return replace(state, unmet=frozenset(unmet), broken=frozenset(broken))
