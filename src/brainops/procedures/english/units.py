"""Of what does an outline consist: steps, branches, jumps, ends and parts, each with a name a person reads? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from brainops.procedures.english.blocks import Block, plain, unlinked
from brainops.procedures.english.vocabulary import COMMANDS, SHELL_LANGUAGES, begins_instruction, words

NAME_LIMIT = 100
"""Characters of a step's name; the whole sentence stands in its text."""

QUESTION = re.compile(r"(?i)\b(?:if|whether(?: or not)?)\s+(.+?)[.:]?$")
ADDRESSED = re.compile(
    r"(?i)^(?:you|we)\s+(?:can|should|must|need to|may(?: (?:need|want) to)?|have to|might (?:want|need|"
    r"have) to|will need to)\s+"
    r"(?:also |then |first |always |try to )?(?=[a-z])"
)
EXPLAINED = "read as explanation, not as a step"


class Do(Struct, kw_only=True):
    """A step; `command` is what a code block suggests."""

    name: str
    text: str
    line: int
    label: str = ""
    command: str = ""
    before: str = ""
    after: str = ""


class Fork(Struct, kw_only=True):
    """A question with what is done after yes and after no."""

    question: str
    text: str
    line: int
    label: str = ""
    yes: list[Unit] = []
    no: list[Unit] = []
    concluded: str = ""


class Jump(Struct, kw_only=True):
    """Go on at another place."""

    target: str
    text: str
    line: int
    until: str = ""


class EndPoint(Struct, kw_only=True):
    """Here it ends; `text` is a last step when it is more than a word for the end."""

    kind: str
    text: str
    line: int
    label: str = ""


class Chapter(Struct, kw_only=True):
    """A section: a place to jump to, shown in the picture when it names a step of its own."""

    name: str
    line: int
    label: str = ""
    shown: bool = False
    units: list[Unit] = []


Unit = Do | Fork | Jump | EndPoint | Chapter


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
        case _:
            return ()


def every(units: Sequence[Unit]) -> Iterator[Unit]:
    """Yield units and all that lie inside them."""
    for unit in units:
        yield unit
        for inner in inside(unit):
            yield from every(inner)


def runnable(block: Block) -> str:
    """Return the command lines of a code block, "" when it shows something else: output, a file, a query."""
    lines = block.text.splitlines()
    prompted = [line.strip()[2:] for line in lines if re.match(r"\s*[$#] \S", line)]
    if prompted and not block.text.lstrip().startswith("# ") and block.language in ({"", "text"} | SHELL_LANGUAGES):
        return "\n".join(prompted)
    first = next((line.strip() for line in lines if line.strip() and not line.strip().startswith("#")), "")
    named = (re.split(r"[\s|;]", first) or [""])[0].split("/")[-1] in COMMANDS or re.match(
        r"[A-Z_][A-Z0-9_]*=|[a-zA-Z_]\w*=\$\(", first
    )
    script = first.startswith(("./", "for ", "while ", "if [", "{", "(", "export ", "set "))
    if block.language in SHELL_LANGUAGES - {"console", "terminal", "shell-session"}:
        return block.text if named or script else ""
    return block.text if named and block.language in ({""} | SHELL_LANGUAGES) else ""


def asked(text: str) -> str:
    """Return what a step finds out: "check whether it runs" asks "it runs"; "" when it asks nothing."""
    match = QUESTION.search(text.strip())
    return unlinked(match[1]).strip(" .:?") if match and len(match[1]) < 160 else ""


def shortened(text: str) -> str:
    """Return a step's name: its label before a colon, else its sentence, cut at a word."""
    text = unlinked(plain(text)).strip()
    label, colon, rest = text.partition(": ")
    if colon and rest and 2 <= len(words(label)) <= 8 and begins_instruction(label):
        text = label
    text = ADDRESSED.sub("", text.rstrip(" .:;,"))
    text = text[:1].upper() + text[1:]
    if len(text) <= NAME_LIMIT:
        return text or "Step"
    return text[:NAME_LIMIT].rsplit(" ", 1)[0].rstrip(" ,;:(") + " ..."
