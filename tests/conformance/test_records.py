"""Do purges and rescans reach what procedures, runs, approvals, decisions, notices and fixes hold?"""

from __future__ import annotations

import json
from itertools import product
from string import ascii_uppercase
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.learning.improvements.port import draft
from brainops.memory.transfer.line_kinds import KINDS, folded, unfolded
from brainops.procedures.consent import approvers
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.postgres_archive import TABLES
from brainops.store.rules import decision_row
from brainops.types import (
    Action,
    ActionClass,
    ApplicationState,
    ApprovalKind,
    ApprovalState,
    DecisionKind,
    Enforcement,
    ImprovementKind,
    NoticeKind,
    Procedure,
    RecordedDecision,
    RuleKind,
    RuleMode,
    Run,
    RunState,
    Step,
    StepKind,
    StepState,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.everything import ERROR, MARTA, catalog, furnish, hear, look
from tests.conformance.test_purge import WORD, stored_bytes
from tests.conformance.test_schema import as_owner
from tests.conformance.test_sweep import KEY
from tests.inside import inside

FAILS = Procedure(
    name="fails",
    description="Fail.",
    steps=(Step(id="a", action=Action(uses=StepKind.CALL, parameters={"function": "broken"})),),
)
LEAK = f"use {KEY} for it"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=MARTA, read=[])


def establish(brain: Brain, procedure: Procedure) -> None:
    brain.procedures.save(procedure)
    brain.procedures.activate(procedure.name)


def decided(brain: Brain, reason: str, **rest: Any) -> RecordedDecision:
    """Keep a decision that says something."""
    given: dict[str, Any] = dict.fromkeys(RecordedDecision.__struct_fields__) | {
        "id": new_id(),
        "namespace": "team/a",
        "at": inside(brain).store.now(),
        "kind": DecisionKind.WARNED,
        "rule_id": "r",
        "rule_name": "r",
        "rule_kind": RuleKind.MEMORY_FIRST,
        "verdict": "allow",
        "would": "ask",
        "mode": RuleMode.WARN,
        "enforcement": Enforcement.OBSERVE,
        "reason": reason,
        "way_out": reason,
        "operation_name": "deploy",
        "service": "",
        "action_class": ActionClass.CHANGING,
        "actor": MARTA,
        **rest,
    }
    decision = RecordedDecision(**given)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.rules.record(decision, day_start=0, kept=100)
    assert decision_row(decision)["reason"] == reason
    return decision


def ask(brain: Brain, question: str, **rest: Any) -> str:
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        asked = inside(brain).services.approvals.ask(
            tx, kind=ApprovalKind.OPERATION, subject="deploy prod", question=question, requested_by=MARTA, **rest
        )
    return asked.id


def apply(brain: Brain, reason: str, evidence: Any, **rest: Any) -> None:
    """Keep a fix and an application of it that holds this evidence."""
    fix = brain.fixes.attach(ERROR, "Restart the gateway", advice="Look at the gateway first.")
    now = inside(brain).store.now()
    made = application_of(fix, ApplicationState.APPLIED, MARTA, now, target="api", reason=reason, applied_at=now)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.fixes.add_application(replace(made, evidence=evidence, **rest))


def test_a_purged_memory_leaves_no_byte_in_runs_that_found_it(brain: Brain, store_url: str) -> None:
    """One step found it, another was given what that one found, and the outer run what its child found."""
    memory = brain.capture(f"{WORD} gateway", f"{WORD} body")
    establish(brain, look())
    outer = Procedure(
        name="outer",
        description="Begin another.",
        steps=(
            Step(id="inner", action=Action(uses=StepKind.PROCEDURE, parameters={"name": "deploy-safely"})),
            Step(id="after", needs=("inner",), action=Action(uses=StepKind.MANUAL), text="Look again."),
        ),
    )
    establish(brain, outer)
    begun = brain.runs.start("outer", target="prod")
    [child] = [run for run in brain.runs.list() if run.parent_run_id == begun.id]
    question = ask(brain, f"Is {WORD} right?", run_id=child.id)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.notices.put(tx, NoticeKind.RUN_WAITING, "deploy-safely", run_id=child.id, reason=WORD)
    decided(brain, f"memory {memory.id} says {WORD}")
    apply(brain, f"as {memory.id} says: {WORD}", {"found": WORD, "memory": memory.id})
    assert stored_bytes(store_url).count(WORD.encode()) > 8
    looked = brain.retrieve("looked")[0].memory
    assert WORD in str(looked.content)

    brain.purge(looked.id, reason="it quotes the other")
    brain.purge(memory.id, reason="asked to")

    left = brain.runs.get(child.id)
    assert brain.approvals.get(question).state is ApprovalState.EXPIRED
    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)
    assert {step.step_id: step.state for step in left.steps} == {
        "find": StepState.SUCCEEDED,
        "note": StepState.SUCCEEDED,
        "look": StepState.WAITING,
    }


