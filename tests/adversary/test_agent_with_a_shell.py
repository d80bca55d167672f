"""What can an agent do that has a shell as the same user? What can be prevented is; the rest is seen by doctor.

It calls the library and the program, tells them what it likes, and writes the store's file with sqlite3. What it can
do unseen stands in docs/threat-model.md, and here as a test, so that nobody believes otherwise.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import (
    ApprovalRequired,
    ApprovalUnproven,
    BrainOpsError,
    Conflict,
    InvalidInput,
    NotFound,
    OperationBlocked,
)
from brainops.procedures.consent import approvers
from brainops.store import acts
from brainops.store.trail import chained_hash
from brainops.types import (
    Actor,
    ActorKind,
    Approval,
    ApprovalKind,
    ApprovalState,
    NoticeKind,
    ProcedureState,
    Rule,
    RuleKind,
    RuleMode,
    Run,
    RunState,
    StepState,
    TerminalProof,
)
from tests.cli.conftest import program
from tests.cli.terminal import people_only, typed
from tests.inside import inside

NAMESPACE = "team/shop"
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code", proof="environment")
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
HIDDEN = Actor(kind=ActorKind.PERSON, id="ines", proof="none")  # what it says to be once it took its marks away
ENROLMENT = [("New passphrase:", "let me in, please"), ("The same again:", "let me in, please")]
ROLLOUT = """---
name: rollout
description: How the shop is rolled out.
mode: strict
steps:
  - id: backup
    name: Take a backup
    uses: manual
    verify: evidence.size > 0
  - id: migrate
    name: Migrate the database
    uses: manual
  - id: deploy
    name: Deploy
    uses: manual
