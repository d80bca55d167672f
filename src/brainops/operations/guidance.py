"""What does memory say about an operation that somebody is about to begin?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import NotFound
from brainops.memory.draft import content_text
from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.memory.recognition.match import EXACT_PROBABILITY, follow_bindings, same_error
from brainops.memory.retrieve import ask, read_query, relevant, retrieve_kinds, search_words
from brainops.operations import advice as advise
from brainops.operations.advice import Standing
from brainops.operations.calibration import NEVER, Followed
from brainops.operations.history import is_of, past_of
from brainops.operations.log import SURROUNDINGS
from brainops.operations.prediction import LATELY, LATELY_FAILURES, Rate, SeenFailure, Upcoming, predict
from brainops.procedures.triggers.triggers import Triggers, matching
from brainops.statistics.calibration import START, Case, fit
from brainops.store.ids import new_id
from brainops.types import (
    Choice,
    Explanation,
    Failed,
    Filter,
    FixSuggestion,
    Guidance,
    Hit,
    Match,
    MemoryType,
    Micros,
    Mode,
    NextTries,
    OperationStart,
    Precursor,
    ProcedureVersion,
    RecommendedAgent,
    SimilarOperation,
    Succeeded,
)
from brainops.types.limits import SHOWN
from brainops.types.times import SECOND_MICROS
from brainops.wire import from_plain, plain
from brainops_core.recognition.error_events import error_title

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from brainops.memory.context import MemoryContext
    from brainops.memory.retrieve import Query
    from brainops.operations.advice import Advised
    from brainops.operations.history import OperationHistory
    from brainops.operations.prediction import Expected
    from brainops.statistics.calibration import Calibration
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import Memory, Observation, Operation, TriggerMatch

RECEIPT_SECONDS = 3_600  # a consultation covers one task; an hour is longer than most and shorter than a shift
CONSIDERED_HITS = 8  # of each kind: trust may reorder them before five are shown
RECORD_CASES = 200  # the newest outcomes of a name; older ones say little about today
FITTED_CASES = 2_000
LEAST_RELEVANCE = 0.02  # below this a memory is not about the operation, and naming it would be noise
PROBABLY = 0.5  # from here on an error is more likely about this operation than not
CRITICAL_IMPORTANCE = 0.8  # what importers give to critical alerts
CRITICAL_TAG = "critical"
NEVER_UNRELATED = 0.2  # of relevance: what is unrelated stays below, in a store of any size (bench/guidance/advice.py)

_ERRORS = (MemoryType.ERROR_PATTERN,)
_SEEN = tuple(sorted(advise.SEEN))
_KINDS = (_ERRORS, tuple(kind for kind in MemoryType if kind not in {*_ERRORS, *_SEEN}), _SEEN)


class Consulted(Struct, frozen=True, kw_only=True):
    """A guidance and the uncalibrated confidence of its primary recommendation, which later outcomes are fitted on."""

    guidance: Guidance
    raw: float


class _Found(Struct, frozen=True, kw_only=True):
    """A memory that may be about the operation, and why; `own` is what stands in its own past or is the same error."""

    hit: Hit
    reason: str
    own: bool = False

    def advised(self, start: OperationStart, followed: Mapping[str, Followed], calibration: Calibration) -> Advised:
        """Return it as something to be done."""
        hit = self.hit
        own = hit.confidence >= NEVER_UNRELATED and (self.own or is_of(hit.memory, start))
        standing = Standing.OWN if own else Standing.FOUND
        return advise.of_memory(hit, self.reason, followed.get(hit.memory.id, NEVER), calibration, standing)


class _Applying(Struct, frozen=True, kw_only=True):
    """A procedure that may apply, how probably and why, and whether it was set off by what somebody wrote."""

    version: ProcedureVersion
    applies: float
    reason: str
    pushed: bool = False

    def advised(self, followed: Mapping[str, Followed], calibration: Calibration) -> Advised:
        """Return the advice to execute it."""
        record = followed.get(self.version.id, NEVER).plus(followed.get(self.version.procedure.name, NEVER))
        return advise.of_procedure(self.version, self.applies, self.reason, record, calibration, pushed=self.pushed)


class Advisers(Struct, frozen=True, kw_only=True):
    """Who else is asked.

    The triggers of procedures; for an error's text, context and target the fixes bound to it and what is worth trying;
    who does such a task best; and what was seen lately after which operations fail, each a cheap look-up.
    """

    triggers: Triggers | None = None
    fixes: Callable[..., Sequence[FixSuggestion]] | None = None
    next_tries: Callable[..., NextTries] | None = None
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
    errors, advice, seen = retrieve_kinds(context, question, by_words, _KINDS, limit=CONSIDERED_HITS)
    with context.store.read() as tx:
        past = past_of(tx, start)
        record = tx.operations.record(start.name, start.target, RECORD_CASES)
        about = tx.operations.insights(start.name, start.target, SHOWN)
        model = tx.cases.failure_model(start.name)
        failures = tx.operations.failed_lately(context.store.now() - LATELY, LATELY_FAILURES)
    known = _known_errors(context, start, errors, past)
    found = _found([*known, *_runbooks(context, known), *map(_plain, advice), *_own(past, past.helped)])
    procedures = _of_triggers(advisers.triggers, applying, question)
    tries = _next_tries(advisers, start)
    with context.store.read() as tx:
        doable = [each for each in found if advise.can_be_done(each.hit.memory)]
        ids = [*(each.hit.memory.id for each in doable), *(each.version.id for each in procedures)]
        rows = tx.operations.followings(ids, [each.version.procedure.name for each in procedures])
        versions = {} if tries is None else {each.remedy: _version(tx, each.remedy) for each in tries.tries}
    followed = {row["id"]: Followed(**{name: row[name] for name in Followed.__struct_fields__}) for row in rows}
    ranked = _ranked(
        [
            *(each.advised(followed, calibration) for each in procedures),
            *_of_fixes(advisers, start),
            *(each.advised(start, followed, calibration) for each in doable),
        ]
    )
    if tries is not None:
        ranked = advise.by_record(ranked, tries, {name: version for name, version in versions.items() if version})
    primary = ranked[0] if ranked else None
    now = context.store.now()
    expected = _expected(start, record, past.operations, model, failures, advisers, now)
    best = advisers.agent(start) if advisers.agent else None
    guidance = Guidance(
        id=new_id(),
        namespace=context.store.scope.write,
        operation=start,
        created_at=now,
        expires_at=now + RECEIPT_SECONDS * SECOND_MICROS,
        confidence=primary.shown.confidence if primary else 0.0,
        failure_probability=expected.probability,
        failure_reasons=expected.reasons,
        primary_recommendation=primary.shown if primary else None,
        recommendations=tuple(each.shown for each in ranked[:SHOWN]),
        known_errors=tuple(advise.observed(each.hit, each.reason) for each in known[:SHOWN]),
        similar_operations=tuple(_similar(operation) for operation in past.operations[:SHOWN]),
        required_ids=(
            # procedures that are more than advice, and what is critical about this operation
            *(match.version.id for match in applying if match.version.procedure.mode is not Mode.ADVISORY),
            *_critical(known[:SHOWN]),
        ),
        procedures=tuple(f"{match.version.procedure.name}@{match.version.hash}" for match in applying),
        notes=(f"searched by words alone: {context.meaning.problem}",) if context.meaning.problem else (),
        insights=tuple(_insights(about, [*advice, *seen])),
        recommended_agent=RecommendedAgent(name=best.agent, sentence=best.sentence) if best else None,
        next_tries=tries,
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
            "primary_id": guidance.primary_recommendation.memory_id if guidance.primary_recommendation else None,
            "body": json.dumps(plain(guidance), ensure_ascii=False),
        }
    )


def recent(tx: Transaction, start: OperationStart, now: int) -> Guidance | None:
    """Return a receipt for this operation and target that still holds: not expired, and no newer critical error."""
    row = tx.operations.recent_guidance(start.name, start.target, now)
    if row is None:
        return None
    guidance = guidance_of(json.loads(row["body"]))
    return None if tx.operations.failed_since(start.name, start.target, guidance.created_at) else guidance


def receipt(tx: Transaction, guidance_id: str) -> Guidance:
    """Return what was said under a receipt; raise NotFound."""
    row = tx.operations.guidance(guidance_id)
    if row is None:
        raise NotFound(f"there is no receipt {guidance_id[:80]!r} in the namespaces that you read")
    return guidance_of(json.loads(row["body"]))


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
    about = (value for name, value in start.context.items() if name not in SURROUNDINGS)
    said = [
        content_text(value) if isinstance(value, str | list | dict) else str(value)
        for value in about
        if value is not None and not isinstance(value, bool)
    ]
    return "\n".join(part for part in (start.name, start.target or "", *said) if part)


def _known_errors(
    context: MemoryContext, start: OperationStart, similar: Iterable[Hit], past: OperationHistory
) -> list[_Found]:
    """Return error memories: the error in the context, those that this operation ended in, then what resembles it."""
    same: list[_Found] = []
    error = start.context.get("error")
    if isinstance(error, str) and error.strip():
        wanted, digest = Filter(types=_ERRORS), fingerprint(parse_error(error)).digest
        alike = relevant(context, error, wanted, limit=SHOWN)
        for memory in same_error(context, error, alike, wanted, SHOWN).values():
            hit = Hit(memory=memory, score=1.0, confidence=EXACT_PROBABILITY, why=Explanation())
            equal = "fingerprint" if memory.fingerprint == digest else "text"
            reason = f"the same error happened before: its {equal} is equal"
            same.append(_Found(hit=hit, reason=reason, own=True))
        similar = [*similar, *alike]
    near = [_plain(hit) for hit in similar if hit.confidence >= LEAST_RELEVANCE]
    near.sort(key=lambda each: -each.hit.confidence)
    return _found([*same, *_own(past, past.failed), *near])


def _own(past: OperationHistory, counts: Mapping[str, int]) -> list[_Found]:
    """Return what this operation ended in, or followed when it went well, the most frequent first."""
    return [
        _Found(hit=past.hit(memory_id), reason=past.reason(memory_id) or "", own=True)
        for memory_id in sorted(counts, key=lambda each: -counts[each])
    ]


def _plain(hit: Hit) -> _Found:
    return _Found(hit=hit, reason=advise.matched(hit))


def _of_triggers(triggers: Triggers | None, applying: Sequence[TriggerMatch], question: Query) -> list[_Applying]:
    """Return the procedures that were set off, and those whose description answers the question."""
    if triggers is None:
        return []
    told = [
        _Applying(version=match.version, applies=match.confidence, reason=match.reason, pushed=match.pushed)
        for match in applying
    ]
    set_off = {match.version.id for match in applying}
    for found in triggers.resembling(question.text, question.vector, SHOWN):
        if found.version.id not in set_off and found.confidence >= LEAST_RELEVANCE:
            reason = f"shares {', '.join(found.terms[:6])}" if found.terms else "is similar in meaning"
            told.append(_Applying(version=found.version, applies=found.confidence, reason=reason))
    return told


def _of_fixes(advisers: Advisers, start: OperationStart) -> list[Advised]:
    """Return the fixes that are bound to the error in the context."""
    error = _error_of(start)
    if advisers.fixes is None or error is None:
        return []
    return [advise.of_fix(found) for found in advisers.fixes(error, context=start.context, target=start.target)]


def _next_tries(advisers: Advisers, start: OperationStart) -> NextTries | None:
    """Return what is worth trying against the error in the context, None where it names none."""
    error = _error_of(start)
    if advisers.next_tries is None or error is None:
        return None
    return advisers.next_tries(error, context=start.context, target=start.target)


def _error_of(start: OperationStart) -> str | None:
    error = start.context.get("error")
    return error if isinstance(error, str) and error.strip() else None


def _version(tx: Transaction, name: str) -> str | None:
    """Return the id of the active version of a procedure, None where there is none of that name."""
    return next((row["id"] for row in tx.procedures.versions(name) if row["state"] == "active"), None)


def _asked(
    context: MemoryContext, start: OperationStart, text: str, triggers: Triggers | None
) -> tuple[Query, list[TriggerMatch]]:
    """Return the question with its meaning, and the procedures that apply: the model is asked once for both."""
    error = start.context.get("error")
    besides = [read_query(each) for each in (text, error) if isinstance(each, str)]
    applying = matching(triggers, start, besides) if triggers else []
    return ask(context, text, *besides), applying


def _critical(known: Iterable[_Found]) -> list[str]:
    """Return the ids of critical errors that are probably about this operation."""
    return [
        hit.memory.id
        for hit in (each.hit for each in known)
        if hit.confidence >= PROBABLY
        and (hit.memory.importance >= CRITICAL_IMPORTANCE or CRITICAL_TAG in hit.memory.tags)
    ]


def _runbooks(context: MemoryContext, known: Sequence[_Found]) -> list[_Found]:
    """Return the runbooks that known alerts name as their own."""
    matches = [
        Match(memory=hit.memory, exact=False, probability=hit.confidence, why=hit.why)
        for hit in (each.hit for each in known)
    ]
    titles = {each.hit.memory.id: each.hit.memory.title for each in known}
    return [
        _Found(
            hit=Hit(memory=found.memory, score=found.probability, confidence=found.probability, why=found.why),
            reason=f"is the runbook of {titles.get(found.bound_by, 'a known alert')}",
        )
        for found in follow_bindings(context, matches)
        if found.bound_by is not None
    ]


def _found(each: Iterable[_Found]) -> list[_Found]:
    """Return one of each memory, the surest; what is of this operation's own past stays so."""
    best: dict[str, _Found] = {}
    for one in each:
        known = best.setdefault(one.hit.memory.id, one)
        if one.hit.confidence > known.hit.confidence:
            best[one.hit.memory.id] = replace(known if known.own else one, hit=one.hit)
    return list(best.values())


