"""Which point of a series is unlike what came before, told once and with a line that needs no tuning? (pure)"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from brainops.types import Anomaly, Micros

THRESHOLD = 0.5
"""The shipped line: a score from here on is told. It is where one of the surprises below reaches its own line."""

HISTORY = 1_000
"""Over how many of the last surprises the usual one is taken: two weeks of 20-minute points, 17 hours of minutes."""

WARM_UP = 60
"""How many points come before the first score: of fewer, nobody can say what is usual."""

QUIET = 200
"""For how many points after an anomaly its going on is not told again: people act on the first alarm. One that is
AGAIN times as strong is."""

AGAIN = 4.0

SMOOTHING = 0.2  # of the level that follows the series: about the last ten points count
FLOOR = 1e-4  # of the level: a series that never moved is not alarmed by its last digit
RESUM_EVERY = 1_000  # sums that run on gather rounding errors, so they are taken anew


class _Surprise(Struct):
    """How far a short mean of forecast errors lies above their long mean, in standard deviations over a line.

    After the anomaly likelihood of Lavin and Ahmad (2015), with the plainest forecasts.
    """

    points: int
    line: float
    _recent: deque[float] = field(default_factory=deque)
    _usual: deque[float] = field(default_factory=deque)
    _sum: float = 0.0
    _squares: float = 0.0
    _seen: int = 0

    def feed(self, error: float, floor: float) -> float:
        """Return the surprise of one more error: 1 is at the line."""
        self._recent.append(error)
        if len(self._recent) > self.points:
            self._add(self._recent.popleft())
        usual = len(self._usual)
        if usual < WARM_UP:
            return 0.0
        mean = self._sum / usual
        deviation = math.sqrt(max(self._squares / usual - mean * mean, 0.0))
        short = sum(self._recent) / len(self._recent)
        return max(0.0, (short - mean) / (deviation + floor) / self.line)

    def _add(self, error: float) -> None:
        self._usual.append(error)
        self._sum += error
        self._squares += error * error
        if len(self._usual) > HISTORY:
            old = self._usual.popleft()
            self._sum -= old
            self._squares -= old * old
        self._seen += 1
        if self._seen % RESUM_EVERY == 0:
            self._sum = sum(self._usual)
            self._squares = sum(each * each for each in self._usual)


class Detector:
    """Scores each point of one series as it comes, from what came before alone.

    Three surprises are taken: a jump from the last point, three points away from the level, and ten points that jump
    more than usual. The score is the strongest over its line, as r / (1 + r).
    """

    def __init__(self, series: str = "") -> None:
        self._series = series
        self._last: float | None = None
        self._level = 0.0
        self._jump = _Surprise(points=1, line=6.5)
        self._away = _Surprise(points=3, line=4.5)
        self._restless = _Surprise(points=10, line=2.25)
        self._quiet = 0
        self._told = 0.0

    def feed(self, at: Micros, value: float) -> Anomaly:
        """Return the point with its score and what was expected; a value that is no number scores 0."""
        if value != value or value in (float("inf"), float("-inf")):
            return Anomaly(series=self._series, at=at, value=value, expected=self._level, score=0.0)
        if self._last is None:
            self._last = self._level = value
        expected, jump, away = self._level, abs(value - self._last), abs(value - self._level)
        floor = FLOOR * abs(expected) + 1e-12
        ratio = max(self._jump.feed(jump, floor), self._away.feed(away, floor), self._restless.feed(jump, floor))
        self._last = value
        self._level += SMOOTHING * (value - self._level)
        return Anomaly(series=self._series, at=at, value=value, expected=expected, score=self._score(ratio))

    def _score(self, ratio: float) -> float:
        """Return the score of a ratio to the line; while an anomaly goes on, one below the shipped line."""
        self._quiet = max(0, self._quiet - 1)
        score = ratio / (1.0 + ratio)
        if score < THRESHOLD:
            return score
        if self._quiet and ratio < AGAIN * self._told:
            return THRESHOLD * (1.0 - 1e-6)
        self._quiet, self._told = QUIET, ratio
        return score


def anomalies(series: str, points: Iterable[tuple[Micros, float]]) -> Iterator[Anomaly]:
    """Yield the points of a series, in order of time, that lie above the shipped line."""
    detector = Detector(series)
    for at, value in points:
        found = detector.feed(at, value)
        if found.score >= THRESHOLD:
            yield found
