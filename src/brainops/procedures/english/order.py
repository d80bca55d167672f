"""What is known when all was read: which step comes first, which check ends it, what decides nothing? (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence

from brainops.procedures.english.grammar import WHAT_ENDS
from brainops.procedures.english.patterns import AS_IT_STANDS, NOTHING, TARGET
from brainops.procedures.english.units import (
    Chapter,
    Do,
    EndPoint,
    Fork,
    Jump,
    Note,
    Unit,
    asked,
    every,
    inside,
    shortened,
)
from brainops.procedures.english.vocabulary import deed, telling

SAME_DEED = 0.6
"""Share of the words of "before X" that a step must have to be that X."""
NUMBERED = re.compile(rf"(?i)(?:doing )?{TARGET}[.]?")
NTH = re.compile(r"(?i)\b(?:step|first|second|third|fifth|\w+th|\d+(?:st|nd|rd|th))\b(?! (?:\w+ )?(?:day|week|month))")
AT_WHICH = "before or after which step is this to be done?"
MAX_UNITS = 600
"""Three times the steps that a procedure may have. Each unit is held against each to find what is meant."""
TOO_LONG = "left out from here on: the text tells more than one procedure holds; make several of it"
DONE = telling("finished done completed complete ended over again successfully")
CLOSED = re.compile(
    r"(?i)(?:close|resolve|end) (?:the|this|your) (?:ticket|incident|case|chat|call|alert|request|conversation|issue)$"
)
REMAINS = re.compile(
    r"(?i)\b(?:still (?:not |un|persist|fail|exist|there|present|broken|occur|firing|see|have)|persists?\b|"
    r"(?:is|are|was|has|have|been) (?:still )?not (?:been )?(?:resolved|fixed|solved|restored|cleared|helped)|"
    r"(?:does|did) ?(?:not|n't) (?:help|work|resolve|fix|solve|clear)|continues?\b|remains?\b|unresolved|issue recurs)"
)
SOLVED = re.compile(
    r"(?i)\b(?:restored|resolved|fixed|solved|recovered|recovers|cleared|clears|gone|works(?: again)?|"
    r"working(?: again)?|back (?:up|online)|healthy again|helped|stopped firing)\b"
)


def cut(units: list[Unit], notes: list[Note], room: int = MAX_UNITS) -> int:
    """Keep the first units of a text and all that lies inside them, note the rest, and return the room that is left."""
    for position, unit in enumerate(units):
        if room <= 0:
            notes.append(Note(line=unit.line, text="", why=TOO_LONG))
            units[position:] = [Do(text=unit.text, name=shortened(unit.text), line=unit.line, why=TOO_LONG)]
            break
        room -= 1
        for inner in inside(unit):
            room = cut(inner, notes, room)
    return room


def arranged(units: list[Unit], earlier: Sequence[Unit] = (), later: Sequence[Unit] = ()) -> None:
    """Move what must come before or after another step, add the step it names when there is none, or ask."""
    for number, unit in enumerate(list(units)):
        for inner in inside(unit):
            arranged(inner, [*earlier, *units[:number]], [*units[number + 1 :], *later])
        other = (unit.before or unit.after) if isinstance(unit, Do) else ""
        if not isinstance(unit, Do) or not other:
            continue
        place = next(n for n, each in enumerate(units) if each is unit)
        found = _place(units, other, unit)
        right, wrong = (later, earlier) if unit.before else (earlier, later)
        if found is not None and unit.before and found < place:
            units.insert(found, units.pop(place))
        elif found is not None and unit.after and (found > place or NUMBERED.fullmatch(other)):
            units.pop(place)
            found += found < place
            while found < len(units) and isinstance(same := units[found], Do) and same.after == other:
                found += 1  # acts of one sentence keep their order
            units.insert(found, unit)
        elif found is not None or _place(right, other, unit) is not None:
            continue
        elif _place(wrong, other, unit) is not None:
            unit.why = unit.why or AT_WHICH
        elif named := deed(other):
            step = Do(name=shortened(named), text=named, line=unit.line)
            units.insert(place + 1 if unit.before else place, step)
        elif unit.after and not NTH.search(other):  # what only whoever does it can judge stays in its words
            first, *rest = unit.text.split("\n")
            unit.text = "\n".join([f"{first.rstrip('.')}, once {other}", *rest])
            unit.name = shortened(unit.text.split("\n")[0])
        else:
            unit.why = unit.why or AT_WHICH


def _place(units: Sequence[Unit], other: str, but: Do) -> int | None:
    """Return where the step with this number, or of this deed, stands; None also where several may be meant."""
    if (number := NUMBERED.fullmatch(other)) is None:
        return _deed_place(units, other, but)
    found = [
        place
        for place, unit in enumerate(units)
        if unit is not but and any(each.label.lower() == number[1].lower() for each in every([unit]))
    ]
    return found[0] if len(found) == 1 else None


def _deed_place(units: Sequence[Unit], other: str, but: Do) -> int | None:
    wanted = telling(other) - DONE
    best, place = 0.0, None
    for position, unit in enumerate(units):
        if unit is but or not wanted:
            continue
        steps = (each for each in every([unit]) if isinstance(each, Do) and each is not but)
        share = max((len(wanted & telling(each.name)) / len(wanted) for each in steps), default=0.0)
        if share > best:
            best, place = share, position
    return place if best >= SAME_DEED else None


def closed(units: Sequence[Unit], *, follows: bool = False) -> None:
    """Ask where a branch closes the ticket, or has nothing to be done, though more is told: does everything end there?

    "Otherwise do nothing" ends nothing: its condition has another branch, and what is told behind is for both.
    """
    for position, unit in enumerate(units):
        more = follows or position + 1 < len(units)
        for inner in inside(unit):
            last = inner[-1] if inner and more and isinstance(unit, Fork) else None
            if isinstance(last, EndPoint) and NOTHING.match(last.text):
                clear = all(inside(unit)) and not re.search(r"(?i)\b(?:more|else|further|other)\b", last.text)
                inner[-1] = (
                    Jump(text=last.text, line=last.line, target="next")
                    if clear
                    else Do(text=unit.text, name=shortened(unit.text), line=unit.line, why=WHAT_ENDS)
                )
            if isinstance(last, Do) and CLOSED.match(last.name) and not AS_IT_STANDS.match(last.said):
                last.why = last.why or WHAT_ENDS
            closed(inner, follows=more)


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
                settled = settle(unit.yes, branch=True) | settle(unit.no, branch=True)
            case Do():
                question = asked(unit.text)
                following = units[units.index(unit) + 1] if not at_end else None
                remains = isinstance(following, Fork) and bool(REMAINS.search(following.question))
                settled = bool(question and SOLVED.search(question) and ((branch and at_end) or remains))
                if settled:
                    check = Fork(question=question, text=unit.text, line=unit.line, yes=[EndPoint(kind="resolved")])
                    units.insert(units.index(unit) + 1, check)
            case _:
                settled = False
    return settled
