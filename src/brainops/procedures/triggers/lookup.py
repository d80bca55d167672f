"""Which procedures does a text resemble? (pure) Ranked and weighed as memories are, by words and by meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from brainops.memory import confidence, rank
from brainops.memory.terms import query_terms, words
from brainops.store.stem import stem
from brainops.types import ProcedureVersion

if TYPE_CHECKING:
    import numpy

CANDIDATES = 10  # a side; a thousand short descriptions hold no more that answer one text


class Resemblance(Struct, frozen=True, kw_only=True):
    """A procedure that a text resembles, how probably it is about it, and the words that both say."""

    version: ProcedureVersion
    confidence: float
    terms: tuple[str, ...]


class Lookup:
    """The texts of procedures, ready to be searched."""

    def __init__(
        self, versions: Sequence[ProcedureVersion], texts: Sequence[str], vectors: numpy.ndarray | None
    ) -> None:
        self._versions = versions
        self._vectors = vectors
        self._stems = [frozenset(map(stem, words(text))) for text in texts]
        self._postings: dict[str, list[int]] = {}
        for number, stems in enumerate(self._stems):
            for each in stems:
                self._postings.setdefault(each, []).append(number)

    def find(self, text: str, vector: numpy.ndarray | None, limit: int) -> list[Resemblance]:
        """Return the procedures that answer a text, best first."""
        terms = tuple(dict.fromkeys(query_terms(text)))
        stems = {term: stem(term) for term in terms}
        lexical = self._lexical(stems.values())
        cosines = self._vectors @ vector if self._vectors is not None and vector is not None else None
        near = [] if cosines is None else [int(place) for place in (-cosines).argsort()[:CANDIDATES]]
        keys = dict.fromkeys([*sorted(lexical, key=lambda key: -lexical[key])[:CANDIDATES], *near])
        ranked = rank.fuse(
            rank.Candidate(key=key, lexical=lexical.get(key), dense=None if cosines is None else float(cosines[key]))
            for key in keys
        )
        margins = confidence.margins([hit.score for hit in ranked])
        frequencies = {term: len(self._postings.get(root, ())) for term, root in stems.items()}
        found = []
        for hit, margin in zip(ranked[:limit], margins, strict=False):
            shared = tuple(term for term, root in stems.items() if root in self._stems[hit.key])
            signals = confidence.HitSignals(
                cosine=None if cosines is None else float(cosines[hit.key]),
                covered=confidence.covered_share(terms, shared, frequencies, max(len(self._versions), confidence.FEW)),
                margin=margin,
            )
            relevance = confidence.relevance(signals, len(shared))
            found.append(Resemblance(version=self._versions[hit.key], confidence=relevance, terms=shared))
        return found

    def _lexical(self, stems: Iterable[str]) -> dict[int, float]:
        scores: dict[int, float] = {}
        for each in dict.fromkeys(stems):
            holders = self._postings.get(each, ())
            weight = confidence.inverse_frequency(len(holders), len(self._versions))
            for number in holders:
                scores[number] = scores.get(number, 0.0) + weight
        return scores
