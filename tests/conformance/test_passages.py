"""Is a detail found that stands late in a long text, and does the hit show where?"""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from brainops.brain import Brain
from brainops.memory import passages
from brainops.memory.retrieve import CHARACTERS_A_TOKEN
from brainops.store.schema import migrations
from tests.conformance.conftest import OpenBrain
from tests.conformance.letters import Letters, with_model
from tests.conformance.test_schema import as_owner
from tests.inside import inside

FILLER = "gateway " * 400
LATE = f"{FILLER} zzz zigzag zzz jazz puzzle {FILLER}"
MODEL = "letters-1"
KILLED = """
import os, signal, sys
from brainops.brain import Brain
from tests.conformance.letters import Letters, with_model

brain = with_model(Brain.open(sys.argv[1], namespace="team/a", model="none", background=False), Letters("letters-1"))
brain.upkeep.reembed(progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""


def vectors(brain: Brain) -> int:
    with inside(brain).store.read() as tx:
        return len(tx.session.all("vector_since", model_id=MODEL, after=0, limit=10_000))


def as_an_earlier_program_left_it(brain: Brain, monkeypatch: pytest.MonkeyPatch, dialect: str) -> None:
    """Keep long texts with the vector of their beginning alone, and bring the store to today's schema."""
    with monkeypatch.context() as earlier:
        earlier.setattr(passages, "embedding_texts", lambda title, content: (f"{title}\n{content}"[:4_000],))
        brain.capture_many(brain.draft(f"report {number}", f"{number} {LATE}") for number in range(20))
        brain.capture("short", "as it was")
        brain.upkeep.embed_pending()
    [script] = [script for _, name, script in migrations(dialect) if name == "passages"]
    with as_owner(brain) as connection:
        connection.execute(script)


def test_a_detail_late_in_a_long_text_is_near_and_its_passage_is_shown(open_brain: OpenBrain) -> None:
    brain = with_model(open_brain(), Letters(MODEL))
    brain.capture("long", LATE)
    brain.capture("other", FILLER)
    brain.capture("short", "zz")
    brain.upkeep.embed_pending()

    long, short = (
        next(hit for hit in brain.retrieve("zzz jazz", limit=3) if hit.memory.title == title)
        for title in ("long", "short")
    )

    assert long.passage is not None
    assert "zzz zigzag zzz jazz puzzle" in long.passage
    assert len(long.passage) < len(LATE) / 3
    assert short.passage is None


def test_without_a_model_the_passage_is_the_one_that_has_the_words(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("long", LATE)

    [hit] = brain.retrieve("which puzzle")

    assert hit.passage is not None
    assert "jazz puzzle" in hit.passage


def test_a_budget_takes_passages_and_makes_whole_what_still_fits(open_brain: OpenBrain) -> None:
    brain = open_brain()
    brain.capture("long", LATE)
    brain.capture("also long", f"{FILLER} a puzzle {FILLER}")

    tight = brain.retrieve("puzzle", budget_tokens=800)
    wide = brain.retrieve("puzzle", budget_tokens=2_200)

    assert len(tight) == len(wide) == 2
    assert [hit.memory.content == hit.passage for hit in tight] == [True, True]
    assert [hit.memory.content == hit.passage for hit in wide] == [False, True]
    assert sum(len(hit.memory.title) + len(str(hit.memory.content)) for hit in wide) <= 2_200 * CHARACTERS_A_TOKEN


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"], indirect=True)  # a server's store is one of these
def test_what_an_earlier_program_embedded_gets_its_passages_once(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    model = Letters(MODEL)
    brain = with_model(open_brain(), model)
    as_an_earlier_program_left_it(brain, monkeypatch, dialect)
    assert vectors(brain) == 21

    assert brain.upkeep.reembed() == 20

    assert vectors(brain) == 21 + 20 * (len(passages.embedding_texts("report 1", f"1 {LATE}")) - 1)
    assert brain.upkeep.reembed() == 0
    assert inside(brain).store.upkeep.check() == []


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"], indirect=True)
def test_reembedding_to_passages_goes_on_after_its_process_was_killed(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch, dialect: str, store_url: str
) -> None:
    brain = with_model(open_brain(), Letters(MODEL))
    as_an_earlier_program_left_it(brain, monkeypatch, dialect)

    killed = subprocess.run([sys.executable, "-c", KILLED, store_url], check=False)

    assert killed.returncode == -signal.SIGKILL
    rest = brain.upkeep.reembed()
    assert 0 < rest < 20
    with inside(brain).store.read() as tx:
        assert tx.counts.models() == {MODEL: 21}
    assert inside(brain).store.upkeep.check() == []
