"""What precedes failure, and which rhythm do failures and metrics have? And which precursors are seen right now?"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.learning.signals.sequences import Antecedent, Event, Tried, precursors
from brainops.learning.signals.series import title, values_of
from brainops.statistics.seasonality import Season, seasons
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Insight, Micros, Precursor, Section, Trust
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS, HOUR_MICROS, MINUTE_MICROS

MONTH: Micros = 30 * DAY_MICROS
WITHIN: Micros = 30 * MINUTE_MICROS
"""How long before a failure its precursor is looked for: longer, and everything precedes everything."""

OPERATIONS = 20_000  # the newest of a month
BUCKETS = 50_000  # of lines that say warning or worse
KEPT = 50  # precursors that guidance looks for: all of them at every guidance
SEEN = 2_000
RHYTHMS_OF_SERIES = 100
RHYTHMS_OF_OPERATIONS = 50
RHYTHM_DAYS = 35  # five of each weekday
POINTS = 20_000
MINUTES_KEPT: Micros = 7 * DAY_MICROS
"""How long counts and points stay by the minute; what is older is kept by the hour."""


def parts() -> Sequence[Part]:
    """Return the parts that look at the long run."""
    return (
        Part(name="precursors", what="learns after which events operations fail more often", find=_precursors),
        Part(name="rhythms", what="names the hours and days at which failures and metrics are high", find=_rhythms),
        Part(name="resolution", what="keeps counts and points older than a week by the hour", find=_fold),
    )


def _precursors(work: CycleWork) -> Found:
    with work.context.store.read() as tx:
        events, tried, texts = _record(tx, work.to_at)
    found = precursors(events, tried, WITHIN)[:KEPT]
    rows = [_row(each, texts, work.to_at) for each in found]
    lines = [f"- {_statement(each, [texts.get(key, key) for key in each.events])}" for each in found[:20]]
    insights = tuple(_insight(each, texts) for each in found[:20])
    section = Section(
        title="What precedes failure",
        lines=tuple(lines),
        figures={"precursors": len(found), "events": len(events), "operations": len(tried)},
    )
    return Found(section=section, insights=insights, complete=True, write=lambda tx: tx.signals.learn_precursors(rows))


def _record(tx: Transaction, to_at: Micros) -> tuple[list[Event], list[Tried], dict[str, str]]:
    """Return what was seen and tried in a month, and how each kind of event is told."""
    from brainops.learning.signals.intake import text_of

    events, tried, texts = [], [], {}
    for row in tx.signals.operations(since=to_at - MONTH, until=to_at, changing=False, limit=OPERATIONS):
        failed = row["outcome"] == "failed" or row["contradicted_at"] is not None
        tried.append(Tried(at=row["started_at"], name=row["name"], failed=failed))
        key = f"{'failed' if failed else 'done'}:{row['name']}"
        if failed or row["action_class"] != "read_only":
            events.append(Event(at=row["finished_at"] or row["started_at"], key=key, operation=row["name"]))
            texts[key] = f"{row['name']} {'failed' if failed else 'was done'}"
    for template in tx.signals.templates(since=to_at - MONTH, source=None, error=False, limit=SEEN):
        key = f"template:{template['source']}/{template['id']}"
        texts[key] = f"{template['source']} logged: {text_of(template['tokens'])[:120]}"
    lines = tx.signals.warnings(since=to_at - MONTH, until=to_at, limit=BUCKETS)
    events += [Event(at=row["bucket"], key=f"template:{row['source']}/{row['template_id']}") for row in lines]
    return events, tried, texts


def _row(found: Antecedent, texts: Mapping[str, str], at: Micros) -> dict[str, Any]:
    events = [{"key": key, "text": texts.get(key, key)} for key in found.events]
    identity = json.dumps([found.operation, list(found.events)])
    return {
        "id": hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=12).hexdigest(),
        "events": events,
        "operation": found.operation,
        "probability": found.probability,
        "base": found.base,
        "cases": found.cases,
        "failed": found.failed,
        "chance": found.chance,
        "within_us": WITHIN,
        "learnt_at": at,
    }


def _statement(found: Antecedent, told: Sequence[str]) -> str:
    return (
        f"{found.operation} failed {found.failed} of {counted(found.cases, 'time')} within "
        f"{WITHIN // MINUTE_MICROS} min after {', then '.join(told)} ({found.probability:.0%}, else {found.base:.0%})"
    )


def _insight(found: Antecedent, texts: Mapping[str, str]) -> Insight:
    told = [texts.get(key, key) for key in found.events]
    of_logs = any(key.startswith("template:") for key in found.events)
    return Insight(
        key=f"precursor:{found.operation}:{'>'.join(found.events)}"[:300],
        title=f"{found.operation} fails more often after: {', then '.join(told)}"[:200],
        statement=_statement(found, told) + ".",
        probability=max(0.5, 1.0 - found.chance),
        evidence={"lift": round(found.lift, 2), "p": found.chance, "cases": found.cases, "failed": found.failed},
        tags=("precursor", found.operation[:100]),
        trust=Trust.EXTERNAL if of_logs else Trust.AGENT,
    )


def seen_now(tx: Transaction, now: Micros) -> list[Precursor]:
    """Return the learnt precursors whose events were all seen, in order, within their time before now."""
    rows = tx.signals.precursors(KEPT)
    if not rows:
        return []
    since = now - max(row["within_us"] for row in rows)
    last: dict[str, Micros] = {}
    for seen in tx.signals.templates_since(since, SEEN):
        key = f"template:{seen['source']}/{seen['id']}"
        last[key] = max(last.get(key, 0), min(seen["last_at"], now))
    for seen in tx.signals.operations(since=since - DAY_MICROS, until=now + 1, changing=False, limit=SEEN):
        failed = seen["outcome"] == "failed" or seen["contradicted_at"] is not None
        key = f"{'failed' if failed else 'done'}:{seen['name']}"
        last[key] = max(last.get(key, 0), seen["finished_at"] or 0)
    return [each for row in rows if (each := _seen(row, last, now)) is not None]


def _seen(row: Row, last: Mapping[str, Micros], now: Micros) -> Precursor | None:
    events = json.loads(row["events"])
    times = [last.get(event["key"], 0) for event in events]
    if times != sorted(times) or times[0] < now - row["within_us"]:
        return None
    told = ", then ".join(event["text"] for event in events)
    return Precursor(
        key=">".join(event["key"] for event in events),
        statement=f"{row['operation']} failed {row['failed']} of {counted(row['cases'], 'time')} after {told}",
        operation=row["operation"],
        probability=row["probability"],
        lift=row["probability"] / max(row["base"], 1e-9),
        cases=row["cases"],
        within_seconds=row["within_us"] / 1e6,
        at=times[-1],
    )


def _rhythms(work: CycleWork) -> Found:
    since = work.to_at - RHYTHM_DAYS * DAY_MICROS
    found: list[tuple[Season, str, Trust]] = []
    with work.context.store.read() as tx:
        for name, rates in _failure_rates(tx, since, work.to_at).items():
            found += [(season, f"failures of {name}", Trust.AGENT) for season in seasons(name, rates)]
        for series in tx.signals.series(since=since, limit=RHYTHMS_OF_SERIES):
            values = values_of(tx, series, since=since, until=work.to_at, limit=POINTS)
            found += [(season, title(series), Trust.EXTERNAL) for season in seasons(series["id"], values)]
    named = [each for each in found if each[0].high]
    insights = tuple(_season(season, what, trust) for season, what, trust in named[:20])
    lines = tuple(f"- {insight.statement}" for insight in insights)
    section = Section(title="Rhythms", lines=lines)
    return Found(section=section, insights=insights, complete=True)


def _failure_rates(tx: Transaction, since: Micros, until: Micros) -> dict[str, list[tuple[Micros, float]]]:
    """Return for each name of operations the points of an hour: 1 for a failure, 0 for a success."""
    rates: dict[str, list[tuple[Micros, float]]] = defaultdict(list)
    for row in tx.signals.operations(since=since, until=until, changing=False, limit=OPERATIONS):
        failed = row["outcome"] == "failed" or row["contradicted_at"] is not None
        rates[row["name"]].append((row["started_at"], float(failed)))
    most = sorted(rates, key=lambda name: (-len(rates[name]), name))[:RHYTHMS_OF_OPERATIONS]
    return {name: rates[name] for name in sorted(most)}


def _season(season: Season, what: str, trust: Trust) -> Insight:
    when = season.names(season.high)
    unit = "hour (UTC)" if season.rhythm == "hour" else "day"
    level = max(season.levels[slot] for slot in season.high)
    return Insight(
        key=f"rhythm:{season.rhythm.value}:{season.series}",
        title=f"By the {season.rhythm.value}: {what}"[:200],
        statement=f"{what} go with the {unit}: highest at {when} (about {level:.3g})",
        probability=max(0.5, 1.0 - season.chance),
        evidence={"high": list(season.high), "low": list(season.low), "p": season.chance},
        tags=("rhythm",),
        trust=trust,
    )


def _fold(work: CycleWork) -> Found:
    before = work.to_at - MINUTES_KEPT
    before -= before % HOUR_MICROS

    def write(tx: Transaction) -> None:
        tx.signals.fold(before, HOUR_MICROS)

    return Found(section=Section(title="Resolution"), write=write)
