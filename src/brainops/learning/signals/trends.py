"""What do logs say lately that they did not say before, or more often?"""

from __future__ import annotations

from collections import defaultdict

from brainops.learning.signals.error_patterns import LEAST_RISING, RISE
from brainops.learning.signals.intake import text_of
from brainops.statistics.significance import discoveries, poisson
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Micros, TemplateTrend
from brainops.types.times import HOUR_MICROS

TEMPLATES = 2_000
STEPS = 24
NEW, RISING = "new", "rising"


def found_trends(tx: Transaction, now: Micros, hours: int, *, errors: bool) -> list[TemplateTrend]:
    """Return the templates of the last hours beside as many hours before: new ones, rising ones, then the frequent.

    One rises that came three times as often as before, and by no chance over all that were looked at.
    """
    until, span = now + 1, hours * HOUR_MICROS
    at = until - span
    rows = tx.signals.sums(since=at - span, at=at, until=until, error=errors, limit=TEMPLATES)
    lately = [row for row in rows if row["after"]]
    more = [row for row in lately if row["first_at"] < at and row["after"] >= max(LEAST_RISING, RISE * row["before"])]
    holds = discoveries([poisson(row["after"], row["before"] + 1) for row in more])
    rising = {(row["source"], row["id"]) for row, held in zip(more, holds, strict=True) if held}
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * STEPS)
    for row in tx.signals.steps([row["id"] for row in lately], since=at, until=until, step=-(-span // STEPS)):
        counts[row["source"], row["template_id"]][int(row["step"])] += int(row["count"])
    found = []
    for row in lately:
        key = row["source"], row["id"]
        standing = NEW if row["first_at"] >= at else RISING if key in rising else ""
        found.append(_trend(row, standing, counts[key], span / STEPS / 1e6))
    order = (NEW, RISING, "")
    return sorted(found, key=lambda each: (order.index(each.standing), not each.error, -each.lately, each.text))


def _trend(row: Row, standing: str, counts: list[int], step_seconds: float) -> TemplateTrend:
    return TemplateTrend(
        id=row["id"],
        source=row["source"],
        text=text_of(row["tokens"]),
        level=row["level"],
        error=bool(row["error"]),
        lately=int(row["after"]),
        before=int(row["before"]),
        first_at=row["first_at"],
        exemplar=row["exemplar"],
        standing=standing,
        counts=tuple(counts),
        step_seconds=step_seconds,
        error_memory_id=row["error_memory_id"],
    )
