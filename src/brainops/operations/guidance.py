"""What does memory say about an operation that somebody is about to begin?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_text
from brainops.memory.match import error_title, follow_bindings, match
from brainops.memory.retrieve import retrieve
from brainops.operations.calibration import (
    START,
    Calibration,
    Case,
    calibrated,
    failure_probability,
    fit,
    raw_confidence,
)
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.ids import new_id
from brainops.types import (
    ActionClass,
    Actor,
    ActorKind,
    Failed,
    Filter,
    Guidance,
    Hit,
    Match,
    MemoryType,
    Operation,
    OperationStart,
    Recommendation,
    SimilarOperation,
    Succeeded,
    Trust,
)

RECEIPT_SECONDS = 3_600  # a consultation covers one task; an hour is longer than most and shorter than a shift
CONSIDERED_HITS = 20
SHOWN = 5  # of each kind: what somebody reads before acting
RECORD_CASES = 200  # the newest outcomes of a name; older ones say little about today
FITTED_CASES = 2_000
MIN_CONFIDENCE = 0.02  # below this a memory is not about the operation, and naming it would be noise
TEXT_CHARACTERS = 1_500  # of each recommendation's text

_ERRORS = (MemoryType.ERROR_PATTERN,)
_ADVICE = tuple(kind for kind in MemoryType if kind is not MemoryType.ERROR_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """A guidance and the uncalibrated confidence of its primary recommendation, which later outcomes are fitted on."""

    guidance: Guidance
    raw: float


def consult(context: MemoryContext, start: OperationStart, calibration: Calibration = START) -> Consulted:
    """Gather what memory knows about an operation, without writing anything."""
    text = question_text(start)
    known = _known_errors(context, start, text)
    advice = retrieve(context, text, Filter(types=_ADVICE), limit=CONSIDERED_HITS)
    with context.store.read() as tx:
        record = tx.operations.record(start.name, start.target, RECORD_CASES)
        earlier = tx.operations.similar(start.name, start.target, SHOWN)
    advice = _best_of_each([*_runbooks(context, known), *advice])
    scored = _ranked([(hit, raw_confidence(hit.confidence, hit.memory.trust)) for hit in advice])
    solved = [(hit, raw_confidence(hit.confidence, hit.memory.trust)) for hit in known]
    candidates = _ranked([*scored, *((hit, raw) for hit, raw in solved if _has_solution(hit))])
    now = context.store.now()
    primary, raw = (candidates[0][0], candidates[0][1]) if candidates else (None, 0.0)
    guidance = Guidance(
        id=new_id(),
        namespace=context.store.scope.write,
        operation=start,
        created_at=now,
        expires_at=now + RECEIPT_SECONDS * 1_000_000,
        confidence=calibrated(raw, calibration) if primary else 0.0,
        failure_probability=failure_probability(
            record["finished"], record["failed"], record["finished_here"], record["failed_here"]
        ),
        primary=_recommendation(primary, raw, calibration) if primary else None,
        recommendations=tuple(_recommendation(hit, each, calibration) for hit, each in candidates[:SHOWN]),
        known_errors=tuple(_recommendation(hit, each, calibration) for hit, each in solved[:SHOWN]),
        similar_operations=tuple(_similar(operation) for operation in earlier),
        notes=_notes(context),
    )
    return Consulted(guidance=guidance, raw=raw)


def keep(tx: Transaction, consulted: Consulted) -> None:
    """Write the receipt."""
    guidance = consulted.guidance
    tx.operations.add_guidance(
        {
            "id": guidance.id,
            "operation_name": guidance.operation.name,
            "target": guidance.operation.target,
            "action_class": guidance.operation.action_class.value,
            "actor_kind": guidance.operation.actor.kind.value,
            "actor_id": guidance.operation.actor.id,
            "session_id": guidance.operation.session_id,
            "created_at": guidance.created_at,
            "expires_at": guidance.expires_at,
            "confidence": guidance.confidence,
            "raw_confidence": consulted.raw,
            "failure_probability": guidance.failure_probability,
            "primary_id": guidance.primary.memory_id if guidance.primary else None,
            "body": json.dumps(asdict(guidance), ensure_ascii=False),
        }
    )


def recent(tx: Transaction, start: OperationStart, now: int) -> Guidance | None:
    """Return a receipt for this operation and target that still holds: not expired, and no newer critical error."""
    row = tx.operations.recent_guidance(start.name, start.target, now)
    if row is None:
        return None
    guidance = guidance_of(json.loads(row["body"]))
    return None if tx.operations.failed_since(start.name, start.target, guidance.created_at) else guidance


def refit(tx: Transaction) -> Calibration:
    """Fit the calibration to the store's own followed recommendations."""
    return fit(cases_of(tx.operations.followed(FITTED_CASES)))


