"""Does an import bring what happened, and nothing that is in force, whatever the file says?"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.errors import ArchiveDamaged, BrainOpsError, Conflict, InvalidInput, NotFound
from brainops.memory.transfer.foreign_rows import UNSENT
from brainops.memory.transfer.line_kinds import KINDS
from brainops.procedures.consent import approvers
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.schema import RECORDS, STAYING
from brainops.types import (
    Actor,
    ActorKind,
    ApplicationState,
    ApprovalKind,
    ApprovalState,
    Enforcement,
    FixMode,
    ImprovementState,
    ProcedureState,
    RunState,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.everything import ERROR, MARTA, PHRASE, furnish, look
from tests.conformance.test_transfer import lines_of, open_other, signed
from tests.inside import inside

__all__ = ["open_other"]

AGENT = Actor(kind=ActorKind.AGENT, id="robot")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make guessing cheap, for the tests only."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)


@pytest.fixture
def exported(open_brain: OpenBrain, tmp_path: Path) -> Path:
    """Return an export of a store that holds something of every kind."""
    brain = open_brain(actor=MARTA, read=[])
    furnish(brain)
    brain.upkeep.export_to(tmp_path / "one.jsonl")
    brain.close()
    return tmp_path / "one.jsonl"


def parsed(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(path)]


def test_every_kind_of_line_is_exported(exported: Path) -> None:
    kinds = {line["kind"] for line in parsed(exported)}

    assert set(RECORDS) | {"run_step"} <= kinds
    assert set(RECORDS) <= set(KINDS)


def test_secrets_of_approvers_and_channels_stay_behind(exported: Path) -> None:
    text = exported.read_text(encoding="utf-8")

    assert PHRASE not in text
    assert "secret_hash" not in text
    stays = {"approver", "channel", "worker", "approval_setting", "share_item", "cycle", "query_count", *STAYING}
    assert not stays & {line["kind"] for line in parsed(exported)}


def test_what_happened_comes_through_unchanged(open_other: OpenBrain, exported: Path, tmp_path: Path) -> None:
    """All that an import changes is what was in force or under way: those lines, and no other column of them."""
    other = open_other(actor=MARTA, read=[])

    other.upkeep.import_from(exported)

    other.upkeep.export_to(tmp_path / "two.jsonl")
    before, after = (
        {json.dumps({k: line.get(k) for k in KEYS}): line for line in parsed(path)}
        for path in (exported, tmp_path / "two.jsonl")
    )
    left = {key for key, line in before.items() if line["kind"] in ("rule_mode", "namespace_setting")}
    added = [after[key] for key in after.keys() - before.keys()]
    assert before.keys() - after.keys() == left
    assert {line["act"] for line in added} == {"retire_procedure", "rule-remove", "import-settle"}
    changed = {
        (before[key]["kind"], name)
        for key in before.keys() & after.keys()
        for name in before[key]
        if before[key][name] != after[key][name]
    }
    assert changed == {
        ("procedure", "state"),
        ("procedure", "trust"),
        ("run", "state"),
        ("run", "finished_at"),
        ("run", "reason"),
        ("run", "idempotency_key"),
        ("run_step", "state"),
        ("run_step", "finished_at"),
        ("approval", "state"),
        ("rule", "removed_at"),
        ("bypass", "closed_at"),
        ("fix", "mode"),
        ("fix", "trust"),
        ("fix_application", "state"),
        ("fix_application", "reason"),
        ("decided_case", "trust"),
        ("agent", "enabled"),
        ("execution", "state"),
        ("execution", "ended_at"),
        ("execution", "reason"),
        ("execution", "idempotency_key"),
        ("attempt", "ended_at"),
        ("improvement", "state"),
        ("improvement", "ended_at"),
        ("improvement", "outcome"),
        ("code_patch", "stands"),
        ("fix_application", "decided_at"),
        ("notice", "delivered_at"),
        ("notice", "error"),
    }


KEYS = ("kind", "id", "run_id", "step_id", "role", "memory_id", "name", "day", "rule_id", "service", "person", "at",
        "sequence", "operation_name", "improvement_id", "unit", "cycle", "to_at", "source", "template_id", "bucket",
        "series")  # fmt: skip


def test_the_store_that_took_it_in_is_sound_and_says_so(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    other.upkeep.import_from(exported)

    wrong = {check.name: check.detail for check in other.upkeep.doctor() if not check.passed}
    assert wrong.keys() <= {"disk", "model", "permissions"}, wrong


def test_a_store_with_a_trail_of_its_own_is_sound_too(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])
    other.guard.set_enforcement("strict")

    other.upkeep.import_from(exported)
    again = other.upkeep.import_from(exported)

    wrong = {check.name: check.detail for check in other.upkeep.doctor() if not check.passed}
    assert wrong.keys() <= {"disk", "model", "permissions"}, wrong
    assert again.taken == {}
    assert other.guard.settings().enforcement is Enforcement.STRICT


def test_importing_it_again_changes_nothing(open_other: OpenBrain, exported: Path, tmp_path: Path) -> None:
    other = open_other(actor=MARTA, read=[])
    other.upkeep.import_from(exported)
    other.upkeep.export_to(tmp_path / "two.jsonl")

    again = other.upkeep.import_from(exported)

    other.upkeep.export_to(tmp_path / "three.jsonl")
    assert again.taken == {}
    assert lines_of(tmp_path / "two.jsonl") == lines_of(tmp_path / "three.jsonl")


def test_no_procedure_is_active_and_only_a_person_activates_one(open_other: OpenBrain, exported: Path) -> None:
    other, agent = open_other(actor=MARTA, read=[]), open_other(actor=AGENT, read=[])

    imported = other.upkeep.import_from(exported)

    assert other.procedures.active() == []
    assert {version.state for version in other.procedures.history("deploy-safely").versions} == {ProcedureState.DRAFT}
    assert any("deploy-safely number 2" in told.names for told in imported.disarmed if told.kind == "procedure")
    with pytest.raises(BrainOpsError):
        agent.runs.start("deploy-safely", target="prod")
    with pytest.raises(BrainOpsError, match="a person activates it"):
        agent.procedures.activate("deploy-safely", number=2)
    assert other.procedures.activate("deploy-safely", number=2).state is ProcedureState.ACTIVE


def test_no_setting_is_taken_and_each_is_named(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    imported = other.upkeep.import_from(exported)

    left = {name for told in imported.left if told.kind == "namespace_setting" for name in told.names}
    assert {"enforcement = strict", "autonomy = auto"} <= left
    assert other.guard.settings().enforcement is Enforcement.OBSERVE
    assert other.guard.settings().autonomy.value == "propose"
    assert other.guard.settings().bypass is None
    assert [told.count for told in imported.left if told.kind == "rule_mode"] == [1]


def test_no_rule_holds(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    imported = other.upkeep.import_from(exported)

    assert "ask first" not in {rule.name for rule in other.guard.rules()}
    assert [told.names for told in imported.disarmed if told.kind == "rule"] == [("ask first",)]


def test_nothing_that_was_granted_can_be_used(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    other.upkeep.import_from(exported)

    states = {approval.subject: approval.state for approval in other.approvals.list()}
    assert states == {
        "used": ApprovalState.USED,
        "granted": ApprovalState.EXPIRED,
        "refused": ApprovalState.REFUSED,
        "pending": ApprovalState.EXPIRED,
    }
    with inside(other).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        assert inside(other).services.approvals.use(tx, ApprovalKind.OPERATION, "granted") is None
    assert other.approvals.approvers.list() == []


def test_no_run_goes_on_and_none_is_retried(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])
    other.upkeep.import_from(exported)
    other.procedures.activate("deploy-safely", number=2)

    runs = {run.target: run for run in other.runs.list()}

    assert (runs["prod"].state, runs["stage"].state) == (RunState.SUCCEEDED, RunState.CANCELLED)
    assert "when it was exported" in (runs["stage"].reason or "")
    with pytest.raises(Conflict, match="start it anew"):
        other.runs.retry(runs["stage"].id)
    assert other.runs.advance(runs["stage"].id).state is RunState.CANCELLED
    started = other.runs.start("deploy-safely", target="stage", idempotency_key="two")
    assert started.id != runs["stage"].id


def test_what_ran_elsewhere_excuses_nobody_here(open_other: OpenBrain, exported: Path) -> None:
    """An imported run, receipt or block is history: the guard does not count it."""
    other = open_other(actor=MARTA, read=[])
    other.upkeep.import_from(exported)
    now = inside(other).store.now()

    with inside(other).store.read() as tx:
        followed = tx.rules.followed(["deploy-safely"], "prod", 0)
        steps = tx.rules.steps(["deploy-safely"], "prod", None, 0)
        receipts = tx.rules.receipts_since(0, 100)
        usable = [tx.rules.receipt(receipt.id) for receipt in receipts]
        past = tx.rules.past(["deploy api"], "prod", "s", 0)
        standing = [*tx.rules.receipts("prod", None, now), *tx.rules.receipts("prod", "s", now)]
        rules = {decision.rule_id for decision in tx.rules.decisions(limit=100)}
        counted = [tx.rules.blocked(rule, now - 3_600_000_000, 0)["lately"] for rule in rules]
        judged = [tx.rules.judged(rule, 0)["wrong"] for rule in rules]

    assert (list(followed), steps) == ([], [])
    assert (usable, standing, past) == ([None] * 2, [], [])
    assert "deploy api" in [operation.start.name for operation in other.operations.list()]
    assert rules
    assert set(counted) == set(judged) == {0}


def test_no_fix_applies_itself_and_its_record_counts_for_nothing(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    imported = other.upkeep.import_from(exported)

    [suggestion] = other.fixes.suggest(ERROR)
    assert suggestion.fix.mode is FixMode.SUGGEST
    assert (suggestion.confidence.verified, suggestion.confidence.contradicted) == (0, 0)
    states = {application.state for application in other.fixes.applications()}
    assert states == {ApplicationState.VERIFIED, ApplicationState.HELD}
    assert [told.names for told in imported.disarmed if told.kind == "fix"] == [("Restart the gateway",)]
    with pytest.raises(Conflict, match="from outside"):
        other.fixes.set_mode(suggestion.fix.id, "auto", reason="it worked there")


def test_no_agent_is_asked_and_its_record_counts_for_nothing(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    imported = other.upkeep.import_from(exported)

    now = inside(other).store.now()
    assert {agent.name: agent.enabled for agent in other.agents.list()} == {"deployer": False, "idle": False}
    assert [told.names for told in imported.disarmed if told.kind == "agent"] == [("deployer",)]
    assert other.agents.choose("deploy api", task_class="deploy") is None
    assert len(other.agents.attempts(task_class="deploy")) == 4
    with inside(other).store.read() as tx:
        assert (list(tx.agents.trials(0, 100)), tx.agents.spent(0), tx.agents.under_way(0)) == ([], {}, {})
        assert list(tx.learning.review("agent", 0, now)) == list(tx.improvements.agents(since=0, until=now)) == []


def test_no_task_goes_on_and_its_key_is_free_unless_it_succeeded(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])
    other.upkeep.import_from(exported)
    found = {each.task.text.removeprefix("deploy "): each for each in other.agents.executions()}
    other.agents.register_callable("fresh", lambda task: "done here")

    assert {name: each.state.value for name, each in found.items()} == {
        "succeeded": "succeeded",
        "failed": "failed",
        "waiting": "cancelled",
        "running": "cancelled",
    }
    for name, each in found.items():
        again = other.agents.execute("deploy it", agent="fresh", idempotency_key=f"task {name}")
        assert (again.id == each.id) is (name == "succeeded")
        with pytest.raises(Conflict):
            other.agents.resume(each.id)


def test_no_improvement_is_in_force_and_none_stands_in_the_way_of_its_like(
    open_other: OpenBrain, exported: Path
) -> None:
    other = open_other(actor=MARTA, read=[])
    other.guard.set_autonomy("auto")

    imported = other.upkeep.import_from(exported)

    known = {each.title.removeprefix("longer "): each for each in other.improvements.list()}
    assert {each.state.value for each in known.values()} == {"rejected"}
    assert known["applied"].outcome.startswith("it was applied when it was exported")
    assert sorted(name for told in imported.disarmed if told.kind == "improvement" for name in told.names) == [
        "longer applied",
        "longer proposed",
    ]
    assert other.improvements.watch() == []
    for each in known.values():
        with pytest.raises(Conflict):
            other.improvements.undo(each.id)
        with pytest.raises(Conflict):
            other.improvements.apply(each.id)
    with inside(other).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for each in known.values():
            fresh = replace(each, id=new_id(), state=ImprovementState.PROPOSED, ended_at=None)
            assert inside(other).services.improvements.propose(tx, fresh) is not None


def test_a_report_of_a_file_gives_way_to_the_report_of_the_store(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])
    other.upkeep.import_from(exported)
    [theirs] = other.learning.reports()

    with inside(other).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        tx.learning.add_report(replace(theirs, missed=7), 10)

    assert [report.missed for report in other.learning.reports()] == [7]


@pytest.mark.parametrize("kind", sorted(STAYING))
def test_what_belongs_to_one_installation_is_not_taken_from_a_file(
    open_other: OpenBrain, exported: Path, kind: str
) -> None:
    lines = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()][:-1]
    line: dict[str, Any] = {"kind": kind, "namespace": "team/a"}
    for field in KINDS[kind].values():
        line.setdefault(
            field.shown,
            {"count": 1, "number": 1.0, "flag": False, "json": [], "texts": [], "object": {}}.get(
                field.sort, field.sort.partition("|")[0]
            ),
        )
    exported.write_bytes(signed([*lines, line]))
    other = open_other(actor=MARTA, read=[])

    imported = other.upkeep.import_from(exported)

    assert [told.count for told in imported.left if told.kind == kind] == [1]
    assert kind not in imported.taken


def test_no_notice_is_sent(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    other.upkeep.import_from(exported)

    assert [notice for notice in other.notices.pending() if notice.namespace == "team/a"] == []
    with inside(other).store.read() as tx:
        notices = tx.approvals.notices(every=True)
    assert notices
    assert {notice.error for notice in notices} == {UNSENT}


def test_nothing_is_imported_into_the_namespace_of_approvers(open_other: OpenBrain, exported: Path) -> None:
    other = open_other(actor=MARTA, read=[])

    with pytest.raises(InvalidInput, match="who may approve"):
        other.upkeep.import_from(exported, into={"team/a": "brainops-approvers"})


def test_a_version_whose_number_is_taken_gets_the_next_and_its_runs_go_with_it(
    open_other: OpenBrain, exported: Path
) -> None:
    other = open_other(actor=MARTA, read=[])
    mine = other.procedures.save(
        {"name": "deploy-safely", "description": "Mine.", "steps": [{"id": "a", "uses": "manual", "text": "x"}]}
    )
    other.procedures.activate("deploy-safely")

    other.upkeep.import_from(exported)

    versions = other.procedures.history("deploy-safely").versions
    assert sorted(version.number for version in versions) == [1, 2, 3]
    assert other.procedures.get("deploy-safely").id == mine.id
    for run in other.runs.list():
        assert other.procedures.by_id(run.procedure_id).hash == run.procedure_hash


def test_a_version_that_stands_here_is_kept_and_imported_runs_are_pinned_to_it(
    open_other: OpenBrain, exported: Path
) -> None:
    other = open_other(actor=MARTA, read=[])
    mine = other.procedures.save(look())

    other.upkeep.import_from(exported)

    assert {run.procedure_id for run in other.runs.list()} == {mine.id}
    assert {check.name for check in other.upkeep.doctor() if not check.passed} <= {"disk", "model", "permissions"}


def test_a_body_that_is_no_procedure_is_refused_although_its_hash_fits(open_brain: OpenBrain, exported: Path) -> None:
    lines = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()][:-1]
    [line, *_] = [line for line in lines if line.get("kind") == "procedure"]
    line["body"] = '{"name": "x", "steps": 7}'
    line["hash"] = sha256(line["body"].encode()).hexdigest()
    exported.write_bytes(signed(lines))

    with pytest.raises(ArchiveDamaged, match="nothing was taken"):
        open_brain(namespace="elsewhere", read=[]).upkeep.import_from(exported, into={"team/a": "elsewhere"})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("agent", "adapter", "telepathy"),
        ("agent", "limits", {"per_year": 1}),
        ("execution", "state", "flying"),
        ("execution", "asked", {}),
        ("attempt", "choice", {"agent": "x"}),
        ("improvement", "state", "better"),
        ("improvement", "decided_basis", -1),
        ("set_aside", "data", [1]),
        ("cycle_report", "cycle", "yearly"),
        ("log_template", "tokens", [7]),
        ("metric_point", "total", "much"),
        ("procedure", "body", "{}"),
        ("procedure", "hash", "0" * 64),
        ("procedure", "state", "hidden"),
        ("procedure", "created_kind", "god"),
        ("run", "state", "flying"),
        ("run", "inputs", [1]),
        ("run", "taken_over", 1),
        ("run_step", "stage", "rest"),
        ("approval", "state", "eternal"),
        ("rule", "body", {}),
        ("decision", "verdict", "maybe"),
        ("guard_count", "followed", -1),
        ("bypass", "until", None),
        ("fix", "limits", {"per_hour": 1, "per_year": 2}),
        ("fix_application", "mode", "always"),
        ("notice", "notice_kind", "gossip"),
        ("audit", "detail", "[]"),
    ],
)
def test_a_line_that_means_nothing_is_refused_and_nothing_is_taken(
    open_brain: OpenBrain, exported: Path, kind: str, field: str, value: Any
) -> None:
    lines = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()][:-1]
    [line, *_] = [line for line in lines if line.get("kind") == kind]
    assert field in line
    line[field] = value
    exported.write_bytes(signed(lines))
    other = open_brain(namespace="elsewhere", read=[], actor=MARTA)

    with pytest.raises(BrainOpsError, match="nothing was taken"):
        other.upkeep.import_from(exported, into={"team/a": "elsewhere"})

    assert other.retrieve() == []
    with pytest.raises(NotFound):
        other.procedures.get("deploy-safely")
