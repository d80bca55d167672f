"""Which improvements are there, where does each stand, and which work was given to what is tried?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Unpack

from msgspec.structs import asdict

from brainops.store.database import Row, Session
from brainops.store.paging import Beside, paged
from brainops.store.rows import value_of
from brainops.types import JSON, Improvement, Micros
from brainops.types.page import Page

UNDER_WAY = 1_000  # that are looked at in an hour; each is one change of the system, so more is no learning any more


class ImprovementRows:
    """The improvements of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, improvement: Improvement) -> bool:
        """Keep an improvement; return False where one of its key is open."""
        return self._session.run("improvement_insert", **improvement_row(improvement)) > 0

    def get(self, improvement_id: str) -> Improvement | None:
        """Return one readable improvement."""
        row = self._session.one("improvement_get", id=improvement_id)
        return improvement_of(row) if row else None

    def open(self, key: str) -> Improvement | None:
        """Return the improvement of a key that has not ended."""
        row = self._session.one("improvement_open", key=key)
        return improvement_of(row) if row else None

    def last(self, key: str) -> tuple[Improvement, int | None] | None:
        """Return the newest improvement of a key, and what it rested on when it was decided."""
        row = self._session.one("improvement_last", key=key)
        return (improvement_of(row), row["decided_basis"]) if row else None

    def under_way(self) -> list[Improvement]:
        """Return what has not ended in the written namespace, oldest first."""
        return [improvement_of(row) for row in self._session.all("improvement_under_way", limit=UNDER_WAY)]

    def tried(self, subject: str) -> Improvement | None:
        """Return what is tried beside what it would replace, or watched beside what it replaced, of a subject."""
        row = self._session.one("improvement_tried", subject=subject)
        return improvement_of(row) if row else None

    def list(self, *, kind: str | None, state: str | None, limit: int, **beside: Unpack[Beside]) -> Page[Improvement]:
        """Return improvements, newest first."""
        return paged(self._session, "improvement_list", improvement_of, limit, **beside, kind=kind, state=state)

    def move(self, seen: Improvement, now: Improvement) -> bool:
        """Move an improvement on; return False where somebody else did first."""
        row = improvement_row(now)
        names = "id state outcome by_itself basis evidence probability_better trial_at apply_at applied_at ended_at"
        values = {name: row[name] for name in names.split()}
        return self._session.run("improvement_move", **values, from_state=seen.state.value) > 0

    def refresh(self, improvement: Improvement) -> bool:
        """Say anew what is known of an improvement; return False where it has been moved on."""
        row = improvement_row(improvement)
        names = "id state title reason before after evidence probability_better trust basis"
        return self._session.run("improvement_refresh", **{name: row[name] for name in names.split()}) > 0

    def assign(self, improvement_id: str, unit: str, *, challenger: bool, share: int, at: Micros) -> None:
        """Say that a unit of work was given to what is tried, which had `share` of a hundred, or to the other."""
        values = {"improvement_id": improvement_id, "unit": unit, "challenger": int(challenger), "share": share}
        self._session.run("improvement_trial_insert", **values, at=at)

    def trial_runs(self, improvement_id: str, *, share: int, reference: Micros) -> Sequence[Row]:
        """Return how the runs of each side ended: `runs` by `challenger` and `state`, `quick` those within a time."""
        return self._session.all(
            "improvement_trial_runs", improvement_id=improvement_id, share=share, reference=reference
        )

    def steps(self, procedure: str, digest: str, *, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return how the steps of a version went in its newest runs that ended in a time."""
        values = {"procedure_name": procedure, "procedure_hash": digest, "since": since, "until": until}
        return self._session.all("improvement_steps", **values, limit=limit)

    def fixes(self, fix_id: str | None = None, *, since: Micros | None = None) -> dict[str, tuple[int, int]]:
        """Return how often each fix was verified and contradicted since it was last demoted, or since a time.

        Only what was verified by a check, a person, or the operation of somebody who is no agent.
        """
        values = {"fix_id": fix_id, "since": since or 0, "all_since": int(since is not None)}
        rows = self._session.all("improvement_fixes", **values)
        return {row["fix_id"]: (int(row["verified"]), int(row["contradicted"])) for row in rows}

    def judged(self, *, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return the operations, newest first, that succeeded by following a memory: `id`, and the memory's `key`."""
        return self._session.all("improvement_judged", since=since, until=until, limit=limit)

    def agents(self, *, since: Micros, until: Micros) -> Sequence[Row]:
        """Return how each `agent` did at each `task_class`: `attempts` and `succeeded`, as was seen or verified."""
        return self._session.all("improvement_agents", since=since, until=until)


def improvement_row(improvement: Improvement) -> dict[str, Any]:
    """Return the values of an improvement."""
    return {
        **asdict(improvement),
        "kind": improvement.kind.value,
        "state": improvement.state.value,
        "trust": improvement.trust.value,
        "by_itself": int(improvement.by_itself),
        "before": _text(improvement.before),
        "after": _text(improvement.after),
        "evidence": _text(dict(improvement.evidence)),
    }


def improvement_of(row: Row) -> Improvement:
    """Read a row as an Improvement."""
    return value_of(Improvement, row, "before", "after", "evidence")


def _text(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
