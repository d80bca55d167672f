"""The founding module name of `brainops.framework`'s sessions."""

from brainops.framework import initialize_claudeos_session

__all__ = ["initialize_claudeos_session"]
