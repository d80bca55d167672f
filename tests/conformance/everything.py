"""What does a store look like that holds something of every kind, in every state that matters?"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.procedures.fixes.record import application_of
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    ApplicationState,
    ApprovalKind,
    Mode,
    NoticeKind,
    Procedure,
    Rule,
    RuleKind,
    RunState,
    Step,
    StepKind,
    TerminalProof,
    Trigger,
)

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
ERROR = "ConnectionError: payments api timed out after 30 s"


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


def furnish(brain: Brain) -> None:
    """Leave history, and something of everything that is in force or under way: of an open, trusted, busy store."""
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
    _ask(brain)
    _fixes(brain)
    made = brain.cases.learn("refund", {"amount": 40}, {"decision": "pay"}, source="ticket 1")
    brain.cases.correct(made.id, {"decision": "ask"}, reason="too much")
    _rules(brain)
    with brain._store.write() as tx:
        brain.notices.put(tx, NoticeKind.RUN_WAITING, "deploy-safely", run_id=waiting.id, reason="look")


def _ask(brain: Brain) -> None:
    """Leave an approval in each state."""
    for number, subject in enumerate(("used", "granted", "refused", "pending")):
        with brain._store.write() as tx:
            asked = brain.approvals.ask(
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
            with brain._store.write() as tx:
                assert brain.approvals.use(tx, ApprovalKind.OPERATION, subject) is not None


def _rules(brain: Brain) -> None:
    """Leave rules, modes, settings, decisions, counts and a bypass."""
    rule = Rule(id="", namespace="", name="ask first", kind=RuleKind.MEMORY_FIRST, operations=("drop*",))
    kept = brain.guard.add(rule)
    brain.guard.remove(brain.guard.add(replace(rule, name="no longer")).id)
    brain.guard.set_mode(kept.id, "deny")
    brain.guard.set_autonomy("auto")
    brain.guard.set_enforcement("strict", reason="we mean it")
    with pytest.raises(OperationBlocked):
        brain.begin("drop table", target="prod", consult="never")
    [blocked, *_] = brain.guard.decisions(kind="blocked")
    brain.guard.false_block(blocked.id, note="it was planned")
    brain.guard.bypass(60, "the guard itself is broken", proof=PROOF)
    brain.flush()


def _fixes(brain: Brain) -> None:
    """Leave a fix that applies itself, with a record, and one application under way."""
    brain.limits.allow([sys.executable])
    fix = brain.fixes.attach(ERROR, "Restart the gateway", command=[sys.executable, "-c", "pass"])
    brain.fixes.set_mode(fix.id, "auto", reason="it works")
    now = brain._store.now()
    with brain._store.write() as tx:
        for state in (ApplicationState.VERIFIED, ApplicationState.APPLYING):
            made = application_of(fix, state, MARTA, now, target="api", reason="it was back", applied_at=now)
            tx.fixes.add_application(replace(made, evidence={"exit": 0}, verified_by="check"))
