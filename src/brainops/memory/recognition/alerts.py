"""Which alerts does a webhook tell of, and what do the errors of a text match together? (pure)"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, UTC, datetime
from typing import Any

from brainops.errors import InvalidInput
from brainops.memory.recognition.alert_shapes import ABOUT, SHAPES, Shape
from brainops.types import AlertEvent, FixSuggestion, Match, Micros, NextTries, Recognition
from brainops.types.times import SECOND_MICROS

MAX_ALERTS = 10  # of one webhook that is matched; a storm of hundreds is one cause or none
MOST_ALERTS = 1_000  # of one webhook that is taken in: Alertmanager's `max_alerts` keeps it below
MAX_NAME_CHARACTERS = 200
MAX_VALUE_CHARACTERS = 2_000  # of a label or a line of text
MAX_LABELS = 64

_OF_THE_RULE = frozenset(("alertname", "severity"))  # labels that say the same wherever it fires
_DIGITS = re.compile(r"\d{1,19}")


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
    """Return the errors of a text: each different alert of a webhook by its rule's name and labels, else the text."""
    if not text.lstrip().startswith(("{", "[")):
        return [text]
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    shape = next((each for each in SHAPES if each.sender != "generic" and _is_of(each, body)), None)
    told = [alert_text(each) for each in _read(shape, body)] if shape else []
    return list(dict.fromkeys(told))[:MAX_ALERTS] or [text]


def alerts_in(sender: str, body: Any) -> list[AlertEvent]:
    """Return the alerts of a webhook of this sender; of `generic`, those of any. Raises InvalidInput."""
    known = [each for each in SHAPES if sender in (each.sender, "generic") and _is_of(each, body)]
    if not known:
        has = ", ".join(sorted(map(str, body)))[:200] if isinstance(body, dict) else type(body).__name__
        raise InvalidInput(
            f"that is no webhook of {sender} that is known here (it has: {has}); "
            "POST to /v1/events/generic takes {name, key, target, severity, labels, text, link, resolved}"
        )
    found = list(_read(known[0], body))
    if len(found) > MOST_ALERTS:
        raise InvalidInput(
            f"a webhook tells of at most {MOST_ALERTS:,} alerts, not {len(found):,}; set max_alerts where it is sent"
        )
    left_out = body.get("truncatedAlerts") if isinstance(body, dict) else None
    if isinstance(left_out, int) and left_out > 0:
        labels = {name: said for name in ("receiver", "groupKey") if (said := _text(body.get(name)))}
        text = "the Alertmanager left alerts of this group out: raise max_alerts where it is sent"
        found.append(AlertEvent(name="AlertsLeftOut", labels={**labels, "left_out": str(left_out)}, text=text))
    return found


def alert_text(alert: AlertEvent) -> str:
    """Return an alert as lines of `name: value`; what changes from firing to firing (times, ids, links) is left out.

    Where its text repeats a label, the label's name stands, as the rule has it: "disk of <instance> is full" is one
    alert on every host.
    """
    labels = alert.labels if "alertname" in alert.labels else {"alertname": alert.name, **alert.labels}
    values = {value: f"<{name}>" for name, value in labels.items() if name not in _OF_THE_RULE and len(value) > 1}
    longest = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))
    text = re.sub(rf"(?<!\w)(?:{longest})(?!\w)", lambda to: values[to[0]], alert.text) if values else alert.text
    lines = [*(f"{name}: {value}" for name, value in labels.items()), *text.splitlines()]
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


def _is_of(shape: Shape, body: Any) -> bool:
    return all(_at(body, path) not in (None, "") for path in shape.known_by)


def _read(shape: Shape, body: Any) -> Iterator[AlertEvent]:
    """Yield the alerts of a body of a shape; what is no object, has no name, or says neither of an alert, is none."""
    items = _at(body, shape.alerts) if shape.alerts else body
    for item in items if isinstance(items, list) else [items]:
        words = {_text(_of(item, body, path)).lower() for path in shape.resolved}
        resolved = not shape.ends.isdisjoint(words)
        tells = isinstance(item, dict) and (resolved or not shape.fires or not shape.fires.isdisjoint(words))
        if tells and (name := _said(item, body, shape.name)):
            yield _alert(shape, item, body, name[:MAX_NAME_CHARACTERS], resolved)


