"""How does a run ask memory, and add to it exactly once?"""

from __future__ import annotations

from brainops.errors import InvalidInput, StepFailed
from brainops.memory.capture import store
from brainops.memory.draft import content_text, prepare
from brainops.memory.filters import filter_of, member
from brainops.memory.retrieve import retrieve as search
from brainops.procedures.steps.executor import StepDone, StepResult, StepWork, StepWrite
from brainops.procedures.steps.parameters import Parameters
from brainops.store import Transaction
from brainops.types import JSON, Draft, MemoryType, Source, Trust

CAPTURED = ("title", "content", "type", "tags", "importance", "metadata", "trust", "subject", "fingerprint")
ASKED = ("query", "limit", "types", "tags", "trust", "since", "until", "session_id")
LIMIT = 10
MAX_LIMIT = 50  # hits of one step: later steps and agents read them
CONTENT_CHARACTERS = 1_500  # of each hit: fifty of them fit into what is kept of a step
TRUSTS = {Trust.AGENT, Trust.EXTERNAL}  # a run does not verify what it says itself


def capture(work: StepWork) -> StepResult:
    """Capture a memory in the transaction that completes the step; the output is {id, repeated, occurrences}."""
    parameters = Parameters(work.action, CAPTURED)
    try:
        trust = member(Trust, parameters.text("trust", Trust.AGENT.value))
        if trust not in TRUSTS:
            parameters.refuse("captures what an agent or an outside party says: trust is agent or external")
        draft = Draft(
            title=parameters.text("title"),
            content=parameters.any("content") if parameters.has("content") else "",
            type=member(MemoryType, parameters.text("type", MemoryType.LEARNING_INSIGHT.value)),
            tags=parameters.texts("tags"),
            importance=parameters.number("importance", 0.5, 0.0, 1.0),
            metadata=parameters.mapping("metadata"),
            trust=trust,
            source=Source(actor=work.actor, run_id=work.run_id),
            subject=parameters.text("subject") if parameters.has("subject") else None,
            fingerprint=parameters.text("fingerprint") if parameters.has("fingerprint") else None,
            idempotency_key=work.idempotency_key,
        )
        prepared = prepare(draft, work.context.redaction)
    except InvalidInput as wrong:
        raise StepFailed(str(wrong), kind=type(wrong).__name__, retryable=False) from None

    def write(tx: Transaction) -> JSON:
        captured = store(tx, prepared, draft.source, work.context, None)
        return {"id": captured.id, "repeated": captured.repeated, "occurrences": captured.occurrences}

    return StepWrite(write=write)


def retrieve(work: StepWork) -> StepResult:
    """Ask memory; the output is {hits: [{id, title, type, content, confidence, trust}], count}."""
    parameters = Parameters(work.action, ASKED)
    limit = int(parameters.number("limit", LIMIT, 1, MAX_LIMIT))
    conditions = {name: parameters.any(name) for name in ASKED[2:] if parameters.has(name)}
    try:
        hits = search(work.context, parameters.text("query"), filter_of(conditions), limit=limit)
    except InvalidInput as wrong:
        raise StepFailed(str(wrong), kind=type(wrong).__name__, retryable=False) from None
    shown: list[JSON] = []
    for hit in hits:
        content = content_text(hit.memory.content)
        shown.append(
            {
                "id": hit.memory.id,
                "title": hit.memory.title,
                "type": hit.memory.type.value,
                "content": content if len(content) <= CONTENT_CHARACTERS else content[:CONTENT_CHARACTERS] + "…",
                "confidence": hit.confidence,
                "trust": hit.memory.trust.value,
            }
        )
    return StepDone(output={"hits": shown, "count": len(hits)})
