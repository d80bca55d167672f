"""What do logs and metrics say: which lines, how many, what is unusual, and what is to blame?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from brainops import lazy
from brainops.errors import InvalidInput, NotFound
from brainops.memory.draft import checked_moment
from brainops.memory.filters import member
from brainops.statistics.change_points import ChangePoint
from brainops.store.rows import value_of
from brainops.types import Cycle, Ingested, Metric
from brainops.types.limits import Limit
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain

if TYPE_CHECKING:
    from brainops.learning.cycles.part import Part
    from brainops.learning.signals import (
        error_patterns,
        incidents,
        intake,
        log_lines,
        outliers,
        regularities,
        series,
        sources,
        trends,
    )
    from brainops.memory.context import MemoryContext
    from brainops.types import Anomaly, LogTemplate, Micros, Precursor, Progress, Series, Suspect, TemplateTrend
else:
    error_patterns, incidents, intake, log_lines, outliers, regularities, series, sources, trends = lazy.modules(
        "brainops.learning.signals",
        "error_patterns incidents intake log_lines outliers regularities series sources trends",
    )

MAX_SOURCE_CHARACTERS = 200
MAX_PATH_CHARACTERS = 4_096  # longer is no path on any system that this runs on
MINUTES = 10.0
Minutes = Annotated[float, Meta(gt=0, le=1_440)]
Hours = Annotated[int, Meta(ge=1, le=24 * 31)]
LINES = "lines"  # the source of lines that nobody named


class Signals:
    """The logs and metrics that a namespace was given."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def ingest(
        self,
        given: str | os.PathLike[str] | Iterable[str],
        *,
        format: log_lines.LogFormat | str | None = None,
        source: str | None = None,
        progress: Progress | None = None,
    ) -> Ingested:
        """Take in a log or a page of metrics: a file's path, an http(s) address, or lines.

        Of a file only what was not read before, under whatever name; so the same file twice counts once, and one that
        grew is read on. What is compressed (gzip, bzip2, xz; zstd from Python 3.14) or in UTF-16 is read too. An
        address is asked only where a person allowed its host. Formats (told from the text where none is given): json,
        logfmt, syslog, plain, prometheus. Lines are of the `source` that is given, else of whom they name, else of the
        file; one whose time cannot be read is of the line before, else `untimed`, and never of now. Raises
        InvalidInput, StepFailed.
        """
        form = None if format is None else member(log_lines.LogFormat, format)
        if isinstance(given, (bytes, bytearray)) or not isinstance(source, (str, NoneType)):
            raise InvalidInput("lines are texts, and a source is one: decode bytes first, or hand over the file's path")
        address = isinstance(given, str) and given.lower().startswith(("http://", "https://"))
        path = Path(given) if isinstance(given, (str, os.PathLike)) and not address else None
        name = self._source(source) or self._source(path.stem if path else str(given) if address else LINES)
        context = self._context
        gatherer = intake.Gatherer(context, name, given=source is not None, form=form, now=context.store.now())
        began = 0
        if path is not None:
            said = str(given)
            if not said.strip():
                raise InvalidInput("name a file, an http(s) address, or - for what is piped in")
            if "://" in said:
                raise InvalidInput(f"{said[:80]!r} is neither an http:// or https:// address nor a file")
            if "\0" in said or len(said) > MAX_PATH_CHARACTERS:
                raise InvalidInput(f"{said[:80]!a} is no file's path; lines are handed over as a list of texts")
            if path.is_dir():
                raise InvalidInput(f"{path} is a folder; name the files in it")
            if not os.path.exists(path):
                raise InvalidInput(f"there is no file {path}; name one, or pipe its lines: brainops ingest -")
            began = sources.read_file(gatherer, context, path, form, progress)
        elif address:
            sources.read_page(gatherer, context, str(given), form)
        elif isinstance(given, Iterable):
            sources.read_lines(gatherer, context, given, form)
        else:
            raise InvalidInput(f"a path, an http(s) address or lines are taken in, not {type(given).__name__}")
        return Ingested(
            source=name,
            lines=gatherer.lines,
            samples=gatherer.samples,
            errors=gatherer.errors,
            templates=gatherer.templates,
            series=gatherer.series,
            new=tuple(sorted(gatherer.new.values(), key=lambda each: (not each.error, -each.count, each.text))),
            known=tuple(gatherer.known),
            resumed=began,
            untimed=gatherer.notes[intake.UNTIMED],
            left_out=tuple(f"{count:,} {what}" for what, count in sorted(gatherer.left_out.items())),
            notes=tuple(f"{count:,} {what}" for what, count in sorted(gatherer.notes.items()) if count),
        )

    def _source(self, said: str | None) -> str:
        return self._context.text(said or "", MAX_SOURCE_CHARACTERS)

    def templates(
        self, *, source: str | None = None, errors: bool = False, since: Micros = 0, limit: int = 100
    ) -> list[LogTemplate]:
        """Return what logs say, as templates: those that tell of errors first, then the most frequent."""
        from_plain(Limit, limit, "limit")
        from_plain(bool, errors, "errors")
        with self._context.store.read() as tx:
            rows = tx.signals.templates(since=since, source=source, error=errors, limit=limit)
        return [intake.template_of(row) for row in rows]

    def anomalies(self, *, since: Micros | None = None, limit: int = 50) -> list[Anomaly]:
        """Return the points of metrics since then (a day) that are unlike what came before, the strongest first."""
        from_plain(Limit, limit, "limit")
        now = self._context.store.now()
        with self._context.store.read() as tx:
            found = outliers.found_anomalies(tx, now - DAY_MICROS if since is None else since, now + 1)
        return [anomaly for anomaly, _ in found[:limit]]

    def change_points(self, *, since: Micros | None = None, limit: int = 50) -> list[ChangePoint]:
        """Return the lasting changes of level since then (a week), the newest first."""
        from_plain(Limit, limit, "limit")
        now = self._context.store.now()
        with self._context.store.read() as tx:
            found = outliers.found_levels(tx, now - 7 * DAY_MICROS if since is None else since, now + 1)
        return [change for change, _ in found[:limit]]

    def trouble(self, *, minutes: float = MINUTES) -> Micros:
        """Return when the newest trouble began: failures and error lines first, else the newest anomaly, else now."""
        now = self._context.store.now()
        with self._context.store.read() as tx:
            at = incidents.latest(tx, now, from_plain(Minutes, minutes, "minutes"))
            if at == now and (found := outliers.found_anomalies(tx, now - DAY_MICROS, now + 1)):
                at = max(anomaly.at for anomaly, _ in found)
        return at

    def suspects(self, at: Micros | None = None, *, minutes: float = MINUTES, limit: int = 10) -> list[Suspect]:
        """Return the likeliest causes of an incident, with what speaks against each; the score is a share of it all.

        Metrics, log lines, failures and changes of so many minutes before and after `at` are compared; without `at`,
        around the newest trouble.
        """
        from_plain(Limit, limit, "limit")
        begun = self.trouble(minutes=minutes) if at is None else checked_moment(at, "at")
        with self._context.store.read() as tx:
            return incidents.ranked(tx, begun, from_plain(Minutes, minutes, "minutes"))[:limit]

    def around(self, name: str, at: Micros, *, minutes: float = MINUTES) -> dict[str, list[float]]:
        """Return a component's metrics by the minute around a time, for who looks at a suspect."""
        span, at = int(from_plain(Minutes, minutes, "minutes") * 60e6), checked_moment(at, "at")
        with self._context.store.read() as tx:
            rows = [row for row in tx.signals.series(since=at - span, limit=10_000) if row["component"] == name]
            return {
                str(row["name"]): [
                    v for _, v in series.values_of(tx, row, since=at - span, until=at + span, limit=2_000)
                ]
                for row in rows
            }

    def trends(self, *, hours: int = 24, errors: bool = False, limit: int = 50) -> list[TemplateTrend]:
        """Return what logs say in the last hours: what is new first, then what rises, then the most frequent."""
        from_plain(Limit, limit, "limit")
        from_plain(bool, errors, "errors")
        with self._context.store.read() as tx:
            now = self._context.store.now()
            return trends.found_trends(tx, now, from_plain(Hours, hours, "hours"), errors=errors)[:limit]

    def metrics(self, *, since: Micros = 0, limit: int = 100) -> list[Metric]:
        """Return the series of numbers that are kept and were seen since, the newest first."""
        from_plain(Limit, limit, "limit")
        with self._context.store.read() as tx:
            rows = tx.signals.series(since=checked_moment(since, "since"), limit=limit)
        return [value_of(Metric, row, "labels") for row in rows]

    def points(self, metric_id: str, *, since: Micros | None = None, until: Micros | None = None) -> Series:
        """Return how a metric went from `since` (a day ago) up to `until` (now), at most 400 points, the oldest first.

        A point is the mean of its step, of a counter its growth a second. Raises NotFound.
        """
        end = self._context.store.now() + 1 if until is None else checked_moment(until, "until")
        begin = max(0, end - DAY_MICROS) if since is None else checked_moment(since, "since")
        with self._context.store.read() as tx:
            row = tx.signals.one_series(from_plain(str, metric_id, "a metric's id"))
            if row is None:
                raise NotFound(f"there is no metric {metric_id[:80]!a} in the namespaces that you read")
            return series.course(tx, row, since=begin, until=end)

    def precursors(self, now: Micros) -> Sequence[Precursor]:
        """Return what was seen lately after which operations fail more often than usual; a cheap look-up."""
        with self._context.store.read() as tx:
            return regularities.seen_now(tx, now)

    def parts(self, cycle: Cycle) -> Sequence[Part]:
        """Return what a cycle does with signals."""
        match cycle:
            case Cycle.FIVE_MINUTES:
                return (error_patterns.part(),)
            case Cycle.HOURLY:
                return outliers.parts()
            case _:
                return regularities.parts()
