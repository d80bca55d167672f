"""The founding module name of `brainops.framework`'s agents and workflows."""

from brainops.framework import MemoryAwareAIOrchestrator

__all__ = ["MemoryAwareAIOrchestrator"]
