"""Is each text of everyday style read as its writer meant it, and is what is not read so a question?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.english.draft import Drafted, read
from brainops.procedures.english.grammar import TOO_LONG

ASKED = {"built: ends", "held: exception at the end"}
"""What ends in them, and for whom, their words leave open: a question is the right reading."""

Walk = tuple[list[str], list[str]]


def texts() -> list[tuple[str, str, list[Walk]]]:
    """Return the name, the words and the walks of each text; see the head of the file."""
    found = []
    for part in re.split(r"(?m)^== ", (Path(__file__).parent / "english_texts.txt").read_text(encoding="utf-8"))[1:]:
        name, body = part.split("\n", 1)
        text, *walks = re.split(r"(?m)^->", body)
        read_walks = []
        for walk in walks:
            head, _, steps = walk.partition("\n")
            yes = [each.strip() for each in head.split("|") if each.strip()]
            read_walks.append((yes, [each.strip() for each in steps.strip().split(" / ") if each.strip()]))
        found.append((name.strip(), text.strip() + "\n", read_walks))
    return found


def carried_out(drafted: Drafted, yes: list[str]) -> list[str]:
    """Walk through a procedure as a run does; return the names of the steps that are no questions, in lower case."""
    steps: dict[str, dict[str, object]] = {}
    done = []
    for step in drafted.procedure.steps:
        reached = step.condition is None or compiled(step.condition, condition=True).evaluate({"steps": steps}) is True
        answer = "yes" if any(words in step.name.lower() for words in yes) else "no"
        output = {"answer": answer} if reached else None
        steps[step.id] = {"succeeded": reached, "output": output, "state": "succeeded" if reached else "skipped"}
        if reached and step.verify is None:
            done.append(step.name.lower())
    return done


def as_wanted(done: list[str], wanted: list[str]) -> bool:
    """Say whether these steps are carried out in this order, and no other."""
    told, at = " / ".join(done), 0
    for words in wanted:
        place = told.find(words, at)
        if place < 0:
            return False
        at = place + len(words)
    return all(any(words in step for words in wanted) for step in done)


@pytest.mark.parametrize(("name", "text", "walks"), texts(), ids=[name for name, _, _ in texts()])
def test_a_text_is_carried_out_as_it_says_or_its_author_is_asked(name: str, text: str, walks: list[Walk]) -> None:
    drafted = read(text)

    assert bool(drafted.questions) is (name in ASKED)
    for yes, wanted in walks if name not in ASKED else []:
        done = carried_out(drafted, yes)
        assert as_wanted(done, wanted), f"{yes}: {done}"


UNREAD = [
    "Never restart the primary without a snapshot.",
    "Without approval from the lead, nobody may open the gate.",
    "Publish the page without an approval.",
    "Failing that, add a disk.",
    "Given a healthy replica, restart the primary.",
    "Given that the tests pass, restart the primary.",
    "Barring an objection, publish the page.",
    "In the absence of an owner, page the lead.",
    "Supposing the disk is full, delete old logs.",
    "Publish it on condition that legal agrees.",
    "Restart the service only during the night.",
    "Open the gate only between 8 and 10.",
    "Open the gate solely during the day.",
    "Open the gate, absent a key.",
    "In default of a key, call the shop.",
    "Ahead of step 7, take a snapshot.",
    "Lock the account after the fifth failed login.",
    "After the 3rd attempt, lock the account.",
    "A red light means you must stop the pump.",
    "An open valve requires you to stop the pump.",
    "Restart the api in the event of a hang and tell the team.",
    "Do not merge it but tell the author.",
    "Does the page load? Restart the router.",
    "Rebuild the index before the cache.",
    "Before step 7, take a snapshot.",
    "If a user is logged in, the host must not be stopped.",
    "If a user is logged in, never stop the depot.",
    "When the host is up, nothing needs to be done. Visit the depot.",
    "If the price is over 5, ask the lead. If the price is over 50, ask the board. Otherwise, pay.",
]


@pytest.mark.parametrize("text", UNREAD)
def test_what_limits_or_orders_and_was_not_read_is_asked_about(text: str) -> None:
    drafted = read(f"1. Open the depot.\n2. {text}\n3. Close the depot.\n")

    assert [question.line for question in drafted.questions] == [2]


def test_an_act_before_one_that_stands_outside_of_its_condition_is_asked_about() -> None:
    drafted = read("1. Reboot the node.\n2. If it is a primary, take a snapshot before rebooting the node.\n")

    assert [step.name for step in drafted.procedure.steps].count("Reboot the node") == 1
    assert len(drafted.questions) == 1


def test_several_acts_of_one_sentence_are_one_question_with_one_answer() -> None:
    text = "1. Reboot the node.\n2. Tell the team. Before rebooting, stop the api and drain the node.\n"

    assert len(read(text).questions) == 1
    assert not read(text, answers={"1": "note"}).questions


@pytest.mark.parametrize("words", ["stop a and ", "if a, stop a, ", "restart a or, if that fails, "])
def test_a_sentence_of_many_pages_is_asked_about_and_not_tried_at_each_comma(words: str) -> None:
    [question] = read(words * 1_500 + ".").questions

    assert question.why == TOO_LONG
