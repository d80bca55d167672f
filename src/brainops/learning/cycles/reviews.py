"""How well does each procedure, fix, rule and agent do, and how far may guidance's confidence be believed?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.operations.guidance import FITTED_CASES, cases_of
from brainops.statistics.calibration import Case, calibrated, fit, reliability
from brainops.statistics.proportions import wilson_interval
from brainops.store.database import Row
from brainops.types import JSON, Cycle, Section
from brainops.types.limits import SHOWN
from brainops.types.times import DAY_MICROS

HORIZON_MICROS = 90 * DAY_MICROS
FEWEST = 5  # judged outcomes, before there is a verdict
WORKS, FAILS = 0.8, 0.5  # a lower bound above the first works; an upper bound under the second does not

REVIEWED = {"run": "procedure", "fix": "fix", "rule": "rule", "agent": "agent"}


class Reviewed(Struct, frozen=True, kw_only=True):
    """How one thing did: counts, the 90 % interval of its success, and the verdict."""

    kind: str
    name: str
    ended: int
    succeeded: int
    low: float
    high: float
    verdict: str

    @property
    def sentence(self) -> str:
        """The review as one line."""
        share = f"{self.succeeded} of {self.ended}, {self.low:.0%} to {self.high:.0%}"
        return f"{self.kind} {self.name}: {self.verdict} ({share})"


def parts(cycle: Cycle) -> Sequence[Part]:
    """Return the parts that review what acts, and how confidence held."""
    if cycle is not Cycle.DAILY:
        return ()
    return [
        Part(
            name="confidence",
            what="Fits the confidence of guidance anew to what came of following it, and says how far it was off.",
            find=_confidence,
        ),
        Part(
            name="effectiveness",
            what="Reviews each procedure, fix, rule and agent: how often it did well, how sure that is, and a verdict.",
            find=_effectiveness,
        ),
    ]


def reviewed(kind: str, row: Row) -> Reviewed:
    """Return the review of one thing."""
    ended, succeeded = int(row["ended"]), int(row["succeeded"] or 0)
    low, high = wilson_interval(succeeded, ended - succeeded)
    return Reviewed(
        kind=kind,
        name=row["name"],
        ended=ended,
        succeeded=succeeded,
        low=low,
        high=high,
        verdict=verdict(ended, low, high),
    )


def verdict(ended: int, low: float, high: float) -> str:
    """Return what an interval of success says: works, does not work, mixed, or too few to say."""
    if ended < FEWEST:
        return "too few to say"
    if low >= WORKS:
        return "works"
    return "does not work" if high < FAILS else "mixed"


def _effectiveness(work: CycleWork) -> Found:
    since = work.to_at - HORIZON_MICROS
    with work.context.store.read() as tx:
        rows = {kind: tx.learning.review(what, since, work.to_at) for what, kind in REVIEWED.items()}
    found = [reviewed(kind, row) for kind, those in rows.items() for row in those]
    figures: dict[str, JSON] = {
        f"{each.kind} {each.name}": {
            "ended": each.ended,
            "succeeded": each.succeeded,
            "low": round(each.low, 3),
            "high": round(each.high, 3),
            "verdict": each.verdict,
        }
        for each in found
    }
    return Found(section=Section(title="Effectiveness", lines=tuple(_lines(found)), figures=figures))


def _lines(found: Sequence[Reviewed]) -> Iterator[str]:
    for wanted in ("does not work", "mixed", "works"):
        those = sorted((each for each in found if each.verdict == wanted), key=lambda each: (each.low, each.name))
        yield from (each.sentence for each in those[:SHOWN])
        if len(those) > SHOWN:
            yield f"and {len(those) - SHOWN} more: {wanted}"
    few = sum(each.verdict == "too few to say" for each in found)
    if few:
        yield f"{few} with too few outcomes to say."


def _confidence(work: CycleWork) -> Found:
    cases = _cases(work)
    calibration = fit(cases)
    before = reliability([(each.raw, each.right) for each in cases])[1] if cases else None
    after = reliability([(calibrated(each.raw, calibration), each.right) for each in cases])[1] if cases else None
    lines = () if before is None or after is None else (f"{len(cases)} followed cases; off by {after:.1%} on average.",)
    figures = {
        "cases": len(cases),
        "intercept": round(calibration.intercept, 4),
        "slope": round(calibration.slope, 4),
        "error_before": None if before is None else round(before, 4),
        "error_after": None if after is None else round(after, 4),
    }
    return Found(section=Section(title="Confidence", lines=lines, figures=dict(figures)))


def _cases(work: CycleWork) -> list[Case]:
    with work.context.store.read() as tx:
        return cases_of(tx.operations.followed(FITTED_CASES))
