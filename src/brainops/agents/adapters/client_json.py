"""What does a coding agent's JSON say: its last word, what it cost, and whether it failed? (pure)

Each program has its own form, and changes it: one object, a list, or a line of JSON an event. So it is read by what the
fields are called, and what is not known is passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from brainops.memory.recognition.error_events import parse_error
from brainops.types import ErrorEvent

TEXTS = ("result", "response", "text", "answer", "output", "message", "content")
COSTS = ("total_cost_usd", "total_cost", "cost_usd", "cost")
PARTS = ("item", "part", "data")  # in which an event carries what it is about
FAILURES = frozenset(("error", "turn.failed", "failed", "result.error"))
ENDS = frozenset(("result", "turn.completed"))  # after which an earlier error was one that it got over
SPOKEN = frozenset(("agent_message", "text", "assistant", "assistant.message", "message"))
MAX_ERROR_CHARACTERS = 4_000


class ClientAnswer(Struct, frozen=True, kw_only=True):
    """What an agent says of itself. `error` is empty where it says that it succeeded; `kind` is the error's type."""

    text: str = ""
    cost: float | None = None
    error: str = ""
    kind: str = ""


def read_answer(printed: str) -> ClientAnswer:
    """Return what an agent printed as its answer; an answer without text where it printed no JSON that says anything.

    Later events count over earlier ones; the costs of several are added, except where one states the total.
    """
    answer, spent, total = ClientAnswer(), 0.0, None
    for event in _events(printed):
        text, error = _text(event), _error(event)
        total = _cost(event, COSTS[:2]) or total
        spent += _cost(event, COSTS[2:]) or 0.0
        if error:
            answer = ClientAnswer(text=text or answer.text, error=error[:MAX_ERROR_CHARACTERS], kind=_kind(event))
        elif str(event.get("type")) in ENDS or not answer.error:
            answer = ClientAnswer(text=text or answer.text)
        else:
            answer = ClientAnswer(text=text or answer.text, error=answer.error, kind=answer.kind)
    cost = total if total is not None else spent or None
    return ClientAnswer(text=answer.text, cost=cost, error=answer.error, kind=answer.kind)


def error_told(said: str, kind: str) -> ErrorEvent:
    """Return the error that a text tells of, as memory knows it from elsewhere; else the text as one of this kind."""
    event = parse_error(said)
    return event if event.type else ErrorEvent(type=kind, message=said[:MAX_ERROR_CHARACTERS])


def told(event: Mapping[str, Any]) -> ClientAnswer:
    """Return what one object of JSON says of a task: whether it failed, its words, and what it cost."""
    error = _error(event)
    cost = _cost(event, COSTS)
    return ClientAnswer(
        text=_text(event), cost=cost, error=error[:MAX_ERROR_CHARACTERS], kind=_kind(event) if error else ""
    )


def _events(printed: str) -> Iterator[Mapping[str, Any]]:
    whole = _parsed(printed)
    values = [whole] if whole is not None else [_parsed(line) for line in printed.splitlines()]
    for value in values:
        yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Mapping))


def _parsed(text: str) -> Any:
    text = text.strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(event: Mapping[str, Any]) -> str:
    """Return what an event lets the agent say: of a stream only what is said to be the agent's own words."""
    part = _part(event)
    if "type" in event and str(part.get("type", event["type"])) not in SPOKEN | ENDS:
        return ""
    for each in (part, event):
        for name in TEXTS:
            if (value := each.get(name)) and (text := _words(value)):
                return text
    return ""


def _words(value: Any) -> str:
    match value:
        case str():
            return value.strip()
        case Mapping():
            return _words(value.get("text") or value.get("content"))
        case list():
            return "\n".join(filter(None, (_words(each) for each in value if isinstance(each, (str, Mapping)))))
    return ""


def _part(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((event[name] for name in PARTS if isinstance(event.get(name), Mapping)), event)


def _error(event: Mapping[str, Any]) -> str:
    """Return what an event says went wrong; nothing where it says nothing of the kind."""
    said = event.get("error")
    if said:
        return _error_text(said)
    failed = event.get("is_error") is True or str(event.get("type")) in FAILURES
    failed = failed or event.get("success") is False or event.get("ok") is False
    if not failed and str(event.get("subtype", "")).startswith("error"):
        failed = True
    return (_text(event) or _error_text(event.get("message")) or _kind(event)) if failed else ""


def _error_text(said: Any) -> str:
    if isinstance(said, Mapping):
        inner = said.get("data")
        told = said.get("message") or (inner.get("message") if isinstance(inner, Mapping) else None)
        return str(told or said.get("name") or json.dumps(said, default=str))
    return str(said or "")


def _kind(event: Mapping[str, Any]) -> str:
    said = event.get("error")
    named = said.get("type") or said.get("name") or said.get("code") if isinstance(said, Mapping) else None
    return str(named or event.get("subtype") or event.get("type") or "AgentFailed")[:100]


def _cost(event: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for each in (event, _part(event)):
        for name in names:
            value = each.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0:
                return float(value)
    return None
