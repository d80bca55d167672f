"""How does a team work that has the product, wired in as its docs say, and follows what the product says?

Which errors are alike, what is out of date and who is to work is the product's business alone: an agent reads, in what
it is handed, the names of remedies from top to bottom, and passes those over of which the line says that they failed.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.incidents.arms import Advice, Arm, Attempt
from bench.incidents.parameters import Parameters
from bench.incidents.play import Line, play
from bench.incidents.world import DAY, MICROS_A_MINUTE, START, Effect, Incident, World
from bench.operational.play import the_same_ids, the_same_time
from bench.operational.team import Clock, settle, simulated_memory
from brainops.brain import Brain
from brainops.errors import BrainOpsError
from brainops.types import Action, Actor, ActorKind, ExecutionState, StepKind, Task

FAILED = re.compile(r"did not help|failed|in vain", re.IGNORECASE)
VOUCHED_FROM = 5  # successes without a failure, from which on the lead vouches for what an agent wrote


class Product(Arm):
    """The product's memory, guidance, choice of agents and fixes; with `automatic` it may act by itself."""

    def __init__(self, world: World, folder: Path, clock: Clock, *, automatic: bool) -> None:
        super().__init__(world)
        self.clock = clock
        clock.at(START)
        engine = simulated_memory(folder, clock)
        self.brain = Brain(engine)
        self.agent = {name: Brain(engine, actor=Actor(kind=ActorKind.AGENT, id=name)) for name in world.agents}
        if automatic:
            self.brain.guard.set_autonomy("auto", reason="the benchmark measures what acts by itself")
        self.brain.calls.register("team.apply", self._call_apply)
        self.brain.calls.register("team.probe", self._call_probe)
        for remedy in world.remedies:
            step = {"id": "apply", "uses": "call", "with": {"function": "team.apply", "arguments": {"remedy": remedy}}}
            self.brain.establish({"name": remedy, "description": f"Apply {remedy}.", "steps": [step]}, reason="remedy")
        for name, cost in zip(world.agents, world.parameters.costs, strict=True):
            self.brain.agents.register_callable(name, self._worker(name), cost=cost)
        self._incident: Incident | None = None
        self._apply: Callable[..., Effect] | None = None
        self._attempt: Attempt | None = None
        self._left = 0

    # What acts on the world

    def _call_apply(self, given: Mapping[str, Any]) -> dict[str, Any]:
        assert self._apply is not None
        self.clock.wait(self._apply(str(given["remedy"]), automatic=True).minutes)
        return {"applied": given["remedy"]}

    def _call_probe(self, given: Mapping[str, Any]) -> dict[str, Any]:
        assert self._incident is not None
        if self.world.is_open(self._incident):
            raise RuntimeError("the error is still there")
        return {"open": False}

    # Incidents

    def opened(self, incident: Incident, apply: Callable[..., Effect]) -> None:
        self.clock.at(incident.at)
        self._incident, self._apply = incident, apply
        self.brain.handle("alert", target=incident.service, error=incident.error, context=self._context(incident))
        settle(self.brain, self.clock)
        self.brain.learning.tick()

    @staticmethod
    def _context(incident: Incident) -> dict[str, Any]:
        return {"error": incident.error, **{name: getattr(incident, name) for name in ("version", "region", "engine")}}

    def repair(self, incident: Incident, tried: Sequence[str], attempt: Attempt) -> None:
        self._attempt, self._left = attempt, self.world.parameters.agents_an_incident
        done = self.brain.agents.execute(
            f"repair {incident.service}: {incident.error}",
            target=incident.service,
            context=self._context(incident),
            task_class=f"repair {incident.area}",
        )
        if done.state is ExecutionState.SUCCEEDED:
            self.brain.agents.verify(done.id, right=not self.world.is_open(incident), note="a look at the service")

    def _worker(self, name: str) -> Callable[[Task], Any]:
        def work(task: Task) -> Any:
            assert self._attempt is not None and self._incident is not None
            if not self._left:
                raise RuntimeError("a person is called")
            self._left -= 1
            if not self._attempt(name, lambda: self._read(task.memory)):
                raise RuntimeError(f"nothing helped against {self._incident.error}")
            return {"result": "solved"}

        return work

    def _read(self, memory: str) -> Advice:
        named: dict[str, bool] = {}  # remedy -> the first line that names it recommends it
        for line in memory.splitlines():
            for word in re.findall(r"[a-z]+(?:-[a-z]+)+", line):
                if word in self.world.remedies:
                    named.setdefault(word, not FAILED.search(line))
        good = tuple(remedy for remedy, helps in named.items() if helps)
        return Advice(remedies=good, avoid=tuple(each for each in named if not named[each]), text=memory)

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        self.clock.wait(effect.minutes)
        brain = self.agent.get(agent, self.brain)
        self._record(brain, incident, remedy, helped=effect.gone)

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        self._record(self.agent[agent], incident, remedy, helped=True)

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        self.clock.wait(self.world.parameters.minutes_of_a_lie)
        self._record(self.brain, incident, remedy, helped=False)

    def _record(self, brain: Brain, incident: Incident, remedy: str, *, helped: bool) -> None:
        known = [each.fix for each in self.brain.fixes.suggest(incident.error) if each.fix.procedure == remedy]
        if not known and helped:
            probe = Action(uses=StepKind.CALL, parameters={"function": "team.probe", "arguments": {}})
            known = [brain.fixes.attach(incident.error, remedy, procedure=remedy, verify=probe)]
        for fix in known[:1]:
            brain.fixes.record(fix.id, helped=helped, target=incident.service)

    def misled(self, error: str, remedy: str) -> None:
        liar = self.agent[self.world.liar]
        with suppress(BrainOpsError):
            fix = liar.fixes.attach(error, remedy, procedure=remedy)
            liar.fixes.record(fix.id, helped=True, note="it works, trust me")

    def evening(self, day: int) -> None:
        self.clock.at(START + (day + 1) * DAY - MICROS_A_MINUTE)
        for each in self.brain.fixes.list(limit=500):
            sure = each.confidence
            if each.fix.trust == "agent" and sure.verified >= VOUCHED_FROM and not sure.contradicted:
                self.brain.fixes.trust(each.fix.id, reason="it has helped, as the checks show")
        self.brain.learning.tick()

    def close(self) -> None:
        for brain in (*self.agent.values(), self.brain):
            brain.close()


def play_product(
    parameters: Parameters, seed: int, folder: Path, *, automatic: bool, hostile: bool = False
) -> list[Line]:
    """Play a world with the product, by the simulated company's clock; `folder` keeps the store that it leaves."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    clock = Clock()
    with the_same_ids(seed), the_same_time(clock):
        return play(lambda world: Product(world, folder, clock, automatic=automatic), parameters, seed, hostile=hostile)
