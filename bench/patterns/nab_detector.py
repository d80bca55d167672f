"""How well does the anomaly detector do on the Numenta Anomaly Benchmark? An adapter for a streaming scorer.

Run: `PYTHONPATH=bench/patterns:src python LOADER DATA --detector nab_detector:Shipped --threshold 0.5`.
"""

from __future__ import annotations

from datetime import datetime

from brainops.statistics.anomalies import Detector


class Shipped:
    """The detector as it is shipped; it needs neither the probation's length nor its range."""

    def __init__(self, probation: int, low: float, high: float) -> None:
        self._detector = Detector()

    def feed(self, at: datetime, value: float) -> float:
        """Return the score of a point, 0 to 1."""
        return self._detector.feed(int(at.timestamp() * 1_000_000), value).score
