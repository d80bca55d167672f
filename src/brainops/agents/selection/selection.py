"""Which of the agents that could take a task has done best at this kind of task, and who is worth trying? (pure)

Each agent's worth is a normal belief: its own mean, drawn towards that of its kin and of all agents as far as its
history is short (empirical Bayes by moments: Morris, 1983), and towards its own mean over all classes as far as its
record at this class is short. How much agents differ, and whether classes matter at all, is estimated from the record.

The choice adds to the expected utility some standard deviations of the belief, so that who is little known is tried
while that may pay (optimism in the face of uncertainty; Bayes-UCB: Kaufmann et al., 2012). How many is small at first,
grows with the logarithm of the record, so that nobody is given up for good on a few unlucky tasks, and is drawn from
OPTIMISM, which gives every choice its probability. A floor of the choices goes to who was hardly tried at the class: a
specialist whom the record of other classes speaks against is found by nothing else.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from brainops.agents.selection.track_record import AgentRecord, Tally, TrackRecord, Trial, text_key
from brainops.errors import InvalidInput
from brainops.types import Choice
from brainops.types.counted import counted

OPTIMISM = (0.3, 0.6, 0.9)
"""Standard deviations that are added to what is expected; one of these is drawn for each choice. A full bound (2 and
more) tries for so long that short histories, which are the rule, end before it pays."""

OPTIMISM_GROWS = 100.0  # attempts: the square of the optimism is 1 + log(1 + attempts / this) times its first

FLOOR = 0.05
"""Of the choices at a class, as long as somebody who may be good at it was tried there less than FLOOR_TRIES times."""
FLOOR_TRIES = 2  # one success or failure may be chance
FLOOR_FROM = 10  # tasks of the class for each agent: what came so often comes again, and pays for who was not tried

SPREAD = 0.4
"""By how many standard deviations of one task agents differ, before anything was seen: 0.2 in shares of success."""

SPREAD_WEIGHT = 4.0  # agents' worth of that belief
LEAST_SPREAD = 0.1  # agents are never believed to be equal: trying would stop for good
USUAL = 0.5  # utility of an unknown agent, with the weight of two well-known ones: soon overruled by what was seen
USUAL_WEIGHT = 2.0

CLASS_SPREAD = 0.1  # of an agent over classes, in standard deviations of one task, before anything was seen
CLASS_SPREAD_WEIGHT = 10.0  # tasks' worth of that belief
SAME_TASK_WEIGHT = 2.0  # so many tasks' worth of doubt stand against "it has done this very task before"

KIN_WEIGHT = 0.5
"""Agents' worth of doubt against judging an unknown agent by those that share words of its name or its traits."""
LEAST_KINSHIP = 0.05

DROPPED = 3.0
"""Standard deviations below the best at which an agent is no longer weighed: one chance in a thousand to be better."""

_WORD = re.compile(r"[a-z]+|\d+")
_TIE = 1e-9
FLOOR_STEPS = 1_000_000  # to which the floor's chance is exact


class AgentCandidate(Struct, frozen=True, kw_only=True):
    """An agent that could take the task: what one task is expected to cost, and words that it shares with its kin."""

    name: str
    cost: float = 0.0
    seconds: float = 0.0
    traits: tuple[str, ...] = ()


class Belief(Struct, frozen=True, kw_only=True):
    """What is expected of an agent at a class: mean and variance of its utility there, and on how many attempts it
    rests, here and anywhere.
    """

    name: str
    mean: float
    variance: float
    here: int
    attempts: int


class _Spread(Struct, frozen=True, kw_only=True):
    """How much one task, the agents, and an agent over the classes vary; and the usual utility of an agent."""

    noise: float
    agents: float
    classes: float
    usual: float


