"""How does text look on this terminal? Escaped, measured, cut and wrapped, so that stored text cannot steer it."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from brainops.cli.help import terminal_columns
from brainops_core.regex import Regex

if TYPE_CHECKING:
    from brainops.types import Actor

WIDEST = 120  # longer lines are hard to read, however wide the terminal is
NARROWEST = 40
PIPED_WIDTH = 120  # what a pipe or a file gets: nothing in it is cut
LONGEST_COMMAND = 200  # a way out that is kept in one piece, wider than the terminal if need be: it wants to be copied
_COMMAND = Regex(r"(?:(?<=: )|(?<=`)|^)brainops [a-z][^;,`]*[^;,`\s]", "brainops ")

# What a terminal obeys or what hides text: control characters, bidi overrides, invisible marks, tags, lone surrogates.
# The joiners U+200C and U+200D stay: they only shape letters and emoji.
_STEERING = Regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


# Of ours, it dims, makes bold, colours and ends that, and moves nothing.
_STYLE = Regex("(\x1b\\[(?:0|1|2|3[0-7])m)", "\x1b")


def safe(text: str) -> str:
    """Return text that a terminal only shows: what would steer it is written as an escape, such as \\x1b or \\u202e."""
    if text.isascii() and text.isprintable():
        return text
    return _STEERING.sub(lambda found: _escape(found[0]), text.replace("\r\n", "\n"))


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """Return safe text without line breaks and tabs."""
    return safe(" ".join(text.split()))


def is_terminal() -> bool:
    """Say whether the answer goes to a terminal."""
    return sys.stdout.isatty()


def width() -> int:
    """Return how many columns a line may have."""
    if not is_terminal() and "COLUMNS" not in os.environ:
        return PIPED_WIDTH
    return max(NARROWEST, min(WIDEST, terminal_columns()))


def columns(text: str) -> int:
    """Return how many columns a text takes: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, room: int) -> str:
    """Return a text in at most so many columns, with an ellipsis where it was cut; a pipe gets all of it."""
    if columns(text) <= room or not (is_terminal() or "COLUMNS" in os.environ):
        return text
    taken, kept = 0, ""
    for character in text:
        taken += _columns(character)
        if taken > room - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def padded(text: str, room: int) -> str:
    """Return a text cut or filled up to so many columns."""
    fitting = cut(text, room)
    return fitting + " " * max(0, room - columns(fitting))


def wrapped(text: str, *, indent: str = "", first: str | None = None) -> Iterator[str]:
    """Yield the lines of a text within the width, each line break kept and each line's own indentation with it."""
    lead = indent if first is None else first
    for line in safe(text).expandtabs(4).split("\n"):
        own = line[: len(line) - len(line.lstrip(" "))][:20]
        yield from _wrapped_line(line.strip(" "), lead + own, indent + own)
        lead = indent


def _wrapped_line(line: str, lead: str, indent: str) -> Iterator[str]:
    room = width()
    current, empty = lead, True
    for word in _words(line, max(10, room - max(columns(lead), columns(indent)))):
        if not empty and columns(current) + 1 + columns(word) > room:
            yield current
            current, empty = indent, True
        current += word if empty else f" {word}"
        empty = False
    yield current.rstrip()


def _words(line: str, room: int) -> Iterator[str]:
    """Yield words, those that fit on no line in pieces; a command that is to be typed is one word, however long."""
    for word in _unbroken(line):
        if columns(word) <= room or _COMMAND.search(word):
            yield word
            continue
        piece, taken = "", 0
        for character in word:
            if taken + _columns(character) > room:
                yield piece
                piece, taken = "", 0
            piece += character
            taken += _columns(character)
        yield piece


def _unbroken(line: str) -> Iterator[str]:
    """Yield the words of a line, a command with its arguments as one."""
    at = 0
    for found in _COMMAND.finditer(line):
        if len(found[0]) > LONGEST_COMMAND:
            continue
        *before, start = line[at : found.start()].split(" ")
        at = line.find(" ", found.end())
        at = len(line) if at < 0 else at
        yield from before
        yield start + line[found.start() : at]
        at += 1
    if at <= len(line):
        yield from line[at:].split(" ")


def now() -> int:
    """Return this machine's time in microseconds."""
    return time.time_ns() // 1_000


def when(at: int) -> str:
    """Return a time in microseconds as this machine's clock shows it, to the minute."""
    return f"{datetime.fromtimestamp(at / 1e6).astimezone():%Y-%m-%d %H:%M}" if 0 <= at < 2**56 else str(at)


def who(actor: Actor | None) -> str:
    """Return who acted as `kind:id`; "" for nobody."""
    return one_line(f"{actor.kind.value}:{actor.id}") if actor else ""


def age(at: int | None, seen: int | None = None) -> str:
    """Return how long before now, or before another time, a time in microseconds is, in at most six characters."""
    if at is None:
        return "never"
    seconds = ((now() if seen is None else seen) - at) / 1e6
    if seconds < -60:
        return "ahead"
    for size, unit in ((31_557_600, "y"), (2_629_800, "mo"), (86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return "now"


def ago(at: int | None, seen: int | None = None) -> str:
    """Return how long ago a time in microseconds is, as a person says it."""
    past = age(at, seen)
    return past if past in ("now", "never", "ahead") else f"{past} ago"


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def dim(text: str) -> str:
    """Return text that stands back."""
    return _styled(text, dim=True)


def bold(text: str) -> str:
    """Return text that stands out."""
    return _styled(text, bold=True)


def _styled(text: str, **style: bool) -> str:
    """Return text in a style of ours: the one place where an escape sequence is written."""
    return click.style(safe(text), **style)


def show(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        click.echo("".join(part if _STYLE.fullmatch(part) else safe(part) for part in _STYLE.split(line)))
