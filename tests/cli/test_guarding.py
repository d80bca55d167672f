"""Does the command line show the guard, set it for people only, and fit a terminal?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.types import RuleKind
from tests.cli.conftest import Say
from tests.cli.terminal import people_only, typed

PHRASE = "seven quiet herons at dusk"
ENROLMENT = [("New passphrase:", PHRASE), ("The same again:", PHRASE)]
MINE = [("Passphrase or key of ines:", PHRASE)]


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no mark of an agent be around."""
    monkeypatch.setattr("os.environ", people_only())


@pytest.fixture
def history(store: Path) -> None:
    """Some operations: one that consulted memory, one that did not, one that destroyed."""
    with Brain.open(background=False) as brain:
        brain.begin("deploy api", target="prod").succeed()
        brain.begin("restart api", target="prod", consult="never").succeed()
        brain.begin("delete user", target="u1", consult="never").succeed()


def lines_fit(text: str) -> bool:
    return all(len(line) <= 80 for line in text.splitlines()) and len(text.splitlines()) <= 24


def test_the_first_look_says_how_it_is_set(say: Say) -> None:
    said = say("guard")

    assert said.code == 0
    assert "observe (as it starts)" in said.out
    assert "propose (as it starts)" in said.out
    assert say("guard", "--json").value["enforcement"] == "observe"


def test_check_says_why_not_and_the_way_out(say: Say) -> None:
    assert say("enforcement", "strict", "--reason", "agreed").code == 0

    allowed = say("guard", "check", "list users")
    denied = say("guard", "check", "delete user", "--target", "u1")
    by_line = say("guard", "check", "tidy", "--command", "cd x && rm -rf build", "--json")

    assert (allowed.code, allowed.out) == (0, "allowed (read-only)\n")
    assert denied.code == 1
    assert "denied (destructive), by rule memory-first-destructive" in denied.out
    assert "-> brainops guide 'delete user' --target u1" in denied.out
    assert (by_line.code, by_line.value["class"], by_line.value["verdict"]) == (1, "destructive", "deny")
    assert say("guard", "decisions").out == "Nothing: every rule that applied was met.\n"


def test_rules_are_written_set_and_removed(say: Say) -> None:
    made = say(
        "guard", "rule", "add", "test first", "--on", "deploy*", "--after", "run tests", "--mode", "deny", "--json"
    )
    changed = say("guard", "rule", "mode", "test first", "ask")
    listed = say("guard", "rule", "list")
    removed = say("guard", "rule", "remove", made.value["id"])

    assert made.value["requirement"]["operation"] == "run tests"
    assert changed.out == "test first: ask\n"
    assert "ask      order         test first" in listed.out
    assert lines_fit(listed.out)
    assert removed.out == "Removed: test first\n"
    assert say("guard", "rule", "add", "nothing").code == 1
    assert "observe" in say("guard", "rule", "remove", "memory-first").err


WRITTEN = {
    RuleKind.ORDER: ["--after", "tests"],
    RuleKind.CONDITION: ["--when", "true"],
    RuleKind.APPROVAL: ["--approval"],
}
"""The option that writes each kind of rule, but for those that procedures and every namespace bring by themselves."""


def test_there_is_an_option_for_every_kind_of_rule_that_people_write(say: Say) -> None:
    made = [say("guard", "rule", "add", kind.value, *words, "--json") for kind, words in WRITTEN.items()]

    assert [each.value["kind"] for each in made] == list(WRITTEN)
    assert {*WRITTEN, RuleKind.MEMORY_FIRST, RuleKind.PROCEDURE} == set(RuleKind)


def test_replay_decisions_and_compliance_fit_a_terminal(say: Say, history: None) -> None:
    replayed, decided, counted = say("guard", "replay"), say("guard", "decisions"), say("compliance")

    assert "2 pass, 0 ask a person, 1 are denied." in replayed.out
    assert "delete user on u1: consult memory before" in decided.out
    assert "memory-first" in counted.out
    assert " 67%" in counted.out
    assert all(lines_fit(each.out) for each in (replayed, decided, counted))
    assert say("compliance", "--json").value["total"]["applied"] == 3
    assert say("compliance", "--by", "person").code == 1


