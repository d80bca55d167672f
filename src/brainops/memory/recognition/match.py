"""Which known memory is about this error?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from brainops.memory.context import MemoryContext
from brainops.memory.recognition.digests import is_about, is_of
from brainops.memory.recognition.error_events import from_exception, parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.memory.retrieve import retrieve
from brainops.types import ErrorEvent, Filter, Hit, Match, Memory, MemoryState, MemoryType
from brainops.types.limits import Limit
from brainops.wire import from_plain
from brainops_core.recognition.digests import text_digests
from brainops_core.recognition.error_events import without_path

BINDING = "runbook"  # the metadata by which an alert names its runbook's source key
MAX_FRAMES_SEARCHED = 3  # the innermost functions of one's own code say where it broke; more only add common names
EXACT_PROBABILITY = 0.95  # an equal fingerprint is the same error by construction; the rest is for wrong fingerprints
OVERFETCHED = 4  # times as many have an error's text as are about it: the same words may come from other places


def match(
    context: MemoryContext,
    error: ErrorEvent | BaseException | str,
    *,
    service: str | None = None,
    wanted: Filter | None = None,
    limit: int = 5,
) -> list[Match]:
    """Return known memories for an error: those of this very error first, then similar ones.

    Which service said it plays no part. `error` is an event, an exception or any text (traceback, log line, alert). A
    similar one carries the calibrated probability that it answers; it is never applied or merged by itself. Writes
    nothing. Raises InvalidInput.
    """
    from_plain(Limit, limit, "limit")
    wanted = wanted or Filter()
    if isinstance(error, BaseException):
        error = from_exception(error)
    hits = retrieve(context, error if isinstance(error, str) else search_text(error), wanted, limit=limit)
    known = same_error(context, error, hits, wanted, limit)
    exact = [Match(memory=memory, exact=True, probability=EXACT_PROBABILITY) for memory in known.values()]
    similar = [
        Match(memory=hit.memory, exact=False, probability=hit.confidence, why=hit.why)
        for hit in hits
        if hit.memory.id not in known
    ]
    return follow_bindings(context, exact + similar)[:limit]


def same_error(
    context: MemoryContext, error: ErrorEvent | str, near: Sequence[Hit], wanted: Filter, limit: int
) -> dict[str, Memory]:
    """Return the memories of this very error by id: by its fingerprint, and those of the near ones that say just it."""
    from brainops.memory.transfer.segments import search_segments

    event = error if isinstance(error, ErrorEvent) else parse_error(error)
    text = error if isinstance(error, str) else search_text(event)
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    with store.read() as tx:
        found = tx.memories.by_fingerprint(
            fingerprint(event).digest, text_digests(event), wanted, limit=limit * OVERFETCHED
        )
    known = {memory.id: memory for memory in found if is_of(event, memory)}
    known = dict(islice(known.items(), limit))
    if not known and (wanted.include_archived or wanted.as_of is not None):
        near = [*near, *search_segments(context, text, limit, wanted)]
    for hit in near:  # what an archive segment holds is in no index of fingerprints, and a title may be cut
        packed = hit.memory.state is MemoryState.ARCHIVED and is_about(event, hit.memory)
        if hit.memory.id not in known and (packed or _says(hit.memory, text)):
            known[hit.memory.id] = hit.memory
    return known


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


_OF = re.compile(r"(?<=\S) of \S+(?=: )")  # "step sync of nightly: ...": what a run prints of itself names no procedure


def _says(memory: Memory, text: str) -> bool:
    """Say whether a text is, letter by letter, what is printed of an error memory."""
    if memory.type is not MemoryType.ERROR_PATTERN:
        return False
    message = memory.content.get("message") if isinstance(memory.content, dict) else None
    printed = {memory.title, _OF.sub("", memory.title, count=1), message}
    return not printed.isdisjoint((text.strip(), without_path(text.strip())))
