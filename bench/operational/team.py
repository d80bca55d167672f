"""How does a team of agents work through its days, with the product's memory, with parts of it, or without?

The agents see error texts and what they are handed; which remedy comes to their mind is the world's answer (`hunch`).
A team without memory knows within an incident what it tried. A team with memory asks the product, through its public
interface only, and tells it what came of everything; it is what a person would wire up from the docs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.operational.ledger import Day, Ledger, Sure
from bench.operational.world import MICROS_A_MINUTE, MINUTES_A_DAY, START, Deployment, Incident, World
from brainops import config
from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import BrainOpsError, OperationBlocked
from brainops.store.scope import Scope
from brainops.store.sqlite_upkeep import sqlite_store
from brainops.types import (
    Action,
    Actor,
    ActorKind,
    AllOf,
    Consult,
    Cycle,
    Done,
    Execution,
    ExecutionState,
    FixConfidence,
    MemoryAccess,
    Rule,
    RuleKind,
    RuleMode,
    StepKind,
    Task,
)

NUMBER = re.compile(r"\d+")
REMEMBERED_DAYS = 7  # what failed longer ago may help by now
HELPED = re.compile(r"(remedy-[a-z]+) helped against")
NAMED = re.compile(r"remedy-[a-z]+")
LEAD = Actor(kind=ActorKind.PERSON, id="lead", proof="os-user")
STEPS = ("run tests", "take backup")
VOUCHED_FROM = 5  # verified successes without a failure, from which on the lead vouches for what an agent wrote
REVIEW_MINUTES = 30  # until somebody sees that an error which was called solved is still there
LONGEST_REST_MINUTES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Which parts of the product the team uses."""

    fixes: bool = True
    guidance: bool = True
    selection: bool = True
    guard: bool = True
    learning: bool = True
    hostile: bool = False


class RemedyFailedError(Exception):
    """A remedy was applied and the error is still there."""


class DeploymentFailedError(Exception):
    """What was brought out does not answer."""


class Forgetful:
    """A team without memory: every incident is a new one."""

    def __init__(self, world: World, *, hostile: bool = False) -> None:
        self._world = world
        self._hostile = hostile
        self._turn = 0
        self.ledger = Ledger(days=[Day() for _ in range(world.parameters.days)])

    def begin(self) -> None:
        """Nothing is prepared."""

    def incident(self, incident: Incident) -> None:
        """Let agents in turn try what comes to their mind."""
        day = self.ledger.days[incident.day]
        known, _ = self._world.judge(incident, "")
        day.incidents += 1
        day.seen_before += known
        minutes = 0
        for _ in range(self._world.parameters.agents_an_incident):
            number = self._turn % len(self._world.agents)
            self._turn += 1
            day.cost += self._world.parameters.costs[number]
            minutes += self._try(self._world.agents[number], incident, day)
            if not self._world.is_open(incident):
                break
            if self._hostile and number == 0 and self._world.lies():
                minutes += REVIEW_MINUTES
        day.minutes += minutes
        day.solved += not self._world.is_open(incident)
        self._world.close(incident)

    def _try(self, agent: str, incident: Incident, day: Day) -> int:
        tried: set[str] = set()
        minutes = 0
        for _ in range(self._world.parameters.tries):
            remedy = self._world.hunch(agent, incident, tried)
            if remedy is None:
                break
            tried.add(remedy)
            known, repeated = self._world.judge(incident, remedy)
            effect = self._world.apply(incident, remedy)
            day.tries += 1
            day.repeats += known and repeated
            minutes += effect.minutes
            if effect.fixed:
                break
        return minutes

    def deployment(self, deployment: Deployment) -> None:
        """Leave out what an agent leaves out."""
        day = self.ledger.days[deployment.day]
        skipped = sum(self._world.skips() for _ in STEPS)
        day.deployments += 1
        day.adhered += not skipped
        day.deployed += self._world.deployed(skipped)

    def evening(self, day: int) -> None:
        """Nothing is learnt."""

    def close(self) -> None:
        """Nothing is kept."""


class Clock:
    """The time of the simulated company, which the store and the team share; it never goes back."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def at(self, time: int) -> None:
        """Let it be at least this late."""
        self.now = max(self.now, time)

    def wait(self, minutes: float) -> None:
        """Let time pass."""
        self.now += int(minutes * MICROS_A_MINUTE)


def simulated_memory(folder: Path, clock: Clock) -> Engine:
    """Return a memory in a folder whose time is the company's."""
    place = str(folder / "memory.db")
    store = sqlite_store(place, Scope.of("team", []))
    store.database.clock = clock
    store.upkeep.migrate()
    settings = config.load(store=place, namespace="team", model="none", actor=LEAD)
    return Engine(store, settings, background=False)


