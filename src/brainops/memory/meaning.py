"""Which model turns text into vectors here, is it warm, and which memories still wait for it?"""

from __future__ import annotations

import json
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from brainops.errors import EmbedderUnavailable
from brainops.store import acts
from brainops.store.scope import Scope
from brainops.store.search import Embedded

if TYPE_CHECKING:
    import numpy

    from brainops.store import Store, Transaction
    from brainops.store.database import Row
    from brainops.types import Embedder, Progress

ASKED_TEXTS = 64  # whose vectors stay at hand: one question goes to memory, procedures and fixes
BATCH_MEMORIES = 64  # embedded at a time: large enough to batch by length, small enough to show progress
BATCH_CHARACTERS = 100_000  # and so many characters of them, or one memory: one to three seconds


class Meaning:
    """The embedding model of one process: opened when first used, absent without fuss."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.problem: str | None = None
        self._embedder: Embedder | None = None
        self._opening = threading.Lock()
        self._asked: dict[str, numpy.ndarray] = {}  # replaced, never changed: threads read it

    @property
    def warm(self) -> bool:
        """Say whether the model is loaded."""
        return self._embedder is not None

    def embedder(self) -> Embedder | None:
        """Return the model, loading it on first use; None where search works by words alone (see `problem`)."""
        if self._embedder is None and self.problem is None and self.model != "none":
            with self._opening:
                self._open()
        return self._embedder

    def _open(self) -> None:
        from brainops.embedding import open_embedder

        if self._embedder is not None or self.problem is not None:
            return
        try:
            # The model, the bundled one once for all that use it: it takes 30 MB, and threads may share it.
            found = _SHARED.get(self.model)
            if found is None:
                found = open_embedder(self.model)
                if found is not None and self.model == "minilm":
                    found = _SHARED.setdefault(self.model, found)
            self._embedder = found
        except EmbedderUnavailable as error:
            self.problem = str(error)

    def of_query(self, text: str, *besides: str) -> numpy.ndarray | None:
        """Return a query's vector, or None where there is no model or it does not answer now.

        What is asked `besides` is embedded in the same call, and at hand when it is asked next.
        """
        embedder = self.embedder()
        if embedder is None or not text.strip():
            return None
        known = self._asked.get(text)
        if known is not None:
            return known
        texts = list(dict.fromkeys((text, *(other for other in besides if other.strip()))))
        try:
            vectors = embedder.embed(texts)
        except EmbedderUnavailable as error:
            self.problem = str(error)
            return None
        self._asked = {**dict(list(self._asked.items())[-ASKED_TEXTS:]), **dict(zip(texts, vectors, strict=True))}
        return self._asked[text]

    def of_memories(self, texts: list[tuple[str, str]]) -> list[numpy.ndarray]:
        """Return each memory's passage vectors from its (title, body); raise EmbedderUnavailable."""
        from brainops.memory.passages import embedding_texts

        embedder = self.embedder()
        if embedder is None:
            raise EmbedderUnavailable(self.problem or "")
        passages = [embedding_texts(title, body) for title, body in texts]
        vectors = embedder.embed([passage for group in passages for passage in group])
        found, start = [], 0
        for group in passages:
            found.append(vectors[start : start + len(group)])
            start += len(group)
        return found


_SHARED: weakref.WeakValueDictionary[str, Embedder] = weakref.WeakValueDictionary()


def embed_pending(
    store: Store,
    meaning: Meaning,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Embed readable memories that wait for a vector, in key order, a batch a transaction; return how many.

    Stopping in between loses nothing: what is done is marked on the row, and the next call goes on from there.
    """
    embedder = meaning.embedder()
    if embedder is None:
        return 0
    with store.read() as tx:
        total = waiting(tx, embedder.model_id)
    done = 0
    for rows in _batches(_pages(store, embedder.model_id)) if total else ():
        vectors = meaning.of_memories([(row["title"], body_of(row)) for row in rows])
        _store(store, embedder.model_id, rows, vectors)
        done += len(rows)
        if progress is not None:
            progress(done, max(total, done))
        if (limit is not None and done >= limit) or stop():
            break
    return done


def waiting(tx: Transaction, model_id: str) -> int:
    """Return how many readable memories wait for a vector of a model: those without one, and those of another model."""
    models = tx.counts.models() if tx.index.keeps_vectors(tx.session) else Counter()
    return models.total() - models[model_id]


def _pages(store: Store, model_id: str) -> Iterator[Sequence[Row]]:
    """Yield the memories that wait for a vector, a batch at a time: each kind has an order in which it is found."""
    for outdated in (False, True):
        after = 0
        while True:
            with store.read() as tx:
                if outdated and not after and not set(tx.counts.models()) - {"", model_id}:
                    return
                rows = (
                    tx.vectors.outdated(model_id, after, BATCH_MEMORIES)
                    if outdated
                    else tx.vectors.pending(after, BATCH_MEMORIES)
                )
            if not rows:
                break
            yield rows
            after = rows[-1]["key"]


def _batches(pages: Iterable[Sequence[Row]]) -> Iterator[Sequence[Row]]:
    """Yield the rows of pages, so many at a time that what is done is soon kept, however long they are."""
    for rows in pages:
        batch: list[Row] = []
        size = 0
        for row in rows:
            if batch and size + len(row["content"]) > BATCH_CHARACTERS:
                yield batch
                batch, size = [], 0
            batch.append(row)
            size += len(row["content"])
        yield batch


def _store(store: Store, model_id: str, rows: Sequence[Row], vectors: list[numpy.ndarray]) -> None:
    by_namespace: dict[str, list[Embedded]] = {}
    for row, passages in zip(rows, vectors, strict=True):
        embedded = Embedded(key=row["key"], content_hash=row["content_hash"], vectors=passages)
        by_namespace.setdefault(row["namespace"], []).append(embedded)
    for namespace, of_namespace in by_namespace.items():
        with store.writing(acts.INDEX, acts.ITSELF, scope=Scope.of(namespace)) as tx:
            tx.index.store_vectors(tx.session, model_id, of_namespace)
            tx.counts.fold(store.now())


def body_of(row: Row) -> str:
    """Return a stored row's content as text."""
    from brainops.memory.draft import content_text

    return content_text(json.loads(row["content"]) if row["content_format"] == "json" else row["content"])