---
"""


@dataclass(frozen=True)
class Attacked:
    """A store in which ines may approve and a strict procedure holds, as its owner and as an agent see it."""

    place: Path
    owner: Brain
    agent: Brain

    def by_hand(self, statement: str, **values: Any) -> int:
        """Write the file as any program of this user can, triggers or not; return how many rows that changed."""
        with closing(sqlite3.connect(self.place)) as connection:
            for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                connection.execute(f"drop trigger {name}")
            changed = connection.execute(statement, values).rowcount
            connection.commit()
            return changed

    def ask(self, subject: str = "deploy api prod", kind: ApprovalKind = ApprovalKind.OPERATION) -> Approval:
        """Ask as the agent may."""
        with inside(self.agent).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            return inside(self.agent).services.approvals.ask(
                tx, kind=kind, subject=subject, question="May it?", requested_by=AGENT, reason="I was told to"
            )

    def use(self, subject: str = "deploy api prod") -> Approval | None:
        """Use what was granted, if it was."""
        with inside(self.agent).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            return inside(self.agent).services.approvals.use(tx, ApprovalKind.OPERATION, subject)

    def failed_checks(self) -> dict[str, str]:
        """Return what doctor finds wrong."""
        return {check.name: check.detail for check in self.owner.upkeep.doctor() if not check.passed}


@pytest.fixture
def attacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Attacked]:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    place = tmp_path / "memory.db"
    monkeypatch.setenv("BRAINOPS_STORE", str(place))
    monkeypatch.setenv("BRAINOPS_NAMESPACE", NAMESPACE)
    monkeypatch.setenv("BRAINOPS_MODEL", "none")
    open_as: Callable[[Actor], Brain] = lambda actor: Brain.open(  # noqa: E731  two lines for two brains
        place, namespace=NAMESPACE, read=[], model="none", background=False, actor=actor
    )
    with open_as(MARTA) as owner, open_as(AGENT) as agent:
        owner.approvals.approvers.enrol("ines", passphrase=PHRASE)
        owner.procedures.save(ROLLOUT)
        owner.procedures.activate("rollout")
        owner.guard.set_enforcement("strict", reason="we hold")
        yield Attacked(place, owner, agent)


@pytest.fixture
def run(attacked: Attacked) -> Run:
    """A run of the strict procedure that the agent is to follow."""
    return attacked.agent.runs.start("rollout")


def test_doctor_finds_nothing_where_nobody_attacked(attacked: Attacked, run: Run) -> None:
    attacked.owner.approvals.grant(attacked.ask().id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
    attacked.use()
    attacked.agent.runs.complete(run.id, "backup", evidence={"size": 3})
    attacked.owner.guard.add(rule())

    assert attacked.failed_checks() == {}


# It lies about memory


def rule(**fields: Any) -> Rule:
    given: dict[str, Any] = {"name": "memory before deploys", "kind": RuleKind.MEMORY_FIRST, "operations": ("deploy*",)}
    return Rule(id="", namespace="", mode=RuleMode.DENY, **{**given, **fields})


def test_it_names_memories_back_that_it_was_not_shown(attacked: Attacked) -> None:
    receipt = attacked.agent.guidance("deploy api", target="prod", session="s1")

    with pytest.raises(BrainOpsError):
        attacked.agent.guard.acknowledge(receipt.id, ["0197f6a2-3c1e-7b0a-9d54-2f8b6c1a7e90"])
    with pytest.raises(NotFound):
        attacked.agent.guard.acknowledge("a receipt that never was", [])


def test_it_acts_without_having_asked_memory(attacked: Attacked) -> None:
    attacked.owner.guard.add(rule())

    with pytest.raises(OperationBlocked):
        attacked.agent.begin("deploy api", target="prod", consult="never")

    assert attacked.agent.operations.list() == []
    assert [decision.verdict for decision in attacked.owner.guard.decisions()] != []


def test_it_replays_a_receipt_for_something_else(attacked: Attacked) -> None:
    attacked.owner.guard.add(rule(single_use=True))
    attacked.agent.guidance("deploy api", target="prod", session="s1")

    with pytest.raises(OperationBlocked):
        attacked.agent.begin("deploy api", target="other", session="s1", consult="never")
    with pytest.raises(OperationBlocked):
        attacked.agent.begin("deploy api", target="prod", session="another", consult="never")
    attacked.agent.begin("deploy api", target="prod", session="s1", consult="never").succeed()
    with pytest.raises(OperationBlocked):
        attacked.agent.begin("deploy api", target="prod", session="s1", consult="never")


# It does not follow the procedure


def test_it_sees_the_step_at_hand_only(attacked: Attacked, run: Run) -> None:
    current = attacked.agent.runs.current(run.id)

    assert (current.step_id, current.number) == ("backup", 1)
    assert "migrate" not in str(current).lower()


@pytest.mark.parametrize("step_id", ["migrate", "deploy", "nonsense"])
def test_it_does_steps_in_another_order(attacked: Attacked, run: Run, step_id: str) -> None:
    with pytest.raises((Conflict, InvalidInput, NotFound)):
        attacked.agent.runs.complete(run.id, step_id, evidence={"size": 3})

    assert attacked.agent.runs.current(run.id).step_id == "backup"


@pytest.mark.parametrize("evidence", [None, {}, {"size": 0}, "I did it", {"size": "large"}])
def test_it_says_done_and_shows_nothing_that_passes(attacked: Attacked, run: Run, evidence: Any) -> None:
    with pytest.raises(InvalidInput):
        attacked.agent.runs.complete(run.id, "backup", evidence=evidence)

    assert attacked.agent.runs.current(run.id).step_id == "backup"


def test_evidence_that_it_made_up_is_kept_with_its_name(attacked: Attacked, run: Run) -> None:
    attacked.agent.runs.complete(run.id, "backup", evidence={"size": 3})

    step = attacked.owner.runs.get(run.id).step("backup")
    assert step is not None
    assert "claude-code" in json.dumps(step.evidence)
    with inside(attacked.owner).store.read() as tx:
        assert [line.act for line in tx.trail.of(run.id)] == ["run-step-complete"]


def test_it_skips_a_step_and_may_only_ask(attacked: Attacked, run: Run) -> None:
    with pytest.raises(ApprovalRequired):
        attacked.agent.runs.skip(run.id, "backup", reason="it takes long")
    [asked] = attacked.agent.approvals.pending()
    with pytest.raises(ApprovalRequired):
        attacked.agent.runs.skip(run.id, "backup", approval_id=asked.id, reason="it takes long")

    assert attacked.agent.runs.current(run.id).step_id == "backup"
    assert asked.requested_by == AGENT


def test_an_approval_for_one_step_does_not_do_for_another_run(attacked: Attacked, run: Run) -> None:
    with pytest.raises(ApprovalRequired):
        attacked.agent.runs.skip(run.id, "backup", reason="it takes long")
    [asked] = attacked.agent.approvals.pending()
    attacked.owner.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))
    attacked.agent.runs.skip(run.id, "backup", approval_id=asked.id, reason="it takes long")
    attacked.agent.runs.cancel(run.id, reason="again")
    other = attacked.agent.runs.start("rollout")

    with pytest.raises(ApprovalRequired):
        attacked.agent.runs.skip(other.id, "backup", approval_id=asked.id, reason="it takes long")

    assert attacked.failed_checks() == {}


def test_it_writes_a_step_as_done_into_the_file(attacked: Attacked, run: Run) -> None:
    attacked.by_hand(
        "update run_step set state = 'succeeded', evidence = :evidence, finished_at = 1, completion = 1 "
        "where run_id = :run",
        run=run.id,
        evidence=json.dumps({"verified": True}),
    )

    assert f"step backup of the run {run.id} is done, and nobody said so" in attacked.failed_checks()["runs"]


def test_it_writes_a_step_as_skipped_into_the_file(attacked: Attacked, run: Run) -> None:
    attacked.by_hand("update run_step set state = 'skipped', skipped_because = 'fine' where run_id = :run", run=run.id)

    assert "is skipped, and nobody agreed" in attacked.failed_checks()["runs"]


# It changes the definition


def test_it_edits_the_stored_definition_under_a_run(attacked: Attacked, run: Run) -> None:
    attacked.by_hand("update procedure set body = replace(body, 'Take a backup', 'Do nothing')")

    anew = Brain.open(attacked.place, namespace=NAMESPACE, read=[], model="none", background=False)
    with anew, pytest.raises(Conflict, match="changed in its row"):
        anew.runs.current(run.id)
    assert "does not fit its hash" in attacked.failed_checks()["procedures"]


def test_it_edits_the_definition_and_its_hash_and_the_run(attacked: Attacked, run: Run) -> None:
    attacked.by_hand("update procedure set hash = '0' || substr(hash, 2)")
    seen = attacked.failed_checks()
    attacked.by_hand("update run set procedure_hash = '0' || substr(procedure_hash, 2)")

    assert {"procedures", "runs"} <= seen.keys()
    assert "procedures" in attacked.failed_checks()


def test_it_brings_in_a_version_without_the_steps(attacked: Attacked, run: Run) -> None:
    weak = ROLLOUT.replace("mode: strict", "mode: advisory")
    saved = attacked.agent.procedures.save(weak)

    with pytest.raises(ApprovalRequired):
        attacked.agent.procedures.activate("rollout", number=saved.number)
    with pytest.raises(ApprovalRequired):
        attacked.agent.procedures.retire("rollout")

    [active] = attacked.owner.procedures.list(state=ProcedureState.ACTIVE)
    assert active.procedure.mode == "strict"


def test_it_applies_a_file_without_the_steps_or_takes_the_file_away(attacked: Attacked, tmp_path: Path) -> None:
    folder = tmp_path / "procedures"
    folder.mkdir()
    page = folder / "release.md"
    page.write_text(ROLLOUT.replace("rollout", "release"), encoding="utf-8")
    attacked.owner.procedures.apply(folder, strict=True, proof=PROOF)

    for text in (ROLLOUT.replace("strict", "advisory"), ROLLOUT.replace("id: deploy", "id: pretend")):
        page.write_text(text.replace("rollout", "release"), encoding="utf-8")
        attacked.agent.procedures.apply(folder, strict=True)
    page.unlink()
    attacked.agent.procedures.apply(folder, prune=True)

    active = attacked.owner.procedures.get("release")
    assert (active.state, active.number, active.procedure.mode) == (ProcedureState.ACTIVE, 1, "strict")


def test_it_makes_another_version_active_in_the_file(attacked: Attacked, run: Run) -> None:
    attacked.agent.procedures.save(ROLLOUT.replace("mode: strict", "mode: advisory"))
    attacked.by_hand("update procedure set state = 'retired' where number = 1")
    attacked.by_hand("update procedure set state = 'active', activated_at = 1 where number = 2")

    assert "in another version than somebody made it" in attacked.failed_checks()["procedures"]
    assert attacked.agent.runs.current(run.id).step_id == "backup"


def test_it_edits_the_file_on_the_disk(attacked: Attacked, tmp_path: Path) -> None:
    folder = tmp_path / "procedures"
    folder.mkdir()
    page = folder / "release.md"
    page.write_text(ROLLOUT.replace("rollout", "release"), encoding="utf-8")
    attacked.owner.procedures.apply(folder)
    attacked.owner.procedures.activate("release", proof=PROOF)
    run = attacked.agent.runs.start("release")

    page.write_text(page.read_text().replace("verify: evidence.size > 0", "if: 'false'"), encoding="utf-8")

    drift = attacked.owner.procedures.apply(folder, dry_run=True)
    assert "release" in str(drift)
    with pytest.raises(InvalidInput):
        attacked.agent.runs.complete(run.id, "backup", evidence={"size": 0})


# It approves itself


def shell(
    *arguments: str, environment: dict[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the program as an agent's shell does: without a terminal."""
    return subprocess.run(
        [program(), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
        env=environment,
    )


@pytest.mark.parametrize("environment", [{}, {"CLAUDECODE": "1"}, {"BRAINOPS_ACTOR": "person:ines"}], ids=str)
def test_it_approves_from_its_shell(attacked: Attacked, environment: dict[str, str]) -> None:
    asked = attacked.ask()
    guess = f"{PHRASE}\n"

    tried = [
        shell("approve", asked.id, environment=people_only(**environment), given=guess),
        shell("approve", asked.id, "--as", "ines", environment=people_only(**environment), given=guess),
        shell("approver", "enrol", "me", environment=people_only(**environment), given=guess),
        shell("approver", "clients", "claude-code", environment=people_only(**environment), given=guess),
    ]

    assert [each.returncode for each in tried] == [1] * 4
    assert attacked.owner.approvals.get(asked.id).state is ApprovalState.PENDING


def test_it_makes_itself_a_terminal_and_has_no_secret(attacked: Attacked) -> None:
    asked = attacked.ask()
    guesses = ["correct horse battery", "password password", "let me in, please"]

    said = [typed(["approve", asked.id], [("ines:", guess)])[0] for guess in guesses]
    locked = typed(["approve", asked.id], [("ines:", PHRASE)])[0]
    enrolling = typed(["approver", "enrol", "me"], [("ines:", "let me in, please"), *ENROLMENT])[0]

    assert [each.code for each in (*said, locked, enrolling)] == [1] * 5
    assert "too many tries" in locked.err
    assert attacked.owner.approvals.get(asked.id).state is ApprovalState.PENDING
    assert NoticeKind.APPROVER_LOCKED in {notice.kind for notice in attacked.owner.notices.pending()}


def test_it_reads_the_file_and_finds_no_passphrase(attacked: Attacked) -> None:
    inside(attacked.owner).store.close()

    stored = b"".join(path.read_bytes() for path in attacked.place.parent.glob("memory.db*"))

    assert PHRASE.encode() not in stored


def forge_grant(attacked: Attacked, asked: Approval) -> None:
    attacked.by_hand(
        "update approval set state = 'granted', decided_by_kind = 'person', decided_by_id = 'ines', "
        "decided_by_proof = 'terminal', decided_at = requested_at + 1 where id = :id",
        id=asked.id,
    )


def test_it_writes_its_approval_into_the_file(attacked: Attacked) -> None:
    asked = attacked.ask()
    forge_grant(attacked, asked)

    seen = attacked.failed_checks()
    used = attacked.use()

    assert f"approval {asked.id} is granted" in seen["approvals"]
    assert used is None
    assert attacked.owner.approvals.get(asked.id).state is ApprovalState.REFUSED
    assert NoticeKind.GUARD_ALARM in {notice.kind for notice in attacked.owner.notices.pending()}


def test_it_moves_an_approval_to_another_subject_and_uses_one_twice(attacked: Attacked) -> None:
    proof = TerminalProof(approver="ines", passphrase=PHRASE)
    asked = attacked.ask("deploy api staging")
    attacked.owner.approvals.grant(asked.id, proof=proof)
    attacked.by_hand("update approval set subject = 'deploy api prod' where id = :id", id=asked.id)
    moved = attacked.use("deploy api prod")
    again = attacked.ask("restart api prod")
    attacked.owner.approvals.grant(again.id, proof=proof)
    first = attacked.use("restart api prod")
    attacked.by_hand("update approval set state = 'granted', used_at = null where id = :id", id=again.id)
    second = attacked.use("restart api prod")

    assert (moved, second) == (None, None)
    assert first is not None


def test_it_lets_itself_in_as_an_approver(attacked: Attacked) -> None:
    secret = approvers.hash_passphrase("let me in, please")
    attacked.by_hand("update approver set secret_hash = :secret", secret=secret)
    asked = attacked.ask()

    with pytest.raises(ApprovalUnproven, match="changed by hand"):
        attacked.agent.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase="let me in, please"))

    assert "by a secret that nobody enrolled" in attacked.failed_checks()["approvers"]


