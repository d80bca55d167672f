"""How is a figure of health computed from what the record counts? (pure)

Where there is nothing to count a figure is None, never a number. Each formula is said in words in FORMULAS, which the
figures carry and docs/reference/health.md repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from msgspec import Struct

from brainops.statistics.calibration import reliability
from brainops.statistics.proportions import wilson_interval
from brainops.types import CalibrationBar, CalibrationRecord, Micros
from brainops.types.times import DAY_MICROS, MINUTE_MICROS

HOUR_MINUTES = 60

Row = Mapping[str, Any]

FIX_ACTED = ("applying", "applied", "verified", "failed", "rolled_back", "contradicted")
FIX_WRONG = ("failed", "rolled_back", "contradicted")

FORMULAS = {
    "memory queries": "questions to memory in the last 60 minutes (retrieve, match, guidance receipts) / 60",
    "insights generated": "memories that a learning cycle wrote for the first time in the window",
    "procedure compliance": (
        "followed / (followed + overridden + violated + bypassed), over every time that a procedure's rule applied"
    ),
    "pattern match accuracy": (
        "right / (right + wrong), over advice that was followed and fixes that were applied to an error that came back "
        "after they were bound to it: right is a success that was verified, wrong is a failure or a success that was "
        "contradicted; the rest is not judged"
    ),
    "agent coordination": (
        "worth of all attempts / worth had each class of tasks gone to the agent that did best at it, where worth is "
        "success less time and cost as selection counts them, over classes at which two agents or more made five "
        "attempts"
    ),
    "system improvement": "(improvements kept - improvements rolled back or undone) / days of the window * 7",
    "repeat errors": (
        "failures of an error that had happened before / all failures with a fingerprint; what an agent tried in vain "
        "is an attempt at a task and no failure of its own"
    ),
    "time to fix": "median, over errors first mended in the window, of (first verified fix - first occurrence)",
    "fix success": "verified / (verified + failed + rolled back + contradicted) applications of fixes",
    "calibration error": (
        "mean of |confidence - share right| over ten equal bins weighted by cases, of guidance whose first advice was "
        "followed and judged"
    ),
    "last capture": "now - the newest capture",
    "queue age": "now - the oldest of: a memory without its vector, a run that is due, a notice that nobody was told",
    "language spend": "cost of language models in the window, as metered",
}
"""Each figure's formula in words."""

FEW_CASES = 5  # below which a share is an anecdote: of four cases one more moves it by a fifth
LEAST = {
    "procedure compliance": FEW_CASES,
    "pattern match accuracy": FEW_CASES,
    "repeat errors": FEW_CASES,
    "fix success": FEW_CASES,
    "calibration error": 20,  # over ten bins, of which each case fills one
}
"""How many cases a figure takes before it says anything."""


class Attempted(Struct, frozen=True, kw_only=True):
    """What agents did in a time: attempts that ended, those that succeeded, their seconds and cost, and efficiency."""

    ended: int = 0
    succeeded: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    efficiency: float | None = None
    compared: int = 0


