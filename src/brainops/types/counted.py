"""How is a number of things said? (pure)"""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return "1 fix", "2 fixes", "1,200 memories"; a plural that is not made by rule is given."""
    return f"{count:,} {noun if count == 1 else plural or several(noun)}"


def several(noun: str) -> str:
    """Return the plural of a noun, by the rules of spelling."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "z", "ch", "sh")) else f"{noun}s"
