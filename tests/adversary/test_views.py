"""Does an agent that was handed a view get from it to anything that the view may not do?"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven, BrainOpsError, NamespaceDenied
from brainops.memory.context import AtHand, MemoryContext
from brainops.operations.recorder import Recorder
from brainops.procedures.consent import approvers
from brainops.services import Services
from brainops.store import Store, Transaction
from brainops.types import Actor, ActorKind

OWNER = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
SERVICE = Actor(kind=ActorKind.SERVICE, id="portal")
AGENT = Actor(kind=ActorKind.AGENT, id="claude-code")
INSIDE = (AtHand, Engine, MemoryContext, Recorder, Services, Store, Transaction)
LEVELS = 4


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brain]:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    place = tmp_path / "memory.db"
    with Brain.open(place, namespace="team/shop", read=["team"], model="none", actor=OWNER, background=False) as brain:
        brain.approvals.approvers.enrol("marta", passphrase="seven quiet herons at dusk")
        brain.guard.set_enforcement("strict", reason="we hold")
        yield brain


@pytest.fixture
def agent(owner: Brain) -> Brain:
    return owner.acting(actor=AGENT, session="theirs")


def test_no_public_attribute_leads_from_a_view_to_what_is_inside(agent: Brain) -> None:
    agent.capture("gateway", "slow on Mondays")
    met, reached = {id(agent)}, [agent]
    for _ in range(LEVELS):
        further = [each for one in reached for each in attributes(one) if id(each) not in met]
        met |= {id(each) for each in further}
        reached = further

        assert not [each for each in further if isinstance(each, INSIDE)]


def attributes(one: Any) -> Iterator[Any]:
    """Yield the public attributes of an object, and what those methods return that want nothing."""
    for name in dir(one):
        if name.startswith("_") or name in ("begin", "close", "nudge", "stop"):
            continue
        try:
            value = getattr(one, name)
            yield value() if isinstance(value, types.MethodType) and wants_nothing(value) else value
        except (BrainOpsError, ValueError, TypeError):
            continue


def wants_nothing(method: Any) -> bool:
    """Say whether a method of ours can be called as it is; a loop would not return."""
    named = inspect.signature(method).parameters.values()
    ours = type(method.__self__).__module__.startswith("brainops.")
    return ours and method.__name__ not in ("run", "wake") and all(each.default is not each.empty for each in named)


@pytest.mark.parametrize(
    "less",
    [
        {"actor": OWNER},
        {"actor": Actor(kind=ActorKind.PERSON, id="somebody")},
        {"actor": SERVICE},
        {"actor": Actor(kind=ActorKind.SERVICE, id="brainops", proof="program")},
        {"actor": Actor(kind=ActorKind.AGENT, id="another")},
        {"actor": Actor(kind=ActorKind.AGENT, id="claude-code", proof="os-user")},
        {"namespace": "team"},
        {"namespace": "elsewhere"},
        {"read": ["elsewhere"]},
        {"read": ["team", "personal"]},
        {"session": "another"},
    ],
)
def test_a_view_of_an_agents_view_is_never_more(agent: Brain, less: dict[str, Any]) -> None:
    with pytest.raises((ApprovalUnproven, NamespaceDenied)):
        agent.acting(**less)


def test_what_is_left_out_stays_as_it_was(agent: Brain) -> None:
    again = agent.acting().acting(read=[])

    assert again.settings.actor == AGENT
    assert again.settings.namespace == "team/shop"
    assert again.settings.read == ("team/shop",)
    assert again.settings.session == "theirs"
    with pytest.raises(NamespaceDenied):
        again.acting(read=["team"])


def test_a_person_acts_as_less_and_nobody_as_more(owner: Brain) -> None:
    service = owner.acting(actor=SERVICE)

    assert service.acting(actor=AGENT).settings.actor == AGENT
    assert owner.acting(namespace="team").settings.namespace == "team"
    for more in (OWNER, Actor(kind=ActorKind.PERSON, id="ines"), Actor(kind=ActorKind.SERVICE, id="another")):
        with pytest.raises(ApprovalUnproven):
            service.acting(actor=more)
    with pytest.raises(ApprovalUnproven):
        owner.acting(actor=Actor(kind=ActorKind.PERSON, id="ines"))


def test_no_view_opens_a_memory(agent: Brain) -> None:
    assert not hasattr(agent, "open")


def test_the_loop_that_a_view_makes_removes_no_runs_for_it(owner: Brain, agent: Brain) -> None:
    owner.procedures.save({"name": "look", "steps": [{"id": "see", "uses": "manual", "with": {"instructions": "x"}}]})
    owner.procedures.activate("look")
    run = owner.runs.start("look")
    owner.runs.cancel(run.id)

    agent.workers.dispatcher(keep_days=0).sweep()

    assert owner.runs.get(run.id).id == run.id
