"""Into which passages does a memory fall, and which of them is near to a question? (pure)

The model reads 256 tokens, so each passage has a vector of its own. docs/decisions/0016 has the measurements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from brainops.memory.confidence import covered_share
from brainops.memory.rank import DEFAULT
from brainops.memory.terms import MAX_EMBEDDED_CHARACTERS, UNSPACED, shared_terms

PASSAGE_WORDS = 150  # about 200 tokens
PASSAGE_STEP = 120  # what is cut at the end of one stands whole at the beginning of the next
MAX_PASSAGES = 256  # some 30,000 words; what lies beyond is found by its words
WORD_CHARACTERS = 24  # a longer run without blanks (base64, minified JSON) counts as several words
TITLE_CHARACTERS = 100  # stand before each passage: without them the passages of two documents of a form are alike
LATER = 0.06  # of the cosine: of many passages one is always near by chance
COMPARED = 8  # of the nearest passages are asked which words they hold

_WORD = re.compile(rf"[{UNSPACED}]|[^\s{UNSPACED}]{{1,{WORD_CHARACTERS}}}")


def whole(title: str, content: str) -> str:
    """Return a memory's title and content as one text; a title that the content begins with stands there once."""
    return content if content.startswith(title) else f"{title}\n{content}"


def passages(text: str) -> tuple[str, ...]:
    """Return the overlapping parts of a text in order: the text itself where one passage holds it."""
    if len(text) <= PASSAGE_WORDS:
        return (text,)
    longest = MAX_PASSAGES * PASSAGE_STEP * WORD_CHARACTERS
    words = [word.span() for word in _WORD.finditer(text, 0, longest)][: MAX_PASSAGES * PASSAGE_STEP]
    if len(words) <= PASSAGE_WORDS:
        return (text,)
    starts = range(0, len(words) - PASSAGE_WORDS + PASSAGE_STEP, PASSAGE_STEP)
    parts = (words[start : start + PASSAGE_WORDS] for start in starts)
    return tuple(text[part[0][0] : part[-1][1]] for part in parts)


def embedding_texts(title: str, content: str) -> tuple[str, ...]:
    """Return the texts to embed, one vector each: as much of the beginning as a model reads, then later passages."""
    text = whole(title, content)
    head = title[:TITLE_CHARACTERS]
    return (text[:MAX_EMBEDDED_CHARACTERS], *(f"{head}\n{passage}" for passage in passages(text)[1:]))


def nearness(cosines: Sequence[float]) -> float:
    """Return how near a memory is to a question, by the cosines of its passages in order: that of the best counts."""
    return max(cosines[0], max(cosines[1:], default=-1.0) - LATER)


def answering(
    parts: Sequence[str],
    cosines: Sequence[float],
    terms: Sequence[str],
    frequencies: Mapping[str, int],
    total: int,
) -> str:
    """Return the passage that answers best, by meaning and words as memories are ranked; without vectors by words."""
    numbers = list(range(len(parts)))
    if len(cosines) == len(parts):
        numbers = sorted(numbers, key=lambda number: -cosines[number])[:COMPARED]
        best = max(cosines[numbers[0]], 0.0) or 1.0
    else:
        cosines, best = [0.0] * len(parts), 1.0

    def score(number: int) -> float:
        covered = covered_share(terms, shared_terms(tuple(terms), parts[number]), frequencies, total)
        return DEFAULT.dense * cosines[number] / best + (1 - DEFAULT.dense) * covered

    return parts[max(numbers, key=score)]
