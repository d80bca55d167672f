"""What do logs and metrics say: which lines, how many, what is unusual, and what is to blame?"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.learning.part import Part
from brainops.memory.context import MemoryContext
from brainops.types import Cycle, Micros, Precursor


class Signals:
    """The logs and metrics that a namespace was given."""

    def __init__(self, context: MemoryContext) -> None:
        self._context = context

    def parts(self, cycle: Cycle) -> Sequence[Part]:
        """Return what a cycle does with signals."""
        return ()

    def precursors(self, now: Micros) -> Sequence[Precursor]:
        """Return what was seen lately after which operations fail more often than usual; a cheap look-up."""
        return ()
