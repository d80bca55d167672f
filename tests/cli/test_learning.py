"""What do people see of learning? The commands learn, cycles and insights."""

from __future__ import annotations

from pathlib import Path

from brainops.brain import Brain
from brainops.types import Cycle
from tests.cli.conftest import Say
from tests.inside import inside


def test_learn_runs_what_is_due_and_shows_the_last_reports_after_that(say: Say) -> None:
    first, again = say("learn"), say("learn", "daily")

    assert (first.code, again.code) == (0, 0)
    assert "Five minutes" in first.out
    assert again.out.startswith("Nothing was due")
    assert "Daily" in again.out


def test_learn_early_runs_a_cycle_that_is_not_due(say: Say) -> None:
    say("learn")
    ran = say("learn", "hourly", "--early", "--json")

    assert [report["cycle"] for report in ran.value] == ["hourly"]
    assert "Nothing was due" not in say("learn", "hourly", "--early").out


def test_cycles_says_when_each_ran_is_due_and_what_it_does(say: Say, store: Path) -> None:
    before, _, after = say("cycles"), say("learn"), say("cycles")
    with Brain.open(store, background=False) as brain:
        whats = [part.what for cycle in Cycle for part in inside(brain).services.learning.parts(cycle)]

    assert "never ran, is due now" in before.out
    assert "due in" in after.out
    said = " ".join(after.out.split()).lower()
    assert all(" ".join(what.split()).lower() in said for what in whats)


def test_other_commands_run_no_cycle(say: Say) -> None:
    say("capture", "a title", "some text")
    say("status")

    assert all(each["ran_at"] is None for each in say("cycles", "--json").value)


def test_insights_says_where_they_come_from_while_there_is_none(say: Say) -> None:
    said = say("insights")

    assert "No insight holds" in said.out
    assert "brainops learn" in said.out
