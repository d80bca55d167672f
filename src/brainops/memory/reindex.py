"""How are indexes, vectors and redaction brought up to date over everything that is stored already?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import EmbedderUnavailable
from brainops.memory.context import MemoryContext
from brainops.memory.draft import subject_hash, words_of_row
from brainops.memory.meaning import embed_pending, waiting
from brainops.memory.redaction.stored_rows import cleansed
from brainops.memory.transfer.lines import line_of, row_of_line
from brainops.memory.transfer.segments import memory_id_of, replace_segment, unpack
from brainops.store import Transaction, acts
from brainops.store.database import Row
from brainops.store.scope import Scope
from brainops.types import JSON, Finding, MemoryState, Progress

REINDEX_ROWS = 100  # written anew in one transaction: some ten milliseconds, so that nobody waits for a sweep
EMBEDDING_MODEL = "embedding_model"  # the setting that names the model which every memory has vectors of
PASSES = 3  # over what was captured or changed while a sweep ran; the rest stays pending, and the next call takes it


class Rescanned(Struct, frozen=True, kw_only=True):
    """What a rescan looked at, how many rows it changed, what it took out (never the values), and of which memories.

    `procedures` names versions with a finding. A version never changes: replace the secret where it is valid, save the
    procedure with `secrets: {name: env:NAME}`, activate that version, and retire it where nothing follows it.
    """

    scanned: int
    changed: int
    findings: tuple[Finding, ...]
    ids: tuple[str, ...]
    procedures: tuple[str, ...] = ()
    in_log_for: str | None = None  # who keeps what was taken out in the database's log, by reading on


def reindex(context: MemoryContext, progress: Progress | None = None) -> int:
    """Write words, tags and counts of every readable memory anew from its row, and return how many memories that were.

    Readers keep getting answers: a batch is taken out and put back in one transaction. What belongs to no memory goes.
    """
    store, done = context.store, 0
    with store.read() as tx:
        total = tx.counts.total()
    for namespace in store.scope.read:
        scope, after = Scope.of(namespace), 0
        while True:
            with store.read(scope) as tx:
                keys = [row["key"] for row in tx.memories.page(after)]
            if not keys:
                break
            for start in range(0, len(keys), REINDEX_ROWS):
                done += _reindex(context, scope, keys[start : start + REINDEX_ROWS])
                if progress is not None:
                    progress(done, max(total, done))
            after = keys[-1]
        _recount(context, scope)
    with store.writing(acts.INDEX, context.actor) as tx:
        tx.memories.prune_index()
    return done


def _recount(context: MemoryContext, scope: Scope) -> None:
    """Let a namespace's counts agree with its memories again.

    By what they differ is found in one snapshot and appended, so that what is captured meanwhile is counted once.
    """
    with context.store.read(scope) as tx:
        wrong = tx.counts.wrong(context.store.now(), tx.memories.newest_key())
    with context.store.writing(acts.INDEX, context.actor, scope=scope) as tx:
        tx.counts.append(wrong)
        tx.counts.fold(context.store.now())


def _reindex(context: MemoryContext, scope: Scope, keys: Sequence[int]) -> int:
    with context.store.writing(acts.INDEX, context.actor, scope=scope) as tx:
        rows = tx.memories.by_keys(keys)
        for row in rows.values():
            tx.memories.reindex(row, words_of_row(row))
    return len(rows)


def reembed(context: MemoryContext, progress: Progress | None = None) -> int:
    """Give every readable memory a vector of the present model, and return how many got one now.

    Stopping in between loses nothing: search goes on with the vectors that are there, and the next call does the rest.
    Vectors of earlier models go when every memory has one of this. Raises EmbedderUnavailable.
    """
    embedder = context.meaning.embedder()
    if embedder is None:
        raise EmbedderUnavailable(context.meaning.problem or "no embedding model is configured (model is none)")
    done = 0
    for _ in range(PASSES):
        now_done = embed_pending(context.store, context.meaning, progress=progress)
        done += now_done
        if not now_done:
            break
    for namespace in context.store.scope.read:
        with context.store.writing(acts.INDEX, context.actor, scope=Scope.of(namespace)) as tx:
            if waiting(tx, embedder.model_id) == 0:
                tx.vectors.drop_others(embedder.model_id)
    with context.store.writing(acts.INDEX, context.actor) as tx:
        tx.set(EMBEDDING_MODEL, embedder.model_id)
    return done


def rescan(
    context: MemoryContext,
    dry_run: bool = False,
    progress: Progress | None = None,
    leaks: Callable[[Row], bool] | None = None,
) -> Rescanned:
    """Look through everything in the written namespace with today's rules and take out what they find.

    Rows, word index, vectors, content hashes and archive segments are written anew, some hundred rows a transaction;
    the trail gets one line with counts. What the database's files still hold of it is overwritten; backups are not.
    `leaks` says of a version of a procedure whether it holds a secret; such a version is named, for it never changes.
    """
    sweep = _Rescan(context, dry_run, progress)
    for kind in _KINDS:
        sweep.walk(kind)
    sweep.segments()
    named = sweep.procedures(leaks) if leaks is not None else ()
    found = Rescanned(
        scanned=sweep.scanned,
        changed=sweep.changed,
        findings=tuple(Finding(kind=kind, count=count) for kind, count in sorted(sweep.findings.items())),
        ids=tuple(sweep.ids),
        procedures=tuple(named),
    )
    if not dry_run:
        if found.changed:
            taken_out: dict[str, JSON] = {finding.kind: finding.count for finding in found.findings}
            with context.store.writing(acts.REDACT, context.actor) as tx:
                now = context.store.now()
                tx.answers.forget()
                tx.trail.append(tx.scope.write, now, changed=found.changed, findings=taken_out)
        found = replace(found, in_log_for=context.store.upkeep.scrub())
    return found


class _Kind(Struct, frozen=True, kw_only=True):
    """How rows of one kind are read a page at a time, found again under the lock, and written anew."""

    name: str
    page: Callable[[Transaction, Row | None], Sequence[Row]]
    rewrite: Callable[[Transaction, Row, dict[str, Any], int], None]


class _Rescan:
    """One rescan under way, with what it has found so far."""

    def __init__(self, context: MemoryContext, dry_run: bool, progress: Progress | None) -> None:
        self.scanned = 0
        self.changed = 0
        self.findings: Counter[str] = Counter()
        self.ids: dict[str, None] = {}
        self._context = context
        self._scope = Scope.of(context.store.scope.write)
        self._dry_run = dry_run
        self._progress = progress

    def walk(self, kind: _Kind) -> None:
        """Look through every row of a kind: outside the write lock first, and again inside it for those that change."""
        after: Row | None = None
        while True:
            with self._context.store.read(self._scope) as tx:
                rows = kind.page(tx, after)
            if not rows:
                return
            dirty = [row for row in rows if self._cleaned(kind, row, Counter()) is not None]
            if self._dry_run:
                for row in dirty:
                    self._cleaned(kind, row, self.findings)
                    self._count(row, kind)
            elif dirty:
                self._rewrite(kind, after, {_place(row) for row in dirty})
            self._advance(len(rows))
            after = rows[-1]

    def _rewrite(self, kind: _Kind, after: Row | None, places: set[Any]) -> None:
        with self._context.store.writing(acts.REDACT, self._context.actor, scope=self._scope) as tx:
            for row in kind.page(tx, after):
                if _place(row) not in places:
                    continue
                cleaned = self._cleaned(kind, row, self.findings)
                if cleaned is not None:
                    kind.rewrite(tx, row, cleaned, self._context.store.now())
                    self._count(row, kind)

    def segments(self) -> None:
        """Look through the archive segments, each in a transaction of its own."""
        with self._context.store.read(self._scope) as tx:
            ids = [row["id"] for row in tx.operations.segments()]
        for segment_id in ids:
            store = self._context.store
            with (
                store.read(self._scope)
                if self._dry_run
                else store.writing(acts.REDACT, self._context.actor, scope=self._scope)
            ) as tx:
                row = tx.operations.segment(segment_id)
                if row is not None:
                    lines = unpack(row)
                    cleaned = [cleansed(line, self._context.redaction, self.findings) for line in lines]
                    differing = [line for line, clean in zip(lines, cleaned, strict=True) if line != clean]
                    if differing and not self._dry_run:
                        replace_segment(tx, row, cleaned)
                    self.changed += len(differing)
                    if row["kind"] == "memory":
                        self.ids.update(dict.fromkeys(map(memory_id_of, differing)))
                    self._advance(len(lines))

    def procedures(self, leaks: Callable[[Row], bool]) -> Iterator[str]:
        """Look through the versions of procedures, and yield which of them hold a secret."""
        with self._context.store.read(self._scope) as tx:
            for row in tx.records.each("procedure"):
                self.scanned += 1
                if leaks(row):
                    yield f"{row['name']} number {row['number']} ({row['state']})"

    def _cleaned(self, kind: _Kind, row: Row, counts: Counter[str]) -> dict[str, Any] | None:
        """Return a row without what the rules take out, or None where they take nothing."""
        line = line_of(kind.name, row)
        clean = cleansed(line, self._context.redaction, counts)
        return None if clean == line else row_of_line(clean)[1]

    def _count(self, row: Row, kind: _Kind) -> None:
        self.changed += 1
        if kind.name in ("memory", "occurrence"):
            self.ids[row["id" if kind.name == "memory" else "memory_id"]] = None

    def _advance(self, rows: int) -> None:
        self.scanned += rows
        if self._progress is not None:
            self._progress(self.scanned, None)


def _place(row: Row) -> tuple[Any, ...]:
    """Return what tells a row of a page from the others."""
    names = (
        "id", "memory_id", "at", "name", "day", "run_id", "step_id", "role", "improvement_id", "cycle", "to_at",
        "source", "key", "direction", "purpose", "model",
    )  # fmt: skip
    return tuple(row[name] if name in row.keys() else None for name in names)  # noqa: SIM118 (a row is no mapping)


def _rewrite_memory(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    """Write a memory anew; where it now says the same as another current one, the newer is replaced by the older."""
    current = row["state"] == MemoryState.ACTIVE and row["superseded_by"] is None
    same = tx.memories.same(clean["content_hash"]) if current and clean["content_hash"] != row["content_hash"] else None
    if same is not None and row["subject"] and same["subject"] not in (None, row["subject"]):
        clean["content_hash"] = subject_hash(clean["content_hash"], row["subject"])
        same = tx.memories.same(clean["content_hash"])
    if same is not None:
        older, newer = sorted((row, same), key=lambda each: (each["created_at"], each["key"]))
        tx.memories.mark_superseded(newer["id"], older["id"], max(now, newer["valid_from"] + 1), words_of_row(newer))
    values = {name: clean[name] for name in ("title", "content", "metadata", "tags", "content_hash")}
    tx.memories.rewrite(row, values, words_of_row(clean))
    if clean["uri"] != row["uri"]:
        tx.memories.set_source(row["id"], row["source_key"], clean["uri"])


def _rewrite_occurrence(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    key = tx.memories.writable_row(row["memory_id"])["key"]
    tx.memories.rewrite_occurrence(key, row["at"], clean["detail"], clean["uri"])


def _rewrite_operation(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    names = ("name", "target", "context", "result", "error", "contradiction")
    tx.operations.rewrite(row["id"], {name: clean[name] for name in names})


def _rewrite_guidance(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    tx.operations.rewrite_guidance(row["id"], {name: clean[name] for name in ("operation_name", "target", "body")})


def _keyed(page: Callable[[Transaction], Callable[[int], Sequence[Row]]]) -> Callable[..., Sequence[Row]]:
    return lambda tx, after: page(tx)(0 if after is None else after["key"])


def _by_id(page: Callable[[Transaction], Callable[[str], Sequence[Row]]]) -> Callable[..., Sequence[Row]]:
    return lambda tx, after: page(tx)("" if after is None else after["id"])


def _occurrence_page(tx: Transaction, after: Row | None) -> Sequence[Row]:
    """Return the occurrences of the next memories that have any."""
    start = 0 if after is None else after["page_end"]
    while memories := tx.memories.page(start):
        last = memories[-1]["key"]
        if rows := tx.memories.occurrences_between(start, last):
            return [{**dict(row), "page_end": last} for row in rows]
        start = last
    return ()


def _tally_page(tx: Transaction, after: Row | None) -> Sequence[Row]:
    """Return the tallies of the next day that has any."""
    rows = tx.operations.counts(0 if after is None else after["day"] + 1)
    return [row for row in rows if row["day"] == rows[0]["day"]]


def _step_page(tx: Transaction, after: Row | None) -> Sequence[Row]:
    """Return the steps of the next runs that have any."""
    start = None if after is None else {"id": after["page_end"]}
    while runs := tx.records.page("run", start):
        first, last = "" if start is None else start["id"], runs[-1]["id"]
        if rows := tx.records.steps(first, last):
            return [{**dict(row), "page_end": last} for row in rows]
        start = {"id": last}
    return ()


def _record(name: str) -> _Kind:
    """Return a kind whose rows are read and written anew as all records are."""

    def rewrite(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
        tx.records.rewrite(name, clean)

    return _Kind(name=name, page=_step_page if name == "run_step" else _paged(name), rewrite=rewrite)


def _paged(name: str) -> Callable[[Transaction, Row | None], Sequence[Row]]:
    return lambda tx, after: tx.records.page(name, after)


def _drop(name: str) -> Callable[[Transaction, Row, dict[str, Any], int], None]:
    """What is learned anew goes, rather than saying what nobody learned."""
    return lambda tx, row, clean, now: tx.records.drop(name, row)


def _rewrite_template(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    """Write a log's template anew; where its source has another name now, it goes there with its counts."""
    tx.records.rewrite("log_template", {**clean, "source": row["source"]})
    if clean["source"] != row["source"]:
        tx.records.resource(row, clean["source"])


