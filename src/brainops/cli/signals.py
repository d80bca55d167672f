"""What do logs and metrics say? The commands ingest and suspects."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.options import shared
from brainops.cli.screen import bold, cut, dim, one_line, width, wrapped
from brainops.cli.shared import Said, answer, elsewhere, micros, progress, read_text
from brainops.health.figure_text import spark
from brainops.types import Ingested, Suspect

if TYPE_CHECKING:
    from brainops.brain import Brain

FORMATS = ("json", "logfmt", "syslog", "plain", "prometheus")
FOLLOW_SECONDS = 1.0  # between two looks at a file that grows
PAGE_SECONDS = 15.0  # between two looks at a page of metrics, as scrapers usually take it
SHOWN_TEMPLATES = 6  # new templates of an ingest
SUSPECTS = 5
CHARTS = 2  # of each suspect


@command("ingest")
@click.argument("places", metavar="FILE|URL|-", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(FORMATS), help="How it is written; told from the text otherwise.")
@click.option("--source", metavar="NAME", help="Whose it is; otherwise what lines say of themselves, or the file.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
def ingest(brain: Brain, places: tuple[str, ...], form: str | None, source: str | None, follow: bool) -> None:
    """Take in logs and metrics: templates with their counts, series with their points, and the errors in them.

    A file is read on from where it was left, whatever it is called by then; gzip, bzip2 and xz are unpacked. An address
    is asked only if its host was allowed: brainops allow --host NAME.

    Example: brainops ingest app.log --source checkout
    """
    taken = [_taken(brain, place, form, source) for place in places]
    answer(_told(taken))
    files = {place: _file(place) for place in places}
    while follow:
        pages = all(place.lower().startswith(("http://", "https://")) for place in places)
        time.sleep(PAGE_SECONDS if pages else FOLLOW_SECONDS)
        for place in places:
            # What came between the last look and a rotation stands in the file that was put aside.
            aside = f"{place}.1"
            rotated = files[place] not in (None, _file(place)) and _file(aside) == files[place]
            files[place] = _file(place)
            for each in (aside, place) if rotated else (place,) if place != "-" else ():
                more = _taken(brain, each, form, source)
                if more.lines or more.samples:
                    answer(_told([more]))
                    sys.stdout.flush()


def _file(place: str) -> tuple[int, int] | None:
    """Return which file stands there, whatever it is called; None where none does."""
    try:
        found = os.stat(place)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _taken(brain: Brain, place: str, form: str | None, source: str | None) -> Ingested:
    if place == "-":
        lines = (raw.decode("utf-8", "replace") for raw in sys.stdin.buffer)
        return brain.signals.ingest(lines, format=form, source=source)
    if elsewhere() and not place.lower().startswith(("http://", "https://")):  # a server reads no files of this machine
        return brain.signals.ingest(read_text(place).splitlines(), format=form, source=source or Path(place).stem)
    with progress(f"reading {place}") as draw:
        return brain.signals.ingest(place, format=form, source=source, progress=draw)


def _told(taken: Sequence[Ingested]) -> Said:
    yield taken[0] if len(taken) == 1 else taken
    for done in taken:
        yield from _ingested(done)


def _ingested(done: Ingested) -> Iterator[str]:
    if not (done.lines or done.samples):
        yield "Nothing new." if done.resumed else "Nothing in it."
        return
    counted = (
        (done.lines, "line"),
        (done.samples, "sample"),
        (done.series, "series"),
        (done.templates, "template"),
        (done.errors, "error"),
    )
    parts = [f"{count:,} {word}{'' if count == 1 or word == 'series' else 's'}" for count, word in counted if count]
    yield f"{bold(one_line(done.source))}: {', '.join(parts)}"
    if done.resumed:
        yield dim(f"  read on from byte {done.resumed:,}")
    if done.known:
        yield f"  {len(done.known)} of the errors are known: brainops history {done.known[0]}"
    for template in done.new[:SHOWN_TEMPLATES]:
        mark = "error" if template.error else template.level or ""
        yield cut(f"  new {mark:8} {template.count:>6,} x  {one_line(template.text)}", width())
    if len(done.new) > SHOWN_TEMPLATES:
        yield dim(f"  and {len(done.new) - SHOWN_TEMPLATES} new templates more")
    for note in done.notes:
        yield from wrapped(f"note: {note}", indent="  ")
    for left in done.left_out:
        yield from wrapped(f"left out: {left}", indent="  ")


@command("suspects")
@click.option("--at", metavar="WHEN", help="When it began: a time, or an age like 20min. Otherwise the newest trouble.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True, max=1_440),
    default=10.0,
    show_default=True,
    help="How long before and after is compared.",
)
def suspects(brain: Brain, at: str | None, minutes: float) -> Said:
    """Rank what is likely to blame for an incident: from metrics, logs, failures and what was changed before.

    Example: brainops suspects --at 20min
    """
    begun = micros(at) if at else brain.signals.trouble(minutes=minutes)
    assert begun is not None
    found = brain.signals.suspects(begun, minutes=minutes)
    told = [each for each in found if each.reasons][:SUSPECTS]
    charts = {} if shared().json else {each.name: brain.signals.around(each.name, begun) for each in told}
    value = {"at": begun, "minutes": minutes, "suspects": found}
    yield value
    when = datetime.fromtimestamp(begun / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield dim(f"{minutes:g} minutes before and after {when}")
    if not told:
        yield "Nothing stands out: no metric, log line, failure or change is unlike the rest."
        yield dim("  take in logs and metrics of that time: brainops ingest FILE")
    for place, suspect in enumerate(told, 1):
        yield f"{place}. {bold(one_line(suspect.name))}  {suspect.score:.0%} of the evidence"
        for reason in suspect.reasons:
            yield from wrapped(one_line(reason), indent="     ", first="   - ")
        for name, values in _telling(suspect, charts.get(suspect.name, {})):
            yield cut(f"     {spark(values)}  {one_line(name)}", width())


def _telling(suspect: Suspect, series: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, Sequence[float]]]:
    """Yield the series that the reasons name, each with its values."""
    named = [(name, values) for name, values in series.items() if len(values) > 1]
    shown = [each for each in named if any(reason.startswith(each[0]) for reason in suspect.reasons)]
    yield from shown[:CHARTS]