def test_a_block_is_judged(say: Say, store: Path) -> None:
    say("enforcement", "strict")
    with Brain.open(background=False) as brain, pytest.raises(Exception, match="brainops guide"):
        brain.begin("deploy api", consult="never")
    [blocked] = say("guard", "decisions", "--blocked", "--json").value

    assert say("guard", "false-block", blocked["id"], "--note", "asked elsewhere").out == "Noted as a false block.\n"
    assert say("guard", "decisions", "--json").value[0]["judged"] == "false"
    assert say("guard", "false-block", "nowhere").code == 1


def test_status_shows_both_settings_and_what_is_stopped(say: Say) -> None:
    say("enforcement", "strict")
    say("autonomy", "auto")
    say("stop", "--automatic", "--reason", "it repeats itself")

    status = say("status")

    assert "strict, autonomy auto; automatic STOPPED: it repeats itself" in status.out
    assert say("stop", "--automatic", "--resume").out == "Things happen by themselves again.\n"
    assert say("status", "--json").value["guard"]["automatic_stopped"] is None


def test_a_stop_works_with_the_database_down(say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BRAINOPS_STORE", "postgresql://127.0.0.1:1/none?connect_timeout=1")

    stopped = say("stop", "--automatic", "--reason", "database is on fire")

    assert stopped.code == 0
    assert (tmp_path / "home" / "stop-automatic").read_text(encoding="utf-8") == "database is on fire\n"
    monkeypatch.setenv("BRAINOPS_STORE", str(tmp_path / "memory.db"))
    assert "database is on fire" in say("guard").out
    still = say("stop", "--automatic", "--resume").out
    assert still.splitlines()[0] == "Still stopped: database is on fire"
    assert "brainops stop --automatic --everywhere --resume" in still
    assert say("stop", "--automatic", "--resume", "--everywhere").out == "Things happen by themselves again.\n"


def test_an_agent_sets_nothing(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")

    for command in (
        ["enforcement", "observe"],
        ["autonomy", "auto"],
        ["bypass", "--minutes", "5", "--reason", "x"],
        ["guard", "rule", "add", "x", "--approval"],
        ["guard", "rule", "mode", "memory-first", "observe"],
        ["guard", "rule", "remove", "memory-first"],
        ["guard", "false-block", "x"],
        ["guard", "per-person", "on"],
        ["stop", "--automatic", "--resume"],
    ):
        said = say(*command, "--json")
        assert (said.code, said.error["type"]) == (1, "ApprovalUnproven"), command
    assert say("enforcement").code == 0
    assert say("stop", "--automatic").code == 0


def test_a_bypass_takes_a_person_at_a_terminal(say: Say) -> None:
    assert typed(["approver", "enrol", "ines"], ENROLMENT)[0].code == 0
    say("enforcement", "strict")

    opened, _ = typed(["bypass", "--minutes", "15", "--reason", "the site is down"], MINE)
    shown = say("guard").out
    closed = say("bypass", "--close")

    assert opened.code == 0, opened.err
    assert "All of it is on record" in opened.out
    assert "by ines: the site is down" in shown
    assert closed.out == "Closed.\n"
    assert say("bypass").code == 2
    assert say("bypass", "--minutes", "5", "--reason", "x").code == 1


def test_loosening_asks_for_the_passphrase_once_somebody_is_enrolled(say: Say) -> None:
    assert typed(["approver", "enrol", "ines"], ENROLMENT)[0].code == 0
    say("enforcement", "strict")

    refused = say("enforcement", "observe", "--json")
    loosened, _ = typed(["enforcement", "observe"], MINE)

    assert refused.error["type"] == "ApprovalUnproven"
    assert loosened.out == "enforcement in team/shop: observe\n"


def test_an_approval_is_asked_for_by_the_call_that_a_refusal_names(say: Say) -> None:
    asked = say("approvals", "ask", "deploy api", "--target", "prod", "--reason", "release 12")

    assert asked.code == 0
    assert "May person:" in asked.out
    assert "'deploy api' prod" in say("approvals").out


def test_what_must_be_known_is_named_back_with_the_question(say: Say) -> None:
    wrong = say("guide", "deploy api", "--acknowledge", "nothing-of-the-kind")

    assert wrong.code == 1
    assert "does not ask for" in wrong.err
