"""What do the shipped rules find on a development set? FTS5 in memory, exact cosines, and rank.py."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from bench.quality.sets import Case, Recorded
from brainops.memory import confidence, rank, terms
from brainops.store.stem import stem

DEPTH = 100  # candidates a side, as in retrieve
TITLE_CHARACTERS = 200  # a longer first line is text, not a title
LEXICAL = """
    select rowid, -bm25(words, 2.0, 1.0) from words where words match ? order by bm25(words, 2.0, 1.0) limit ?
"""


class Vectors:
    """Embeds texts once and keeps them in a file outside the repository."""

    def __init__(self, embedder: Any, folder: Path | None) -> None:
        self.embedder = embedder
        self.db = sqlite3.connect(":memory:" if folder is None else str(folder / "vectors.db"))
        self.db.execute("create table if not exists vector (id text primary key, vector blob)")

    def of(self, texts: Sequence[str]) -> NDArray[numpy.float32]:
        keys = [
            hashlib.sha1(f"{self.embedder.model_id}\n{text}".encode(errors="replace")).hexdigest() for text in texts
        ]
        known = dict(self.db.execute("select id, vector from vector").fetchall())
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for key, vector in zip(new, self.embedder.embed(list(new.values())) if new else (), strict=True):
            known[key] = vector.astype(numpy.float32).tobytes()
            self.db.execute("insert into vector values (?, ?)", (key, known[key]))
        self.db.commit()
        return numpy.stack([numpy.frombuffer(known[key], numpy.float32) for key in keys])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question's candidates with what confidence needs: the words of the query and how frequent they are."""

    case: Case
    candidates: list[rank.Candidate]
    ids: dict[int, str]
    shares: dict[int, float]

    def without(self, ids: Collection[str]) -> Answer:
        """Return the same question asked of a store that does not hold these."""
        kept = [candidate for candidate in self.candidates if self.ids[candidate.key] not in ids]
        unknown = Case(question=self.case.question, gold={}, visible=self.case.visible)
        return Answer(case=unknown, candidates=kept, ids=self.ids, shares=self.shares)


def answers(store: Recorded, vectors: Vectors | None) -> Iterator[Answer]:
    """Ask every question of a store at the time when it was asked."""
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table words using fts5 (title, body, tokenize = 'porter unicode61')")
    neighbours = _neighbours(store)
    matrix = vectors.of([text.text for text in store.texts]) if vectors else None
    questions = vectors.of([case.question for case in store.cases]) if vectors else None
    held: list[frozenset[str]] = []
    frequency: Counter[str] = Counter()
    for number, case in enumerate(store.cases):
        while len(held) < case.visible:
            text = store.texts[len(held)].text
            db.execute("insert into words (rowid, title, body) values (?, ?, ?)", (len(held), *_indexed(text)))
            held.append(frozenset(stem(word) for word in (*terms.words(text), *terms.parts(text))))
            frequency.update(held[-1])
        if not held:
            continue
        asked = terms.query_terms(case.question)
        lexical = _lexical(db, asked)
        cosines = matrix[: case.visible] @ questions[number] if matrix is not None and questions is not None else None
        keys = _keys(lexical, cosines)
        counts = {term: frequency[stem(term)] for term in asked}
        yield Answer(
            case=case,
            candidates=[_candidate(key, lexical, cosines, neighbours) for key in keys],
            ids={key: store.texts[key].id for key in keys},
            shares={
                key: confidence.covered_share(asked, [t for t in asked if stem(t) in held[key]], counts, len(held))
                for key in keys
            },
        )


def _indexed(text: str) -> tuple[str, str]:
    title, _, body = text.partition("\n")
    return (
        terms.index_text(title, body) if body.strip() and len(title) <= TITLE_CHARACTERS else terms.index_text("", text)
    )


def _lexical(db: sqlite3.Connection, asked: Sequence[str]) -> dict[int, float]:
    expression = " OR ".join(f'"{term}"' for term in asked)
    return dict(db.execute(LEXICAL, (expression, DEPTH)).fetchall()) if asked else {}


def _keys(lexical: dict[int, float], cosines: NDArray[numpy.float32] | None) -> list[int]:
    if cosines is None:
        return list(lexical)
    return list(dict.fromkeys([*lexical, *numpy.argsort(-cosines, kind="stable")[:DEPTH].tolist()]))


def _candidate(
    key: int, lexical: dict[int, float], cosines: NDArray[numpy.float32] | None, neighbours: dict[int, tuple[int, ...]]
) -> rank.Candidate:
    dense = None if cosines is None else float(cosines[key])
    return rank.Candidate(key=key, lexical=lexical.get(key), dense=dense, neighbours=neighbours.get(key, ()))


def _neighbours(store: Recorded) -> dict[int, tuple[int, ...]]:
    near: dict[int, tuple[int, ...]] = {}
    for key, (before, after) in enumerate(zip(store.texts, store.texts[1:], strict=False)):
        if before.session is not None and before.session == after.session:
            near[key] = (*near.get(key, ()), key + 1)
            near[key + 1] = (key,)
    return near
