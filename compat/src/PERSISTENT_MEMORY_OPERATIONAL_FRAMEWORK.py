"""The founding module name of `brainops.framework`'s memory."""

from brainops.framework import MemoryType, PersistentMemoryFramework

__all__ = ["MemoryType", "PersistentMemoryFramework"]
