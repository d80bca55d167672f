"""Which rules and settings hold in a namespace, and what was decided by them?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from brainops.store.actors import actor_columns
from brainops.store.paging import paged
from brainops.store.rows import always, value_of
from brainops.types import (
    NOBODY,
    ActionClass,
    AllOf,
    AnyOf,
    Autonomy,
    Bypass,
    Done,
    Enforcement,
    Evidence,
    FailMode,
    PastOperation,
    Receipt,
    ReceiptMatch,
    RecordedDecision,
    Rule,
    RuleKind,
    RuleMode,
    SettingChange,
)
from brainops.wire import plain
from brainops_core.pack import counters_of

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import Actor, Micros, Requirement
    from brainops.types.page import Page

RECEIPTS = 50  # the newest of a session: whoever consults memory oftener than that within an hour has one that fits
PAST = 500  # earlier operations of the names that an order rule asks for
FOLLOWED = 50
CHANGES = "changes"  # the setting that counts them, by which other processes see that there is something new


STRICTEST_FIRST = {"enforcement": tuple(reversed(Enforcement)), "autonomy": tuple(Autonomy)}


def held(rows: Sequence[Row], namespace: str, name: str, *, floor: bool = False) -> str | None:
    """Return what is set of enforcement or autonomy: by the namespace, else the strictest that it reads says.

    So what a person sets in `personal`, which their namespaces read, holds in each of them that says nothing itself.
    Where the store has a `floor`, one that says nothing is at its strictest.
    """
    said = {row["namespace"]: str(row["value"]) for row in rows if row["name"] == name}
    strictest = [value.value for value in STRICTEST_FIRST[name]]
    inherited = strictest[0] if floor else min(said.values(), key=strictest.index, default=None)
    return said.get(namespace) or inherited


class RuleRows:
    """Settings, rules, receipts as the guard sees them, decisions and bypasses of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    # Settings

    def settings(self) -> Sequence[Row]:
        """Return every setting of the readable namespaces."""
        return self._session.all("guard_settings")

    def own(self, name: str) -> str | None:
        """Return what one setting of the written namespace says, or None where it was never set."""
        mine = (row for row in self.settings() if row["name"] == name and row["namespace"] == self._session.scope.write)
        return next((str(row["value"]) for row in mine), None)

    def held(self, name: str) -> str | None:
        """Return what holds of enforcement or autonomy in the written namespace."""
        return held(self.settings(), self._session.scope.write, name)

    def is_strict(self, *, floor: bool = False) -> bool:
        """Say whether the written namespace holds what its rules say; `floor` is what one does that nobody set up."""
        strict = held(self.settings(), self._session.scope.write, "enforcement", floor=floor)
        return strict == Enforcement.STRICT.value

    def set(self, name: str, value: str, actor: Actor, at: Micros) -> None:
        """Set one thing in the written namespace."""
        self._session.run("guard_set", name=name, value=value, at=at, **actor_columns(actor))

    def touch(self, actor: Actor, at: Micros) -> None:
        """Say that rules or settings changed, so that every process reads them anew."""
        self.set(CHANGES, str(int(self.own(CHANGES) or 0) + 1), actor, at)
        self._session.counted = True

    def counters(self) -> list[list[str]]:
        """Return the counters by which a compiled pack of the readable namespaces is known to be old."""
        rows = self._session.all("hook_changes")
        return counters_of([(row["namespace"], row["kind"], row["counter"]) for row in rows])

    # Rules

    def all(self) -> list[Rule]:
        """Return the written rules of the readable namespaces, oldest first."""
        return [rule_of(json.loads(row["body"]), row) for row in self._session.all("guard_rules")]

    def add(self, rule: Rule, actor: Actor) -> bool:
        """Keep a rule; return False where one of that name holds."""
        row = {"id": rule.id, "name": rule.name, "body": json.dumps(rule_body(rule)), "created_at": rule.created_at}
        return self._session.run("guard_rule_insert", **row, **actor_columns(actor)) > 0

    def remove(self, rule_id: str, at: Micros) -> bool:
        """Let a rule hold no longer; return False where there is none."""
        return self._session.run("guard_rule_remove", id=rule_id, at=at) > 0

    def modes(self) -> Sequence[Row]:
        """Return the modes that were set in place of the rules' own."""
        return self._session.all("guard_modes")

    def set_mode(
        self, rule_id: str, mode: RuleMode, actor: Actor, at: Micros, *, reason: str, stepped_down: bool = False
    ) -> None:
        """Set a rule's mode."""
        values = {"rule_id": rule_id, "mode": mode.value, "reason": reason, "stepped_down": int(stepped_down), "at": at}
        self._session.run("guard_mode_put", **values, **actor_columns(actor))

    # What the guard looks at

    def receipts(self, target: str | None, session_id: str | None, now: Micros) -> list[Receipt]:
        """Return the receipts that may stand for an operation, newest first."""
        if session_id is not None:
            rows = self._session.all("guard_receipts", session_id=session_id, now=now, limit=RECEIPTS)
        else:
            rows = self._session.all("guard_receipts_of_target", target=target, now=now, limit=RECEIPTS)
        return [receipt_of(row) for row in rows]

    def receipt(self, receipt_id: str) -> Receipt | None:
        """Return one receipt of the written namespace."""
        row = self._session.one("guard_receipt", id=receipt_id)
        return receipt_of(row) if row else None

    def receipts_since(self, since: Micros, limit: int) -> list[Receipt]:
        """Return receipts since a time, oldest first."""
        return [receipt_of(row) for row in self._session.all("guard_receipts_since", since=since, limit=limit)]

    def use_receipt(self, receipt_id: str, at: Micros) -> bool:
        """Use a receipt up; return False where it was used before."""
        return self._session.run("guard_receipt_use", id=receipt_id, at=at) > 0

    def cover(self, receipt_id: str, procedures: Sequence[str], required: Sequence[str]) -> None:
        """Say what a receipt covers: procedures in view, and memories that must be named back."""
        self._session.run(
            "guard_receipt_cover",
            id=receipt_id,
            procedures=json.dumps(list(procedures)),
            required=json.dumps(list(required)),
        )

    def acknowledge(self, receipt_id: str, memory_ids: Sequence[str]) -> None:
        """Say which memories were named back."""
        self._session.run("guard_receipt_acknowledge", id=receipt_id, acknowledged=json.dumps(list(memory_ids)))

    def past(
        self, names: Sequence[str], target: str | None, session_id: str | None, since: Micros
    ) -> list[PastOperation]:
        """Return what was finished in this session, and what of these names on this target, oldest first."""
        rows: list[Row] = []
        if session_id is not None:
            rows += self._session.all("guard_past_of_session", session_id=session_id, since=since, limit=PAST)
        if target is not None:
            rows += self._session.all("guard_past_of_target", names=list(names), target=target, since=since, limit=PAST)
        return sorted((past_of(row) for row in rows), key=lambda earlier: earlier.at)

    def steps(
        self, procedures: Sequence[str], target: str | None, session_id: str | None, since: Micros
    ) -> list[PastOperation]:
        """Return the steps that succeeded in runs of these procedures here, as the operations that they were."""
        rows = self._session.all(
            "guard_steps",
            procedures=list(procedures),
            target=target,
            session_id=session_id,
            since=since,
            limit=PAST,
        )
        return [step for row in reversed(rows) for step in _steps_of(row)]

    def failed_at(self, target: str) -> Micros | None:
        """Return when anything failed on a target last."""
        row = self._session.one("guard_target_failed", target=target)
        return row["at"] if row else None

    def followed(self, procedures: Sequence[str], target: str | None, since: Micros) -> Sequence[Row]:
        """Return the runs of these procedures for a target that are under way or succeeded since a time."""
        names = list(procedures)
        return self._session.all("guard_followed", procedures=names, target=target, since=since, limit=FOLLOWED)

    def runs_since(self, since: Micros, limit: int) -> Sequence[Row]:
        """Return runs since a time, oldest first."""
        return self._session.all("guard_runs_since", since=since, limit=limit)

    def skips(self, since: Micros, limit: int) -> Sequence[Row]:
        """Return steps that were skipped with somebody's leave, newest first."""
        return self._session.all("guard_skips", since=since, limit=limit)

    def runs_undone(self, since: Micros, begun_before: Micros, limit: int) -> Sequence[Row]:
        """Return runs of procedures that must be followed of which nothing was done, newest first."""
        return self._session.all("guard_runs_undone", since=since, begun_before=begun_before, limit=limit)

    # Decisions

    def record(self, decision: RecordedDecision, *, day_start: Micros, kept: int) -> bool:
        """Keep a decision; return False where enough of its kind and rule are kept of the day."""
        return self._session.run("guard_decision_insert", **decision_row(decision), day_start=day_start, kept=kept) > 0

    def decision(self, decision_id: str) -> RecordedDecision | None:
        """Return one readable decision."""
        row = self._session.one("guard_decision", id=decision_id)
        return decision_of(row) if row else None

    def decisions(
        self,
        *,
        kind: str | None = None,
        rule_id: str | None = None,
        since: Micros | None = None,
        limit: int,
        **beside: Unpack[Beside],
    ) -> Page[RecordedDecision]:
        """Return decisions, newest first."""
        wanted = {"kind": kind, "rule_id": rule_id, "since": since}
        return paged(self._session, "guard_decisions", decision_of, limit, **beside, **wanted)

    def judge(self, decision_id: str, judged: str, actor: Actor, at: Micros, note: str) -> bool:
        """Say whether a block was right; return False where the decision was none."""
        return (
            self._session.run("guard_judge", id=decision_id, judged=judged, at=at, note=note, **actor_columns(actor))
            > 0
        )

    def judged(self, rule_id: str, since: Micros) -> Row:
        """Return how many blocks of a rule were `wrong` and `proper`, as people said since a time."""
        return always(self._session, "guard_judged", rule_id=rule_id, since=since)

    def blocked(self, rule_id: str, hour: Micros, since: Micros) -> Row:
        """Return how often a rule blocked `lately` (since `hour`) and `before` (since `since`), and `first_at`."""
        return always(self._session, "guard_blocked", rule_id=rule_id, hour=hour, since=since)

    def count(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count how rules fared today."""
        self._session.many("guard_count", rows)

    def counts(self, since_day: int) -> Sequence[Row]:
        """Return how rules fared, by day."""
        return self._session.all("guard_counts", since_day=since_day)

    # Bypasses

    def open_bypass(self, bypass: Bypass) -> None:
        """Let everything pass for a while."""
        row = {"id": bypass.id, "opened_at": bypass.opened_at, "until": bypass.until, "reason": bypass.reason}
        self._session.run("guard_bypass_insert", **row, **actor_columns(bypass.by))

    def close_bypass(self, at: Micros) -> bool:
        """End what is open; return False where nothing is."""
        return self._session.run("guard_bypass_close", at=at) > 0

    def bypass(self, now: Micros) -> Bypass | None:
        """Return the bypass that is open."""
        row = self._session.one("guard_bypass_open", now=now)
        return bypass_of(row) if row else None

    def bypasses(self, since: Micros, limit: int) -> list[Bypass]:
        """Return bypasses since a time, newest first."""
        return [bypass_of(row) for row in self._session.all("guard_bypasses", since=since, limit=limit)]


def rule_body(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON-ready values."""
    body: dict[str, Any] = plain(rule)
    body["requirement"] = requirement_body(rule.requirement) if rule.requirement is not None else None
    return body


def requirement_body(requirement: Requirement) -> dict[str, Any]:
    """Return a requirement as JSON-ready values, its kind in front."""
    match requirement:
        case AllOf(parts=parts):
            return {"all": [requirement_body(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [requirement_body(part) for part in parts]}
        case Done():
            fields = {name: getattr(requirement, name) for name in Done.__struct_fields__}
            nested = {
                name: requirement_body(value)
                for name, value in fields.items()
                if isinstance(value, AllOf | AnyOf | Done)
            }
            plain = {"arguments": dict(requirement.arguments), "evidence": requirement.evidence.value}
            return {"done": {**fields, **plain, **nested}}


def requirement_of(body: Mapping[str, Any]) -> Requirement:
    """Read a stored requirement."""
    match body:
        case {"all": parts}:
            return AllOf(parts=tuple(requirement_of(part) for part in parts))
        case {"any": parts}:
            return AnyOf(parts=tuple(requirement_of(part) for part in parts))
    fields = {name: value for name, value in body["done"].items() if name in Done.__struct_fields__}
    nested = {
        name: requirement_of(value)
        for name, value in fields.items()
        if name != "arguments" and isinstance(value, dict) and set(value) & {"all", "any", "done"}
    }
    return Done(**{**fields, **nested, "evidence": Evidence(fields.get("evidence", Evidence.OBSERVED))})


def rule_of(body: Mapping[str, Any], row: Row | None = None) -> Rule:
    """Read a stored rule."""
    values = {name: value for name, value in body.items() if name in Rule.__struct_fields__}
    if row is not None:
        values.update(id=row["id"], namespace=row["namespace"], name=row["name"])
    return Rule(
        **{
            **values,
            "kind": RuleKind(values["kind"]),
            "operations": tuple(values["operations"]),
            "targets": tuple(values["targets"]),
            "classes": tuple(ActionClass(each) for each in values["classes"]),
            "requirement": requirement_of(values["requirement"]) if values["requirement"] else None,
            "mode": RuleMode(values["mode"]),
            "fail_mode": FailMode(values["fail_mode"]),
            "receipt": ReceiptMatch(values["receipt"]),
        }
    )


def receipt_of(row: Row) -> Receipt:
    """Read a row as a Receipt."""
    unproven = {**row, "actor_proof": NOBODY.proof}  # no receipt says how whoever asked was known
    return value_of(Receipt, unproven, "procedures", "required", "acknowledged", operation=row["operation_name"])


def past_of(row: Row) -> PastOperation:
    """Read a row of the operation log as what a rule may know of it."""
    return PastOperation(
        name=row["name"],
        target=row["target"],
        arguments=json.loads(row["context"]),
        result=json.loads(row["result"]) if row["result"] is not None else None,
        succeeded=row["outcome"] == "succeeded" and row["contradicted_at"] is None,
        at=row["finished_at"],
        session_id=row["session_id"],
        evidence=Evidence(row["evidence"] or Evidence.CLAIMED),
    )


_PLAIN = (
    "id at rule_id rule_name procedure verdict would reason way_out operation_id operation_name target service"
    " receipt_id approval_id bypass_id session_id"
).split()


def decision_row(decision: RecordedDecision) -> dict[str, Any]:
    """Return a decision as the values of its row, without what people say of it later."""
    return {
        **{name: getattr(decision, name) for name in _PLAIN},
        **{
            name: getattr(decision, name).value for name in ("kind", "rule_kind", "mode", "enforcement", "action_class")
        },
        **actor_columns(decision.actor),
    }


def decision_of(row: Row) -> RecordedDecision:
    """Read a row as a RecordedDecision."""
    return value_of(RecordedDecision, row)


def bypass_of(row: Row) -> Bypass:
    """Read a row as a Bypass."""
    return value_of(Bypass, row, actor="by")


def change_of(row: Row) -> SettingChange:
    """Read a row as a SettingChange."""
    return value_of(SettingChange, row, actor="by")


def _steps_of(row: Row) -> list[PastOperation]:
    """Read a step of a run as an operation under its own name, and under the one that its parameters give it."""
    given = json.loads(row["input"]) if row["input"] else None
    arguments = given if isinstance(given, dict) else {}
    named = arguments.get("operation")
    return [
        PastOperation(
            name=name,
            target=row["target"],
            arguments=arguments,
            result=json.loads(row["output"]) if row["output"] else None,
            succeeded=True,
            at=row["finished_at"],
            session_id=row["session_id"],
        )
        for name in dict.fromkeys([row["step_id"], *([named] if isinstance(named, str) and named else [])])
    ]
