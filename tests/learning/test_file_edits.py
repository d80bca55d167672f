"""Does a rule change only what it means to in a file that somebody wrote by hand?"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from brainops.learning.code.file_edits import edited
from brainops.procedures.definition.parse import parse
from brainops.types import Procedure, Retry, Step

TEXT = """\
---
name: deploy
# the team's own words
steps:
  - id: build
    run: [make]   # slow
    timeout-minutes: 10
    retry:
      attempts: 3
      wait-seconds: 5

  - id: check
    uses: check
    with: {condition: "true"}
---

Deploy with care.
"""


def changed(step_id: str, **fields: object) -> tuple[Procedure, Procedure]:
    before = parse(TEXT, "")

    def of(step: Step) -> Step:
        return replace(step, **fields) if step.id == step_id else step

    return before, replace(before, steps=tuple(of(step) for step in before.steps))


@pytest.mark.parametrize(
    ("step_id", "fields", "lines"),
    [
        ("build", {"timeout_seconds": 1200.0}, {"-    timeout-minutes: 10", "+    timeout-minutes: 20"}),
        ("check", {"timeout_seconds": 45.0}, {"+    timeout-seconds: 45"}),
        ("build", {"retry": Retry()}, {"-    retry:", "-      attempts: 3", "-      wait-seconds: 5"}),
        ("check", {"retry": Retry(attempts=3)}, {"+    retry: {attempts: 3}"}),
    ],
)
def test_only_the_lines_that_say_it_change(step_id: str, fields: dict[str, object], lines: set[str]) -> None:
    import difflib

    said = edited(TEXT, *changed(step_id, **fields))

    assert said is not None
    difference = list(difflib.unified_diff(TEXT.split("\n"), said.split("\n"), lineterm="", n=0))[2:]
    assert {line for line in difference if not line.startswith("@@")} == lines


def test_what_is_more_than_that_is_not_edited() -> None:
    assert edited(TEXT, *changed("build", continue_on_error=True)) is None


def test_a_text_that_is_written_otherwise_is_not_edited() -> None:
    before, after = changed("build", timeout_seconds=1200.0)
    text = TEXT.replace("- id: build", "- {id: build,").replace("    run: [make]   # slow", "     run: [make],")

    assert edited(text, before, after) is None
