"""What of a Markdown body is the prose of a procedure, and what is the text of which step? (pure)

A step's text stands under a heading `## ID` (or its name). Headings inside of code blocks are none; a line that only
looks like such a heading is written with a backslash before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from brainops.procedures.definition.define_step import step_ids
from brainops.types import JSON

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"(#{1,2})[ \t]+(.*?)[ \t]*#*[ \t]*")
_ESCAPED = re.compile(r"\\+##?[ \t]")


class Sections(Struct, frozen=True, kw_only=True):
    """A body in its parts: the prose, and by a step's number the line (from 0) and text of its section."""

    prose: str
    texts: Mapping[int, tuple[int, str]]


def sections(body: str, steps: Sequence[JSON]) -> Sections:
    """Return the parts of a body."""
    titles = _titles(steps)
    lines = body.split("\n")
    coded = in_code(lines)
    parts: dict[int | None, list[str]] = {None: []}
    begins: dict[int, int] = {}
    here: int | None = None
    for number, line in enumerate(lines):
        heading = None if coded[number] else _HEADING.fullmatch(line)
        if heading:
            here = titles.get(heading[2].casefold()) if len(heading[1]) == 2 else None
            if here is not None:
                begins.setdefault(here, number)
                parts.setdefault(here, [])
                continue
        escaped = not coded[number] and _ESCAPED.match(line)
        parts[here].append(line[1:] if escaped else line)
    texts = {step: (begins[step], "\n".join(parts[step]).strip()) for step in begins}
    return Sections(prose="\n".join(parts[None]).strip(), texts=texts)


def written(prose: str, steps: Sequence[JSON], texts: Sequence[str]) -> str | None:
    """Return the body with this prose and the steps' texts, or None where no body says just that."""
    ids = step_ids(steps)
    parts = [escaped(prose, steps)] if prose else []
    parts += [f"## {step_id}\n\n{escaped(text, None)}" for step_id, text in zip(ids, texts, strict=True) if text]
    body = "\n\n".join(parts)
    read = sections(body, steps)
    same = read.prose == prose and all(read.texts.get(number, (0, ""))[1] == text for number, text in enumerate(texts))
    return body if same else None


def escaped(text: str, steps: Sequence[JSON] | None) -> str:
    """Return a text in which no line begins the section of one of these steps; of any, where it is a section itself."""
    titles = None if steps is None else _titles(steps)
    lines = text.split("\n")
    coded = in_code(lines)
    return "\n".join(
        f"\\{line}" if not code and (_begins(line, titles) or _ESCAPED.match(line)) else line
        for line, code in zip(lines, coded, strict=True)
    )


def _begins(line: str, titles: Mapping[str, int] | None) -> bool:
    heading = _HEADING.fullmatch(line)
    return heading is not None and (titles is None or heading[2].casefold() in titles)


def in_code(lines: Sequence[str]) -> list[bool]:
    """Say of each line whether it stands in a fenced code block; a fence that is never closed opens none."""
    inside = [False] * len(lines)
    number = 0
    while number < len(lines):
        end = _closing(lines, number)
        if end is not None:
            inside[number : end + 1] = [True] * (end + 1 - number)
            number = end
        number += 1
    return inside


def _closing(lines: Sequence[str], start: int) -> int | None:
    """Return the line that closes the fence that this line opens, or None."""
    opening = _FENCE.fullmatch(lines[start])
    if opening is None or (opening[1][0] == "`" and "`" in opening[2]):
        return None
    for number in range(start + 1, len(lines)):
        closing = _FENCE.fullmatch(lines[number])
        if closing and closing[1].startswith(opening[1]) and not closing[2].strip():
            return number
    return None


def _titles(steps: Sequence[JSON]) -> dict[str, int]:
    """Return which step a heading means: an id, or a name that only one step has."""
    names: dict[str, int] = {}
    twice: set[str] = set()
    for number, step in enumerate(steps):
        name = str(step.get("name") or "").casefold() if isinstance(step, dict) else ""
        if name in names:
            twice.add(name)
        names[" ".join(name.split())] = number
    found = {name: number for name, number in names.items() if name and name not in twice}
    return {**found, **{step_id.casefold(): number for number, step_id in reversed(list(enumerate(step_ids(steps))))}}
