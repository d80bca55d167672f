"""How well does the ranker of suspects find the pod behind an injected fault? An adapter for a `rank` loader (Nezha).

Run: `PYTHONPATH=bench/patterns:src python LOADER DATA --half dev --ranker nezha_ranker:Shipped`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brainops.learning.signals import suspects

Metrics = Mapping[str, Mapping[str, Sequence[float]]]


class Shipped:
    """The ranker as it is shipped, with metrics alone."""

    def rank(self, before: Metrics, after: Metrics) -> list[str]:
        """Return the pods, the likeliest cause first."""
        return [suspect.name for suspect in suspects.rank(before, after)]
