"""How do figures look: a few in a line of text, beside one another, over time, and said against right? (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from brainops.pictures.svg import Picture, cut, picture, tag, words
from brainops.types import CalibrationRecord

SPARK_HEIGHT, SPARK_BAR = 16, 3
WIDTH = 640
NAME, ROW = 190, 22  # of a row of bars
LEFT, TOP, PLOT, BELOW = 64, 28, 120, 40  # of a line over time
SIDE = 220  # of the square of calibration


class Row(Struct, frozen=True, kw_only=True):
    """A row of bars: its name, its value and how that is said, the one before, and its bounds where it has some."""

    name: str
    value: float
    said: str
    before: float | None = None
    said_before: str = ""
    low: float | None = None
    high: float | None = None


class Point(Struct, frozen=True, kw_only=True):
    """A figure at a time, with its bounds where it has some; None where nothing was counted."""

    at: int
    value: float | None
    low: float | None = None
    high: float | None = None


def spark(values: Sequence[float | None], said: str) -> Picture:
    """Return values as small bars, the oldest first; `said` is what they say in words, with their unit and how many."""
    most = max((each for each in values if each is not None), default=0.0)
    step = SPARK_BAR + 1
    drawn = [
        tag("rect", x=at * step, y=SPARK_HEIGHT - high, width=SPARK_BAR, height=high, class_="value")
        for at, each in enumerate(values)
        if each and (high := max(1.5, SPARK_HEIGHT * each / most)) > 0
    ]
    return picture(said, said, max(1, len(values)) * step, SPARK_HEIGHT, *drawn, class_="picture spark")


def bars(title: str, rows: Sequence[Row], note: str) -> Picture:
    """Return a bar for each row on one scale, and below it the bar of before; `note` says unit and number."""
    ends = [each for row in rows for each in (row.value, row.before, row.high) if each is not None]
    most = max(ends, default=0.0) or 1.0
    room = WIDTH - NAME - 120
    drawn = [words(0, 16, title, whole=note)]
    for number, row in enumerate(rows):
        y = TOP + number * ROW
        drawn.append(words(NAME - 8, y + 13, cut(row.name, 28), "end", row.name))
        drawn.append(tag("rect", x=NAME, y=y + 2, width=max(1.0, room * row.value / most), height=9, class_="value"))
        if row.before is not None:
            length = max(1.0, room * row.before / most)
            drawn.append(tag("rect", x=NAME, y=y + 12, width=length, height=4, class_="before"))
        if row.low is not None and row.high is not None:
            low, high = (NAME + room * each / most for each in (row.low, row.high))
            drawn.append(tag("line", x1=low, x2=high, y1=y + 6, y2=y + 6, class_="bound"))
        longest = max(each for each in (row.value, row.before, row.high) if each is not None)
        beside = f"{row.said}  (before: {row.said_before})" if row.said_before else row.said
        drawn.append(words(NAME + room * longest / most + 6, y + 12, beside))
    height = TOP + len(rows) * ROW + 20
    drawn.append(words(0, height - 6, note, "quiet"))
    told = "; ".join(
        f"{row.name}: {row.said}" + (f", before {row.said_before}" if row.said_before else "") for row in rows
    )
    return picture(title, f"{told}. {note}", WIDTH, height, *drawn)


def line(title: str, points: Sequence[Point], say: Callable[[float], str], note: str) -> Picture:
    """Return a figure over time, the oldest first, with its bounds; `say` says a value, `note` unit and number."""
    told = [each for each in points if each.value is not None]
    ends = [end for each in told for end in (each.value, each.high) if end is not None]
    most = max(ends, default=0.0) or 1.0
    begin, end = (points[0].at, points[-1].at) if points else (0, 0)
    room = WIDTH - LEFT - 16

    def place(at: int, value: float) -> tuple[float, float]:
        x = LEFT + (room * (at - begin) / (end - begin) if end > begin else room / 2)
        return round(x, 1), round(TOP + PLOT * (1 - value / most), 1)

    drawn = [words(0, 16, title, whole=note)]
    for share in (0.0, 0.5, 1.0):
        y = TOP + PLOT * (1 - share)
        drawn.append(tag("line", x1=LEFT, x2=LEFT + room, y1=y, y2=y, class_="grid"))
        drawn.append(words(LEFT - 6, y + 4, say(most * share), "quiet end"))
    for stretch in _stretches(points):
        bounded = [each for each in stretch if each.low is not None and each.high is not None]
        upper = [place(each.at, each.high or 0.0) for each in bounded]
        lower = [place(each.at, each.low or 0.0) for each in reversed(bounded)]
        if len(bounded) > 1:
            drawn.append(tag("polygon", points=_pairs([*upper, *lower]), class_="range"))
        at = [place(each.at, each.value or 0.0) for each in stretch]
        if len(at) > 1:
            drawn.append(tag("polyline", points=_pairs(at), class_="curve"))
        else:
            drawn.append(tag("circle", cx=at[0][0], cy=at[0][1], r=3, class_="value"))
    foot = TOP + PLOT + 16
    if points:
        drawn += [words(LEFT, foot, _day(begin), "quiet"), words(LEFT + room, foot, _day(end), "quiet end")]
    drawn.append(words(LEFT, foot + 18, note, "quiet"))
    values = [each.value for each in told if each.value is not None]
    spoken = (
        f"lowest {say(min(values))}, highest {say(max(values))}, last {say(values[-1])}" if values else "nothing yet"
    )
    return picture(title, f"{spoken}. {note}", WIDTH, TOP + PLOT + BELOW, *drawn)


def calibration(record: CalibrationRecord) -> Picture:
    """Return how sure advice was against how often it was right, with 90 % bounds; on the dashed line both are one."""
    left, drawn = 44, [words(0, 16, "How sure advice was, and how often it was right")]
    for share in (0.0, 0.5, 1.0):
        x, y = left + SIDE * share, TOP + SIDE * (1 - share)
        drawn.append(tag("line", x1=left, x2=left + SIDE, y1=y, y2=y, class_="grid"))
        drawn.append(words(left - 6, y + 4, f"{share:.0%}", "quiet end"))
        drawn.append(words(x, TOP + SIDE + 15, f"{share:.0%}", "quiet middle"))
    drawn.append(tag("line", x1=left, y1=TOP + SIDE, x2=left + SIDE, y2=TOP, class_="equal"))
    for bar in record.bars:
        x, y = left + SIDE * bar.said, TOP + SIDE * (1 - bar.right)
        said = f"said {bar.said:.0%}, right {bar.right:.0%} of {bar.cases:,}; {bar.low:.0%} to {bar.high:.0%}"
        low, high = (TOP + SIDE * (1 - each) for each in (bar.low, bar.high))
        drawn.append(tag("line", x1=x, x2=x, y1=low, y2=high, class_="bound"))
        drawn.append(tag("circle", tag("title", said), cx=x, cy=y, r=4, class_="value"))
        drawn.append(words(x + 7, y + 4, f"n={bar.cases:,}", "quiet"))
    far = "" if record.error is None else f", {record.error:.2f} apart on average"
    note = f"across: how sure; up: right; {record.cases:,} judged{far}"
    drawn.append(words(0, TOP + SIDE + 34, note, "quiet"))
    told = "; ".join(f"said {bar.said:.0%}, right {bar.right:.0%} of {bar.cases:,}" for bar in record.bars)
    return picture("Calibration", f"{told or 'nothing yet'}. {note}", left + SIDE + 90, TOP + SIDE + 42, *drawn)


def _stretches(points: Sequence[Point]) -> list[list[Point]]:
    """Return the points in stretches without a gap."""
    found: list[list[Point]] = [[]]
    for each in points:
        if each.value is None:
            found.append([])
        else:
            found[-1].append(each)
    return [stretch for stretch in found if stretch]


def _pairs(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M} UTC"
