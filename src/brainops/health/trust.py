"""Does what is stored agree with what the audit trail says was done, or did somebody change rows by hand?

A program that runs as the store's owner can write any row. The trail is then the witness: what was approved, enrolled,
activated, set, skipped or answered without a line there was not done by BrainOps.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from brainops.memory.context import MemoryContext
from brainops.memory.transfer.foreign_trail import SETTLED, witnesses
from brainops.procedures.catalog import subject_of
from brainops.procedures.consent.approvals import covered, vouched
from brainops.procedures.consent.outbox import known_channel
from brainops.procedures.consent.roles import enrolled_in, known_grant
from brainops.procedures.definition.sources import stored
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.rules import CHANGES
from brainops.store.scope import STORE_NAMESPACE, Scope
from brainops.store.trail import entry_of
from brainops.types import (
    Approval,
    ApprovalState,
    AuditEntry,
    ImprovementState,
    Procedure,
    StepKind,
    StepState,
)
from brainops.types.limits import SHOWN_IN_A_LINE

PAGE_ROWS = 500
CHECKED_ROWS = 20_000  # of runs and steps, the newest: older ones were looked at before

Lines = Mapping[str, Sequence[AuditEntry]]
"""The lines that matter here, by namespace and subject, in order."""

ACTS = frozenset(
    "approval-grant approval-refuse approval-expire approval-use approval-void approval-clients approver-enrol"
    " approver-revoke role-grant role-withdraw channel-put guard-bypass run-step-complete run-skip save_procedure"
    " activate_procedure"
    " retire_procedure rule-add rule-mode rule-remove rule-step-down agent-register agent-enable agent-disable"
    " agent-remove improvement-trial improvement-applied improvement-kept".split()
) | {SETTLED}


def trust_checks() -> list[tuple[str, Callable[[MemoryContext], tuple[str, str]]]]:
    """Return the checks of what is stored against the trail, by name; each says what it found, and the way out."""
    return [
        ("approvals", _checked(_approvals, "no approval, bypass or channel without its line")),
        ("approvers", _checked_approvers),
        ("procedures", _checked(_procedures, "every version fits its hash, every active one its line")),
        ("runs", _checked(_runs, "pinned to what they were started with; every answer has its line")),
        ("agents", _checked(_agents, "none may be asked but those that somebody registered or enabled")),
        ("improvements", _checked(_improvements, "what is in force came there step by step")),
        ("guard", _checked(_guard, "settings and rules are as the trail says")),
    ]


_COMPARE = "compare with a backup (brainops status names them), and with what brainops notices sent out"


def _checked(
    find: Callable[[Transaction, Lines], Iterable[str]], fine: str
) -> Callable[[MemoryContext], tuple[str, str]]:
    def check(context: MemoryContext) -> tuple[str, str]:
        with context.store.read() as tx:
            return _check(list(find(tx, _lines(tx))), fine)

    return check


def _check(wrong: Sequence[str], fine: str) -> tuple[str, str]:
    if not wrong:
        return fine, ""
    more = f"; and {len(wrong) - SHOWN_IN_A_LINE} more" if len(wrong) > SHOWN_IN_A_LINE else ""
    return f"changed by hand: {'; '.join(wrong[:SHOWN_IN_A_LINE])}{more}", _COMPARE


def _lines(tx: Transaction) -> Lines:
    found: dict[str, list[AuditEntry]] = defaultdict(list)
    for namespace in tx.scope.read:
        after = 0
        while rows := tx.trail.page(namespace, after):
            for row in rows:
                if row["act"] in ACTS or row["act"].startswith("set-"):
                    found[_key(namespace, row["subject"])].append(entry_of(row))
                for entry in witnesses(row):
                    found[_key(namespace, entry.subject)].append(entry)
            after = rows[-1]["sequence"]
    return found


def _key(namespace: str, subject: str) -> str:
    return f"{namespace} {subject}"


def _of(lines: Lines, namespace: str, subject: str) -> Sequence[AuditEntry]:
    return lines.get(_key(namespace, subject), ())


def _approvals(tx: Transaction, lines: Lines) -> Iterator[str]:
    after = ""
    while page := tx.approvals.page(after, PAGE_ROWS):
        yield from (
            f"approval {each.id} is {each.state.value} for {each.subject!r:.80}, and the trail says otherwise"
            for each in page
            if not _fits(each, _of(lines, each.namespace, each.id))
        )
        after = page[-1].id
    for bypass in tx.rules.bypasses(0, CHECKED_ROWS):
        opened = _of(lines, bypass.namespace, bypass.id)
        if not any(line.act == "guard-bypass" and line.detail.get("until") == bypass.until for line in opened):
            yield f"the bypass {bypass.id} was opened by nobody"
    for channel in tx.approvals.channels():
        if not known_channel(_of(lines, channel.namespace, channel.id), channel):
            yield f"the channel {channel.name!r:.80} was set up by nobody"
    accepted = [
        line.detail.get("clients")
        for line in _of(lines, tx.scope.write, tx.scope.write)
        if line.act in ("approval-clients", SETTLED)
    ]
    if list(tx.approvals.clients()) != (accepted[-1] if accepted else []):
        yield "the clients whose dialog counts were set by nobody"


def _fits(approval: Approval, lines: Sequence[AuditEntry]) -> bool:
    """Say whether an approval is what the trail says that became of it."""
    acts = [line.act for line in lines]
    match approval.state:
        case ApprovalState.PENDING:
            return not acts
        case ApprovalState.GRANTED:
            return vouched(approval, lines)
        case ApprovalState.USED:
            used = [line for line in lines if line.act == "approval-use"]
            granted = [line for line in lines if line.act != "approval-use"]
            return len(used) == 1 and dict(used[0].detail) == covered(approval) and vouched(approval, granted)
        case ApprovalState.REFUSED:
            return "approval-refuse" in acts or "approval-void" in acts
        case ApprovalState.EXPIRED:
            return "approval-refuse" not in acts and "approval-use" not in acts


def _checked_approvers(context: MemoryContext) -> tuple[str, str]:
    """Who may approve stands in a namespace of its own, with a trail of its own."""
    with context.store.read(Scope.of(STORE_NAMESPACE)) as tx:
        broken = tx.trail.first_break(STORE_NAMESPACE)
        lines, entries = _lines(tx), tx.approvals.approvers()
        grants, people = tx.people.grants(), {each.id: each for each in tx.people.list()}
    wrong = [] if broken is None else [f"line {broken} of the approvers' trail does not fit the chain"]
    known = {entry["id"]: entry for entry in entries}
    vouched_for = [entry for entry in entries if enrolled_in(_of(lines, STORE_NAMESPACE, entry["id"]), entry)]
    wrong += [
        f"{entry['name']!r:.80} may approve by a secret that nobody enrolled"
        for entry in entries
        if entry not in vouched_for
    ]
    every = [line for of_one in lines.values() for line in of_one]
    wrong += [
        f"{line.detail.get('name')!r:.80} was enrolled, and the row is gone"
        for line in every
        if line.act == "approver-enrol" and line.subject not in known
    ]
    revoked = {line.subject for line in every if line.act == "approver-revoke"}
    wrong += [
        f"{entry['name']!r:.80} was revoked or brought back by nobody"
        for entry in entries
        if (entry["id"] in revoked) != (entry["revoked_at"] is not None)
    ]
    first = [line for line in every if line.act == "approver-enrol" and line.detail.get("first_use")]
    if len(first) > 1:
        wrong.append(f"approvers were begun anew: {len(first)} were taken on trust, and only the first may be")
    enrolled = {entry["name"] for entry in vouched_for if entry["revoked_at"] is None}
    wrong += [
        f"{people[each.holder].name if each.holder in people else each.holder!r:.80} has a role that nobody gave: "
        f"{each.role.value} of {each.path}"
        for each in grants
        if each.withdrawn_at is None
        and not known_grant(_of(lines, STORE_NAMESPACE, each.id), each, people.get(each.holder), enrolled)
    ]
    names = sorted({entry["name"] for entry in entries if entry["revoked_at"] is None})
    fine = (
        f"{', '.join(names)}" if names else "nobody may approve yet: brainops approver enrol NAME, before an agent does"
    )
    return _check(wrong, fine)


def _procedures(tx: Transaction, lines: Lines) -> Iterator[str]:
    after = ""
    active: dict[tuple[str, str], str] = {}
    while page := tx.procedures.page(after, PAGE_ROWS):
        for row in page:
            of_name = _of(lines, row["namespace"], subject_of(row["name"]))
            if hashlib.sha256(row["body"].encode()).hexdigest() != row["hash"]:
                yield f"{row['name']} number {row['number']} does not fit its hash"
            elif not any(line.act == "save_procedure" and line.detail.get("hash") == row["hash"] for line in of_name):
                yield f"{row['name']} number {row['number']} was saved by nobody"
            if row["state"] == "active":
                active[row["namespace"], row["name"]] = row["hash"]
            else:
                active.setdefault((row["namespace"], row["name"]), "")
        after = page[-1]["id"]
    for (namespace, name), digest in active.items():
        said = _active_by(_of(lines, namespace, subject_of(name)))
        if said != digest:
            yield f"{name} is {'active' if digest else 'not active'} in another version than somebody made it"


def _active_by(lines: Sequence[AuditEntry]) -> str:
    """Return the hash of the version that is active by the trail, "" where none is."""
    active = ""
    for line in lines:
        if line.act == "activate_procedure":
            active = str(line.detail.get("hash"))
        elif line.act == "retire_procedure":
            active = ""
    return active


def _runs(tx: Transaction, lines: Lines) -> Iterator[str]:
    for row in tx.trust.runs(CHECKED_ROWS):
        yield f"the run {row['id']} of {row['procedure_name']} is pinned to another version than it was started with"
    for row in tx.records.orphaned_runs(CHECKED_ROWS):
        yield f"the version that the run {row['id']} of {row['procedure_name']} is pinned to is not here"
    read: dict[str, Procedure] = {}
    for row in tx.trust.steps(CHECKED_ROWS):
        body = row["body"]
        if body not in read:
            read[body] = stored(body)
        if problem := _answered(tx, row, read[body], lines):
            yield f"step {row['step_id']} of the run {row['run_id']} {problem}"


def _answered(tx: Transaction, row: Row, procedure: Procedure, lines: Lines) -> str | None:
    """Return what is wrong with a step that somebody says was done, or may be done without."""
    step, said = procedure.step(row["step_id"]), _of(lines, row["namespace"], row["run_id"])
    acts = {line.act for line in said if line.detail.get("step") == row["step_id"]}
    if step is None:
        return "is none of the procedure's"
    if row["state"] == StepState.SUCCEEDED.value:
        manual = step.action.uses is StepKind.MANUAL
        return "is done, and nobody said so" if manual and "run-step-complete" not in acts else None
    if row["skipped_because"] == "condition":
        return None if step.condition is not None else "is skipped for a condition that it does not have"
    if row["mode"] == "advisory":
        return None
    approval = tx.approvals.get(row["skipped_because"] or "")
    agreed = approval is not None and approval.state is ApprovalState.USED and approval.run_id == row["run_id"]
    return None if agreed and "run-skip" in acts else "is skipped, and nobody agreed"


def _agents(tx: Transaction, lines: Lines) -> Iterator[str]:
    """Yield the agents that may be asked although the trail does not say so; one of an import may not until then."""
    for namespace, agent in tx.agents.list():
        said = [line for line in _of(lines, namespace, agent.name) if line.act.startswith("agent-")]
        last = said[-1] if said else None
        registered = last is not None and last.act == "agent-register" and bool(last.detail.get("enabled"))
        if agent.enabled and not registered and (last is None or last.act != "agent-enable"):
            yield f"the agent {agent.name!r:.80} was registered or enabled by nobody"


def _improvements(tx: Transaction, lines: Lines) -> Iterator[str]:
    """Yield the improvements that are tried or in force although the trail does not say that they came there."""
    for state in (ImprovementState.TRIAL, ImprovementState.APPLIED, ImprovementState.KEPT):
        for each in tx.improvements.list(kind=None, state=state.value, limit=CHECKED_ROWS):
            acts = [line.act for line in _of(lines, each.namespace, each.id)]
            if not acts or acts[-1] != f"improvement-{state.value}":
                yield f"the improvement {each.id} ({each.title!r:.60}) is {state.value} by nobody's doing"


def _guard(tx: Transaction, lines: Lines) -> Iterator[str]:
    rows = {(row["namespace"], row["name"]): row["value"] for row in tx.rules.settings() if row["name"] != CHANGES}
    said: dict[tuple[str, str], str] = {}
    for namespace in tx.scope.read:
        for line in _of(lines, namespace, namespace):
            if line.act == SETTLED:
                settings = line.detail.get("settings")
                of_others = {key: value for key, value in said.items() if key[0] != namespace}
                here = settings.items() if isinstance(settings, dict) else ()
                said = {**of_others, **{(namespace, name): str(value) for name, value in here}}
            elif line.act.startswith("set-"):
                said[namespace, line.act.removeprefix("set-")] = str(line.detail.get("value"))
    for namespace, name in sorted(rows.keys() | said.keys()):
        if rows.get((namespace, name)) != said.get((namespace, name)):
            yield f"{name} of {namespace} was set by nobody"
    for row in tx.trust.rules(CHECKED_ROWS):
        yield from _rule(row, _of(lines, row["namespace"], row["id"]))
    for row in tx.rules.modes():
        of_rule = _of(lines, tx.scope.write, row["rule_id"])
        modes = [line.detail.get("mode") for line in of_rule if line.act in ("rule-mode", "rule-step-down")]
        if row["mode"] != (modes[-1] if modes else None):
            yield f"the mode of the rule {row['rule_id']} was set by nobody"


def _rule(row: Row, lines: Sequence[AuditEntry]) -> Iterator[str]:
    acts = [line.act for line in lines]
    added = [line.detail.get("mode") for line in lines if line.act == "rule-add"]
    if not added or json.loads(row["body"]).get("mode") != added[0]:
        yield f"the rule {row['name']!r:.80} was written or changed by nobody"
    elif (row["removed_at"] is not None) != ("rule-remove" in acts):
        yield f"the rule {row['name']!r:.80} was removed or brought back by nobody"
