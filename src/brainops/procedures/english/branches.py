"""To which question does what is said next belong, and can two conditions hold together? (pure)"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.procedures.english.units import Chapter, Do, EndPoint, Fork, Jump, Unit
from brainops.procedures.english.vocabulary import FINITE, telling, words


def give_label(units: Sequence[Unit], label: str) -> None:
    """Give the number of an item to its first unit, so that it can be referred to."""
    if label and units and isinstance(units[0], Do | Fork | Chapter | EndPoint) and not units[0].label:
        units[0].label = label


def latest(out: Sequence[Unit]) -> Unit | None:
    """Return what was said last: the end of the branch that was opened last."""
    last = out[-1] if out else None
    while isinstance(last, Fork) and (last.no or last.yes):
        last = (last.no or last.yes)[-1]
    return last


def innermost(out: Sequence[Unit]) -> Fork | None:
    """Return the last fork of the chain that stands last: the one that an "otherwise" belongs to."""
    last = out[-1] if out else None
    while isinstance(last, Fork) and len(last.no) == 1 and isinstance(last.no[0], Fork):
        last = last.no[0]
    return last if isinstance(last, Fork) else None


def chain(out: list[Unit], fork: Fork, *, exclusive: bool) -> None:
    """Add a fork: as what is asked after the "no" of the one before when only one of them can hold, else after it."""
    previous = innermost(out)
    if exclusive and previous is not None and not previous.no:
        previous.no = [fork]
    else:
        out.append(fork)


def same_subject(one: str, other: str) -> bool:
    """Say whether two conditions are about the same thing and say different things of it."""
    first, second = _subject(one), _subject(other)
    return bool(first) and first == second and telling(one) != telling(other)


def _subject(condition: str) -> frozenset[str]:
    found = words(condition)
    end = next((n for n, word in enumerate(found) if word in FINITE | {"shows", "says", "equals", "reads"}), 0)
    return telling(" ".join(found[:end])) if end else frozenset()


def only_jumps(units: Sequence[Unit]) -> bool:
    return len(units) == 1 and isinstance(units[0], Jump)