def choose(
    candidates: Sequence[AgentCandidate],
    history: TrackRecord | Iterable[Trial],
    *,
    task_class: str,
    text: str = "",
    seed: int,
    tried: Sequence[str] = (),
) -> Choice:
    """Return who takes the task, with one sentence that says why and the probability of choosing so.

    `history` is a Record that grows with each attempt, or the attempts themselves. `tried` are not asked again as long
    as there is somebody else. The same seed chooses the same. Raises InvalidInput where there is no candidate.
    """
    if not candidates:
        raise InvalidInput("nobody to choose from: name at least one candidate")
    record = history if isinstance(history, TrackRecord) else TrackRecord(history)
    able = [each for each in candidates if each.name not in tried] or list(candidates)
    known = beliefs(able, record, task_class=task_class, text=text)
    weighed = _weighed(known)
    grown = math.sqrt(1 + math.log1p(record.count / OPTIMISM_GROWS))
    worth = [[each.mean + grown * optimism * math.sqrt(each.variance) for each in weighed] for optimism in OPTIMISM]
    chosen, probability, trying = _drawn(weighed, worth, seed)
    often = record.classes.get(task_class, Tally()).count >= FLOOR_FROM * len(able)
    if often and (floor := _hardly_tried(weighed)):
        drawn = int.from_bytes(_halves(seed + 1)[0], "big")
        if drawn % FLOOR_STEPS < FLOOR * FLOOR_STEPS:
            chosen, trying = floor[drawn // FLOOR_STEPS % len(floor)], True
            probability = _chance(weighed, worth, chosen)
        probability = (1 - FLOOR) * probability + FLOOR * (chosen in floor) / len(floor)
    expected = {belief.name: round(belief.mean, 4) for belief in known}
    sentence = _sentence(chosen, known, weighed, record, task_class, trying=trying)
    return Choice(agent=chosen.name, sentence=sentence, expected=expected, probability=round(probability, 4))


def beliefs(
    candidates: Sequence[AgentCandidate], record: TrackRecord, *, task_class: str, text: str = ""
) -> list[Belief]:
    """Return what is expected of each candidate at a class of task, and for a text that was a task before."""
    spread = _spread(candidates, record)
    relatives = kinship(tuple((each.name, each.traits) for each in candidates))
    means = _means(candidates, record, spread)
    key = text_key(text)
    found = []
    for number, candidate in enumerate(candidates):
        prior = spread.usual - record.utility.price(candidate.seconds, candidate.cost)
        prior += _from_kin(relatives[number], means)
        found.append(_belief(candidate.name, record, spread, prior, task_class, key))
    return found


def _belief(name: str, record: TrackRecord, spread: _Spread, prior: float, task_class: str, key: str) -> Belief:
    agent = record.agents.get(name)
    if agent is None:
        variance = spread.agents + spread.classes
        return Belief(name=name, mean=prior, variance=variance, here=0, attempts=0)
    weight, own = _evidence(agent, record, spread)
    variance = 1 / (weight + 1 / spread.agents)
    mean = variance * (weight * own + prior / spread.agents)
    cell = agent.cells.get(task_class, Tally())
    here = cell.count * spread.classes / (cell.count * spread.classes + spread.noise)
    if cell.count:
        mean += here * (cell.total / cell.count - mean)
    total = (1 - here) ** 2 * variance + (1 - here) * spread.classes
    same = agent.texts.get((task_class, key)) if key else None
    if same is not None:
        mean = same.shrunk(SAME_TASK_WEIGHT, mean)
    return Belief(name=name, mean=mean, variance=total, here=int(cell.count), attempts=agent.attempts)


def _evidence(agent: AgentRecord, record: TrackRecord, spread: _Spread) -> tuple[float, float]:
    """Return the precision of an agent's mean, and that mean; what is old counts less where agents change."""
    count = agent.tally.count
    uneven = agent.cell_counts / count**2
    fresh = math.exp(-2 * record.changed * (record.count - agent.last))
    return fresh / (spread.noise / count + spread.classes * uneven), agent.tally.total / count


def _spread(candidates: Sequence[AgentCandidate], record: TrackRecord) -> _Spread:
    """Estimate by moments how much agents differ, and how much each differs over classes."""
    agents = [(each, record.agents[each.name]) for each in candidates if each.name in record.agents]
    whole = record.variance
    noise, classes = _within(list(record.agents.values()), whole, len(record.classes))
    expected = SPREAD**2 * whole
    weight, total = USUAL_WEIGHT, USUAL_WEIGHT * USUAL
    rows = []
    for candidate, agent in agents:
        own = agent.tally.total / agent.tally.count + record.utility.price(candidate.seconds, candidate.cost)
        doubt = noise / agent.tally.count + classes * agent.cell_counts / agent.tally.count**2
        sure = expected / (expected + doubt)
        rows.append((own, doubt, sure))
        weight, total = weight + sure, total + sure * own
    usual = total / weight
    apart = SPREAD_WEIGHT * expected + sum(sure**2 * ((own - usual) ** 2 - doubt) for own, doubt, sure in rows)
    variance = apart / (SPREAD_WEIGHT + sum(sure**2 for _, _, sure in rows))
    return _Spread(noise=noise, agents=max(variance, LEAST_SPREAD**2 * whole), classes=classes, usual=usual)


def _within(agents: Sequence[AgentRecord], whole: float, kinds: int) -> tuple[float, float]:
    """Return the variance of one task for an agent at a class, and of an agent over classes."""
    count = sum(agent.tally.count for agent in agents)
    cells = sum(len(agent.cells) for agent in agents)
    in_cells = max(0.0, sum(agent.squares - agent.cell_squares for agent in agents))
    noise = (CLASS_SPREAD_WEIGHT * whole + in_cells) / (CLASS_SPREAD_WEIGHT + count - cells)
    between = sum(agent.cell_squares - agent.tally.total**2 / agent.tally.count for agent in agents)
    free = count - sum(agent.cell_counts / agent.tally.count for agent in agents)
    believed = CLASS_SPREAD_WEIGHT * CLASS_SPREAD**2 * whole
    classes = (believed + between - noise * (cells - len(agents))) / (CLASS_SPREAD_WEIGHT + free)
    return noise, max(classes, 0.0) if kinds > 1 else 0.0


def _means(candidates: Sequence[AgentCandidate], record: TrackRecord, spread: _Spread) -> list[tuple[float, float]]:
    """Return for each candidate how surely it is known, and how far above the usual it is."""
    found = []
    for candidate in candidates:
        agent = record.agents.get(candidate.name)
        if agent is None:
            found.append((0.0, 0.0))
            continue
        precision, own = _evidence(agent, record, spread)
        price = record.utility.price(candidate.seconds, candidate.cost)
        found.append((precision / (precision + 1 / spread.agents), own + price - spread.usual))
    return found


def _from_kin(relatives: Mapping[int, float], means: Sequence[tuple[float, float]]) -> float:
    """Return what kin say: the mean of their distances from the usual, drawn to nought as far as they are unknown."""
    total, weight = 0.0, KIN_WEIGHT
    for number, close in relatives.items():
        sure, above = means[number]
        total += close * sure * above
        weight += close * sure
    return total / weight


@lru_cache(maxsize=64)
def kinship(names: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Mapping[int, float], ...]:
    """Return for each candidate how close which others are: the cosine of their words, rare words counting more."""
    words = [frozenset(_WORD.findall(" ".join((name, *traits)).casefold())) for name, traits in names]
    carriers: dict[str, int] = {}
    for each in words:
        for word in each:
            carriers[word] = carriers.get(word, 0) + 1
    weights = {word: math.log((len(names) + 1) / count) ** 2 for word, count in carriers.items()}
    lengths = [math.sqrt(sum(weights[word] for word in each)) for each in words]
    found: list[dict[int, float]] = [{} for _ in names]
    for one in range(len(names)):
        for other in range(one):
            close = sum(weights[word] for word in words[one] & words[other]) / (lengths[one] * lengths[other] or 1.0)
            if close > LEAST_KINSHIP:
                found[one][other] = found[other][one] = close
    return tuple(found)


def _weighed(known: Sequence[Belief]) -> list[Belief]:
    """Leave out who is almost surely worse than the best."""
    best = max(known, key=lambda belief: belief.mean)
    return [
        belief
        for belief in known
        if belief.mean + DROPPED * math.sqrt(belief.variance + best.variance) >= best.mean or belief is best
    ]


def _hardly_tried(weighed: Sequence[Belief]) -> list[Belief]:
    """Return those who were tried least at the class, and of them least anywhere; nobody where all were tried."""
    least = min((each.here, each.attempts) for each in weighed)
    return [each for each in weighed if (each.here, each.attempts) == least] if least[0] < FLOOR_TRIES else []


def _drawn(weighed: Sequence[Belief], worth: Sequence[Sequence[float]], seed: int) -> tuple[Belief, float, bool]:
    """Draw the optimism and, among equals, the agent; return it, how probable it was, and whether it is a try."""
    equal = _equal(worth)
    one, other = (int.from_bytes(half, "big") for half in _halves(seed))
    row = equal[one % len(equal)]
    number = row[other % len(row)]
    return (
        weighed[number],
        _chance(weighed, worth, weighed[number]),
        weighed[number].mean < max(each.mean for each in weighed) - _TIE,
    )


def _chance(weighed: Sequence[Belief], worth: Sequence[Sequence[float]], chosen: Belief) -> float:
    """Return how probably one is chosen by its worth."""
    equal = _equal(worth)
    return sum(1 / len(row) for row in equal if any(weighed[number] is chosen for number in row)) / len(equal)


def _equal(worth: Sequence[Sequence[float]]) -> list[list[int]]:
    """Return who is best by each optimism."""
    most = [max(row) for row in worth]
    return [
        [number for number, value in enumerate(row) if value >= best - _TIE]
        for row, best in zip(worth, most, strict=True)
    ]


def _halves(seed: int) -> tuple[bytes, bytes]:
    drawn = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()
    return drawn[:8], drawn[8:]


def _sentence(
    chosen: Belief,
    known: Sequence[Belief],
    weighed: Sequence[Belief],
    record: TrackRecord,
    task_class: str,
    *,
    trying: bool,
) -> str:
    """Say in one sentence why, with the numbers."""
    parts = [f"{chosen.name}: {_history(chosen, record, task_class)}, expected utility {chosen.mean:.2f}"]
    others = sorted((each for each in known if each is not chosen), key=lambda each: -each.mean)
    if not others:
        parts.append("the only one that could take it")
    elif trying:
        best = others[0]
        parts.append(
            f"tried because it may be better than {best.name} ({best.mean:.2f}):"
            f" it is known to within {math.sqrt(chosen.variance):.2f}"
        )
    else:
        parts.append(f"the most of {len(known)}, next {others[0].name} with {others[0].mean:.2f}")
    if len(known) > len(weighed):
        parts.append(f"{len(known) - len(weighed)} left out as almost surely worse")
    return "; ".join(parts)


def _history(chosen: Belief, record: TrackRecord, task_class: str) -> str:
    agent = record.agents.get(chosen.name)
    if agent is None:
        return "not tried yet"
    count = agent.attempts
    told = f"{agent.successes:.3g} of {counted(count, 'task')} succeeded, {chosen.here} of them {task_class}"
    if agent.seconds or agent.cost:
        told += f", {agent.seconds / count:.3g} s and {agent.cost / count:.2g} of cost each"
    return told
