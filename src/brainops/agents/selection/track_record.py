"""What do past attempts say of each agent, at each class of task, now? (pure)

The record is kept as sums, so that adding an attempt costs the same however long the history is. What a task is worth
is taken apart: how hard its class is for everybody, how good the agent is, and how much better or worse than that the
agent is at this class. An agent that began to do otherwise than expected is judged by its newest attempts alone.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable

from msgspec import Struct, field

from brainops.types import Micros

HOUR_SECONDS = 3_600.0

CLASS_WEIGHT = 4.0
"""So many tasks' worth of doubt stand against calling a class, or a text, harder than others."""

EXPECTED_VARIANCE = 0.25
"""Of the utility of one task before anything was seen: that of a coin's toss, the most that a share can have."""

VARIANCE_WEIGHT = 4.0  # tasks' worth of that belief

LEAST_ABLE = 0.05  # of tasks: nobody is believed to know nothing, or everything

WINDOWS = (20, 60)
"""Newest attempts that are held against what was expected: the short one sees a fall at once, the long one a slope."""

CHANGE_LINE = 4.0
"""Standard errors by which a window must differ from what was expected. In 2,000 attempts of an agent that does not
change, chance crosses it about once in a hundred agents."""

_NUMBER = re.compile(r"\d+")
_KEY_CHARACTERS = 400  # of a text: what comes after seldom tells one task from another


class Trial(Struct, frozen=True, kw_only=True):
    """How an agent did at a task before. `success` is 1 or 0, or what a later verification made of it.

    `named` is how probably it succeeds by what memory names alone, whoever acts.
    """

    agent: str
    task_class: str
    text_key: str = ""
    success: float
    named: float = 0.0
    seconds: float = 0.0
    cost: float = 0.0
    at: Micros = 0


class Utility(Struct, frozen=True, kw_only=True):
    """What an attempt is worth: success - hour * hours - unit * cost, of which time and cost each take at most `most`.

    A success is worth 1. `hour` and `unit` (of whatever currency costs are counted in) are shares of a success. With
    `most` below one half no failure is worth more than a success, however cheap and fast it was.
    """

    hour: float = 0.05
    unit: float = 0.05
    most: float = 0.4

    def of(self, trial: Trial) -> float:
        """Return the utility of a trial."""
        return trial.success - self.price(trial.seconds, trial.cost)

    def price(self, seconds: float, cost: float) -> float:
        """Return what time and cost take from a success."""
        time = min(self.most, self.hour * max(0.0, seconds) / HOUR_SECONDS)
        return time + min(self.most, self.unit * max(0.0, cost))


UTILITY = Utility()


class Tally(Struct):
    """A count, and the sum of what was counted."""

    count: float = 0.0
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count one more."""
        self.count += 1
        self.total += value

    def shrunk(self, weight: float, towards: float = 0.0) -> float:
        """Return the mean, with so many cases' worth of a belief beside it."""
        return (self.total + weight * towards) / (self.count + weight) if self.count + weight else towards


class Seen(Struct):
    """One attempt, less how easy its class and text are; `surprise` is how it differed from what was expected."""

    task_class: str
    text_key: str
    adjusted: float
    surprise: float


class AgentRecord(Struct):
    """What is known of one agent: sums over its attempts that still count, by class and by text."""

    tally: Tally = field(default_factory=Tally)
    squares: float = 0.0
    cells: dict[str, Tally] = {}
    texts: dict[tuple[str, str], Tally] = {}
    cell_squares: float = 0.0  # sum over classes of total**2 / count
    cell_counts: float = 0.0  # sum over classes of count**2
    successes: float = 0.0
    seconds: float = 0.0
    cost: float = 0.0
    attempts: int = 0
    last: int = 0
    newest: deque[Seen] = field(default_factory=lambda: deque(maxlen=WINDOWS[-1]))

    def count(self, seen: Seen) -> None:
        """Add one adjusted attempt to the sums."""
        cell = self.cells.setdefault(seen.task_class, Tally())
        if cell.count:
            self.cell_squares -= cell.total**2 / cell.count
        self.cell_counts += 2 * cell.count + 1
        cell.add(seen.adjusted)
        self.cell_squares += cell.total**2 / cell.count
        self.tally.add(seen.adjusted)
        self.squares += seen.adjusted**2
        if seen.text_key:
            self.texts.setdefault((seen.task_class, seen.text_key), Tally()).add(seen.adjusted)