def _alert(shape: Shape, item: dict[str, Any], body: Any, name: str, resolved: bool) -> AlertEvent:
    labels = dict(pair for path in shape.labels for pair in _labels(_of(item, body, path)))
    about = next((labels[label] for label in ABOUT if labels.get(label)), None)
    lines: dict[str, str] = {}
    for path in shape.text:  # which of two says it better is not known: both stand, each under the field's own name
        found = _of(item, body, path)
        fields = found if isinstance(found, dict) else {path.rpartition(".")[2]: found}
        for field, line in fields.items():
            lines.setdefault(str(field), _text(line))
    key = [_text(_of(item, body, path)) for path in shape.key]
    return AlertEvent(
        name=name,
        key="@".join(part for part in key if part) or None,
        group=_said(item, body, shape.group) or None,
        resolved=resolved,
        target=(_said(item, body, shape.target) or about or "")[:MAX_NAME_CHARACTERS] or None,
        severity=_said(item, body, shape.severity)[:MAX_NAME_CHARACTERS],
        labels=dict(list(labels.items())[:MAX_LABELS]),
        text="\n".join(f"{field}: {' '.join(line.split())}" for field, line in lines.items() if line),
        link=next((each for path in shape.link if _is_web(each := _text(_of(item, body, path)))), None),
        said_at=_moment(_first(item, body, shape.until if resolved else shape.since)),
    )


def _of(item: Any, body: Any, path: str) -> Any:
    return _at(body, path[1:]) if path.startswith("/") else _at(item, path)


def _at(value: Any, path: str) -> Any:
    """Return what stands at a path, None where nothing does; text that holds an object is read."""
    for step in path.split("."):
        if isinstance(value, str) and value.lstrip().startswith("{"):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                return None
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _first(item: Any, body: Any, paths: Sequence[str]) -> Any:
    return next((found for path in paths if (found := _of(item, body, path)) not in (None, "")), None)


def _said(item: Any, body: Any, paths: Sequence[str]) -> str:
    return next((text for path in paths if (text := _text(_of(item, body, path)))), "")


def _text(value: Any) -> str:
    """Return a plain value as text; what is nested says nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()[:MAX_VALUE_CHARACTERS] if isinstance(value, str | int | float) else ""


def _is_web(link: str) -> bool:
    """Say whether a text is what may stand behind a link: no script that runs where somebody opens it."""
    return link.lower().startswith(("http://", "https://"))


def _labels(value: Any) -> Iterator[tuple[str, str]]:
    """Yield labels: of an object, or of a list or a text of pairs."""
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, Mapping):
        pairs: list[tuple[Any, Any]] = list(value.items())
    else:
        pairs = [_pair(each) for each in value] if isinstance(value, list) else []
    for name, said in pairs:
        if _text(name) and _text(said):
            yield _text(name)[:MAX_NAME_CHARACTERS], _text(said)


def _pair(value: Any) -> tuple[Any, Any]:
    match value:
        case [name, said]:
            return name, said
        case {"name": name, "value": said} | {"key": name, "value": said} | {"tag": name, "value": said}:
            return name, said
        case str() if ":" in value:
            name, _, said = value.partition(":")
            return name, said
        case _:
            return None, None


def _moment(value: Any) -> Micros | None:
    """Return a time of ISO 8601 or of seconds, milliseconds or microseconds since 1970; None where it is none."""
    text = _text(value)
    try:
        if _DIGITS.fullmatch(text):
            number = int(text)
            while number < 10**15:  # seconds have ten digits, milliseconds thirteen
                number *= 1_000
            return number if number < 10**16 and int(text) >= 10**9 else None
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * SECOND_MICROS) if 1970 < moment.year < MAXYEAR else None  # the year 1 says: not yet
