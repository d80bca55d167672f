"""Is each text of everyday style read as its writer meant it, and is what is not read so a question?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from brainops.procedures.conditions.conditions import compile as compiled
from brainops.procedures.english.draft import Drafted, read

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
