"""Which errors does a text report: itself, or each alert of a webhook? And what do they match together? (pure)"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from brainops.types import FixSuggestion, Match, NextTries, Recognition

MAX_ALERTS = 10  # of one webhook; a storm of hundreds is one cause or none


def recognise(
    text: str,
    match: Callable[[str], Sequence[Match]],
    suggest: Callable[[str], Sequence[FixSuggestion]],
    next_tries: Callable[[str], NextTries],
) -> Recognition:
    """Return what is known of every error that a text reports: matches once each, fixes, and what is worth trying."""
    errors = errors_in(text)
    fixes = {each.fix.id: each for error in errors for each in suggest(error)}
    return Recognition(
        errors=tuple(errors),
        matches=tuple(merged([match(error) for error in errors])),
        fixes=tuple(fixes.values()),
        next_tries=tuple(tries for tries in map(next_tries, errors) if tries.text),
    )


def errors_in(text: str) -> list[str]:
    """Return the errors of a text: each different alert of a webhook by its labels and annotations, else the text."""
    if not text.lstrip().startswith(("{", "[")):
        return [text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    alerts = value.get("alerts") if isinstance(value, dict) else value
    alerts = alerts if isinstance(alerts, list) else [value]
    told = [alert_text(alert) for alert in alerts if isinstance(alert, dict) and isinstance(alert.get("labels"), dict)]
    return list(dict.fromkeys(told))[:MAX_ALERTS] or [text]


def alert_text(alert: dict[str, Any]) -> str:
    """Return an alert as lines of `name: value`; what changes from firing to firing (times, ids, links) is left out."""
    notes = alert.get("annotations")
    notes = notes if isinstance(notes, dict) else {}
    summary = {name: notes[name] for name in ("summary", "description", "message") if name in notes}
    lines = [f"{name}: {value}" for name, value in {**alert["labels"], **summary, **notes}.items()]
    return "\n".join(line for line in lines if "://" not in line)


def merged(groups: Sequence[Sequence[Match]]) -> list[Match]:
    """Return the matches of several errors, each memory once, where it matched best; the same error comes first."""
    best: dict[str, Match] = {}
    for found in (match for group in groups for match in group):
        other = best.get(found.memory.id)
        if other is None or (found.exact, found.probability) > (other.exact, other.probability):
            best[found.memory.id] = found
    if len(groups) == 1:
        return list(best.values())
    return sorted(best.values(), key=lambda found: (not found.exact, -found.probability))
