"""What does a page know of who looks at it? Their view of the memory, the namespace, the time, and the filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.remote.verbs import verbs
from brainops.server.callers import Caller
from brainops.types import Micros
from brainops.types.times import DAY_MICROS, HOUR_MICROS

RANGES = {"1h": HOUR_MICROS, "6h": 6 * HOUR_MICROS, "24h": DAY_MICROS, "7d": 7 * DAY_MICROS, "30d": 30 * DAY_MICROS}
USUAL = "24h"
KEPT = ("namespace", "range", "since", "until")  # of a query, which every link of a page takes along
ROWS = 50  # of a list on one page


class Visit:
    """Somebody who looks at a page: `brain` is their view, `given` what the path names, `query` the filters."""

    def __init__(
        self, caller: Caller, path: str, given: Mapping[str, str], query: Mapping[str, str], now: Micros, csrf: str
    ) -> None:
        self.brain: Brain = caller.brain.acting(deadline=30.0)
        self.caller = caller
        self.path = path
        self.given = given
        self.query = query
        self.now = now
        self.csrf = csrf

    @property
    def namespace(self) -> str:
        """Where they are."""
        return self.brain.settings.namespace

    @cached_property
    def namespaces(self) -> list[str]:
        """Where they may be."""
        read = self.brain.people.namespaces(may=self.caller.role_in)
        return [each.name for each in read]

    @property
    def range(self) -> str:
        """The name of the stretch of time; "" for one that was drawn on a chart."""
        if self.query.get("since"):
            return ""
        return self.query.get("range") or USUAL

    @cached_property
    def since(self) -> Micros:
        """When the stretch of time begins."""
        if self.range == "":
            return self._time("since")
        if self.range not in RANGES:
            raise InvalidInput(f"there is no range {self.range[:40]!r}; there is {', '.join(RANGES)}")
        return self.now - RANGES[self.range]

    @cached_property
    def until(self) -> Micros:
        """When it ends."""
        return self._time("until") if self.range == "" and self.query.get("until") else self.now

    def link(self, path: str = "", /, **changes: str | None) -> str:
        """Return the address of a page that stays where and when this one is; without a path, this one with changes.

        A change of None takes a filter away. Other filters than these begin at the first rows again.
        """
        kept = {name: said for name, said in self.query.items() if not path or name in KEPT}
        if not path and "after" not in changes and "before" not in changes:
            kept = {name: said for name, said in kept.items() if name not in ("after", "before")}
        if changes.get("range"):
            kept = {name: said for name, said in kept.items() if name not in ("since", "until")}
        said = {name: value for name, value in {**kept, **changes}.items() if value and name != "part"}
        return (path or self.path) + (f"?{urlencode(said)}" if said else "")

    @property
    def filters(self) -> Mapping[str, str]:
        """Which rows the page shows, whatever the place and the time: what the query says besides these."""
        said = (*KEPT, "after", "before", "part", "query")
        return {name: value for name, value in self.query.items() if name not in said}

    @property
    def paging(self) -> Any:
        """The cursors, as every list of the memory takes them."""
        return {name: self.query.get(name) or None for name in ("after", "before")}

    def may(self, verb: str) -> bool:
        """Say whether they have the role for a verb."""
        return self.caller.role.covers(verbs()[verb].role)

    def _time(self, name: str) -> Micros:
        said = self.query.get(name, "")
        if not re.fullmatch(r"\d{1,17}", said):
            raise InvalidInput(f"{name} is microseconds since 1970, not {said[:40]!r}")
        return int(said)
