"""What is counted of a team's weeks, from outside: by whoever sees both what was done and what was true?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Day:
    """The counts of one day."""

    incidents: int = 0
    seen_before: int = 0
    repeats: int = 0  # remedies applied though it was known that they fail for this fault as it is
    solved: int = 0
    minutes: int = 0
    tries: int = 0
    cost: float = 0.0
    deployments: int = 0
    adhered: int = 0
    deployed: int = 0
    automatic: int = 0
    automatic_wrong: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """How sure the product was of one thing that it did by itself (the bound and mean it stated), and was it right?"""

    bound: float
    mean: float
    right: bool


@dataclass(slots=True, kw_only=True)
class Ledger:
    """A team's days, how sure the product was of what it did by itself, and what it changed about itself."""

    days: list[Day]
    sure: list[Sure] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)

    def total(self, name: str, days: Iterable[Day] | None = None) -> float:
        """Return the sum of one count."""
        return float(sum(getattr(day, name) for day in (self.days if days is None else days)))

    def rate(self, over: str, under: str, days: Iterable[Day] | None = None) -> float:
        """Return one count per another; 0 where there is nothing to count."""
        chosen = list(self.days if days is None else days)
        whole = self.total(under, chosen)
        return self.total(over, chosen) / whole if whole else 0.0
