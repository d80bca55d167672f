"""What does a store look like that holds something of every kind, in every state that matters?"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.learning.improvements.port import draft
from brainops.memory.transfer.line_kinds import folded
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.store.alerts import INBOX_ATTEMPTS
from brainops.store.ids import new_id
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    AdapterKind,
    Agent,
    ApplicationState,
    ApprovalKind,
    Attempt,
    Choice,
    Cycle,
    CycleReport,
    DeliveryAttempt,
    Evidence,
    Execution,
    ExecutionState,
    ImprovementKind,
    ImprovementState,
    Mode,
    NoticeKind,
    Procedure,
    Rule,
    RuleKind,
    RunState,
    Section,
    Step,
    StepKind,
    Succeeded,
    Task,
    TerminalProof,
    Trigger,
)
from tests.inside import inside

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
ERROR = "ConnectionError: payments api timed out after 30 s"
OTHER_ERROR = "GatewayError: nobody answers at the payments api"


def look(text: str = "Look at the dashboard.") -> Procedure:
    """Return a procedure that asks memory, keeps a note and waits for somebody to look."""
    return Procedure(
        name="deploy-safely",
        description="Look before deploying.",
        mode=Mode.REQUIRED,
        triggers=(Trigger(operations=("deploy*",)),),
        inputs={"type": "object", "properties": {"version": {"type": "string"}}},
        steps=(
            Step(id="find", action=Action(uses=StepKind.RETRIEVE, parameters={"query": "gateway"})),
            Step(
                id="note",
                needs=("find",),
                action=Action(
                    uses=StepKind.CAPTURE,
                    parameters={"title": "looked", "content": "found: ${{ steps.find.output.hits }}"},
                ),
            ),
            Step(id="look", needs=("note",), action=Action(uses=StepKind.MANUAL), text=text),
        ),
    )


def furnish(brain: Brain, *, strict: bool = True) -> None:
    """Leave history, and something of everything that is in force or under way: of an open, trusted, busy store.

    Where it is not to be strict, nobody may approve, and nothing was asked of anybody or kept from them.
    """
    if strict:
        brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    brain.capture("the gateway is slow on Mondays", "drain it first")
    for procedure in (look("Look."), look()):
        brain.procedures.save(procedure)
    brain.procedures.activate("deploy-safely")
    ended = brain.runs.start("deploy-safely", {"version": "1"}, target="prod", idempotency_key="one")
    brain.runs.complete(ended.id, "look", output={"seen": True}, evidence="a screenshot")
    waiting = brain.runs.start("deploy-safely", {"version": "2"}, target="stage", idempotency_key="two")
    assert waiting.state is RunState.WAITING
    brain.begin("deploy api", target="prod", session="s", consult="never").succeed()
    brain.guidance("deploy api", target="prod")
    brain.guidance("deploy api", target="prod", session="s")
    if strict:
        _ask(brain)
    _fixes(brain)
    made = brain.cases.learn("refund", {"amount": 40, "of": "a mug"}, {"decision": "pay"}, source="ticket 1")
    brain.cases.correct(made.id, {"decision": "ask"}, reason="too much")
    _agents(brain)
    _improvements(brain)
    _learnt(brain)
    _signals(brain)
    _rules(brain)
    if strict:
        _hold(brain)
    brain.flush()
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.notices.put(
            tx, NoticeKind.RUN_WAITING, "deploy-safely", run_id=waiting.id, reason="look"
        )


def _ask(brain: Brain) -> None:
    """Leave an approval in each state."""
    for number, subject in enumerate(("used", "granted", "refused", "pending")):
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            asked = inside(brain).services.approvals.ask(
                tx,
                kind=ApprovalKind.OPERATION,
                subject=subject,
                question=f"May I? {number}",
                requested_by=Actor(kind=ActorKind.AGENT, id="robot"),
            )
        if subject in ("used", "granted"):
            brain.approvals.grant(asked.id, proof=PROOF, reason="planned")
        elif subject == "refused":
            brain.approvals.refuse(asked.id, proof=PROOF)
        if subject == "used":
            with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
                assert inside(brain).services.approvals.use(tx, ApprovalKind.OPERATION, subject) is not None


def _rules(brain: Brain) -> None:
    """Leave rules, modes and settings."""
    rule = Rule(id="", namespace="", name="ask first", kind=RuleKind.MEMORY_FIRST, operations=("drop*",))
    kept = brain.guard.add(rule)
    brain.guard.remove(brain.guard.add(replace(rule, name="no longer")).id)
    brain.guard.set_mode(kept.id, "deny")
    brain.guard.set_autonomy("auto")


def _hold(brain: Brain) -> None:
    """Leave a guard that holds, decisions of it, and a bypass."""
    brain.guard.set_enforcement("strict", reason="we mean it")
    with pytest.raises(OperationBlocked):
        brain.begin("drop table", target="prod", consult="never")
    [blocked, *_] = brain.guard.decisions(kind="blocked")
    brain.guard.false_block(blocked.id, note="it was planned")
    brain.guard.bypass(60, "the guard itself is broken", proof=PROOF)


def _fixes(brain: Brain) -> None:
    """Leave a fix that applies itself, with a record, and one application under way."""
    brain.limits.allow([sys.executable])
    fix = brain.fixes.attach(ERROR, "Restart the gateway", command=[sys.executable, "-c", "pass"])
    brain.fixes.set_mode(fix.id, "auto", reason="it works")
    now = inside(brain).store.now()
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for state in (ApplicationState.VERIFIED, ApplicationState.APPLYING):
            made = application_of(fix, state, MARTA, now, target="api", reason="it was back", applied_at=now)
            tx.fixes.add_application(replace(made, evidence={"exit": 0}, verified_by="check"))
    brain.evidence.record(ERROR, "restart the gateway", "helped", target="api", context={"version": "2.7"}, note="calm")
    brain.causes.join(ERROR, OTHER_ERROR, reason="both come of one gateway")


def any_row(connection: Any, table: str, namespace: str, some: str = "") -> None:
    """Insert some row of a namespace: what the catalog says that the table takes, with `some` in front of its texts."""
    columns, rules = catalog(connection, table)
    values = []
    for name, type_, key in columns:
        word = "'[1,0]'" if type_.startswith(("vector", "halfvec")) else "''" if type_ in ("bytea", "blob") else "1"
        if type_ == "text":
            plain = key or name == "namespace" or not some
            word = f"'{rules.get(name, namespace if plain else some + name)}'"
        values.append(word)
    names = ", ".join(f'"{name}"' for name, _, _ in columns)
    connection.execute(f"insert into {table} ({names}) values ({', '.join(values)})")


def catalog(connection: Any, table: str) -> tuple[list[tuple[str, str, bool]], dict[str, str]]:
    """Return a table's columns (name, type, whether a key holds it), and the first word that each closed one takes."""
    if "sqlite" in type(connection).__module__:
        found = connection.execute(f"pragma table_info({table})").fetchall()
        columns = [(row["name"], row["type"].lower(), bool(row["pk"])) for row in found]
        written = connection.execute("select sql from sqlite_master where name = ?", (table,)).fetchone()["sql"]
        return columns, dict(re.findall(r"\((\w+) in \(\s*'(\w+)'", written))
    found = connection.execute(
        "select attname as name, format_type(atttypid, atttypmod) as type, exists (select 1 from pg_index "
        "where indrelid = attrelid and indisprimary and attnum = any (indkey)) as pk from pg_attribute "
        f"where attrelid = to_regclass('{table}') and attnum > 0 and not attisdropped and attidentity = ''"
    ).fetchall()
    checks = connection.execute(
        f"select pg_get_constraintdef(oid) as rule from pg_constraint where conrelid = to_regclass('{table}')"
    ).fetchall()
    rules = [pair for row in checks for pair in re.findall(r"\((\w+) = ANY \(ARRAY\['(\w+)'", row["rule"])]
    return [(row["name"], row["type"], row["pk"]) for row in found], dict(rules)


