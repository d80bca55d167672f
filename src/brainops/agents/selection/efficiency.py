"""How well were agents chosen, held against the best choice in hindsight? (pure)

What an attempt is worth is what selection counts (`Utility`: success less time and cost), so the best choice is the
best at equal cost. In hindsight each class of tasks would have gone to the one agent that did best at it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from brainops.agents.selection.track_record import UTILITY, Tally, Trial, Utility

FEWEST = 5  # attempts of an agent at a class before it may count as the best: the luckiest of few is not the best


class Efficiency(Struct, frozen=True, kw_only=True):
    """What was reached and what the best choice would have, over so many attempts; `value` is None where none compares.

    Only classes count at which two agents or more were tried often enough to be compared.
    """

    reached: float
    best: float
    compared: int

    @property
    def value(self) -> float | None:
        """The share of the best that was reached, at most 1."""
        return min(1.0, max(0.0, self.reached / self.best)) if self.compared and self.best > 0 else None


def efficiency(trials: Iterable[Trial], utility: Utility = UTILITY) -> Efficiency:
    """Return what the chosen agents reached beside the best agent of each class in hindsight."""
    classes: dict[str, dict[str, Tally]] = {}
    for trial in trials:
        classes.setdefault(trial.task_class, {}).setdefault(trial.agent, Tally()).add(utility.of(trial))
    reached, best, compared = 0.0, 0.0, 0
    for agents in classes.values():
        known = [tally.shrunk(0.0) for tally in agents.values() if tally.count >= FEWEST]
        if len(known) < 2:
            continue
        count, total = sum(tally.count for tally in agents.values()), sum(tally.total for tally in agents.values())
        reached, compared = reached + total, compared + int(count)
        best += count * max(*known, total / count)
    return Efficiency(reached=reached, best=best, compared=compared)