def test_a_purged_error_leaves_no_byte_in_the_run_that_failed_with_it(brain: Brain, store_url: str) -> None:
    brain.calls.register("broken", _broken)
    establish(brain, FAILS)
    run = brain.runs.start("fails", target="prod")
    assert (run.state, WORD in (run.error or "")) == (RunState.FAILED, True)
    [hit] = brain.retrieve(WORD)

    brain.purge(hit.memory.id, reason="asked to")

    kept = brain.runs.get(run.id)
    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)
    assert (kept.state, kept.error) == (RunState.FAILED, "purged")


def test_a_purge_takes_what_decisions_and_fixes_say_of_an_operation_that_ended_in_it(
    brain: Brain, store_url: str
) -> None:
    with pytest.raises(RuntimeError), brain.operation("deploy", consult="never") as running:
        raise RuntimeError(f"{WORD} is unreachable")
    decided(brain, f"it failed with {WORD}", operation_id=running.id)
    apply(brain, f"after {WORD}", {"error": WORD}, operation_id=running.id)
    [error] = brain.retrieve(WORD)

    brain.purge(error.memory.id, reason="asked to")

    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)


def test_a_purge_by_subject_reaches_runs_too_and_leaves_others_alone(brain: Brain, store_url: str) -> None:
    establish(brain, look())
    brain.capture("a gateway of bob", f"{WORD} is his", subject="bob")
    touched = brain.runs.start("deploy-safely", {"version": "1"}, target="prod")
    brain.purge(brain.retrieve("looked")[0].memory.id, reason="it quotes the other")
    brain.forget(brain.retrieve("gateway bob")[0].memory.id)
    brain.capture("another gateway", "nothing of his")
    other = brain.runs.start("deploy-safely", {"version": "2"}, target="stage")
    before = brain.runs.get(other.id)

    brain.purge_subject("bob", reason="he left")

    assert brain.runs.get(other.id) == before
    assert _step(brain.runs.get(touched.id), "find").output is None
    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)


def _step(run: Run, step_id: str) -> Any:
    step = run.step(step_id)
    assert step is not None
    return step


def test_a_purge_of_an_archived_error_reaches_its_runs(brain: Brain, store_url: str) -> None:
    brain.calls.register("broken", _broken)
    establish(brain, FAILS)
    brain.runs.start("fails")
    [hit] = brain.retrieve(WORD)
    brain.archive(hit.memory.id)
    brain.upkeep.compact(older_than_days=0)

    brain.purge(hit.memory.id, reason="asked to")

    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)


def _broken(_: Any) -> None:
    raise RuntimeError(f"{WORD} is unreachable")


