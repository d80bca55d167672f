"""What does memory say about an operation that somebody is about to begin?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any

from brainops.memory.context import MemoryContext
from brainops.memory.draft import content_text
from brainops.memory.errors import error_title
from brainops.memory.match import follow_bindings, match
from brainops.memory.retrieve import Question, ask, retrieve_kinds, search_words
from brainops.operations import advise
from brainops.operations.advise import Advised, Standing
from brainops.operations.calibration import (
    START,
    Calibration,
    Case,
    fit,
)
from brainops.operations.prediction import LATELY, LATELY_FAILURES, Asked, Expected, Failure, Rate, predict
from brainops.procedures.triggers.triggers import Triggers
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.store.ids import new_id
from brainops.types import (
    ActionClass,
    Actor,
    ActorKind,
    Choice,
    Explanation,
    Failed,
    Filter,
    FixSuggestion,
    Guidance,
    Hit,
    Match,
    Memory,
    MemoryType,
    Micros,
    Mode,
    Operation,
    OperationStart,
    Precursor,
    Recommendation,
    RecommendedAgent,
    SimilarOperation,
    Succeeded,
    TriggerMatch,
    Trust,
)

RECEIPT_SECONDS = 3_600  # a consultation covers one task; an hour is longer than most and shorter than a shift
CONSIDERED_HITS = 8  # of each kind: trust may reorder them before five are shown
SHOWN = 5  # of each kind: what somebody reads before acting
RECORD_CASES = 200  # the newest outcomes of a name; older ones say little about today
FITTED_CASES = 2_000
MIN_CONFIDENCE = 0.02  # below this a memory is not about the operation, and naming it would be noise
PROBABLY = 0.5  # from here on an error is more likely about this operation than not
CRITICAL_IMPORTANCE = 0.8  # what importers give to critical alerts
CRITICAL_TAG = "critical"
INSIGHT_TAG = "insight"  # what learning gives to everything that it finds

_ERRORS = (MemoryType.ERROR_PATTERN,)
_ADVICE = tuple(kind for kind in MemoryType if kind is not MemoryType.ERROR_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consulted:
    """A guidance and the uncalibrated confidence of its primary recommendation, which later outcomes are fitted on."""

    guidance: Guidance
    raw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisers:
    """Who else is asked.

    The triggers of procedures; for an error's text and context the fixes bound to it; who does such a task best; and
    what was seen lately after which operations fail, each a cheap look-up.
    """

    triggers: Triggers | None = None
    fixes: Callable[..., Sequence[FixSuggestion]] | None = None
    agent: Callable[[OperationStart], Choice | None] | None = None
    precursors: Callable[[Micros], Sequence[Precursor]] | None = None


NOBODY_ELSE = Advisers()


def consult(
    context: MemoryContext,
    start: OperationStart,
    calibration: Calibration = START,
    advisers: Advisers = NOBODY_ELSE,
    beside: Executor | None = None,
) -> Consulted:
    """Gather what memory, procedures and fixes know about an operation, without writing anything.

    With `beside`, another thread embeds the question and asks the triggers while this one searches for its words.
    """
    text = question_text(start)
    asking = beside.submit(_asked, context, start, text, advisers.triggers) if beside else None
    by_words = search_words(context, text)
    question, applying = asking.result() if asking else _asked(context, start, text, advisers.triggers)
    errors, advice = retrieve_kinds(context, question, by_words, (_ERRORS, _ADVICE), limit=CONSIDERED_HITS)
    known = _known_errors(context, start, errors)
    with context.store.read() as tx:
        record = tx.operations.record(start.name, start.target, RECORD_CASES)
        earlier = tx.operations.similar(start.name, start.target, SHOWN)
        about = tx.operations.insights(start.name, start.target, SHOWN)
        model = tx.cases.failure_model(start.name)
        failures = tx.operations.failed_lately(context.store.now() - LATELY, LATELY_FAILURES)
    advised = [
        *_of_procedures(advisers.triggers, applying, question, calibration),
        *_of_fixes(advisers, start),
        *(advise.of_memory(hit, calibration) for hit in _best_of_each([*_runbooks(context, known), *advice])),
    ]
    solved = [advise.of_memory(hit, calibration) for hit in known]
    advised += [each for each, hit in zip(solved, known, strict=True) if advise.has_solution(hit.memory)]
    ranked = _ranked(advised)
    primary = ranked[0] if ranked else None
    now = context.store.now()
    expected = _expected(start, record, earlier, model, failures, advisers, now)
    guidance = Guidance(
        id=new_id(),
        namespace=context.store.scope.write,
        operation=start,
        created_at=now,
        expires_at=now + RECEIPT_SECONDS * 1_000_000,
        confidence=primary.shown.confidence if primary else 0.0,
        failure_probability=expected.probability,
        failure_reasons=expected.reasons,
        primary=primary.shown if primary else None,
        recommendations=tuple(each.shown for each in ranked[:SHOWN]),
        known_errors=tuple(each.shown for each in solved[:SHOWN]),
        similar_operations=tuple(_similar(operation) for operation in earlier),
        required_ids=(*_required(applying), *_critical(known[:SHOWN])),
        procedures=tuple(f"{match.version.procedure.name}@{match.version.hash}" for match in applying),
        notes=_notes(context),
        insights=tuple(advise.of_memory(hit, calibration).shown for hit in _insights(about, advice)),
        recommended_agent=_agent(advisers, start),
    )
    return Consulted(guidance=guidance, raw=primary.raw if primary else 0.0)


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
    """Return an operation as words to search for: its name, its target and what its context says, without its keys."""
    said = [content_text(value) if isinstance(value, str | list | dict) else str(value) for value in _told(start)]
    return "\n".join(part for part in (start.name, start.target or "", *said) if part)


def _told(start: OperationStart) -> Iterator[Any]:
    return (value for value in start.context.values() if value is not None and not isinstance(value, bool))


def _known_errors(context: MemoryContext, start: OperationStart, similar: Iterable[Hit]) -> list[Hit]:
    """Return error memories: of the error in the context by fingerprint, and those about this kind of operation."""
    error = start.context.get("error")
    wanted = Filter(types=_ERRORS)
    exact = match(context, error, wanted=wanted, limit=SHOWN) if isinstance(error, str) and error.strip() else []
    by_id = {
        found.memory.id: Hit(memory=found.memory, score=1.0, confidence=found.probability, why=found.why)
        for found in exact
    }
    for hit in similar:
        if hit.confidence >= MIN_CONFIDENCE:
            by_id.setdefault(hit.memory.id, hit)
    return list(by_id.values())


def _of_procedures(
    triggers: Triggers | None, applying: Sequence[TriggerMatch], question: Question, calibration: Calibration
) -> list[Advised]:
    """Return the procedures that were set off, and those whose description answers the question."""
    if triggers is None:
        return []
    advised = [
        advise.of_procedure(match.version, match.confidence, match.reason, calibration, pushed=match.pushed)
        for match in applying
    ]
    set_off = {match.version.id for match in applying}
    for found in triggers.resembling(question.text, question.vector, SHOWN):
        if found.version.id not in set_off and found.confidence >= MIN_CONFIDENCE:
            reason = f"shares {', '.join(found.terms[:6])}" if found.terms else "is similar in meaning"
            advised.append(advise.of_procedure(found.version, found.confidence, reason, calibration))
    return advised


def _of_fixes(advisers: Advisers, start: OperationStart) -> list[Advised]:
    """Return the fixes that are bound to the error in the context."""
    error = start.context.get("error")
    if advisers.fixes is None or not isinstance(error, str) or not error.strip():
        return []
    return [advise.of_fix(found) for found in advisers.fixes(error, context=start.context)]


def _asked(
    context: MemoryContext, start: OperationStart, text: str, triggers: Triggers | None
) -> tuple[Question, list[TriggerMatch]]:
    """Return the question with its meaning, and the procedures that apply."""
    return ask(context, text), triggers.matching(start) if triggers else []


def _required(applying: Iterable[TriggerMatch]) -> list[str]:
    """Return the ids of what must be acknowledged: procedures that are more than advice."""
    return [match.version.id for match in applying if match.version.procedure.mode is not Mode.ADVISORY]


def _critical(known: Iterable[Hit]) -> list[str]:
    """Return the ids of critical errors that are probably about this operation."""
    return [
        hit.memory.id
        for hit in known
        if hit.confidence >= PROBABLY
        and (hit.memory.importance >= CRITICAL_IMPORTANCE or CRITICAL_TAG in hit.memory.tags)
    ]


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


def _ranked(advised: Iterable[Advised]) -> list[Advised]:
    """Return what is sure enough to be named: what must be followed, what was written for this, then the surest."""
    told = [each for each in advised if each.standing is Standing.BINDING or each.shown.confidence >= MIN_CONFIDENCE]
    return sorted(told, key=lambda each: (each.standing, -each.shown.confidence))


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


def _expected(
    start: OperationStart,
    record: Row,
    earlier: Sequence[Operation],
    model: Mapping[str, Any] | None,
    failures: Iterable[Row],
    advisers: Advisers,
    now: Micros,
) -> Expected:
    """Return how probably the operation fails, going by its record, what was learned of it and what was seen now."""
    same = next((each for each in earlier if each.start.target == start.target), None)
    failed = None if same is None else isinstance(same.outcome, Failed) or same.contradicted_at is not None
    asked = Asked(
        name=start.name,
        target=start.target,
        actor=start.actor.id,
        context=start.context,
        at=now,
        previous_failed=failed,
    )
    rate = Rate(**{name: int(record[name]) for name in ("finished", "failed", "finished_here", "failed_here")})
    seen = [
        Failure(name=row["name"], target=row["target"], fingerprint=row["fingerprint"], at=row["finished_at"])
        for row in failures
    ]
    return predict(asked, rate, model, seen, advisers.precursors(now) if advisers.precursors else ())


def _insights(about: Iterable[Memory], advice: Iterable[Hit]) -> list[Hit]:
    """Return what learning found about the operation: what is tagged with it, then what answers the question."""
    named = [Hit(memory=memory, score=1.0, confidence=_stated(memory), why=Explanation()) for memory in about]
    found = [hit for hit in advice if INSIGHT_TAG in hit.memory.tags and hit.confidence >= MIN_CONFIDENCE]
    return list({hit.memory.id: hit for hit in (*found, *named)}.values())[:SHOWN]


def _stated(memory: Memory) -> float:
    """Return how sure learning was of an insight, as it wrote down; even odds where it did not."""
    said = memory.metadata.get("probability")
    return float(said) if isinstance(said, (int, float)) and 0.0 <= said <= 1.0 else PROBABLY


def _agent(advisers: Advisers, start: OperationStart) -> RecommendedAgent | None:
    """Return who does such a task best, where agents are known."""
    choice = advisers.agent(start) if advisers.agent else None
    return RecommendedAgent(name=choice.agent, sentence=choice.sentence) if choice else None


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
            "procedures": tuple(body.get("procedures", ())),
            "notes": tuple(body["notes"]),
            "failure_reasons": tuple(body.get("failure_reasons", ())),
            "insights": tuple(_advice(each) for each in body.get("insights", ())),
            "recommended_agent": RecommendedAgent(**agent) if (agent := body.get("recommended_agent")) else None,
        }
    )


def _advice(value: dict[str, Any]) -> Recommendation:
    return Recommendation(**{**value, "trust": Trust(value["trust"])})
