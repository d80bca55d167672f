"""What does the store ask of an index over words and vectors?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from brainops_core.blake2 import blake2b

if TYPE_CHECKING:
    import numpy

    from brainops.store.database import Row, Session
    from brainops.types import Filter


TOKENS_KEPT = 4_096  # digests of namespaces, types and tags, which come again and again


class Words(Struct, frozen=True, kw_only=True):
    """What of a memory goes into the word index."""

    title: str
    body: str


class Scored(Struct, frozen=True, kw_only=True):
    """A memory's key and how well it matched on one side, higher is better."""

    key: int
    score: float


class Embedded(Struct, frozen=True, kw_only=True):
    """A memory's passage vectors, and the hash of the text that they were made of."""

    key: int
    content_hash: str
    vectors: numpy.ndarray


class Index(Protocol):
    """Finds candidates by words and by vectors. Every answer has passed the filter on the row itself."""

    def add(self, session: Session, key: int, words: Words, row: Mapping[str, Any]) -> None:
        """Index a memory's words and what filters ask of it."""
        ...

    def remove(self, session: Session, key: int) -> None:
        """Take a memory's words out of the index."""
        ...

    def lexical(
        self, session: Session, terms: Sequence[str], wanted: Filter, limit: int, *, brief: bool = False
    ) -> list[Scored]:
        """Return up to `limit` memories that share words with the query, best first, none missed while more match.

        With `brief`, a long text costs no more than a question: of a large store fewer rows are ranked.
        """
        ...

    def frequencies(self, session: Session, terms: Sequence[str]) -> tuple[dict[str, int], int]:
        """Return in how many memories each word stands, about, and how many there are."""
        ...

    def keeps_vectors(self, session: Session) -> bool:
        """Say whether this store can hold vectors at all."""
        ...

    def store_vectors(self, session: Session, model_id: str, embedded: Sequence[Embedded]) -> None:
        """Keep the passage vectors of memories, except of those whose text changed since they were made."""
        ...

    def dense(self, session: Session, model_id: str, vector: numpy.ndarray, wanted: Filter, limit: int) -> list[Scored]:
        """Return up to `limit` memories nearest to a vector, best first."""
        ...

    def cosines(
        self, session: Session, model_id: str, vector: numpy.ndarray, keys: Sequence[int]
    ) -> dict[int, list[float]]:
        """Return the cosines of these memories' passages to a vector, in order, where they have any."""
        ...


@lru_cache(TOKENS_KEPT)
def filter_token(kind: str, value: str) -> str:
    """Return the fixed-length digest of a (kind, value) pair: an f and digits, which no stemmer or prefix touches."""
    digest = blake2b(f"{kind}\0{value}".encode(), digest_size=8).digest()
    return f"f{int.from_bytes(digest, 'big'):020d}"


PAST = filter_token("state", "past")


def filter_tokens(row: Mapping[str, Any] | Row) -> str:
    """Return the tokens that stand for a memory's namespace, type, trust, tags, and for not being current."""
    tokens = [
        filter_token("namespace", row["namespace"]),
        filter_token("type", row["type"]),
        filter_token("trust", row["trust"]),
        *(filter_token("tag", tag) for tag in json.loads(row["tags"])),
    ]
    keys = row.keys()
    if ("state" in keys and row["state"] != "active") or ("superseded_by" in keys and row["superseded_by"]):
        tokens.append(PAST)
    return " ".join(tokens)
