"""How often does the test of champion and challenger promote one of two equals, looked at every hour of a week?"""

from __future__ import annotations

import math
import random

from bench.figures import Figure, proportion
from brainops.statistics.always_valid import Counts, compare, is_sure

WEEKS = 400
RUNS_A_WEEK = 672  # four an hour
LOOK_EVERY = 4
SHARE = 0.25  # of the runs that the challenger gets in a trial
WORLDS = {
    "half go well": lambda number, seed: 0.5,
    "most go well": lambda number, seed: 0.9,
    "days differ": lambda number, seed: 0.5 + 0.45 * math.sin(number / 60 + seed),
    "it gets better at times": lambda number, seed: 0.95 if number // 100 % 2 else 0.4,
}


def figures(quick: bool) -> list[Figure]:
    """Return the share of weeks in which one of two equals was promoted, of all worlds and of each."""
    weeks = WEEKS // 20 if quick else WEEKS
    found = {name: sum(promoted(name, seed) for seed in range(weeks)) for name in WORLDS}
    total = sum(found.values())
    beside = {name: round(count / weeks, 4) for name, count in found.items()}
    return [proportion("A/A false promotion", total, weeks * len(WORLDS), at_most=0.10, beside=beside)]


def promoted(world: str, seed: int) -> bool:
    """Say whether two equals are told apart in one week."""
    drawn, counts = random.Random(f"{world} {seed}"), [[0, 0], [0, 0]]
    for number in range(RUNS_A_WEEK):
        tried = drawn.random() < SHARE
        counts[tried][drawn.random() >= WORLDS[world](number, seed)] += 1
        if number % LOOK_EVERY == LOOK_EVERY - 1:
            usual, challenger = (Counts(well=well, badly=badly) for well, badly in counts)
            if is_sure(compare(usual, challenger, share=SHARE).better):
                return True
    return False