def test_purged_memories_leave_no_byte_in_what_agents_and_learning_keep(brain: Brain, store_url: str) -> None:
    """Whatever quotes an error: the task that ended in it, the log that told of it, what was learned and proposed."""
    brain.agents.register_callable("broken", _broken)
    failed = brain.agents.execute("deploy api", agent="broken", context={"host": "db-1"})
    brain.signals.ingest([f'{{"level": "error", "message": "{WORD} \\"pool\\" is exhausted"}}'], source="app")
    brain.learning.run("hourly", early=True)
    memory = brain.get(brain.capture(f'{WORD} "pool" has 7 slots', "say so").id)
    brain.cases.learn("refund", {"seen": f"{memory.id}: {WORD}"}, {"decision": "pay"})
    now = inside(brain).store.now()
    title = f"longer for {memory.title}"
    made = draft(ImprovementKind.TIMEOUT, "k", "deploy", title, title, before=1, after=2, at=now)
    made = replace(made, evidence={"examples": [memory.title]})
    item = {"key": "k", "kind": "insight", "origin_id": memory.id, "bundle_id": "b", "local_id": None, "hash": "h"}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert inside(brain).services.improvements.propose(tx, made) is not None
        tx.cases.put_failure_model("deploy api", {"when": WORD}, now)
        tx.sharing.put_item({**item, "at": now, "verified": 0, "contradicted": 0})
        inside(brain).services.notices.put(tx, NoticeKind.INSIGHTS_FOUND, "1 new insight", insights=[memory.title])
    assert stored_bytes(store_url).count(WORD.encode()) > 10

    while hits := brain.retrieve(WORD, include_superseded=True):
        brain.purge(hits[0].memory.id, reason="asked to")

    left = brain.agents.execution(failed.id)
    with inside(brain).store.read() as tx:
        shared = tx.sharing.item("k", "insight", memory.id)
        assert shared is not None
        assert shared["withdrawn_at"] is not None
    brain.close()
    assert WORD.encode() not in stored_bytes(store_url)
    assert (left.state.value, left.task.text, left.agent) == ("failed", "deploy api", "broken")
    assert left.task.context == {"host": "db-1"}


def leak(brain: Brain) -> None:
    """Leave a secret in all that is kept of runs, the guard and fixes, as a program of old rules would have."""
    establish(brain, look())
    run = brain.runs.start("deploy-safely", {"version": "1"}, target="prod")
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [row] = tx.records.page("run", None)
        texts = {"target": LEAK, "error": LEAK, "reason": LEAK, "inputs": f'{{"k": "{LEAK}"}}', "outputs": f'"{LEAK}"'}
        tx.records.rewrite("run", {**dict(row), **texts})
        for step in tx.records.steps("", run.id):
            given = dict.fromkeys(("input", "output", "detail", "evidence"), f'{{"k": ["{LEAK}"]}}')
            tx.records.rewrite("run_step", {**dict(step), **given, "error": LEAK})
        inside(brain).services.notices.put(tx, NoticeKind.RUN_WAITING, "x", reason="y")
        for notice in tx.records.page("notice", None):
            tx.records.rewrite("notice", {**dict(notice), "body": f'{{"k": "{LEAK}"}}', "error": LEAK})
    decided(brain, LEAK)
    ask(brain, "May I?")
    apply(brain, "so", {"k": LEAK})
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [asked] = tx.records.page("approval", None)
        tx.records.rewrite("approval", {**dict(asked), "question": LEAK, "reason": LEAK})
        [applied] = tx.records.page("fix_application", None)
        tx.records.rewrite("fix_application", {**dict(applied), "reason": LEAK})
        [fix] = tx.records.page("fix", None)
        told = {"title": LEAK, "advice": LEAK, "reason": LEAK, "context": f'{{"k": "{LEAK}"}}'}
        action = f'{{"uses": "command", "with": {{"run": ["{LEAK}"]}}}}'
        tx.records.rewrite("fix", {**dict(fix), **told, "action": action, "verify": action, "rollback": action})


def test_a_rescan_takes_todays_secrets_out_of_runs_approvals_decisions_notices_and_fixes(
    brain: Brain, store_url: str
) -> None:
    leak(brain)
    assert stored_bytes(store_url).count(KEY.encode()) >= 20

    foreseen = brain.upkeep.redact_rescan(dry_run=True)
    done = brain.upkeep.redact_rescan()

    assert (foreseen.changed, foreseen.findings) == (done.changed, done.findings)
    assert brain.upkeep.redact_rescan().changed == 0
    assert inside(brain).store.upkeep.check() == []
    brain.close()
    assert KEY.encode() not in stored_bytes(store_url)


