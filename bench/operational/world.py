"""What is true in a simulated company, and hidden from everybody who acts in it?

The true remedy of each fault, the strengths of the agents and the days on which they change stand in `World` alone, in
fields that begin with an underscore. Nobody reads them: a team sees incidents, and learns what a remedy did by applying
it. The product is given nothing of this module: it sees error texts, names of services, agents and remedies, and what
the team tells it of outcomes. tests/test_operational_benchmark.py holds this.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count

from bench.operational.parameters import Parameters

MICROS_A_MINUTE = 60_000_000
MINUTES_A_DAY = 1_440
START = 1_790_000_000_000_000  # microseconds: a morning in September 2026

AREAS = ("database", "network", "storage", "queue", "certificate")
SUBJECTS = ("pool", "replica", "socket", "volume", "consumer", "token", "index", "cache", "lease", "snapshot")
STATES = ("exhausted", "refused", "expired", "stuck", "corrupt", "unreachable", "throttled", "missing")
REMEDIES = tuple(
    "restart resize rotate rebuild drain reroute throttle extend reload failover unlock prune".split()
)  # words, as real ones are: numbers are what an error's identity leaves out
KINDS = ("ConnectionError", "TimeoutError", "StorageError", "QuotaError", "ProtocolError")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What a team sees of a fault that came up."""

    number: int
    at: int
    day: int
    service: str
    area: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Something that is to be brought out."""

    number: int
    at: int
    day: int
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What everybody sees after a remedy was applied."""

    fixed: bool
    minutes: int


