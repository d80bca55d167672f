"""How does a team work that has the product, wired in as its docs say, and follows what the product says?

Which errors are alike, what is out of date and who is to work is the product's business alone: an agent reads the lines
that it is handed (`evidence.next_tries`), and a monitor tells what a remedy did, as everybody sees it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.incidents.arms import Advice, Arm, Attempt
from bench.incidents.parameters import Parameters
from bench.incidents.play import Line, play
from bench.incidents.world import DAY, MICROS_A_MINUTE, START, Effect, Incident, World
from bench.operational.play import the_same_ids, the_same_time
from bench.operational.team import Clock, settle, simulated_memory
from brainops.brain import Brain
from brainops.types import Action, Actor, ActorKind, ExecutionState, StepKind, Task


class Product(Arm):
    """The product's memory, guidance, choice of agents and fixes; with `automatic` it may act by itself."""

    def __init__(self, world: World, folder: Path, clock: Clock, *, automatic: bool) -> None:
        super().__init__(world)
        self.clock, self.automatic = clock, automatic
        clock.at(START)
        engine = simulated_memory(folder, clock)
        self.brain = Brain(engine)
        self.agent = {name: Brain(engine, actor=Actor(kind=ActorKind.AGENT, id=name)) for name in world.agents}
        self.monitor = Brain(engine, actor=Actor(kind=ActorKind.SERVICE, id="monitor"))
        self._helped: dict[int, str] = {}  # incident -> the evidence of what seemed to help
        self._claim = ""
        self._tried: Sequence[str] = ()
        if automatic:
            self.brain.guard.set_autonomy("auto", reason="the benchmark measures what acts by itself")
        self.brain.calls.register("team.apply", self._call_apply)
        self.brain.calls.register("team.probe", self._call_probe)
        for remedy in world.remedies:
            step = {"id": "apply", "uses": "call", "with": {"function": "team.apply", "arguments": {"remedy": remedy}}}
            self.brain.establish({"name": remedy, "description": f"Apply {remedy}.", "steps": [step]}, reason="remedy")
        for name, cost in zip(world.agents, world.parameters.costs, strict=True):
            self.brain.agents.register_callable(name, self._worker(name), cost=cost, memory="none")
        self._incident: Incident | None = None
        self._apply: Callable[..., Effect] | None = None
        self._attempt: Attempt | None = None

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
        if (seemed := self._helped.pop(incident.back, None)) is not None:
            self.monitor.evidence.contradict(seemed, "the error is back")
        self.brain.handle("alert", target=incident.service, error=incident.error, context=self._context(incident))
        if self.automatic:
            settle(self.brain, self.clock)

    @staticmethod
    def _context(incident: Incident) -> dict[str, Any]:
        return {name: getattr(incident, name) for name in ("version", "region", "engine")}

    def repair(self, incident: Incident, tried: Sequence[str], attempt: Attempt) -> None:
        self._attempt = attempt
        self._tried = tried
        done = self.brain.agents.execute(
            f"repair {incident.service}: {incident.error}",
            target=incident.service,
            context=self._context(incident),
            task_class=f"repair {incident.area}",
            attempts=self.world.parameters.agents_an_incident,
        )
        if done.state is ExecutionState.SUCCEEDED:
            self.brain.agents.verify(done.id, right=not self.world.is_open(incident), note="a look at the service")

    def _worker(self, name: str) -> Callable[[Task], Any]:
        def work(task: Task) -> Any:
            assert self._attempt is not None and self._incident is not None
            incident = self._incident
            if not self._attempt(name, lambda: self._advice(incident)):
                raise RuntimeError(f"nothing helped on {incident.service}")
            return {"result": "solved"}

        return work

    def _advice(self, incident: Incident) -> Advice:
        """Return what an agent reads: a line that begins with a remedy's name, and one of what not to try again."""
        text = self.brain.evidence.next_tries(
            incident.error, target=incident.service, context=self._context(incident), tried=self._tried
        ).text
        good: list[str] = []
        avoid: tuple[str, ...] = ()
        for line in text.splitlines():
            name, _, rest = line.partition(": ")
            if name in self.world.remedies:
                good.append(name)
            elif name == "not again":
                avoid = tuple(rest.split(", "))
        return Advice(remedies=tuple(good), avoid=avoid, text=text)

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        self.clock.wait(effect.minutes)
        done = "helped" if effect.gone else "made_it_worse" if effect.worse else "did_not_help"
        told = self._record(self.monitor if agent in self.agent else self.brain, incident, remedy, done)
        if effect.gone:
            self._helped[incident.number] = told
            self._may_repair(incident, remedy)

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        self._claim = self._record(self.agent[agent], incident, remedy, "helped")

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        self.clock.wait(self.world.parameters.minutes_of_a_lie)
        self.monitor.evidence.contradict(self._claim, "the error is still there")

    def _record(self, brain: Brain, incident: Incident, remedy: str, effect: str) -> str:
        context = self._context(incident)
        return brain.evidence.record(incident.error, remedy, effect, target=incident.service, context=context).id

    def _may_repair(self, incident: Incident, remedy: str) -> None:
        """Let the lead bind what helped to the error, which may apply itself once it has proved itself."""
        if self.automatic and all(each.fix.procedure != remedy for each in self.brain.fixes.suggest(incident.error)):
            probe = Action(uses=StepKind.CALL, parameters={"function": "team.probe", "arguments": {}})
            fix = self.brain.fixes.attach(incident.error, remedy, procedure=remedy, verify=probe)
            self.brain.fixes.set_mode(fix.id, "auto", reason="it applies itself once it has proved itself")

    def misled(self, error: str, remedy: str) -> None:
        self.agent[self.world.liar].evidence.record(error, remedy, "helped", note="it works, trust me")

    def evening(self, day: int) -> None:
        self.clock.at(START + (day + 1) * DAY - MICROS_A_MINUTE)
        self.brain.learning.tick()

    def close(self) -> None:
        for brain in (*self.agent.values(), self.monitor, self.brain):
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
