"""Do language models take no more than a person allows, however many ask at once, on either database?"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from brainops.agents.language.model import LanguageModels
from brainops.brain import Brain
from brainops.errors import BudgetSpent, InvalidInput, NotConfigured, OperationBlocked
from brainops.types import Actor, ActorKind
from tests.conformance.conftest import OpenBrain
from tests.inside import inside, reserve_tokens

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
BERTHA = Actor(kind=ActorKind.AGENT, id="bertha")
DAY = 86_400_000_000
NOON = 20_000 * DAY + DAY // 2
PRICED = LanguageModels(names=("test",), price=(1.0, 10.0))

ASKER = """
import sys
from brainops import Brain
from brainops.agents.language.model import LanguageModels
from brainops.errors import BudgetSpent

with Brain.open(sys.argv[1], namespace="team/a", read=["team/shared"], model="none", background=False) as brain:
    brain.language.use(LanguageModels(names=("test",)))
    said = 0
    for _ in range(12):
        try:
            said += bool(brain.language.complete("x" * 700, purpose="race", max_tokens=44))
        except BudgetSpent:
            pass
    print(said, brain.language.budget().tokens_today)
"""


def speaking(open_brain: OpenBrain, **options: Any) -> Brain:
    """Return a memory whose person may ask the test model."""
    brain = open_brain(actor=MARTA, **options)
    brain.language.use(PRICED)
    return brain


def test_nothing_is_asked_until_a_person_sets_a_budget(open_brain: OpenBrain) -> None:
    brain = speaking(open_brain)

    with pytest.raises(BudgetSpent, match="brainops language budget"):
        brain.language.complete("hello", purpose="plan")

    assert not brain.language.ready()
    assert brain.language.used(7) == []


def test_what_is_asked_is_written_down_by_day_and_purpose(open_brain: OpenBrain) -> None:
    clock = [NOON]
    brain = speaking(open_brain, clock=lambda: clock[0])
    brain.language.set_budget(cost_a_day=1.0, tokens_a_day=100_000, reason="try it")
    for purpose in ("plan", "plan", "translate"):
        brain.language.complete("hello", purpose=purpose)
    first = brain.language.budget()
    clock[0] += DAY
    brain.language.complete("hello", purpose="plan")

    today, *before = brain.language.used(2)
    assert brain.language.ready()
    assert (today.day, today.purpose, today.calls) == ("2024-10-05", "plan", 1)
    assert {use.purpose: use.calls for use in before} == {"plan": 2, "translate": 1}
    assert [use.day for use in brain.language.used(1)] == ["2024-10-05"]
    assert brain.language.budget().tokens_today == today.input_tokens + today.output_tokens
    assert first.tokens_today == sum(use.input_tokens + use.output_tokens for use in before)
    assert first.cost_today == pytest.approx(sum(use.cost for use in before))
    assert first.cost_today > 0


def test_the_budget_of_a_namespace_is_its_own(open_brain: OpenBrain) -> None:
    speaking(open_brain).language.set_budget(tokens_a_day=1_000_000)
    other = speaking(open_brain, namespace="team/shared", read=[])

    with pytest.raises(BudgetSpent):
        other.language.complete("hello", purpose="plan")


def test_a_budget_in_dollars_is_held(open_brain: OpenBrain) -> None:
    brain = speaking(open_brain)
    brain.language.set_budget(cost_a_day=0.005)

    assert brain.language.complete("hello", purpose="plan", max_tokens=100)
    with pytest.raises(BudgetSpent, match=r"\$0\.005"):
        brain.language.complete("hello", purpose="plan", max_tokens=10_000)


def test_a_price_that_nobody_knows_takes_a_budget_in_tokens(open_brain: OpenBrain) -> None:
    brain = speaking(open_brain)
    brain.language.use(LanguageModels(names=("test",)))
    brain.language.set_budget(cost_a_day=5)

    with pytest.raises(NotConfigured, match="--tokens"):
        brain.language.complete("hello", purpose="plan")


def test_who_sets_a_budget_is_a_person_and_stands_in_the_trail(open_brain: OpenBrain) -> None:
    brain = speaking(open_brain)
    brain.language.set_budget(tokens_a_day=5, reason="a trial")

    with pytest.raises(OperationBlocked, match="agent:bertha may not"):
        open_brain(actor=BERTHA).language.set_budget(tokens_a_day=10**9)
    for wrong in ({}, {"cost_a_day": -1}, {"tokens_a_day": 1.5}, {"cost_a_day": float("nan")}):
        with pytest.raises(InvalidInput):
            brain.language.set_budget(**wrong)
    with inside(brain).store.read() as tx:
        [entry] = [entry for entry in tx.trail.of("team/a") if entry.act == "set-language_budget"]
    assert (entry.actor.id, entry.detail["reason"]) == ("marta", "a trial")


def test_threads_that_ask_at_once_never_take_more_than_the_budget(open_brain: OpenBrain) -> None:
    brain = speaking(open_brain)
    brain.language.set_budget(tokens_a_day=2_500)  # each call sets 1,000 aside

    def ask(_: int) -> bool:
        try:
            return reserve(brain)
        except BudgetSpent:
            return False

    with ThreadPoolExecutor(8) as threads:
        asked = sum(threads.map(ask, range(24)))

    assert asked == 2
    assert brain.language.budget().tokens_today == 2_000


def reserve(brain: Brain) -> bool:
    """Set aside what a call of 700 characters and 44 tokens may take, and never say what it took: as if killed."""
    reserve_tokens(brain, LanguageModels(names=("test",)), "x" * 700, 44)
    return True


def test_processes_that_ask_at_once_never_take_more_than_the_budget(open_brain: OpenBrain, store_url: str) -> None:
    brain = speaking(open_brain)
    brain.language.set_budget(tokens_a_day=2_000)  # each call sets 1,000 aside and takes about 55
    askers = [
        subprocess.Popen([sys.executable, "-c", ASKER, store_url], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [each.communicate(timeout=120)[0].split() for each in askers]

    [use] = brain.language.used()
    assert sum(int(count) for count, _ in said) == use.calls
    assert use.input_tokens + use.output_tokens == brain.language.budget().tokens_today <= 2_000
    assert all(int(tokens) <= 2_000 for _, tokens in said)