def _ranked(advised: Iterable[Advised]) -> list[Advised]:
    """Return what is near enough to be named: what must be followed, what was written for this, then the surest."""
    told = [each for each in advised if each.standing is Standing.BINDING or each.applies >= LEAST_RELEVANCE]
    return sorted(told, key=lambda each: (each.standing, -each.shown.confidence, -each.raw))


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
    asked = Upcoming(
        name=start.name,
        target=start.target,
        actor=start.actor.id,
        context=start.context,
        at=now,
        previous_failed=failed,
    )
    rate = Rate(**{name: int(record[name]) for name in ("finished", "failed", "finished_here", "failed_here")})
    seen = [
        SeenFailure(name=row["name"], target=row["target"], fingerprint=row["fingerprint"], at=row["finished_at"])
        for row in failures
    ]
    return predict(asked, rate, model, seen, advisers.precursors(now) if advisers.precursors else ())


def _insights(about: Iterable[Memory], found: Iterable[Hit]) -> list[Observation]:
    """Return what was seen of the operation: what learning tagged with its name, then what is about the question."""
    named = {
        memory.id: advise.observed(
            Hit(memory=memory, score=1.0, confidence=_stated(memory), why=Explanation()), "names this operation"
        )
        for memory in about
    }
    near = [hit for hit in found if hit.confidence >= LEAST_RELEVANCE and not advise.can_be_done(hit.memory)]
    for hit in sorted(near, key=lambda each: -each.confidence):
        named.setdefault(hit.memory.id, advise.observed(hit, advise.matched(hit)))
    return list(named.values())[:SHOWN]


def _stated(memory: Memory) -> float:
    """Return how sure learning was of an insight, as it wrote down; even odds where it did not."""
    said = memory.metadata.get("probability")
    return float(said) if isinstance(said, (int, float)) and 0.0 <= said <= 1.0 else PROBABLY


def guidance_of(body: dict[str, Any]) -> Guidance:
    """Read a stored receipt, also one that came in by an export of before the first release, under other names."""
    body.setdefault("primary_recommendation", body.get("primary"))
    for seen in (*body["known_errors"], *body.get("insights", ())):
        seen.setdefault("probability", seen.get("confidence"))
    return from_plain(Guidance, body)