class World:
    """One company's hidden truth, drawn from a seed, and what happens when somebody acts in it."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self.parameters = parameters
        self._random = random.Random(f"world {seed}")  # what is true, and what comes up: the same for every team
        self._acting = random.Random(f"acting {seed}")  # how what a team does turns out
        self.services = tuple(f"{name}-api" for name in ("orders", "billing", "search", "mail", "users", "stock"))
        self.services = self.services[: parameters.services]
        self.areas = AREAS[: parameters.areas]
        self.remedies = tuple(f"remedy-{name}" for name in REMEDIES[: parameters.remedies])
        self.agents = tuple(f"agent-{letter}" for letter in "abcdefgh"[: parameters.agents])
        self._texts = self._draw_texts()
        self._area = [self._random.choice(self.areas) for _ in self._texts]
        self._first = [self._random.choice(self.remedies) for _ in self._texts]
        self._second = [self._after_drift(remedy) for remedy in self._first]
        self._arrives = [self._arrival(number) for number in range(len(self._texts))]
        self._good = {area: self._random.choice(self.agents) for area in self.areas}
        self._good_later = {**self._good, self.areas[0]: self._another(self._good[self.areas[0]])}
        self._fault: dict[int, int] = {}
        self._open: set[int] = set()
        self._seen: set[tuple[int, str, str]] = set()  # fault, its remedy at the time, and what failed for it
        self._known: set[int] = set()
        self._numbers = count(1)
        self.harmed = 0

    def _draw_texts(self) -> list[str]:
        texts: list[str] = []
        while len(texts) < self.parameters.faults:
            if texts and self._random.random() < self.parameters.near_twins:
                kind, subject, _ = self._random.choice(texts).split("|")
                text = f"{kind}|{subject}|{self._random.choice(STATES)}"
            else:
                text = "|".join(
                    (self._random.choice(KINDS), self._random.choice(SUBJECTS), self._random.choice(STATES))
                )
            if text not in texts:
                texts.append(text)
        return texts

    def _after_drift(self, remedy: str) -> str:
        return self._another_remedy(remedy) if self._random.random() < self.parameters.drift_share else remedy

    def _another_remedy(self, remedy: str) -> str:
        return self._random.choice([other for other in self.remedies if other != remedy])

    def _another(self, agent: str) -> str:
        return self._random.choice([other for other in self.agents if other != agent])

    def _arrival(self, number: int) -> int:
        late = number >= len(self._texts) * (1 - self.parameters.late_share)
        return self._random.randint(self.parameters.days // 3, self.parameters.days - 1) if late else 0

    def _remedy(self, fault: int, day: int) -> str:
        return (self._first if day < self.parameters.drift_day else self._second)[fault]

    def incidents(self, day: int) -> list[Incident]:
        """Return what comes up on a day, in order of time."""
        here = [number for number in range(len(self._texts)) if self._arrives[number] <= day]
        weights = [1 / (number % 10 + 1) ** self.parameters.zipf for number in here]
        times = sorted(self._random.randint(0, MINUTES_A_DAY - 1) for _ in range(self.parameters.incidents_a_day))
        found = []
        for minute in times:
            fault = self._random.choices(here, weights)[0]
            incident = self._incident(fault, day, minute)
            self._fault[incident.number] = fault
            self._open.add(incident.number)
            found.append(incident)
        return found

    def _incident(self, fault: int, day: int, minute: int) -> Incident:
        kind, subject, state = self._texts[fault].split("|")
        amount, wait = self._random.randint(2, 900), self._random.randint(1, 60)
        return Incident(
            number=next(self._numbers),
            at=START + (day * MINUTES_A_DAY + minute) * MICROS_A_MINUTE,
            day=day,
            service=self._random.choice(self.services),
            area=self._area[fault],
            error=f"{kind}: {self._area[fault]} {subject} {amount} is {state} after {wait} s",
        )

    def deployments(self, day: int) -> list[Deployment]:
        """Return what is to be brought out on a day."""
        return [
            Deployment(
                number=next(self._numbers),
                at=START + (day * MINUTES_A_DAY + 60 + 300 * position) * MICROS_A_MINUTE,
                day=day,
                service=self._random.choice(self.services),
            )
            for position in range(self.parameters.deployments_a_day)
        ]

    def hunch(self, agent: str, incident: Incident, not_again: set[str]) -> str | None:
        """Return the remedy that comes to an agent's mind by itself, of those that it would still try."""
        good = (self._good if incident.day < self.parameters.drift_day else self._good_later)[incident.area]
        chance = self.parameters.known_best if agent == good else self.parameters.known_rest
        true = self._remedy(self._fault[incident.number], incident.day)
        knows = self._acting.random() < chance
        left = [remedy for remedy in self.remedies if remedy not in not_again]
        guess = self._acting.choice(left) if left else None
        return true if knows and true in left else guess

    def apply(self, incident: Incident, remedy: str) -> Effect:
        """Apply a remedy; what it did is seen by everybody."""
        fault = self._fault[incident.number]
        true = self._remedy(fault, incident.day)
        if remedy == true:
            self._open.discard(incident.number)
            return Effect(fixed=True, minutes=self.parameters.minutes_a_try)
        self._seen.add((fault, true, remedy))
        harmful = self._acting.random() < self.parameters.harmful
        self.harmed += harmful
        return Effect(fixed=False, minutes=self.parameters.minutes_a_try * (3 if harmful else 1))

    def is_open(self, incident: Incident) -> bool:
        """Say whether the fault is still there, as a look at the service shows."""
        return incident.number in self._open

    def judge(self, incident: Incident, remedy: str) -> tuple[bool, bool]:
        """Say for the score, before a remedy is applied: whether the fault was seen before, and whether this remedy is
        known to fail for it since it is as it is."""
        fault = self._fault[incident.number]
        return fault in self._known, (fault, self._remedy(fault, incident.day), remedy) in self._seen

    def close(self, incident: Incident) -> None:
        """Let the day go on: the fault has been seen, and goes away one way or the other."""
        self._open.discard(incident.number)
        self._known.add(self._fault[incident.number])

    def skips(self) -> bool:
        """Say whether an agent would leave a step of a deployment out."""
        return self._acting.random() < self.parameters.skip

    def deployed(self, skipped: int) -> bool:
        """Say whether a deployment went well of which so many steps were left out."""
        chance = self.parameters.failed_if_skipped if skipped else self.parameters.failed_anyway
        return self._acting.random() >= chance

    def misleading(self) -> list[tuple[str, str]]:
        """Hostile: return error texts, each with a remedy that somebody recommends and that is wrong."""
        found = []
        for fault, text in enumerate(self._texts):
            if self._random.random() < self.parameters.misled:
                kind, subject, state = text.split("|")
                error = f"{kind}: {self._area[fault]} {subject} 7 is {state} after 9 s"
                found.append((error, self._another_remedy(self._first[fault])))
        return found

    def lies(self) -> bool:
        """Hostile: say whether the lying agent calls this failure a success."""
        return self._acting.random() < self.parameters.lies
