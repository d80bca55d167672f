"""Does the command line set what language models may take, and show what they took?"""

from __future__ import annotations

from pathlib import Path

import pytest

from brainops.brain import Brain
from tests.cli.conftest import Say
from tests.cli.terminal import people_only


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no mark of an agent be around."""
    monkeypatch.setattr("os.environ", people_only())


def test_nothing_may_be_taken_until_somebody_says_so(say: Say, store: Path, person: None) -> None:
    before = say("language", "budget")
    set_ = say("language", "budget", "--cost", "1", "--reason", "a trial")
    both = say("language", "budget", "--tokens", "200000", "--json")

    assert "no budget is set (brainops language budget)" in before.out
    assert "$0.0000 of $1 and 0 tokens taken today" in set_.out
    assert (both.value["cost_a_day"], both.value["tokens_a_day"]) == (1.0, 200_000)
    assert "of $1 and 0 of 200,000 tokens taken today" in say("status").out


def test_what_was_taken_is_shown_by_purpose(say: Say, store: Path, person: None) -> None:
    from brainops.agents.language.model import LanguageModels

    assert "no language model was asked" in say("language", "used").out
    with Brain.open(background=False) as brain:
        brain.language.use(LanguageModels(names=("test",), price=(1.0, 10.0)))
        brain.language.set_budget(tokens_a_day=20_000)
        brain.language.complete("hello", purpose="plan a workflow")

    assert "plan a workflow" in say("language", "used").out
    assert say("language", "used", "--json").value[0]["calls"] == 1
    assert "$0.0001" in say("status").out


def test_an_agent_does_not_set_what_it_may_spend(say: Say, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAINOPS_ACTOR", "agent:bertha")
    refused = say("language", "budget", "--cost", "100")

    assert refused.code == 1
    assert "to set what language models may take takes a person" in " ".join(refused.err.split())
