"""What does a part of a learning cycle get, and what does it hand back?

A part only looks: what it finds is written by the cycle, in the one transaction that also moves the cycle's mark. What
it finds is a function of the record up to `work.to_at`, never of earlier findings: so that a cycle that was killed, ran
late or ran twice comes to the same. What has to be counted once is chosen by a marker that `write` sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from brainops.memory.context import MemoryContext
from brainops.store import Transaction
from brainops.types import Cycle, Insight, Micros, Section

Write = Callable[[Transaction], Sequence[str] | None]
"""Writes what a part found; returns the ids of improvements that it proposed or moved, if any."""


class CycleWork(Struct, frozen=True, kw_only=True):
    """One round of a cycle: everything that ended before `to_at` counts; since `from_at` nobody went through it.

    `held` is why nothing may change by itself here (it was stopped, or the autonomy is not auto); None where it may.
    `before` is what the parts of this run found before this one.
    """

    context: MemoryContext
    cycle: Cycle
    from_at: Micros
    to_at: Micros
    now: Micros
    held: str | None = None
    before: tuple[Found, ...] = ()


class Found(Struct, frozen=True, kw_only=True):
    """What a part found: what a person reads, the insights, and what else is to be written with them.

    `complete` says that the insights are all that hold at present: those of this part that are not among them ended.
    `changes` says that `write` changes how the system acts: it is not called where that is stopped.
    """

    section: Section
    insights: tuple[Insight, ...] = ()
    write: Write | None = None
    complete: bool = False
    changes: bool = False


class Part(Struct, frozen=True, kw_only=True):
    """One thing that a cycle does: `what` is the sentence by which people know it; `find` only reads."""

    name: str
    what: str
    find: Callable[[CycleWork], Found]