def _agents(brain: Brain) -> None:
    """Leave agents that may be asked, that may not and that are gone, and tasks that ended and that are under way."""
    for name in ("deployer", "idle", "gone"):
        brain.agents.register(
            Agent(
                name=name,
                adapter=AdapterKind.COMMAND,
                capabilities=("deploy",),
                settings={"run": [sys.executable, "coder.py"]},
            )
        )
    brain.agents.disable("idle", reason="too slow")
    brain.agents.remove("gone", reason="it was sold")
    now = inside(brain).store.now()
    for state in (ExecutionState.SUCCEEDED, ExecutionState.FAILED, ExecutionState.WAITING, ExecutionState.RUNNING):
        task = Task(id=new_id(), text=f"deploy {state}", task_class="deploy", idempotency_key=f"task {state}")
        task = replace(task, context={"version": "3"}, capabilities=("deploy",))
        running = Execution(
            id=task.id, namespace="team/a", task=task, state=ExecutionState.RUNNING, created_at=now, actor=MARTA
        )
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            tx.agents.insert(running, {"capabilities": ["deploy"], "agent": None, "timeout": None}, "me", now)
            tried = Attempt(
                id=new_id(),
                execution_id=task.id,
                agent="deployer",
                task_class="deploy",
                choice=Choice(agent="deployer", sentence="it did best"),
                operation_id=None,
                started_at=now,
            )
            tx.agents.begin_attempt(tried, now)
            if state is ExecutionState.RUNNING:
                continue
            ended = Succeeded(result={"version": 3}, evidence=Evidence.OBSERVED, duration_seconds=1.0)
            tx.agents.end_attempt(tried.id, ended, now, fingerprint=None, success=1.0, charged=0.5)
            tx.agents.end(task.id, "me", state, None if state is ExecutionState.WAITING else now, outcome=ended)


