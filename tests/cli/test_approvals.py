"""Does a person at a terminal approve, and nobody who only has a shell, a pipe or an option?"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.store import acts
from brainops.types import Actor, ActorKind, Approval, ApprovalKind, ApprovalState, NoticeKind
from tests.cli.conftest import Say
from tests.cli.terminal import people_only, typed
from tests.inside import inside

PHRASE = "seven quiet herons at dusk"
ENROLMENT = [("New passphrase:", PHRASE), ("The same again:", PHRASE)]
INES = Actor(kind=ActorKind.PERSON, id="ines", proof="os-user")
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code")


def ask(question: str = "Deploy api to prod-1?", subject: str = "deploy api prod-1") -> Approval:
    """Ask as an agent's program does."""
    with Brain.open(background=False) as brain, inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        return inside(brain).services.approvals.ask(
            tx,
            kind=ApprovalKind.OPERATION,
            subject=subject,
            question=question,
            requested_by=AGENT,
            reason="version 2.1 is out",
        )


def state_of(asked: Approval) -> ApprovalState:
    with Brain.open(background=False) as brain:
        return brain.approvals.get(asked.id).state


@pytest.fixture
def asked(store: Path) -> Approval:
    """A question that waits, in a store where ines may approve."""
    with Brain.open(background=False, actor=INES) as brain:
        brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    return ask()


def test_a_person_approves_by_passphrase_and_sees_what_is_approved(asked: Approval) -> None:
    said, screen = typed(["approve", asked.id, "--reason", "it is planned"], [("Passphrase or key of ines:", PHRASE)])

    assert (said.code, said.err) == (0, "")
    assert "Granted by ines, to be used once: operation deploy api prod-1" in said.out
    assert "agent:claude-code" in screen
    assert "version 2.1 is out" in screen
    assert state_of(asked) is ApprovalState.GRANTED


def test_the_passphrase_is_never_shown(asked: Approval) -> None:
    said, screen = typed(["approve", asked.id], [("Passphrase or key of ines:", PHRASE)])

    assert said.code == 0
    assert PHRASE not in screen + said.out + said.err


def test_a_wrong_passphrase_is_one_line(asked: Approval) -> None:
    said, _ = typed(["approve", asked.id], [("Passphrase or key of ines:", "not this one at all")])

    assert said.code == 1
    assert "that is not the passphrase of ines" in said.err
    assert state_of(asked) is ApprovalState.PENDING


def test_what_is_piped_in_is_not_looked_at(asked: Approval, shell: Say) -> None:
    without_terminal = shell("approve", asked.id, given=f"{PHRASE}\n".encode(), start_new_session=True)
    said, _ = typed(["approve", asked.id], [("ines:", "something else typed")], stdin=f"{PHRASE}\n".encode())

    assert (without_terminal.code, said.code) == (1, 1)
    assert "takes a person at a terminal" in without_terminal.err
    assert state_of(asked) is ApprovalState.PENDING


@pytest.mark.parametrize(
    "marks",
    [{"CLAUDECODE": "1"}, {"CODEX_SANDBOX": "seatbelt"}, {"CURSOR_AGENT": "1"}, {"BRAINOPS_ACTOR": "agent:x"}],
    ids=["claude", "codex", "cursor", "actor"],
)
@pytest.mark.parametrize("command", ["approve ID", "refuse ID --reason x", "approver enrol me"])
def test_a_session_of_an_agent_may_ask_but_not_answer(asked: Approval, command: str, marks: dict[str, str]) -> None:
    said, _ = typed(command.replace("ID", asked.id).split(), [("ines:", PHRASE)], environment=people_only(**marks))

    assert said.code == 1
    assert "session of the agent" in said.err
    assert state_of(asked) is ApprovalState.PENDING


def test_a_build_without_a_terminal_approves_nothing(asked: Approval, shell: Say) -> None:
    said = shell("approve", asked.id, environment={"CI": "true"})

    assert said.code == 1
    assert "agent ci" in said.err


def test_a_question_is_refused_with_a_reason(asked: Approval) -> None:
    without, _ = typed(["refuse", asked.id])
    said, _ = typed(["refuse", asked.id, "--reason", "not on a Friday"], [("ines:", PHRASE)])

    assert without.code == 2
    assert "Refused by ines" in said.out
    assert state_of(asked) is ApprovalState.REFUSED


def test_a_second_approver_is_let_in_by_the_first_and_approves_by_key(asked: Approval) -> None:
    enrolled, screen = typed(["approver", "enrol", "jo", "--key"], [("Passphrase or key of ines:", PHRASE)])
    key = next(word for word in screen.split() if word.startswith("bok_"))

    said, shown = typed(["approve", asked.id, "--as", "jo"], [("Key of jo:", key)])

    assert enrolled.code == 0
    assert key not in enrolled.out + enrolled.err + shown
    assert "Granted by jo" in said.out


def test_who_answers_is_asked_where_several_may(asked: Approval) -> None:
    typed(["approver", "enrol", "jo"], [("of ines:", PHRASE), *ENROLMENT])

    said, _ = typed(["approve", asked.id], [("Who are you (ines, jo)?", "jo"), ("of jo:", PHRASE)])

    assert "Granted by jo" in said.out


