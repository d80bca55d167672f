"""Who has to be told of what was learnt? Every insight is handed on once, whichever run finds that it was not."""

from __future__ import annotations

from collections.abc import Sequence

from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.procedures.consent.outbox import Outbox
from brainops.store import Transaction
from brainops.types import Cycle, NoticeKind, Section
from brainops.types.limits import SHOWN

MOST_TOLD = 500  # in one run; the rest is of the next
NAMED = 20  # titles in one notice


def parts(cycle: Cycle, notices: Outbox) -> Sequence[Part]:
    """Return the part that hands on what was learnt."""
    what = "Hands on what was learnt since the last hour: into every agent's guidance, and as one notice."
    found = Part(name="distribution", what=what, find=lambda work: _spread(work, notices))
    return [found] if cycle is Cycle.HOURLY else ()


def _spread(work: CycleWork, notices: Outbox) -> Found:
    with work.context.store.read() as tx:
        untold = tx.learning.untold(MOST_TOLD)

    def write(tx: Transaction) -> None:
        tx.learning.tell([row["id"] for row in untold], work.to_at)
        if untold:
            titles = [row["title"] for row in untold[:NAMED]]
            notices.put(tx, NoticeKind.INSIGHTS_FOUND, f"{len(untold)} new insights", insights=titles)

    lines = tuple(f"told: {row['title']}" for row in untold[:SHOWN])
    section = Section(title="Handed on", lines=lines, figures={"told": len(untold)})
    return Found(section=section, write=write)
