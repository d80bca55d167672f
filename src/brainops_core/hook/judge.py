"""May this call of a tool go on, by what holds in the folder's namespaces and in those that are guarded around it?"""

from __future__ import annotations

import time

from brainops_core import pack
from brainops_core.commands.classes import READ
from brainops_core.guard.rule_kinds import RULE_KINDS
from brainops_core.guard.values import PlainActor, PlainApproval, PlainPast, PlainReceipt, PlainState, Ruling
from brainops_core.hook.rows import NoRows, Rows, listed
from brainops_core.json_text import from_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from brainops_core.guard.values import PlainRule, PlainStart
    from brainops_core.hook.place import HookPlace
    from brainops_core.pack import Pack

PAST_MICROS = 86_400 * 1_000_000  # what was done before counts for a day, a followed procedure for an hour
FOLLOWED_MICROS = 3_600 * 1_000_000
ROWS = 50
PAST_ROWS = 500
HARDNESS = ("allow", "ask", "deny").index


def ruling(known: Pack, rows: Rows, start: PlainStart) -> Ruling:
    """Return what these namespaces say of an operation; what cannot be known now fails as each rule has it."""
    now = time.time_ns() // 1000
    state = PlainState()
    applied = known.applying(start) if start.action_class != READ or known.body["rules"] else []
    if known.body["enforcement"] != "strict":
        applied = [rule for rule in applied if rule.mode == "warn"]
    if not applied:
        return Ruling(verdict="allow")
    try:
        _gather(state, known, rows, start, applied, now)
    except NoRows:
        state.broken = frozenset(rule.id for rule in applied)
    return known.check(start, state, now)


def elsewhere(place: HookPlace, own: Pack | None, deadline: float, start: PlainStart) -> Ruling:
    """Return the hardest that is said of an operation by namespaces that are guarded around the folder.

    By that of the folder itself only where `own`, which says the same, could not be read. Where nobody can say what
    holds, what changes anything is denied.
    """
    hardest = Ruling(verdict="allow")
    for store, namespace in place.strict:
        if own is not None and (store, namespace) == (place.said, own.namespaces[0]):
            continue
        there = _called(place, store, namespace)
        try:
            known = pack.read(place.pack_of(store, namespace))
        except pack.PackUnusable as why:
            if start.action_class == READ:
                continue
            return Ruling(
                verdict="deny", rule="guarded", reason=_unreadable(namespace, why), way_out=f"{there} hook drain"
            )
        rows = Rows(None if "://" in store else store, known, deadline)
        said = ruling(known, rows, start)
        rows.close()
        if HARDNESS(said.verdict) > HARDNESS(hardest.verdict):
            said.reason = f"{said.reason} (as {namespace} holds here)"
            said.way_out = said.way_out.replace("brainops", there, 1)
            hardest = said
    return hardest


def trouble(place: HookPlace) -> str:
    """Return what keeps a hook from knowing what holds in the guarded namespaces around a folder; "" without any."""
    for store, namespace in place.strict:
        try:
            pack.read(place.pack_of(store, namespace))
        except pack.PackUnusable as why:
            return f"{_unreadable(namespace, why)}: {_called(place, store, namespace)} hook drain"
    return ""


def _unreadable(namespace: str, why: pack.PackUnusable) -> str:
    return f"{namespace} is guarded here, and what holds there cannot be read ({why})"


def _called(place: HookPlace, store: str, namespace: str) -> str:
    """Return how `brainops` is called for a namespace; the address of a server is written down without who logs in."""
    from brainops_core.commands.shell import quoted

    there = "" if store == place.said or "://" in store else f" --store {quoted(store)}"
    return f"brainops{there} --namespace {quoted(namespace)}"


