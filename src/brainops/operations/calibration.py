"""How sure may guidance be that following what it recommends is right? By what became of following it. (pure)

The raw figure is the probability that it applies times the posterior mean of how following it turned out, calibrated by
the store's own followed outcomes.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import fields

from brainops.statistics.calibration import EDGE, Calibration, calibrated
from brainops.types import Trust

HELPS = {Trust.VERIFIED: 0.5, Trust.AGENT: 0.4, Trust.EXTERNAL: 0.3}
"""How probably following what applies turns out right before anybody has followed it: never more likely than not,
whoever says so. Stated beliefs, worth PRIOR_CASES cases; what became of following it replaces them."""

PRIOR_CASES = 2.0
CLAIMED = 0.5  # what an outcome counts that nobody but the one who acted saw
UNFOLLOWED = 0.49  # the most that is said of what nobody ever followed, however well other advice did


class Followed(Struct, frozen=True, kw_only=True):
    """What became of following one memory or procedure: right and wrong outcomes, `claimed` of them by a word alone.

    `helpful` and `unhelpful` are people and agents who said so, each counted once.
    """

    right: int = 0
    wrong: int = 0
    claimed_right: int = 0
    claimed_wrong: int = 0
    helpful: int = 0
    unhelpful: int = 0

    @property
    def cases(self) -> int:
        """Return how many cases there are of either end."""
        return self.right + self.wrong + self.helpful + self.unhelpful

    def plus(self, other: Followed) -> Followed:
        """Return both together: what operations followed, and what ran."""
        return Followed(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


NEVER = Followed()


def raw_confidence(applies: float, trust: Trust, followed: Followed = NEVER) -> float:
    """Return the probability, before calibration, that following it is right: it applies, and then it helps."""
    good = followed.right - followed.claimed_right * CLAIMED + followed.helpful
    bad = followed.wrong - followed.claimed_wrong * CLAIMED + followed.unhelpful
    return max(applies, EDGE) * (HELPS[trust] * PRIOR_CASES + good) / (PRIOR_CASES + good + bad)


def confidence(raw: float, applies: float, followed: Followed, calibration: Calibration) -> float:
    """Return what is said of a recommendation: at most that it applies, and UNFOLLOWED where nobody followed it."""
    bound = applies if followed.cases else min(applies, UNFOLLOWED)
    return min(calibrated(raw, calibration), bound)


def failure_probability(finished: int, failed: int, finished_here: int, failed_here: int) -> float | None:
    """Return the probability that an operation fails: this target's record, shrunk towards the name's, then to a half.

    A beta-binomial mean twice over: the name's rate under Beta(1, 1), the target's under a prior worth
    TARGET_PRIOR_CASES cases at the name's rate. None where nothing of that name ever finished.
    """
    if finished == 0:
        return None
    by_name = (failed + 1.0) / (finished + 2.0)
    return (failed_here + TARGET_PRIOR_CASES * by_name) / (finished_here + TARGET_PRIOR_CASES)


TARGET_PRIOR_CASES = 4.0  # a target's own record outweighs the name's from the fifth case on