def test_it_throws_the_approvers_out_and_comes_first(attacked: Attacked) -> None:
    attacked.by_hand("delete from approver")
    with Brain.open(
        attacked.place, namespace=NAMESPACE, read=[], model="none", background=False, actor=MARTA
    ) as as_somebody_else:
        as_somebody_else.approvals.approvers.enrol("ines", passphrase="let me in, please")

    seen = attacked.failed_checks()["approvers"]
    assert "the row is gone" in seen
    assert "begun anew" in seen


def test_it_opens_a_bypass_or_a_channel_in_the_file(attacked: Attacked) -> None:
    attacked.by_hand(
        "insert into bypass (id, namespace, opened_at, until, reason, actor_kind, actor_id, actor_proof) "
        "values ('b', :namespace, 1, 9999999999999999, 'x', 'person', 'ines', 'terminal')",
        namespace=NAMESPACE,
    )
    attacked.by_hand(
        "insert into channel (id, namespace, name, kind, settings, kinds, created_at, created_by_kind, created_by_id, "
        "created_by_proof) values ('c', :namespace, 'x', 'command', '{\"argv\": [\"true\"]}', '[]', 1, 'person', "
        "'ines', 'terminal')",
        namespace=NAMESPACE,
    )

    seen = attacked.failed_checks()["approvals"]
    assert "the bypass b was opened by nobody" in seen
    assert "the channel 'x' was set up by nobody" in seen


