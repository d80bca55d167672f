"""What can be done by a memory, a procedure or a fix, and how surely is it right? What was only seen? (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from msgspec import Struct
from msgspec.structs import replace

from brainops.memory.solutions import has_solution, tells_of_failure, what_helped
from brainops.operations.calibration import NEVER, UNFOLLOWED, Followed, confidence, raw_confidence
from brainops.statistics.calibration import Calibration
from brainops.types import (
    FixKind,
    FixSuggestion,
    Hit,
    Memory,
    MemoryType,
    Mode,
    NextTries,
    NextTry,
    Observation,
    ProcedureVersion,
    Recommendation,
    Trust,
)

TEXT_CHARACTERS = 1_500  # of each recommendation's text
SHOWN_TERMS = 6  # of the words that say why
PROCEDURE = "procedure"  # the kind of a recommendation whose name can be executed
FIX = "fix"
REMEDY = "remedy"  # of one that is neither, but has a record: its name is its id
INSIGHT_TAG = "insight"  # what learning gives to everything that it finds

HOW = "how"
"""Where the memory of a task that was handed on says what the one did who succeeded."""

SEEN = frozenset({MemoryType.DEPLOYMENT_LOG, MemoryType.PERFORMANCE_METRIC, MemoryType.USER_INTERACTION})
"""What tells of something that happened: nothing that somebody could do."""


class Standing(IntEnum):
    """What goes before what.

    It must be followed; somebody wrote that it applies here; the same happened to this very operation, or is the same
    error; it resembles the question.
    """

    BINDING = 0
    WRITTEN = 1
    OWN = 2
    FOUND = 3


class Advised(Struct, frozen=True, kw_only=True):
    """A recommendation as it is shown, how probably it applies, its uncalibrated confidence, and how it was found."""

    shown: Recommendation
    applies: float
    raw: float
    standing: Standing = Standing.FOUND


def of_memory(
    hit: Hit, reason: str, followed: Followed, calibration: Calibration, standing: Standing = Standing.FOUND
) -> Advised:
    """Return what a found memory says can be done; the hit's confidence is that it applies."""
    memory = hit.memory
    raw = raw_confidence(hit.confidence, memory.trust, followed)
    shown = Recommendation(
        memory_id=memory.id,
        name=memory.title,
        kind=memory.type.value,
        text=what_helped(memory.content)[:TEXT_CHARACTERS],
        confidence=confidence(raw, hit.confidence, followed, calibration),
        trust=memory.trust,
        reason=f"{reason}; {record(followed)}",
    )
    return Advised(shown=shown, applies=hit.confidence, raw=raw, standing=standing)


def of_procedure(
    version: ProcedureVersion,
    applies: float,
    reason: str,
    followed: Followed,
    calibration: Calibration,
    *,
    pushed: bool = False,
) -> Advised:
    """Return the advice to execute a procedure; a required or strict one that a name, event or error set off binds.

    The text is what it is for: its steps are shown one at a time, when it runs.
    """
    procedure = version.procedure
    raw = raw_confidence(applies, version.trust, followed)
    shown = Recommendation(
        memory_id=version.id,
        name=procedure.name,
        kind=PROCEDURE,
        text=procedure.description[:TEXT_CHARACTERS],
        confidence=confidence(raw, applies, followed, calibration),
        trust=version.trust,
        reason=f"{reason}; {record(followed)}",
    )
    binds = procedure.mode is not Mode.ADVISORY
    standing = (Standing.BINDING if binds else Standing.WRITTEN) if pushed else Standing.FOUND
    return Advised(shown=shown, applies=applies, raw=raw, standing=standing)


def of_fix(found: FixSuggestion) -> Advised:
    """Return the advice to apply a fix; its confidence is its own record's and is not moved by that of others."""
    fix, sure = found.fix, found.confidence
    tried = sure.verified + sure.contradicted
    shown = Recommendation(
        memory_id=fix.id,
        name=fix.procedure if fix.kind is FixKind.PROCEDURE and fix.procedure else fix.title,
        kind=PROCEDURE if fix.kind is FixKind.PROCEDURE else FIX,
        text=(fix.advice or fix.title)[:TEXT_CHARACTERS],
        confidence=sure.value if tried else min(sure.value, UNFOLLOWED),
        trust=Trust(fix.trust),
        reason=f"it is bound to this error; {found.sentence}",
    )
    standing = Standing.WRITTEN if sure.verified >= sure.contradicted else Standing.FOUND
    return Advised(shown=shown, applies=sure.value, raw=sure.value, standing=standing)


