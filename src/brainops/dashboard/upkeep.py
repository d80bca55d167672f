"""Is it working, who did what, and who may come in? Health, the audit trail, keys and people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from brainops.dashboard.visit import ROWS, Visit
from brainops.types import Role
from brainops.wire import to_json

EXPORTED_A_PAGE = 500
DAYS = 30


def health(visit: Visit) -> Mapping[str, Any]:
    """Return whether the memory works: what came last, what waits, what grows, and its figures with their formulas."""
    brain = visit.brain

    @cache
    def status() -> Mapping[str, Any]:
        found: Mapping[str, Any] = brain.upkeep.status()
        return found

    return {
        "status": status,
        "figures": lambda: brain.health.figures(days=DAYS),
        "workers": lambda: brain.workers.list(),
        "cycles": lambda: brain.learning.standing(),
        "days": DAYS,
    }


def audit(visit: Visit) -> Mapping[str, Any]:
    """Return the audit trail: of an act, of an actor, of a subject, of a time."""
    wanted: dict[str, Any] = {**visit.paging, **trail_of(visit)}
    return {"found": lambda: visit.brain.upkeep.trail(limit=ROWS, **wanted)}


def trail_of(visit: Visit) -> dict[str, Any]:
    """Return what of the trail an address asks for; of a time only where somebody chose one."""
    wanted: dict[str, Any] = {name: visit.query.get(name, "").strip() or None for name in ("act", "by", "subject")}
    if visit.query.get("range") or visit.query.get("since"):
        wanted["since"] = visit.since
        if visit.query.get("until"):
            wanted["until"] = visit.until
    return wanted


def exported(visit: Visit) -> Iterator[bytes]:
    """Yield the lines of the trail that a page shows, all of them, as JSON, the newest first."""
    after, wanted = None, trail_of(visit)
    while True:
        page = visit.brain.upkeep.trail(limit=EXPORTED_A_PAGE, after=after, **wanted)
        for entry in page:
            yield to_json(entry) + b"\n"
        after = page.next
        if after is None:
            return


def access(visit: Visit) -> Mapping[str, Any]:
    """Return the keys and the people with their roles; only who looks after the memory sees them."""
    brain = visit.brain
    return {
        "keys": lambda: brain.keys.list(limit=ROWS),
        "people": lambda: brain.people.list(),
        "roles": [each.value for each in Role],
    }