# It turns the guard off


def test_it_turns_enforcement_off(attacked: Attacked) -> None:
    with pytest.raises(ApprovalUnproven):
        attacked.agent.guard.set_enforcement("observe", reason="it is in the way")
    with pytest.raises(ApprovalUnproven):
        attacked.agent.guard.set_autonomy("auto")

    assert attacked.owner.guard.settings().enforcement == "strict"


def weaker(brain: Brain) -> int:
    """Keep the strict procedure in a version that nobody has to follow; return its number."""
    return brain.procedures.save(ROLLOUT.replace("mode: strict", "mode: advisory")).number


def a_fix(brain: Brain) -> str:
    """Attach a fix as an agent may; return its id."""
    return brain.fixes.attach("ConnectionError: api is gone", "Restart it", command=["true"], trust="external").id


def apply_weaker(brain: Brain, folder: Path) -> None:
    """Say that the files have it so."""
    folder.mkdir()
    (folder / "rollout.md").write_text(ROLLOUT.replace("mode: strict", "mode: advisory"), encoding="utf-8")
    brain.procedures.apply(folder, adopt=True)


LOOSENING: dict[str, Callable[[Brain, Path], object]] = {
    "enforcement": lambda brain, _: brain.guard.set_enforcement("observe", reason="it is in the way"),
    "autonomy": lambda brain, _: brain.guard.set_autonomy("auto"),
    "a rule's mode": lambda brain, _: brain.guard.set_mode("memory-first", "observe"),
    "patterns": lambda brain, _: brain.guard.set_patterns({"rm -rf *": "read_only"}),
    "resume": lambda brain, _: brain.guard.resume_automatic(),
    "what steps may run": lambda brain, _: brain.limits.allow(["*"], shell=True),
    "hosts that steps may reach": lambda brain, _: brain.limits.allow(hosts=["*"]),
    "an automatic fix": lambda brain, _: brain.fixes.set_mode(
        brain.fixes.attach("ValueError: x", "Mend it", command=["true"]).id, "auto", reason="trust me"
    ),
    "a fix from outside": lambda brain, _: brain.fixes.trust(a_fix(brain), reason="trust me"),
    "a weaker version": lambda brain, _: brain.procedures.activate("rollout", number=weaker(brain)),
    "a file with a weaker version": lambda brain, place: apply_weaker(brain, place / "files"),
    "retiring": lambda brain, _: brain.procedures.retire("rollout"),
    "a strict one of its own": lambda brain, _: brain.establish(ROLLOUT.replace("rollout", "mine")),
}


