"""The founding module name of `brainops.framework.memory_integration`."""

from brainops.framework import MemoryIntegration, memory_integration

__all__ = ["MemoryIntegration", "memory_integration"]
