"""Which errors are new, rising or back, in the operation log and in the logs that were taken in?"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.learning.signals.intake import text_of
from brainops.learning.signals.log_templates import TemplateMiner
from brainops.statistics.significance import discoveries, poisson
from brainops.store.database import Row
from brainops.types import ErrorEvent, Insight, MemoryType, Micros, Section, Trust
from brainops.types.times import DAY_MICROS, HOUR_MICROS
from brainops_core.recognition.error_events import error_title

MEMORY: Micros = 30 * DAY_MICROS  # what was not seen for so long is new again
GONE: Micros = 2 * DAY_MICROS
"""An error that was away for so long and comes back has returned: a weekend is not enough for one that comes daily."""

LEAST_RISING = 5  # times in an hour
RISE = 3.0
"""How many times the last day's rate an error must have reached in the last hour, besides being no chance."""

LOOKED_AT = 2_000  # errors, the most frequent first
TOLD = 20  # of each kind


class ErrorStanding(StrEnum):
    """How an error stands."""

    NEW = "new"
    RISING = "rising"
    RETURNING = "returning"


class _Pattern(Struct):
    """Errors that say the same: how often in the last hour, the last day, and before."""

    where: set[str] = set()
    hour: int = 0
    day: int = 0
    earlier: int = 0
    first_at: Micros = 0
    last_before_day: Micros = 0
    operations: list[str] = []
    of_logs: bool = False


def part() -> Part:
    """Return the part that looks for error patterns."""
    what = "groups the errors of operations and logs by what they say, and names those that are new, rising or back"
    return Part(name="error patterns", what=what, find=_find)


def _find(work: CycleWork) -> Found:
    patterns = _gathered(work)
    standing = _standing(patterns, work.to_at)
    told: dict[ErrorStanding, list[str]] = {kind: [] for kind in ErrorStanding}
    for text, kind in standing.items():
        told[kind].append(text)
    insights, lines = [], []
    for kind, texts in told.items():
        for text in sorted(texts, key=lambda each: (-patterns[each].day, each))[:TOLD]:
            insights.append(_insight(kind, text, patterns[text]))
            lines.append(f"- {kind.value}: {text[:160]} ({_counted(patterns[text])})")
    figures = {kind.value: len(texts) for kind, texts in told.items()}
    section = Section(
        title="Error patterns",
        lines=tuple(lines),
        figures={**figures, "patterns": len(patterns), "errors_last_hour": sum(p.hour for p in patterns.values())},
    )
    return Found(section=section, insights=tuple(insights), complete=True)


def _gathered(work: CycleWork) -> dict[str, _Pattern]:
    to_at = work.to_at
    with work.context.store.read() as tx:
        signals = tx.signals
        daily = signals.failures(since=to_at - MEMORY, at=to_at - DAY_MICROS, until=to_at, limit=LOOKED_AT)
        hourly = signals.failures(since=to_at - DAY_MICROS, at=to_at - HOUR_MICROS, until=to_at, limit=LOOKED_AT)
        day = signals.sums(since=to_at - MEMORY, at=to_at - DAY_MICROS, until=to_at, error=True, limit=LOOKED_AT)
        hour = signals.sums(since=to_at - DAY_MICROS, at=to_at - HOUR_MICROS, until=to_at, error=True, limit=LOOKED_AT)
    patterns: dict[str, _Pattern] = {}
    lately = {row["fingerprint"]: int(row["after"]) for row in hourly}
    for text, row in _mined(daily):
        pattern = patterns.setdefault(text, _Pattern())
        pattern.operations.append(row["example"])
        _count(pattern, row, str(row["name"]), lately.get(row["fingerprint"], 0))
    lines = {(row["source"], row["id"]): int(row["after"]) for row in hour}
    for row in day:
        pattern = patterns.setdefault(text_of(row["tokens"]), _Pattern())
        pattern.of_logs = True
        _count(pattern, row, str(row["source"]), lines.get((row["source"], row["id"]), 0))
    return {text: pattern for text, pattern in patterns.items() if pattern.day}


def _mined(rows: Iterable[Row]) -> list[tuple[str, Row]]:
    """Return each error of the operation log with the template that it belongs to, once all were seen."""
    miner, ordered = TemplateMiner(), sorted(rows, key=lambda row: (row["first_at"], row["fingerprint"]))
    templates = [miner.feed(title_of(row["error"])) for row in ordered]
    return [(template.current.text, row) for template, row in zip(templates, ordered, strict=True)]


def title_of(said: str | None) -> str:
    """Return the title of a stored error."""
    fields: Mapping[str, Any] = json.loads(said) if said else {}
    return error_title(ErrorEvent(type=str(fields.get("type", "")), message=str(fields.get("message", ""))))


def _count(pattern: _Pattern, row: Row, where: str, hour: int) -> None:
    pattern.where.add(where)
    pattern.hour += hour
    pattern.day += int(row["after"])
    pattern.earlier += int(row["before"])
    pattern.first_at = min(pattern.first_at or row["first_at"], row["first_at"])
    pattern.last_before_day = max(pattern.last_before_day, row["last_before"] or 0)


def _standing(patterns: Mapping[str, _Pattern], to_at: Micros) -> dict[str, ErrorStanding]:
    found: dict[str, ErrorStanding] = {}
    rising = []
    for text, pattern in sorted(patterns.items()):
        if not pattern.earlier:
            found[text] = ErrorStanding.NEW
        elif pattern.last_before_day < to_at - GONE:
            found[text] = ErrorStanding.RETURNING
        expected = (pattern.day - pattern.hour + 1) / 23
        if pattern.hour >= LEAST_RISING and pattern.hour >= RISE * expected and text not in found:
            rising.append((text, poisson(pattern.hour, expected)))
    holds = discoveries([chance for _, chance in rising])
    found.update({text: ErrorStanding.RISING for (text, _), held in zip(rising, holds, strict=True) if held})
    return found


def _counted(pattern: _Pattern) -> str:
    return f"{pattern.day} in a day, {pattern.hour} in the last hour; {', '.join(sorted(pattern.where)[:3])}"


def _insight(kind: ErrorStanding, text: str, pattern: _Pattern) -> Insight:
    said = {
        ErrorStanding.NEW: "New error",
        ErrorStanding.RISING: "Rising error",
        ErrorStanding.RETURNING: "Error that is back",
    }[kind]
    counts = Counter({"last hour": pattern.hour, "last day": pattern.day, "the 29 days before": pattern.earlier})
    told = ", ".join(f"{count} in {when}" for when, count in counts.items())
    names = ", ".join(sorted(pattern.where)[:5])
    return Insight(
        key=f"error-pattern:{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}",
        title=f"{said}: {text}"[:200],
        statement=f"{text}: {told}. Seen in {names}.",
        probability=0.95,
        since=pattern.first_at,
        operations=tuple(pattern.operations[:5]),
        evidence={"standing": kind.value, "hour": pattern.hour, "day": pattern.day, "earlier": pattern.earlier},
        tags=("error-pattern", kind.value),
        importance=0.6,
        trust=Trust.EXTERNAL if pattern.of_logs else Trust.AGENT,
        type=MemoryType.LEARNING_INSIGHT,
    )