def of_try(each: NextTry, version: str | None) -> Advised:
    """Return the advice to try a remedy that has a record here; `version` is that of the procedure of its name."""
    shown = Recommendation(
        memory_id=version or each.remedy,
        name=each.remedy,
        kind=PROCEDURE if version else REMEDY,
        text=each.line[:TEXT_CHARACTERS],
        confidence=each.probability,
        trust=Trust.AGENT,
        reason=each.line,
    )
    return Advised(shown=shown, applies=each.probability, raw=each.probability, standing=Standing.WRITTEN)


def by_record(advised: Sequence[Advised], known: NextTries, versions: Mapping[str, str]) -> list[Advised]:
    """Return what evidence leaves of advice against an error: its next tries first, in their order, and its line.

    What was tried in this incident, or is known to fail here, is no advice; what must be followed stays.
    """
    out = {*known.out, *known.not_again}
    tries = {each.remedy: each for each in known.tries}
    own = {each.shown.name: each for each in advised if each.shown.kind in (PROCEDURE, FIX)}
    named = []
    for each in known.tries:
        told = own.get(each.remedy)
        if told is None:
            named.append(of_try(each, versions.get(each.remedy)))
        elif told.standing is not Standing.BINDING:
            shown = replace(told.shown, confidence=each.probability, reason=each.line)
            named.append(replace(told, shown=shown, standing=Standing.WRITTEN))
    left = [
        each
        for each in advised
        if each.standing is Standing.BINDING
        or each.shown.kind not in (PROCEDURE, FIX)
        or each.shown.name not in {*out, *tries}
    ]
    binding = [each for each in left if each.standing is Standing.BINDING]
    return [*binding, *named, *(each for each in left if each.standing is not Standing.BINDING)]


def observed(hit: Hit, reason: str) -> Observation:
    """Return what a found memory saw; the hit's confidence is that it is about the operation."""
    memory = hit.memory
    return Observation(
        memory_id=memory.id,
        name=memory.title,
        kind=memory.type.value,
        text=what_helped(memory.content)[:TEXT_CHARACTERS],
        probability=hit.confidence,
        trust=memory.trust,
        reason=reason,
    )


def can_be_done(memory: Memory) -> bool:
    """Say whether a memory tells something that somebody can do, and not what was seen, measured or tried in vain."""
    if tells_of_failure(memory.title):
        return False
    if memory.type is MemoryType.ERROR_PATTERN:
        return has_solution(memory)
    if memory.type in SEEN or INSIGHT_TAG in memory.tags:
        return False
    # What a run notes of itself is a record of it, unless it says how something was done.
    noted = memory.type is MemoryType.LEARNING_INSIGHT and memory.source.run_id is not None
    return not noted or (isinstance(memory.content, dict) and bool(memory.content.get(HOW)))


def matched(hit: Hit) -> str:
    """Return what a hit and the question have in common."""
    if hit.why.terms:
        return f"shares {', '.join(hit.why.terms[:SHOWN_TERMS])}"
    return "is similar in meaning" if hit.why.dense else "stands near one that matches"


def record(followed: Followed = NEVER) -> str:
    """Return in words what a confidence rests on."""
    tried = followed.right + followed.wrong
    claimed = followed.claimed_right + followed.claimed_wrong
    told = []
    if tried:
        only = f", {claimed} of them by somebody's word alone" if claimed else ""
        told.append(f"followed {tried} {'time' if tried == 1 else 'times'}, {followed.right} of them right{only}")
    if followed.helpful:
        told.append(f"called helpful by {followed.helpful}")
    if followed.unhelpful:
        told.append(f"called wrong or outdated by {followed.unhelpful}")
    return ", ".join(told) or "nobody has followed it yet"
