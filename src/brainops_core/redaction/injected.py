"""Which text did BrainOps itself hand out, so that it is not captured again as if somebody had said it? (pure)"""

from __future__ import annotations

from brainops_core.regex import Regex

INJECTED_OPEN = "<brainops-memory"
INJECTED_CLOSE = "</brainops-memory>"

_NAME = "brainops-memory"
_START = rf"(?:<|&lt;|\\u003[cC])(?P<slash>\\?/)?[ \t]{{0,4}}{_NAME}"
_TAG = Regex(rf"(?i){_START}(?:\s[^<>]{{0,240}}?)?[ \t]{{0,4}}(?:>|&gt;|\\u003[eE])")
_BREAKOUT = Regex(f"(?i){_START}")
_NOT_IN_ID = Regex(r"[^A-Za-z0-9._:\-]")
_ROUNDS = 8


def wrap_injected(text: str, id: str) -> str:
    """Return the text between the marks of what BrainOps hands out; marks inside the text cannot end the block."""
    may_hold = _NAME in text.lower() or not text.isascii()  # beyond ASCII, letters of other scripts fold to ours
    inert = _BREAKOUT.sub(lambda mark: mark.group().replace("-", "_"), text) if may_hold else text
    return f'{INJECTED_OPEN} id="{_NOT_IN_ID.sub("", id)[:64]}">\n{inert}\n{INJECTED_CLOSE}'


def quoted_lines(text: str) -> str:
    """Return a text with a bar before each of its lines, so that none can look like a line of what hands it out."""
    return "\n".join(f"| {line}".rstrip() for line in text.splitlines())


def contains_injected(text: str) -> bool:
    """Say whether the text holds a mark of what BrainOps handed out, plain or escaped for JSON or HTML."""
    return _NAME in text.lower() and _TAG.search(text) is not None


def strip_injected(text: str) -> str:
    """Return the text without the blocks that BrainOps handed out; one that is not closed reaches to the end."""
    for _ in range(_ROUNDS):
        if not contains_injected(text):
            break
        text = _strip_once(text)
    return text


def _strip_once(text: str) -> str:
    kept: list[str] = []
    depth, position = 0, 0
    for tag in _TAG.finditer(text):
        if depth == 0:
            kept.append(text[position : tag.start()])
        depth = max(depth - 1, 0) if tag["slash"] else depth + 1
        position = tag.end()
    if depth == 0:
        kept.append(text[position:])
    return "".join(kept)
