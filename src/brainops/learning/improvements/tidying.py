"""What of memory can be set aside, so that it stays worth reading? Old successes nobody asked for, and repetitions.

A plan says what it would do and stands for 24 hours; then it applies itself unless it is vetoed. It names a moment
and a rule, not a list: what was retrieved or valued meanwhile stays. Nothing is removed: archived memories are
restored, folded occurrences are put back.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime

from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import InStore, draft
from brainops.memory.correction import stands_again
from brainops.memory.draft import words_of_row
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.memory.redaction.redact import redact
from brainops.statistics.always_valid import Measured
from brainops.store import Transaction, acts
from brainops.types import (
    JSON,
    Actor,
    Improvement,
    ImprovementKind,
    ImprovementState,
    MemoryState,
    Micros,
)
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS, SECOND_MICROS

STANDS_MICROS = DAY_MICROS  # that a plan can be vetoed before it applies itself
ARCHIVED_AFTER_MICROS = 90 * DAY_MICROS  # a quarter without anybody asking for it
FOLDED_AFTER_MICROS = 30 * DAY_MICROS
MOST_ARCHIVED = 500  # of one plan: about a second of one transaction
MOST_FOLDED = 200  # memories of one plan
FEWEST = 10  # to archive or fold; a plan for less is not worth a person's attention
FIRST_KEPT, LAST_KEPT = 3, 7  # occurrences that stay as examples: how it began, and how it is now
BROUGHT_BACK = 0.1  # of what was archived: more, and the plan was wrong
EXAMPLES = 5

ARCHIVE, FOLD = "archive", "fold"


class MemoryPlans(InStore):
    """Archives what nobody asked for, and folds repetitions to a count and examples."""

    kinds = frozenset((ImprovementKind.MEMORY,))

    def __init__(self, policy: RedactionPolicy) -> None:
        self._policy = policy

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return the plan of this month, where there is enough to set aside."""
        with work.context.store.read() as tx:
            found = (_archive(tx, work), _fold(tx, work))
        return [each for each in found if each is not None]

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return `after` where it set something aside, else `before`."""
        count = tx.learning.set_aside_count(improvement.id)["set_aside"]
        return improvement.after if count else improvement.before

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Set aside what the plan's rule still holds for, or put all of it back."""
        plan = improvement.after
        assert isinstance(plan, dict)
        if value == improvement.before:
            # Put back what stands here still; a memory that was purged since, or lies in a segment, is left.
            for each in tx.learning.set_aside_of(improvement.id):
                if tx.memories.key(each["memory_id"]) is None:
                    continue
                row = tx.memories.writable_row(each["memory_id"])
                if each["data"] is not None:
                    self._unfold(tx, row["id"], bytes(each["data"]))
                elif row["state"] == MemoryState.ARCHIVED and stands_again(tx, row, now):
                    tx.memories.set_state(row["id"], MemoryState.ACTIVE, MemoryState.ARCHIVED, words_of_row(row))
                    tx.also(acts.IMPROVED_RESTORE, by).append(row["id"], now, improvement=improvement.id)
            tx.learning.put_back(improvement.id)
        elif ARCHIVE in plan:
            self._archive(tx, improvement, plan[ARCHIVE], by, now)
        else:
            self._fold(tx, improvement, plan[FOLD])

    def refused(self, tx: Transaction, improvement: Improvement, *, by_itself: bool) -> str | None:
        """A plan for which nothing is left does nothing."""
        plan = improvement.after
        assert isinstance(plan, dict)
        if ARCHIVE in plan:
            left = tx.learning.archivable(plan[ARCHIVE], 1)
        else:
            left = tx.learning.foldable(plan[FOLD], FIRST_KEPT + LAST_KEPT, 1)
        return None if left else "nothing is left that it would set aside"

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return how often memory was asked since, and take it as wrong where people bring things back."""
        if improvement.state is not ImprovementState.APPLIED:
            return Measured()
        counts = tx.learning.set_aside_count(improvement.id)
        asked = tx.operations.guidance_count(improvement.applied_at or 0)
        plan = improvement.after
        archives = isinstance(plan, dict) and ARCHIVE in plan
        back = int(counts["active"]) if archives else 0
        wrong = back > BROUGHT_BACK * counts["set_aside"]
        figures: dict[str, JSON] = {"set_aside": counts["set_aside"], "brought_back": back, "asked": asked}
        worse = f"people brought back {back} of {counts['set_aside']}" if wrong else ""
        return Measured(counted=asked, figures=figures, worse=worse)

    def _archive(self, tx: Transaction, improvement: Improvement, before: Micros, by: Actor, now: Micros) -> None:
        for each in tx.learning.archivable(before, MOST_ARCHIVED):
            row = tx.memories.writable_row(each["id"])
            tx.memories.set_state(row["id"], MemoryState.ARCHIVED, MemoryState.ACTIVE, words_of_row(row))
            tx.learning.set_aside(improvement.id, row["id"], None)
            tx.also(acts.IMPROVED_ARCHIVE, by).append(row["id"], now, improvement=improvement.id)

    def _fold(self, tx: Transaction, improvement: Improvement, before: Micros) -> None:
        for each in tx.learning.foldable(before, FIRST_KEPT + LAST_KEPT, MOST_FOLDED):
            rows = [dict(row) for row in tx.learning.old_occurrences(each["key"], before)]
            after, until = rows[FIRST_KEPT - 1]["at"], rows[-LAST_KEPT]["at"]
            folded = [row for row in rows if after < row["at"] < until]
            if tx.learning.fold_occurrences(each["key"], after, until):
                data = zlib.compress(json.dumps(folded, ensure_ascii=False).encode())
                tx.learning.set_aside(improvement.id, each["id"], data)

    def _unfold(self, tx: Transaction, memory_id: str, data: bytes) -> None:
        for row in json.loads(zlib.decompress(data)):
            detail = None if row["detail"] is None else redact(row["detail"], self._policy).text
            tx.memories.put_back_occurrence({**row, "memory_id": memory_id, "detail": detail})


def _archive(tx: Transaction, work: CycleWork) -> Improvement | None:
    before = _month_begin(work.to_at) - ARCHIVED_AFTER_MICROS
    rows = tx.learning.archivable(before, MOST_ARCHIVED)
    if len(rows) < FEWEST:
        return None
    characters = sum(row["characters"] for row in rows)
    return draft(
        ImprovementKind.MEMORY,
        f"memory:{ARCHIVE}:{_month(work.to_at)}",
        "memory",
        f"archive {len(rows)} old successes",
        f"each is older than {ARCHIVED_AFTER_MICROS // DAY_MICROS} days and was never retrieved",
        before={ARCHIVE: None},
        after={ARCHIVE: before},
        at=work.now,
        evidence={
            "memories": len(rows),
            "characters": characters,
            "examples": [row["title"] for row in rows[:EXAMPLES]],
        },
        basis=len(rows),
        apply_at=work.now + STANDS_MICROS,
    )


def _fold(tx: Transaction, work: CycleWork) -> Improvement | None:
    before = _month_begin(work.to_at) - FOLDED_AFTER_MICROS
    rows = tx.learning.foldable(before, FIRST_KEPT + LAST_KEPT, MOST_FOLDED)
    occurrences = sum(row["seen"] - FIRST_KEPT - LAST_KEPT for row in rows)
    if occurrences < FEWEST:
        return None
    return draft(
        ImprovementKind.MEMORY,
        f"memory:{FOLD}:{_month(work.to_at)}",
        "memory",
        f"fold {counted(occurrences, 'repetition')} of {counted(len(rows), 'memory')}",
        f"each memory keeps its count, its first {FIRST_KEPT} and its last {LAST_KEPT} occurrences as examples",
        before={FOLD: None},
        after={FOLD: before},
        at=work.now,
        evidence={
            "memories": len(rows),
            "occurrences": occurrences,
            "examples": [row["title"] for row in rows[:EXAMPLES]],
        },
        basis=occurrences,
        apply_at=work.now + STANDS_MICROS,
    )


def _month(at: Micros) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m")


def _month_begin(at: Micros) -> Micros:
    """Return the first moment of a month: every day of it finds the same plan."""
    month = datetime.fromtimestamp(at / 1e6, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int(month.timestamp()) * SECOND_MICROS
