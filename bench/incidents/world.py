"""What is true in a simulated company, and hidden from everybody who acts in it?

Which remedy helps against which cause, and where, who is good at what, and on which day a service changes stand in
`World` alone, in fields that begin with an underscore. An arm sees incidents, and learns what a remedy did by applying
it; `Truth` is handed to the oracle alone. tests/test_incident_benchmark.py holds this.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, replace

from bench.incidents.catalogue import (
    AREAS,
    CAUSES,
    ONE_OFF_KINDS,
    ONE_OFF_STATES,
    ONE_OFF_WORDS,
    REMEDIES,
    TWINS,
)
from bench.incidents.parameters import Parameters

MICROS_A_MINUTE = 60_000_000
MINUTES_A_DAY = 1_440
DAY = MINUTES_A_DAY * MICROS_A_MINUTE
START = 1_790_000_000_000_000  # microseconds: a morning in September 2026
SERVICES = ("checkout", "ledger", "profiles", "search", "mail", "stock", "pricing", "reports")
REGIONS = ("eu-west-1", "us-east-1")
ENGINES = ("postgres", "mysql")
TABLES = ("orders", "payments", "sessions", "items")
ONE_OFF = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What everybody sees of an incident: where it is, the area that its alert names (not always the right one), and
    the error's text. `back` is the number of the incident that this is again, which seemed to be over, or 0."""

    number: int
    at: int
    day: int
    service: str
    version: str
    region: str
    engine: str
    area: str
    error: str
    back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What everybody sees after a remedy: whether the error is gone, whether it got worse, and how long it took."""

    gone: bool
    worse: bool
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What only the oracle is told: the cause, and the cell of contexts in which its remedies behave alike."""

    cause: int
    cell: str
    area: str


