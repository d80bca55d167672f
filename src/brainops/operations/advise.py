"""What does a memory, a procedure or a fix advise, and how surely? (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from brainops.memory.draft import content_text
from brainops.operations.calibration import Calibration, calibrated, raw_confidence
from brainops.types import FixKind, FixSuggestion, Hit, Memory, Mode, ProcedureVersion, Recommendation, Trust

TEXT_CHARACTERS = 1_500  # of each recommendation's text
SHOWN_TERMS = 6  # of the words that say why
PROCEDURE = "procedure"  # the kind of a recommendation whose name can be executed
FIX = "fix"

HELPS = 2 / 3
"""That a procedure applies is one thing, that following it turns out right another: before any outcome is known, in two
of three cases. A stated belief, which the outcomes of followed guidance move (operations/calibration.py)."""

SOLUTION_KEYS = ("solution", "fix", "resolution", "candidate_fix", "workaround")
"""Where an error memory says what helped."""


class Standing(IntEnum):
    """What goes before what: it must be followed, somebody wrote that it applies here, or it resembles the question."""

    BINDING = 0
    WRITTEN = 1
    FOUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """A recommendation as it is shown, its uncalibrated confidence, and how it came to be advised."""

    shown: Recommendation
    raw: float
    standing: Standing = Standing.FOUND


def of_memory(hit: Hit, calibration: Calibration) -> Advised:
    """Return what a found memory advises."""
    memory = hit.memory
    raw = raw_confidence(hit.confidence, memory.trust)
    shared = f"shares {', '.join(hit.why.terms[:SHOWN_TERMS])}" if hit.why.terms else "is similar in meaning"
    shown = Recommendation(
        memory_id=memory.id,
        name=memory.title,
        kind=memory.type.value,
        text=_solution_text(memory.content)[:TEXT_CHARACTERS],
        confidence=calibrated(raw, calibration),
        trust=memory.trust,
        reason=shared if not memory.fingerprint or hit.why.terms else "the same error happened before",
    )
    return Advised(shown=shown, raw=raw)


def of_procedure(
    version: ProcedureVersion, probability: float, reason: str, calibration: Calibration, *, pushed: bool = False
) -> Advised:
    """Return the advice to execute a procedure; a required or strict one that a name, event or error set off binds.

    The text is what it is for: its steps are shown one at a time, when it runs.
    """
    procedure = version.procedure
    raw = raw_confidence(probability * HELPS, version.trust)
    shown = Recommendation(
        memory_id=version.id,
        name=procedure.name,
        kind=PROCEDURE,
        text=procedure.description[:TEXT_CHARACTERS],
        confidence=calibrated(raw, calibration),
        trust=version.trust,
        reason=reason,
    )
    binds = procedure.mode is not Mode.ADVISORY
    standing = (Standing.BINDING if binds else Standing.WRITTEN) if pushed else Standing.FOUND
    return Advised(shown=shown, raw=raw, standing=standing)


def of_fix(found: FixSuggestion) -> Advised:
    """Return the advice to apply a fix; its confidence is its own record's and is not moved by that of others."""
    fix = found.fix
    shown = Recommendation(
        memory_id=fix.id,
        name=fix.procedure if fix.kind is FixKind.PROCEDURE and fix.procedure else fix.title,
        kind=PROCEDURE if fix.kind is FixKind.PROCEDURE else FIX,
        text=(fix.advice or fix.title)[:TEXT_CHARACTERS],
        confidence=found.confidence.value,
        trust=Trust(fix.trust),
        reason=found.sentence,
    )
    return Advised(shown=shown, raw=found.confidence.value)


def has_solution(memory: Memory) -> bool:
    """Say whether an error memory says what helped."""
    content = memory.content
    return isinstance(content, dict) and any(content.get(key) for key in SOLUTION_KEYS)


def _solution_text(content: Any) -> str:
    if isinstance(content, dict):
        for key in SOLUTION_KEYS:
            if content.get(key):
                return content_text(content[key])
    return content_text(content)
