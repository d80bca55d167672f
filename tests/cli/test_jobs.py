"""Does the command line have long work done in the background, and say how far it is?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from tests.cli.conftest import Say


@pytest.fixture
def brain(store: Path) -> Brain:
    return Brain.open(store, namespace="team/shop", read=[], model="none", background=False)


def test_what_takes_long_is_asked_for_in_the_background_and_looked_after(
    say: Say, brain: Brain, tmp_path: Path
) -> None:
    brain.capture("of jo", "x", subject="jo")
    file = tmp_path / "all.jsonl"
    asked = [
        say("audit", "--limit", "5", "--background"),
        say("doctor", "--background"),
        say("reindex", "--background"),
        say("reembed", "--background"),
        say("compact", "--restore", "nothing", "--background"),
        say("export", str(file), "--background"),
        say("purge", "--subject", "jo", "--reason", "asked", "--yes", "--background"),
    ]
    assert [each.code for each in asked] == [0] * 7, [each.err for each in asked]
    assert "waits for one: brainops worker" in asked[0].out

    with brain:
        while brain.jobs.work():
            pass
    listed = say("jobs", "list", "--json").value
    shown = {each["kind"]: say("jobs", "show", each["id"][-6:]).out for each in listed}

    states = {each["kind"]: each["state"] for each in listed}
    failed = {"restore_segment", "reembed"}  # no such segment, and no model
    assert {kind for kind, state in states.items() if state != "succeeded"} == failed, shown
    assert "1 of 1" in shown["reindex"] and file.exists() and "no archive segment" in shown["restore_segment"]
    assert say("jobs", "cancel", listed[0]["id"]).code == 1
    assert say("jobs", "list", "--state", "running").out.strip() == "Nothing goes on in the background."


def test_what_is_done_at_once_goes_on_nowhere(say: Say, brain: Brain) -> None:
    with brain:
        memory = brain.capture("a mug", "x").id

    assert "--restore" in say("compact", "--background").err
    assert "--subject" in say("purge", memory, "--reason", "old", "--yes", "--background").err
    waits = say("doctor", "--background", "--json").value["id"]
    assert say("jobs", "cancel", waits).out.startswith("Cancelled")
