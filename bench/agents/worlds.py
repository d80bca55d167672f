"""How does the choice of agents do in worlds that differ in size, length, classes, costs and drift? Seeded.

Each world has agents with hidden strengths and tasks of hidden difficulty; a policy sees what it chose and whether it
succeeded. Beside the product's own choice: epsilon-greedy and Thompson sampling. Prints for each the share of the way
from a random choice to the best fixed one (per class where classes matter) with its standard error over worlds.

    python bench/agents/worlds.py [--worlds 40] [--only NAME]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from brainops.agents.selection.selection import AgentCandidate, choose
from brainops.agents.selection.track_record import TrackRecord, Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A kind of world: how many agents, tasks and classes, how strengths spread, and whether they change half-way."""

    agents: int
    tasks: int
    level: float = 0.5
    spread: float = 0.15
    hardness: float = 1.0
    classes: int = 1
    apart: float = 0.0
    drifts: bool = False
    cost: float = 0.0


WORLDS = {
    "2x50": World(agents=2, tasks=50),
    "2x2000": World(agents=2, tasks=2_000, spread=0.05),
    "2x800 cost": World(agents=2, tasks=800, classes=40, apart=0.1, cost=0.3),
    "5x200": World(agents=5, tasks=200),
    "5x600 drift": World(agents=5, tasks=600, drifts=True),
    "8x400 classes": World(agents=8, tasks=400, classes=5, apart=0.25),
    "13x80": World(agents=13, tasks=80, level=0.4, spread=0.13, hardness=2.0),
    "20x1000": World(agents=20, tasks=1_000, level=0.6, spread=0.1, hardness=2.0),
    "20x1000 classes": World(agents=20, tasks=1_000, level=0.4, classes=10, apart=0.15),
    "32x350": World(agents=32, tasks=350, level=0.25, spread=0.08),
    "40x300": World(agents=40, tasks=300, level=0.3),
    "40x2000 drift": World(agents=40, tasks=2_000, drifts=True),
}


class Drawn:
    """One world with its hidden strengths: what an agent succeeds at, and what the best choice would have got."""

    def __init__(self, world: World, seed: int) -> None:
        draw = random.Random(seed)
        self.world, self._draw = world, random.Random(seed + 1)
        self._strengths = [self._strength(draw) for _ in range(2 if world.drifts else 1)]
        self.classes = [draw.randrange(world.classes) for _ in range(world.tasks)]
        self._hardness = [draw.gauss(0, world.hardness) for _ in range(world.tasks)]

    def _strength(self, draw: random.Random) -> list[list[float]]:
        world = self.world
        own = [draw.gauss(world.level, world.spread) for _ in range(world.agents)]
        return [[_logit(mean + draw.gauss(0, world.apart)) for _ in range(world.classes)] for mean in own]

    def chance(self, agent: int, task: int) -> float:
        """The expected reward of an agent at a task: its chance to succeed, less what it costs."""
        phase = len(self._strengths) * task // self.world.tasks
        strength = self._strengths[phase][agent][self.classes[task]]
        return 1 / (1 + math.exp(-strength - self._hardness[task])) - self.price(agent)

    def price(self, agent: int) -> float:
        """What an agent's task costs, in shares of a success: the first agent is the dear one."""
        return self.world.cost if agent == 0 else 0.0

    def reward(self, agent: int, task: int) -> float:
        """What came of it, less what it costs."""
        return float(self._draw.random() < self.chance(agent, task) + self.price(agent)) - self.price(agent)

    def bounds(self) -> tuple[float, float]:
        """Return the mean reward of a random choice, and that of the best fixed one in each class and phase."""
        cells: dict[tuple[int, int], list[int]] = {}
        for task, number in enumerate(self.classes):
            cells.setdefault((number, len(self._strengths) * task // self.world.tasks), []).append(task)
        agents, best, every = range(self.world.agents), 0.0, 0.0
        for tasks in cells.values():
            got = [sum(self.chance(agent, task) for task in tasks) for agent in agents]
            best, every = best + max(got), every + statistics.fmean(got)
        return every / self.world.tasks, best / self.world.tasks


def _logit(share: float) -> float:
    share = min(0.98, max(0.02, share))
    return math.log(share / (1 - share))


class Ours:
    """The product's own choice."""

    def __init__(self, agents: int, seed: int) -> None:
        self._candidates = [
            AgentCandidate(name=f"agent{chr(97 + number // 26)}{chr(97 + number % 26)}") for number in range(agents)
        ]
        self._record, self._seed = TrackRecord(), seed * 1_000_003

    def choose(self, task_class: int) -> int:
        """Return who does a task."""
        self._seed += 1
        named = choose(self._candidates, self._record, task_class=str(task_class), seed=self._seed).agent
        return next(number for number, each in enumerate(self._candidates) if each.name == named)

    def learn(self, agent: int, task_class: int, reward: float) -> None:
        """Learn what came of it."""
        name = self._candidates[agent].name
        self._record.add(Trial(agent=name, task_class=str(task_class), success=reward))


class Greedy:
    """Epsilon-greedy with a tenth of the choices at random, from one success and one failure each."""

    def __init__(self, agents: int, seed: int) -> None:
        self._draw, self._seen = random.Random(seed), [[1.0, 1.0] for _ in range(agents)]

    def choose(self, task_class: int) -> int:
        """Return who does a task."""
        if self._draw.random() < 0.1:
            return self._draw.randrange(len(self._seen))
        return max(range(len(self._seen)), key=lambda each: (self._mean(each), self._draw.random()))

    def _mean(self, agent: int) -> float:
        return self._seen[agent][0] / sum(self._seen[agent])

    def learn(self, agent: int, task_class: int, reward: float) -> None:
        """Learn what came of it."""
        share = min(1.0, max(0.0, reward))
        self._seen[agent][0] += share
        self._seen[agent][1] += 1 - share


class Thompson(Greedy):
    """Thompson sampling from the same counts."""

    def choose(self, task_class: int) -> int:
        """Return who does a task."""
        return max(range(len(self._seen)), key=lambda each: self._draw.betavariate(*self._seen[each]))


POLICIES = {"ours": Ours, "greedy": Greedy, "thompson": Thompson}


def share_of_gap(world: World, policy: type, seeds: Sequence[int]) -> tuple[float, float]:
    """Return the share of the way from random to best that a policy goes, and its standard error."""
    gained, room = [], []
    for seed in seeds:
        drawn, player = Drawn(world, seed), policy(world.agents, seed)
        every, best = drawn.bounds()
        total = 0.0
        for task, task_class in enumerate(drawn.classes):
            agent = player.choose(task_class)
            player.learn(agent, task_class, drawn.reward(agent, task))
            total += drawn.chance(agent, task)
        gained.append(total / world.tasks - every)
        room.append(best - every)
    share, mean = sum(gained) / sum(room), statistics.fmean(room)
    spread = statistics.pstdev([one - share * other for one, other in zip(gained, room, strict=True)])
    return share, spread / math.sqrt(len(seeds)) / mean


def main() -> None:
    """Print one JSON object a world."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    for name, world in WORLDS.items():
        if given.only in name:
            shares = {each: share_of_gap(world, policy, range(given.worlds)) for each, policy in POLICIES.items()}
            print(
                json.dumps({"world": name, **{k: [round(v, 3) for v in share] for k, share in shares.items()}}),
                flush=True,
            )


if __name__ == "__main__":
    main()
