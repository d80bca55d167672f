"""Does an error memory say what helped, and what is that? (pure)"""

from __future__ import annotations

import re
from typing import Any

from brainops.memory.draft import content_text
from brainops.types import Memory, MemoryType
from brainops.types.limits import MAX_NAME_CHARACTERS

SOLUTION_KEYS = ("solution", "fix", "resolution", "candidate_fix", "workaround")
"""Where an error memory says what helped."""

_NOTHING = re.compile(
    r"\W*(none|nothing|unknown|not known|no solution|n/?a|tbd|todo)?( yet| so far)?\W*", re.IGNORECASE
)
_IN_VAIN = re.compile(
    r"\b(did|does|do|will|would|could|has|have) ?n[o']t (help|work|fix|solve|resolve|change anything|make a difference)"
    r"|\bnever (helps|helped|works|worked)\b|\b(had|has|made|makes) (no (effect|difference)|it worse|things worse)\b"
    r"|\b(in vain|to no avail|without effect|of no use)\b"
    r"|\bkeeps (succeeding|failing)\b|\bfails? (more|less) often\b|\bfailed \d+ of (its |the )?(last )?\d+\b",
    re.IGNORECASE,
)
"""A title that tells of a failure or a frequency. It is read where nothing else says so: what somebody typed."""


def tells_of_failure(text: str) -> bool:
    """Say whether a text tells that something was tried in vain, or only how often something happens."""
    return bool(_IN_VAIN.search(text))


def has_solution(memory: Memory) -> bool:
    """Say whether an error memory says what helped."""
    return isinstance(memory.content, dict) and any(_is_said(memory.content.get(key)) for key in SOLUTION_KEYS)


def what_helped(content: Any) -> str:
    """Return what a memory's content says has helped, or all that it says."""
    if isinstance(content, dict):
        for key in SOLUTION_KEYS:
            if content.get(key):
                return content_text(content[key])
    return content_text(content)


def remedy_of_memory(memory: Memory) -> str | None:
    """Return the remedy that an error memory names, by the first line of what helped; None where it names none."""
    if memory.type is not MemoryType.ERROR_PATTERN or not has_solution(memory):
        return None
    first = next(iter(what_helped(memory.content).strip().splitlines()), "").strip()
    return first[:MAX_NAME_CHARACTERS] or None


def _is_said(solution: Any) -> bool:
    if not isinstance(solution, str):
        return bool(solution)
    return not _NOTHING.fullmatch(solution) and not tells_of_failure(solution.split(".", 1)[0])
