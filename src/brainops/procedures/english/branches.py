"""To which question does what is said next belong, and which steps stand behind a question of their own? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from brainops.procedures.english import vocabulary
from brainops.procedures.english.units import Chapter, Fork, Reply, Skip, Unit
from brainops.procedures.english.vocabulary import base_form, telling, words


def guarded(skip: Skip, line: int, units: list[Unit]) -> Fork:
    """Return the steps behind the question whether they are wanted, or may be left out."""
    label = units[0].label
    yes, no = (units, []) if skip.wanted else ([], units)
    return Fork(question=skip.condition, text=skip.text, line=line, label=label, yes=yes, no=no)


def places(units: list[Unit]) -> Iterator[tuple[list[Unit], int]]:
    for position, unit in enumerate(units):
        yield units, position
        match unit:
            case Fork():
                yield from places(unit.yes)
                yield from places(unit.no)
            case Chapter():
                yield from places(unit.units)
            case _:
                pass


def give_label(units: Sequence[Unit], label: str) -> None:
    """Give the number of an item to its first unit, so that it can be referred to."""
    if units and not units[0].label:
        units[0].label = label


def latest(out: Sequence[Unit]) -> Unit | None:
    """Return what was said last: the end of the branch that was opened last."""
    last = out[-1] if out else None
    while isinstance(last, Fork | Chapter):
        inside = (last.no or last.yes) if isinstance(last, Fork) else last.units
        if not inside:
            break
        last = inside[-1]
    return last


def last_fork(out: Sequence[Unit]) -> Fork | None:
    last = out[-1] if out else None
    while isinstance(last, Chapter) and last.units and not last.shown:
        last = last.units[-1]
    return last if isinstance(last, Fork) else None


def innermost(out: Sequence[Unit]) -> Fork | None:
    """Return the last fork of the chain that stands last: the one that an "otherwise" belongs to."""
    last = last_fork(out)
    while last is not None and len(last.no) == 1 and isinstance(last.no[0], Fork):
        last = last.no[0]
    return last


def chain(out: list[Unit], fork: Fork, *, exclusive: bool) -> None:
    """Add a fork: as what is asked after the "no" of the one before when only one of them can hold, else after it."""
    previous = innermost(out)
    if exclusive and previous is not None and not previous.no:
        previous.no = [fork]
    else:
        out.append(fork)


def same_subject(one: str, other: str) -> bool:
    """Say whether two conditions are about the same thing and say different things of it, that are no amounts."""
    first, second = subject_of(one), subject_of(other)
    amounts = re.search(r"\d", one + other)  # over 100, over 1000: both may hold
    return bool(first) and first == second and telling(one) != telling(other) and not amounts


def subject_of(condition: str) -> tuple[str, ...]:
    found = [word for word in words(condition) if word not in ("the", "a", "an", "for")]
    verb = (
        n
        for n, word in enumerate(found)
        if n and (word in vocabulary.FINITE or (word.endswith("s") and base_form(word)))
    )
    return tuple(found[: next(verb, 1)])


def is_open(clause: Unit) -> bool:
    """Say whether a clause ends with its condition, so that what is done stands below it."""
    if isinstance(clause, Fork):
        return not clause.yes and not clause.no
    return isinstance(clause, Reply) and (not clause.then or (len(clause.then) == 1 and is_open(clause.then[0])))
