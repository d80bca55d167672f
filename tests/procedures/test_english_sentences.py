"""Does a sentence say what its reader takes it to say?"""

from __future__ import annotations

import pytest

from brainops.procedures.english.grammar import clauses
from brainops.procedures.english.instructions import sentences
from brainops.procedures.english.units import Do, EndPoint, Fork, Jump, Or, Reply, Say, Skip, every
from brainops.procedures.english.vocabulary import deed, opposite

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

    assert isinstance(said, Do)


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

    assert isinstance(said, Fork)
    assert said.question == condition
    assert [type(each) for each in said.yes] == [Do]
    assert not said.no


def test_a_noun_at_the_end_of_a_condition_is_not_what_follows_from_it() -> None:
    [said] = clauses("If it is a network issue:")

    assert isinstance(said, Fork) and not said.yes
    assert said.question == "it is a network issue"


@pytest.mark.parametrize(
    "text",
    [
        "Unless a backup runs, restart it.",
        "Restart it unless a backup runs.",
        "Restart it, but not if a backup runs.",
        "Restart it, never if a backup runs.",
        "Restart it just not if a backup runs.",
    ],
)
def test_unless_does_it_when_the_condition_does_not_hold(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Fork)
    assert said.question == "a backup runs"
    assert not said.yes
    assert [type(each) for each in said.no] == [Do]


def test_otherwise_in_the_same_sentence_is_the_other_branch() -> None:
    [said] = clauses("If the pod is down, restart it; otherwise check the logs.")

    assert isinstance(said, Fork)
    assert [each.text for each in said.no] == ["Check the logs."]


@pytest.mark.parametrize(
    "text", ["Otherwise, stop here.", "If not, stop here.", "Else stop here.", "If it is not, stop here."]
)
def test_otherwise_alone_belongs_to_the_condition_before(text: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Reply) and not said.yes and not said.said
    assert [type(each) for each in said.then] == [EndPoint]


@pytest.mark.parametrize(("text", "yes"), [("Yes: call the owner.", True), ("No - call the owner.", False)])
def test_yes_and_no_answer_a_question(text: str, yes: bool) -> None:
    [said] = clauses(text)

    assert isinstance(said, Reply)
    assert said.yes is yes


def test_a_question_asks() -> None:
    [said] = clauses("Is the employee remote?")

    assert isinstance(said, Fork) and said.question == "Is the employee remote"


JUMPS = [
    ("Go to step 3.", "3"),
    ("Proceed to Step 1.2", "1.2"),
    ("Return to step 2.", "2"),
    ("Skip to section 4.", "4"),
    ("Continue with step 5.", "5"),
    ("Start over.", "start"),
    ("Proceed to the next step.", "next"),
]


@pytest.mark.parametrize(("text", "target"), JUMPS)
def test_a_reference_names_where_it_goes_on(text: str, target: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, Jump)
    assert said.target == target


def test_repeating_keeps_until_when() -> None:
    [said] = clauses("Repeat step 2 until the queue is empty.")

    assert isinstance(said, Do)
    assert said.text == "Repeat step 2 until the queue is empty."


ENDS = [
    ("Escalate to the database team.", "escalated"),
    ("Contact the vendor's support.", "escalated"),
    ("No further action is needed.", "resolved"),
    ("Stop here.", "stopped"),
]


@pytest.mark.parametrize(("text", "kind"), ENDS)
def test_an_end_is_an_end(text: str, kind: str) -> None:
    [said] = clauses(text)

    assert isinstance(said, EndPoint)
    assert said.kind == kind


def test_before_and_after_keep_the_order_of_two_deeds() -> None:
    [before] = clauses("Before restarting the service, take a backup.")
    [behind] = clauses("Take a backup before restarting the service.")
    [after] = clauses("After restarting the service, check the logs.")

    assert isinstance(before, Do) and before.before == "restarting the service"
    assert isinstance(behind, Do) and behind.before == "restarting the service"
    assert isinstance(after, Do) and after.after == "restarting the service"


