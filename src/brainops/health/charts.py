"""How did the five founding figures go over a time? Sums of each step, in one pass, and what may have moved them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from brainops.errors import InvalidInput
from brainops.memory.context import MemoryContext
from brainops.types import Chart, ChartLine, ChartMark, Micros
from brainops.types.times import DAY_MICROS, MINUTE_MICROS

STEPS = 48
LOUDEST = 5
MOST_MARKS = 20
LONGEST_NAME = 60  # of an error on a chart
ENDS = ("succeeded", "failed", "cancelled")  # of a run

Counts = dict[tuple[str, str], Counter[int]]


def charts(context: MemoryContext, since: Micros | None, until: Micros | None) -> tuple[Chart, ...]:
    """Return the charts of a time; see `Health.charts`."""
    end = context.store.now() + 1 if until is None else until
    begin = end - DAY_MICROS if since is None else since
    if not 0 <= begin < end:
        raise InvalidInput("charts go from `since` to a later `until`, both microseconds since 1970")
    step = max(MINUTE_MICROS, -(-(end - begin) // STEPS))
    counts: Counts = defaultdict(Counter)
    with context.store.read() as tx:
        for row in tx.figures.courses(begin, end, step):
            counts[row["line"], row["of_what"]][int(row["step"])] += int(row["counted"])
        loudness = Counter({of: sum(line.values()) for (name, of), line in counts.items() if name == "errors"})
        loudest = [of for of, _ in loudness.most_common(LOUDEST)]
        names = tx.figures.named(loudest)
        marked = tx.figures.marks(begin, end, MOST_MARKS)
    at = tuple(range(begin, end, step))
    marks = tuple(ChartMark(at=int(row["at"]), text=row["said"]) for row in marked)

    def line(name: str, *of: tuple[str, str, float]) -> ChartLine:
        """Return a line that adds up what was counted of some kinds, each by its weight."""
        values = tuple(sum(counts[kind, what][each] * weight for kind, what, weight in of) for each in range(len(at)))
        return ChartLine(name=name, values=values)

    def chart(title: str, unit: str, kinds: Sequence[str], *lines: ChartLine) -> Chart:
        counted = sum(sum(each.values()) for (kind, _), each in counts.items() if kind in kinds)
        return Chart(title=title, unit=unit, counted=counted, at=at, lines=lines, marks=marks)

    rate = MINUTE_MICROS / step
    asked = [line("asked", ("queries", "", rate), ("hits", "", rate)), line("answered with advice", ("hits", "", rate))]
    gained = line("kept", *(("improvements", state, sign) for state, sign in _WORTH))
    errors = [line(names.get(of, of)[:LONGEST_NAME], ("errors", of, 1)) for of in loudest]
    return (
        chart("Questions to memory", "a minute", ("queries", "hits"), *asked),
        chart(
            "Repeats",
            "failures",
            ("avoided", "repeats"),
            line("avoided", ("avoided", "", 1)),
            line("repeated", ("repeats", "", 1)),
        ),
        chart("Runs", "ended", ("runs",), *(line(state, ("runs", state, 1)) for state in ENDS)),
        chart("Loudest errors", "failures", ("errors",), *errors),
        chart("Improvements", "kept less rolled back", ("improvements",), gained),
    )


_WORTH = (("kept", 1.0), ("rolled_back", -1.0), ("undone", -1.0))
