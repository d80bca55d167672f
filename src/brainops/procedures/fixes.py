"""Which solution is bound to an error, how sure is it, and may it be applied by itself?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog
from brainops.procedures.runner import Runner


class Fixes:
    """The fixes of one memory: attach, suggest, apply, verify, roll back, demote."""

    def __init__(self, context: MemoryContext, catalog: Catalog, runner: Runner) -> None:
        self._context = context
        self._catalog = catalog
        self._runner = runner
