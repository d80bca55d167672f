"""Does a text in plain English become the procedure that its writer meant?"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.errors import InvalidInput, InvalidProcedure
from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.definition.graph import cycle
from brainops.procedures.definition.sources import require_filled
from brainops.procedures.english.draft import NO_STEP, Drafted, read
from brainops.types import StepKind


def names(text: str) -> list[str]:
    return [step.name for step in read(text).procedure.steps]


def carried_out(drafted: Drafted, answers: Mapping[str, str]) -> list[str]:
    """Walk through a procedure as a run does; return the names of the steps that are reached."""
    steps: dict[str, dict[str, object]] = {}
    done: list[str] = []
    for step in drafted.procedure.steps:
        assert all(need in steps for need in step.needs)
        reached = step.condition is None or compiled(step.condition, condition=True).evaluate({"steps": steps}) is True
        output = {"answer": answers.get(step.name, "yes")} if reached else None
        steps[step.id] = {"succeeded": reached, "output": output, "state": "succeeded" if reached else "skipped"}
        if reached:
            done.append(step.name)
    return done


def test_a_list_is_steps_in_order() -> None:
    drafted = read("# Restart\n\n1. Drain the node.\n2. Restart the node.\n3. Uncordon the node.\n")

    assert [step.name for step in drafted.procedure.steps] == [
        "Drain the node",
        "Restart the node",
        "Uncordon the node",
    ]
    assert [step.needs for step in drafted.procedure.steps] == [(), ("drain_the_node",), ("restart_the_node",)]
    assert drafted.procedure.name == "restart"


def test_every_step_is_done_by_a_person_and_commands_are_only_suggested() -> None:
    drafted = read("Run this:\n\n```sh\nkubectl get pods\n```\n\nRestart it with `systemctl restart api`.\n")

    assert {step.action.uses for step in drafted.procedure.steps} == {StepKind.MANUAL}
    assert ["kubectl get pods" in step.text for step in drafted.procedure.steps] == [True, False]
    assert all("nothing runs it by itself" in step.text for step in drafted.procedure.steps)


def test_output_in_a_code_block_is_no_command() -> None:
    drafted = read("1. Look at the log.\n\n   ```text\n   level=error something\n   ```\n")

    assert len(drafted.procedure.steps) == 1
    assert "nothing runs it" not in drafted.procedure.steps[0].text


def test_a_condition_is_a_question_with_two_ways() -> None:
    drafted = read("- If the queue is full, purge the queue.\n- Otherwise, wait ten minutes.\n- Close the ticket.\n")
    question = drafted.procedure.steps[0]

    assert question.name == "The queue is full?"
    assert question.verify is not None and "yes" in str(question.verify.condition)
    assert carried_out(drafted, {"The queue is full?": "yes"}) == [question.name, "Purge the queue", "Close the ticket"]
    assert carried_out(drafted, {"The queue is full?": "no"}) == [question.name, "Wait ten minutes", "Close the ticket"]


def test_what_both_ways_lead_to_has_no_condition() -> None:
    drafted = read("1. If the lamp is lit, dim the lamp; otherwise light the lamp.\n2. Close the door.\n")

    assert [step.condition is None for step in drafted.procedure.steps] == [True, False, False, True]


def test_the_contrary_is_the_same_question() -> None:
    text = "**If the light is ON:**\n- Press the button.\n\n**If the light is OFF:**\n- Replace the bulb.\n"

    assert names(text) == ["The light is ON?", "Press the button", "Replace the bulb"]


def test_conditions_on_one_thing_exclude_each_other_only_where_an_otherwise_says_so() -> None:
    text = "- If the card is missing, insert it.\n- If the card is locked, call the bank.\n"
    missing = {"The card is missing?": "yes"}

    assert "The card is locked?" in carried_out(read(text), missing)
    assert carried_out(read(f"{text}- Otherwise, call Tom.\n"), missing) == ["The card is missing?", "Insert it"]


def test_conditions_on_different_things_are_asked_one_after_the_other() -> None:
    drafted = read("- If the disk is full, delete the logs.\n- If the network is slow, restart the router.\n")

    assert len(carried_out(drafted, {})) == 4


def test_nested_lists_are_branches_of_their_condition() -> None:
    text = (
        "1. If the build fails:\n   - Read the log.\n   - If a test fails:\n     - Fix the test.\n"
        "2. Publish the build.\n"
    )
    drafted = read(text)

    assert carried_out(drafted, {"The build fails?": "no"}) == ["The build fails?", "Publish the build"]
    assert "Fix the test" in carried_out(drafted, {})
    assert "Fix the test" not in carried_out(drafted, {"A test fails?": "no"})


def test_a_question_takes_its_answers_from_below() -> None:
    text = (
        "1. Is the customer new?\n   - Yes: create an account and go to step 3.\n   - No: look up the account.\n"
        "2. Check the balance.\n3. Greet the customer.\n"
    )
    new, known = carried_out(read(text), {}), carried_out(read(text), {"Is the customer new?": "no"})

    assert new == ["Is the customer new?", "Create an account", "Greet the customer"]
    assert known == ["Is the customer new?", "Look up the account", "Check the balance", "Greet the customer"]


def test_if_not_answers_the_check_before_it() -> None:
    drafted = read("1. Check if the pump runs. If not, start the pump.\n2. Open the valve.\n")

    assert carried_out(drafted, {"The pump runs?": "no"})[-2:] == ["Start the pump", "Open the valve"]
    assert "Start the pump" not in carried_out(drafted, {"The pump runs?": "yes"})


def test_unless_is_a_question_whose_no_goes_on() -> None:
    drafted = read("1. Stop the job.\n2. Unless the job is broken, start it again.\n")

    assert "Start it again" not in carried_out(drafted, {"The job is broken?": "yes"})
    assert "Start it again" in carried_out(drafted, {"The job is broken?": "no"})


def test_before_comes_before_wherever_it_is_written() -> None:
    assert names("Restart the database. Before restarting the database, take a backup.") == [
        "Take a backup",
        "Restart the database",
    ]
    assert names("Before restarting the database, take a backup.") == ["Take a backup", "Restart the database"]


def test_after_comes_after() -> None:
    assert names("Kill the queries after asking the owner.") == ["Ask the owner", "Kill the queries"]


def test_a_reference_leads_on() -> None:
    text = "1. If the alarm is silent, go to step 3.\n2. Call the guard.\n3. Write the report.\n"

    assert "Call the guard" not in carried_out(read(text), {})
    assert "Call the guard" in carried_out(read(text), {"The alarm is silent?": "no"})


def test_a_reference_by_section_leads_to_the_section() -> None:
    text = (
        "## Step 1: Look\nLook at the panel.\n\n- If the panel is red, proceed to Step 3.\n\n"
        "## Step 2: Wait\nWait a minute.\n\n## Step 3: Call\nCall the plant.\n"
    )

    assert "Wait" not in carried_out(read(text), {})


def test_a_way_back_is_a_note_and_no_cycle() -> None:
    drafted = read("1. Start the engine.\n2. Check if it runs. If not, go back to step 1.\n3. Drive off.\n")

    assert cycle(drafted.procedure.steps) == ()
    assert [edge.answer for edge in drafted.flow.loops] == ["no"]
    assert any("goes back to 'Start the engine'" in note.why for note in drafted.notes)
    assert "Drive off" not in carried_out(drafted, {"It runs?": "no"})


def test_a_reference_to_nowhere_is_a_question_to_the_author() -> None:
    drafted = read("1. Weigh the parcel.\n2. Go to step 9.\n")

    assert names("1. Weigh the parcel.\n2. Go to step 9.\n")[-1] == "Go to step 9"
    assert [question.text for question in drafted.questions] == ["Go to step 9."]


def test_a_hand_over_in_a_branch_ends_there() -> None:
    drafted = read("1. If the seal is broken, escalate to the quality team.\n2. Ship the parcel.\n")

    assert carried_out(drafted, {}) == ["The seal is broken?", "Escalate to the quality team"]
    assert carried_out(drafted, {"The seal is broken?": "no"}) == ["The seal is broken?", "Ship the parcel"]


def test_a_check_that_it_is_solved_ends_a_branch_but_not_what_is_done_in_any_case() -> None:
    text = (
        "- If the queue is full:\n  - Purge the queue.\n  - Check if the alert is cleared.\n"
        "- Restart the consumer.\n\nDocument the incident.\n"
    )
    drafted = read(text)

    solved = carried_out(drafted, {})
    assert "Restart the consumer" not in solved
    assert solved[-1] == "Document the incident"
    assert "Restart the consumer" in carried_out(drafted, {"The alert is cleared?": "no"})


def test_still_not_resolved_goes_on_from_the_check_before_it() -> None:
    drafted = read(
        "- Restart the modem.\n- Check if the connection is restored.\n\nIf still not resolved, replace the modem.\n"
    )

    assert "Replace the modem" not in carried_out(drafted, {})
    assert "Replace the modem" in carried_out(drafted, {"The connection is restored?": "no"})


def test_of_alternatives_one_is_taken() -> None:
    text = "## Option A: By train\nBuy a ticket.\n\n## Option B: By car\nRent a car.\n"

    assert "Rent a car" not in carried_out(read(text), {})


def test_a_rollback_is_read_only_when_it_is_needed() -> None:
    drafted = read("# Deploy\n\n## Steps\n1. Deploy the release.\n\n## Rollback\n1. Deploy the release before.\n")

    assert carried_out(drafted, {"A rollback is needed?": "no"})[-1] == "A rollback is needed?"


def test_sections_that_explain_are_no_steps() -> None:
    drafted = read("# Audit\n\n## Purpose\nCheck every year that nobody lies.\n\n## Procedure\n1. Collect the books.\n")

    assert [step.name for step in drafted.procedure.steps] == ["Collect the books"]
    assert "nobody lies" in drafted.procedure.description


def test_a_question_that_decides_nothing_is_left_out_and_told() -> None:
    drafted = read("1. If the mode is set, proceed to step 2.\n2. Print the page.\n")

    assert [step.name for step in drafted.procedure.steps] == ["Print the page"]
    assert any("decides nothing" in note.why for note in drafted.notes)


def test_the_whole_text_stays_as_prose() -> None:
    text = "# Title\n\nSome background.\n\n1. Do it.\n"

    assert read(text).procedure.prose == text.strip()


def test_the_same_text_gives_the_same_procedure() -> None:
    text = "1. Check if it runs. If not, start it.\n2. Go to step 1.\n"

    assert read(text) == read(text)


def test_it_is_read_back_as_text_and_as_a_picture() -> None:
    drafted = read("1. If the pod is down, restart it.\n2. Close the ticket.\n")

    assert "1. The pod is down?   [yes: 2; no: 3]" in drafted.text()
    assert "|yes|" in drafted.picture() and drafted.picture().startswith("flowchart TD")


def test_a_picture_shows_text_and_runs_nothing() -> None:
    assert '"]' not in read('1. Open the "box"] --> evil["x"].\n').picture().splitlines()[2][:-2]


def test_a_name_is_taken_as_it_is_given() -> None:
    assert read("1. Go home.", name="Close The Shop").procedure.name == "close-the-shop"


@pytest.mark.parametrize(
    "text",
    ["The sky was blue that day.", "| Who | When |\n|---|---|\n| Bob | noon |\n"],
)
def test_a_text_without_steps_asks_what_is_to_be_done(text: str) -> None:
    drafted = read(text)

    assert [question.why for question in drafted.questions] == [NO_STEP]
    with pytest.raises(InvalidProcedure):
        require_filled(drafted.procedure)


def test_a_question_that_hangs_on_a_condition_holds_the_draft_back() -> None:
    drafted = read("1. Close the ticket and stop here.\n2. If the sum is over 100, ask the boss.\n")

    assert drafted.questions
    with pytest.raises(InvalidProcedure):
        require_filled(drafted.procedure)


@pytest.mark.parametrize("count", [204, 700])
def test_a_text_of_more_steps_than_a_procedure_holds_cannot_be_activated(count: int) -> None:
    text = "".join(f"- Restart node {number}.\n" for number in range(count))
    drafted = read(f"{text}- If the disk is full, ask the boss.\n")

    assert any("left out" in question.why for question in drafted.questions)
    with pytest.raises(InvalidProcedure):
        require_filled(drafted.procedure)


def test_no_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no text"):
        read(" \n\x00")


def test_too_long_a_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at most"):
        read("x" * 300_000)


def test_more_steps_than_a_procedure_may_have_are_told() -> None:
    drafted = read("\n".join(f"{number}. Close door {number}." for number in range(1, 260)))

    assert len(drafted.procedure.steps) == 200
    assert sum("left out" in note.why for note in drafted.notes) == 59


# With a language model


def test_a_models_draft_is_taken_when_it_passes_the_checks() -> None:
    steps = [
        {"id": "look", "name": "Is it on?", "needs": []},
        {"id": "push", "needs": ["look"], "if": 'steps.look.output.answer == "no"'},
    ]
    drafted = read("Push it unless it is on.", model=lambda _: f"Here: {json.dumps({'steps': steps})} done")

    assert drafted.by == "model"
    assert [step.id for step in drafted.procedure.steps] == ["look", "push"]
    assert drafted.procedure.steps[0].verify is not None


def test_a_models_steps_are_always_manual() -> None:
    answer = json.dumps({"steps": [{"id": "a", "uses": "command", "run": "rm -rf /", "name": "Clean"}]})
    drafted = read("Clean up.", model=lambda _: answer)

    assert drafted.by == "model"
    assert drafted.procedure.steps[0].action.uses is StepKind.MANUAL
    assert drafted.procedure.steps[0].action.parameters == {}


BAD = [
    "I cannot do that.",
    "{",
    "[]",
    '{"steps": []}',
    '{"steps": ["x"]}',
    '{"steps": [{"id": "a", "needs": ["b"]}, {"id": "b", "needs": ["a"]}]}',
    '{"steps": [{"id": "a", "needs": ["nobody"]}]}',
    '{"steps": [{"id": "a", "if": "steps.zzz.output.answer =="}]}',
    "",
]


@pytest.mark.parametrize("answer", BAD)
def test_on_an_invalid_answer_the_rules_draft_stands(answer: str) -> None:
    drafted = read("1. Close the door.\n", model=lambda _: answer)

    assert drafted.by == "rules"
    assert [step.name for step in drafted.procedure.steps] == ["Close the door"]
    assert "model's draft was not taken" in drafted.notes[0].why


DROPS = {"steps": [{"id": "drop", "name": "Drop the table", "text": "Drop the table."}]}
TURNS = {
    "steps": [
        {"id": "drop", "name": "Drop the table"},
        {"id": "backup", "name": "Take a backup", "needs": ["drop"]},
    ]
}


@pytest.mark.parametrize(
    ("text", "answer", "why"),
    [
        ("Do not continue if the dump is old. Drop the table.", DROPS, "leaves out"),
        ("1. Take a backup.\n2. Drop the table.", TURNS, "before"),
        ("The exception is the audit table, which stays. Drop the table.", DROPS, "leaves out"),
    ],
)
def test_a_models_draft_that_drops_a_condition_or_turns_an_order_is_not_taken(
    text: str, answer: Mapping[str, object], why: str
) -> None:
    drafted = read(text, model=lambda _: json.dumps(answer))

    assert drafted.by == "rules"
    assert why in drafted.notes[0].why


# Questions to the author

UNCLEAR = "1. Approve the request.\n2. The exception is production access.\n3. Otherwise log it.\n"


def test_what_is_not_understood_is_asked_in_its_place_with_its_own_words() -> None:
    drafted = read(UNCLEAR)

    assert [(each.number, each.line, each.text) for each in drafted.questions] == [
        (1, 2, "The exception is production access."),
        (2, 3, "Otherwise log it."),
    ]
    assert [step.text.startswith("[open question]") for step in drafted.procedure.steps] == [False, True, True]


def test_an_answer_is_read_in_place_of_the_words_it_answers() -> None:
    drafted = read(UNCLEAR, answers={"1": "If it is about production, ask the security team.", "2": "step"})

    assert drafted.questions == ()
    assert [step.name for step in drafted.procedure.steps] == [
        "Approve the request",
        "It is about production?",
        "Ask the security team",
        "Otherwise log it",
    ]
    assert "If it is about production" in drafted.procedure.prose


def test_a_sentence_that_only_explains_is_answered_by_note() -> None:
    drafted = read(UNCLEAR, answers={"1": "note", "2": "Log it."})

    assert [step.name for step in drafted.procedure.steps] == ["Approve the request", "Log it"]
    assert drafted.questions == ()


@pytest.mark.parametrize(("answers", "said"), [({"3": "note"}, "no open question 3"), ({"1": " "}, "empty answer")])
def test_an_answer_to_no_question_and_an_empty_one_are_refused(answers: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(UNCLEAR, answers=answers)


# Properties

WORDS = st.sampled_from(
    "if unless otherwise then before after until go to step 1 2 3 the pod is down not restart check whether it "
    "works escalate stop yes: no: repeat see Path A `kubectl get` , . : ; ? - ** # ( ) -> still resolved".split()
)
LINES = st.builds(
    lambda lead, parts: lead + " ".join(parts),
    st.sampled_from(
        ["", "# ", "## ", "### Step 1: ", "- ", "1. ", "2. ", "   - ", "  a. ", "    ", "> ", "```", "**If ", "| "]
    ),
    st.lists(WORDS, max_size=10),
)


def says_something(text: str) -> bool:
    return bool(text.replace("\x00", "").strip())


def holds_together(text: str) -> None:
    drafted = read(text)
    procedure = drafted.procedure

    assert cycle(procedure.steps) == ()
    assert all(compiled(step.condition, condition=True).portable for step in procedure.steps if step.condition)
    told = " ".join([procedure.prose, *(note.text for note in drafted.notes), *(step.text for step in procedure.steps)])
    assert all(line.strip() in told for line in procedure.prose.splitlines())
    assert drafted.text()
    assert drafted.picture()
    carried_out(drafted, {})


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=14).map("\n".join).filter(says_something))
def test_any_mixture_of_its_words_is_a_valid_procedure(text: str) -> None:
    holds_together(text)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400).filter(says_something))
def test_any_text_is_a_valid_procedure(text: str) -> None:
    holds_together(text)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=14).map("\n".join).filter(says_something))
def test_every_line_is_found_back(text: str) -> None:
    drafted = read(text)

    kept = set(drafted.procedure.prose.replace("\r", "\n").split("\n"))
    assert all(line in kept or not line.strip() or line.strip() in drafted.procedure.prose for line in text.split("\n"))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.lists(LINES, min_size=1, max_size=6).map("\n".join).filter(says_something))
def test_no_answer_of_a_model_breaks_it(answer: str, text: str) -> None:
    assert read(text, model=lambda _: answer).procedure


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=8).map("\n".join).filter(says_something))
def test_the_words_of_every_question_stand_in_the_text(text: str) -> None:
    drafted = read(text)

    told = set(re.findall(r"\w+", drafted.procedure.prose.lower()))
    assert all(set(re.findall(r"\w+", each.text.lower())) <= told for each in drafted.questions)


LONG = (
    "Before a deploy, take a backup of the orders database. If the backup fails, call the database team and stop. "
    "Once the error rate is below 1 %, close the incident; otherwise roll back. Wait for an answer before you go on. "
)


def calls_made(text: str) -> int:
    """Return how many Python functions are called while a text is read: work that no loaded machine changes."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"

    sys.setprofile(count)
    try:
        read(text)
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("text", [LONG, "- Restart node a1 before you drain b2.\n", "1. Go to step 3 if it fails.\n"])
def test_a_text_four_times_as_long_takes_about_four_times_the_work(text: str) -> None:
    short, long = (calls_made((text * (size // len(text) + 1))[:size]) for size in (15_000, 60_000))

    assert long < 6 * short


def test_what_a_text_tells_beyond_one_procedure_is_noted_and_stays_in_the_prose() -> None:
    drafted = read("".join(f"- Restart node {number}.\n" for number in range(700)))

    assert len(drafted.procedure.steps) == 200
    assert "Restart node 699" in drafted.procedure.prose
    assert any("the text tells more than one procedure holds" in str(note) for note in drafted.notes)