class World:
    """One company's hidden truth, drawn from a seed, and what happens when somebody acts in it.

    What comes up is the same for every arm; how what an arm does turns out is drawn by incident and remedy, so that two
    arms that do the same see the same.
    """

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self.parameters, self._seed = parameters, seed
        self.services, self.remedies = SERVICES[: parameters.services], REMEDIES
        self.agents = tuple(f"agent-{letter}" for letter in "abcdefgh"[: len(parameters.costs)])
        self.liar = self.agents[1]
        drawn = random.Random(f"truth {seed}")
        self._region = {name: drawn.choice(REGIONS) for name in self.services}
        self._engine = {name: drawn.choice(ENGINES) for name in self.services}
        self._upgraded = {name: drawn.randint(*parameters.upgrades) for name in self.services}
        order = list(range(len(CAUSES)))
        drawn.shuffle(order)
        self._rank = {cause: place for place, cause in enumerate(order)}
        self._by = {cause: self._splits(drawn) for cause in order}
        self._right = {cause: drawn.sample(REMEDIES, 3) for cause in order}
        for one, other in TWINS:
            self._part(
                drawn, *(next(i for i, cause in enumerate(CAUSES) if cause.name == name) for name in (one, other))
            )
        self._helps = {
            cause: parameters.helps_if_unsure if drawn.random() < parameters.unsure else 1.0 for cause in order
        }
        self._placebo = {
            cause: drawn.choice([each for each in REMEDIES if each not in self._right[cause]])
            if drawn.random() < parameters.placebo
            else None
            for cause in order
        }
        late = {cause for cause in order if drawn.random() < parameters.late_share}
        self._arrives = {
            cause: drawn.randint(parameters.days // 3, parameters.days - 1) if cause in late else 0 for cause in order
        }
        self._good = {area: drawn.choice(self.agents) for area in AREAS}
        self._truth: dict[int, tuple[int, str]] = {}  # incident -> its cause and its one right remedy
        self._open: set[int] = set()
        self._failed: set[tuple[int, str, str]] = set()  # cause, its right remedy then, and what failed for it
        self._seen: set[int] = set()
        self._queue: list[tuple[int, int, Incident]] = []
        self._number = 0
        self._schedule()

    def _splits(self, drawn: random.Random) -> str:
        """Draw what the right remedy of a cause depends on: nothing, the version, the region or the engine."""
        chance = drawn.random()
        if chance < self.parameters.by_drift:
            return "version"
        if chance < self.parameters.by_drift + self.parameters.by_context:
            return drawn.choice(("region", "engine"))
        return ""

    def _part(self, drawn: random.Random, one: int, other: int) -> None:
        taken = set(self._right[one])
        self._right[other] = drawn.sample([each for each in REMEDIES if each not in taken], 3)

    # What comes up

    def _schedule(self) -> None:
        drawn = random.Random(f"incidents {self._seed}")
        for day in range(self.parameters.days):
            here = [cause for cause, arrives in self._arrives.items() if arrives <= day]
            weights = [1 / (self._rank[cause] + 1) ** self.parameters.zipf for cause in here]
            for _ in range(self.parameters.incidents_a_day):
                once = drawn.random() < self.parameters.one_off
                cause = ONE_OFF if once else drawn.choices(here, weights)[0]
                self._push(drawn, cause, day * MINUTES_A_DAY + drawn.randint(0, MINUTES_A_DAY - 1))

    def _push(self, drawn: random.Random, cause: int, minute: int) -> None:
        day, service = minute // MINUTES_A_DAY, drawn.choice(self.services)
        self._number += 1
        area = drawn.choice(AREAS) if cause == ONE_OFF else CAUSES[cause].area
        incident = Incident(
            number=self._number,
            at=START + minute * MICROS_A_MINUTE,
            day=day,
            service=service,
            version=f"{3 if day >= self._upgraded[service] else 2}.{drawn.randint(0, 9)}",
            region=self._region[service],
            engine=self._engine[service],
            area=drawn.choice(AREAS) if drawn.random() < self.parameters.misnamed else area,
            error=self._filled(drawn, drawn.choice(self._texts(drawn, cause)), service, minute),
        )
        right = drawn.choice(REMEDIES) if cause == ONE_OFF else self._right[cause][self._place(cause, incident)]
        self._truth[incident.number] = (cause if cause != ONE_OFF else -incident.number, right)
        heapq.heappush(self._queue, (incident.at, incident.number, incident))

    @staticmethod
    def _texts(drawn: random.Random, cause: int) -> tuple[str, ...]:
        if cause != ONE_OFF:
            return CAUSES[cause].texts
        kind, word, other = drawn.choice(ONE_OFF_KINDS), *drawn.sample(ONE_OFF_WORDS, 2)
        return (f"{kind}: {word} {{id}} of {other} {drawn.choice(ONE_OFF_STATES)}",)

    def _place(self, cause: int, incident: Incident) -> int:
        """Return which of a cause's remedies is the right one there: a cause that depends on nothing has one."""
        match self._by[cause]:
            case "version":
                return int(incident.version.startswith("3"))
            case "region":
                return REGIONS.index(incident.region)
            case "engine":
                return ENGINES.index(incident.engine)
            case _:
                return 0

    @staticmethod
    def _filled(drawn: random.Random, text: str, service: str, minute: int) -> str:
        hour, day = minute // 60 % 24, 1 + minute // MINUTES_A_DAY
        while "{" in text.replace("{{", ""):
            before = text
            for name, value in {
                "{n}": str(drawn.randint(2, 900)),
                "{ms}": str(drawn.randint(800, 30_000)),
                "{id}": f"{drawn.getrandbits(48):012x}",
                "{host}": f"{drawn.choice(('db', 'cache', 'api', 'edge'))}-{drawn.randint(1, 9)}.{service}.internal",
                "{ip}": f"10.{drawn.randint(0, 9)}.{drawn.randint(0, 255)}.{drawn.randint(1, 254)}",
                "{pod}": f"{service}-{drawn.getrandbits(36):09x}-{drawn.getrandbits(20):05x}",
                "{svc}": service,
                "{ver}": f"{drawn.randint(1, 4)}.{drawn.randint(0, 30)}",
                "{table}": drawn.choice(TABLES),
                "{time}": f"2026-10-{day:02d}T{hour:02d}:{minute % 60:02d}:{drawn.randint(0, 59):02d}Z",
            }.items():
                text = text.replace(name, value, 1)
            if text == before:
                break
        return text.replace("{{", "{").replace("}}", "}")

    def next(self) -> Incident | None:
        """Return what comes up next: what was scheduled, or what is back since it was never mended."""
        if not self._queue:
            return None
        incident = heapq.heappop(self._queue)[2]
        self._open.add(incident.number)
        return incident

    # What somebody does

    def hunch(self, agent: str, incident: Incident, not_again: set[str]) -> str | None:
        """Return the remedy that comes to an agent's mind by itself, of those that it would still try."""
        cause, right = self._truth[incident.number]
        area = incident.area if cause < 0 else CAUSES[cause].area
        chance = self.parameters.known_best if agent == self._good[area] else self.parameters.known_rest
        drawn = random.Random(f"hunch {self._seed} {incident.number} {agent} {len(not_again)}")
        left = [remedy for remedy in REMEDIES if remedy not in not_again]
        if drawn.random() < chance and right in left:
            return right
        return drawn.choice(left) if left else None

    def apply(self, incident: Incident, remedy: str, tries: int) -> Effect:
        """Apply a remedy, as the try of this number; what everybody sees of it is returned."""
        cause, right = self._truth[incident.number]
        drawn = random.Random(f"effect {self._seed} {incident.number} {remedy} {tries}")
        minutes = self.parameters.minutes_a_try
        if remedy == right and drawn.random() < self._helps.get(cause, 1.0):
            self._open.discard(incident.number)
            return Effect(gone=True, worse=False, minutes=minutes)
        if remedy != right:
            self._failed.add((cause, right, remedy))
            if remedy == self._placebo.get(cause):
                self._open.discard(incident.number)
                self._return(drawn, incident)
                return Effect(gone=True, worse=False, minutes=minutes)
        worse = remedy != right and drawn.random() < self.parameters.harmful
        return Effect(gone=False, worse=worse, minutes=minutes + worse * self.parameters.minutes_of_harm)

    def _return(self, drawn: random.Random, incident: Incident) -> None:
        """Let what only seemed to be mended come back, unless the weeks are over."""
        at = incident.at + drawn.randint(*self.parameters.placebo_minutes) * MICROS_A_MINUTE
        day = (at - START) // DAY
        if day >= self.parameters.days:
            return
        self._number += 1
        again = replace(incident, number=self._number, at=at, day=day, back=incident.number)
        self._truth[again.number] = self._truth[incident.number]
        heapq.heappush(self._queue, (again.at, again.number, again))

    def call_a_person(self, incident: Incident) -> str:
        """Return what a person finds, who finds everything; it is applied."""
        self._open.discard(incident.number)
        return self._truth[incident.number][1]

    def is_open(self, incident: Incident) -> bool:
        """Say whether the error is still there, as a look at the service shows."""
        return incident.number in self._open

    def lies(self, incident: Incident) -> bool:
        """Say whether the lying agent calls this failure a success."""
        return random.Random(f"lie {self._seed} {incident.number}").random() < self.parameters.lies

    def close(self, incident: Incident) -> None:
        """Go on: the cause has been seen."""
        self._open.discard(incident.number)
        self._seen.add(self._truth[incident.number][0])

    def misleading(self) -> list[tuple[str, str]]:
        """Hostile: return error texts, each with a remedy that somebody recommends and that is wrong."""
        drawn = random.Random(f"misled {self._seed}")
        found = []
        for cause, each in enumerate(CAUSES):
            wrong = drawn.choice([remedy for remedy in REMEDIES if remedy not in self._right[cause]])
            if drawn.random() < self.parameters.misled:
                found += [(self._filled(drawn, text, self.services[0], 0), wrong) for text in each.texts]
        return found

    # For the score, and for the oracle

    def judge(self, incident: Incident, remedy: str) -> tuple[bool, bool, bool]:
        """Say before a remedy is applied: was the cause seen before, is this remedy known to fail for it as it is here,
        and is it the right one?"""
        cause, right = self._truth[incident.number]
        return cause in self._seen, (cause, right, remedy) in self._failed, remedy == right

    def kind(self, incident: Incident) -> str:
        """Say what an incident is for the score: "one-off", "plain", "context", or, with version 3, "drifted"."""
        cause, _ = self._truth[incident.number]
        if cause < 0:
            return "one-off"
        by = self._by[cause]
        if by == "version":
            return "drifted" if incident.version.startswith("3") else "plain"
        return "context" if by else "plain"

    def truth(self, incident: Incident) -> Truth:
        """Return what only the oracle may know."""
        cause, _ = self._truth[incident.number]
        if cause < 0:
            return Truth(cause=cause, cell="", area=incident.area)
        cell = f"{self._by[cause]} {self._place(cause, incident)}"
        return Truth(cause=cause, cell=cell, area=CAUSES[cause].area)