class Spent(Struct, frozen=True, kw_only=True):
    """What language models took in a time."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0


class RecordCounts(Struct, frozen=True, kw_only=True):
    """What the record counts from `since` up to `until`. The rows are those of store/figures.py."""

    since: Micros
    until: Micros
    queries: Sequence[Row] = ()
    receipts: int = 0
    advised: int = 0
    followed: Sequence[Row] = ()
    operations: int = 0
    failed: int = 0
    worked_seconds: float = 0.0
    failures: Sequence[Row] = ()
    fixes: Mapping[str, int] = {}
    recognised: Mapping[str, int] = {}
    mended: Sequence[Row] = ()
    answered: Sequence[Row] = ()
    verdicts: Mapping[str, int] = {}
    compliance: Sequence[Row] = ()
    insights: int = 0
    kept: int = 0
    rolled_back: int = 0
    made: int = 0
    agents: Attempted = Attempted()
    language: Spent = Spent()

    @property
    def days(self) -> float:
        """How many days this is."""
        return (self.until - self.since) / DAY_MICROS


class Judged(Struct, frozen=True, kw_only=True):
    """What became of advice that was followed and of fixes that were applied."""

    right: int
    wrong: int
    unjudged: int

    @property
    def accuracy(self) -> float | None:
        """The share of the judged that were right."""
        return share(self.right, self.right + self.wrong)

    @property
    def unjudged_share(self) -> float | None:
        """The share of all that nobody judged."""
        return share(self.unjudged, self.right + self.wrong + self.unjudged)


def share(part: float, whole: float) -> float | None:
    """Return a part of a whole; None where there is none."""
    return part / whole if whole else None


def right(row: Row) -> bool | None:
    """Say whether advice that was followed was right; None where nothing shows it.

    A success counts as right only once a check confirmed it. A failure counts against the advice unless somebody only
    claimed it, and so does whatever was contradicted.
    """
    if row["outcome"] == "succeeded":
        if row["contradicted_at"] is not None:
            return False
        return True if row["evidence"] == "verified" else None
    if row["contradicted_at"] is not None or row["evidence"] == "claimed":
        return None
    return False


def judged(counts: RecordCounts) -> Judged:
    """Return how many matches were right, wrong and not judged. A suggestion that nobody followed is not judged."""
    verdicts = [right(row) for row in counts.followed]
    fixes_right = counts.recognised.get("verified", 0)
    fixes_wrong = sum(counts.recognised.get(state, 0) for state in FIX_WRONG)
    acted = sum(counts.recognised.get(state, 0) for state in FIX_ACTED)
    told = max(counts.advised, len(verdicts))  # what was followed may have been advised before the window
    known = sum(verdict is not None for verdict in verdicts)
    return Judged(
        right=sum(verdict is True for verdict in verdicts) + fixes_right,
        wrong=sum(verdict is False for verdict in verdicts) + fixes_wrong,
        unjudged=told - known + acted - fixes_right - fixes_wrong,
    )


def queries_a_minute(counts: RecordCounts) -> float | None:
    """Return the questions a minute over the last hour; None where none was counted in the window at all."""
    if not counts.queries:
        return None
    last = counts.until // MINUTE_MICROS - HOUR_MINUTES
    return sum(int(row["queries"]) for row in counts.queries if row["minute"] > last) / HOUR_MINUTES


def queries_lately(counts: RecordCounts, buckets: int, minutes: int) -> list[int]:
    """Return the questions of the last buckets of so many minutes, the oldest first."""
    found = [0] * buckets
    end = counts.until // MINUTE_MICROS
    for row in counts.queries:
        back = (end - int(row["minute"])) // minutes
        if 0 <= back < buckets:
            found[buckets - 1 - back] += int(row["queries"])
    return found


def by_kind(rows: Iterable[Row]) -> dict[str, int]:
    """Return the questions by the way in which memory was asked."""
    found: dict[str, int] = {}
    for row in rows:
        found[row["kind"]] = found.get(row["kind"], 0) + int(row["queries"])
    return found


def compliance(rows: Iterable[Row]) -> tuple[int, int]:
    """Return how often a procedure was followed, and how often one applied to what was begun."""
    of_procedures = [row for row in rows if row["procedure"] is not None]
    followed = sum(int(row["followed"]) for row in of_procedures)
    missed = sum(int(row[name]) for row in of_procedures for name in ("overridden", "violated", "bypassed"))
    return followed, followed + missed


def failures(counts: RecordCounts) -> tuple[int, int]:
    """Return how many failures there were, and how many of an error that had happened before."""
    return sum(int(row["failed"]) for row in counts.failures), sum(int(row["repeated"]) for row in counts.failures)


def failures_by_day(counts: RecordCounts) -> list[float]:
    """Return the share of repeats day by day, 0 where nothing failed, the oldest first."""
    days = {int(row["day"]): share(int(row["repeated"]), int(row["failed"])) or 0.0 for row in counts.failures}
    return [days.get(day, 0.0) for day in range(counts.since // DAY_MICROS + 1, counts.until // DAY_MICROS + 1)]


def seconds_to_fix(rows: Iterable[Row]) -> list[float]:
    """Return how long each error took from its first occurrence to the first fix that was verified."""
    found = []
    for row in rows:
        firsts = [int(row[name]) for name in ("failed_at", "remembered_at") if row[name] is not None]
        if firsts and min(firsts) <= row["mended_at"]:
            found.append((row["mended_at"] - min(firsts)) / 1e6)
    return found


def median_or_none(values: Sequence[float]) -> float | None:
    """Return the median; None of nothing."""
    return median(values) if values else None


def fix_success(states: Mapping[str, int]) -> tuple[int, int]:
    """Return how many applications of fixes were verified, and how many were judged at all."""
    verified = states.get("verified", 0)
    return verified, verified + sum(states.get(state, 0) for state in FIX_WRONG)


def calibration_error(rows: Iterable[Row]) -> tuple[float | None, int]:
    """Return the expected calibration error of guidance, and from how many cases."""
    found = calibration(rows)
    return found.error, found.cases


def calibration(rows: Iterable[Row]) -> CalibrationRecord:
    """Return how often advice was right of which about the same was said, by what became of following it."""
    pairs = [
        (float(row["confidence"]), verdict) for row in rows if row["is_primary"] and (verdict := right(row)) is not None
    ]
    bins, error = reliability(pairs)
    bars = []
    for each in bins:
        count = each.share_right * each.cases
        low, high = wilson_interval(count, each.cases - count)
        bars.append(
            CalibrationBar(said=each.mean_confidence, right=each.share_right, low=low, high=high, cases=each.cases)
        )
    return CalibrationRecord(bars=tuple(bars), error=error if pairs else None, cases=len(pairs))


def improvement_rate(counts: RecordCounts) -> float | None:
    """Return the net improvements a week; None where none was kept or taken back."""
    if counts.kept + counts.rolled_back == 0:
        return None
    return (counts.kept - counts.rolled_back) / counts.days * 7


def avoided(counts: RecordCounts) -> int | None:
    """Return how many known errors, each on one target, were answered and did not come back; None where none was."""
    if not counts.answered:
        return None
    return sum(not row["came_back"] for row in counts.answered)
