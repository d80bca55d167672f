"""What do hooks read instead of this store? It is compiled, written where they look, and compared with what holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from brainops import config
from brainops.memory.context import MemoryContext
from brainops.operations.guard import state as guard_state
from brainops.operations.guard.other_namespaces import place_of
from brainops.operations.guard.state import Ruleset
from brainops.store import Transaction
from brainops.store.files import new_file
from brainops.store.named import statements
from brainops.types import JSON, Fix, FixKind, GuardSettings, Mode, Rule, Trust
from brainops_core import pack
from brainops_core.guard.rule_index import places_of
from brainops_core.guard.values import PlainRequirement, PlainRule
from brainops_core.recognition.fingerprint import VERSION

STATEMENTS = (
    "hook_changes hook_fingerprint hook_session hook_operation hook_errors hook_runs hook_open_of_session guard_receipt"
    " guard_receipts guard_receipts_of_target guard_steps"
    " guard_target_failed guard_past_of_session guard_past_of_target guard_followed guard_bypass_open approval_granted"
).split()
"""What a hook may ask of a store that is a file: each by an index, and none writes."""

MAX_FIXES = 5_000  # of the newest; a pack is read before each command
OLD = "it is older than the store"
MAX_FIX_CHARACTERS = 500  # of what a fix says; it is named in one line


def compiled_pack(
    context: MemoryContext,
    holds: Callable[[], tuple[Ruleset, GuardSettings]],
    key: bytes | None = None,
    beside: Mapping[str, JSON] | None = None,
) -> bytes:
    """Return what holds in the readable namespaces, as `brainops_core.pack` reads it; signed where a key is given.

    What stands `beside` it is for who keeps the pack of a server: when it was made, what is known and established.

    The counters are read before all else: what changes in between leaves a pack that is known to be old.
    """
    dialect = context.store.database.dialect
    with context.store.read() as tx:
        counters, fixes = tx.rules.counters(), dict(_fixes(tx))
    known, settings = holds()
    demanded = [*_demanded(known)]
    always = [*known.index, *(rule for rule, when in demanded if when is None)]
    doubtful = [rule for rule, when in demanded if when is not None]
    head = {
        "store": place_of(context.store.database.location),
        "namespaces": _namespaces(context),
        "counters": counters,
        "fingerprints": VERSION,
    }
    body = {
        "enforcement": settings.enforcement.value,
        "autonomy": settings.autonomy.value,
        "automatic_stopped": settings.automatic_stopped,
        "patterns": [[each.action_class.value, each.glob] for each in known.patterns],
        "rules": [_told(rule) for rule in always],
        "index": places_of(always),
        "doubtful": {"rules": [_told(rule) for rule in doubtful], "index": places_of(doubtful)},
        "active": dict(known.hashes),
        "fixes": fixes,
        "statements": {name: statements(dialect)[name].text for name in STATEMENTS} if dialect == "sqlite" else {},
    }
    return pack.encoded(head, body if beside is None else {**body, "beside": dict(beside)}, key)


def place(context: MemoryContext) -> Path | None:
    """Return where the pack of the readable namespaces lies; None for a store in memory, which no hook can ask.

    Beside a store that is a file; of a server's, in the folder `packs` where the user's data lie.
    """
    where = _where(context)
    return None if where is None else Path(pack.place(where[0], _namespaces(context), where[1]))


def _place_of_guard(context: MemoryContext) -> Path | None:
    where = _where(context)
    return None if where is None else Path(pack.place_of_guard(where[0], context.store.scope.write, where[1]))


def _where(context: MemoryContext) -> tuple[str, str | None] | None:
    location = place_of(context.store.database.location)
    if not location:
        return None
    folder = None if context.store.database.dialect == "sqlite" else str(config.data_folder(os.environ) / "packs")
    return location, folder


def write_pack(context: MemoryContext, compiled: Callable[[], bytes]) -> Path | None:
    """Put a pack in the place of the one before, whole or not at all, for its owner only. Raises BrainOpsError.

    It lies under its namespaces, and under the written one alone, by which a hook finds what is guarded.
    """
    target, guard = place(context), _place_of_guard(context)
    if target is None or guard is None:
        return None
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = compiled()
    for path in (target, guard):
        with new_file(path, force=True) as unfinished:
            unfinished.write_bytes(data)
    return target


def fault_of_pack(context: MemoryContext) -> str | None:
    """Return why a hook cannot go by the pack of the readable namespaces, "" where it can; None where there is none.

    One that is OLD is written anew with the next change, or when a process of this memory ends.
    """
    path, guard = place(context), _place_of_guard(context)
    if path is None or guard is None or not path.exists():
        return None
    floor = context.store.floor()
    with context.store.read() as tx:
        counters = tx.rules.counters()
        settings = guard_state.settings_of(tx.rules.settings(), tx.scope.write, floor=floor)
    try:
        read = pack.read(str(path), _namespaces(context))
        pack.read(str(guard))
    except pack.PackUnusable as unusable:
        return str(unusable)
    if not read.is_current(counters) or read.body["enforcement"] != settings.enforcement.value:
        return OLD
    return ""


def _namespaces(context: MemoryContext) -> list[str]:
    scope = context.store.scope
    return list(dict.fromkeys((scope.write, *scope.read)))


def _demanded(known: Ruleset) -> Iterator[tuple[Rule, str | None]]:
    """Yield the rules that procedures are followed, each with the condition that its trigger asks besides.

    A trigger's events and fingerprints are left out: a hook sees no event, and finds what is known of an error by it.
    """
    for version in known.active:
        if version.procedure.mode is Mode.ADVISORY:
            continue
        (rule,) = guard_state.following_rules([guard_state.match_of(version)], known.modes)
        for trigger in version.procedure.triggers:
            if trigger.operations:
                yield replace(rule, operations=trigger.operations, targets=trigger.targets), trigger.when
            elif not (trigger.events or trigger.fingerprints or trigger.intents) and (trigger.targets or trigger.when):
                # one that names only targets covers no operation without a target
                targets = tuple(glob if glob.strip("* ") else "?*" for glob in trigger.targets)
                yield replace(rule, targets=targets), trigger.when


def _told(rule: Rule) -> dict[str, JSON]:
    """Return a rule's fields as a pack keeps them: those that are not what a rule has anyway."""
    fields: dict[str, Any] = _unlike(to_builtins(rule), PlainRule.OTHERWISE)
    if rule.requirement is not None:
        fields["requirement"] = _unlike(fields["requirement"], PlainRequirement.OTHERWISE)
    return fields


