"""How do steps follow each other, how did each go, and how long did those of a run take? (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

from msgspec import Struct

from brainops.pictures.svg import Picture, cut, picture, tag, words
from brainops.types import Run, Step, StepRun, StepState
from brainops.types.times import length

BOX, TALL = 216.0, 62.0  # of a step
APART, BELOW = 28.0, 44.0
PAST = 20.0  # wide: an edge that goes past a level
EDGE = 12.0
LABEL, TIMES, LINE_ROW = 190.0, 420.0, 24.0  # of a time line


class StepTally(Struct, frozen=True, kw_only=True):
    """How a step went in runs: how often it passed, failed and was skipped, and the median of what it took."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float | None = None

    @property
    def said(self) -> str:
        """It in words."""
        counted = ((self.passed, "passed"), (self.failed, "failed"), (self.skipped, "skipped"))
        told = [f"{number:,} {word}" for number, word in counted if number]
        return " · ".join([*(told or ["not run yet"]), *([length(self.seconds)] if self.seconds is not None else [])])


def tallies(runs: Iterable[Run]) -> dict[str, StepTally]:
    """Return how each step went in these runs, by its id; what a step is at now is not counted."""
    of: dict[str, list[StepRun]] = {}
    for run in runs:
        for step in run.steps:
            of.setdefault(step.step_id, []).append(step)
    return {step_id: _tally(found) for step_id, found in of.items()}


def _tally(found: Sequence[StepRun]) -> StepTally:
    passed = [each for each in found if each.state in (StepState.SUCCEEDED, StepState.COMPENSATED)]
    spans = [(each.finished_at - each.started_at) / 1e6 for each in passed if each.started_at and each.finished_at]
    return StepTally(
        passed=len(passed),
        failed=sum(each.state is StepState.FAILED for each in found),
        skipped=sum(each.state is StepState.SKIPPED for each in found),
        seconds=median(spans) if spans else None,
    )


def graph(name: str, levels: Sequence[Sequence[Step]], told: Mapping[str, StepTally] = {}, runs: int = 0) -> Picture:
    """Return a procedure's steps from top to bottom, each with how it went in so many runs; see `tallies`."""
    places, width = _places(levels)
    drawn = [part for level in levels for step in level for part in _edges(step, places)]
    for step in (each for level in levels for each in level):
        x, y = places[step.id][-1]
        drawn.append(_box(step, x - BOX / 2, y, told.get(step.id, StepTally()) if runs else None))
    height = EDGE + len(levels) * (TALL + BELOW)
    note = f"of {runs:,} {'run' if runs == 1 else 'runs'}; times are medians" if runs else "not run yet"
    drawn.append(words(EDGE, height - 8, note, "quiet"))
    spoken = "; ".join(
        f"{step.name or step.id}" + (f" after {', '.join(step.needs)}" if step.needs else "") + _went(step, told, runs)
        for level in levels
        for step in level
    )
    return picture(f"The steps of {name}", f"{spoken}. {note}", width, height, *drawn)


def _went(step: Step, told: Mapping[str, StepTally], runs: int) -> str:
    return f": {told.get(step.id, StepTally()).said}" if runs else ""


def _places(levels: Sequence[Sequence[Step]]) -> tuple[dict[str, list[tuple[float, float]]], float]:
    """Return where each step stands (the middle of its upper side; last), and where edges pass the levels before it.

    An edge that goes past a level has a place of its own there, so that it runs through no box. What is on a level
    stands in the order of what it comes from.
    """
    level_of = {step.id: number for number, level in enumerate(levels) for step in level}
    rows: list[list[tuple[str, str]]] = [[(step.id, "") for step in level] for level in levels]
    for step_id, need in ((step.id, need) for level in levels for step in level for need in step.needs):
        for number in range(level_of.get(need, level_of[step_id]) + 1, level_of[step_id]):
            rows[number].append((need, step_id))
    widths = [sum((PAST if to else BOX) + APART for _, to in row) - APART for row in rows]
    whole = max(widths, default=0.0)
    needs = {step.id: step.needs for level in levels for step in level}
    found: dict[str, list[tuple[float, float]]] = {}
    passing: dict[tuple[str, str], float] = {}
    for number, row in enumerate(rows):
        before = {key: places[-1][0] for key, places in found.items()}

        def middle(entry: tuple[str, str], known: Mapping[str, float] = before) -> float:
            of, to = entry
            came = [passing.get((need, of), known.get(need, 0.0)) for need in needs[of]]
            return passing.get((of, to), known.get(of, 0.0)) if to else fmean(came) if came else 0.0

        row.sort(key=middle)
        x, y = EDGE + (whole - widths[number]) / 2, EDGE + number * (TALL + BELOW)
        for of, to in row:
            wide = PAST if to else BOX
            if to:
                passing[of, to] = x + wide / 2
                found.setdefault(f"{of}\0{to}", []).append((x + wide / 2, y))
            else:
                found[of] = [(x + wide / 2, y)]
            x += wide + APART
    return found, whole + 2 * EDGE


