"""With what kinds of memory is the product compared: none, notebooks, lessons, and one that knows what cannot be known?

Each arm hears of every remedy that was tried and what it did, and says what to try; how it is followed is the same for
all (`play`). What was tried in an incident is known to all arms within it.
"""

from __future__ import annotations

import math
import random
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.incidents.world import DAY, Effect, Incident, World

NAMED = 3  # remedies, entries or lessons that are handed to an agent at once
EXPLORED = 0.05  # of the choices of an agent
PRICE = 0.3  # of an agent's success that its cost outweighs
HALF_LIFE_DAYS = 7.0
NOTES = (
    "CREATE VIRTUAL TABLE note USING fts5"
    "(error, remedy UNINDEXED, helped UNINDEXED, at UNINDEXED, service UNINDEXED, tokenize = 'porter')"
)
LESSONS = (
    "CREATE VIRTUAL TABLE lesson USING fts5"
    "(text, remedy UNINDEXED, failed UNINDEXED, at UNINDEXED, number UNINDEXED, tokenize = 'porter')"
)
SIMILAR = """
SELECT error, remedy, helped, at, service, -bm25(note) FROM note WHERE note MATCH ? ORDER BY 6 DESC, at DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Advice:
    """What an agent is handed: remedies in the order in which they are named, what not to try, and the text itself."""

    remedies: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    text: str = ""


Attempt = Callable[[str, Callable[[], Advice]], bool]
"""Lets an agent work at an incident, with what it is then handed; says whether the error is gone."""


class Arm:
    """No memory: agents in turn, nothing named. The others say what they do otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._turn = 0

    def opened(self, incident: Incident, apply: Callable[..., Effect]) -> None:
        """Hear of an incident, and act by itself where that is allowed."""

    def repair(self, incident: Incident, tried: Sequence[str], attempt: Attempt) -> None:
        """Let agents have a go, one after the other, until one says that it is over or enough have tried."""
        out: list[str] = []
        while len(out) < self.world.parameters.agents_an_incident:
            agent = self.pick(incident, out)
            out.append(agent)
            solved = attempt(agent, lambda: self.advise(incident, agent, tried))  # noqa: B023 - called at once
            self.finished(incident, agent, solved=solved)
            if solved:
                return

    def pick(self, incident: Incident, out: Sequence[str]) -> str:
        """Return the agent that is to work at it; those in `out` did in vain."""
        while (agent := self.world.agents[self._turn % len(self.world.agents)]) in out:
            self._turn += 1
        self._turn += 1
        return agent

    def advise(self, incident: Incident, agent: str, tried: Sequence[str]) -> Advice:
        """Return what memory says."""
        return Advice()

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        """Hear what a remedy did."""

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        """Hear from an agent that the remedy helped after all; nobody looked yet."""

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        """Hear, half an hour later, that it did not."""

    def finished(self, incident: Incident, agent: str, *, solved: bool) -> None:
        """Hear how an agent did at an incident."""

    def misled(self, error: str, remedy: str) -> None:
        """Hear, before anything happened, that a remedy always helps against an error; it does not."""

    def evening(self, day: int) -> None:
        """A day is over."""

    def close(self) -> None:
        """The last incident is over."""


