"""What is worth trying next against an error, and how is that said in a few lines? (pure)

Remedies are ordered by the probability that they help here over what a try costs, time and harm included: the order
that finds one of several soonest for the least (Stone, Theory of Optimal Search, 1975). What is no more probable than
something nobody thought of yet is not named: a useless name takes up a try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from brainops.statistics.contexts import SINCE, BinaryTrial, Cell, Condition, nearer, place
from brainops.types import NextTries, NextTry, RemedyEffect, RemedyEvidence
from brainops.types.times import DAY_MICROS, HOUR_MICROS, MINUTE_MICROS

NAMED = 3  # remedies: an agent that tries a fourth should have asked a person
MAX_CHARACTERS = 600  # of the whole text: 150 tokens
MAX_NAME_CHARACTERS = 60  # of one remedy
HARM = 2.0  # tries that it costs to make things worse: the one that did, and one to be back where one was
HARM_CASES = 10.0  # without any harm, that are counted before the first
NOT_AGAIN = 0.5  # failures here from which on a remedy is not to be tried again by guesswork


class Similar(Struct, frozen=True, kw_only=True):
    """An error that resembles this one: how probably it is the same, how it reads, and what was tried against it."""

    likeness: float
    title: str
    trials: Sequence[BinaryTrial]


class Inquiry(Struct, frozen=True, kw_only=True):
    """What is known when somebody asks what to try against an error: where it is, and what was tried where."""

    fingerprint: str
    cause: str
    trials: Sequence[BinaryTrial]
    similar: Sequence[Similar]
    evidence: Sequence[RemedyEvidence]
    here: Mapping[str, str]
    base: float
    tried: frozenset[str]
    now: int


def next_tries(known: Inquiry) -> NextTries:
    """Return what is worth trying, the best first, and the few lines that say so."""
    resembled = _resembled(known)
    expected = {remedy: probability for remedy, (probability, _) in resembled.items()}
    stands = place(known.trials, known.here, known.base, expected)
    near = nearer(stands, known.here)
    left = [remedy for remedy in stands.expected if remedy not in known.tried]
    probable = {remedy: near.mean(remedy) for remedy in left}
    worth = {remedy: probable[remedy] / _cost(known.evidence, remedy) for remedy in left}
    named = sorted(
        (remedy for remedy in left if probable[remedy] >= known.base), key=lambda each: (-worth[each], each)
    )[:NAMED]
    tries = tuple(_try(known, stands, remedy, probable[remedy], resembled) for remedy in named)
    failing = {each: near.mean(each) for each in near.expected if near.counts(each)[1] >= NOT_AGAIN}
    vain = [each for each, mean in failing.items() if mean < known.base]
    not_again = tuple(sorted(vain, key=lambda each: (failing[each], each)))
    look_first = _look_first(known, stands) if tries else None
    ask = not tries and bool(known.trials) and any(each.worked for each in stands.trials)
    return NextTries(
        fingerprint=known.fingerprint,
        cause=known.cause,
        tries=tries,
        not_again=not_again,
        look_first=look_first,
        ask_a_person=ask,
        why=_why(stands.conditions),
        text=_text(tries, not_again, look_first, ask=ask),
        out=tuple(sorted(known.tried)),
    )


def _resembled(known: Inquiry) -> dict[str, tuple[float, Similar]]:
    """Return what is expected of remedies since they helped against errors that resemble this one.

    Where it is another error after all, nothing is known of it, and no remedy is likely.
    """
    found: dict[str, tuple[float, Similar]] = {}
    for similar in known.similar:
        there = place(similar.trials, known.here, known.base)
        for remedy in there.expected:
            probability = similar.likeness * there.mean(remedy)
            if probability > max(known.base, found.get(remedy, (0.0, similar))[0]):
                found[remedy] = (probability, similar)
    return found


def _cost(evidence: Sequence[RemedyEvidence], remedy: str) -> float:
    """Return what a try costs, in tries of a usual length."""
    seconds = [each.seconds for each in evidence if each.seconds is not None]
    own = [each for each in evidence if each.remedy == remedy]
    took = [each.seconds for each in own if each.seconds is not None]
    usual = sum(seconds) / len(seconds) if seconds else 0.0
    length = (sum(took) + usual) / (len(took) + 1) / usual if usual else 1.0
    worse = sum(each.effect is RemedyEffect.MADE_IT_WORSE for each in own)
    return length + HARM * worse / (len(own) + HARM_CASES)


def _try(
    known: Inquiry, stands: Cell, remedy: str, probability: float, resembled: Mapping[str, tuple[float, Similar]]
) -> NextTry:
    here = [each for each in stands.trials if each.of == remedy]
    helped = sum(each.worked for each in here)
    said = []
    if here:
        last = max((each.at for each in here if each.worked), default=None)
        ago = f", last {_ago(known.now - last)} ago" if last is not None else ""
        said.append(f"helped {helped} of {len(here)}{'' if stands.open else ' here'}{ago}")
    if elsewhere := [each for each in known.trials if each.of == remedy and each not in here]:
        well = sum(each.worked for each in elsewhere)
        where = _elsewhere(stands.conditions, elsewhere)
        said.append(
            f"helped {well} of {len(elsewhere)} {where}"
            if well
            else f"failed {len(elsewhere)} of {len(elsewhere)} {where}"
        )
    if not said and remedy in resembled:
        similar = resembled[remedy][1]
        tried = [each.worked for each in similar.trials if each.of == remedy]
        said.append(f"helped {sum(tried)} of {len(tried)} against a similar error ({similar.likeness:.0%} alike)")
    return NextTry(
        remedy=remedy,
        probability=round(probability, 3),
        helped=helped,
        tried=len(here),
        line=f"{_name(remedy)}: {'; '.join(said)}",
    )


def _elsewhere(conditions: Sequence[Condition], trials: Sequence[BinaryTrial]) -> str:
    """Return in which other places something was tried, by what tells them from here."""
    first = next(iter(conditions), None)
    if first is None or first.attribute == SINCE:
        return "before"
    values = sorted({each.where.get(first.attribute, "?") for each in trials} - {first.value})
    return f"on {', '.join(values[:2])}" if values else "before"


def _look_first(known: Inquiry, stands: Cell) -> str | None:
    """Return what to find out before, where that decides which remedy helps."""
    if stands.open is None:
        return None
    by: dict[str, list[str]] = {}
    for each in stands.trials:
        value = each.where.get(stands.open)
        if each.worked and value is not None and each.of not in by.setdefault(value, []):
            by[value].append(each.of)
    told = [f"{value}: {_name(remedies[0])}" for value, remedies in sorted(by.items()) if remedies][:3]
    return f"{stands.open} decides ({'; '.join(told)})" if told else None


def _why(conditions: Sequence[Condition]) -> str:
    if not conditions:
        return "what is known of this error holds wherever it was seen"
    told = [
        "of late it is otherwise than before" if each.attribute == SINCE else f"{each.attribute} is {each.value}"
        for each in conditions
    ]
    return f"what helps depends on where it is: here {' and '.join(told)}"


def _text(tries: Sequence[NextTry], not_again: Sequence[str], look_first: str | None, *, ask: bool) -> str:
    """Return the lines that are handed to whoever acts; nothing where nothing is worth saying."""
    lines = [*([f"look first: {look_first}"] if look_first else []), *(each.line for each in tries)]
    if ask:
        lines.append("ask a person: what helped before did not help here")
    text = "\n".join(lines)[:MAX_CHARACTERS]
    vain = ""
    for remedy in not_again:
        more = f"{vain}, {_name(remedy)}" if vain else f"not again: {_name(remedy)}"
        if len(text) + len(more) + 1 > MAX_CHARACTERS:
            break
        vain = more
    return "\n".join(filter(None, (text, vain)))


def _name(remedy: str) -> str:
    line = " ".join(remedy.split())
    return line if len(line) <= MAX_NAME_CHARACTERS else f"{line[: MAX_NAME_CHARACTERS - 1]}…"


def _ago(micros: int) -> str:
    if micros < HOUR_MICROS:
        return f"{max(1, micros // MINUTE_MICROS)} min"
    return f"{micros // HOUR_MICROS} h" if micros < DAY_MICROS else f"{micros // DAY_MICROS} d"
