"""Which errors have one cause, by what was said of them, and what do their remedies say? (pure)"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from brainops.statistics.contexts import BinaryTrial, explained
from brainops.types import Cause, CauseChange, CauseStanding

PARTED_AT = math.log(20)
"""Odds from which on errors that were joined are parted again: one in twenty would be parted wrongly."""


def standing(changes: Iterable[CauseChange]) -> dict[frozenset[str], CauseChange]:
    """Return what was said last of each two errors and was not undone."""
    latest: dict[frozenset[str], CauseChange] = {}
    for each in sorted(changes, key=lambda each: (each.at, each.id)):
        if each.undone_at is None:
            latest[frozenset((each.fingerprint, each.other))] = each
    return latest


def members(fingerprints: Sequence[str], changes: Iterable[CauseChange]) -> tuple[str, ...]:
    """Return the errors that have the cause of these, themselves first; an error alone is a cause of its own."""
    joined = [pair for pair, each in standing(changes).items() if each.standing is CauseStanding.JOINED]
    found, fresh = list(dict.fromkeys(fingerprints)), True
    while fresh:
        near = {other for pair in joined if pair & set(found) for other in pair} - set(found)
        fresh = bool(near)
        found += sorted(near)
    return tuple(found)


def cause_of(fingerprint: str, title: str, changes: Sequence[CauseChange]) -> Cause:
    """Return the cause of an error; its id is the error to which the first other one was joined."""
    found = members([fingerprint], changes)
    joins = [each for each in standing(changes).values() if each.standing is CauseStanding.JOINED]
    own = [each for each in joins if each.fingerprint in found]
    first = min(own, key=lambda each: (each.at, each.id), default=None)
    return Cause(
        id=first.other if first else fingerprint,
        fingerprints=found,
        title=title,
        history=tuple(each for each in changes if each.fingerprint in found or each.other in found),
    )


def same(first: Sequence[BinaryTrial], second: Sequence[BinaryTrial], base: float) -> float:
    """Return the log odds that one cause explains what was tried against two errors, rather than two.

    What a place explains, such as another version, speaks for no other cause.
    """
    return explained([*first, *second], base) - explained(first, base) - explained(second, base)


def in_common(first: Iterable[BinaryTrial], second: Iterable[BinaryTrial]) -> str | None:
    """Return the remedy that helped against both, as was seen or checked; the most often, None where there is none."""
    ours = [each.of for each in first if each.worked and each.weight >= 1]
    theirs = {each.of for each in second if each.worked and each.weight >= 1}
    both = [remedy for remedy in ours if remedy in theirs]
    return max(sorted(set(both)), key=both.count, default=None)
