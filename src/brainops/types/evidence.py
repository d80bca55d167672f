"""What did a remedy do for an error, which errors have one cause, and what is worth trying next?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from brainops.types.fix import FixSuggestion
from brainops.types.knowledge import JSON, Actor, Micros
from brainops.types.operation import Evidence


class RemedyEffect(StrEnum):
    """What a remedy did."""

    HELPED = "helped"
    DID_NOT_HELP = "did_not_help"
    MADE_IT_WORSE = "made_it_worse"


class RemedyEvidence(Struct, frozen=True, kw_only=True):
    """One time that a remedy was tried against an error: what it did, where and when, and on whose word.

    `remedy` is the name of a procedure, or what else the remedy is called. `context` holds what can tell places apart
    (service, version, region, ...). `basis` says whether it is somebody's word, was seen, or was checked; `source` by
    which way it came: "told"; or "application" of the fix `fix_id`, "operation" that followed the remedy, or "feedback"
    on the memory that names it, which have the same id.
    """

    id: str
    namespace: str
    fingerprint: str
    remedy: str
    effect: RemedyEffect
    basis: Evidence
    target: str | None = None
    context: Mapping[str, JSON] = {}
    fix_id: str | None = None
    operation_id: str | None = None
    seconds: float | None = None
    source: str = "told"
    note: str = ""
    at: Micros
    judged_at: Micros
    actor: Actor
    idempotency_key: str | None = None


class CauseStanding(StrEnum):
    """What a change says of two fingerprints: they have one cause, they have two, or they may have one."""

    JOINED = "joined"
    PARTED = "parted"
    PROPOSED = "proposed"


class CauseChange(Struct, frozen=True, kw_only=True):
    """What was said of two fingerprints, why, when and by whom; the latest that is not undone counts."""

    id: str
    namespace: str
    fingerprint: str
    other: str
    standing: CauseStanding
    why: str
    at: Micros
    actor: Actor
    undone_at: Micros | None = None


class ErrorState(StrEnum):
    """How an error stands: `ongoing` came lately and before, `quiet` not for days; a remedy `mended` it since."""

    NEW = "new"
    RETURNING = "returning"
    ONGOING = "ongoing"
    QUIET = "quiet"
    MENDED = "mended"


class SeenError(Struct, frozen=True, kw_only=True):
    """An error by its cause: how it stands, when and how often it came, where last, and the surest of its fixes.

    `counts` are the operations that failed with it in each step of `step_seconds`, the oldest first, up to now;
    `memory_id` is what is kept of it, `operation_id` the last operation that it ended, where there is one.
    """

    id: str
    title: str
    state: ErrorState
    memory_id: str
    fingerprints: tuple[str, ...]
    occurrences: int
    first_at: Micros
    last_at: Micros
    mended_at: Micros | None = None
    counts: tuple[int, ...] = ()
    step_seconds: float = 0.0
    operation_id: str | None = None
    operation: str | None = None
    target: str | None = None
    fixes: int = 0
    fix: FixSuggestion | None = None


class Cause(Struct, frozen=True, kw_only=True):
    """What goes wrong under these fingerprints, with how each came to it; its id is the first of them.

    `history` holds all that was said of them, the latest first, what was undone and what is only proposed too.
    """

    id: str
    fingerprints: tuple[str, ...]
    title: str
    history: tuple[CauseChange, ...]
