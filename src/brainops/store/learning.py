"""How far did each learning cycle go, what did it report, and what was learnt?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from brainops.store.memories import memory_of
from brainops.store.paging import paged
from brainops.store.rows import value_of
from brainops.types import Cycle, CycleReport
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.store.database import Row, Session
    from brainops.store.paging import Beside
    from brainops.types import Memory, Micros
    from brainops.types.page import Page

PAGE_ROWS = 5_000  # operations that are read, or marked, at a time


class LearningRows:
    """The learning of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def cycles(self) -> dict[Cycle, Row]:
        """Return how far each cycle of the written namespace went; those that never ran are not in it."""
        return {Cycle(row["cycle"]): row for row in self._session.all("cycle_list")}

    def claim(self, cycle: Cycle, owner: str, *, now: Micros, to_at: Micros, lease: Micros) -> Row | None:
        """Take a cycle that is due and that nobody is at; return its row with the new epoch, None where it is not."""
        self._session.run("cycle_enter", cycle=cycle.value)
        taken = self._session.run(
            "cycle_claim", cycle=cycle.value, owner=owner, now=now, to_at=to_at, lease_until=now + lease
        )
        return self._session.one("cycle_get", cycle=cycle.value) if taken else None

    def renew(self, cycle: Cycle, owner: str, epoch: int, lease_until: Micros) -> bool:
        """Say that the owner is still at it; return False where somebody else took over."""
        given = {"cycle": cycle.value, "owner": owner, "epoch": epoch}
        return self._session.run("cycle_renew", lease_until=lease_until, **given) > 0

    def advance(self, cycle: Cycle, owner: str, epoch: int, *, now: Micros, to_at: Micros, ran_at: Micros) -> bool:
        """Move the mark and let go; return False where somebody else took over: then nothing else may be written."""
        given = {"cycle": cycle.value, "owner": owner, "epoch": epoch}
        return self._session.run("cycle_advance", now=now, to_at=to_at, ran_at=ran_at, **given) > 0

    def release(self, cycle: Cycle, owner: str, epoch: int) -> None:
        """Give a cycle up, so that the next may try at once."""
        self._session.run("cycle_release", cycle=cycle.value, owner=owner, epoch=epoch)

    def add_report(self, report: CycleReport, keep: int) -> None:
        """Keep what a cycle found, and of its reports so many: a time that a wrong clock said drops none."""
        body = {name: value for name, value in plain(report).items() if name not in _COLUMNS}
        self._session.run(
            "cycle_report_insert",
            cycle=report.cycle.value,
            to_at=report.to_at,
            from_at=report.from_at,
            ended_at=report.ended_at,
            missed=report.missed,
            body=json.dumps(body, ensure_ascii=False),
        )
        self._session.run("cycle_report_prune", cycle=report.cycle.value, keep=keep)

    def reports(self, cycle: Cycle | None, limit: int, **beside: Unpack[Beside]) -> Page[CycleReport]:
        """Return the reports of a cycle, or of all, newest first."""
        wanted = cycle.value if cycle else None
        return paged(self._session, "cycle_report_list", report_of, limit, **beside, cycle=wanted)

    def insight(self, source_key: str) -> Row | None:
        """Return what was found under a key before, whatever became of it since."""
        return self._session.one("insight_of_source", source_key=source_key)

    def end_insight(self, memory_id: str, now: Micros) -> bool:
        """Say that an insight holds no longer; return False where it had ended before."""
        return self._session.run("insight_end", id=memory_id, now=now) > 0

    def reopen_insight(self, memory_id: str) -> None:
        """Say that an insight holds again."""
        self._session.run("insight_reopen", id=memory_id)

    def unlearnt(self, until: Micros, after: int) -> Sequence[Row]:
        """Return the next operations that ended before a time and that no cycle has looked at."""
        return self._session.all("operation_unlearnt", until=until, after=after, limit=PAGE_ROWS)

    def mark_learnt(self, keys: Sequence[int], at: Micros) -> int:
        """Say that these operations were looked at; return how many had not been."""
        pages = (keys[first : first + PAGE_ROWS] for first in range(0, len(keys), PAGE_ROWS))
        return sum(self._session.run("operation_learnt", keys=list(page), at=at) for page in pages)

    def hours(self, since: Micros, until: Micros) -> Sequence[Row]:
        """Return how the operations of each name and target ended, hour by hour."""
        return self._session.all("operation_hours", since=since, until=until)

    def examples(self, name: str, target: str | None, since: Micros, until: Micros, limit: int) -> tuple[str, ...]:
        """Return the ids of the latest operations of a name and target that failed."""
        rows = self._session.all("operation_examples", name=name, target=target, since=since, until=until, limit=limit)
        return tuple(row["id"] for row in rows)

    def errors_known(self, fingerprints: Sequence[str]) -> Sequence[Row]:
        """Return the memories of these errors, and when one that was looked at before was seen last."""
        return self._session.all("errors_known", fingerprints=list(fingerprints)) if fingerprints else []

    def errors_captured(self, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return the errors that became memories in a stretch of time."""
        return self._session.all("errors_captured", since=since, until=until, limit=limit)

    def usual(self, name: str, limit: int) -> Row:
        """Return how many of an operation's last ones succeeded, and their mean duration."""
        found = self._session.one("operation_usual", name=name, limit=limit)
        assert found is not None
        return found

    def insights(self, limit: int, **beside: Unpack[Beside]) -> Page[Memory]:
        """Return the insights that hold at present, what matters most first."""
        return paged(self._session, "insight_list", memory_of, limit, **beside)

    def untold(self, limit: int) -> Sequence[Row]:
        """Return insights that nobody was told of."""
        return self._session.all("insight_untold", limit=limit)

    def tell(self, memory_ids: Iterable[str], at: Micros) -> None:
        """Say that somebody was told of these insights."""
        self._session.many("learning_tell", ({"memory_id": each, "at": at} for each in memory_ids))

    def totals(self, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return how the operations of each name and target ended, the most frequent first."""
        return self._session.all("operation_totals", since=since, until=until, limit=limit)

    def after_failures(self, name: str, target: str | None, since: Micros, until: Micros, limit: int) -> Sequence[Row]:
        """Return the operations of a name and target that succeeded since a time, oldest first."""
        given = {"name": name, "target": target, "since": since, "until": until, "limit": limit}
        return self._session.all("operation_after_failures", **given)

    def review(self, what: str, since: Micros, until: Micros) -> Sequence[Row]:
        """Return how each "run" (of a procedure), "fix", "rule" or "agent" fared: `name`, `ended`, `succeeded`."""
        return self._session.all(f"{what}_review", since=since, until=until)

    def archivable(self, before: Micros, limit: int) -> Sequence[Row]:
        """Return old successes that nobody ever retrieved or valued."""
        return self._session.all("memory_archivable", before=before, limit=limit)

    def foldable(self, before: Micros, least: int, limit: int) -> Sequence[Row]:
        """Return memories with more than so many old occurrences, those with the most first."""
        return self._session.all("memory_foldable", before=before, least=least, limit=limit)

    def old_occurrences(self, memory_key: int, before: Micros) -> Sequence[Row]:
        """Return when a memory was seen again before a time, oldest first."""
        return self._session.all("occurrence_old", memory_key=memory_key, before=before)

    def fold_occurrences(self, memory_key: int, after: Micros, before: Micros) -> int:
        """Take the occurrences between two moments out; return how many."""
        return self._session.run("occurrence_fold", memory_key=memory_key, after=after, before=before)

    def set_aside(self, improvement_id: str, memory_id: str, data: bytes | None) -> None:
        """Keep what an improvement archived, or the occurrences that it folded."""
        given = {"improvement_id": improvement_id, "memory_id": memory_id, "data": data}
        self._session.run("set_aside_insert", **given)

    def set_aside_of(self, improvement_id: str) -> Sequence[Row]:
        """Return what an improvement archived or folded: `memory_id` and `data`."""
        return self._session.all("set_aside_list", improvement_id=improvement_id)

    def set_aside_count(self, improvement_id: str) -> Row:
        """Return how much an improvement archived or folded, and how many of these memories are active."""
        found = self._session.one("set_aside_count", improvement_id=improvement_id)
        assert found is not None
        return found

    def put_back(self, improvement_id: str) -> None:
        """Say that everything was put back."""
        self._session.run("set_aside_delete", improvement_id=improvement_id)


_COLUMNS = frozenset(("cycle", "namespace", "from_at", "to_at", "ended_at", "missed"))


def report_of(row: Row) -> CycleReport:
    """Read a row as a CycleReport."""
    return value_of(CycleReport, row, **json.loads(row["body"]))
