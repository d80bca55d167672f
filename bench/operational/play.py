"""How does one team go through the days of one world?"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.operational.ledger import Ledger
from bench.operational.parameters import Parameters
from bench.operational.team import Clock, Forgetful, Parts, Remembering
from bench.operational.world import Deployment, Incident, World
from brainops.agents.adapters import run as adapting
from brainops.agents.selection import experience
from brainops.operations import operation
from brainops.store import ids

TEAMS: dict[str, Parts | None] = {
    "memory": Parts(),
    "without": None,
    "no fixes": Parts(fixes=False),
    "no guidance": Parts(guidance=False),
    "no selection": Parts(selection=False),
    "neither": Parts(fixes=False, guidance=False),
    "no guard": Parts(guard=False),
    "no learning": Parts(learning=False),
    "hostile": Parts(hostile=True),
    "hostile, without": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One team's ledger of one seed, and how long it took to play (seconds of this machine)."""

    team: str
    seed: int
    ledger: Ledger
    seconds: float


def play(
    team: str, parameters: Parameters, seed: int, folder: Path, progress: Callable[[int], None] = lambda day: None
) -> Played:
    """Play all days of a world with a team; `folder` keeps the store that it leaves behind."""
    began = time.perf_counter()
    world, parts = World(parameters, seed), TEAMS[team]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    clock = Clock()
    with the_same_ids(seed), the_same_time(clock):
        acting: Forgetful | Remembering
        if parts is None:
            acting = Forgetful(world, hostile=team.startswith("hostile"))
        else:
            acting = Remembering(world, folder, parts, clock)
        acting.begin()
        for day in range(parameters.days):
            todo: list[Incident | Deployment] = [*world.incidents(day), *world.deployments(day)]
            for each in sorted(todo, key=lambda one: one.at):
                match each:
                    case Incident():
                        acting.incident(each)
                    case Deployment():
                        acting.deployment(each)
            acting.evening(day)
            progress(day)
        acting.close()
    return Played(team=team, seed=seed, ledger=acting.ledger, seconds=time.perf_counter() - began)


@contextmanager
def the_same_ids(seed: int) -> Iterator[None]:
    """Let the product draw its ids from a seed, so that two runs over the same seed do the same.

    Only the ids: names of files are drawn whenever a thread of its own writes one.
    """
    module: Any = ids
    told, module.os = module.os, SimpleNamespace(urandom=random.Random(f"ids {seed}").randbytes)
    try:
        yield
    finally:
        module.os = told


@contextmanager
def the_same_time(clock: Clock) -> Iterator[None]:
    """Let durations and ages be those of the simulated company, not those of this machine."""
    told = [(module, module.time) for module in (adapting, experience, ids, operation)]
    for module, _ in told:
        module.time = Timer(clock)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module, before in told:
            module.time = before  # type: ignore[attr-defined]


class Timer:
    """What these modules ask of `time`: seconds that go on with the company's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        """Return the seconds of the company's clock."""
        return self._clock.now / 1e6

    def time_ns(self) -> int:
        """Return the nanoseconds of the company's clock."""
        return self._clock.now * 1_000
