"""Is each change of the system listed with its evidence, and taken back by one command?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.types import Actor, ActorKind, ApplicationState, FixMode
from tests.cli.conftest import Say
from tests.inside import inside

PERSON = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")


@pytest.fixture
def brain(store: Path) -> Brain:
    """A memory in which a fix has earned it to be applied by itself."""
    opened = Brain.open(store, namespace="team/shop", model="none", background=False, actor=PERSON)
    fix = opened.fixes.attach("ValueError: full", "empty the bin", command=["true"])
    with inside(opened).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        for _ in range(30):
            at = inside(opened).store.now()
            tx.fixes.add_application(
                application_of(fix, ApplicationState.VERIFIED, PERSON, at, decided_at=at, verified_by="check")
            )
    opened.learning.run("hourly", early=True)
    return opened


def test_with_nothing_changed_it_says_so(say: Say) -> None:
    said = say("improvements")

    assert said.code == 0
    assert "Nothing was changed" in said.out
    assert "autonomy" in said.out


def test_a_change_is_listed_shown_applied_and_undone(say: Say, brain: Brain) -> None:
    (found,) = brain.improvements.list()
    listed, shown = say("improvements"), say("improvements", "show", found.id)
    applied = say("improvements", "apply", found.id, "--reason", "I looked")
    mode = brain.fixes.get(found.subject).mode

    undone = say("improvements", "undo", found.id)

    assert "empty the bin" in listed.out
    assert "proposed" in listed.out
    assert len(listed.out.splitlines()) <= 24
    assert '-  "mode": "suggest"' in shown.out
    assert '+  "mode": "auto"' in shown.out
    assert "verified: 30" in shown.out
    assert f"brainops improvements undo {found.id[-6:]}" in applied.out
    assert mode is FixMode.AUTO
    assert undone.code == 0
    assert brain.fixes.get(found.subject).mode is FixMode.SUGGEST


def test_a_program_reads_it_as_json(say: Say, brain: Brain) -> None:
    (found,) = brain.improvements.list()

    value = say("improvements", "show", found.id, "--json").value

    assert value["state"] == "proposed"
    assert value["before"] == {"mode": "suggest"}
    assert value["evidence"]["verified"] == 30


def test_a_veto_stands(say: Say, brain: Brain) -> None:
    (found,) = brain.improvements.list()
    say("improvements", "veto", found.id, "--reason", "not here")

    said = say("improvements", "apply", found.id)

    assert said.code == 1
    assert "rejected" in said.err


def test_an_unknown_id_ends_in_one_line(say: Say) -> None:
    said = say("improvements", "show", "nothing")

    assert said.code == 1
    assert "no improvement" in said.err
