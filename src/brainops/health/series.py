"""How did a figure of health go over time? The same formula, counted for each step of a stretch of it."""

from __future__ import annotations

from brainops.errors import InvalidInput
from brainops.health.counts import count
from brainops.health.figures import A_MINUTE, SHARE, of_counts
from brainops.health.formulas import FORMULAS, RecordCounts, share
from brainops.memory.context import MemoryContext
from brainops.types import HealthFigure, Micros, Series, SeriesPoint
from brainops.types.times import DAY_MICROS, MINUTE_MICROS, SECOND_MICROS

MOST_POINTS = 400  # more than a screen has columns
DEFAULT_POINTS = 48
LEAST_STEP_SECONDS = 60
MOST_STEP_SECONDS = 366 * 86_400

OF_DAYS = {"procedure compliance", "language spend"}  # counted by whole days
OF_NOW = {"last capture", "queue age"}  # what waits now is known, what waited then is not

MORE = {
    "operations": "operations that ended in the step",
    "failures": "operations that failed / operations that ended in the step",
}
"""What has a course beside the figures of health, with its formula."""


def series(
    context: MemoryContext, figure: str, since: Micros | None, until: Micros | None, step_seconds: float
) -> Series:
    """Return a figure for each step from `since` up to `until`; see `Health.series`."""
    known = [*(name for name in FORMULAS if name not in OF_NOW), *MORE]
    if figure not in known:
        why = "is known of now only" if figure in OF_NOW else "is no figure that has a course"
        raise InvalidInput(f"{figure!r:.60} {why}; there is {', '.join(known)}")
    if not LEAST_STEP_SECONDS <= step_seconds <= MOST_STEP_SECONDS:
        raise InvalidInput(f"a step is {LEAST_STEP_SECONDS} to {MOST_STEP_SECONDS} seconds, not {step_seconds}")
    if figure in OF_DAYS and step_seconds * SECOND_MICROS % DAY_MICROS:
        raise InvalidInput(f"{figure} is counted by days: let the step be 86400 seconds, or several of them")
    step = int(step_seconds * SECOND_MICROS)
    end = context.store.now() + 1 if until is None else until
    begin = end - DEFAULT_POINTS * step if since is None else since
    if not 0 <= begin < end:
        raise InvalidInput("a series goes from `since` to a later `until`, both microseconds since 1970")
    if (end - begin + step - 1) // step > MOST_POINTS:
        raise InvalidInput(
            f"that is more than {MOST_POINTS} points; let the step be at least "
            f"{-(-(end - begin) // MOST_POINTS // SECOND_MICROS)} seconds, or the time shorter"
        )
    with context.store.read() as tx:
        steps = [count(tx, at, min(at + step, end)) for at in range(begin, end, step)]
    figures = [_of_step(figure, each) for each in steps]
    points = [
        SeriesPoint(at=counts.since, value=found.value, counted=found.counted)
        for counts, found in zip(steps, figures, strict=True)
    ]
    return Series(
        figure=figure, unit=figures[0].unit, step_seconds=step_seconds, formula=figures[0].formula, points=tuple(points)
    )


def _of_step(figure: str, counts: RecordCounts) -> HealthFigure:
    """Return a figure of one step; its value is None where nothing was counted, which is something else than 0."""
    done, formula = counts.operations, MORE.get(figure, "")
    match figure:
        case "operations":
            return HealthFigure(
                name=figure, value=float(done) or None, unit="operations", counted=done, formula=formula
            )
        case "failures":
            value = share(counts.failed, done)
            return HealthFigure(name=figure, value=value, unit=SHARE, counted=done, formula=formula)
        case "memory queries":  # of the step, where the figure itself is of the last hour
            asked = sum(int(row["queries"]) for row in counts.queries)
            rate = asked * MINUTE_MICROS / (counts.until - counts.since)
            formula = "questions to memory in the step (retrieve, match, guidance receipts) / its minutes"
            return HealthFigure(name=figure, value=rate or None, unit=A_MINUTE, counted=asked, formula=formula)
    return next(each for each in of_counts(counts) if each.name == figure)
