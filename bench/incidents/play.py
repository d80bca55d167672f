"""How does a team with some kind of memory go through the incidents of one world, and what is counted of it?"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from bench.incidents.arms import Advice, Arm
from bench.incidents.parameters import Parameters
from bench.incidents.world import Effect, Incident, World

CHARACTERS_A_TOKEN = 4
PERSON = "lead"
T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Line:
    """What one incident came to. `kind` and `known` (its cause was seen before) are the world's, not the arm's."""

    number: int
    day: int
    kind: str
    known: bool
    back: bool
    minutes: int = 0
    tries: int = 0
    repeats: int = 0  # remedies that were applied though they were known to fail for this cause as it is there
    wrong: int = 0
    advised: bool = False
    first_right: bool = False
    cost: float = 0.0
    person: bool = False
    tokens: float = 0.0
    cpu_ms: float = 0.0
    automatic: int = 0
    automatic_wrong: int = 0


@dataclass(slots=True)
class Desk:
    """Where remedies are applied: the one hand on the world of whoever works at an incident."""

    world: World
    incident: Incident
    line: Line
    tried: list[str]
    gone: bool = False

    def apply(self, remedy: str, *, automatic: bool = False) -> Effect:
        """Apply a remedy and count it."""
        _, repeated, right = self.world.judge(self.incident, remedy)
        effect = self.world.apply(self.incident, remedy, len(self.tried))
        if automatic and not self.line.tries:  # what memory does first by itself is its first advice
            self.line.advised, self.line.first_right = True, right
        self.tried.append(remedy)
        self.line.minutes += effect.minutes
        self.line.tries += 1
        self.line.repeats += repeated
        self.line.wrong += not right
        self.line.automatic += automatic
        self.line.automatic_wrong += automatic and not right
        self.gone = effect.gone
        return effect


def play(make: Callable[[World], Arm], parameters: Parameters, seed: int, *, hostile: bool = False) -> list[Line]:
    """Play all incidents of a world with one arm; return a line for each.

    Where it is hostile, somebody brings wrong remedies beforehand, and the lying agent lies twice as often.
    """
    if hostile:
        parameters = replace(parameters, lies=2 * parameters.lies)
    world = World(parameters, seed)
    arm, lines, today = make(world), [], -1
    for error, remedy in world.misleading() if hostile else ():
        arm.misled(error, remedy)
    tried: dict[int, list[str]] = {}
    while (incident := world.next()) is not None:
        if incident.day != today:
            if today >= 0:
                arm.evening(today)
            today = incident.day
        tried[incident.number] = list(tried.get(incident.back, ()))
        lines.append(handled(world, arm, incident, tried[incident.number]))
        world.close(incident)
    arm.evening(today)
    arm.close()
    return lines


def handled(world: World, arm: Arm, incident: Incident, tried: list[str]) -> Line:
    """Let memory act, then agents in turn, then a person; tell the arm what came of everything."""
    known, _, _ = world.judge(incident, "")
    line = Line(
        number=incident.number, day=incident.day, kind=world.kind(incident), known=known, back=bool(incident.back)
    )
    desk = Desk(world, incident, line, tried)
    timed = Timed(line)
    timed(lambda: arm.opened(incident, desk.apply))

    def attempt(agent: str, advise: Callable[[], Advice]) -> bool:
        line.cost += world.parameters.costs[world.agents.index(agent)]
        work(world, arm, desk, agent, timed(advise), timed)
        return desk.gone

    if not desk.gone:
        timed(lambda: arm.repair(incident, tried, attempt))
    if not desk.gone:
        line.person = True
        line.minutes += world.parameters.minutes_of_a_person
        remedy = world.call_a_person(incident)
        timed(lambda: arm.noted(incident, PERSON, remedy, Effect(gone=True, worse=False, minutes=0)))
    return line


def work(world: World, arm: Arm, desk: Desk, agent: str, advice: Advice, timed: Timed) -> None:
    """Let one agent try what it is handed and not yet tried, then what comes to its mind and is not known to fail."""
    incident, line = desk.incident, desk.line
    named = [remedy for remedy in advice.remedies if remedy not in desk.tried]
    line.tokens += len(advice.text) / CHARACTERS_A_TOKEN
    if not line.tries:
        line.advised = bool(named)
        line.first_right = bool(named) and world.judge(incident, named[0])[2]
    for place in range(world.parameters.tries):
        tried = set(desk.tried)
        remedy = named[place] if place < len(named) else None
        if remedy is None or remedy in tried:
            remedy = world.hunch(agent, incident, tried | set(advice.avoid)) or world.hunch(agent, incident, tried)
        if remedy is None:
            return
        effect = desk.apply(remedy)
        timed(partial(arm.noted, incident, agent, remedy, effect))
        if effect.gone:
            return
    if agent == world.liar and world.lies(incident):
        line.minutes += world.parameters.minutes_of_a_lie
        last = desk.tried[-1]
        timed(lambda: arm.claimed(incident, agent, last))
        timed(lambda: arm.refuted(incident, agent, last))


@dataclass(slots=True)
class Timed:
    """Counts the CPU that an arm takes for an incident."""

    line: Line
    inside: int = 0

    def __call__(self, act: Callable[[], T]) -> T:
        """Call and count; what is called within another call is counted with it."""
        began = time.process_time()
        self.inside += 1
        try:
            return act()
        finally:
            self.inside -= 1
            if not self.inside:
                self.line.cpu_ms += (time.process_time() - began) * 1_000