def test_an_approver_goes_but_not_the_last_one(asked: Approval) -> None:
    typed(["approver", "enrol", "jo"], [("of ines:", PHRASE), *ENROLMENT])
    gone, _ = typed(["approver", "revoke", "jo", "--as", "ines"], [("of ines:", PHRASE)])
    last, _ = typed(["approver", "revoke", "ines"], [("of ines:", PHRASE)])

    assert "jo may no longer approve by passphrase." in gone.out
    assert (last.code, "the only one who may approve" in " ".join(last.err.split())) == (1, True)


def test_two_passphrases_that_differ_change_nothing(store: Path, say: Say) -> None:
    said, _ = typed(["approver", "enrol", "ines"], [("New passphrase:", PHRASE), ("again:", "another of them")])

    assert (said.code, "differ" in said.err) == (1, True)
    assert say("approver", "list").out.startswith("Nobody may approve yet.")


def test_nobody_approves_where_nobody_enrolled(store: Path) -> None:
    said, _ = typed(["approve", ask().id])

    assert said.code == 1
    assert "brainops approver enrol NAME" in " ".join(said.err.split())


def test_the_list_says_who_asks_for_what_until_when_and_how_to_answer(say: Say, asked: Approval) -> None:
    listed = say("approvals")

    assert listed.out.splitlines()[0] == 'operation deploy api prod-1, because "version 2.1 is out"'
    assert 'waits, 23 h left; agent:claude-code asks: "Deploy api to prod-1?"' in listed.out
    assert re.search(rf"brainops approve {asked.id[-6:]}$", listed.out, re.MULTILINE)
    assert [each["id"] for each in say("approvals", "--json").value] == [asked.id]
    assert say("approvals", "show", asked.id, "--json").value["question"] == "Deploy api to prod-1?"


def test_the_first_screens_fit_a_terminal(say: Say, asked: Approval) -> None:
    for number in range(30):
        ask(f"Question {number}? " + "x" * 200, f"subject {number} " + "y" * 200)

    for command in ("approvals", "notices"):
        lines = say(command).out.splitlines()
        assert max(map(len, lines)) <= 80
        assert len(lines) <= 40


def test_a_question_cannot_steer_the_terminal(say: Say, store: Path) -> None:
    typed(["approver", "enrol", "ines"], ENROLMENT)
    hostile = ask("Deploy?\x1b[2J\x1b]0;x\x07 \u202egnp", "a\x1b[1Ab")

    _, screen = typed(["approve", hostile.id], [("ines:", "wrong on purpose")])

    assert "\x1b[2J" not in screen + say("approvals").out
    assert "\u202e" not in screen + say("approvals").out
    assert "\x1b[1A" not in screen + say("approvals").out


def test_the_dialog_of_a_client_is_accepted_by_an_approver_only(asked: Approval, say: Say) -> None:
    refused = say("approver", "clients", "claude-code")
    said, _ = typed(["approver", "clients", "claude-code"], [("ines:", PHRASE)])

    assert refused.code == 1
    assert "claude-code" in said.out
    assert say("approver", "clients", "--json").value == {"clients": ["claude-code"]}


def test_notices_wait_are_read_and_are_delivered(say: Say, store: Path, tmp_path: Path) -> None:
    asked = ask()
    received = tmp_path / "received"
    program = f"import sys; open({str(received)!r}, 'a').write(sys.stdin.read())"

    shown = say("notices")
    added = say("notices", "channel", "add", "pager", "--command", f'{sys.executable} -c "{program}"')
    tried = say("notices", "channel", "test", "pager")
    delivered = say("notices", "deliver", "--json").value

    assert "To be approved: deploy api prod-1." in shown.out
    assert "No channel" in shown.out
    assert (added.code, tried.out) == (0, "Taken.\n")
    assert delivered == {"delivered": 1, "failed": 0, "pending": 0}
    assert asked.id in received.read_text()
    assert say("notices").out == "Nobody needs to be told anything.\n"
    assert "told by pager" in say("notices", "--all").out


def test_notices_that_were_read_are_gone(say: Say, store: Path) -> None:
    ask()
    [notice] = say("notices", "--json").value

    assert notice["kind"] == NoticeKind.APPROVAL_ASKED
    assert say("notices", "read", notice["id"]).out == "1 read.\n"
    assert json.loads(say("notices", "--json").out) == []


def test_a_channel_takes_an_approver_once_there_is_one(say: Say, asked: Approval) -> None:
    refused = say("notices", "channel", "add", "pager", "--command", "true")
    said, _ = typed(["notices", "channel", "add", "pager", "--command", "true"], [("ines:", PHRASE)])
    agent, _ = typed(
        ["notices", "channel", "remove", "pager"], [("ines:", PHRASE)], environment=people_only(CLAUDECODE="1")
    )

    assert (refused.code, said.code, agent.code) == (1, 0, 1)
    assert [each["name"] for each in say("notices", "channel", "--json").value] == ["pager"]


def test_status_says_what_waits_for_people(say: Say, asked: Approval) -> None:
    figures = say("status", "--json").value["waiting"]

    assert figures["approvals"] == 1
    assert figures["notices"] >= 1
    assert "1 to approve (brainops approvals)" in say("status").out


def test_a_session_of_an_agent_purges_nothing(shell: Say) -> None:
    kept = shell("capture", "Kept", "for ever", "--json").value["id"]
    said = shell("purge", kept, "--reason", "it is in the way", "--yes", environment={"CLAUDECODE": "1"})

    assert (said.code, "session of the agent" in said.err) == (1, True)
    assert shell("history", kept).code == 0
