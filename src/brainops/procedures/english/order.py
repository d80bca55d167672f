"""What is known when all was read: which step comes first, which check ends it, what decides nothing? (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from brainops.procedures.english.sentences import deed
from brainops.procedures.english.units import (
    EXPLAINED,
    Chapter,
    Do,
    EndPoint,
    Fork,
    Note,
    Unit,
    asked,
    every,
    inside,
    shortened,
)
from brainops.procedures.english.vocabulary import telling

SAME_DEED = 0.6
"""Share of the words of "before X" that a step must have to be that X."""
MAX_UNITS = 600
"""Three times the steps that a procedure may have. Each unit is held against each to find what is meant."""
TOO_LONG = "the text tells more than one procedure holds; make several of it"
REMAINS = re.compile(
    r"(?i)\b(?:still (?:not |un|persist|fail|exist|there|present|broken|occur|firing|see|have)|persists?\b|"
    r"(?:is|are|was|has|have|been) (?:still )?not (?:been )?"
    r"(?:resolved|fixed|solved|restored|cleared|helped)|(?:does|did) ?(?:not|n't) (?:help|work|resolve|fix|"
    r"solve|clear)|"
    r"continues?\b|remains?\b|unresolved|issue recurs)"
)
SOLVED = re.compile(
    r"(?i)\b(?:restored|resolved|fixed|solved|recovered|recovers|cleared|clears|gone|works(?: again)?|"
    r"working(?: again)?|back (?:up|online)|"
    r"healthy again|helped|stopped firing)\b"
)


def cut(units: list[Unit], notes: list[Note], room: int = MAX_UNITS) -> int:
    """Keep the first units of a text and all that lies inside them, note the rest, and return the room that is left."""
    for position, unit in enumerate(units):
        if room <= 0:
            notes.append(Note(line=unit.line, text="", why=f"left out from here on: {TOO_LONG}"))
            del units[position:]
            break
        room -= 1
        for inner in inside(unit):
            room = cut(inner, notes, room)
    return room


def put_in_order(units: list[Unit]) -> None:
    """Move what must come before or after another step, and add the step it names when there is none."""
    for unit in list(units):
        for inner in inside(unit):
            put_in_order(inner)
        if not isinstance(unit, Do) or not (unit.before or unit.after):
            continue
        other = unit.before or unit.after
        place = next(n for n, each in enumerate(units) if each is unit)
        found = _deed_place(units, other, unit)
        if found is None:
            if named := deed(other):
                named_step = Do(name=shortened(named), text=named, line=unit.line)
                units.insert(place + 1 if unit.before else place, named_step)
        elif (unit.before and found < place) or (unit.after and found > place):
            units.pop(place)
            units.insert(found, unit)


def _deed_place(units: Sequence[Unit], other: str, but: Do) -> int | None:
    wanted = telling(other)
    best, place = 0.0, None
    for position, unit in enumerate(units):
        if unit is but or not wanted:
            continue
        share = max(
            (len(wanted & telling(each.name)) / len(wanted) for each in every([unit]) if isinstance(each, Do)),
            default=0.0,
        )
        if share > best:
            best, place = share, position
    return place if best >= SAME_DEED else None


def settle(units: list[Unit], *, branch: bool = False) -> bool:
    """Let a check of whether the problem is gone, at the end of a branch, end everything when it is.

    Returns whether this list ends with such a check.
    """
    settled = False
    for position, unit in enumerate(list(units)):
        at_end = position == len(units) - 1
        match unit:
            case Chapter():
                settled = settle(unit.units)
            case Fork():
                if REMAINS.search(unit.question) and settled and not unit.no:
                    settle(unit.yes, branch=True)
                    units[units.index(unit) : units.index(unit) + 1] = unit.yes
                    settled = False
                    continue
                ends = [settle(each, branch=True) for each in (unit.yes, unit.no) if each]
                settled = any(ends)
            case Do():
                question = asked(unit.text)
                following = units[units.index(unit) + 1] if not at_end else None
                remains = isinstance(following, Fork) and bool(REMAINS.search(following.question))
                settled = bool(question and SOLVED.search(question) and ((branch and at_end) or remains))
                if settled:
                    end = EndPoint(kind="resolved", text="", line=unit.line)
                    check = Fork(question=question, text=unit.text, line=unit.line, yes=[end])
                    units.insert(units.index(unit) + 1, check)
            case _:
                settled = False
    return settled


def without_idle(units: list[Unit], notes: list[Note]) -> list[Unit]:
    """Leave questions out on which nothing depends, and say so."""
    kept: list[Unit] = []
    for unit in units:
        match unit:
            case Chapter():
                inner = without_idle(unit.units, notes)
                if not inner and unit.shown:
                    kept.append(Do(name=shortened(unit.name), text=unit.name, line=unit.line, label=unit.label))
                    continue
                unit = replace(unit, units=inner)
            case Fork():
                unit = replace(unit, yes=without_idle(unit.yes, notes), no=without_idle(unit.no, notes))
                if not unit.yes and not unit.no:
                    if unit.text.endswith("?"):
                        unit = Do(name=shortened(unit.text), text=unit.text, line=unit.line, label=unit.label)
                    else:
                        notes.append(Note(line=unit.line, text=unit.text, why=EXPLAINED, plain=True))
                        continue
            case _:
                pass
        kept.append(unit)
    return kept
