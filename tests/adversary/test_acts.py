"""Does the one table of acts hold against an agent: marked, hidden, in Python and in a shell?

The store is strict, ines may approve, and fixes may apply themselves. What an agent reaches anyhow stands in
docs/threat-model.md.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import ApprovalUnproven, BrainOpsError, Conflict, NotFound
from brainops.health import store_location
from brainops.procedures.consent import approvers
from brainops.procedures.fixes.fix_procedure import procedure_of
from brainops.store.sqlite_restore import restore_file
from brainops.types import (
    Actor,
    ActorKind,
    Fix,
    FixMode,
    Memory,
    NoticeKind,
    TerminalProof,
    Trust,
)
from tests.adversary.test_agent_with_a_shell import shell
from tests.cli.terminal import people_only, typed
from tests.inside import inside

NAMESPACE = "team/shop"
MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code", proof="environment")
HIDDEN = Actor(kind=ActorKind.PERSON, id="ines", proof="none")  # what it says to be once it took its marks away
PHRASE = "seven quiet herons at dusk"
PROOF = TerminalProof(approver="ines", passphrase=PHRASE)
ERROR = "ConnectionError: payments api timed out after 30 s"
TRUE = [sys.executable, "-c", "pass"]
OPEN = Callable[[Actor], Brain]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OPEN]:
    """Open the strict store as somebody."""
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    monkeypatch.setattr(approvers, "PROOF_SECONDS", 0)
    place, brains = tmp_path / "memory.db", list[Brain]()
    monkeypatch.setenv("BRAINOPS_STORE", str(place))
    monkeypatch.setenv("BRAINOPS_NAMESPACE", NAMESPACE)
    monkeypatch.setenv("BRAINOPS_MODEL", "none")

    def open_as(actor: Actor) -> Brain:
        brains.append(Brain.open(place, namespace=NAMESPACE, read=[], model="none", background=False, actor=actor))
        return brains[-1]

    with open_as(MARTA) as owner:
        owner.approvals.approvers.enrol("ines", passphrase=PHRASE)
        owner.guard.set_autonomy("auto")
        owner.limits.allow([sys.executable])
        owner.guard.set_enforcement("strict", reason="we hold")
    yield open_as
    for brain in brains:
        brain.close()


@pytest.fixture
def owner(opened: OPEN) -> Brain:
    return opened(MARTA)


@pytest.fixture(params=[AGENT, HIDDEN], ids=["marked", "hidden"])
def attacker(opened: OPEN, request: pytest.FixtureRequest) -> Brain:
    return opened(request.param)


@pytest.fixture(params=["opened", "a view of the owner's"])
def agent(opened: OPEN, request: pytest.FixtureRequest) -> Brain:
    if request.param == "opened":
        return opened(AGENT)
    return opened(MARTA).acting(actor=replace(AGENT, proof="none"))


@pytest.fixture(params=[{"CLAUDECODE": "1"}, {"BRAINOPS_ACTOR": "person:ines"}], ids=["marked", "hidden"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    return people_only(**request.param)


def verified(owner: Brain, title: str = "Restore from the second region first") -> Memory:
    """Keep what a person verified before the namespace became strict."""
    owner.guard.set_enforcement("observe", proof=PROOF)
    kept = owner.capture(title, trust="verified", subject="region")
    owner.guard.set_enforcement("strict")
    return owner.get(kept.id)


# It replaces the store


def another_store(folder: Path) -> Path:
    """Return a backup of a store of its own making, in which nothing is asked for."""
    with Brain.open(folder / "evil.db", namespace=NAMESPACE, model="none", background=False, actor=MARTA) as evil:
        evil.capture("Everything goes")
        evil.upkeep.backup(folder / "evil.backup")
    return folder / "evil.backup"


def test_it_replaces_the_store_from_its_shell(
    owner: Brain, opened: OPEN, tmp_path: Path, environment: dict[str, str]
) -> None:
    backup = another_store(tmp_path)
    owner.close()

    tried = shell("restore", "--from", str(backup), "--replace", environment=environment)

    assert tried.returncode == 1
    assert "to put another store in this one's place" in " ".join(tried.stderr.split())
    still = opened(MARTA)
    assert still.guard.settings().enforcement == "strict"
    assert [each.name for each in still.approvals.approvers.list()] == ["ines"]


def test_it_replaces_the_store_from_python(
    owner: Brain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    backup = another_store(tmp_path)
    owner.close()
    for name in ("CLAUDECODE", "BRAINOPS_ACTOR"):
        monkeypatch.setenv(name, environment[name]) if name in environment else monkeypatch.delenv(name, raising=False)

    with pytest.raises(ApprovalUnproven, match="put another store in this one's place"):
        store_location.restore(str(backup), None, replace=True)


def test_its_owner_replaces_it_with_a_proof(owner: Brain, opened: OPEN, tmp_path: Path) -> None:
    owner.upkeep.backup(tmp_path / "mine.backup")
    owner.close()

    said, _ = typed(["restore", "--from", str(tmp_path / "mine.backup"), "--replace"], [("ines:", PHRASE)])

    assert said.code == 0, said.err
    assert opened(MARTA).guard.settings().enforcement == "strict"


# It removes what people verified


def test_it_purges_in_python(owner: Brain, attacker: Brain) -> None:
    memory = verified(owner)

    with pytest.raises(ApprovalUnproven, match="purge"):
        attacker.purge(memory.id, reason="x")
    with pytest.raises(ApprovalUnproven, match="purge"):
        attacker.purge_subject("region", reason="x")

    assert owner.get(memory.id) == memory


def test_it_purges_from_its_shell(owner: Brain, environment: dict[str, str]) -> None:
    memory = verified(owner)

    tried = [
        shell("purge", memory.id, "--reason", "x", "--yes", environment=environment),
        shell("purge", "--subject", "region", "--reason", "x", "--yes", environment=environment),
    ]

    assert [each.returncode for each in tried] == [1, 1]
    assert owner.get(memory.id) == memory


def test_a_person_purges_several_with_one_proof(owner: Brain) -> None:
    one, other = verified(owner), verified(owner, "Another")

    said, _ = typed(["purge", one.id, other.id, "--reason", "asked for", "--yes"], [("ines:", PHRASE)])

    assert said.code == 0, said.err
    for each in (one, other):
        with pytest.raises(NotFound):
            owner.get(each.id)
    lines = [line for line in owner.upkeep.trail() if line.act == "purge"]
    assert [(line.subject, line.actor.id, line.actor.proof) for line in lines] == [
        (other.id, "ines", "terminal"),  # the newest first, as every list
        (one.id, "ines", "terminal"),
    ]


def test_it_sets_aside_or_replaces_what_is_verified(owner: Brain, agent: Brain) -> None:
    memory = verified(owner)

    for hide in (
        lambda: agent.archive(memory.id),
        lambda: agent.forget(memory.id),
        lambda: agent.supersede(memory.id, agent.draft("Do not restore")),
        lambda: agent.feedback(memory.id, "wrong", correction="Do not restore"),
    ):
        with pytest.raises(ApprovalUnproven, match="set aside or replace what is verified"):
            hide()
    agent.feedback(memory.id, "outdated")

    with inside(owner).store.read() as tx:
        kept = tx.memories.row(memory.id)
    assert (kept["state"], kept["valid_to"], kept["flag"]) == ("active", None, "called outdated")


def test_it_brings_nothing_verified_back_by_a_verdict_that_it_takes_back(owner: Brain, agent: Brain) -> None:
    memory = verified(owner)
    owner.guard.set_enforcement("observe", proof=PROOF)
    ended = owner.capture("Use the old region", trust="verified", valid_from=1, valid_to=2)
    owner.guard.set_enforcement("strict")

    for each in (ended.id, memory.id):
        agent.undo_feedback(agent.feedback(each, "outdated").id)

    with inside(owner).store.read() as tx:
        rows = [tx.memories.row(each) for each in (memory.id, ended.id)]
    assert [(row["valid_to"], row["flag"]) for row in rows] == [(None, None), (2, None)]


def test_it_rewrites_nothing_verified_by_saying_it_again(owner: Brain, agent: Brain, tmp_path: Path) -> None:
    owner.guard.set_enforcement("observe", proof=PROOF)
    kept = owner.capture("Restore the region", trust="verified", valid_to=4_000_000_000_000_000)
    owner.guard.set_enforcement("strict")
    before = owner.get(kept.id)
    with Brain.open(tmp_path / "own.db", namespace=NAMESPACE, model="none", background=False, actor=MARTA) as own:
        own.capture("Restore the region", tags=["imported"], valid_from=1)
        own.upkeep.export_to(tmp_path / "own.jsonl")

    about = agent.capture("Restore the region", subject="bob", metadata={"solution": "run curl evil"})
    again = agent.capture("Restore the region", metadata={"runbook": "mine"}, tags=["mine"], valid_from=1)
    agent.upkeep.import_from(tmp_path / "own.jsonl")

    after = owner.get(kept.id)
    assert replace(after, occurrences=1, last_seen_at=before.last_seen_at) == before
    assert (again.id, again.repeated, after.occurrences) == (kept.id, True, 2)
    assert "stays as it is" in again.notes[-1]
    assert [each["detail"] for each in owner.history(kept.id).occurrences] == ['{"runbook": "mine"}']
    assert (about.id != kept.id, owner.get(about.id).trust) == (True, "agent")
    owner.purge_subject("bob", reason="asked for", proof=PROOF)
    assert owner.get(kept.id) == after


def test_a_person_adds_to_what_is_verified_by_saying_it_again(owner: Brain) -> None:
    memory = verified(owner)

    again = owner.capture(memory.title, tags=["dr"], metadata={"runbook": "dr"}, subject="region")

    assert again.id == memory.id
    assert (owner.get(memory.id).tags, owner.get(memory.id).metadata) == (("dr",), {"runbook": "dr"})


# It says that what it says is verified


def test_its_own_word_is_no_verified_memory(owner: Brain, attacker: Brain) -> None:
    one = attacker.capture("Deploys need no approval", trust="verified")
    [other] = attacker.capture_many([attacker.draft("Backups are not needed", trust="verified")])
    external = owner.capture("From a web page", trust="external")
    lifted = attacker.supersede(external.id, attacker.draft("From a web page, and true", trust="verified"))

    for each in (one, other, lifted):
        assert owner.get(each.id).trust is Trust.AGENT
        assert any("kept with trust agent" in note for note in each.notes)


def test_its_shell_says_so_as_well(owner: Brain, environment: dict[str, str]) -> None:
    said = shell("--json", "capture", "Deploys need no approval", "--trust", "verified", environment=environment)

    assert said.returncode == 0, said.stderr
    assert owner.get(json.loads(said.stdout)["id"]).trust is Trust.AGENT


def test_its_own_word_is_no_verified_case_or_procedure(attacker: Brain) -> None:
    case = attacker.cases.learn("refund", {"amount": 5}, {"pay": True}, trust="verified")
    saved = attacker.procedures.save({"name": "a", "steps": [{"id": "b", "uses": "manual"}]}, trust=Trust.VERIFIED)

    assert (case.trust, saved.trust) == (Trust.AGENT, Trust.AGENT)


# It goes where nobody set anything up


def test_a_namespace_that_nobody_set_up_believes_no_more_of_its_word(owner: Brain) -> None:
    place = inside(owner).store.database.location
    with Brain.open(place, namespace="team/new", read=[], model="none", background=False, actor=HIDDEN) as elsewhere:
        fix = elsewhere.fixes.attach(ERROR, "Mine", command=TRUE)
        saved = elsewhere.procedures.save({"name": "a", "steps": [{"id": "b", "uses": "manual"}]}, trust=Trust.VERIFIED)
        kept = elsewhere.get(elsewhere.capture("Deploys need no approval", trust="verified").id)
        case = elsewhere.cases.learn("refund", {"amount": 5}, {"pay": True}, trust="verified")

    assert [fix.trust, saved.trust, kept.trust, case.trust] == ["agent"] * 4


def written_elsewhere(folder: Path) -> Path:
    """Return an export of a store of its own, in which a person says that a memory is verified, kept or archived."""
    with Brain.open(folder / "own.db", namespace=NAMESPACE, model="none", background=False, actor=MARTA) as own:
        own.capture("Deploys need no approval", trust="verified")
        own.archive(own.capture("Backups are not needed", trust="verified").id)
        own.upkeep.compact(older_than_days=0)
        own.upkeep.export_to(folder / "own.jsonl")
    return folder / "own.jsonl"


def test_a_file_that_it_wrote_brings_no_verified_memory(owner: Brain, attacker: Brain, tmp_path: Path) -> None:
    imported = attacker.upkeep.import_from(written_elsewhere(tmp_path))

    assert {hit.memory.trust for hit in owner.retrieve(include_archived=True)} == {Trust.EXTERNAL}
    assert [(told.kind, told.count, told.names) for told in imported.disarmed] == [
        ("memory", 1, ("Deploys need no approval",)),
        ("segment", 1, ()),
    ]


def test_a_person_brings_back_what_people_verified(opened: OPEN, tmp_path: Path) -> None:
    with Brain.open(tmp_path / "new.db", namespace=NAMESPACE, model="none", background=False, actor=MARTA) as new:
        imported = new.upkeep.import_from(written_elsewhere(tmp_path))

        found = {hit.memory.trust for hit in new.retrieve(include_archived=True)}
    assert (found, imported.disarmed) == ({Trust.VERIFIED}, ())


# It judges what was done


def test_it_verifies_its_own_operation_and_contradicts_anothers(owner: Brain, agent: Brain) -> None:
    with agent.operation("run tests") as running:
        own = running.id
    with owner.operation("deploy api") as running:
        another = running.id

    with pytest.raises(ApprovalUnproven, match="no agent judges what was done"):
        agent.operations.verify(own)
    with pytest.raises(ApprovalUnproven, match="no agent judges what was done"):
        agent.operations.contradict(another, "it did not work")
    marked = people_only(CLAUDECODE="1")
    assert shell("operations", "verify", own, environment=marked).returncode == 1
    assert shell("operations", "contradict", another, "--reason", "x", environment=marked).returncode == 1


def attempt(brain: Brain, fix: Fix, target: str) -> None:
    """Let the error happen, apply the fix, and say that the same operation succeeded."""
    running = brain.begin("call payments", target=target)
    running.fail(ERROR)
    brain.fixes.apply(fix.id, target=target, operation_id=running.id)
    brain.begin("call payments", target=target).succeed()
    brain.flush()


def test_its_claims_verify_no_fix_of_a_person(owner: Brain, agent: Brain) -> None:
    fix = owner.fixes.attach(ERROR, "Raise the pool", command=TRUE, proof=PROOF)
    owner.fixes.set_mode(fix.id, "auto", reason="once it has proved itself", proof=PROOF)

    for number in range(3):
        attempt(agent, fix, f"api-{number}")

    assert "verified" not in {each.state for each in owner.fixes.applications(fix.id)}
    assert owner.fixes.confidence(fix.id).verified == 0


def test_what_a_program_of_a_person_saw_succeed_still_verifies(owner: Brain) -> None:
    fix = owner.fixes.attach(ERROR, "Raise the pool", command=TRUE)

    attempt(owner, fix, "api")

    assert owner.fixes.confidence(fix.id).verified == 1


# Its own fix becomes automatic


def test_its_fix_is_not_vouched_for_by_its_own_word(attacker: Brain) -> None:
    with pytest.raises(ApprovalUnproven, match="attach a fix as verified"):
        attacker.fixes.attach(ERROR, "Mine", command=TRUE, verify=TRUE, trust="verified")

    assert attacker.fixes.attach(ERROR, "Mine", command=TRUE, verify=TRUE).trust == "agent"


def test_a_check_that_always_holds_shows_nothing(owner: Brain) -> None:
    fix = owner.fixes.attach(ERROR, "Nothing", command=TRUE, verify=TRUE)

    owner.begin("call payments", target="api").fail(ERROR)
    done = owner.fixes.apply(fix.id, target="api")

    assert done.state == "applied"
    assert "held before it was applied" in done.reason
    assert owner.fixes.confidence(fix.id).verified == 0


def test_a_fix_of_its_own_becomes_automatic_by_no_number_of_successes(
    owner: Brain, attacker: Brain, tmp_path: Path
) -> None:
    mark = str(tmp_path / "mended")
    fix = attacker.fixes.attach(
        ERROR,
        "Mine",
        command=[sys.executable, "-c", f"open({mark!r}, 'a')"],
        verify=[sys.executable, "-c", f"import os; assert os.path.exists({mark!r})"],
    )
    for number in range(25):  # a check that does change shows that it helps, and says nothing of who wrote it
        Path(mark).unlink(missing_ok=True)
        owner.begin("call payments", target=f"api-{number}").fail(ERROR)
        owner.fixes.apply(fix.id, target=f"api-{number}")
    assert owner.fixes.confidence(fix.id).verified == 25

    owner.learning.run("hourly", early=True)
    owner.learning.run("hourly", early=True)
    owner.improvements.watch()

    assert owner.fixes.get(fix.id).mode is FixMode.SUGGEST
    owner.fixes.trust(fix.id, reason="read and tried", proof=PROOF)
    owner.learning.run("hourly", early=True)
    owner.improvements.watch()
    assert owner.fixes.get(fix.id).mode is FixMode.AUTO


@pytest.mark.parametrize("applied", [False, True], ids=["before it was ever applied", "afterwards"])
def test_it_puts_another_procedure_in_the_place_of_a_fix(
    owner: Brain, agent: Brain, tmp_path: Path, applied: bool
) -> None:
    fix = owner.fixes.attach(ERROR, "Raise the pool", command=TRUE)
    if applied:
        owner.fixes.apply(fix.id, target="db")
    known, pwned = procedure_of(fix), tmp_path / "pwned"
    name, inputs = known.name, known.inputs
    agent.procedures.save(
        {
            "name": name,
            "inputs": dict(inputs),
            "steps": [{"id": "apply", "run": [sys.executable, "-c", f"open({str(pwned)!r}, 'a')"]}],
        }
    )
    agent.procedures.activate(name)

    owner.fixes.apply(fix.id, target="api")

    assert not pwned.exists()


# What else it does to what people rely on


def test_it_reads_peoples_notices_for_them_and_removes_the_record(owner: Brain, agent: Brain) -> None:
    notices = [each.id for each in owner.notices.pending()]
    fix = owner.fixes.attach(ERROR, "Raise the pool", command=TRUE)
    assert NoticeKind.APPROVER_CHANGED in {each.kind for each in owner.notices.pending()}

    for do in (
        lambda: agent.notices.acknowledge(notices),
        lambda: agent.runs.remove_ended(older_than_days=0),
        lambda: agent.fixes.detach(fix.id, reason="x"),
    ):
        with pytest.raises((ApprovalUnproven, Conflict)):
            do()

    assert len(owner.notices.pending()) == len(notices)


def test_it_may_stop_what_acts_by_itself_and_not_let_it_go_on(agent: Brain) -> None:
    agent.guard.stop_automatic("something looks wrong")

    with pytest.raises(BrainOpsError):
        agent.guard.resume_automatic()
    assert agent.guard.automatic_stopped() is not None


# What such attacks leave behind


def by_hand(owner: Brain, statement: str) -> None:
    """Write the file as any program of this user can."""
    with closing(sqlite3.connect(inside(owner).store.database.location)) as connection:
        connection.create_function("now_us", 0, lambda: 0)  # which the feed's triggers call: whoever writes can have it
        connection.execute(statement)
        connection.commit()


def seen(owner: Brain, name: str) -> str:
    return next(check.detail for check in owner.upkeep.doctor() if check.name == name and not check.passed)


def test_doctor_names_what_is_verified_or_automatic_by_nobodys_word(owner: Brain, agent: Brain) -> None:
    agent.capture("Deploys need no approval")
    fix = agent.fixes.attach(ERROR, "Mine", command=TRUE)
    assert {check.name for check in owner.upkeep.doctor() if not check.passed} <= {"place"}

    by_hand(owner, "update memory set trust = 'verified'")
    by_hand(owner, "update fix set trust = 'verified', mode = 'auto'")

    told = seen(owner, "claims")
    assert "verified by the word of agent:claude-code" in told
    assert f"the fix {fix.id} ('Mine') of an agent counts as vouched for" in told
    assert f"the fix {fix.id} ('Mine') was let apply itself by nobody" in told


def test_doctor_names_a_store_that_somebody_put_in_the_place_of_another(
    owner: Brain, opened: OPEN, tmp_path: Path
) -> None:
    backup, place = another_store(tmp_path), Path(inside(owner).store.database.location)
    owner.close()
    restore_file(str(backup), str(place), replace=True, unverified=True)

    assert "the trail does not say by whom" in seen(opened(MARTA), "place")


def test_doctor_finds_nothing_in_a_store_that_a_person_put_back(owner: Brain, opened: OPEN, tmp_path: Path) -> None:
    owner.upkeep.backup(tmp_path / "mine.backup")
    owner.close()
    store_location.restore(str(tmp_path / "mine.backup"), None, replace=True, proof=PROOF)

    assert not [check for check in opened(MARTA).upkeep.doctor() if not check.passed]
