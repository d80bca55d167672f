"""What does somebody see of a memory: the briefing of a session, the figures of health, the report of a week?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext


class Looking:
    """The part of a Brain that shows how it is."""

    _context: MemoryContext
