"""How does a procedure's own file say other time-outs and retries, all else of it left as somebody wrote it? (pure)"""

from __future__ import annotations

import re

from msgspec.structs import replace

from brainops.errors import InvalidProcedure
from brainops.procedures.definition.canonical import digest
from brainops.procedures.definition.parse import parse
from brainops.types import Procedure, Retry, Step

TIMES = ("timeout-minutes", "timeout-seconds")


def edited(source: str, before: Procedure, after: Procedure) -> str | None:
    """Return the text with the time-outs and retries of `after`; None where it differs in more, or cannot be done so.

    What is returned was read again, and is the procedure `after` to the letter of its hash.
    """
    lines = source.split("\n")
    for old, new in zip(before.steps, after.steps, strict=False):
        if old == new:
            continue
        if replace(old, timeout_seconds=new.timeout_seconds, retry=new.retry) != new:
            return None
        block = _block(lines, old.id)
        if block is None:
            return None
        lines = _edited(lines, block, old, new)
    text = "\n".join(lines)
    try:
        return text if digest(parse(text, "")) == digest(after) else None
    except InvalidProcedure:
        return None


def _block(lines: list[str], step_id: str) -> tuple[int, int, str] | None:
    """Return where a step's own lines are, the one with its id first, and how they are indented."""
    first = re.compile(rf"(\s*-\s+)id:\s*['\"]?{re.escape(step_id)}['\"]?\s*(#.*)?$")
    for number, line in enumerate(lines):
        if found := first.match(line):
            indent = " " * len(found[1])
            end = number + 1
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(indent)):
                end += 1
            return number, end, indent
    return None


def _edited(lines: list[str], block: tuple[int, int, str], old: Step, new: Step) -> list[str]:
    begin, end, indent = block
    own = lines[begin + 1 : end]
    if old.timeout_seconds != new.timeout_seconds:
        own = _put(own, indent, TIMES, _time(new.timeout_seconds))
    if old.retry != new.retry:
        own = _put(
            own, indent, ("retry",), "" if new.retry == Retry() else f"retry: {{attempts: {new.retry.attempts}}}"
        )
    return [*lines[: begin + 1], *own, *lines[end:]]


def _put(own: list[str], indent: str, keys: tuple[str, ...], said: str) -> list[str]:
    """Put a line where one of these keys stood, with what is below it, or else first."""
    at = next((n for n, line in enumerate(own) if line.startswith(tuple(f"{indent}{key}:" for key in keys))), None)
    new = [f"{indent}{said}"] if said else []
    if at is None:
        return [*new, *own]
    end = at + 1
    while end < len(own) and own[end].startswith(f"{indent} "):
        end += 1
    return [*own[:at], *new, *own[end:]]


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes = seconds / 60
    return (
        f"timeout-minutes: {minutes:g}" if minutes * 60 == seconds and minutes >= 1 else f"timeout-seconds: {seconds:g}"
    )
