"""What is remembered of something, why was it found, and what would an agent be given for it?"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

from msgspec import Struct

from brainops.dashboard.visit import ROWS, Visit
from brainops.errors import InvalidInput, NotFound
from brainops.types import Hit, Match, Memory, MemoryType, Operation, Trust, Verdict
from brainops.wire import to_json

TOKENS = 2_000  # what an agent is given of memory where nobody says otherwise
CHARACTERS_A_TOKEN = 4
SAME_ERROR = 3
NEIGHBOURS = 6
FOLLOWERS = 10
COMPARED = 2_000  # lines of a version, beside those of the one before it
LEAST_TOLD = 0.005  # of a part of a score: less reads as nothing

_FILTERS = {"types": "type", "trust": "trust", "tags": "tag", "as_of": "as_of", "since": "range", "until": "range"}
"""Under which name a condition of a search stands in the address."""


class FoundHit(Struct, frozen=True):
    """A hit, with the parts of its score as people say them."""

    memory: Memory
    confidence: float
    why: Sequence[str]


def search(visit: Visit) -> Mapping[str, Any]:
    """Return what answers a question, or the newest where nobody asks; how many there are, and what would be given."""
    brain, query, wanted = visit.brain, visit.query.get("query", "").strip(), _conditions(visit)

    @cache
    def hits() -> Sequence[Hit]:
        return brain.retrieve(query, limit=ROWS, **wanted) if query else []

    @cache
    def counts() -> Any:
        return brain.count(query, **wanted)

    def without() -> list[tuple[str, int, str]]:
        found = []
        for name, count in counts().without.items():
            gone = _FILTERS.get(name, name)
            less: dict[str, str | None] = {gone: None}
            if gone == "range":
                less |= {"since": None, "until": None}
            found.append((gone, count, visit.link(**less)))
        return found

    def given() -> Mapping[str, Any]:
        fits = brain.retrieve(query, limit=ROWS, budget_tokens=TOKENS, **wanted)
        kept = {hit.memory.id for hit in fits}
        texts = [f"{hit.memory.title}\n{text_of(hit.memory)}" for hit in fits]
        left = [(hit.memory, _tokens(hit.memory)) for hit in hits() if hit.memory.id not in kept]
        return {"texts": texts, "tokens": sum(_tokens(hit.memory) for hit in fits), "budget": TOKENS, "left": left}

    def choices(kinds: type[MemoryType] | type[Trust], field: str) -> list[tuple[str, int]]:
        found = getattr(counts(), field)
        return [(each.value, found[each.value]) for each in kinds if found.get(each.value)]

    return {
        "query": query,
        "hits": lambda: [FoundHit(hit.memory, hit.confidence, _why(hit)) for hit in hits()],
        "same": lambda: _same_error(visit, query),
        "newest": lambda: brain.newest(limit=ROWS, **visit.paging, **wanted),
        "counts": counts,
        "without": without,
        "types": lambda: choices(MemoryType, "types"),
        "trusts": lambda: choices(Trust, "trust"),
        "tags": lambda: list(counts().tags.items()),
        "given": given,
        "about": lambda memory: f"{text_of(memory)[:240]}",
    }


def memory(visit: Visit) -> Mapping[str, Any]:
    """Return one memory with what came of it: versions, verdicts, acts, who followed it, and what stands beside it."""
    brain, found = visit.brain, visit.brain.get(visit.given["memory_id"])

    @cache
    def history() -> Any:
        return brain.history(found.id)

    def followers() -> list[Operation]:
        return operations_of(visit, history().used.operations[:FOLLOWERS])

    def beside() -> list[Memory]:
        session = found.source.session_id
        near = brain.newest(session_id=session, limit=NEIGHBOURS) if session else []
        return [each for each in near if each.id != found.id]

    return {
        "memory": found,
        "text": text_of(found),
        "history": history,
        "changes": lambda: list(_changes(history().versions)),
        "followers": followers,
        "beside": beside,
        "verdicts": [each.value for each in Verdict],
    }


def operations_of(visit: Visit, ids: Iterable[str]) -> list[Operation]:
    """Return the operations of these ids that are there: of what is only counted, or was moved out, nothing is."""
    found = []
    for each in ids:
        with suppress(NotFound):
            found.append(visit.brain.operations.get(each))
    return found


def text_of(memory: Memory) -> str:
    """Return what a memory says, as text."""
    said = memory.content
    return said if isinstance(said, str) else json.dumps(json.loads(to_json(said)), indent=2, ensure_ascii=False)


def _tokens(memory: Memory) -> int:
    return -(-(len(memory.title) + len(text_of(memory))) // CHARACTERS_A_TOKEN)


def _why(hit: Hit) -> list[str]:
    why, memory = hit.why, hit.memory
    parts = [
        f"words {why.lexical:.2f}" if why.lexical and why.lexical >= LEAST_TOLD else "",
        f"meaning {why.dense:.2f}" if why.dense and why.dense >= LEAST_TOLD else "",
        f"beside one that fits {why.neighbour:+.2f}" if why.neighbour else "",
        f"age and importance {why.prior:+.2f}" if why.prior else "",
        f"feedback {memory.feedback:+g}" if memory.feedback else "",
        f"shares {', '.join(why.terms[:6])}" if why.terms else "",
    ]
    return [part for part in parts if part]


def _same_error(visit: Visit, query: str) -> list[Match]:
    """Return what is known of the very error that somebody pasted."""
    return [match for match in visit.brain.match(query, limit=SAME_ERROR) if match.exact] if query else []


def _conditions(visit: Visit) -> dict[str, Any]:
    """Return the filters of an address as a search takes them; the time only where somebody chose one."""
    asked, wanted = visit.query, dict[str, Any]()
    if asked.get("type"):
        wanted["types"] = [asked["type"]]
    if asked.get("trust"):
        wanted["trust"] = [asked["trust"]]
    if asked.get("tag"):
        wanted["tags"] = [asked["tag"]]
    if asked.get("as_of"):
        try:
            day = datetime.strptime(asked["as_of"], "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)
        except (ValueError, OverflowError):
            raise InvalidInput(f"a day is written 2026-11-30, not {asked['as_of'][:40]!r}") from None
        wanted["as_of"] = min(int(day.timestamp() * 1e6), visit.now)
    if asked.get("range") or asked.get("since"):
        wanted["since"] = visit.since
        if asked.get("until"):
            wanted["until"] = visit.until
    return wanted


def _changes(versions: Sequence[Memory]) -> Iterator[tuple[Memory, list[tuple[str, str]]]]:
    """Yield each version but the first, the newest first, with its changes: "+" came, "-" went, " " stayed."""
    for old, new in reversed(list(pairwise(versions))):
        before, after = ([each.title, *text_of(each).splitlines()[:COMPARED]] for each in (old, new))
        changed = list(difflib.unified_diff(before, after, lineterm=""))[3:]  # behind the two names and the first place
        yield new, [(line[:1], line[1:]) if line[:1] != "@" else (" ", "…") for line in changed]


def known(visit: Visit, memory_id: str) -> Memory:
    """Return a memory of an error; raise NotFound for any other."""
    found = visit.brain.get(memory_id)
    if found.fingerprint is None:
        raise NotFound(f"the memory {memory_id[:80]!r} is no error; look at it as a memory")
    return found
