"""Does a text have the form of a glob, as fnmatch says, without an expression to compile? (pure)"""

from __future__ import annotations


def has_form(text: str, glob: str) -> bool:
    """Say what `fnmatch.fnmatchcase` says: a thousand rules' globs are looked at before each command."""
    if "[" in glob:
        from fnmatch import fnmatchcase

        return fnmatchcase(text, glob)
    first, *between = glob.split("*")
    if not between:
        return len(text) == len(glob) and _at(text, glob, 0)
    last = between.pop()
    at, end = len(first), len(text) - len(last)
    if end < at or not _at(text, first, 0) or not _at(text, last, end):
        return False
    for piece in between:
        found = _find(text, piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _at(text: str, piece: str, start: int) -> bool:
    """Say whether a piece of a glob, in which "?" is any character, stands here."""
    if "?" not in piece:
        return text.startswith(piece, start)
    return all(wanted in ("?", text[start + place]) for place, wanted in enumerate(piece))


def _find(text: str, piece: str, start: int, end: int) -> int:
    if "?" not in piece:
        return text.find(piece, start, end)
    return next((place for place in range(start, end - len(piece) + 1) if _at(text, piece, place)), -1)
