"""Do learnings go from one instance to another: signed, redacted, in force nowhere, and can they be taken back?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.errors import ArchiveDamaged, Conflict, InvalidInput, NotFound
from brainops.types import JSON, Actor, ActorKind, FixMode, ProcedureState, Trust
from tests.conformance.conftest import OpenBrain

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="coder")
ERROR = "ConnectionError: pool 4 exhausted after 30 s"
RESTART: dict[str, JSON] = {
    "name": "restart-api",
    "description": "Restart it.",
    "steps": [{"id": "go", "uses": "manual", "text": "go"}],
}
SECRET = "AKIA" + "IOSFODNN7EXAMPLE"

At = Callable[[str], Brain]


@pytest.fixture
def at(open_brain: OpenBrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> At:
    """Go to one of two instances: its own data folder with its own key, and its own namespace."""
    known: dict[str, Brain] = {}

    def go(place: str) -> Brain:
        monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / place))
        if place not in known:
            known[place] = open_brain(namespace=f"team/{place}", actor=PERSON)
        return known[place]

    return go


def filled(brain: Brain) -> str:
    """Learn an insight, a procedure and a fix that helped three times; return the fix's id."""
    brain.capture("Deploys on Friday fail", f"3 of 4 failed, says bob@example.com with {SECRET}")
    brain.establish(RESTART)
    fix = brain.fixes.attach(ERROR, "restart it", procedure="restart-api")
    for _ in range(3):
        brain.fixes.record(fix.id, helped=True)
    return fix.id


def given(at: At, tmp_path: Path) -> tuple[Brain, Path]:
    """Let one instance learn and write a bundle; return the other one, which listens to it."""
    path = tmp_path / "one.bundle"
    filled(at("one"))
    at("one").sharing.export_to(path)
    key = at("one").sharing.key()
    at("two").sharing.trust(key, name="one", source=str(path))
    return at("two"), path


def test_what_comes_is_external_and_in_force_nowhere(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)

    came = two.sharing.import_from(path)

    assert came.counts == {"insight taken": 1, "procedure taken": 1, "fix taken": 1}
    assert two.retrieve("Friday deploys")[0].memory.trust is Trust.EXTERNAL
    procedure = two.procedures.get("restart-api")
    assert (procedure.state, procedure.trust) == (ProcedureState.DRAFT, Trust.EXTERNAL)
    [found] = two.fixes.suggest(ERROR)
    assert (found.fix.mode, found.fix.trust) == (FixMode.SUGGEST, "external")
    with pytest.raises(Conflict, match="vouch"):
        two.fixes.apply(found.fix.id)


