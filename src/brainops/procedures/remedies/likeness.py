"""How probably do two errors have one cause, going by their words alone? (pure)

The share of words that two texts have in common once what varies is masked (Jaccard). It is taken as a probability as
it stands: of the pairs of `bench/recognition`'s development half (60 of different errors that read alike, 90 of equal
ones), those from 0.6 on are equal in 78 of 100 cases, those below in 28; of errors at random none is above 0.5.
"""

from __future__ import annotations

import re

from brainops_core.recognition.masks import mask

LEAST = 0.6
"""Below it two errors are more probably two."""

_MASK = re.compile(r"<\w+>")
_WORD = re.compile(r"[^\W_]{2,}")


def likeness(one: str, other: str) -> float:
    """Return how probably two errors have one cause, 0 where they are too little alike to say so."""
    ours, theirs = _words(one), _words(other)
    share = len(ours & theirs) / (len(ours | theirs) or 1)
    return share if share >= LEAST else 0.0


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(_MASK.sub(" ", mask(text))))
