"""Does everything work here: writing, reading, matching, the files, the model, the indexes, the trail?"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from brainops.errors import BrainOpsError, StoreCorrupt, StoreReadOnly, StoreUnavailable
from brainops.health.claims import claims, place
from brainops.health.status import masked
from brainops.health.trust import trust_checks
from brainops.memory import capture as capturing
from brainops.memory.context import MemoryContext
from brainops.memory.draft import prepare
from brainops.memory.meaning import body_of, waiting
from brainops.memory.passages import embedding_texts
from brainops.memory.recognition import fingerprint_move
from brainops.memory.recognition.error_events import parse_error
from brainops.memory.recognition.fingerprint import fingerprint
from brainops.memory.terms import query_terms
from brainops.operations.guard.pack import OLD, fault_of_pack
from brainops.store import acts
from brainops.store.ids import new_id
from brainops.store.scope import Scope
from brainops.types import Check, Draft, Filter, MemoryType
from brainops.types.counted import counted
from brainops.types.times import SECOND_MICROS

TRIAL_NAMESPACE = "brainops-doctor"
TRIAL_ERROR = "DoctorTrialError: trial connection to example.invalid refused"
MIN_FREE_BYTES = 200_000_000  # below this a write-ahead log, a backup or a merge may not fit
CLOCK_SECONDS = 300  # what two clocks may differ before ages and receipts say something wrong
AHEAD_NAMED = 5  # memories from a time ahead
STRANDED_SECONDS = 900  # a fix runs five minutes at most, after a lease and three checks
FEED_SECONDS = 60  # what a commit may wait for those that began before it: every write of ours ends far sooner
COMPARED_VECTORS = 8
SAME_COSINE = 0.97  # int8 storage costs about 0.002; another model or another text costs far more
UNFINISHED_SECONDS = 3_600  # a file that has been written for longer is written by nobody any more
WAITING_CHECKED = 10_000  # a backlog above this does not go away by itself soon


class _TrialOver(Exception):
    """Raised to roll the trial back, so that it leaves no trace."""


def doctor(context: MemoryContext) -> list[Check]:
    """Return every check, passed or with the way out; the trial is rolled back and leaves nothing behind.

    Each says what it found, and the way out: "" where all is well.
    """
    checks: list[tuple[str, Callable[[MemoryContext], tuple[str, str]]]] = [
        ("schema", _schema),
        ("write, read, match", _trial),
        ("rows and word index", _integrity),
        ("counts", _counts),
        ("audit trail", _trail),
        ("feed", _feed),
        ("fingerprints", _fingerprints),
        ("fixes", _fixes),
        ("hook pack", _pack),
        *trust_checks(),
        ("claims", claims),
        ("place", place),
        ("permissions", _permissions),
        ("log", _log),
        ("left over", _left_over),
        ("disk", _disk),
        ("clock", _clock),
        ("model", _model),
        ("vectors", _vectors),
        ("backlog", _backlog),
    ]
    return [_answered(name, check, context) for name, check in checks]


def _answered(name: str, check: Callable[[MemoryContext], tuple[str, str]], context: MemoryContext) -> Check:
    """A check that cannot be made has failed, and what stopped it is what its error says."""
    try:
        detail, ways = check(context)
    except BrainOpsError as error:
        detail, ways = str(error), way_out(error) or "brainops status"
    return Check(name=name, passed=not ways, detail=detail, way_out=ways)


def way_out(error: BrainOpsError) -> str:
    """Return what to do about an error that keeps a check from being made."""
    match error:
        case StoreUnavailable():
            return "see that its path or URL (--store) is right, and that its disk or its server is there"
        case StoreReadOnly():
            return "give yourself the right to write the file and its folder (ls -l, chown, chmod u+w)"
        case StoreCorrupt():
            return "keep the file, then: brainops restore --from BACKUP --replace"
        case _:
            return (type(error).__doc__ or "").strip()


def _schema(context: MemoryContext) -> tuple[str, str]:
    schema = context.store.upkeep.schema()
    place = masked(context.store.database.location)
    degraded = schema.get("degraded")
    detail = [f"{schema['stored']}, the program's is {schema['program']}: {place}"]
    detail += degraded if isinstance(degraded, list) else []
    pending = schema.get("pending")
    return "; ".join(detail), "brainops upgrade" if pending else ""


def _trial(context: MemoryContext) -> tuple[str, str]:
    """Write an error memory, read it, find it by words and by fingerprint, and roll all of it back."""
    problems: list[str] = []
    digest = fingerprint(parse_error(TRIAL_ERROR)).digest
    try:
        with context.store.writing(acts.TRY_STORE, context.actor, scope=Scope.of(TRIAL_NAMESPACE)) as tx:
            draft = Draft(
                title=TRIAL_ERROR,
                content="a trial of `brainops doctor`",
                type=MemoryType.ERROR_PATTERN,
                fingerprint=digest,
                idempotency_key=new_id(),
            )
            written = capturing.store(tx, prepare(draft, context.redaction), draft.source, context, None)
            row = tx.memories.row(written.id)
            found = tx.index.lexical(tx.session, query_terms("trial connection refused"), Filter(), 5)
            matched = tx.memories.by_fingerprint(digest, [digest], limit=5)
            if row["title"] != TRIAL_ERROR:
                problems.append("what was read is not what was written")
            if row["key"] not in {hit.key for hit in found}:
                problems.append("the word index did not find it")
            if written.id not in {memory.id for memory in matched}:
                problems.append("its error was not recognised")
            raise _TrialOver
    except _TrialOver:
        pass
    if problems:
        return "; ".join(problems), "brainops reindex"
    return "a trial was written, read, found, matched and rolled back", ""


def _integrity(context: MemoryContext) -> tuple[str, str]:
    problems = context.store.upkeep.check()
    if not problems:
        return "whole, and agree with each other", ""
    detail = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
    derived = all("index" in problem for problem in problems)
    way_out = "brainops reindex" if derived else "brainops restore --from BACKUP (brainops status names the backups)"
    return detail, way_out


def _counts(context: MemoryContext) -> tuple[str, str]:
    """Do the counts that `status` reads agree with the memories themselves?"""
    with context.store.read() as tx:
        wrong = tx.counts.wrong(context.store.now(), tx.memories.newest_key())
        total = tx.counts.total()
    if wrong:
        return f"{len(wrong)} of them do not agree with the memories", "brainops reindex"
    return f"agree with {counted(total, 'memory')}", ""


def _trail(context: MemoryContext) -> tuple[str, str]:
    lines = 0
    with context.store.read() as tx:
        for namespace in context.store.scope.read:
            broken = tx.trail.first_break(namespace)
            if broken is not None:
                return (
                    f"line {broken} of {namespace} does not fit the chain: it was changed or removed",
                    "compare with a backup (brainops status names them); the trail itself is never repaired",
                )
            lines += tx.trail.length(namespace)
    return f"lines: {lines:,}, every hash fits", ""


def _feed(context: MemoryContext) -> tuple[str, str]:
    """Does what happened wait to be told, because a transaction that began before has not ended?"""
    with context.store.read() as tx:
        since, held_by = tx.changes.delayed()
    behind = 0.0 if since is None else (context.store.now() - since) / SECOND_MICROS
    if behind < FEED_SECONDS:
        return "tells of all that was committed", ""
    detail = f"what happened in the last {behind:,.0f} s is not told yet: a transaction is open, {held_by or 'unknown'}"
    return detail, "end that program, or its session: select pg_terminate_backend(PID)"


def _fingerprints(context: MemoryContext) -> tuple[str, str]:
    """Were errors that another program stored identified again as this one does?"""
    if fingerprint_move.waits(context):
        way_out = "open the store where it may be written, for instance: brainops status"
        return "stored errors keep the fingerprints of an earlier program", way_out
    return "as this program reads them", ""


def _fixes(context: MemoryContext) -> tuple[str, str]:
    """Is there a fix that was set off long ago and that nobody has ended?"""
    before = context.store.now() - STRANDED_SECONDS * SECOND_MICROS
    with context.store.read() as tx:
        stranded = [each for each in tx.fixes.open_applications(WAITING_CHECKED) if each.created_at < before]
    if stranded:
        return f"{len(stranded)} were set off and have not ended, since no process had the time", "brainops worker"
    return "none is open", ""


def _pack(context: MemoryContext) -> tuple[str, str]:
    fault = fault_of_pack(context)
    if fault is None:
        return "there is none, so that hooks would read the store; brainops guard pack writes one", ""
    if fault == OLD:  # as after each change, for as long as a process puts off writing
        return f"{fault}, so that hooks read that; brainops guard pack writes it anew", ""
    if fault:
        return f"{fault}, so that hooks read the store, or say that they cannot judge", "brainops guard pack"
    return "hooks read what holds here", ""


def _permissions(context: MemoryContext) -> tuple[str, str]:
    location = context.store.database.location
    if context.store.database.dialect != "sqlite" or location == ":memory:":
        return "no files of its own here", ""
    store = Path(location)
    beside = (store.with_name(store.name + ending) for ending in ("-wal", "-shm"))
    derived = (path for ending in ("vec", "pack") for path in store.parent.glob(f"{store.name}.*.{ending}"))
    files = [path for path in (store, *beside, *derived) if path.exists()]
    open_to_others = [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        return f"others may read {names}", f"chmod 600 {names}"
    if not os.access(location, os.W_OK) or not os.access(Path(location).parent, os.W_OK):
        return f"{location} or its folder cannot be written", f"chown or chmod u+w {location} and its folder"
    return f"{counted(len(files), 'file')}, for their owner only", ""


def _log(context: MemoryContext) -> tuple[str, str]:
    """Try to cut a log that is long or holds what was purged, and name who prevents it."""
    state = context.store.upkeep.log(shorten=True)
    if state is None:
        return "the database's own matter", ""
    if state.trouble:
        way_out = "end those processes, or let them read shorter; then: brainops doctor"
        return state.trouble, way_out
    return f"{state.bytes / 1e6:,.1f} MB, and nothing in it was purged", ""


def _left_over(context: MemoryContext) -> tuple[str, str]:
    """Name what processes that were killed left beside the store, and which replaced stores are kept there."""
    location = context.store.database.location
    if context.store.database.dialect != "sqlite" or location == ":memory:":
        return "no files of its own here", ""
    store = Path(os.path.realpath(location))
    since = time.time() - UNFINISHED_SECONDS
    unfinished = [path for path in store.parent.glob(".brainops-*.part*") if path.stat().st_mtime < since]
    if unfinished:
        names = " ".join(str(path) for path in unfinished)
        detail = f"{len(unfinished)} files were never finished, because what wrote them was killed"
        return detail, f"rm {names}"
    kept = [path for path in store.parent.glob(f"{store.name}.replaced-*") if path.suffix != ".sha256"]
    size = sum(path.stat().st_size for path in kept)
    detail = f"{len(kept)} stores that a restore replaced are kept, {size / 1e6:,.1f} MB" if kept else "nothing"
    return detail, ""


def _disk(context: MemoryContext) -> tuple[str, str]:
    sizes = context.store.upkeep.sizes()
    free = sizes.get("free")
    if free is None:
        return "the database's own matter", ""
    enough = free >= max(MIN_FREE_BYTES, 2 * sizes.get("log", 0))
    way_out = "" if enough else "free some space, or move the store (--store); nothing acknowledged is lost"
    return f"{free / 1e9:,.1f} GB free", way_out


def _clock(context: MemoryContext) -> tuple[str, str]:
    now, here = context.store.now(), time.time_ns() // 1_000
    with context.store.read() as tx:
        newest = tx.counts.last_captured() or 0
        ahead = tx.memories.newest(Filter(since=now + CLOCK_SECONDS * SECOND_MICROS), AHEAD_NAMED, now)
    apart = abs(now - here) / 1e6
    if ahead:
        ids = ", ".join(memory.id for memory in ahead) + (" and others" if len(ahead) == AHEAD_NAMED else "")
        detail = (
            f"{ids}: captured up to {(newest - now) / 1e6:,.0f} s ahead of now, since the clock was ahead then or is "
            "behind now; they are kept and found"
        )
    elif apart > CLOCK_SECONDS:
        detail = f"the database's clock and this machine's are {apart:,.0f} s apart"
    else:
        return "agrees, and nothing lies in the future", ""
    return detail, "set the clock, for example: timedatectl set-ntp true"


def _model(context: MemoryContext) -> tuple[str, str]:
    if context.meaning.model == "none":
        return "none, as configured: search goes by words alone", ""
    embedder = context.meaning.embedder()
    if embedder is None:
        return context.meaning.problem or "no model", _NO_MODEL
    [vector] = embedder.embed(["does the model answer?"])
    length = float((vector**2).sum()) ** 0.5
    if len(vector) != embedder.dimension or abs(length - 1.0) > 0.01:
        detail = f"{embedder.model_id} gives vectors of {len(vector)} numbers and length {length:.2f}"
        return detail, _NO_MODEL
    return f"{embedder.model_id} is loaded and answers", ""


_NO_MODEL = "pip install brainops-minilm, or set model = none to search by words alone"


def _vectors(context: MemoryContext) -> tuple[str, str]:
    """Embed some stored memories again: the stored vectors must be those of this model and of this text."""
    embedder = context.meaning.embedder()
    if embedder is None:
        return "not used without a model", ""
    with context.store.read() as tx:
        rows = tx.vectors.sample(embedder.model_id, COMPARED_VECTORS)
        wrong = []
        for row in rows:
            [fresh] = embedder.embed(list(embedding_texts(row["title"], body_of(row)))[:1])
            cosine = tx.index.cosines(tx.session, embedder.model_id, fresh, [row["key"]]).get(row["key"], [0.0])[0]
            if cosine < SAME_COSINE:
                wrong.append(f"{row['id']} ({cosine:.2f})")
    if wrong:
        detail = f"{len(wrong)} of {len(rows)} compared do not belong to their text: {', '.join(wrong[:3])}"
        return detail, "brainops reembed"
    return f"{len(rows)} compared, all as the model gives them", ""


def _backlog(context: MemoryContext) -> tuple[str, str]:
    embedder = context.meaning.embedder()
    if embedder is None:
        return "nothing waits without a model", ""
    with context.store.read() as tx:
        pending = waiting(tx, embedder.model_id)
    way_out = "" if pending <= WAITING_CHECKED else "brainops reembed (search goes on by words meanwhile)"
    return f"{counted(pending, 'memory')} wait for a vector" if pending else "every memory has its vector", way_out
