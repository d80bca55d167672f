"""Where do the sections of a Markdown text begin and end? Headings outside of code cut it. (pure)"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

SLUG_LIMIT = 64
SPLIT_LEVEL = 2
"""Sections begin at headings of level 1 and 2; deeper ones are parts of a thought."""


class Heading(Struct, frozen=True, kw_only=True):
    """A heading: the line it stands on (from 0), its level and text, and where its text begins."""

    line: int
    level: int
    text: str
    body: int


class DocumentSection(Struct, frozen=True, kw_only=True):
    """A part of a document: heading ("" before the first), unique anchor, text with the heading, line from 1."""

    heading: str
    anchor: str
    text: str
    line: int


def slug(text: object) -> str:
    """Return the text as a tag or anchor: lower case, words joined by dashes, at most 64 characters."""
    plain = unicodedata.normalize("NFKC", str(text)).lower()
    return re.sub(r"[^\w:.]+", "-", plain).strip("-:.")[:SLUG_LIMIT]


def first_heading(body: str, level: int = 6) -> str:
    """Return the text of the first heading, "" when there is none or it is deeper than the level."""
    first = next((heading for heading in headings(body.split("\n")) if heading.text), None)
    return first.text if first and first.level <= level else ""


def headings(lines: list[str]) -> Iterator[Heading]:
    """Yield the headings (# and underlined) that are inside neither fenced code nor a comment."""
    fence = ""
    comment = False
    for number, line in enumerate(lines):
        if comment:
            comment = "-->" not in line
        elif not fence and "<!--" in line and "-->" not in line.partition("<!--")[2]:
            comment = True
        elif match := re.match(r" {0,3}(`{3,}|~{3,})", line):
            if not fence:
                fence = match[1]
            elif match[1].startswith(fence) and not line.strip(" \t").strip(fence[0]):
                fence = ""
        elif fence:
            continue
        elif match := re.match(r" {0,3}(#{1,6})(?:[ \t]+(.*))?$", line):
            yield Heading(line=number, level=len(match[1]), text=_plain(match[2] or ""), body=number + 1)
        elif _underlined(lines, number):
            yield Heading(line=number, level=1 if "=" in lines[number + 1] else 2, text=_plain(line), body=number + 2)


def _underlined(lines: list[str], number: int) -> bool:
    line = lines[number]
    alone = number == 0 or not lines[number - 1].strip()
    return (
        alone
        and bool(re.match(r" {0,3}[^\s>#|*+-]", line))
        and number + 1 < len(lines)
        and re.match(r"(={3,}|-{3,})[ \t]*$", lines[number + 1]) is not None
    )


def _plain(text: str) -> str:
    """Return a heading's text without closing hashes, explicit anchors and emphasis."""
    text = re.sub(r"[ \t]+#+[ \t]*$|[ \t]*\{#[^}]*\}[ \t]*$", "", text.strip())
    return " ".join(re.sub(r"[*`]+|\[([^\]]*)\]\([^)]*\)", r"\1", text).split())


def sections(body: str) -> list[DocumentSection]:
    """Return the sections at heading levels 1 and 2 that have text; [] when there are no such headings."""
    lines = body.split("\n")
    starts = [heading for heading in headings(lines) if heading.level <= SPLIT_LEVEL]
    if not starts:
        return []
    found: list[DocumentSection] = []
    used: Counter[str] = Counter()
    opening = Heading(line=0, level=0, text="", body=0)
    ends = [heading.line for heading in starts] + [len(lines)]
    for heading, end in zip([opening, *starts], ends, strict=True):
        if not any(line.strip() for line in lines[heading.body : end]):
            continue
        anchor = slug(heading.text) or "top"
        used[anchor] += 1
        unique = anchor if used[anchor] == 1 else f"{anchor}~{used[anchor]}"
        text = "\n".join(lines[heading.line : end]).strip()
        found.append(DocumentSection(heading=heading.text, anchor=unique, text=text, line=heading.line + 1))
    return found
