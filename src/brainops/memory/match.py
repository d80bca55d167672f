"""Which known memory is about this error?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from brainops.memory.context import MemoryContext
from brainops.memory.errors import parse_error
from brainops.memory.fingerprint import fingerprint
from brainops.memory.retrieve import check_limit, retrieve
from brainops.types import ErrorEvent, Explanation, Filter, Fingerprint, Hit, Match, Memory

BINDING = "runbook"  # the metadata by which an alert names its runbook's source key
MAX_FRAMES_SEARCHED = 3  # the innermost functions of one's own code say where it broke; more only add common names
EXACT_PROBABILITY = 0.95  # an equal fingerprint is the same error by construction; the rest is for wrong fingerprints


def match(
    context: MemoryContext,
    error: ErrorEvent | str,
    *,
    service: str | None = None,
    wanted: Filter | None = None,
    limit: int = 5,
) -> list[Match]:
    """Return known memories for an error: those of the same fingerprint first, then similar ones.

    `error` is an event or any text (traceback, log line, alert). A similar one carries the calibrated probability that
    it answers; it is never applied or merged by itself. Writes nothing. Raises InvalidInput.
    """
    check_limit(limit)
    wanted = wanted or Filter()
    event = error if isinstance(error, ErrorEvent) else parse_error(error)
    if service is not None:
        event = replace(event, service=service)
    identity = fingerprint(event)
    exact = _exact(context, event, identity, wanted, limit)
    seen = {found.memory.id for found in exact}
    text = error if isinstance(error, str) else search_text(event)
    similar = [_similar(hit) for hit in retrieve(context, text, wanted, limit=limit) if hit.memory.id not in seen]
    return follow_bindings(context, exact + similar)[:limit]


def follow_bindings(context: MemoryContext, matches: Sequence[Match]) -> list[Match]:
    """Put above each alert the runbook that it names as its own; the name is worth what the alert's match is worth."""
    keys = [str(match.memory.metadata[BINDING]) for match in matches if BINDING in match.memory.metadata]
    with context.store.read() as tx:
        runbooks = tx.memories.of_sources(keys)
    followed: dict[str, Match] = {}
    for match in matches:
        runbook = runbooks.get(str(match.memory.metadata.get(BINDING)))
        if runbook is not None:
            bound = Match(
                memory=runbook,
                exact=match.exact,
                probability=match.probability,
                why=match.why,
                bound_by=match.memory.id,
            )
            followed.setdefault(runbook.id, bound)
        followed.setdefault(match.memory.id, match)
    return list(followed.values())


def search_text(event: ErrorEvent) -> str:
    """Return an error as words to search for."""
    inner = [frame.function for frame in event.frames if frame.in_app][-MAX_FRAMES_SEARCHED:]
    return " ".join([event.type, event.message, *inner])


def error_title(event: ErrorEvent) -> str:
    """Return an error as one line."""
    message = event.message.strip().split("\n", 1)[0]
    return ": ".join(part for part in (event.type, message) if part) or "an error without a text"


def _exact(context: MemoryContext, event: ErrorEvent, identity: Fingerprint, wanted: Filter, limit: int) -> list[Match]:
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    # A log line has no frames, the exception that was captured has: then the message alone identifies it.
    message_digest = None if event.frames else identity.digest
    with store.read() as tx:
        memories = tx.memories.by_fingerprint(identity.digest, message_digest, limit * 4)
    return [
        Match(memory=memory, exact=True, probability=EXACT_PROBABILITY)
        for memory in memories
        if _passes(memory, wanted)
    ][:limit]


def _passes(memory: Memory, wanted: Filter) -> bool:
    return (
        (not wanted.types or memory.type in wanted.types)
        and (not wanted.trust or memory.trust in wanted.trust)
        and set(wanted.tags) <= set(memory.tags)
        and (wanted.session_id is None or memory.source.session_id == wanted.session_id)
        and (wanted.since is None or memory.created_at >= wanted.since)
        and (wanted.until is None or memory.created_at < wanted.until)
    )


def _similar(hit: Hit) -> Match:
    why: Explanation = hit.why
    return Match(memory=hit.memory, exact=False, probability=hit.confidence, why=why)
