"""Where does something work, going by where it worked and where it did not? (pure)

The trials of some alternatives are parted by that attribute of their context which explains best what contradicts
itself, and the part in which one stands is parted again, as a tree is grown (Chipman, George and McCulloch, Bayesian
CART model search, 1998); a moment since which things are otherwise is an attribute too, so that what stopped working
is not held up by its past. Whether parts are more probable than the whole says their marginal likelihood under a
beta-binomial, which pays for each further part by itself, less the choice among so many attributes. Where nothing is
explained all places share one record, and in a part the record of the whole counts as `SHARED` cases.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

SHARED = 1.0
"""Cases that what is expected beforehand counts: as Jeffreys' prior, under which always and never are both likely."""

DEEPEST = 3  # conditions that a place is told by; a fourth would be explained to nobody
MOST_ATTRIBUTES = 12  # of a context that are looked at; those that tell most come first
TELLING = frozenset({"target", "service", "version", "region", "environment"})
MOST_VALUES = 24  # of one attribute: with more it is an id, and parts nothing
MOST_MOMENTS = 40  # the latest at which things may have become otherwise
MOST_CHARACTERS = 80  # of a value: what is longer is a text
ENOUGH_VALUES = 3  # of one attribute that all worked: it is not the attribute on which it depends
SINCE = "since"
EXACT = "exact "  # before the name of a version that is meant with all its numbers

_VERSION = re.compile(r"v?(\d{1,4})\.\d[\w.+-]*")


class BinaryTrial(Struct, frozen=True, kw_only=True):
    """One time that something was tried: what, whether it worked, when and where; `weight` is what it counts."""

    of: str
    worked: bool
    at: int
    where: Mapping[str, str] = {}
    weight: float = 1.0


class Condition(Struct, frozen=True, kw_only=True):
    """What tells a place from others: an attribute and its value here, or the moment `since` which it is so."""

    attribute: str
    value: str


class Cell(Struct, frozen=True, kw_only=True):
    """The part of the trials that lie as one stands, by which conditions, and what is expected of each alternative.

    `open` is an attribute that parts them and of which is not known how one stands.
    """

    conditions: tuple[Condition, ...]
    trials: tuple[BinaryTrial, ...]
    expected: Mapping[str, float]
    open: str | None = None

    def counts(self, of: str) -> tuple[float, float]:
        """Return how much worked and how much did not."""
        return _counts(each for each in self.trials if each.of == of)

    def mean(self, of: str) -> float:
        """Return the probability that it works here."""
        worked, did_not = self.counts(of)
        return (worked + SHARED * self.expected[of]) / (worked + did_not + SHARED)


def attributes(context: Mapping[str, object]) -> dict[str, str]:
    """Return what of a context can tell places apart: its short plain values; a version by its first number too."""
    found: dict[str, str] = {}
    for name, value in sorted(context.items(), key=lambda item: (item[0] not in TELLING, item[0])):
        text = str(value).strip() if isinstance(value, (str, int, float)) else ""
        if not 0 < len(text) <= MOST_CHARACTERS or "\n" in text:
            continue
        if sum(not each.startswith(EXACT) for each in found) == MOST_ATTRIBUTES:
            break
        found[name] = text
        if version := _VERSION.fullmatch(text):
            found[name], found[f"{EXACT}{name}"] = f"{version[1]}.x", text
    return found


def place(
    trials: Iterable[BinaryTrial], here: Mapping[str, str], base: float, expected: Mapping[str, float] | None = None
) -> Cell:
    """Return the part of some trials that lie as one stands `here`.

    `base` is the mean of an alternative of which nothing is known, `expected` that of those of which something is.
    """
    left = tuple(sorted(trials, key=lambda each: each.at))
    means = {**dict.fromkeys((each.of for each in left), base), **(expected or {})}
    conditions: list[Condition] = []
    while len(conditions) < DEEPEST and (best := _best(left, here, base, {each.attribute for each in conditions})):
        whole = Cell(conditions=(), trials=left, expected=means)
        means = {of: whole.mean(of) for of in means}
        if best.attribute == SINCE:
            left = tuple(each for each in left if each.at >= int(best.value))
        elif (value := here.get(best.attribute)) is None:
            return Cell(conditions=tuple(conditions), trials=left, expected=means, open=best.attribute)
        else:
            best = Condition(attribute=best.attribute, value=value)
            left = tuple(each for each in left if each.where.get(best.attribute) == value)
        conditions.append(best)
    return Cell(conditions=tuple(conditions), trials=left, expected=means)


