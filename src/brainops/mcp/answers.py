"""What do tools answer that the library has no type for?"""

from __future__ import annotations

from msgspec import Struct

from brainops.types import CurrentStep, Handled, Recognition, Run


class ErrorReport(Struct, frozen=True, kw_only=True):
    """What was known of an error when it was reported, and what was written of it."""

    known: Recognition
    handled: Handled


class OperationEnd(Struct, frozen=True, kw_only=True):
    """An operation whose end was told."""

    operation_id: str
    failed: bool


class RunAtHand(Struct, frozen=True, kw_only=True):
    """Where a run stands; `step` is the one that waits for whoever follows it."""

    run: Run
    step: CurrentStep | None