@pytest.mark.parametrize("what", LOOSENING)
def test_it_hides_that_it_is_an_agent_and_loosens_what_is_strict(attacked: Attacked, tmp_path: Path, what: str) -> None:
    attacked.agent.guard.stop_automatic("it repeats itself")
    with (
        Brain.open(
            attacked.place, namespace=NAMESPACE, read=[], model="none", background=False, actor=HIDDEN
        ) as hidden,
        pytest.raises(ApprovalUnproven, match="takes one of ines"),
    ):
        LOOSENING[what](hidden, tmp_path)

    settings = attacked.owner.guard.settings()
    assert (settings.enforcement, settings.autonomy) == ("strict", "propose")
    assert settings.automatic_stopped == "it repeats itself"
    assert attacked.owner.guard.rule("memory-first").mode is RuleMode.DENY
    assert attacked.owner.limits.get().commands is None
    assert {each.fix.mode for each in attacked.owner.fixes.list()} <= {"suggest"}
    assert [each.procedure.mode for each in attacked.owner.procedures.list(state=ProcedureState.ACTIVE)
            if not each.procedure.name.startswith("fix-")] == ["strict"]  # fmt: skip


@pytest.mark.parametrize("what", LOOSENING)
def test_what_it_may_not_loosen_asks_nothing_of_people_where_nobody_is_enrolled_or_nothing_is_strict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    for enforcement, enrolled in (("strict", False), ("observe", True)):
        place = tmp_path / enforcement
        place.mkdir()
        with Brain.open(
            place / "memory.db", namespace=NAMESPACE, read=[], model="none", background=False, actor=MARTA
        ) as brain:
            brain.establish(ROLLOUT)
            brain.guard.set_enforcement(enforcement)
            if enrolled:
                brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
            LOOSENING[what](brain, place)