def _edges(step: Step, places: Mapping[str, Sequence[tuple[float, float]]]) -> list[Picture]:
    """Return what leads to a step, with its arrow."""
    to_x, to_y = places[step.id][-1]
    drawn = []
    for need in step.needs:
        if need not in places:
            continue
        x, top = places[need][-1]
        y = top + TALL
        path = [f"M{x:g} {y:g}"]
        for next_x, next_y in (*places.get(f"{need}\0{step.id}", ()), (to_x, to_y - 6)):
            half = (next_y - y) / 2
            path.append(f"C{x:g} {y + half:g} {next_x:g} {next_y - half:g} {next_x:g} {next_y:g}")
            x, y = next_x, next_y
            if next_y != to_y - 6:
                y += TALL
                path.append(f"V{y:g}")
        drawn.append(tag("path", d=" ".join(path), class_="edge"))
    if drawn:
        tip = f"{to_x:g},{to_y:g} {to_x - 4:g},{to_y - 7:g} {to_x + 4:g},{to_y - 7:g}"
        drawn.append(tag("polygon", points=tip, class_="arrow"))
    return drawn


def _box(step: Step, x: float, y: float, tally: StepTally | None) -> Picture:
    title = step.name or step.id
    kind = step.action.uses.value + (f", if {step.condition}" if step.condition else "")
    inside = [
        tag("rect", x=x, y=y, width=BOX, height=TALL, rx=6, class_="box"),
        words(x + 10, y + 19, cut(title, 26), whole=title),
        words(x + 10, y + 34, cut(kind, 36), "quiet", kind),
    ]
    if tally is not None:
        inside.append(words(x + 10, y + 49, cut(tally.said, 40), "quiet", tally.said))
        at, whole = x + 10, max(1, tally.passed + tally.failed + tally.skipped)
        for number, word in ((tally.passed, "passed"), (tally.failed, "failed"), (tally.skipped, "skipped")):
            long = (BOX - 20) * number / whole
            if number:
                inside.append(tag("rect", x=at, y=y + TALL - 7, width=long, height=4, class_=word))
            at += long
    return tag("g", *inside)


def time_line(run: Run, now: int) -> Picture:
    """Return a run's steps as bars to scale, in the order in which they began; what is under way goes on to `now`."""
    begun = sorted((each for each in run.steps if each.started_at), key=lambda each: each.started_at or 0)
    rows = [*begun, *(each for each in run.compensations if each.started_at)]
    begin = min((each.started_at or 0 for each in rows), default=now)
    end = max((each.finished_at or now for each in rows), default=now)
    whole = max(1, end - begin)
    left = [each.step_id for each in run.steps if not each.started_at]
    foot = 34 + len(rows) * LINE_ROW
    drawn = [words(0, 16, cut(f"{run.procedure_name}, {run.state.value}, {length(whole / 1e6)}", 90))]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = LABEL + TIMES * share
        drawn.append(tag("line", x1=x, x2=x, y1=26, y2=foot, class_="grid"))
        drawn.append(words(x, foot + 14, length(whole * share / 1e6) if share else "0", "quiet middle"))
    for number, each in enumerate(rows):
        began, ended, y = each.started_at or begin, each.finished_at or now, 30 + number * LINE_ROW
        undone = " (taken back)" if each.role == "undo" else ""
        said = f"{each.state.value}{undone}, {length((ended - began) / 1e6)}"
        x, long = LABEL + TIMES * (began - begin) / whole, max(2.0, TIMES * (ended - began) / whole)
        drawn.append(words(LABEL - 8, y + 14, cut(each.step_id, 28), "end", each.step_id))
        drawn.append(tag("rect", tag("title", said), x=x, y=y + 4, width=long, height=14, class_=each.state.value))
        drawn.append(words(LABEL + TIMES + 10, y + 15, said, "quiet"))
    rest = f"; not begun: {', '.join(left)}" if left else ""
    note = f"{len(rows)} of {len(run.steps)} steps began{rest}"
    drawn.append(words(0, foot + 34, cut(note, 110), "quiet", note))
    spoken = "; ".join(f"{each.step_id} {each.state.value}" for each in rows)
    return picture(f"Run of {run.procedure_name}", f"{spoken}. {note}", LABEL + TIMES + 160, foot + 42, *drawn)