def nearer(cell: Cell, here: Mapping[str, str]) -> Cell:
    """Return a cell in which, where its trials contradict themselves and nothing parts them, the nearer count more.

    A trial counts the share of the attributes that vary which it has as they are here, one more of each kind added: too
    little was seen to say which of them matters, and what was seen where all are alike says most of here.
    """
    seen = {(each.of, each.worked) for each in cell.trials}
    if not any((of, not worked) in seen for of, worked in seen):
        return cell
    names = [
        name for name in here if not name.startswith(EXACT) and len({each.where.get(name) for each in cell.trials}) > 1
    ]
    trials = tuple(
        replace(
            each,
            weight=each.weight * (1 + sum(each.where.get(name) == here[name] for name in names)) / (1 + len(names)),
        )
        for each in cell.trials
    )
    return replace(cell, trials=trials)


def unseen(cell: Cell, here: Mapping[str, str]) -> str | None:
    """Return what of where one stands nothing worked with in a cell; None where all of it was seen to work.

    An attribute that was seen to work with `ENOUGH_VALUES` others does not matter, and one that nothing was said of
    cannot.
    """
    for name, value in here.items():
        seen = {each.where[name] for each in cell.trials if each.worked and name in each.where}
        if seen and value not in seen and len(seen) < ENOUGH_VALUES and not name.startswith(EXACT):
            return f"{name} {value}"
    return None


def explained(trials: Sequence[BinaryTrial], base: float) -> float:
    """Return the log evidence of trials as one record: as a whole, or parted by what explains them best."""
    score, _ = _scored(trials, base, set(), {})
    return max(score, _evidence(trials, base))


def _best(trials: Sequence[BinaryTrial], here: Mapping[str, str], base: float, used: set[str]) -> Condition | None:
    """Return what parts trials most probably, None where they are more probable as a whole."""
    score, best = _scored(trials, base, used, here)
    return best if best is not None and score > _evidence(trials, base) else None


def _scored(
    trials: Sequence[BinaryTrial], base: float, used: set[str], here: Mapping[str, str]
) -> tuple[float, Condition | None]:
    """Return the log evidence of the best parts of trials that contradict themselves, and by what they are parted.

    An attribute of which nothing was tried with the value that it has `here` says nothing of here.
    """
    seen = {(each.of, each.worked) for each in trials}
    if not any((of, not worked) in seen for of, worked in seen):
        return -math.inf, None
    names = sorted({name for each in trials for name in each.where} - used)
    parted = {Condition(attribute=name, value=""): _by(trials, name) for name in names}
    scores = {
        condition: sum(_evidence(part, base) for part in parts.values())
        for condition, parts in parted.items()
        if 1 < len(parts) <= MOST_VALUES and here.get(condition.attribute, "") in {"", *parts}
    }
    choices = len(scores) + 1
    moments = [] if SINCE in used else sorted({each.at for each in trials})[1:][-MOST_MOMENTS:]
    for moment in moments:
        before, since = ([each for each in trials if (each.at >= moment) is later] for later in (False, True))
        score = _evidence(before, base) + _evidence(since, base) - math.log(len(moments))
        scores[Condition(attribute=SINCE, value=str(moment))] = score
    best = max(scores, key=lambda each: (scores[each], not each.attribute.startswith(EXACT)), default=None)
    return (-math.inf, None) if best is None else (scores[best] - math.log(choices), best)


def _by(trials: Iterable[BinaryTrial], name: str) -> dict[str, list[BinaryTrial]]:
    parts: dict[str, list[BinaryTrial]] = defaultdict(list)
    for each in trials:
        parts[each.where.get(name, "")].append(each)
    return parts


def _evidence(trials: Iterable[BinaryTrial], base: float) -> float:
    """Return the log marginal likelihood of trials: a beta-binomial for each alternative."""
    by: dict[str, list[BinaryTrial]] = defaultdict(list)
    for each in trials:
        by[each.of].append(each)
    a, b = SHARED * base, SHARED * (1 - base)
    counts = [_counts(each) for each in by.values()]
    return sum(_log_beta(a + worked, b + did_not) - _log_beta(a, b) for worked, did_not in counts)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _counts(trials: Iterable[BinaryTrial]) -> tuple[float, float]:
    worked = did_not = 0.0
    for each in trials:
        worked, did_not = (worked + each.weight, did_not) if each.worked else (worked, did_not + each.weight)
    return worked, did_not
