"""How does a report look as one page that can be mailed: no script, nothing that is fetched?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import groupby

from brainops.health.figure_text import NOTHING_YET, said
from brainops.pictures import charts
from brainops.pictures.svg import RULES, THEME, shown
from brainops.types import CalibrationRecord, Report, ReportLine, Series
from brainops.types.times import DAY_MICROS, length

_PAGE = """\
body { margin: 2rem auto; max-width: 44rem; padding: 0 1rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
svg { display: block; max-width: 100%; height: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: normal; color: var(--quiet); }
td, th { padding: 0.2rem 0.5rem; border-bottom: 1px solid var(--line); } .number { text-align: right; }
dt { font-weight: 600; } dd { margin: 0 0 0.5rem; color: var(--quiet); }
"""
_UNITS = {"count": "How often", "share": "Shares", "seconds": "Lengths of time", "cost": "Cost", "a week": "A week"}


def page(value: Report, over_time: Sequence[Series], calibration: CalibrationRecord) -> str:
    """Return a report with its charts as one page of HTML, which says what it shows without them too."""
    days = round((value.to_at - value.from_at) / DAY_MICROS)
    title = shown(f"{value.namespace}: the last {days} days")
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>\n{THEME}{_PAGE}{RULES}</style></head><body>",
            f"<h1>{title}</h1>",
            f"<p>{_moment(value.from_at)} to {_moment(value.to_at)}, beside the {days} days before.</p>",
            *_table(value.lines),
            *(charts.bars(name, rows, note) for name, rows, note in _grouped(value.lines)),
            "<h2>Over time</h2>",
            *map(_line, over_time),
            *([charts.calibration(calibration)] if calibration.cases else []),
            "<h2>How each is counted</h2>",
            "<dl>",
            *(f"<dt>{shown(line.name)}</dt><dd>{shown(line.formula)}</dd>" for line in value.lines),
            "</dl></body></html>\n",
        ]
    )


def _table(lines: Iterable[ReportLine]) -> Iterator[str]:
    yield '<table><thead><tr><th></th><th class="number">these</th><th class="number">before</th>'
    yield '<th class="number">counted from</th></tr></thead><tbody>'
    for line in lines:
        told = (said(line.value, line.unit), said(line.before, line.unit), f"{line.counted:,}")
        cells = "".join(f'<td class="number">{shown(each)}</td>' for each in told)
        yield f"<tr><td>{shown(line.name)}</td>{cells}</tr>"
    yield f'</tbody></table><p>"{NOTHING_YET}" is where there was nothing to count.</p>'


def _grouped(lines: Iterable[ReportLine]) -> Iterator[tuple[str, list[charts.Row], str]]:
    """Yield what can stand on one scale: the lines of each unit of which anything was counted."""
    counted = sorted((line for line in lines if line.value is not None), key=lambda line: line.unit)
    for unit, found in groupby(counted, key=lambda line: line.unit):
        told = list(found)
        rows = [
            charts.Row(
                name=line.name,
                value=max(0.0, line.value or 0.0),
                said=f"{said(line.value, unit)}, n={line.counted:,}",
                before=line.before if line.before is None else max(0.0, line.before),
                said_before=said(line.before, unit) if line.before is not None else "",
            )
            for line in told
        ]
        yield _UNITS.get(unit, unit), rows, f"unit: {unit}; above these days, below it the days before; n: counted from"


def _line(series: Series) -> str:
    counted = sum(point.counted for point in series.points)
    points = [charts.Point(at=each.at, value=each.value) for each in series.points]
    note = f"{series.unit}, in steps of {length(series.step_seconds)}; n={counted:,}"
    return charts.line(series.figure, points, partial(said, unit=series.unit), note)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M} UTC"