class Notebook(Arm):
    """Full text: the three most similar errors with what helped."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.db = sqlite3.connect(":memory:")
        self.db.execute(NOTES)

    def write(self, incident: Incident, remedy: str, helped: int) -> None:
        """Keep a note."""
        row = (incident.error, remedy, helped, incident.at, incident.service)
        self.db.execute("INSERT INTO note VALUES (?, ?, ?, ?, ?)", row)

    def found(self, text: str, limit: int) -> list[tuple[str, str, int, int, str, float]]:
        """Return the notes that share words, the most similar first: error, remedy, helped, at, service, score."""
        words = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"[^\W\d_]{2,}", text.lower())))
        return self.db.execute(SIMILAR, (words, limit)).fetchall() if words else []

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        if effect.gone:
            self.write(incident, remedy, 1)

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        self.write(incident, remedy, 1)

    def misled(self, error: str, remedy: str) -> None:
        self.db.execute("INSERT INTO note VALUES (?, ?, 1, 0, '')", (error, remedy))

    def advise(self, incident: Incident, agent: str, tried: Sequence[str]) -> Advice:
        found = self.found(incident.error, NAMED)
        text = "\n".join(f"{error[:120]}: {remedy} helped" for error, remedy, *_ in found)
        return Advice(remedies=tuple(dict.fromkeys(each[1] for each in found)), text=text)


class WithFailures(Notebook):
    """Also notes what failed; the most similar notes vote, newer ones and those of the same service more."""

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        self.write(incident, remedy, int(effect.gone))
        if effect.gone and incident.back:
            self.db.execute("UPDATE note SET helped = 0 WHERE remedy <> ? AND error = ?", (remedy, incident.error))

    def opened(self, incident: Incident, apply: Callable[..., Effect]) -> None:
        if incident.back:  # what seemed to help did not
            place = (incident.error, incident.service)
            self.db.execute("UPDATE note SET helped = 0 WHERE error = ? AND service = ?", place)

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        self.db.execute("UPDATE note SET helped = 0 WHERE error = ? AND remedy = ?", (incident.error, remedy))

    def advise(self, incident: Incident, agent: str, tried: Sequence[str]) -> Advice:
        found = self.found(incident.error, 40)
        votes: dict[str, float] = defaultdict(float)
        for _, remedy, helped, at, service, score in found:
            if score >= 0.6 * found[0][5]:
                weight = math.pow(0.5, (incident.at - at) / (HALF_LIFE_DAYS * DAY)) * (
                    2 if service == incident.service else 1
                )
                votes[remedy] += weight if helped else -weight
        best = sorted((each for each in votes if votes[each] > 0), key=lambda each: -votes[each])[:NAMED]
        avoid = tuple(each for each in votes if votes[each] < 0)
        text = "\n".join(
            [*(f"{each}: helped, {votes[each]:.1f}" for each in best), *(f"{each}: failed" for each in avoid)]
        )
        return Advice(remedies=tuple(best), avoid=avoid, text=f"{found[0][0][:120] if found else ''}\n{text}")


class WithAgentMeans(WithFailures):
    """Also picks the agent by a running mean of its success in the area, less a part of its cost."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.record: dict[tuple[str, str], list[float]] = defaultdict(lambda: [1.0, 1.0])
        self.drawn = random.Random(1)

    def pick(self, incident: Incident, out: Sequence[str]) -> str:
        left = [agent for agent in self.world.agents if agent not in out]
        if self.drawn.random() < EXPLORED:
            return self.drawn.choice(left)
        return max(left, key=lambda agent: self._worth(agent, incident.area))

    def _worth(self, agent: str, area: str) -> float:
        well, badly = self.record[agent, area]
        return well / (well + badly) - PRICE * self.world.parameters.costs[self.world.agents.index(agent)]

    def finished(self, incident: Incident, agent: str, *, solved: bool) -> None:
        self.record[agent, incident.area][0 if solved else 1] += 1