def test_its_own_shell_loosens_nothing_without_a_terminal_and_its_owner_is_asked_there(attacked: Attacked) -> None:
    hidden = people_only(BRAINOPS_ACTOR="person:ines")
    fix_id = attacked.owner.fixes.attach("ValueError: x", "Mend it", command=["true"]).id
    number = str(weaker(attacked.agent))

    tried = [
        shell("autonomy", "auto", environment=hidden),
        shell("allow", "*", environment=hidden),
        shell("fix", "mode", fix_id, "auto", "--reason", "x", environment=hidden),
        shell("fix", "trust", fix_id, "--reason", "x", environment=hidden),
        shell("procedure", "activate", "rollout", "--number", number, environment=hidden),
        shell("procedure", "retire", "rollout", environment=hidden),
        shell("stop", "--automatic", "--resume", environment=hidden),
    ]
    asked = typed(["autonomy", "auto"], [("ines:", PHRASE)])[0]

    assert [each.returncode for each in tried] == [1] * 7
    assert asked.code == 0, asked.err
    assert attacked.owner.guard.settings().autonomy == "auto"
    assert {change.by.id for change in attacked.owner.guard.settings().changes if change.name == "autonomy"} == {"ines"}


def test_it_turns_enforcement_off_in_the_file(attacked: Attacked) -> None:
    written = attacked.owner.guard.add(rule())
    attacked.by_hand("update namespace_setting set value = 'observe' where name = 'enforcement'")
    attacked.by_hand("update rule set removed_at = 1 where id = :id", id=written.id)

    seen = attacked.failed_checks()["guard"]
    assert "enforcement of team/shop was set by nobody" in seen
    assert "was removed or brought back by nobody" in seen


