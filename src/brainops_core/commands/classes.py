"""What can a command, a piece of SQL or an operation do? (pure)"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

READ, CHANGE, DESTROY = "read_only", "changing", "destructive"

_RANK = (READ, CHANGE, DESTROY).index


def worst(found: Sequence[str], default: str = READ) -> str:
    """Return the most dangerous of several classes."""
    return max(found, key=_RANK, default=default)


def pieces(text: str, separators: str) -> list[str]:
    """Return a text in pieces, parted at each of these characters."""
    for each in separators[1:]:
        text = text.replace(each, separators[0])
    return text.split(separators[0])


def letters(words: Sequence[str]) -> str:
    """Return the letters of the short options among some words: of `rm -rf -v x`, rfv."""
    return "".join(word[1:] for word in words if word[:1] == "-" and word.isascii() and word[1:].isalpha())
