"""When did it go wrong, and what do metrics, logs, failures and changes around that time say of each component?"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from brainops.learning.signals import suspects
from brainops.learning.signals.error_patterns import title_of
from brainops.learning.signals.intake import text_of
from brainops.learning.signals.series import SERIES_LOOKED_AT, values_of
from brainops.learning.signals.suspects import LogShift, NearChange
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import Micros, Suspect
from brainops.types.times import DAY_MICROS, MINUTE_MICROS, SECOND_MICROS
from brainops_core.recognition.masks import mask_word

POINTS = 2_000  # of one series on one side of the incident
TEMPLATES = 2_000
OPERATIONS = 2_000
CHANGES_BEFORE = 6
"""How many times the looked-at minutes back a change is looked for: its effect may take a while to show."""


def ranked(tx: Transaction, at: Micros, minutes: float) -> list[Suspect]:
    """Return the components around an incident, the likeliest cause first."""
    span = int(minutes * 60 * SECOND_MICROS)
    since, until = at - span, at + span
    before, after = _metrics(tx, since, at, until)
    # Failed operations count as lines that a component wrote: the target's, or the operation's own.
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in tx.signals.operations(since=since, until=until, changing=False, limit=OPERATIONS):
        if row["outcome"] == "failed":
            what = f"{row['name']} failed: {title_of(row['error'])}"
            counts[row["target"] or row["name"], what][(row["finished_at"] or row["started_at"]) >= at] += 1
    logs = [
        *[
            LogShift(
                component=row["source"],
                template=text_of(row["tokens"]),
                before=row["before"],
                after=row["after"],
                error=bool(row["error"]),
            )
            for row in tx.signals.sums(since=since, at=at, until=until, error=False, limit=TEMPLATES)
        ],
        *[
            LogShift(component=component, template=what, before=first, after=then, error=True)
            for (component, what), (first, then) in sorted(counts.items())
        ],
    ]
    changes = _changes(tx, at, span, {*after, *(shift.component for shift in logs)})
    return suspects.rank(before, after, logs=logs, changes=changes, seconds_before=span / 1e6, seconds_after=span / 1e6)


def latest(tx: Transaction, now: Micros, minutes: float) -> Micros:
    """Return when the newest trouble began: the first failure or error line of the last run of them, or `now`.

    Failures belong together while no more than the looked-at minutes lie between them.
    """
    since, span = now - DAY_MICROS, int(minutes * 60 * SECOND_MICROS)
    rows = tx.signals.operations(since=since, until=now + 1, changing=False, limit=OPERATIONS)
    times = [row["finished_at"] for row in rows if row["outcome"] == "failed" and row["finished_at"]]
    told = tx.signals.templates(since=since, source=None, error=True, limit=TEMPLATES)
    errors = {(template["source"], template["id"]) for template in told}
    lines = tx.signals.warnings(since=since, until=now + 1, limit=TEMPLATES)
    times += [row["bucket"] for row in lines if (row["source"], row["template_id"]) in errors]
    began = now
    for at in sorted(times, reverse=True):
        if began != now and began - at > span:
            break
        began = at
    return began


def _metrics(
    tx: Transaction, since: Micros, at: Micros, until: Micros
) -> tuple[dict[str, dict[str, list[float]]], dict[str, dict[str, list[float]]]]:
    before: dict[str, dict[str, list[float]]] = defaultdict(dict)
    after: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for series in tx.signals.series(since=since, limit=SERIES_LOOKED_AT):
        values = values_of(tx, series, since=since - MINUTE_MICROS, until=until, limit=POINTS)
        # A metric's name with the labels that are not the component's, so that peers have the same.
        labels = json.loads(series["labels"])
        told = ",".join(
            f"{name}={value}"
            for name, value in sorted(labels.items())
            if _short(value) != _short(series["component"])
            and name not in ("pod", "instance", "host", "node", "container")
        )
        name, component = f"{series['name']}{{{told}}}" if told else str(series["name"]), series["component"]
        before[component].setdefault(name, []).extend(value for bucket, value in values if since <= bucket < at)
        after[component].setdefault(name, []).extend(value for bucket, value in values if bucket >= at)
    return before, after


def _changes(tx: Transaction, at: Micros, span: Micros, components: set[str]) -> list[NearChange]:
    """Return what was changed before the incident, at each component that bears the target's name."""
    by_name: dict[str, set[str]] = defaultdict(set)
    for component in components:
        by_name[_short(component)].add(component)
    found = []
    for row in tx.signals.operations(since=at - CHANGES_BEFORE * span, until=at + 1, changing=True, limit=OPERATIONS):
        if row["outcome"] != "succeeded" or row["contradicted_at"] is not None:
            continue  # what failed stands among the failures
        target = row["target"] or row["name"]
        for component in sorted(by_name.get(_short(target), {target})):
            what = f"{row['name']} was done"
            seconds = (at - row["started_at"]) / 1e6
            found.append(NearChange(component=component, what=what, seconds_before=seconds, operation_id=row["id"]))
    return found


def _short(name: str) -> str:
    """Return a component's name without what tells instances apart: api of api-5d9c7f7b9d-x2x8p, api:9090, api-2."""
    masked = mask_word(str(name).lower())
    return masked.partition(":")[0].removesuffix("-<pod>").removesuffix("-<n>") or masked


def near(tx: Transaction, at: Micros, seconds: float, names: Sequence[str] = ()) -> list[Row]:
    """Return the changes within so many seconds before a time, the nearest first; those of these targets before."""
    wanted = {_short(name) for name in names}
    rows = tx.signals.operations(since=at - int(seconds * 1e6), until=at + 1, changing=True, limit=OPERATIONS)
    return sorted(rows, key=lambda row: (_short(row["target"] or row["name"]) not in wanted, at - row["started_at"]))
