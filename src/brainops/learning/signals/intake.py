"""What is kept of lines and samples as they come: templates counted by the minute, series, and the errors in them?"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from brainops.learning.signals.levels import FAILED, Level
from brainops.learning.signals.log_lines import (
    TRACEBACK,
    LogFormat,
    LogLine,
    Sample,
    read_log_line,
    says_failure,
)
from brainops.learning.signals.log_templates import ANY, TEMPLATES, Template, TemplateMiner
from brainops.learning.signals.moments import near
from brainops.memory.context import MemoryContext
from brainops.memory.recognition.digests import is_of
from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.operations.log import checked_error, distil
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.rows import value_of
from brainops.types import LogTemplate, MemoryType, Micros, Trust
from brainops.types.times import MINUTE_MICROS
from brainops_core.recognition.digests import text_digests
from brainops_core.redaction.redact import safe_text

BATCH = 5_000
"""Lines and samples that one transaction takes: some tenths of a second, in which others can still write."""

EXEMPLAR_CHARACTERS = 2_000  # of a line with its stack trace
TRACE_LINES = 60  # of a stack trace that goes on over lines
SOURCES = 500  # of one ingest: names that lines give themselves; beyond it a line is of the ingest's own source
SERIES = 5_000
"""Series that a namespace keeps: a label with an id in it would make one a request. Beyond it new ones are left out."""

NEW_ERRORS = 100
"""New error memories of one ingest: enough to meet what a log knows, and a log of noise cannot bury memory."""

EARLY_LINES = 500
"""Lines before the first that has a time, which wait for it: headers and banners stand at the beginning of a log."""

UNTIMED = "lines have no time that can be read: they are counted, and stand in no minute"
UNREAD = "lines have a time that is none: taken to be of the line before"
NO_UTF_8 = "lines are not UTF-8: read as Windows-1252"
OF_NOW = "samples say no time: taken to be of now"
TOLD_NEW = 200  # templates that an ingest names
COMPONENTS = ("pod", "container", "service", "app", "component", "instance", "host", "node", "target", "job")
"""Labels that say whose metric it is, the most exact first."""


class _Tally(Struct):
    """What came of one template since the last write; a time of 0 is not known."""

    template: Template
    level: Level | None
    error: bool
    first_at: Micros
    last_at: Micros
    exemplar: str
    latest: str
    count: int = 0
    buckets: Counter[int] = field(default_factory=Counter)


class _Source(Struct):
    """The miner of one source, and which of its templates are stored."""

    miner: TemplateMiner
    stored: dict[str, Template] = {}
    tallies: dict[int, _Tally] = {}


class _Event(Struct):
    """A line with those that go on from it."""

    line: LogLine
    more: list[str] = []
    traced: bool = False


class Gatherer:
    """Takes lines and samples, and writes what they come to in batches."""

    def __init__(
        self, context: MemoryContext, source: str, *, given: bool, form: LogFormat | None, now: Micros
    ) -> None:
        self._context = context
        self._source = source
        self._given = given  # by whoever asks, so that what lines call themselves does not count
        self._form = form
        self._now = now
        self._last_at: Micros | None = None
        self._event: _Event | None = None
        self._sources: dict[str, _Source] = {}
        self._names: dict[str, str] = {}
        self._series: dict[str, dict[str, Any]] = {}
        self._known_series: set[str] | None = None
        self._points: dict[tuple[str, int], dict[str, Any]] = {}
        self._waiting = 0
        self._early: list[_Event] = []
        self.lines = self.samples = self.errors = self.series = 0
        self.new: dict[tuple[str, str], LogTemplate] = {}
        self.known: dict[str, None] = {}
        self.left_out: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._new_errors = 0

    @property
    def full(self) -> bool:
        """Whether enough waits to be written."""
        return self._waiting >= BATCH

    @property
    def templates(self) -> int:
        """How many templates the lines so far belong to, with those that were known before."""
        return sum(len(source.miner.templates()) for source in self._sources.values())

    def line(self, text: str) -> None:
        """Take one line as it stands in the log; bytes that were no UTF-8 are lone surrogates in it."""
        if not text.isascii() and (raw := text.encode("utf-8", "surrogateescape")) != text.encode("utf-8", "replace"):
            self.notes[NO_UTF_8] += 1
            text = raw.decode("cp1252", "replace")
        read = read_log_line(text, now=self._now, form=self._form)
        if read is None:
            return
        self.lines += 1
        self._waiting += 1
        if isinstance(read, list):
            for sample in read:
                self.notes[OF_NOW] += sample.at is None
                self.sample(sample)
            return
        if self._goes_on(read):
            return
        self._complete()
        self._event = _Event(line=read, traced=read.message.startswith(TRACEBACK))

    def _goes_on(self, line: LogLine) -> bool:
        event = self._event
        if event is None or line.at is not None or line.level is not None:
            return False
        begins = line.message.startswith(TRACEBACK) and event.line.at is not None
        if not (line.continued or begins or event.traced):
            return False
        if event.traced and not line.continued and not begins:
            event.traced = False  # the last line of a trace says what was raised
        event.traced = event.traced or begins
        if len(event.more) < TRACE_LINES:
            event.more.append(line.message)
        return True

    def sample(self, sample: Sample) -> None:
        """Take one value of a metric."""
        key = json.dumps([sample.name, sorted(sample.labels.items())], ensure_ascii=False)
        series = hashlib.blake2b(f"{self._source}\0{key}".encode("utf-8", "replace"), digest_size=12).hexdigest()
        at = sample.at or self._now
        known = self._series.get(series) or self._new_series(series, sample, at)
        if known is None:
            return
        known["first_at"], known["last_at"] = min(known["first_at"], at), max(known["last_at"], at)
        self.samples += 1
        self._waiting += 1
        bucket = at - at % MINUTE_MICROS
        empty = {"series": series, "bucket": bucket, "count": 0, "total": 0.0, "last": 0.0, "last_at": 0}
        point = self._points.setdefault((series, bucket), empty)
        point["count"] += 1
        point["total"] += sample.value
        if at >= point["last_at"]:
            point["last"], point["last_at"] = sample.value, at

    def _new_series(self, series: str, sample: Sample, at: Micros) -> dict[str, Any] | None:
        if self._known_series is None:
            with self._context.store.read() as tx:
                self._known_series = tx.signals.series_ids()
        if series not in self._known_series and len(self._known_series) >= SERIES:
            self.left_out[f"samples of series beyond the {SERIES:,} that a namespace keeps"] += 1
            return None
        self._known_series.add(series)
        self.series += 1
        labels = {name: self._clean(value, 200) for name, value in sample.labels.items()}
        component = next((labels[name] for name in COMPONENTS if labels.get(name)), self._source)
        self._series[series] = {
            "id": series,
            "source": self._source,
            "name": self._clean(sample.name, 200),
            "labels": labels,
            "component": component,
            "counter": int(sample.counter),
            "first_at": at,
            "last_at": at,
        }
        return self._series[series]

    def _complete(self) -> None:
        """Give the line that was held, with what went on from it, to the miner of its source."""
        event, self._event = self._event, None
        if event is None:
            return
        line = event.line
        at = line.at
        if at is None and line.clock is not None and self._last_at is not None:
            at = near(line.clock, self._last_at)
        self.notes[UNREAD] += line.unread
        at = at or self._last_at
        if at is None and len(self._early) < EARLY_LINES:
            self._early.append(event)
            return
        early, self._early, self._last_at = self._early, [], at
        for each in (*early, event):
            self._take(each, at)

    def _take(self, event: _Event, at: Micros | None) -> None:
        line = event.line
        whole = "\n".join([line.message, *event.more])[:EXEMPLAR_CHARACTERS]
        self.notes[UNTIMED] += at is None
        name = self._source
        if not self._given and line.writer and (line.writer in self._names or len(self._names) < SOURCES):
            name = self._names.get(line.writer) or self._names.setdefault(line.writer, self._clean(line.writer, 200))
        found = self._sources.get(name)
        if found is None:
            with self._context.store.read() as tx:
                rows = tx.signals.templates_of(name)
            templates = [Template(tokens=_tokens(row["tokens"]), count=row["count"]) for row in rows[:TEMPLATES]]
            found = self._sources[name] = _Source(
                miner=TemplateMiner(templates), stored={template.id: template for template in templates}
            )
        source = found
        # A template that is known was made of redacted words; so only what is new to it has to be looked through now.
        template = source.miner.known(_telling(line, whole))
        if template is None:
            template = source.miner.feed(_telling(line, self._clean(whole, EXEMPLAR_CHARACTERS)))
        error = line.level in FAILED if line.level is not None else says_failure(whole)
        self.errors += error
        tally = source.tallies.get(id(template))
        if tally is None:
            tally = source.tallies[id(template)] = _Tally(template, line.level, error, at or 0, at or 0, whole, whole)
        tally.count += 1
        tally.error = tally.error or error
        tally.level = line.level or tally.level
        tally.latest = whole
        if at is not None:
            tally.first_at, tally.last_at = min(tally.first_at or at, at), max(tally.last_at, at)
            tally.buckets[at - at % MINUTE_MICROS] += 1

    def _clean(self, text: str, characters: int) -> str:
        return safe_text(text, self._context.redaction, characters)

    def end(self) -> None:
        """Say that no further line goes on from the last, and none with a time comes."""
        self._complete()
        early, self._early = self._early, []
        for each in early:
            self._take(each, None)

    def write(self, tx: Transaction) -> None:
        """Write what waits; what is written twice after an abort is not, for the caller's mark is in the same write."""
        for name, source in sorted(self._sources.items()):
            self._write_source(tx, name, source)
        for values in self._series.values():
            tx.signals.put_series(values)
        tx.signals.add_points(self._points[key] for key in sorted(self._points))

    def written(self) -> None:
        """Forget what was written durably."""
        for source in self._sources.values():
            source.stored.update({each.template.current.id: each.template.current for each in source.tallies.values()})
            source.stored = {key: each for key, each in source.stored.items() if each.merged_into is None}
            source.tallies.clear()
        self._series.clear()
        self._points.clear()
        self._waiting = 0

    def _write_source(self, tx: Transaction, name: str, source: _Source) -> None:
        merged = {key: each.current for key, each in source.stored.items() if each.merged_into is not None}
        counts: Counter[tuple[str, str, int]] = Counter()
        for tally in _gathered(source.tallies.values()):
            tally.exemplar = self._clean(tally.exemplar, EXEMPLAR_CHARACTERS)
            tally.latest = self._clean(tally.latest, EXEMPLAR_CHARACTERS)
            now = tally.template.current
            tx.signals.put_template(
                {
                    "source": name,
                    "id": now.id,
                    "tokens": json.dumps([None if token == ANY else token for token in now.tokens], ensure_ascii=False),
                    "level": tally.level.value if tally.level else None,
                    "error": int(tally.error),
                    "count": tally.count,
                    "first_at": tally.first_at,
                    "last_at": tally.last_at,
                    "exemplar": tally.exemplar,
                    "latest": tally.latest,
                }
            )
            counts.update({(name, now.id, bucket): count for bucket, count in tally.buckets.items()})
            if now.id not in source.stored:
                # A template that was not there before is named; what it tells of an error is looked up, or remembered.
                fresh = not any(into is now for into in merged.values())
                row = tx.signals.template(name, now.id)
                assert row is not None
                if tally.error and row["fingerprint"] is None:
                    self._remember(tx, name, tally)
                    row = tx.signals.template(name, now.id) or row
                if fresh and len(self.new) < TOLD_NEW:
                    self.new[name, row["id"]] = template_of(row)
        for template_id, into in sorted(merged.items()):
            _merge(tx, name, template_id, into)
        tx.signals.add_counts(counts)

    def _remember(self, tx: Transaction, source: str, tally: _Tally) -> None:
        event = checked_error(self._context, parse_error(tally.exemplar))
        identity = fingerprint(event).digest
        found = [
            memory
            for memory in tx.memories.by_fingerprint(identity, text_digests(event), limit=5)
            if memory.type is MemoryType.ERROR_PATTERN and is_of(event, memory)
        ]
        if found:
            memory_id: str | None = found[0].id
            self.known.setdefault(found[0].id)
        elif self._new_errors < NEW_ERRORS:
            self._new_errors += 1
            memory_id = distil(tx, self._context, event, None, None, trust=Trust.EXTERNAL)
        else:
            memory_id = None
            self.left_out[f"errors beyond the {NEW_ERRORS} new ones of an ingest: not kept as memories"] += 1
        tx.signals.identify(source, tally.template.current.id, identity, memory_id)


