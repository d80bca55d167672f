"""Which errors are there, how does each stand, and what helps? The list by cause, and one error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from brainops.dashboard.search import known, operations_of, text_of
from brainops.dashboard.visit import ROWS, Visit
from brainops.types import ErrorState, Suspect

TRIES = 50  # pieces of evidence, the newest
PLACES = 10


def errors(visit: Visit) -> Mapping[str, Any]:
    """Return the errors by their causes, with how many stand how; of a time only where somebody chose one."""
    brain, state = visit.brain, visit.query.get("state") or None
    since = visit.since if visit.query.get("range") or visit.query.get("since") else 0

    def choices() -> list[tuple[str, int]]:
        found = brain.causes.counts(since=since)
        return [(each.value, found[each]) for each in ErrorState]

    return {
        "choices": choices,
        "found": lambda: brain.causes.seen(state=state, since=since, limit=ROWS, **visit.paging),
    }


def error(visit: Visit) -> Mapping[str, Any]:
    """Return one error: its fixes in order of their bound, what was tried, where it came, and what may be to blame."""
    brain, found = visit.brain, known(visit, visit.given["memory_id"])
    digest = str(found.fingerprint)

    @cache
    def occurrences() -> Sequence[Mapping[str, Any]]:
        return list(reversed(brain.history(found.id).occurrences))

    def places() -> list[tuple[str, int]]:
        operations = [str(each["operation_id"]) for each in occurrences()[:ROWS] if each.get("operation_id")]
        targets = (each.start for each in operations_of(visit, operations))
        return Counter(f"{each.name} on {each.target}" if each.target else each.name for each in targets).most_common(
            PLACES
        )

    def suspects(at: int) -> list[Suspect]:
        return brain.signals.suspects(at, limit=5)

    return {
        "memory": found,
        "text": text_of(found),
        "digest": digest,
        "cause": lambda: brain.causes.show(digest),
        "suggestions": lambda: brain.fixes.suggest(digest),
        "tried": lambda: brain.evidence.list(digest, limit=TRIES),
        "next_tries": lambda: brain.evidence.next_tries(digest),
        "occurrences": lambda: occurrences()[:ROWS],
        "places": places,
        "suspects": lambda: suspects(found.last_seen_at),
        "before": lambda: suspects(found.created_at),
    }