class TrackRecord:
    """The attempts of all agents as sums. `add` takes them in the order in which they were made; not for threads."""

    def __init__(self, trials: Iterable[Trial] = (), *, utility: Utility = UTILITY) -> None:
        self.utility = utility
        self.agents: dict[str, AgentRecord] = {}
        self.classes: dict[str, Tally] = {}
        self.texts: dict[tuple[str, str], Tally] = {}
        self.all = Tally()
        self.above = Tally()  # by how much attempts were above what is usual for their agent
        self.squares = 0.0
        self.changes = 0
        for trial in sorted(trials, key=lambda each: each.at):
            self.add(trial)

    def add(self, trial: Trial) -> None:
        """Learn from one more attempt, in constant time."""
        key = text_key(trial.text_key)
        agent = self.agents.setdefault(trial.agent, AgentRecord())
        usual = agent.tally.shrunk(1.0, self.all.shrunk(1.0, 0.5))
        ease = self._ease(trial.task_class, key)
        cell = agent.cells.get(trial.task_class)
        expected = cell.shrunk(CLASS_WEIGHT, usual) if cell else usual
        value = self.utility.of(trial)
        if trial.named:
            value -= trial.success * (1 - own_share(expected + ease + trial.success - value, trial.named))
        seen = Seen(trial.task_class, key, value - ease, value - ease - expected)
        above_usual = value - usual
        of_class = self.classes.setdefault(trial.task_class, Tally())
        if key:
            easier = of_class.shrunk(CLASS_WEIGHT, self.above.shrunk(0.0))
            self.texts.setdefault((trial.task_class, key), Tally()).add(above_usual - easier)
        of_class.add(above_usual)
        self.above.add(above_usual)
        self.all.add(value)
        self.squares += value**2
        agent.attempts += 1
        agent.last = int(self.all.count)
        agent.successes += trial.success
        agent.seconds += max(0.0, trial.seconds)
        agent.cost += max(0.0, trial.cost)
        agent.count(seen)
        agent.newest.append(seen)
        self._notice_change(trial.agent, agent)

    @property
    def count(self) -> int:
        """How many attempts it rests on."""
        return int(self.all.count)

    @property
    def variance(self) -> float:
        """The variance of the utility of one task over everything, with a few tasks' worth of belief."""
        apart = self.squares - self.all.total**2 / self.all.count if self.all.count else 0.0
        return (VARIANCE_WEIGHT * EXPECTED_VARIANCE + max(0.0, apart)) / (VARIANCE_WEIGHT + self.all.count)

    @property
    def changed(self) -> float:
        """How probable it is, a task, that an agent changes: counted from the changes that were noticed."""
        return self.changes / self.all.count if self.all.count else 0.0

    def _ease(self, task_class: str, key: str) -> float:
        usual = self.above.shrunk(0.0)
        found = self.classes.get(task_class)
        easier = found.shrunk(CLASS_WEIGHT, usual) - usual if found else 0.0
        text = self.texts.get((task_class, key)) if key else None
        return easier + (text.shrunk(CLASS_WEIGHT) if text else 0.0)

    def _notice_change(self, name: str, agent: AgentRecord) -> None:
        for window in WINDOWS:
            if agent.tally.count < 2 * window:
                return
            newest = list(agent.newest)[-window:]
            surprise = sum(each.surprise for each in newest)
            if abs(surprise) > CHANGE_LINE * math.sqrt(window * self.variance):
                self.changes += 1
                fresh = AgentRecord(
                    successes=agent.successes,
                    seconds=agent.seconds,
                    cost=agent.cost,
                    attempts=agent.attempts,
                    last=agent.last,
                )
                for seen in newest:
                    fresh.count(seen)
                self.agents[name] = fresh
                return


def own_share(able: float, named: float) -> float:
    """Return how much of a success is the agent's: the chance that one who can do `able` of such tasks could do it.

    It succeeds by what memory named or by what the agent knows (noisy-or: Pearl, 1988); where either is enough, a
    success says of the agent the less, the surer what was named is.
    """
    able = min(1 - LEAST_ABLE, max(LEAST_ABLE, able))
    return able / (named + (1 - named) * able)


def text_key(text: str) -> str:
    """Return what two texts of the same task have in common: the words, with each number as one sign."""
    return " ".join(_NUMBER.sub("#", text[:_KEY_CHARACTERS]).casefold().split())