def test_then_in_a_sentence_makes_two_steps() -> None:
    said = clauses("Stop the service, then start it.")

    assert [each.text for each in said] == ["Stop the service", "Start it."]


def test_not_before_is_a_wait() -> None:
    [said] = clauses("Do not proceed until the cluster is healthy.")

    assert isinstance(said, Do) and said.text == "Wait until the cluster is healthy"


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


GATES = [
    ("Abort the deployment if any of them fails.", "any of them fails", ["EndPoint"], []),
    ("Stop when the replica lags.", "the replica lags", ["EndPoint"], []),
    ("Quit unless the counts are equal.", "the counts are equal", [], ["EndPoint"]),
    ("Do not continue if it is older than a day.", "it is older than a day", ["EndPoint"], []),
    ("Do not proceed unless all are in sync.", "all are in sync", [], ["EndPoint"]),
    ("Only continue if two people have agreed.", "two people have agreed", [], ["EndPoint"]),
    ("Proceed only when it is green.", "it is green", [], ["EndPoint"]),
]


@pytest.mark.parametrize(("text", "question", "yes", "no"), GATES)
def test_a_gate_ends_everything_where_it_does_not_let_go_on(
    text: str, question: str, yes: list[str], no: list[str]
) -> None:
    [said] = clauses(text)

    assert isinstance(said, Fork)
    assert said.question == question
    assert [type(each).__name__ for each in said.yes] == yes
    assert [type(each).__name__ for each in said.no] == no


SKIPS = [
    ("Steps 1 and 2 can be skipped if the node is down.", ("1", "2"), False),
    ("Steps 2 to 4 are only needed if the node is new.", ("2", "3", "4"), True),
    ("Skip this step if it is done.", (), False),
    ("This step is only needed if the stick is new.", (), True),
    ("Step 3 is not necessary unless the disk is old.", ("3",), True),
]


@pytest.mark.parametrize(("text", "steps", "wanted"), SKIPS)
def test_a_step_that_may_be_left_out_is_named_with_its_condition(
    text: str, steps: tuple[str, ...], wanted: bool
) -> None:
    [said] = clauses(text)

    assert isinstance(said, Skip)
    assert (said.steps, said.wanted) == (steps, wanted)


UNCLEAR = [
    "Stop the job and page the owner if it fails twice.",
    "Offer a voucher (only for premium customers) and log the call.",
    "Increase the limit to 100, or to 200 if the customer has the large plan.",
    "The exception is production access, which the security team approves.",
    "This must not happen before the backup is complete.",
    "Abort the backup job if it runs over an hour.",
    "In case of an error at any point, uncordon the node.",
]


@pytest.mark.parametrize("text", UNCLEAR)
def test_what_limits_and_is_not_understood_is_an_open_question(text: str) -> None:
    asked = [each.why for each in every(clauses(text)) if isinstance(each, Do)]

    assert asked and all(asked)


def test_a_sentence_of_several_acts_is_several_steps() -> None:
    said = clauses("Drain the node, reboot it and uncordon it.")

    assert [each.text for each in said] == ["Drain the node", "Reboot it", "Uncordon it."]


def test_words_joined_by_and_that_are_nouns_are_no_acts() -> None:
    assert len(clauses("Read the logs, test results and reports.")) == 1


def test_another_way_names_its_own_steps() -> None:
    [said] = clauses("Alternatively, reboot the node.")

    assert isinstance(said, Or)
    assert [each.text for each in said.then] == ["Reboot the node."]


@pytest.mark.parametrize("text", ["Note: keep the key.", "Tip: use the short form.", "Example: restart the api."])
def test_a_note_is_no_step(text: str) -> None:
    assert [type(each) for each in clauses(text)] == [Say]


def test_a_note_that_stops_is_read() -> None:
    assert isinstance(clauses("Note: do not proceed if the replica lags.")[0], Fork)