def _telling(line: LogLine, whole: str) -> str:
    """Return the line by which an event is grouped: its first, or what a bare Python traceback raised in the end."""
    return whole.rsplit("\n", 1)[-1] if line.message.startswith(TRACEBACK) else whole.split("\n", 1)[0]


def _gathered(tallies: Iterable[_Tally]) -> list[_Tally]:
    """Return one tally a template that holds now, those of merged ones in it."""
    found: dict[str, _Tally] = {}
    for tally in tallies:
        whole = found.setdefault(tally.template.current.id, replace(tally, count=0, buckets=Counter()))
        whole.count += tally.count
        whole.buckets.update(tally.buckets)
        whole.error = whole.error or tally.error
        whole.first_at = min(whole.first_at or tally.first_at, tally.first_at or whole.first_at)
        whole.last_at = max(whole.last_at, tally.last_at)
    return [found[key] for key in sorted(found)]


def _merge(tx: Transaction, source: str, template_id: str, into: Template) -> None:
    narrow = tx.signals.template(source, template_id)
    if narrow is None or narrow["merged_into"] is not None:
        return
    tokens = json.dumps([None if token == ANY else token for token in into.tokens], ensure_ascii=False)
    kept = ("source", "level", "error", "count", "first_at", "last_at", "exemplar", "latest")
    tx.signals.put_template({**{name: narrow[name] for name in kept}, "id": into.id, "tokens": tokens})
    if narrow["fingerprint"] is not None:
        tx.signals.identify(source, into.id, narrow["fingerprint"], narrow["error_memory_id"])
    tx.signals.merge(source, template_id, into.id)


def _tokens(said: str) -> tuple[str, ...]:
    return tuple(ANY if token is None else token for token in json.loads(said))


def template_of(row: Row) -> LogTemplate:
    """Read a row as a LogTemplate."""
    return value_of(LogTemplate, row, text=text_of(row["tokens"]))


def text_of(tokens: str) -> str:
    """Return stored tokens as a person reads them."""
    return Template(tokens=_tokens(tokens)).text
