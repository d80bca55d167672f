"""What do the ${{ }} of a step's parameters stand for, and which names do they read?

The value of a text that is one ${{ }} keeps its type; inside a longer text it is written out. $${{ stands for ${{.
What is filled in is never read for ${{ }} again, so that a value cannot smuggle an expression in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from brainops.errors import ConditionFailed, InvalidInput
from brainops.procedures.conditions.conditions import VARIABLES, Compiled, compile
from brainops.types import JSON

MAX_FILLED_CHARACTERS = 1_000_000  # of one text; a template of many references must not fill the memory
MAX_DEPTH = 40  # of lists and maps inside each other, as a procedure's file

DECLARED: Mapping[str, str] = {**VARIABLES, "secrets": "map"}
"""What a template may speak of: what a condition may, and the secrets of its step."""

_OPENING = re.compile(r"\$?\$\{\{")
_SKIPPED = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"")
_SECRET = re.compile(r"secrets\.[A-Za-z_][A-Za-z0-9_]*")


class _Expression(Struct, frozen=True, kw_only=True):
    source: str


def fill(value: JSON, values: Mapping[str, Any]) -> JSON:
    """Return a value with every ${{ expression }} in its texts replaced, keys left alone.

    Raises InvalidInput for what is no template, ConditionFailed for an expression that has no value over these values.
    """
    return _filled(value, values, 0)


def _filled(value: JSON, values: Mapping[str, Any], depth: int) -> JSON:
    if depth > MAX_DEPTH:
        raise InvalidInput(f"parameters are nested more than {MAX_DEPTH} deep; flatten them")
    match value:
        case str() if "${{" in value:
            parts = list(_parts(value))
            match parts:
                case [_Expression(source=source)]:
                    return _value(source, values)
            written, room = [], MAX_FILLED_CHARACTERS
            for part in parts:
                written.append(part if isinstance(part, str) else _written(_value(part.source, values)))
                room -= len(written[-1])
                if room < 0:
                    raise ConditionFailed(f"{value!r:.80} becomes longer than {MAX_FILLED_CHARACTERS:,} characters")
            return "".join(written)
        case Mapping():
            return {key: _filled(part, values, depth + 1) for key, part in value.items()}
        case list() | tuple():
            return [_filled(part, values, depth + 1) for part in value]
        case _:
            return value


def _value(source: str, values: Mapping[str, Any]) -> JSON:
    return _expression(source).evaluate(values)


def _expression(source: str) -> Compiled:
    compiled = compile(source, declared=DECLARED)
    if "secrets" in compiled.names and not _SECRET.fullmatch(source):
        raise InvalidInput(f"${{{{ {source} }}}}: a secret is read as ${{{{ secrets.NAME }}}} and in no other way")
    return compiled


def _written(value: JSON) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def references(value: JSON | Mapping[str, JSON]) -> frozenset[str]:
    """Return the variables that the expressions of a value read ("inputs", "steps", "secrets", ...).

    Checks each expression on the way: raises InvalidInput, MissingExtra.
    """
    return frozenset(name for source in sources(value) for name in _expression(source).names)


def sources(value: JSON | Mapping[str, JSON]) -> Iterator[str]:
    """Yield every expression that stands in the texts of a value. Raises InvalidInput for one that is not closed."""
    match value:
        case str():
            yield from (part.source for part in _parts(value) if isinstance(part, _Expression))
        case Mapping():
            for part in value.values():
                yield from sources(part)
        case list() | tuple():
            for part in value:
                yield from sources(part)


def _parts(text: str) -> Iterator[str | _Expression]:
    at = 0
    while (opening := _OPENING.search(text, at)) is not None:
        if opening.start() > at:
            yield text[at : opening.start()]
        if len(opening[0]) == 4:
            yield "${{"
            at = opening.end()
            continue
        end = _end(text, opening.end())
        source = text[opening.end() : end].strip()
        if not source:
            raise InvalidInput(f"{text!r:.80} has an empty ${{{{ }}}}; write ${{{{ inputs.name }}}}")
        yield _Expression(source=source)
        at = end + 2
    if at < len(text):
        yield text[at:]


def _end(text: str, at: int) -> int:
    """Return where the }} of an expression begins: not the one in a text of it, nor those of its maps."""
    braces = 0
    while at < len(text):
        if skipped := _SKIPPED.match(text, at):
            at = skipped.end()
            continue
        if text[at] == "}" and braces == 0:
            if text.startswith("}}", at):
                return at
            break
        braces += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    raise InvalidInput(f"{text!r:.80} has a ${{{{ that is not closed by }}}}; $${{{{ stands for ${{{{ itself")