NAMES = frozenset(
    "id namespace adapter memory actor_kind actor_id actor_proof execution_id session_id state run_id guidance_id"
    " operation_id approval_id step_id idempotency_key owner requested fingerprint trust standing origin kind level"
    " replaces improvement_id unit repository commit_id memory_id cycle template_id head tail merged_into limits"
    " error_memory_id series direction bundle_id origin_id local_id hash agent.name attempt.agent execution.outcome"
    " attempt.outcome execution.evidence attempt.evidence share_peer.key share_bundle.key share_item.key"
    " signal_file.key signal_file.path log_count.source alert.key alert_run.key alert.group_key alert.identity"
    " inbox.sender delivery.notice_id delivery.channel job.reads job.agreed_by_kind job.agreed_by_id"
    " job.agreed_by_proof".split()
)
"""Columns that hold an id, a digest, a member of a closed set, a file's place, or the name somebody gave a thing."""
STEM = KEY[:-2]
ALIKE = (STEM + "".join(end) for end in product(ascii_uppercase, repeat=2))  # secrets that leave the same text behind


def leaking(value: Any) -> Any:
    """Return JSON with a secret in the place of each of its texts."""
    match value:
        case str():
            return f"use {next(ALIKE)} for it"
        case list():
            return [leaking(each) for each in value]
        case dict():
            return {name: leaking(each) for name, each in value.items()}
        case _:
            return value


def leaked(sort: str, value: Any) -> Any:
    """Return what a column of such a sort holds once a secret stands in it."""
    match sort:
        case "text":
            return leaking("")
        case "folded":
            return folded(leaking(unfolded(bytes(value))))
        case _:
            return json.dumps(leaking({"k": ""} if value is None else json.loads(value)))


def spoil(connection: Any, table: str, name: str) -> bool:
    """Put a secret into a column of each row; return whether one stands there now."""
    mark = "?" if "sqlite" in type(connection).__module__ else "%s"
    field = KINDS.get(table, {}).get(name)
    sort, held = field.sort if field else "text", ""
    for row in connection.execute(f'select distinct "{name}" as value from {table}').fetchall():
        value = leaked(sort, row["value"])
        held += str(unfolded(value)) if sort == "folded" else value
        where = f'"{name}" is null' if row["value"] is None else f'"{name}" = {mark}'
        given = [value] if row["value"] is None else [value, row["value"]]
        connection.execute(f'update {table} set "{name}" = {mark} where {where}', given)
    return STEM in held


def test_a_rescan_reaches_every_text_of_agents_and_of_learning(brain: Brain, store_url: str) -> None:
    """Every text that the catalog has in these tables, but those in `NAMES`, is put to the test."""
    furnish(brain)
    hear(brain)
    newer = TABLES[TABLES.index("agent") :]
    with as_owner(brain) as connection:
        texts = [
            (table, name)
            for table in newer
            for name, type_, _ in catalog(connection, table)[0]
            if type_ in ("text", "bytea", "blob") and not {name, f"{table}.{name}"} & NAMES
        ]
        untouched = {f"{table}.{name}" for table, name in texts if not spoil(connection, table, name)}
        connection.execute("update log_count set source = (select source from log_template)")
    assert untouched == set()

    foreseen = brain.upkeep.redact_rescan(dry_run=True)
    done = brain.upkeep.redact_rescan()

    assert (foreseen.changed, foreseen.findings) == (done.changed, done.findings)
    assert brain.upkeep.redact_rescan().changed == 0
    assert {agent.enabled for agent in brain.agents.list()} == {False}
    brain.close()
    assert STEM.encode() not in stored_bytes(store_url)


def test_a_fix_whose_action_held_a_secret_is_only_suggested(brain: Brain) -> None:
    leak(brain)
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [fix] = tx.records.page("fix", None)
        tx.session.run("fix_set_mode", id=fix["id"], mode="auto", reason="x", demoted_at=None)

    brain.upkeep.redact_rescan()

    assert brain.fixes.get(fix["id"]).mode.value == "suggest"