def _unlike(fields: Mapping[str, Any], otherwise: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in otherwise.items()}
    return {name: value for name, value in fields.items() if value != plain.get(name)}


def _fixes(tx: Transaction) -> Iterator[tuple[str, list[dict[str, JSON]]]]:
    """Yield the fixes worth naming by the fingerprint that they are bound to: not from outside, and not refuted.

    Those that have helped most surely come first, as in `evidence.next_tries`.
    """
    verdicts = tx.fixes.verdicts()
    found: dict[str, list[dict[str, JSON]]] = {}
    for fix in _newest_last(tx.fixes.list(mode=None, detached=False, limit=MAX_FIXES)):
        _, verified, contradicted = verdicts.get(fix.id, (fix.kind, 0, 0))
        if fix.trust == Trust.EXTERNAL.value or contradicted > verified:
            continue
        found.setdefault(fix.fingerprint, []).append(
            {
                "id": fix.id,
                "title": fix.title,
                "kind": fix.kind.value,
                "mode": fix.mode.value,
                "trust": fix.trust,
                "does": _does(fix)[:MAX_FIX_CHARACTERS],
                "verified": verified,
                "contradicted": contradicted,
            }
        )
    for digest, named in found.items():
        yield digest, sorted(named, key=lambda each: -_rate(each))


def _rate(fix: Mapping[str, Any]) -> float:
    """Return how often a fix helped, with one case of each kind besides: one success says less than ten."""
    helped, failed = float(fix["verified"]) + 1, float(fix["contradicted"]) + 1
    return helped / (helped + failed)


def _newest_last(fixes: Iterable[Fix]) -> list[Fix]:
    return sorted(fixes, key=lambda fix: (fix.created_at, fix.id))


def _does(fix: Fix) -> str:
    if fix.kind is FixKind.ADVICE or fix.action is None:
        return fix.advice or fix.procedure or ""
    return str(fix.action.parameters.get("run") or fix.action.parameters.get("command") or fix.title)
