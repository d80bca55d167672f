"""Which memories of a PostgreSQL store match these words, or lie near this vector, under a filter?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import combining, normalize

from brainops.errors import InvalidInput
from brainops.store.counts import CountRows
from brainops.store.database import Row, Session
from brainops.store.index import vector_rows
from brainops.store.memories import filter_parameters
from brainops.store.search import PAST, Embedded, Scored, Words, filter_token, filter_tokens
from brainops.types import Filter

if TYPE_CHECKING:
    import numpy

SAMPLE_ROWS = 4_000  # word frequencies are counted over the newest rows; of more it only takes longer (10 ms here)
SAMPLED_KEYS = 20_000  # which are looked for among so many keys, some of them of other namespaces
LARGE = 20_000  # memories; of a smaller store every row that matches is ranked
RANKED_ROWS = 16  # rows that ts_rank may rank, times the root of a large store's size: 5,000 of 100,000 memories
KEPT_TERMS = 2  # but never fewer words, so that a question of common words still finds something
EVERYTHING = 1 << 40  # more rows than any store has
SPARE_ROWS = 50  # ranked beyond the hits asked for, because a row may have changed since its words were indexed
RANKED_A_HIT = 5  # by BM25 at most, which takes 30 us each; where a filter leaves too few, all that match are ranked
SELECTIVE_ROWS = 5_000  # up to here, comparing all that pass the filter is faster and more exact than the index
REMEMBERED_WORDS = 100_000  # with their frequencies: some 10 MB
REMEMBERED_FILTERS = 1_000  # that leave many memories
DEEPER = 4  # how much further a search looks when several passages of one memory came
# A tsvector holds 1 MiB. This much text of the shortest words fits; what comes after it adds its new words only.
FULL_TEXT_CHARACTERS = 200_000
NEW_WORDS_CHARACTERS = 100_000

_WORD = re.compile(r"[^\W_]+")


class PostgresIndex:
    """Full text search or BM25 for words; pgvector for vectors, where it is there."""

    def __init__(self) -> None:
        self._ready: dict[str, bool] | None = None
        self._indexed: set[str] = set()
        self._large: set[tuple[tuple[str, ...], Filter]] = set()
        self._sizes: dict[tuple[str, ...], tuple[int, int]] = {}
        self._frequencies: dict[tuple[tuple[str, ...], int], dict[str, int]] = {}

    def add(self, session: Session, key: int, words: Words, row: Mapping[str, Any] | Row) -> None:
        """Index a memory's words and filter tokens."""
        title, body = plain(words.title), plain(words.body)
        session.run(
            "lexical_insert",
            key=key,
            title=title,
            body=body,
            filters=filter_tokens({**row, "namespace": session.scope.write}),
            spoken=f"{title} {title} {body}" if self._capabilities(session)["spoken"] else None,
        )

    def remove(self, session: Session, key: int) -> None:
        """Take a memory's words out of the index."""
        session.run("lexical_delete", key=key)

    def lexical(
        self, session: Session, terms: Sequence[str], wanted: Filter, limit: int, *, brief: bool = False
    ) -> list[Scored]:
        """Return up to `limit` memories that share words with the query, best first; a long text costs no more here."""
        words = [word for term in terms for word in _WORD.findall(plain(term))]
        if not words:
            return []
        unfiltered = wanted == Filter(namespaces=wanted.namespaces)
        parameters = {**filter_parameters(wanted), "limit": limit}
        statement, depth = "lexical_search", limit + SPARE_ROWS
        if self._capabilities(session)["ranked"]:
            statement, depth = "lexical_ranked_all", limit * RANKED_A_HIT
            parameters["spoken"] = " ".join(words)
            if unfiltered:
                found = session.all("lexical_ranked", depth=limit + SPARE_ROWS, **parameters)
                if len(found) >= limit:
                    return _scored(found)
        # Each search looks at more than the one before, and the last at everything.
        first = words if not unfiltered and self._few(session, wanted) else self._telling(session, words)
        for found_by in dict.fromkeys([tuple(first), tuple(words)]):
            # The query as tsquery text: any of the words; and any of those to find by, with all filter tokens.
            clauses = [f"({' | '.join(dict.fromkeys(found_by))})", _any_token("namespace", session.scope.read)]
            if wanted.types:
                clauses.append(_any_token("type", [kind.value for kind in wanted.types]))
            if wanted.trust:
                clauses.append(_any_token("trust", [trust.value for trust in wanted.trust]))
            clauses += [_any_token("tag", [tag]) for tag in wanted.tags]
            if not (wanted.include_archived or wanted.include_superseded or wanted.as_of is not None):
                clauses.append(f"!{PAST}")
            parameters.update({"terms": " | ".join(dict.fromkeys(words)), "expression": " & ".join(clauses)})
            # Whether filter tokens tell all of the filter, so that hardly a match can be refused by its row.
            for rows in (
                (depth, EVERYTHING)
                if (
                    wanted.session_id is None and wanted.since is None and wanted.until is None and wanted.as_of is None
                )
                else (EVERYTHING,)
            ):
                found = session.all(statement, depth=rows, **parameters)
                if len(found) >= limit:
                    return _scored(found)
        return _scored(found)

    def _telling(self, session: Session, words: Sequence[str]) -> Sequence[str]:
        """Return the words that a memory is to have one of: of a large store the rarest, until their rows are enough.

        All words weigh in what is found. Memories with none but common ones are looked for where too few were found.
        """
        if len(words) <= KEPT_TERMS or self._size(session)[1] <= LARGE:
            return words
        frequencies, total = self.frequencies(session, words)
        room = RANKED_ROWS * math.sqrt(total)
        kept: list[str] = []
        for word in sorted(dict.fromkeys(words), key=lambda word: frequencies[word]):
            room -= frequencies[word]
            if room < 0 and len(kept) >= KEPT_TERMS:
                break
            kept.append(word)
        return kept

    def frequencies(self, session: Session, terms: Sequence[str]) -> tuple[dict[str, int], int]:
        """Return in how many memories each word stands, about, and how many there are."""
        newest, total = self._size(session)
        after = max(newest - SAMPLED_KEYS, 0) if total > SAMPLE_ROWS else 0
        words = {term: " & ".join(_WORD.findall(plain(term))) for term in terms}
        # Small stores change fast and are counted each time; large ones hardly move, so their counts are kept.
        kept = self._kept(session, after // SAMPLED_KEYS) if after else {}
        missing = sorted({word for word in words.values() if word and word not in kept})
        if missing:
            rows = session.all("lexical_frequency", words=missing, after=after, sample=SAMPLE_ROWS)
            kept.update((row["word"], round(row["documents"] * total / max(row["sampled"], 1))) for row in rows)
        return {term: kept.get(word, 0) for term, word in words.items()}, total

    def _kept(self, session: Session, window: int) -> dict[str, int]:
        """Return the frequencies counted before in this window of keys, to be added to."""
        if sum(map(len, self._frequencies.values())) > REMEMBERED_WORDS:
            self._frequencies.clear()
        return self._frequencies.setdefault((tuple(session.scope.read), window), {})

    def _size(self, session: Session) -> tuple[int, int]:
        """Return the newest key and how many memories are read, the latter counted anew when it may have grown."""
        last = session.one("lexical_last")
        newest, read = int(last["key"] or 0) if last else 0, tuple(session.scope.read)
        counted_at, total = self._sizes.get(read, (0, 0))
        if total <= LARGE or newest > counted_at + SAMPLED_KEYS:
            total = CountRows(session).total()
            self._sizes[read] = newest, total
        return newest, total

    def store_vectors(self, session: Session, model_id: str, embedded: Sequence[Embedded]) -> None:
        """Keep the passage vectors of memories, except of those whose text changed since, if any can be kept.

        They go out one after the other without a wait for each answer.
        """
        if not embedded or not self.keeps_vectors(session):
            return
        if model_id not in self._indexed:
            session.one("vector_index", model_id=model_id, dimension=len(embedded[0].vectors[0]))
            self._indexed.add(model_id)
        session.many("vector_insert", vector_rows(session, model_id, embedded, _vector_text))

    def dense(self, session: Session, model_id: str, vector: numpy.ndarray, wanted: Filter, limit: int) -> list[Scored]:
        """Return up to `limit` memories nearest to a vector, best first."""
        if not self.keeps_vectors(session):
            return []
        parameters = {**filter_parameters(wanted), "model_id": model_id, "vector": _vector_text(vector)}
        if not self._few(session, wanted):
            found = self._nearest(session, "vector_near", limit, {**parameters, "dimension": len(vector)})
            if len(found) >= limit:
                return found  # else the index gave up early, or there are no more: the comparison of all knows
        return self._nearest(session, "vector_nearest", limit, parameters)

    def _nearest(self, session: Session, statement: str, limit: int, parameters: Mapping[str, Any]) -> list[Scored]:
        """Return the nearest memories by a statement, asking for more where several passages of one memory came."""
        depth = limit
        while True:
            rows = session.all(statement, limit=depth, **parameters)
            nearest: dict[int, float] = {}
            for row in rows:  # best first, so a memory's first passage is its nearest
                nearest.setdefault(row["key"], float(row["score"]))
            best = [Scored(key=key, score=score) for key, score in list(nearest.items())[:limit]]
            if len(best) >= limit or len(rows) < depth:
                return best
            depth *= DEEPER

    def _few(self, session: Session, wanted: Filter) -> bool:
        """Say whether so few memories pass the filter that all of them are compared; many stay many."""
        asked = tuple(session.scope.read), wanted
        if asked in self._large:
            return False
        row = session.one("filter_count", limit=SELECTIVE_ROWS + 1, **filter_parameters(wanted))
        few = row is None or row["memories"] <= SELECTIVE_ROWS
        if not few:
            if len(self._large) >= REMEMBERED_FILTERS:
                self._large.clear()
            self._large.add(asked)
        return few

    def cosines(
        self, session: Session, model_id: str, vector: numpy.ndarray, keys: Sequence[int]
    ) -> dict[int, list[float]]:
        """Return the cosines of these memories' passages to a vector, in order, where they have any."""
        if not keys or not self.keeps_vectors(session):
            return {}
        rows = session.all("vector_of_keys", model_id=model_id, vector=_vector_text(vector), keys=list(keys))
        found: dict[int, list[float]] = {}
        for row in rows:
            found.setdefault(row["key"], []).append(float(row["score"]))
        return found

    def keeps_vectors(self, session: Session) -> bool:
        """Say whether this store can hold vectors at all."""
        return self._capabilities(session)["vectors"]

    def _capabilities(self, session: Session) -> dict[str, bool]:
        """Return which extensions this store uses; asked once, because they come with a restart of the server."""
        if self._ready is None:
            row = session.one("index_ready")
            assert row is not None
            self._ready = {name: bool(row[name]) for name in ("vectors", "spoken", "ranked")}
        return self._ready


def plain(text: str) -> str:
    """Return a text's words as the index cuts them: letters and digits, in lower case, without accents.

    A very long text keeps of its later part only the words that are new.
    """
    folded = text.lower()
    if not folded.isascii():
        folded = "".join(char for char in normalize("NFKD", folded) if not combining(char))
    words = _WORD.findall(folded)
    if len(folded) <= FULL_TEXT_CHARACTERS:
        return " ".join(words)
    return " ".join(_bounded(words))


def _bounded(words: Iterable[str]) -> list[str]:
    kept: list[str] = []
    room, new_room = FULL_TEXT_CHARACTERS, NEW_WORDS_CHARACTERS
    seen: set[str] = set()
    for word in words:
        size = len(word.encode()) + 1
        if room >= size:
            room -= size
        elif word not in seen and new_room >= size:
            new_room -= size
        else:
            continue
        seen.add(word)
        kept.append(word)
    return kept


def _any_token(kind: str, values: Sequence[str]) -> str:
    return f"({' | '.join(filter_token(kind, value) for value in values)})"


def _scored(rows: Iterable[Row]) -> list[Scored]:
    return [Scored(key=row["key"], score=float(row["score"])) for row in rows]


def _vector_text(vector: numpy.ndarray) -> str:
    """Return a vector as pgvector reads it, with length 1; raise InvalidInput where it has no direction."""
    import numpy

    given = numpy.asarray(vector, numpy.float32)
    length = float(numpy.linalg.norm(given))
    if not (numpy.isfinite(length) and length > 0):
        raise InvalidInput(
            "A vector has no direction: it is all zeros or holds a value that is no number. Embed it anew."
        )
    return "[" + ",".join(f"{value:.6g}" for value in (given / length).tolist()) + "]"
