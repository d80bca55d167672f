"""What does a JSON text say, read by the interpreter's own scanner? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Manner:
    """How the scanner reads: as `json.loads` does."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def from_json(text: str) -> Any:
    """Return what `json.loads` returns. Raises ValueError.

    `json` imports `re`, which alone takes a hook as long as all else: so its C scanner is asked itself, and `json` only
    where an interpreter has none, or where the text is no JSON that begins and ends with its value.
    """
    try:
        from _json import make_scanner

        value, end = make_scanner(_Manner)(text, 0)  # type: ignore[arg-type]
        if end == len(text):
            return value
    except (ImportError, AttributeError, TypeError, StopIteration):
        pass
    import json

    return json.loads(text)


def to_json(value: Any) -> str:
    """Return a value as JSON in one line of ASCII: what a hook writes, without importing `json`."""
    if value is None or value is True or value is False:
        return "null" if value is None else "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (int, float)):
        return repr(value)
    if hasattr(value, "items"):
        return "{" + ",".join(f"{_quoted(str(name))}:{to_json(each)}" for name, each in value.items()) + "}"
    return "[" + ",".join(map(to_json, value)) + "]"


def fitting(text: str, most: int, *, end: bool = False) -> str:
    """Return as much of a text as takes at most so many bytes as JSON: its beginning, or its end.

    `most` is at least 12, which one letter may take.
    """
    keep = most
    while True:
        text = text[-keep:] if end else text[:keep]
        size = len(_quoted(text)) - 2
        if size <= most:
            return text
        keep = max(1, len(text) * most // size)


def _quoted(text: str) -> str:
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        from json.encoder import encode_basestring_ascii
    return encode_basestring_ascii(text)
