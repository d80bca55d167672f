"""How much do two texts say the same in the same words? (pure)"""

from __future__ import annotations

import re
import zlib

NEAR = 0.6
"""Texts at least this alike are near duplicates: see docs/reference/cli.md, `audit`, for how it was measured."""

MAX_SHINGLED_CHARACTERS = 8_000  # the beginning tells two texts apart; a long log would only cost time

_WORD = re.compile(r"[^\W_]+")


def shingles(title: str, text: str) -> frozenset[int]:
    """Return the pairs of neighbouring words of a memory, as numbers; its title counts like its text."""
    words = [word.lower() for word in _WORD.findall(f"{title}\n{text}"[:MAX_SHINGLED_CHARACTERS])]
    pairs = zip(words, words[1:] or [""], strict=False)
    return frozenset(zlib.crc32(f"{first} {second}".encode("utf-8", "replace")) for first, second in pairs)


def likeness(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of word pairs that two texts have in common (Jaccard), 0 to 1."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0
