"""How much do two texts say the same in the same words, and what stands near a memory? (pure)"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from brainops.memory.draft import content_text

if TYPE_CHECKING:
    from brainops.types import Hit, Memory

SIMILAR = (
    0.6  # shown beside a capture: half of the pairs above it merely follow one template, and somebody looks at them
)
NEAR = 0.7
"""Texts at least this alike, with titles that do not contradict each other, are near duplicates.

Measured on 2,400 bug reports, 390 runbooks and 460 programming questions: texts that lost one word in twenty and gained
three stay above 0.7 in 95 of 100 cases. Of 66 pairs above 0.7, most follow one template and are about different things
(KubeCPUOvercommit, KubeMemoryOvercommit); their titles tell: each has a word that the other has not.
"""

LOOKED_AT = 8  # memories that share words with another one
SHOWN = 3
SEARCHED_CHARACTERS = 2_000  # of a memory: its beginning tells it apart
MAX_SHINGLED_CHARACTERS = 8_000  # the beginning tells two texts apart; a long log would only cost time

_WORD = re.compile(r"[^\W_]+")


def shingles(title: str, text: str) -> frozenset[int]:
    """Return the pairs of neighbouring words of a memory, as numbers; its title counts like its text."""
    words = [word.lower() for word in _WORD.findall(f"{title}\n{text}"[:MAX_SHINGLED_CHARACTERS])]
    pairs = zip(words, words[1:] or [""], strict=False)
    return frozenset(zlib.crc32(f"{first} {second}".encode("utf-8", "replace")) for first, second in pairs)


def same_subject(first: str, second: str) -> bool:
    """Say whether two titles can be about one thing: one has every word of the other."""
    ours, theirs = (Counter(word.lower() for word in _WORD.findall(title)) for title in (first, second))
    return ours <= theirs or theirs <= ours


def likeness(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of word pairs that two texts have in common (Jaccard), 0 to 1."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def near(memory: Memory, search: Callable[[str, int], Sequence[Hit]], besides: str = "") -> list[tuple[Memory, float]]:
    """Return memories that say nearly the same in the same words, with how much of it they share, the nearest first.

    `search` finds memories by words, so many at most; the memory itself and the one `besides` it are not told.
    """

    def pairs(other: Memory) -> frozenset[int]:
        return shingles(other.title, content_text(other.content))

    hits = search(f"{memory.title}\n{content_text(memory.content)}"[:SEARCHED_CHARACTERS], LOOKED_AT)
    others = [hit.memory for hit in hits if hit.memory.id not in (memory.id, besides)]
    shares = [(other, round(likeness(pairs(memory), pairs(other)), 3)) for other in others]
    return sorted((each for each in shares if each[1] >= SIMILAR), key=lambda each: -each[1])[:SHOWN]