def test_what_a_fix_did_elsewhere_is_a_discounted_prior(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    own = at("one").fixes.suggest(ERROR)[0].confidence
    two.sharing.import_from(path)

    [found] = at("two").fixes.suggest(ERROR)

    alone = two.fixes.confidence(two.fixes.attach("TimeoutError: x", "wait", advice="wait").id)
    assert alone.value < found.confidence.value < own.value
    assert found.confidence.verified == 0 and not found.confidence.enough


def test_a_secret_and_a_name_never_leave(at: At, tmp_path: Path) -> None:
    _, path = given(at, tmp_path)

    text = path.read_text()

    assert "Friday" in text
    assert SECRET not in text and "bob@example.com" not in text


def test_a_bundle_of_an_unknown_instance_is_refused(at: At, tmp_path: Path) -> None:
    filled(at("one"))
    at("one").sharing.export_to(tmp_path / "one.bundle")

    with pytest.raises(Conflict, match="brainops share trust bos_"):
        at("two").sharing.import_from(tmp_path / "one.bundle")


@pytest.mark.parametrize("change", ["a word", "a line", "the end", "the key"])
def test_a_changed_bundle_is_refused_whole(at: At, tmp_path: Path, change: str) -> None:
    two, path = given(at, tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    if change == "a word":
        lines[1] = lines[1].replace(b"Friday", b"Monday")
    elif change == "a line":
        del lines[2]
    elif change == "the end":
        lines[-1] = lines[-1][:-20]
    else:
        lines[0] = json.dumps({**json.loads(lines[0]), "key": two.sharing.key()}).encode() + b"\n"
    path.write_bytes(b"".join(lines))

    with pytest.raises(ArchiveDamaged):
        two.sharing.import_from(path)
    assert two.retrieve("deploys") == []


def test_taking_in_again_changes_nothing_and_a_changed_item_replaces(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    two.sharing.import_from(path)
    one = at("one")
    memory = one.retrieve("Friday")[0].memory

    again = at("two").sharing.import_from(path)
    at("one").fixes.record(one.fixes.suggest(ERROR)[0].fix.id, helped=True)
    at("one").sharing.export_to(path, force=True)
    [changed] = at("two").sharing.pull("one")

    assert again.counts == {"insight unchanged": 1, "procedure unchanged": 1, "fix unchanged": 1}
    assert changed.counts == {"insight unchanged": 1, "procedure unchanged": 1, "fix changed": 1}
    assert len(two.fixes.suggest(ERROR)) == 1
    assert memory.title == "Deploys on Friday fail"


def test_what_was_revoked_goes_out_of_use_and_never_comes_again(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    came = two.sharing.import_from(path)

    two.sharing.revoke(came.bundle, reason="not here")
    again = two.sharing.import_from(path)

    assert two.retrieve("deploys") == [] and two.fixes.suggest(ERROR) == []
    assert again.counts == {"insight withdrawn": 1, "procedure withdrawn": 1, "fix withdrawn": 1}
    assert two.sharing.revoke(came.bundle, reason="again").counts == {}


def test_who_gave_something_away_can_call_it_back(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    two.sharing.import_from(path)

    one = at("one")
    one.sharing.revoke(one.sharing.bundles("out")[0]["id"], reason="it was wrong")
    one.sharing.export_to(path, force=True)
    [came] = at("two").sharing.pull()

    assert came.counts == {"insight withdrawn": 1, "procedure withdrawn": 1, "fix withdrawn": 1}
    assert two.retrieve("deploys") == []


def test_a_procedure_that_a_person_activated_is_left_to_them(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    two.sharing.import_from(path)
    two.procedures.activate("restart-api", reason="read and found good")

    went = two.sharing.distrust("one", reason="another company now")

    assert went.left == ("restart-api is active here: brainops procedure retire restart-api",)
    assert two.procedures.get("restart-api").state is ProcedureState.ACTIVE
    with pytest.raises(Conflict):
        two.sharing.import_from(path)


def test_nothing_that_came_from_outside_is_passed_on(at: At, tmp_path: Path) -> None:
    two, path = given(at, tmp_path)
    two.sharing.import_from(path)

    passed = two.sharing.export_to(tmp_path / "two.bundle")

    assert passed.counts == {}


def test_an_agent_does_not_say_to_whom_a_memory_listens(at: At, open_brain: OpenBrain) -> None:
    key = at("one").sharing.key()
    agents = open_brain(namespace="team/two", actor=AGENT)

    with pytest.raises(Conflict, match="a person"):
        agents.sharing.trust(key, name="one")


@pytest.mark.parametrize("key", ["", "bos_", "bos_abc", "ssh-ed25519 AAAA", 7])
def test_what_is_no_key_is_refused(at: At, key: str) -> None:
    with pytest.raises(InvalidInput, match="brainops share key"):
        at("one").sharing.trust(key, name="one")


def test_unknown_peers_and_bundles_are_named(at: At) -> None:
    with pytest.raises(NotFound, match="share peers"):
        at("one").sharing.pull("nobody")
    with pytest.raises(NotFound, match="share list"):
        at("one").sharing.revoke("0123456789abcdef", reason="x")


def test_two_instances_that_run_share_through_a_folder(tmp_path: Path) -> None:
    program = """
import sys
from brainops.brain import Brain
from brainops.types import JSON, Actor, ActorKind
name, other, folder = sys.argv[1:]
brain = Brain.open(f"{folder}/{name}.db", namespace=name, model="none",
    actor=Actor(kind=ActorKind.PERSON, id=name, proof="os-user"))
print(brain.sharing.key(), flush=True)
brain.sharing.trust(sys.stdin.readline().strip(), name=other, source=f"{folder}/all")
brain.capture(f"{name} learnt this", "it is so")
brain.sharing.export_to(f"{folder}/all")
print("out", flush=True)
sys.stdin.readline()
[came] = [each for each in brain.sharing.pull() if each.counts]
print(came.name, came.counts["insight taken"], brain.retrieve("learnt")[0].memory.title is not None, flush=True)
brain.close()
"""
    (tmp_path / "all").mkdir()
    both = {
        name: subprocess.Popen(
            [sys.executable, "-c", program, name, other, str(tmp_path)],
            env={"BRAINOPS_HOME": str(tmp_path / name), "PATH": "", "HOME": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name, other in (("one", "two"), ("two", "one"))
    }

    def told(name: str) -> str:
        stream = both[name].stdout
        assert stream is not None
        return stream.readline().strip()

    def tell(name: str, text: str) -> None:
        stream = both[name].stdin
        assert stream is not None
        stream.write(f"{text}\n")
        stream.flush()

    keys = {name: told(name) for name in both}
    tell("one", keys["two"])
    tell("two", keys["one"])
    ready = [told("one"), told("two")]
    tell("one", "go")
    tell("two", "go")
    results = [told("one"), told("two")]
    for process in both.values():
        process.communicate()

    assert ready == ["out", "out"]
    assert results == ["two 1 True", "one 1 True"]
