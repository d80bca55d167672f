"""How do instances share what they learnt: signed, redacted, and taken in as external?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog
from brainops.procedures.fixes.fixes import Fixes


class Sharing:
    """Bundles of learnings that leave and arrive."""

    def __init__(self, context: MemoryContext, procedures: Catalog, fixes: Fixes) -> None:
        self._context = context
        self._procedures = procedures
        self._fixes = fixes
