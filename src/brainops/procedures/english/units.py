"""Of what does a text consist once it is read: steps, questions, jumps, ends, and what each is called? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from brainops.procedures.english.blocks import plain, unlinked
from brainops.procedures.english.vocabulary import begins_instruction, deed, words

NAME_LIMIT = 100
"""Characters of a step's name; the whole sentence stands in its text."""
ASKS = re.compile(r"(?i)\b(?:if|whether(?: or not)?)\s+(.+?)[.:]?$")
ADDRESSED = re.compile(
    r"(?i)^(?:you|we)\s+(?:can|should|must|need to|may(?: (?:need|want) to)?|have to|might (?:want|need|have) to|"
    r"will need to)\s+(?:also |then |first |always |try to )?(?=[a-z])"
)


class Piece(Struct, kw_only=True):
    """A piece of what a text tells: its words, its line, and the number it has there."""

    text: str = ""
    line: int = 0
    label: str = ""


class Do(Piece, kw_only=True):
    """A step. `place` says where it goes though it is told later; `why` makes it an open question to the author."""

    name: str = ""
    said: str = ""  # the whole sentence, as it stands in the text
    command: str = ""
    before: str = ""
    after: str = ""
    place: Literal["", "first", "start", "before"] = ""
    optional: bool = False
    then: bool = False  # it follows what was told before, whatever that hangs on
    why: str = ""


class Fork(Piece, kw_only=True):
    """A question with what is done after yes and after no; `concluded` is what a sentence only says of its yes."""

    question: str
    yes: list[Unit] = []
    no: list[Unit] = []
    concluded: str = ""


class Jump(Piece, kw_only=True):
    """Go on at another step, or at the "next"."""

    target: str


class EndPoint(Piece, kw_only=True):
    """Here it ends: resolved, handed over to somebody, or stopped."""

    kind: Literal["resolved", "escalated", "stopped"]


class Chapter(Piece, kw_only=True):
    """A section, or an item of several steps: a place to jump to; shown in the picture when it names a step itself."""

    name: str
    units: list[Unit]
    shown: bool = False


class Say(Piece, kw_only=True):
    """A sentence that asks for nothing: an explanation, an expectation or a caution."""

    caution: bool = False


class Reply(Piece, kw_only=True):
    """What is done when the question before was answered yes or no; "otherwise" is a no that is not `said`."""

    yes: bool
    then: list[Unit] = []
    said: bool = True


class Skip(Piece, kw_only=True):
    """Steps that are done only when a condition holds (`wanted`) or does not: "this" one, or those with a number."""

    condition: str
    wanted: bool
    steps: tuple[str, ...] = ()


class Or(Piece, kw_only=True):
    """Another way to do what the step before does; with a `condition` it is the way that is taken then."""

    then: list[Unit]
    condition: str = ""


Unit = Do | Fork | Jump | EndPoint | Chapter | Say | Reply | Skip | Or
"""The last four stand only until a reader has found what they belong to."""


class Note(Struct, frozen=True, kw_only=True):
    """A sentence that became no step: its line (from 1), its words, and what was made of it.

    A `plain` one only explains; the others are worth a look, since something was read in one way of several.
    """

    line: int
    text: str
    why: str
    plain: bool = False

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}: {self.text}" if self.text else f"line {self.line}: {self.why}"


class Outline(Struct, frozen=True, kw_only=True):
    """What a document holds."""

    title: str
    about: str
    units: list[Unit]
    notes: tuple[Note, ...]


def inside(unit: Unit) -> tuple[list[Unit], ...]:
    """Return the lists of units that lie inside one."""
    match unit:
        case Fork():
            return unit.yes, unit.no
        case Chapter():
            return (unit.units,)
        case Reply() | Or():
            return (unit.then,)
        case _:
            return ()


def every(units: Sequence[Unit]) -> Iterator[Unit]:
    """Yield units and all that lie inside them."""
    for unit in units:
        yield unit
        for inner in inside(unit):
            yield from every(inner)


def asked(text: str) -> str:
    """Return what a step finds out: "check whether it runs" asks "it runs"; "" when it asks nothing."""
    match = ASKS.search(text.strip())
    return unlinked(match[1]).strip(" .:?") if match and len(match[1]) < 160 else ""


def shortened(text: str) -> str:
    """Return a step's name: its label before a colon, else its sentence, cut at a word."""
    text = unlinked(plain(text)).strip()
    label, colon, rest = text.partition(": ")
    if colon and rest and 2 <= len(words(label)) <= 8 and begins_instruction(label):
        text = label
    text = ADDRESSED.sub("", text.rstrip(" .:;,"))
    if (words(text) or [""])[0].endswith("ing"):
        text = deed(text) or text
    text = text[:1].upper() + text[1:]
    if len(text) <= NAME_LIMIT:
        return text or "Step"
    return text[:NAME_LIMIT].rsplit(" ", 1)[0].rstrip(" ,;:(") + " ..."