def _improvements(brain: Brain) -> None:
    """Leave an improvement that is open, one that holds and one that was refused, with all that belongs to them."""
    now = inside(brain).store.now()
    for state in (ImprovementState.PROPOSED, ImprovementState.APPLIED, ImprovementState.REJECTED):
        key = f"timeout:deploy:{state}"
        made = draft(ImprovementKind.TIMEOUT, key, "deploy", f"longer {state}", "why", before="30", after="60", at=now)
        made = replace(made, evidence={"operations": ["o"]})
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            kept = inside(brain).services.improvements.propose(tx, made)
            assert kept is not None
            if state is ImprovementState.PROPOSED:
                continue
            ended = now if state is ImprovementState.REJECTED else None
            assert tx.improvements.move(kept, replace(kept, state=state, applied_at=now, ended_at=ended))
            trail = tx.also(
                acts.IMPROVEMENT_APPLY if state is ImprovementState.APPLIED else acts.IMPROVEMENT_VETO, MARTA
            )
            trail.append(kept.id, now)
            tx.improvements.assign(kept.id, "a unit", challenger=True, share=50, at=now)
            tx.learning.set_aside(kept.id, "an old memory", folded([{"at": now, "detail": "again", "uri": "x:1"}]))
            tx.code.put(kept.id, "shop", "0" * 40, "somebody is at work there", now)
            tx.code.stand(kept.id, stands=state is ImprovementState.APPLIED, at=now)


def _learnt(brain: Brain) -> None:
    """Leave reports, what is learned anew, and what belongs to one installation: peers, bundles, use of models."""
    now = inside(brain).store.now()
    report = CycleReport(cycle=Cycle.HOURLY, namespace="team/a", from_at=now - 1, to_at=now, ended_at=now)
    report = replace(report, sections=(Section(title="Errors", lines=("none",)),))
    peer = {"key": "ed25519:x", "name": "the other shop", "source": None, "added_at": now, "reason": ""}
    actor = {"actor_kind": "person", "actor_id": "marta", "actor_proof": "os-user"}
    bundle = {"id": "b", "key": "ed25519:x", "direction": "in", "at": now, "created_at": now, "items": 1, "path": None}
    item = {"key": "ed25519:x", "kind": "insight", "origin_id": "o", "bundle_id": "b", "local_id": None, "hash": "h"}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.learning.add_report(report, 10)
        tx.learning.tell(["a memory"], now)
        tx.cases.put_failure_model("deploy", {"weights": {"target": "prod"}}, now)
        tx.sharing.put_peer({**peer, **actor})
        tx.sharing.put_bundle(bundle)
        tx.sharing.put_item({**item, "at": now, "verified": 0, "contradicted": 0})
        tx.language.add(1, "insights", "a model", input_tokens=1, output_tokens=1, cost=0.1)
        assert tx.language.reserve(1, 1, 0.1, most_tokens=None, most_cost=None)


def hear(brain: Brain) -> None:
    """Leave what monitoring told, worked on and not, with the run that it began, and an attempt at a notice."""
    told = {"name": "PoolFull", "key": "pool-1", "target": "shop", "severity": "page", "labels": {"team": "shop"}}
    brain.alerts.receive("generic", {**told, "text": "no connection was free", "link": "https://metrics.shop.test/1"})
    brain.alerts.work()
    brain.jobs.start("restore_segment", {"segment_id": "one that is not there"})
    brain.jobs.work()
    brain.alerts.receive("generic", {**told, "key": "pool-2"})
    now = inside(brain).store.now()
    tried = DeliveryAttempt(
        id="d", namespace="team/a", notice_id="n", channel="mail", at=now, seconds=0.1, problem="it was refused"
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.alerts.add_run("a run", "pool-1")
        tx.approvals.add_attempt(tried, 0)
        message = tx.alerts.waiting(1)[0]["id"]
        for _ in range(INBOX_ATTEMPTS):
            tx.alerts.failed(message, "it has another form")


def _signals(brain: Brain) -> None:
    """Leave what a log and a metric said, how far the log was read, and what comes before failure."""
    line = '{"time": "2026-01-01T00:00:00Z", "level": "info", "message": "pool has 7 connections"}\n'
    metric = '{"metric": "cpu", "value": 1.5, "time": 1767225600, "pod": "a"}\n'
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "app.log"
        log.write_text(line + metric, encoding="utf-8")
        brain.signals.ingest(log, source="app")
    found = {"operation": "deploy", "probability": 0.5, "base": 0.1, "cases": 9, "failed": 4, "chance": 0.01}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        events = [{"key": "template:app/x", "text": "the pool is full"}]
        tx.signals.learn_precursors([{**found, "id": "p", "events": events, "within_us": 1, "learnt_at": 1}])