def cases_of(rows: Iterable[Row]) -> list[Case]:
    """Return followed guidance as cases: right where the operation succeeded and nothing contradicted it since."""
    return [
        Case(raw=row["raw_confidence"], right=row["outcome"] == "succeeded" and row["contradicted_at"] is None)
        for row in rows
    ]


def question_text(start: OperationStart) -> str:
    """Return an operation as words to search for: its name, its target and what its context says."""
    context = content_text(dict(start.context)) if start.context else ""
    return "\n".join(part for part in (start.name, start.target or "", context) if part)


def _known_errors(context: MemoryContext, start: OperationStart, text: str) -> list[Hit]:
    """Return error memories: of the error in the context by fingerprint, and those about this kind of operation."""
    wanted = Filter(types=_ERRORS)
    error = start.context.get("error")
    exact = match(context, error, wanted=wanted, limit=SHOWN) if isinstance(error, str) and error.strip() else []
    by_id = {
        found.memory.id: Hit(memory=found.memory, score=1.0, confidence=found.probability, why=found.why)
        for found in exact
    }
    for hit in retrieve(context, text, wanted, limit=CONSIDERED_HITS):
        if hit.confidence >= MIN_CONFIDENCE:
            by_id.setdefault(hit.memory.id, hit)
    return list(by_id.values())


def _runbooks(context: MemoryContext, known: Sequence[Hit]) -> list[Hit]:
    """Return the runbooks that known alerts name as their own."""
    matches = [Match(memory=hit.memory, exact=False, probability=hit.confidence, why=hit.why) for hit in known]
    return [
        Hit(memory=found.memory, score=found.probability, confidence=found.probability, why=found.why)
        for found in follow_bindings(context, matches)
        if found.bound_by is not None
    ]


def _best_of_each(hits: Iterable[Hit]) -> list[Hit]:
    """Return one hit a memory, the surest."""
    best: dict[str, Hit] = {}
    for hit in hits:
        if hit.memory.id not in best or hit.confidence > best[hit.memory.id].confidence:
            best[hit.memory.id] = hit
    return list(best.values())


def _has_solution(hit: Hit) -> bool:
    content = hit.memory.content
    return isinstance(content, dict) and any(content.get(key) for key in SOLUTION_KEYS)


SOLUTION_KEYS = ("solution", "fix", "resolution", "candidate_fix", "workaround")
"""Where an error memory says what helped."""


def _ranked(scored: Sequence[tuple[Hit, float]]) -> list[tuple[Hit, float]]:
    told = [pair for pair in scored if pair[0].confidence >= MIN_CONFIDENCE]
    return sorted(told, key=lambda pair: -pair[1])


def _recommendation(hit: Hit, raw: float, calibration: Calibration) -> Recommendation:
    memory = hit.memory
    shared = f"shares {', '.join(hit.why.terms[:6])}" if hit.why.terms else "is similar in meaning"
    return Recommendation(
        memory_id=memory.id,
        name=memory.title,
        kind=memory.type.value,
        text=_solution_text(memory.content)[:TEXT_CHARACTERS],
        confidence=calibrated(raw, calibration),
        trust=memory.trust,
        reason=shared if not memory.fingerprint or hit.why.terms else "the same error happened before",
    )


def _solution_text(content: Any) -> str:
    if isinstance(content, dict):
        for key in SOLUTION_KEYS:
            if content.get(key):
                return content_text(content[key])
    return content_text(content)


def _similar(operation: Operation) -> SimilarOperation:
    succeeded: bool | None = None
    error: str | None = None
    match operation.outcome:
        case Succeeded():
            succeeded, error = operation.contradicted_at is None, operation.contradiction
        case Failed(error=event):
            succeeded, error = False, error_title(event)[:300]
    return SimilarOperation(
        operation_id=operation.id,
        name=operation.start.name,
        target=operation.start.target,
        succeeded=succeeded,
        started_at=operation.started_at,
        error=error,
    )


def _notes(context: MemoryContext) -> tuple[str, ...]:
    return (f"searched by words alone: {context.meaning.problem}",) if context.meaning.problem else ()


def guidance_of(body: dict[str, Any]) -> Guidance:
    """Read a stored receipt."""
    start = body["operation"]
    operation = OperationStart(
        **{
            **start,
            "action_class": ActionClass(start["action_class"]),
            "actor": Actor(**{**start["actor"], "kind": ActorKind(start["actor"]["kind"])}),
        }
    )
    read = {name: tuple(_advice(each) for each in body[name]) for name in ("recommendations", "known_errors")}
    return Guidance(
        **{
            **body,
            **read,
            "operation": operation,
            "primary": _advice(body["primary"]) if body["primary"] else None,
            "similar_operations": tuple(SimilarOperation(**each) for each in body["similar_operations"]),
            "required_ids": tuple(body["required_ids"]),
            "notes": tuple(body["notes"]),
        }
    )


def _advice(value: dict[str, Any]) -> Recommendation:
    return Recommendation(**{**value, "trust": Trust(value["trust"])})