def test_a_version_that_holds_a_secret_is_named_and_stays_as_it_is(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from brainops.procedures.definition import sources

    with monkeypatch.context() as patch:
        patch.setattr(sources, "secrets_in", lambda given: ())
        brain.procedures.save(look(f"Type {KEY} and look."))
    establish(brain, replace(look(), name="clean", secrets={"token": "env:TOKEN"}))
    before = brain.procedures.get("deploy-safely")

    foreseen = brain.upkeep.redact_rescan(dry_run=True)
    done = brain.upkeep.redact_rescan()

    assert foreseen.procedures == done.procedures == ("deploy-safely number 1 (draft)",)
    assert brain.procedures.get("deploy-safely") == before


def test_doctor_says_which_run_has_lost_its_version(brain: Brain) -> None:
    establish(brain, look())
    run = brain.runs.start("deploy-safely", target="prod")
    fine = {check.name: check.passed for check in brain.upkeep.doctor()}
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        [row] = tx.records.page("run", None)
        gone = {"id": new_id(), "procedure_id": "gone", "procedure_hash": "gone", "idempotency_key": None}
        tx.records.put_back("run", {**dict(row), **gone, "imported_at": None})

    found = {check.name: check for check in brain.upkeep.doctor()}["runs"]

    assert fine["runs"]
    assert not found.passed
    assert "is not here" in found.detail
    assert run.id not in found.detail


def test_a_furnished_store_holds_something_of_all_that_agents_and_learning_keep(brain: Brain) -> None:
    """The tests of exports, rescans and backups rest on it: a new table is to be furnished too."""
    furnish(brain)
    hear(brain)

    newer = set(TABLES[TABLES.index("agent") :]) - {"cycle", "query_count"}  # marks and counts, which nothing carries
    with as_owner(brain) as connection:
        rows = {
            table: connection.execute(f"select count(*) as rows from {table}").fetchone()["rows"] for table in newer
        }
    assert {table for table, number in rows.items() if number == 0} == set()


def test_doctor_says_which_agent_and_which_improvement_nobody_let_in(brain: Brain) -> None:
    furnish(brain)
    fine = {check.name: check.passed for check in brain.upkeep.doctor()}
    with as_owner(brain) as connection:
        connection.execute("update agent set enabled = 1 where name = 'idle'")
        connection.execute("update improvement set state = 'kept' where state = 'rejected'")

    found = {check.name: check for check in brain.upkeep.doctor()}

    assert (fine["agents"], fine["improvements"]) == (True, True)
    assert "'idle' was registered or enabled by nobody" in found["agents"].detail
    assert "(longer rejected) is kept by nobody" in found["improvements"].detail.replace("'", "")
    assert not found["agents"].passed
    assert not found["improvements"].passed


def test_status_counts_procedures_runs_approvals_fixes_notices_and_decisions(brain: Brain) -> None:
    furnish(brain)

    counted = brain.upkeep.status()["records"]

    assert counted["procedure"]["by_state"] == {"draft": 1, "active": 1}  # a fix that was never applied has none yet
    assert counted["run"] == {"total": 2, "week": 2, "by_state": {"succeeded": 1, "waiting": 1}}
    assert counted["approval"]["by_state"] == {"used": 1, "granted": 1, "refused": 1, "pending": 1}
    assert counted["fix"] == {"total": 1, "week": 1, "by_state": {"auto": 1}}
    assert counted["notice"]["by_state"].keys() == {"waiting"}
    assert counted["decision"]["by_state"]["blocked"] == 1
    assert counted["agent"]["by_state"] == {"enabled": 1, "disabled": 1}
    assert counted["execution"]["by_state"] == {"succeeded": 1, "failed": 1, "waiting": 1, "running": 1}
    assert counted["improvement"]["by_state"] == {"proposed": 1, "applied": 1, "rejected": 1}


def test_compact_says_how_many_ended_runs_stay(brain: Brain) -> None:
    furnish(brain)

    done = brain.upkeep.compact(older_than_days=0)

    assert done.runs_left == 1
    assert brain.upkeep.compact(older_than_days=1).runs_left == 0
    assert brain.runs.remove_ended(older_than_days=0) == 1
    assert brain.upkeep.compact(older_than_days=0).runs_left == 0
