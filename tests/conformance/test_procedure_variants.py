"""Does a procedure become what people make of it each time, on evidence, and back to the letter?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.learning.improvements.versions import side
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.types import (
    Actor,
    ActorKind,
    Improvement,
    ImprovementKind,
    ImprovementState,
    ProcedureState,
    RunState,
    Trust,
)
from tests.conformance.conftest import OpenBrain
from tests.conformance.test_improvements import PERSON, Clock
from tests.inside import inside

AGENT = Actor(kind=ActorKind.AGENT, id="coder")
HOUR = 3_600.0


@dataclass
class Cache:
    """Something that breaks before each run, and that one act mends."""

    clock: Clock
    warm: bool = False

    def start(self, given: Mapping[str, Any]) -> str:
        self.clock.later(5)
        if not self.warm:
            raise RuntimeError("the cache is cold")
        return "started"

    def mend(self, given: Mapping[str, Any]) -> str:
        self.warm = True
        return "mended"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> Cache:
    return Cache(clock)


@pytest.fixture
def brain(open_brain: OpenBrain, clock: Clock, cache: Cache) -> Brain:
    return opened(open_brain, clock, cache, PERSON)


def opened(open_brain: OpenBrain, clock: Clock, cache: Cache, actor: Actor) -> Brain:
    found = open_brain(clock=clock, actor=actor)
    found.calls.register("shop.start", cache.start)
    found.calls.register("shop.mend", cache.mend)
    if actor is PERSON:
        found.guard.set_autonomy("auto")
        found.establish(calling("serve", "start"))
        found.establish(calling("mend", "mend"))
    return found


def calling(name: str, function: str, **fields: Any) -> dict[str, Any]:
    step = {"id": function, "uses": "call", "with": {"function": f"shop.{function}", "arguments": {}}}
    return {"name": name, "description": f"It is {name}.", "steps": [step], **fields}


def worked(brain: Brain, cache: Cache, times: int, *, until: ImprovementState | None = None) -> None:
    """Serve, and mend by hand where that fails, as people do."""
    for number in range(times):
        cache.warm = False
        if brain.runs.start("serve", target=f"shop-{number}").state is RunState.FAILED:
            cache.clock.later(60)
            brain.execute("mend", target=f"shop-{number}")
        cache.clock.later(HOUR)
        if until is not None and number % 5 == 4:
            brain.improvements.watch()
            if found(brain).state is until:
                return


def found(brain: Brain) -> Improvement:
    (only,) = brain.improvements.list(kind=ImprovementKind.PROCEDURE)
    return only


def mined(brain: Brain, cache: Cache) -> Improvement:
    worked(brain, cache, 12)
    assert brain.learning.run("daily", early=True) is not None
    return found(brain)


def test_a_repair_that_people_do_each_time_is_tried_promoted_and_taken_back_exactly(brain: Brain, cache: Cache) -> None:
    before = brain.procedures.get("serve")
    proposed = mined(brain, cache)

    worked(brain, cache, 200, until=ImprovementState.APPLIED)
    applied, active = found(brain), brain.procedures.get("serve")
    brain.improvements.undo(applied.id, reason="we mend it ourselves")

    assert proposed.title == "serve: do execute mend where step start fails, then do it again"
    assert proposed.evidence["runs"] == 12
    assert proposed.trust is Trust.VERIFIED
    assert applied.by_itself
    assert applied.probability_better is not None
    assert applied.probability_better > 0.90
    assert [step.id for step in active.procedure.steps] == ["start", "repair_start", "start_again"]
    assert active.trust is Trust.AGENT
    after = brain.procedures.get("serve")
    assert (after.id, after.hash, after.state) == (before.id, before.hash, ProcedureState.ACTIVE)


def test_what_agents_did_each_time_is_proposed_and_never_applies_itself(
    open_brain: OpenBrain, brain: Brain, cache: Cache, clock: Clock
) -> None:
    agent = opened(open_brain, clock, cache, AGENT)
    worked(agent, cache, 12)
    brain.learning.run("daily", early=True)
    brain.improvements.watch()

    assert found(brain).trust is Trust.AGENT
    assert found(brain).state is ImprovementState.PROPOSED


def test_a_strict_procedure_keeps_its_way_until_a_person_says_otherwise(brain: Brain, cache: Cache) -> None:
    brain.establish(calling("serve", "start", mode="strict"))
    mined(brain, cache)
    brain.improvements.watch()
    between = found(brain).state

    applied = brain.improvements.apply(found(brain).id)

    assert between is ImprovementState.PROPOSED
    assert applied.state is ImprovementState.APPLIED


def test_a_procedure_of_git_becomes_a_patch(brain: Brain, cache: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    text = (
        "---\nname: serve\ndescription: It is serve.\nsteps:\n  - id: start\n    uses: call\n"
        "    with: {function: shop.start, arguments: {}}\n---\n"
    )
    (folder / "serve.md").write_text(text)
    brain.procedures.apply(folder, adopt=True)
    before = brain.procedures.get("serve")

    improvement = mined(brain, cache)
    moved = brain.improvements.watch()

    assert str(improvement.evidence["path"]).endswith("serve.md")
    assert isinstance(improvement.after, dict)
    assert "repair_start" in str(improvement.after["source"])
    assert moved == []
    assert brain.procedures.get("serve").id == before.id


def test_nothing_is_mined_where_nothing_is_done_each_time(brain: Brain, cache: Cache, clock: Clock) -> None:
    for number in range(15):
        cache.warm = False
        brain.runs.start("serve", target=f"shop-{number}")
        clock.later(HOUR)

    brain.learning.run("daily", early=True)

    assert brain.improvements.list(kind=ImprovementKind.PROCEDURE) == []


def test_a_second_variant_waits_until_the_first_is_decided(brain: Brain, cache: Cache) -> None:
    first = mined(brain, cache)
    brain.improvements.watch()
    given = brain.procedures.get("serve")
    second = replace(
        first, id=new_id(), key="procedure:serve:other", after=side(replace(given.procedure, prose="Else."))
    )
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        inside(brain).services.improvements.propose(tx, second)

    brain.improvements.watch()

    states = [brain.improvements.get(each.id).state for each in (first, second)]
    assert states == [ImprovementState.TRIAL, ImprovementState.PROPOSED]
