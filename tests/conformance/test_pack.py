"""Is what hooks read instead of the store the same as what the library says, and is it known when it is not?"""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.operations.guard import pack as hook_pack
from brainops.types import ActionClass, AllOf, Allow, Done, OperationStart, Rule, RuleKind, RuleMode
from brainops_core import pack
from brainops_core.guard.values import PlainStart, PlainState
from brainops_core.recognition.error_events import parse_error
from brainops_core.recognition.fingerprint import identity
from tests.conformance.conftest import OpenBrain
from tests.inside import inside

KEY = b"a key that two instances share"
FOLLOW = """---
name: rollout
mode: strict
on:
  - operations: [deploy *]
    targets: [prod-*]
  - operations: [migrate *]
    when: context.rows > 10
steps:
  - id: look
    run: "true"
---
"""


@pytest.fixture
def brain(open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Brain:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    return open_brain()


def add_rules(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")
    brain.procedures.save(FOLLOW)
    brain.procedures.activate("rollout")
    brain.guard.add(
        Rule(
            id="", namespace="", name="ask", operations=("drop *", "[!a]*x"), kind=RuleKind.APPROVAL, mode=RuleMode.ASK
        )
    )
    first = AllOf(parts=(Done(operation="backup"),))
    brain.guard.add(
        Rule(
            id="",
            namespace="",
            name="first",
            operations=("restore *",),
            kind=RuleKind.ORDER,
            mode=RuleMode.DENY,
            requirement=first,
        )
    )
    brain.guard.set_patterns({"peek *": ActionClass.READ_ONLY})


def read(brain: Brain) -> pack.Pack:
    path = hook_pack.place(inside(brain).context)
    assert path is not None
    return pack.read(str(path))


STARTS = [
    ("deploy api", "prod-1"),
    ("deploy api", "staging"),
    ("Deploy  API", "PROD-2"),
    ("drop table", "db"),
    ("fox", None),
    ("restore db", "db"),
    ("peek drop table", None),
    ("list files", None),
    ("rm -rf build", None),
]


@pytest.mark.parametrize(("name", "target"), STARTS)
def test_a_hook_says_of_an_operation_what_the_library_says(brain: Brain, name: str, target: str | None) -> None:
    add_rules(brain)
    start = OperationStart(name=name, target=target, actor=brain.settings.actor)
    brain.guard.write_pack()
    compiled, theirs = read(brain), brain.guard.check(start, record=False)

    plain = PlainStart(name=name, target=target, actor=brain.settings.actor)
    plain.action_class = compiled.classify(plain)
    ours = compiled.check(plain, PlainState(), 0)

    assert plain.action_class == brain.guard.prepared(start).action_class
    if isinstance(theirs, Allow):
        assert (ours.verdict, ours.warnings, ours.rules) == ("allow", theirs.warnings, theirs.rules)
    else:
        said = (theirs.__struct_config__.tag, theirs.reason, theirs.rule, theirs.way_out)
        assert (ours.verdict, ours.reason, ours.rule, ours.way_out) == said


def test_a_condition_that_only_the_library_evaluates_is_named(brain: Brain) -> None:
    add_rules(brain)
    brain.guard.write_pack()
    compiled = read(brain)

    doubtful = compiled.doubtful(PlainStart(name="migrate db"))

    assert [rule.id for rule in doubtful] == ["procedure:rollout"]
    assert compiled.doubtful(PlainStart(name="deploy api")) == []
    assert all(rule.kind != "procedure" for rule in compiled.applying(PlainStart(name="migrate db")))


def test_a_change_writes_the_pack_for_its_owner_only(brain: Brain) -> None:
    context = inside(brain).context
    before = hook_pack.fault_of_pack(context)

    brain.guard.set_enforcement("strict")

    path = hook_pack.place(context)
    assert before is None
    assert hook_pack.fault_of_pack(context) == ""
    assert path is not None and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(brain).body["enforcement"] == "strict"
    assert [each for each in path.parent.iterdir() if each.name.endswith(".part")] == []


def test_changes_in_a_row_share_one_writing_which_the_end_does(open_brain: OpenBrain, brain: Brain) -> None:
    writer = open_brain()
    for number in range(20):
        writer.guard.set_patterns({f"peek {number}": "read_only"})
    writer.close()

    assert hook_pack.fault_of_pack(inside(brain).context) == ""
    assert read(brain).body["patterns"] == [["read_only", "peek 19"]]


@pytest.mark.parametrize("change", ["rule", "procedure", "fix"])
def test_a_commit_whose_pack_was_never_written_leaves_one_that_is_known_to_be_old(brain: Brain, change: str) -> None:
    brain.guard.set_enforcement("strict")
    inside(brain).store.counted = None  # as if the process ended between the commit and the writing

    match change:
        case "rule":
            brain.guard.set_patterns({"peek *": "read_only"})
        case "procedure":
            brain.procedures.save(FOLLOW)
            brain.procedures.activate("rollout")
        case _:
            brain.fixes.attach("TypeError: x is none", title="restart", advice="restart it")

    found = next(check for check in brain.upkeep.doctor() if check.name == "hook pack")
    assert found.passed  # it comes about with each change, and hooks read the store meanwhile
    assert "older than the store" in found.detail and "brainops guard pack" in found.detail
    brain.guard.write_pack()
    assert hook_pack.fault_of_pack(inside(brain).context) == ""


def test_a_pack_that_is_missing_or_damaged_or_of_another_version_is_said(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")
    context = inside(brain).context
    path = hook_pack.place(context)
    assert path is not None
    whole = path.read_bytes()

    path.write_bytes(whole.replace(b'"version":1', b'"version":9', 1))
    assert "version" in str(hook_pack.fault_of_pack(context))
    path.write_bytes(whole[: len(whole) // 2])
    assert hook_pack.fault_of_pack(context) == "it is damaged"
    path.unlink()
    assert hook_pack.fault_of_pack(context) is None
    found = next(check for check in brain.upkeep.doctor() if check.name == "hook pack")
    assert (found.passed, "brainops guard pack" in found.detail) == (True, True)
    with pytest.raises(pack.PackUnusable, match="there is none"):
        pack.read(str(path))


def test_a_pack_that_cannot_be_written_stops_no_change(brain: Brain, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(hook_pack, "write_pack", full)

    assert brain.guard.set_enforcement("strict").enforcement == "strict"


def test_a_signed_pack_is_taken_from_its_key_alone(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")
    signed, unsigned = brain.guard.pack(KEY), brain.guard.pack()

    assert pack.verify(signed, KEY)
    assert pack.decoded(signed, KEY).body["enforcement"] == "strict"
    for data in (unsigned, signed.replace(b'"strict"', b'"observe"'), signed[:-9], b"", b"\xff\n"):
        with pytest.raises(pack.PackUnusable):
            pack.decoded(data, KEY)
    with pytest.raises(pack.PackUnusable):
        pack.decoded(signed, b"another key")


def test_fixes_worth_naming_are_found_by_the_error(brain: Brain) -> None:
    fix = brain.fixes.attach("TypeError: x is none", title="restart", advice="restart it")
    refuted = brain.fixes.attach("KeyError: 'y'", title="hope", advice="hope")
    brain.fixes.detach(refuted.id, reason="it did not help")
    brain.guard.write_pack()

    compiled = read(brain)
    assert [each["does"] for each in compiled.fixes([fix.fingerprint])] == ["restart it"]
    assert list(compiled.fixes([refuted.fingerprint])) == []


def test_a_pack_names_first_what_helped_most_surely_and_nothing_that_failed(brain: Brain) -> None:
    error = "TypeError: x is none"
    fixes = [brain.fixes.attach(error, name, advice=name) for name in ("seldom", "mostly", "never")]
    for name, effect, times in (("seldom", "helped", 1), ("mostly", "helped", 4), ("never", "did_not_help", 1)):
        for _ in range(times):
            brain.evidence.record(error, name, effect)
    brain.guard.write_pack()

    named = [(each["title"], each["verified"]) for each in read(brain).fixes([fixes[0].fingerprint])]
    assert named == [("mostly", 4), ("seldom", 1)]


def test_a_pack_holds_the_statements_of_a_store_that_is_a_file_and_they_run(brain: Brain) -> None:
    brain.guard.set_enforcement("strict")
    compiled, store = read(brain), inside(brain).store
    names = set(compiled.body["statements"])

    assert names == (set(hook_pack.STATEMENTS) if store.database.dialect == "sqlite" else set())
    if not names:
        return
    guidance = brain.guidance("deploy api", target="prod-1", session="s1")
    brain.capture("TypeError: x is none", "text", type="error_pattern")
    digest = identity(parse_error("TypeError: x is none"))[0]
    connection = sqlite3.connect(f"file:{store.database.location}?mode=ro", uri=True)
    asked = {
        "namespace": "team/a",
        "namespaces": json.dumps(compiled.namespaces),
        "digests": json.dumps([digest]),
        "session_id": "s1",
        "actor_id": "claude-code",
        "name": "deploy api",
        "now": guidance.created_at,
        "since": 0,
        "limit": 5,
        "target": "prod-1",
        "id": guidance.id,
        "names": "[]",
        "procedures": "[]",
    }
    rows = {name: connection.execute(compiled.statement(name) or "", asked).fetchall() for name in names}
    plans = [
        str(line[3])
        for name in ("hook_fingerprint", "hook_session", "guard_receipt", "guard_receipts")
        for line in connection.execute(f"explain query plan {compiled.statement(name)}", asked)
    ]
    connection.close()

    assert compiled.is_current(rows["hook_changes"])
    assert [row[0] for row in rows["hook_session"]] == [row[0] for row in rows["guard_receipt"]] == [guidance.id]
    assert len(rows["hook_fingerprint"]) == 1
    assert not [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan]
