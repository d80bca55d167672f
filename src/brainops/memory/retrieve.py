"""Which memories answer this question, best first, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from brainops.memory import rank
from brainops.memory.draft import content_text
from brainops.memory.passages import answering, nearness, passages, whole
from brainops.memory.terms import query_terms, shared_terms
from brainops.memory.weights import weights_of
from brainops.store.memories import memory_of
from brainops.types import Explanation, Filter, Hit, Page
from brainops.types.limits import Count, Limit
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain
from brainops_core.redaction.redact import clean

if TYPE_CHECKING:
    import numpy

    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction
    from brainops.store.database import Row
    from brainops.types import Memory, MemoryType

CANDIDATES = 50  # a side; 100 and 200 changed no figure on the development data by a point (docs/decisions/0002)
SHARED_CANDIDATES = 100  # a side, where one search serves several kinds of memories
FIRST_OF_A_KIND = 5  # so many of a kind each side must have found; what is rarer is searched for by itself
MAX_QUERY_CHARACTERS = 50_000  # a pasted log; what lies beyond says nothing new
OCCURRENCE = ("context", "service", "target")  # what an error's memory says of where it happened
CHARACTERS_A_TOKEN = 4  # English prose and code under the usual tokenizers, rounded down so that a budget holds


class Query(Struct, frozen=True, kw_only=True):
    """A query as it is searched: its text, its words and, where there is a model, its vector."""

    text: str
    terms: tuple[str, ...]
    vector: numpy.ndarray | None
    model_id: str | None


def retrieve(context: MemoryContext, query: str, wanted: Filter, *, limit: int = 10) -> list[Hit]:
    """Return the memories that answer a query, best first, at most `limit` and never fewer while more match.

    An empty query returns what passes the filter, newest first. Writes nothing. Raises InvalidInput, NamespaceDenied.
    """
    from_plain(Limit, limit, "limit")
    question = ask(context, query)
    if not question.terms and question.vector is None:
        listed = newest(context, wanted, limit)
        return [Hit(memory=memory, score=0.0, confidence=0.0, why=Explanation()) for memory in listed]
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    with store.read() as tx:
        hits = _hits(tx, question, gather(tx, question, wanted, max(CANDIDATES, limit), store.now()), limit)
    return hits + _moved_out(context, question.text, wanted, limit - len(hits))


def newest(
    context: MemoryContext, wanted: Filter, limit: int, *, after: str | None = None, before: str | None = None
) -> Page[Memory]:
    """Return a page of what passes a filter, newest first. Raises InvalidInput, NamespaceDenied."""
    from_plain(Limit, limit, "limit")
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    with store.read() as tx:
        page = tx.memories.newest(wanted, limit, context.store.now(), after, before)
    moved = _moved_out(context, "", wanted, limit - len(page)) if page.next is None else []
    return Page([*page, *(hit.memory for hit in moved)], next=page.next, previous=page.previous) if moved else page


def _moved_out(context: MemoryContext, query: str, wanted: Filter, limit: int) -> list[Hit]:
    """Return what retention moved out of the store and is asked for too, where there is room for it."""
    if limit <= 0 or not (wanted.include_archived or wanted.as_of is not None):
        return []
    from brainops.memory.transfer.segments import search_segments

    return search_segments(context, query, limit, wanted)


def search_words(context: MemoryContext, query: str) -> dict[int, float]:
    """Return what words alone find for `retrieve_kinds`: the part that needs no model, so both can be done at once."""
    terms = query_terms(read_query(query))
    with context.store.read() as tx:
        found = tx.index.lexical(tx.session, terms, Filter(), SHARED_CANDIDATES, brief=True)
    return {hit.key: hit.score for hit in found}


def retrieve_kinds(
    context: MemoryContext,
    question: Query,
    by_words: Mapping[int, float],
    kinds: Sequence[tuple[MemoryType, ...]],
    *,
    limit: int,
) -> list[list[Hit]]:
    """Return the current memories that are about a question, for each group of types by itself, searching once.

    `by_words` is what `search_words` found for it. A group of which the common search found too few is searched alone.
    The confidence of these hits is their `relevance`, which holds in a store of any size. Writes nothing.
    """
    from_plain(Limit, limit, "limit")
    if not question.terms and question.vector is None:
        return [[] for _ in kinds]
    now = context.store.now()
    with context.store.read() as tx:
        found = _sides(tx, question, Filter(), SHARED_CANDIDATES, by_words)
        facts = tx.memories.facts(list(found))
        gathered = _candidates(tx, found, facts, now)
        hits = []
        for wanted in kinds:
            mine = [each for each in gathered if facts[each.key]["type"] in wanted]
            if _too_few(mine, gathered, question):
                mine = gather(tx, question, Filter(types=wanted), CANDIDATES, now)
            hits.append(_hits(tx, question, mine, limit, relevant=True))
    return hits


def relevant(context: MemoryContext, query: str, wanted: Filter, *, limit: int) -> list[Hit]:
    """Return the memories that are about a query, the surest first; their confidence is their `relevance`."""
    question = ask(context, query)
    with context.store.read() as tx:
        found = gather(tx, question, wanted, max(CANDIDATES, limit), context.store.now())
        return _hits(tx, question, found, limit, relevant=True)


def nearest(context: MemoryContext, query: str, wanted: Filter, *, limit: int) -> list[Memory]:
    """Return the memories that rank first for a query, where nobody asks how surely each is about it, or why."""
    question = ask(context, query)
    with context.store.read() as tx:
        found = gather(tx, question, wanted, max(CANDIDATES, limit), context.store.now())
        keys = [hit.key for hit in rank.fuse(found, weights=weights_of(tx))[:limit]]
        rows = tx.memories.by_keys(keys)
    return [memory_of(rows[key]) for key in keys if key in rows]


def ask(context: MemoryContext, query: str, *besides: str) -> Query:
    """Read a query: clean it, find its words, and embed it where a model answers, with what is asked besides."""
    text = read_query(from_plain(str, query, "a query"))
    vector = context.meaning.of_query(text, *besides)
    embedder = context.meaning.embedder() if vector is not None else None
    return Query(text=text, terms=query_terms(text), vector=vector, model_id=embedder.model_id if embedder else None)


def read_query(query: str) -> str:
    """Return a query as it is looked for and embedded: cleaned, and cut where it is too long."""
    return clean(query)[:MAX_QUERY_CHARACTERS].strip()


def pack(hits: Iterable[Hit], budget_tokens: int) -> list[Hit]:
    """Return the best hits whose texts fit into a token budget together, in order; one that is too long is passed over.

    Long ones go in by their passage, which then is the memory's content here; what room is left makes the best of them
    whole again. A token is counted as four characters. Raises InvalidInput.
    """
    room, packed = from_plain(Count, budget_tokens, "budget_tokens") * CHARACTERS_A_TOKEN, list[tuple[Hit, Hit]]()
    for hit in hits:
        short = hit if hit.passage is None else replace(hit, memory=replace(hit.memory, content=hit.passage))
        if _size(short) <= room:
            packed.append((hit, short))
            room -= _size(short)
    given = []
    for hit, short in packed:
        grown = _size(hit) - _size(short)
        given.append(hit if grown <= room else short)
        room -= grown if grown <= room else 0
    return given


def _size(hit: Hit) -> int:
    return len(hit.memory.title) + len(content_text(hit.memory.content))


def _hits(
    tx: Transaction, question: Query, candidates: Sequence[rank.Candidate], limit: int, *, relevant: bool = False
) -> list[Hit]:
    from brainops.memory import confidence

    ranked = rank.fuse(candidates, weights=weights_of(tx))
    cosines = {candidate.key: candidate.dense for candidate in candidates}
    margins = confidence.margins([hit.score for hit in ranked])
    rows = tx.memories.by_keys([hit.key for hit in ranked[:limit]])
    frequencies, total = tx.index.frequencies(tx.session, tuple(dict.fromkeys(question.terms)))
    memories = {key: memory_of(row) for key, row in rows.items()}
    parts = {key: passages(whole(each.title, content_text(each.content))) for key, each in memories.items()}
    by_passage = _cosines(tx, question, [key for key in parts if len(parts[key]) > 1])
    known = max(total, confidence.FEW) if relevant else total
    weights = confidence.telling(question.terms, frequencies, known)
    hits = []
    for hit, margin in zip(ranked[:limit], margins, strict=False):
        if hit.key not in rows:
            continue
        memory = memories[hit.key]
        shared = _words_in_common(question.terms, memory, about=relevant)
        covered = confidence.held_share(weights, shared)
        signals = confidence.HitSignals(cosine=cosines[hit.key], covered=covered, margin=margin)
        sure = confidence.relevance(signals, len(shared)) if relevant else confidence.match_probability(signals)
        hits.append(
            Hit(
                memory=memory,
                score=hit.score,
                confidence=sure,
                why=Explanation(
                    lexical=hit.lexical,
                    dense=hit.dense,
                    neighbour=hit.neighbour,
                    prior=hit.prior,
                    terms=shared,
                ),
                passage=answering(parts[hit.key], by_passage.get(hit.key, ()), question.terms, frequencies, known)
                if len(parts[hit.key]) > 1
                else None,
            )
        )
    return hits


def gather(tx: Transaction, question: Query, wanted: Filter, depth: int, now: int) -> list[rank.Candidate]:
    """Return the candidates of both sides with all that ranking asks of them."""
    lexical = {hit.key: hit.score for hit in tx.index.lexical(tx.session, question.terms, wanted, depth)}
    found = _sides(tx, question, wanted, depth, lexical)
    return _candidates(tx, found, tx.memories.facts(list(found)), now)


Sides = tuple[float | None, float | None]
"""What words and meaning say of one memory."""


def _sides(
    tx: Transaction, question: Query, wanted: Filter, depth: int, lexical: Mapping[int, float]
) -> dict[int, Sides]:
    dense = _dense(tx, question, wanted, depth, lexical)
    return {key: (lexical.get(key), dense.get(key)) for key in {**lexical, **dense}}


def _too_few(mine: Sequence[rank.Candidate], every: Sequence[rank.Candidate], question: Query) -> bool:
    """Say whether a side found few of a kind, although it may not have found all."""
    sides = [(each.lexical is not None, each.dense is not None) for each in every]
    own = [(each.lexical is not None, each.dense is not None) for each in mine]
    asked = (bool(question.terms), question.vector is not None)
    return any(
        asked[side]
        and sum(found[side] for found in sides) >= SHARED_CANDIDATES
        and sum(found[side] for found in own) < FIRST_OF_A_KIND
        for side in (0, 1)
    )


def _candidates(
    tx: Transaction, found: Mapping[int, Sides], facts: Mapping[int, Row], now: int
) -> list[rank.Candidate]:
    neighbours = tx.memories.neighbours(list(found))
    return [
        rank.Candidate(
            key=key,
            lexical=lexical,
            dense=dense,
            importance=facts[key]["importance"],
            age_days=abs(now - facts[key]["created_at"]) / DAY_MICROS,
            feedback=facts[key]["feedback"],
            neighbours=neighbours.get(key, ()),
        )
        for key, (lexical, dense) in found.items()
        if key in facts
    ]


def _cosines(tx: Transaction, question: Query, keys: Sequence[int]) -> dict[int, list[float]]:
    if question.vector is None or question.model_id is None:
        return {}
    return tx.index.cosines(tx.session, question.model_id, question.vector, keys)


def _dense(
    tx: Transaction, question: Query, wanted: Filter, depth: int, lexical: Mapping[int, float]
) -> dict[int, float]:
    if question.vector is None or question.model_id is None:
        return {}
    near = [hit.key for hit in tx.index.dense(tx.session, question.model_id, question.vector, wanted, depth)]
    found = _cosines(tx, question, list(dict.fromkeys((*near, *lexical))))
    return {key: nearness(cosines) for key, cosines in found.items()}


def _words_in_common(terms: Sequence[str], memory: Memory, *, about: bool) -> tuple[str, ...]:
    """Return the query's words that a memory holds; with `about`, not those of where its error occurred."""
    content = memory.content
    if about and isinstance(content, dict) and "error" in content:
        content = {name: value for name, value in content.items() if name not in OCCURRENCE}
    return shared_terms(tuple(terms), f"{memory.title}\n{content_text(content)}")