def _gather(
    state: PlainState, known: Pack, rows: Rows, start: PlainStart, applied: Sequence[PlainRule], now: int
) -> None:
    """Read what these rules ask of the store, and nothing else. Raises NoRows."""
    kinds = [RULE_KINDS[rule.kind] for rule in applied]
    bypass = rows.ask("guard_bypass_open", now=now)
    state.bypassed_until = bypass[0]["until"] if bypass else None
    state.approvals = [_approval(row) for row in rows.ask("approval_granted", now=now, limit=ROWS)]
    if any(kind.receipts for kind in kinds):
        state.receipts = [_receipt(row) for row in _receipts(rows, start, now)]
        if start.target:
            state.critical_error_at = rows.ask("guard_target_failed", target=start.target)[0]["at"]
    if any(kind.past for kind in kinds):
        state.past = sorted(_past(rows, start, applied, now), key=lambda earlier: earlier.at)
    if any(kind.followed for kind in kinds):
        asked = {"procedures": listed(sorted({rule.procedure for rule in applied if rule.procedure}))}
        followed = rows.ask("guard_followed", **asked, target=start.target, since=now - FOLLOWED_MICROS, limit=ROWS)
        state.followed = [f"{row['procedure_name']}@{row['procedure_hash']}" for row in followed]


def _receipts(rows: Rows, start: PlainStart, now: int) -> list[dict[str, Any]]:
    if start.session_id is not None:
        return rows.ask("guard_receipts", session_id=start.session_id, now=now, limit=ROWS)
    return rows.ask("guard_receipts_of_target", target=start.target, now=now, limit=ROWS)


def _past(rows: Rows, start: PlainStart, applied: Sequence[PlainRule], now: int) -> Iterator[PlainPast]:
    orders = [rule for rule in applied if rule.kind == "order" and rule.requirement is not None]
    since = now - PAST_MICROS
    found = []
    if start.session_id is not None:
        found += rows.ask("guard_past_of_session", session_id=start.session_id, since=since, limit=PAST_ROWS)
    if start.target is not None:
        names = listed(sorted({name for rule in orders for name in _names(rule.requirement)}))
        found += rows.ask("guard_past_of_target", names=names, target=start.target, since=since, limit=PAST_ROWS)
    for row in found:
        yield PlainPast(
            name=row["name"],
            target=row["target"],
            arguments=from_json(row["context"]),
            result=None if row["result"] is None else from_json(row["result"]),
            succeeded=row["outcome"] == "succeeded" and row["contradicted_at"] is None,
            at=row["finished_at"],
            session_id=row["session_id"],
            evidence=row["evidence"] or "claimed",
        )
    procedures = {rule.source.partition(":")[2].rpartition("@")[0] for rule in orders if rule.source != "written"}
    if not procedures:
        return
    whose = {"target": start.target, "session_id": start.session_id}
    for row in rows.ask("guard_steps", procedures=listed(sorted(procedures)), **whose, since=since, limit=PAST_ROWS):
        yield from _steps(row)


def _steps(row: dict[str, Any]) -> Iterator[PlainPast]:
    """Read a step of a run as an operation under its own name, and under the one that its parameters give it."""
    given = from_json(row["input"]) if row["input"] else None
    arguments = given if isinstance(given, dict) else {}
    named = arguments.get("operation")
    for name in dict.fromkeys([row["step_id"], *([named] if isinstance(named, str) and named else [])]):
        yield PlainPast(
            name=name,
            target=row["target"],
            arguments=arguments,
            result=from_json(row["output"]) if row["output"] else None,
            succeeded=True,
            at=row["finished_at"],
            session_id=row["session_id"],
        )


def _names(requirement: Any) -> Iterator[str]:
    if requirement.operation:
        yield requirement.operation
    for part in (requirement.after, *requirement.parts):
        if part is not None:
            yield from _names(part)


def _receipt(row: dict[str, Any]) -> PlainReceipt:
    said = {name: value for name, value in row.items() if name in PlainReceipt.__slots__}
    for name in ("procedures", "required", "acknowledged"):
        said[name] = from_json(row[name]) if row[name] else ()
    actor = PlainActor(kind=row["actor_kind"], id=row["actor_id"])
    return PlainReceipt(**{**said, "operation": row["operation_name"], "actor": actor})


def _approval(row: dict[str, Any]) -> PlainApproval:
    return PlainApproval(**{name: value for name, value in row.items() if name in PlainApproval.__slots__})