def test_it_takes_the_setting_away(attacked: Attacked) -> None:
    attacked.by_hand("delete from namespace_setting where name = 'enforcement'")

    assert "enforcement of team/shop was set by nobody" in attacked.failed_checks()["guard"]


def test_it_edits_the_trail(attacked: Attacked) -> None:
    attacked.by_hand("update audit set actor_id = 'somebody' where act = 'activate_procedure'")

    assert "audit trail" in attacked.failed_checks()


def test_it_edits_the_trail_of_the_approvers(attacked: Attacked) -> None:
    attacked.by_hand("update audit set actor_id = 'somebody' where namespace = 'brainops-approvers'")

    assert "does not fit the chain" in attacked.failed_checks()["approvers"]


# What it can do


def test_who_writes_the_row_and_a_line_that_fits_is_not_seen_here(attacked: Attacked) -> None:
    """A limit, named in the threat model: nothing in a file that an agent may write can testify against the agent."""
    asked = attacked.ask()
    forge_grant(attacked, asked)
    with inside(attacked.owner).store.read() as tx:
        last = tx.trail.end()
    line = {
        "namespace": NAMESPACE,
        "sequence": last[0] + 1,
        "at": asked.requested_at + 1,
        "actor_kind": "person",
        "actor_id": "ines",
        "actor_proof": "terminal",
        "act": "approval-grant",
        "subject": asked.id,
        "detail": json.dumps(
            {
                "kind": "operation",
                "covers": asked.subject,
                "run": None,
                "step": None,
                "expires_at": asked.expires_at,
                "reason": "",
            },
            sort_keys=True,
        ),
        "previous_hash": last[1],
    }
    columns = ", ".join([*line, "hash"])
    attacked.by_hand(
        f"insert into audit ({columns}) values ({', '.join(f':{name}' for name in [*line, 'hash'])})",
        **line,
        hash=chained_hash(line),
    )

    assert attacked.failed_checks() == {}
    assert attacked.use() is not None
    decided = [each for each in attacked.owner.notices.list(every=True) if each.kind is NoticeKind.APPROVAL_DECIDED]
    assert decided == []  # but ines was never told that she had agreed, as she is of every approval that is hers


def test_who_says_to_be_a_person_is_on_record_as_unproven(attacked: Attacked) -> None:
    """A limit, named in the threat model: an actor that was only said. With an agent's marks it is not even heard."""
    marked = shell("capture", "marked", "text", environment=people_only(BRAINOPS_ACTOR="person:ines", CLAUDECODE="1"))
    done = shell("capture", "note", "text", environment=people_only(BRAINOPS_ACTOR="person:ines"))

    [hit], [other] = attacked.owner.retrieve("note"), attacked.owner.retrieve("marked")
    assert (done.returncode, marked.returncode) == (0, 0)
    assert (other.memory.source.actor.kind, other.memory.source.actor.id) == (ActorKind.AGENT, "claude-code")
    assert (hit.memory.source.actor.id, hit.memory.source.actor.proof) == ("ines", "none")


def test_the_run_that_was_attacked_still_ends_as_it_should(attacked: Attacked, run: Run) -> None:
    for step_id in ("backup", "migrate", "deploy"):
        attacked.agent.runs.complete(run.id, step_id, evidence={"size": 3})

    ended = attacked.owner.runs.get(run.id)
    assert ended.state is RunState.SUCCEEDED
    assert {step.state for step in ended.steps} == {StepState.SUCCEEDED}
