"""What does the record say of how well memory does? Counts over a time, from `since` up to `until`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brainops.store.memories import memory_of
from brainops.store.operations import operation_of
from brainops.store.rows import always
from brainops.types.times import HOUR_MICROS

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.types import Memory, MemoryType, Micros, Operation

MOST_CASES = 5_000  # of a kind in a time: what a figure is computed from; more would not move it
OPENING = "session start"  # the operation by which a session is opened
FIRST_MICROS = HOUR_MICROS  # after a fix was bound: what is applied then is the remedy that had just been found
LOOKED_AT = 8  # memories for each that is shown: so many of the newest may have been set aside or replaced


class Figures:
    """The counts of one transaction. Rows that came with an export file are history and count for nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count_queries(self, kind: str, minute: int, queries: int) -> None:
        """Say that memory was asked so often in a minute."""
        self._session.run("query_count_add", kind=kind, minute=minute, queries=queries)

    def forget_queries(self, before_minute: int) -> None:
        """Remove counts of minutes long past."""
        self._session.run("query_count_prune", before=before_minute)

    def queries(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return how often memory was asked: `minute`, `kind`, `queries`."""
        return self._session.all("query_counts", since=since, until=until)

    def advice_given(self, since: Micros, until: Micros) -> Row:
        """Return how many receipts were given, and how many `advised` something."""
        return self._one("advice_given", since=since, until=until)

    def advice_followed(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return advice that was followed: `confidence`, `is_primary`, `outcome`, `evidence`, `contradicted_at`."""
        return self._session.all("advice_followed", since=since, until=until, limit=MOST_CASES)

    def work(self, since: Micros, until: Micros) -> Row:
        """Return how many `operations` ended, how many `failed`, and their `duration_us` and `cost`."""
        return always(self._session, "work_done", since=since, until=until, opening=OPENING)

    def failures(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return the failures of each `day`: `failed`, and `repeated`, those of an error that had happened before."""
        return self._session.all("failures_by_day", since=since, until=until)

    def fixes(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return how many `applications` of fixes stand in which `state`, and how many of a fix that stood before."""
        return self._session.all("fixes_fared", since=since, until=until, first=FIRST_MICROS)

    def mended(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return errors that were mended for the first time: `mended_at`, `failed_at`, `remembered_at`."""
        return self._session.all("errors_mended", since=since, until=until, limit=MOST_CASES)

    def answered(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return known errors that were answered on a target, and whether each `came_back` there."""
        return self._session.all("errors_answered", since=since, until=until, limit=MOST_CASES)

    def verdicts(self, since: Micros, until: Micros) -> dict[str, int]:
        """Return how often memories were called helpful, wrong and outdated."""
        rows = self._session.all("verdicts_given", since=since, until=until)
        return {row["verdict"]: int(row["given"]) for row in rows}

    def vector_waiting_since(self) -> Micros | None:
        """Return since when the oldest memory without a vector is there."""
        row = self._session.one("vector_waiting_since")
        return int(row["since"]) if row else None

    def run_due_since(self, now: Micros) -> Micros | None:
        """Return since when the longest waiting run is due."""
        row = self._session.one("run_due_since", now=now)
        return int(row["since"]) if row and row["since"] is not None else None

    def insights(self, since: Micros, until: Micros) -> int:
        """Return how many insights the learning cycles wrote for the first time."""
        return int(self._one("insights_found", since=since, until=until)["insights"])

    def improvements(self, since: Micros, until: Micros) -> tuple[int, dict[str, int]]:
        """Return how many improvements came into force, and how those ended that ended."""
        made = int(self._one("improvements_made", since=since, until=until)["improvements"])
        rows = self._session.all("improvements_fared", since=since, until=until)
        return made, {row["state"]: int(row["improvements"]) for row in rows}

    def attempts(self, since: Micros, until: Micros) -> Row:
        """Return how many attempts of agents `ended` and `succeeded`, with their `duration_us` and `cost`."""
        return self._one("attempts_fared", since=since, until=until)

    def attempts_judged(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return attempts that were judged: `agent`, `task_class`, `success`, `duration_us`, `charged`."""
        return self._session.all("attempts_judged", since=since, until=until, limit=MOST_CASES)

    def session(self, session_id: str) -> tuple[Row, Operation | None]:
        """Return what was done in a session, and the operation by which it was opened."""
        work = self._session.one("session_work", session_id=session_id, opening=OPENING)
        opened = self._session.one("session_opening", session_id=session_id, opening=OPENING)
        assert work is not None
        return work, operation_of(opened) if opened else None

    def newest(self, type: MemoryType, now: Micros, limit: int) -> list[Memory]:
        """Return the newest memories of a type that hold; at once, however many there are."""
        looked = limit * LOOKED_AT
        rows = self._session.all("memory_newest_of_type", type=type.value, now=now, looked=looked, limit=limit)
        return [memory_of(row) for row in rows]

    def unlearnt(self, limit: int) -> int:
        """Return how many operations no learning cycle has looked at; at most the limit."""
        found = self._session.one("unlearnt_count", limit=limit)
        return int(found["operations"]) if found else 0

    def courses(self, since: Micros, until: Micros, step: Micros) -> Sequence[Row]:
        """Return how much was `counted` in each `step` of a time: of a `line` of the charts, and `of_what` of it."""
        told = {"since": since, "until": until, "step": step}
        repeats = self._session.all("course_repeats", **told)
        again = [{"line": "repeats", "of_what": "", **row} for row in repeats]
        return [*self._session.all("course_counts", **told), *again]

    def marks(self, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return what was deployed and what changed by itself: `at`, and what is `said` of it."""
        return self._session.all("course_marks", since=since, until=until, limit=limit)

    def named(self, fingerprints: Sequence[str]) -> dict[str, str]:
        """Return the titles of errors by their fingerprints."""
        rows = self._session.all("errors_named", fingerprints=list(fingerprints)) if fingerprints else ()
        return {row["fingerprint"]: row["title"] for row in rows}

    def _one(self, name: str, since: Micros, until: Micros) -> Row:
        return always(self._session, name, since=since, until=until)
