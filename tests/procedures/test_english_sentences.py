"""Does a sentence say what its reader takes it to say?"""

from __future__ import annotations

import pytest

from brainops.procedures.english.sentences import (
    Else,
    Go,
    If,
    Instruction,
    OpenQuestion,
    Reply,
    Say,
    Stop,
    clauses,
    deed,
    sentences,
)
from brainops.procedures.english.vocabulary import opposite

INSTRUCTIONS = [
    "Restart the service.",
    "Please restart the service.",
    "Then restart the service.",
    "You should restart the service.",
    "We need to add more replicas.",
    "The manager approves the request.",
    "The on-call engineer must confirm the alert.",
    "Operator: check the display.",
    "The backup must be verified.",
    "To find the node, list the pods.",
    "In the console, open the settings.",
    "Make sure that the disk is free.",
    "Check if the pod is running.",
    "Festoon the hall.",
    "In rare cases you may need to delete the pod.",
]


@pytest.mark.parametrize("text", INSTRUCTIONS)
def test_a_sentence_that_tells_somebody_to_do_something_is_an_instruction(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Instruction)


EXPLANATIONS = [
    "The alert fires when the disk is full.",
    "You should see two pods.",
    "This could be the result of a slow disk.",
    "Restarts are counted.",
    "Access is denied.",
    "Within the hall it is warm.",
    "Festooning the hall takes an hour.",
    "When the node restarts, the metrics reset.",
    "It might need to be fixed in the code.",
    "Service degradation or unavailability.",
]


@pytest.mark.parametrize("text", EXPLANATIONS)
def test_a_sentence_that_only_explains_is_no_instruction(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Say)


CONDITIONS = [
    ("If the pod is down, restart it.", "the pod is down"),
    ("If the pod is down then restart it.", "the pod is down"),
    ("If the pod is down restart it.", "the pod is down"),
    ("If the pod is down: restart it.", "the pod is down"),
    ("If the pod is down -> restart it.", "the pod is down"),
    ("Restart it if the pod is down.", "the pod is down"),
    ("In case of a timeout, restart it.", "a timeout"),
    ("In case the pod is down, restart it.", "the pod is down"),
    ("Restart it only if the pod is down.", "the pod is down"),
]


@pytest.mark.parametrize(("text", "condition"), CONDITIONS)
def test_a_condition_is_told_from_what_follows_from_it(text: str, condition: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, If)
    assert said.condition == condition
    assert [type(each) for each in said.then] == [Instruction]
    assert not said.otherwise


def test_a_noun_at_the_end_of_a_condition_is_not_what_follows_from_it() -> None:
    [said] = clauses("If it is a network issue:")

    assert isinstance(said, If) and said.open
    assert said.condition == "it is a network issue"


@pytest.mark.parametrize("text", ["Unless a backup runs, restart it.", "Restart it unless a backup runs."])
def test_unless_does_it_when_the_condition_does_not_hold(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, If)
    assert said.condition == "a backup runs"
    assert not said.then
    assert [type(each) for each in said.otherwise] == [Instruction]


def test_otherwise_in_the_same_sentence_is_the_other_branch() -> None:
    [said] = clauses("If the pod is down, restart it; otherwise check the logs.")

    assert isinstance(said, If)
    assert [each.text for each in said.otherwise] == ["Check the logs."]


@pytest.mark.parametrize(
    "text", ["Otherwise, stop here.", "If not, stop here.", "Else stop here.", "If it is not, stop here."]
)
def test_otherwise_alone_belongs_to_the_condition_before(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Else)
    assert [type(each) for each in said.then] == [Stop]


@pytest.mark.parametrize(("text", "yes"), [("Yes: call the owner.", True), ("No - call the owner.", False)])
def test_yes_and_no_answer_a_question(text: str, yes: bool) -> None:
    [said] = clauses(text)

    assert isinstance(said, Reply)
    assert said.yes is yes


def test_a_question_asks() -> None:
    assert clauses("Is the employee remote?") == [OpenQuestion(text="Is the employee remote?")]


JUMPS = [
    ("Go to step 3.", "3"),
    ("Proceed to Step 1.2", "1.2"),
    ("Return to step 2.", "2"),
    ("Skip to section 4.", "4"),
    ("Continue with step 5.", "5"),
    ("Repeat steps 2-4 until the queue is empty.", "2"),
    ("Start over.", "start"),
    ("Proceed to the next step.", "next"),
]


@pytest.mark.parametrize(("text", "target"), JUMPS)
def test_a_reference_names_where_it_goes_on(text: str, target: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Go)
    assert said.target == target


def test_repeating_keeps_until_when() -> None:
    [said] = clauses("Repeat step 2 until the queue is empty.")

    assert isinstance(said, Go)
    assert said.until == "the queue is empty"


ENDS = [
    ("Escalate to the database team.", "escalated"),
    ("Contact the vendor's support.", "escalated"),
    ("No further action is needed.", "resolved"),
    ("Stop here.", "stopped"),
]


@pytest.mark.parametrize(("text", "kind"), ENDS)
def test_an_end_is_an_end(text: str, kind: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Stop)
    assert said.kind == kind


def test_before_and_after_keep_the_order_of_two_deeds() -> None:
    [before] = clauses("Before restarting the service, take a backup.")
    [behind] = clauses("Take a backup before restarting the service.")
    [after] = clauses("After restarting the service, check the logs.")

    assert isinstance(before, Instruction) and before.before == "restarting the service"
    assert isinstance(behind, Instruction) and behind.before == "restarting the service"
    assert isinstance(after, Instruction) and after.after == "restarting the service"


def test_then_in_a_sentence_makes_two_steps() -> None:
    assert [each.text for each in clauses("Stop the service, then start it.")] == ["Stop the service", "Start it."]


def test_not_before_is_a_wait() -> None:
    [said] = clauses("Do not proceed until the cluster is healthy.")

    assert said == Instruction(text="Wait until the cluster is healthy")


def test_a_caution_is_no_step() -> None:
    [said] = clauses("Never delete the volume.")

    assert isinstance(said, Say) and said.caution


def test_deeds_are_named_as_instructions() -> None:
    assert deed("restarting the service") == "Restart the service"
    assert deed("you have drained the node") == "Drain the node"
    assert deed("the maintenance window") == ""


def test_a_full_stop_inside_a_sentence_does_not_end_it() -> None:
    text = "Open `a.b. C` on 10.0.0.1, e.g. Firefox. Then go to step 2. Wait."

    assert sentences(text) == ["Open `a.b. C` on 10.0.0.1, e.g. Firefox.", "Then go to step 2.", "Wait."]


OPPOSITES = [
    ("Airplane mode is ON", "Airplane mode is OFF", True),
    ("the line is suspended", "the line is not suspended", True),
    ("you are able to lift it", "you are not able to lift it", True),
    ("you are able to lift it", "you are unable to lift it", True),
    ("the SIM is missing", "the SIM is locked", False),
    ("the pod is running", "the disk is not full", False),
    ("the pod is running", "the pod is running", False),
]


@pytest.mark.parametrize(("one", "other", "expected"), OPPOSITES)
def test_the_contrary_of_a_condition_is_recognised(one: str, other: str, expected: bool) -> None:
    assert opposite(one, other) is expected
