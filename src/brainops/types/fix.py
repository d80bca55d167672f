"""What is a fix: a solution bound to an error's fingerprint, how far it may go, and how it has done?"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from brainops.types.knowledge import JSON, Actor, Match, Micros
from brainops.types.next_tries import NextTries
from brainops.types.procedure import Action


class FixKind(StrEnum):
    """What the solution is."""

    COMMAND = "command"
    PROCEDURE = "procedure"
    CONFIGURATION = "configuration"
    ADVICE = "advice"


class FixMode(StrEnum):
    """How far a fix goes by itself: it is named, it is tried without effect, or it is applied."""

    SUGGEST = "suggest"
    SHADOW = "shadow"
    AUTO = "auto"


class ApplicationState(StrEnum):
    """Where one application of a fix stands."""

    DUE = "due"
    SUGGESTED = "suggested"
    SHADOWED = "shadowed"
    HELD = "held"
    APPLYING = "applying"
    APPLIED = "applied"
    VERIFIED = "verified"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    CONTRADICTED = "contradicted"


class BlastRadius(Struct, frozen=True, kw_only=True):
    """How often a fix may be applied by itself: in an hour, on one target in an hour, in the namespace in an hour."""

    per_hour: int = 3
    per_target_hour: int = 1
    per_namespace_hour: int = 10


class Fix(Struct, frozen=True, kw_only=True):
    """A solution for errors of one fingerprint. `context` are conditions that must be equal in the error's context;
    `verify` shows that it helped, `rollback` takes it back; `advice` is text for a person.
    """

    id: str
    namespace: str
    fingerprint: str
    title: str
    kind: FixKind
    mode: FixMode
    procedure: str | None = None
    action: Action | None = None
    advice: str = ""
    verify: Action | None = None
    rollback: Action | None = None
    context: Mapping[str, JSON] = {}
    limits: BlastRadius = BlastRadius()
    trust: str = "agent"
    created_at: Micros
    created_by: Actor
    demoted_at: Micros | None = None
    detached_at: Micros | None = None
    reason: str = ""


class FixConfidence(Struct, frozen=True, kw_only=True):
    """How sure it is that a fix helps in a place: the lower 90 % credible bound of its success, with its counts there.

    `unseen` is what of the place it never succeeded with, such as another version; None where no place was asked about.
    """

    value: float
    mean: float
    verified: int
    contradicted: int
    pooled: float
    enough: bool
    unseen: str | None = None


class FixApplication(Struct, frozen=True, kw_only=True):
    """One time that a fix was due: on what, in which mode, how it went, and what shows it.

    `automatic` says that nobody asked for it; `verified_by` is "check", "operation" or a person's id.
    """

    id: str
    namespace: str
    fix_id: str
    fingerprint: str
    operation_id: str | None
    target: str | None
    mode: FixMode
    automatic: bool
    state: ApplicationState
    run_id: str | None
    reason: str
    actor: Actor
    created_at: Micros
    applied_at: Micros | None = None
    verified_by: str | None = None
    decided_at: Micros | None = None
    evidence: JSON = None


class FixSuggestion(Struct, frozen=True, kw_only=True):
    """A fix for an error: `exact` when it holds for this very error, otherwise only the words are the same.

    `sentence` says how sure it is and, of one that is to apply itself, what holds it back as things stand.
    """

    fix: Fix
    confidence: FixConfidence
    exact: bool
    sentence: str


class Recognition(Struct, frozen=True, kw_only=True):
    """What is known of the errors of a text: each memory once, and the fixes that are bound to these very errors.

    `next_tries` is what is worth trying against each of them of which that is known.
    """

    errors: tuple[str, ...]
    matches: tuple[Match, ...]
    fixes: tuple[FixSuggestion, ...]
    next_tries: tuple[NextTries, ...] = ()
