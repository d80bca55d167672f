"""After what do operations fail more often than else: which events, and which two in a row? (pure)"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from brainops.statistics.significance import discoveries, fisher
from brainops.types import Micros

LEAST_EXPOSED = 5
"""Trials after an event without which nothing is said of it: of fewer, even all failing may be one bad hour."""

LEAST_FAILED = 3
LIFT = 1.5
"""How many times the rate of failure without the event it must be: what is less helps nobody to decide."""

KINDS = 200  # the most frequent kinds of events that are looked at
PAIRED = 40  # of which the most frequent are tried two in a row: their number goes with the square


class Event(Struct, frozen=True, kw_only=True):
    """Something that was seen; `operation` is whose own it is, for an operation is no precursor of itself."""

    at: Micros
    key: str
    operation: str | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """An operation that ended: when it began, and whether it failed."""

    at: Micros
    name: str
    failed: bool


class Antecedent(Struct, frozen=True, kw_only=True):
    """Events, in order, after which an operation fails more often.

    `probability` is its rate of failure within the window after them, `base` that without, `cases` how many trials came
    after them, `chance` the p value.
    """

    events: tuple[str, ...]
    operation: str
    probability: float
    base: float
    cases: int
    failed: int
    chance: float

    @property
    def lift(self) -> float:
        """How many times the rate without them."""
        return self.probability / max(self.base, 1e-9)


class _Trial(Struct, frozen=True):
    failed: bool
    seen: Mapping[str, tuple[Micros, Micros]]  # kind -> when it was seen first and last within the window


def precursors(events: Iterable[Event], operations: Iterable[Tried], within: Micros) -> list[Antecedent]:
    """Return what precedes failure within a time, the surest first; false discoveries are held over all that is tried.

    One trial is an operation's name in one stretch of that time (it failed if any in it did), for ten failures in a
    minute after one event are one case, not ten. An event is tested by Fisher's exact test against the trials without
    it; two in a row against the trials after the second alone, so that a pair is told only where it says more.
    """
    trials = _trials(sorted(events, key=lambda event: event.at), operations, within)
    tested = [found for name, cases in sorted(trials.items()) for found in _tested(name, cases)]
    holds = discoveries([each.chance for each in tested])
    told = [each for each, held in zip(tested, holds, strict=True) if held and each.lift >= LIFT]
    return sorted(told, key=lambda each: (each.chance, -each.lift, each.operation, each.events))


def _trials(events: Sequence[Event], operations: Iterable[Tried], within: Micros) -> dict[str, list[_Trial]]:
    blocks: dict[tuple[str, int], list[Tried]] = defaultdict(list)
    for tried in operations:
        blocks[tried.name, tried.at // within].append(tried)
    common = {key for key, _ in Counter(event.key for event in events).most_common(KINDS)}
    known = [event for event in events if event.key in common]
    trials: dict[str, list[_Trial]] = defaultdict(list)
    start = 0
    for (name, _), group in sorted(blocks.items(), key=lambda each: min(tried.at for tried in each[1])):
        first = min(tried.at for tried in group)
        while start < len(known) and known[start].at < first - within:
            start += 1
        seen: dict[str, tuple[Micros, Micros]] = {}
        for at in range(start, len(known)):
            event = known[at]
            if event.at >= first:
                break
            if event.operation != name:
                seen[event.key] = (seen.get(event.key, (event.at,))[0], event.at)
        trials[name].append(_Trial(any(tried.failed for tried in group), seen))
    return trials


def _tested(name: str, trials: Sequence[_Trial]) -> list[Antecedent]:
    found = []
    counts = Counter(key for trial in trials for key in trial.seen)
    for key, count in sorted(counts.items()):
        if count >= LEAST_EXPOSED:
            found.append(_against(name, (key,), trials, [key in trial.seen for trial in trials]))
    frequent = [key for key, count in counts.most_common(PAIRED) if count >= LEAST_EXPOSED]
    for second in sorted(frequent):
        after = [trial for trial in trials if second in trial.seen]
        for first in sorted(frequent):
            if first != second:
                exposed = [first in trial.seen and trial.seen[first][0] < trial.seen[second][1] for trial in after]
                if LEAST_EXPOSED <= sum(exposed) < len(after):
                    found.append(_against(name, (first, second), after, exposed))
    return [each for each in found if each is not None]


def _against(name: str, keys: tuple[str, ...], trials: Sequence[_Trial], exposed: Sequence[bool]) -> Antecedent | None:
    cases = sum(exposed)
    failed = sum(trial.failed for trial in trials)
    both = sum(trial.failed for trial, hit in zip(trials, exposed, strict=True) if hit)
    if both < LEAST_FAILED or cases == len(trials):
        return None
    base = (failed - both + 0.5) / (len(trials) - cases + 1)  # never 0: what has not failed yet can
    return Antecedent(
        events=keys,
        operation=name,
        probability=both / cases,
        base=base,
        cases=cases,
        failed=both,
        chance=fisher(both, cases, failed, len(trials)),
    )