class Lessons(WithAgentMeans):
    """Writes one lesson an incident, with where it was and what failed, and hands the three most similar on."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.vain: dict[int, list[str]] = defaultdict(list)
        self.db.execute(LESSONS)

    @staticmethod
    def place(incident: Incident) -> str:
        """Return where an incident is, as words that are found again."""
        return f"{incident.service} {incident.region} {incident.engine} major{incident.version.partition('.')[0]}"

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        if not effect.gone:
            self.vain[incident.number].append(remedy)
            return
        row = (f"{incident.error} {self.place(incident)}", remedy, " ".join(self.vain[incident.number]), incident.at)
        self.db.execute("INSERT INTO lesson VALUES (?, ?, ?, ?, ?)", (*row, incident.number))

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        """A lesson is written when the incident is over."""

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        """No lesson was written."""

    def opened(self, incident: Incident, apply: Callable[..., Effect]) -> None:
        """A lesson stays as it was written."""

    def misled(self, error: str, remedy: str) -> None:
        self.db.execute("INSERT INTO lesson VALUES (?, ?, '', 0, 0)", (error, remedy))

    def advise(self, incident: Incident, agent: str, tried: Sequence[str]) -> Advice:
        text = f"{incident.error} {self.place(incident)}"
        words = " OR ".join(f'"{word}"' for word in dict.fromkeys(re.findall(r"[^\W_]{2,}", text.lower())))
        rows = self.db.execute(
            "SELECT text, remedy, failed FROM lesson WHERE lesson MATCH ? ORDER BY bm25(lesson), at DESC LIMIT ?",
            (words, NAMED),
        ).fetchall()
        avoid = {failed for _, _, each in rows for failed in each.split()} - {remedy for _, remedy, _ in rows}
        told = "\n".join(
            f"{error[:120]}: {failed or 'nothing'} failed, {remedy} helped" for error, remedy, failed in rows
        )
        return Advice(remedies=tuple(dict.fromkeys(each[1] for each in rows)), avoid=tuple(avoid), text=told)


class Oracle(WithAgentMeans):
    """Has seen the same record, and is told the cause, its area and the contexts in which remedies behave alike."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.outcomes: dict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
        self.last: dict[tuple[int, str], tuple[int, str]] = {}

    def key(self, incident: Incident) -> tuple[int, str]:
        """Return the cause and its cell."""
        truth = self.world.truth(incident)
        return truth.cause, truth.cell

    def pick(self, incident: Incident, out: Sequence[str]) -> str:
        left = [agent for agent in self.world.agents if agent not in out]
        if self.drawn.random() < EXPLORED:
            return self.drawn.choice(left)
        area = self.world.truth(incident).area
        return max(left, key=lambda agent: self._worth(agent, area))

    def finished(self, incident: Incident, agent: str, *, solved: bool) -> None:
        self.record[agent, self.world.truth(incident).area][0 if solved else 1] += 1

    def opened(self, incident: Incident, apply: Callable[..., Effect]) -> None:
        key = self.key(incident)
        if incident.back and key in self.last:
            self.outcomes[key][self.last[key][1]] = [0, 9]  # it only seemed to help, and will again

    def noted(self, incident: Incident, agent: str, remedy: str, effect: Effect) -> None:
        key = self.key(incident)
        self.outcomes[key][remedy][0 if effect.gone else 1] += 1
        if effect.gone:
            self.last[key] = (incident.number, remedy)

    def claimed(self, incident: Incident, agent: str, remedy: str) -> None:
        """It knows better."""

    def refuted(self, incident: Incident, agent: str, remedy: str) -> None:
        """It knew."""

    def misled(self, error: str, remedy: str) -> None:
        """It knows better."""

    def advise(self, incident: Incident, agent: str, tried: Sequence[str]) -> Advice:
        seen = self.outcomes[self.key(incident)]
        rates = {remedy: (helped + 0.5) / (helped + failed + 1) for remedy, (helped, failed) in seen.items() if helped}
        best = sorted((each for each in rates if rates[each] > 0.3), key=lambda each: -rates[each])
        avoid = tuple(remedy for remedy, (helped, failed) in seen.items() if failed > helped)
        return Advice(remedies=tuple(best[:NAMED]), avoid=avoid, text=", ".join(best[:NAMED]))


NOTEBOOKS: dict[str, Callable[[World], Arm]] = {
    "notebook": Notebook,
    "notebook with failures": WithFailures,
    "notebook with agent means": WithAgentMeans,
    "written lessons": Lessons,
}
ARMS: dict[str, Callable[[World], Arm]] = {"none": Arm, **NOTEBOOKS, "oracle": Oracle}
