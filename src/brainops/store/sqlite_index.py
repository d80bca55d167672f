"""Which memories of a SQLite store match these words, or lie near this vector, under a filter?"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from brainops.store.index import vector_rows
from brainops.store.memories import filter_parameters
from brainops.store.search import PAST, Scored, filter_token, filter_tokens
from brainops.store.stem import stem

if TYPE_CHECKING:
    import numpy

    from brainops.store.database import Row, Session
    from brainops.store.scan import Scan
    from brainops.store.search import Embedded, Words
    from brainops.types import Filter

SAMPLE_ROWS = 20_000  # word frequencies are counted over the newest rows: ten times fewer changed no ranking
RANKED_ROWS = 15  # rows that a search may rank, times the root of the store's size: 4,700 (4 ms) of 100,000 memories
ALWAYS_RANKED = 4_000  # rows, which is every row of a store up to that size: 4 ms
USUAL_TERMS = 6  # of a question; a longer text may rank more rows, up to
LONGEST = 3  # times as many
WIDER = 2  # more rows are looked at where common words are added afterwards: their weight moves some up
KEPT_TERMS = 2  # but never fewer, so that a question of common words still finds something
READ_CHARACTERS = 4_000  # of each found memory are looked through for the words that were left out
DEEPER = 4  # how much further a search looks when filters left too few
GATHERING_BALANCE = 2.8  # looking at a nearest row costs so much more than gathering one that passes (4.5 and 1.6 us)
HEADROOM = 1.3  # how much further than the expected depth a second look goes
SELECTIVE_ROWS = 20_000  # and above this many keys, fetching them costs more than the scan saves
LOOKED_AT = 1.25  # times as many of the nearest as asked for: some will not pass the filter
GROWN = 1.02  # words are counted anew when the store has grown by this: a rarity changes by less than that
REMEMBERED_TERMS = 50_000
REMEMBERED_FILTERS = 1_000


class SQLiteIndex:
    """FTS5 for words; an exact scan over a derived, memory-mapped int8 matrix for vectors."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._scans: dict[tuple[str, str], Scan] = {}
        self._selective_filters: set[str] = set()
        self._lock = threading.Lock()
        self._frequencies: dict[str, int] = {}
        self._counted_at = 0

    def forget(self) -> None:
        """Drop what is remembered of the rows: another file took the place of the one that they are in."""
        with self._lock:
            self._scans, self._frequencies, self._counted_at = {}, {}, 0
            self._selective_filters = set()

    def add(self, session: Session, key: int, words: Words, row: Mapping[str, Any] | Row) -> None:
        """Index a memory's words and filter tokens."""
        filters = filter_tokens({**row, "namespace": session.scope.write})
        session.run("lexical_insert", key=key, title=words.title, body=words.body, filters=filters)

    def remove(self, session: Session, key: int) -> None:
        """Take a memory's words out of the index."""
        session.run("lexical_delete", key=key)

    def lexical(
        self, session: Session, terms: Sequence[str], wanted: Filter, limit: int, *, brief: bool = False
    ) -> list[Scored]:
        """Return up to `limit` memories that share words with the query, best first."""
        if not terms:
            return []
        telling, common = self._telling(session, terms, 1 if brief else LONGEST)
        expression = match_expression(telling, self._conditions(session, wanted), wanted)
        depth = limit * WIDER if common else math.ceil(limit * LOOKED_AT)
        while True:
            rows = session.all("lexical_search", expression=expression, limit=depth)
            ranked = self._with_common(session, {row["key"]: row["score"] for row in rows}, common)
            found = self._first_admitted(session, ranked, wanted, limit)
            if len(found) >= limit or len(rows) < depth:
                return found
            depth *= DEEPER

    def _first_admitted(self, session: Session, ranked: list[Scored], wanted: Filter, limit: int) -> list[Scored]:
        """Return the first of the ranked memories that pass every filter on the row."""
        found: list[Scored] = []
        for start in range(0, len(ranked), limit):
            chunk = ranked[start : start + limit]
            keys = [scored.key for scored in chunk]
            admitted = {row["key"] for row in session.all("memory_admit", keys=keys, **filter_parameters(wanted))}
            found += [scored for scored in chunk if scored.key in admitted]
            if len(found) >= limit:
                break
        return found[:limit]

    def _telling(self, session: Session, terms: Sequence[str], longest: int) -> tuple[Sequence[str], dict[str, float]]:
        """Return the words to search for, and the common ones that are left out of it, with their weight.

        Ranking a row is what a search costs, so the words are taken rarest first until their rows are enough.
        """
        frequencies, total = self.frequencies(session, tuple(dict.fromkeys(terms)))
        longer = min(max(len(frequencies) / USUAL_TERMS, 1.0), longest)
        allowed = max(RANKED_ROWS * math.sqrt(total), ALWAYS_RANKED) * longer
        if sum(frequencies.values()) <= allowed:
            return terms, {}
        ranked_rows, kept = 0, set[str]()
        for term in sorted(frequencies, key=lambda term: frequencies[term]):
            ranked_rows += frequencies[term]
            if len(kept) >= KEPT_TERMS and ranked_rows > allowed:
                break
            kept.add(term)
        left_out = {
            term: max(1e-6, math.log((total - count + 0.5) / (count + 0.5)))
            for term, count in frequencies.items()
            if term not in kept
        }
        return [term for term in terms if term in kept], left_out

    def _with_common(self, session: Session, found: dict[int, float], common: Mapping[str, float]) -> list[Scored]:
        """Add what the words left out say of the memories that were found, as BM25 does for a word that stands once."""
        if common and found:
            beginnings = [(f" {stem(term)}", weight) for term, weight in common.items()]
            for row in session.all("lexical_texts", keys=list(found)):
                text = " ".join((" ", row["title"], row["body"][:READ_CHARACTERS])).lower()
                found[row["key"]] += sum(weight for beginning, weight in beginnings if beginning in text)
        return [Scored(key=key, score=score) for key, score in sorted(found.items(), key=lambda pair: -pair[1])]

    def _conditions(self, session: Session, wanted: Filter) -> list[str]:
        """Return the filter as clauses over filter tokens; namespaces only where the store holds others than these."""
        clauses = [_any_token("tag", [tag]) for tag in wanted.tags]
        if wanted.types:
            clauses.append(_any_token("type", wanted.types))
        if wanted.trust:
            clauses.append(_any_token("trust", wanted.trust))
        if session.one("other_namespace") is not None:
            clauses.append(_any_token("namespace", session.scope.read))
        return clauses

    def frequencies(self, session: Session, terms: Sequence[str]) -> tuple[dict[str, int], int]:
        """Return in how many memories each word stands, about, and how many there are."""
        last = session.one("lexical_last")
        total = int(last["key"] or 0) if last else 0
        sampled = min(total, SAMPLE_ROWS)
        if not self._counted_at <= total <= self._counted_at * GROWN or len(self._frequencies) > REMEMBERED_TERMS:
            self._counted_at, self._frequencies = total, {}
        found = {term: self._frequency(session, term, total - sampled) for term in terms}
        scale = total / sampled if sampled else 1.0
        return {term: round(count * scale) for term, count in found.items()}, total

    def _frequency(self, session: Session, term: str, after: int) -> int:
        count = self._frequencies.get(term)
        if count is None:
            row = session.one("lexical_frequency", expression=quoted(term), after=after)
            count = self._frequencies[term] = int(row["documents"]) if row else 0
        return count

    def keeps_vectors(self, session: Session) -> bool:
        """Say whether this store can hold vectors at all."""
        return True

    def store_vectors(self, session: Session, model_id: str, embedded: Sequence[Embedded]) -> None:
        """Keep the passage vectors of memories, except of those whose text changed since they were made."""
        from brainops.store.vectors import encode

        session.many("vector_insert", vector_rows(session, model_id, embedded, encode))

    def dense(self, session: Session, model_id: str, vector: numpy.ndarray, wanted: Filter, limit: int) -> list[Scored]:
        """Return up to `limit` memories nearest to a vector, best first."""
        scan = self._scan(session, model_id, len(vector))
        signature = repr((session.scope.read, wanted))
        among = self._selected(session, model_id, wanted) if signature in self._selective_filters else None
        rows = len(scan) if among is None else len(among)
        depth = int(limit * LOOKED_AT)
        while True:
            sequences, scores = scan.nearest(vector, min(depth, rows), among)
            best = self._admitted_best(session, sequences, scores, wanted)
            if len(best) >= limit or depth >= rows:
                return [Scored(key=key, score=score) for key, score in islice(best.items(), limit)]
            if among is None and _gathering_pays(len(best) / depth, limit, rows):
                among = self._selected(session, model_id, wanted)
                if among is not None:
                    if _gathering_pays(len(among) / rows, limit, rows):
                        self._remember_selective(signature)
                    rows, depth = len(among), limit
                    continue
            depth = max(depth * 2, int(depth * HEADROOM * limit / max(len(best), 1)))

    def cosines(
        self, session: Session, model_id: str, vector: numpy.ndarray, keys: Sequence[int]
    ) -> dict[int, list[float]]:
        """Return the cosines of these memories' passages to a vector, in order, where they have any."""
        from brainops.store.vectors import decode_many

        rows = session.all("vector_of_keys", model_id=model_id, keys=list(keys)) if keys else []
        scores = decode_many([row["vector"] for row in rows]) @ vector if rows else []
        found: dict[int, list[float]] = {}
        for row, score in zip(rows, scores, strict=True):
            found.setdefault(row["memory_key"], []).append(float(score))
        return found

    def _scan(self, session: Session, model_id: str, dimension: int) -> Scan:
        from brainops.store.scan import Scan, map_path

        stored = session.one("setting_get", name="store_id")
        key = (stored["value"] if stored else "", model_id)
        with self._lock:
            scan = self._scans.get(key)
            if scan is None:
                scan = self._scans[key] = Scan(map_path(self._location, *key), model_id, dimension)
        scan.refresh(session)
        return scan

    def _selected(self, session: Session, model_id: str, wanted: Filter) -> numpy.ndarray | None:
        """Return the sequences of what may pass the filter, or None where those are too many to gather."""
        import numpy

        conditions = self._conditions(session, wanted)
        if conditions:
            matching = session.all("filter_search", expression=" AND ".join(conditions), limit=SELECTIVE_ROWS)
            keys = [row["key"] for row in matching]
            rows = session.all("vector_sequences", model_id=model_id, keys=keys) if len(keys) < SELECTIVE_ROWS else []
        else:
            matching = rows = session.all(
                "vector_keys", model_id=model_id, limit=SELECTIVE_ROWS, **filter_parameters(wanted)
            )
        if len(matching) >= SELECTIVE_ROWS:
            return None
        return numpy.fromiter((row["sequence"] for row in rows), numpy.int64, len(rows))

    def _admitted_best(
        self, session: Session, sequences: numpy.ndarray, scores: numpy.ndarray, wanted: Filter
    ) -> dict[int, float]:
        rows = session.all("vector_admit", sequences=sequences.tolist(), **filter_parameters(wanted))
        best: dict[int, float] = {}
        for sequence, score in zip(sequences.tolist(), scores.tolist(), strict=True):
            if (key := {row["sequence"]: row["key"] for row in rows}.get(sequence)) is not None:
                best.setdefault(key, score)
        return best

    def _remember_selective(self, signature: str) -> None:
        """Next time this filter is gathered at once; forgetting it only costs a scan."""
        if len(self._selective_filters) >= REMEMBERED_FILTERS:
            self._selective_filters.clear()
        self._selective_filters.add(signature)


def _gathering_pays(share: float, limit: int, rows: int) -> bool:
    """Say whether gathering `share * rows` memories is cheaper than looking at the nearest `limit / share`."""
    return share * share * rows < GATHERING_BALANCE * limit


def match_expression(terms: Sequence[str], conditions: Sequence[str], wanted: Filter) -> str:
    """Return the FTS5 expression: any of the words in title or body, all conditions, not the past unless asked."""
    words = f"({{title body}} : ({' OR '.join(quoted(term) for term in terms)}))"
    expression = " AND ".join([words, *conditions])
    looks_back = wanted.include_archived or wanted.include_superseded or wanted.as_of is not None
    return expression if looks_back else f"({expression}) NOT (filters : {PAST})"


def quoted(term: str) -> str:
    """Return a word as an FTS5 string, in which nothing is syntax."""
    return '"' + term.replace('"', '""') + '"'


def _any_token(kind: str, values: Sequence[str]) -> str:
    return f"(filters : ({' OR '.join(filter_token(kind, value) for value in values)}))"