def _rewrite_use(tx: Transaction, row: Row, clean: dict[str, Any], now: int) -> None:
    tx.records.drop("language_use", row)
    tx.records.rewrite("language_use", clean)


_KINDS = (
    _Kind(name="memory", page=_keyed(lambda tx: tx.memories.page), rewrite=_rewrite_memory),
    _Kind(name="occurrence", page=_occurrence_page, rewrite=_rewrite_occurrence),
    _Kind(name="operation", page=_keyed(lambda tx: tx.operations.page), rewrite=_rewrite_operation),
    _Kind(name="guidance", page=_by_id(lambda tx: tx.operations.guidance_page), rewrite=_rewrite_guidance),
    _Kind(
        name="feedback",
        page=_by_id(lambda tx: tx.trail.feedback_page),
        rewrite=lambda tx, row, clean, now: tx.trail.rewrite_feedback(row["id"], clean["note"]),
    ),
    _Kind(
        name="operation_count",
        page=_tally_page,
        rewrite=lambda tx, row, clean, now: tx.operations.rename_count(row, clean["name"]),
    ),
    *map(_record, ("run", "run_step", "approval", "decision", "notice", "fix", "fix_application", "decided_case")),
    *map(_record, ("agent", "execution", "attempt", "improvement", "code_patch", "set_aside", "cycle_report")),
    *map(_record, ("metric_series", "share_peer", "share_bundle", "alert", "inbox", "delivery", "job")),
    _Kind(name="log_template", page=_paged("log_template"), rewrite=_rewrite_template),
    _Kind(name="failure_model", page=_paged("failure_model"), rewrite=_drop("failure_model")),
    _Kind(name="precursor", page=_paged("precursor"), rewrite=_drop("precursor")),
    _Kind(name="language_use", page=_paged("language_use"), rewrite=_rewrite_use),
)