def settle(brain: Brain, clock: Clock) -> None:
    """Go on with what is due until nothing is under way."""
    for _ in range(12):
        brain.fixes.sweep()
        under_way = brain.runs.list(state="active", limit=20)
        if not under_way:
            return
        for run in under_way:
            brain.runs.advance(run.id, patience_seconds=0.0)
        clock.wait(1)


class Remembering:
    """A team that wires the product in as the docs say, or leaves parts of it out."""

    def __init__(self, world: World, folder: Path, parts: Parts, clock: Clock) -> None:
        self._world = world
        self._parts = parts
        self._clock = clock
        self.ledger = Ledger(days=[Day() for _ in range(world.parameters.days)])
        engine = simulated_memory(folder, clock)
        self.brain = Brain(engine)
        self._of_agents = {name: Brain(engine, actor=Actor(kind=ActorKind.AGENT, id=name)) for name in world.agents}
        for each in (self.brain, *self._of_agents.values()):
            each.runs._part._patience_seconds = 0.0  # type: ignore[attr-defined]  # this clock does not go on while a call waits
        self._incident: Incident | None = None
        self._kind = ""
        self._kept: str | None = None
        self._in_vain: set[str] = set()  # fixes that somebody applied to this incident already
        self._automatic = False
        self._minutes = 0
        self._turn = 0
        self._next: dict[Cycle, int] = {}

    # What is set up once

    def begin(self) -> None:
        """Set autonomy and enforcement, register the agents, write the remedies down as procedures."""
        brain = self.brain
        self._clock.at(0)
        brain.guard.set_autonomy("auto", reason="the benchmark measures what acts by itself")
        if self._parts.guard:
            brain.guard.set_enforcement("strict", reason="the benchmark measures what is held")
            requirement = AllOf(parts=tuple(Done(operation=f"{step} *") for step in STEPS))
            brain.guard.add(
                Rule(
                    id="",
                    namespace="team",
                    name="test and back up before bringing out",
                    kind=RuleKind.ORDER,
                    operations=("bring out *",),
                    requirement=requirement,
                    mode=RuleMode.DENY,
                )
            )
        brain.calls.register("team.apply", self._call_apply)
        brain.calls.register("team.probe", self._call_probe)
        for remedy in self._world.remedies:
            step = {"id": "apply", "uses": "call", "with": {"function": "team.apply", "arguments": {"remedy": remedy}}}
            brain.establish({"name": remedy, "description": f"Apply {remedy}.", "steps": [step]}, reason="a remedy")
        access = MemoryAccess.FULL if self._parts.guidance else MemoryAccess.NONE
        for number, agent in enumerate(self._world.agents):
            brain.agents.register_callable(
                agent, self._agent(agent, number), cost=self._world.parameters.costs[number], memory=access
            )
        if self._parts.hostile:
            self._mislead()

    def _mislead(self) -> None:
        """Let a lying agent bring wrong fixes and vouch for them, as far as the product lets it."""
        liar = self._of_agents[self._world.agents[0]]
        for error, remedy in self._world.misleading():
            fix = liar.fixes.attach(error, remedy, procedure=remedy, verify=self._probe())
            liar.capture(f"{error}: {remedy} always helps", {"error": error, "solution": remedy})
            with suppress(BrainOpsError):
                liar.fixes.record(fix.id, helped=True, note="it works, trust me")

    @staticmethod
    def _probe() -> Action:
        return Action(uses=StepKind.CALL, parameters={"function": "team.probe", "arguments": {}})

    # What acts on the world

    def _call_apply(self, given: Mapping[str, Any]) -> dict[str, Any]:
        self._apply(str(given["remedy"]))
        return {"applied": given["remedy"]}

    def _call_probe(self, given: Mapping[str, Any]) -> dict[str, Any]:
        assert self._incident is not None
        if self._world.is_open(self._incident):
            raise RuntimeError("the error is still there")
        return {"open": False}

    def _apply(self, remedy: str) -> bool:
        assert self._incident is not None
        day = self.ledger.days[self._incident.day]
        known, repeated = self._world.judge(self._incident, remedy)
        effect = self._world.apply(self._incident, remedy)
        day.tries += 1
        day.repeats += known and repeated
        day.automatic += self._automatic
        day.automatic_wrong += self._automatic and not effect.fixed
        self._minutes += effect.minutes
        self._clock.wait(effect.minutes)
        return effect.fixed

    # Incidents

    def incident(self, incident: Incident) -> None:
        """Tell memory of it, let what has proved itself act, then let an agent work."""
        day = self.ledger.days[incident.day]
        known, _ = self._world.judge(incident, "")
        day.incidents += 1
        day.seen_before += known
        self._clock.at(incident.at)
        self._incident, self._minutes, self._kept, self._in_vain = incident, 0, None, set()
        sure = {each.fix.id: each.confidence for each in self.brain.fixes.suggest(incident.error)}
        before = {each.id for each in self.brain.fixes.applications(limit=20)}
        self._kind = self.brain.handle("alert", target=incident.service, error=incident.error).kind
        if self._parts.fixes:
            self._let_act(incident, sure, before)
        if self._world.is_open(incident):
            self._let_work(incident, day)
        day.minutes += self._minutes
        day.solved += not self._world.is_open(incident)
        self._world.close(incident)
        self._learn()

    def _let_act(self, incident: Incident, sure: Mapping[str, FixConfidence], before: set[str]) -> None:
        """Let fixes that may apply themselves do so, follow their runs to the end, and see how sure each was."""
        self._automatic = True
        settle(self.brain, self._clock)
        self._automatic = False
        for each in self.brain.fixes.applications(limit=20):
            if each.automatic and each.applied_at is not None and each.id not in before:
                said = sure[each.fix_id]
                self.ledger.sure.append(Sure(bound=said.value, mean=said.mean, right=not self._world.is_open(incident)))

    def _let_work(self, incident: Incident, day: Day) -> None:
        agent = None
        if not self._parts.selection:
            agent = self._world.agents[self._turn % len(self._world.agents)]
            self._turn += 1
        for _ in range(1 if self._parts.selection else self._world.parameters.agents_an_incident):
            done = self.brain.agents.execute(
                f"repair {incident.service}: {incident.error}",
                target=incident.service,
                context={"error": incident.error, "fault": self._kind},
                task_class=f"repair {incident.area}",
                agent=agent,
            )
            self._review(done, incident, day)
            if not self._world.is_open(incident):
                return

    def _review(self, done: Execution, incident: Incident, day: Day) -> None:
        """Look at the service a little later: a success that was none is corrected."""
        costs = dict(zip(self._world.agents, self._world.parameters.costs, strict=True))
        day.cost += sum(costs[attempt.agent] for attempt in done.attempts)
        if done.state is ExecutionState.SUCCEEDED:
            solved = not self._world.is_open(incident)
            if not solved:
                self._minutes += REVIEW_MINUTES
                self._clock.wait(REVIEW_MINUTES)
            self.brain.agents.verify(done.id, right=solved, note="a look at the service")
            if solved and self._kept is not None:
                self.brain.fixes.record(self._kept, helped=True, target=incident.service, note="a look at the service")

    def _agent(self, agent: str, number: int) -> Any:
        def work(task: Task) -> Any:
            solved = self._try(agent, task)
            if solved or (self._parts.hostile and number == 0 and self._world.lies()):
                return {"result": "solved"}
            raise RuntimeError(f"nothing helped against {task.context['error']}")

        return work

    def _try(self, agent: str, task: Task) -> bool:
        """Try what memory knows to help, then what comes to mind and is not known to fail."""
        assert self._incident is not None
        tried: set[str] = set()
        if self._parts.fixes:
            for each in self.brain.fixes.suggest(self._incident.error):
                if each.fix.id in self._in_vain or each.confidence.contradicted > each.confidence.verified:
                    continue
                if len(tried) >= self._world.parameters.tries:
                    break
                tried.add(str(each.fix.procedure))
                self._of_agents[agent].fixes.apply(each.fix.id, target=self._incident.service)
                settle(self.brain, self._clock)
                if not self._world.is_open(self._incident):
                    return True
                self._in_vain.add(each.fix.id)
        elif self._parts.guidance:
            for remedy in self._named_in(task.memory):
                if len(tried) >= 2:
                    break
                tried.add(remedy)
                if self._operate(agent, remedy):
                    return True
        while len(tried) < self._world.parameters.tries:
            idea = self._own_idea(agent, tried)
            if idea is None:
                break
            tried.add(idea)
            if self._operate(agent, idea):
                self._keep(agent, idea)
                return True
        return False

    def _named_in(self, memory: str) -> list[str]:
        """Return the remedies of which the agent reads, in what it was handed, that they helped against this error."""
        assert self._incident is not None
        words = NUMBER.sub("#", self._incident.error)
        lines = [line for line in memory.splitlines() if words in NUMBER.sub("#", line)]
        return list(dict.fromkeys(name for line in lines for name in HELPED.findall(line)))

    def _read_to_fail(self, agent: str) -> set[str]:
        """Return the remedies of which memory says that they did not help against this very error of late."""
        assert self._incident is not None
        if not self._parts.guidance:
            return set()
        words = NUMBER.sub("#", self._incident.error)
        since = max(self._clock.now - REMEMBERED_DAYS * MINUTES_A_DAY * MICROS_A_MINUTE, self._changed_since())
        hits = self._of_agents[agent].retrieve(
            f"did not help {self._incident.error}", types=["error_pattern"], limit=30
        )
        return {
            name
            for hit in hits
            if words in NUMBER.sub("#", hit.memory.title) and hit.memory.last_seen_at > since
            for name in NAMED.findall(hit.memory.title)
        }

    def _changed_since(self) -> int:
        """Return since when this fault may be another one: a fix that helped until then has just failed for it."""
        helped = [
            application.decided_at or 0
            for fix_id in self._in_vain
            for application in self.brain.fixes.applications(fix_id, state="verified", limit=1)
        ]
        return max(helped, default=0)

    def _own_idea(self, agent: str, tried: set[str]) -> str | None:
        """Return what comes to mind, of what memory does not say to have failed for this; else of anything untried."""
        assert self._incident is not None
        remedy = self._world.hunch(agent, self._incident, tried | self._read_to_fail(agent))
        return remedy if remedy is not None else self._world.hunch(agent, self._incident, tried)

    def _operate(self, agent: str, remedy: str) -> bool:
        """Apply a remedy as an operation that memory accompanies."""
        assert self._incident is not None
        consult: Consult = "cached" if self._parts.guidance or self._parts.guard else "never"
        with (
            suppress(RemedyFailedError),
            self._of_agents[agent].operation(
                f"apply {remedy}", target=self._incident.service, context={"fault": self._kind}, consult=consult
            ),
        ):
            if not self._apply(remedy):
                raise RemedyFailedError(f"{remedy} did not help: {self._incident.error}")
        return not self._world.is_open(self._incident)

    def _keep(self, agent: str, remedy: str) -> None:
        """Say what helped, and bind it to the error unless it is bound already."""
        assert self._incident is not None
        if self._parts.guidance:
            self._of_agents[agent].capture(f"{remedy} helped against {self._incident.error}", tags=["remedy"])
        if not self._parts.fixes:
            return
        known = self.brain.fixes.suggest(self._incident.error)
        if all(each.fix.procedure != remedy for each in known):
            made = self._of_agents[agent].fixes.attach(
                self._incident.error, remedy, procedure=remedy, verify=self._probe()
            )
            self._kept = made.id

    # Deployments

    def deployment(self, deployment: Deployment) -> None:
        """Bring something out; what the guard holds back is done first."""
        day = self.ledger.days[deployment.day]
        self._clock.at(deployment.at)
        agent = self._world.agents[deployment.number % len(self._world.agents)]
        brain, session = self._of_agents[agent], f"deployment-{deployment.number}"
        left_out = [step for step in STEPS if self._world.skips()]
        for step in STEPS:
            if step not in left_out:
                self._step(brain, step, deployment, session)
        went = self._bring_out(brain, deployment, session, len(left_out))
        if went is None:  # it was held: the way out is to do what is missing
            for step in left_out:
                self._step(brain, step, deployment, session)
            left_out = []
            went = self._bring_out(brain, deployment, session, 0)
        day.deployments += 1
        day.adhered += not left_out
        day.deployed += bool(went)

    def _step(self, brain: Brain, step: str, deployment: Deployment, session: str) -> None:
        with brain.operation(f"{step} {deployment.service}", target=deployment.service, session=session):
            self._clock.wait(1)

    def _bring_out(self, brain: Brain, deployment: Deployment, session: str, skipped: int) -> bool | None:
        went = False
        try:
            with brain.operation(f"bring out {deployment.service}", target=deployment.service, session=session):
                went = self._world.deployed(skipped)
                if not went:
                    raise DeploymentFailedError(f"the new version of {deployment.service} does not answer")
        except OperationBlocked:
            return None
        except DeploymentFailedError:
            return False
        return went

    # Learning

    def _learn(self) -> None:
        """Go through the cycles that are due, as an open memory does by itself."""
        if self._parts.learning:
            self.brain.learning.tick()

    def evening(self, day: int) -> None:
        """Let the last cycles of the day run."""
        self._clock.at(START + (day + 1) * MINUTES_A_DAY * MICROS_A_MINUTE - 1)
        for each in self.brain.fixes.list(limit=500) if self._parts.fixes else ():
            sure = each.confidence
            if each.fix.trust == "agent" and sure.verified >= VOUCHED_FROM and not sure.contradicted:
                self.brain.fixes.trust(each.fix.id, reason="it has helped, as the checks show")
        self._learn()

    def close(self) -> None:
        """Note what the product changed about itself, and close the memory."""
        for improvement in self.brain.improvements.list(limit=500):
            key = improvement.state.value
            self.ledger.events[key] = self.ledger.events.get(key, 0) + 1
        for brain in (*self._of_agents.values(), self.brain):
            brain.close()
