"""How often was a decision right that the model was so sure of? (pure)

A learner's own probability is tried on the stream (prequentially: Dawid 1984): each case is judged before its answer is
known, and what the learner said and whether it was right is kept. What it says now is read against the most similar of
those earlier sayings: their share of right ones, with PRIOR_CASES cases' worth of trust in the learner itself.
"""

from __future__ import annotations

from collections.abc import Sequence

NEAR = 40  # earlier sayings that one is read against: enough for a share, few enough to be about this level
RECENT = 400  # the learner of long ago knew less than that of today
PRIOR_CASES = 6.0  # what the learner's own probability counts beside its record
EDGE = 0.005  # no probability from so few cases is nearer to 0 or 1


def calibrated(raw: float, record: Sequence[tuple[float, bool]]) -> float:
    """Return the probability that a decision of this raw probability is right, by the record (oldest first)."""
    near = sorted(record[-RECENT:], key=lambda said: abs(said[0] - raw))[:NEAR]
    right = sum(was_right for _, was_right in near)
    # Those near speak of this level only as far as they are of it: they are moved by what they differ in.
    believed = sum(said for said, _ in near)
    moved = right + raw * len(near) - believed
    found = (PRIOR_CASES * raw + moved) / (PRIOR_CASES + len(near))
    return min(max(found, EDGE), 1.0 - EDGE)
