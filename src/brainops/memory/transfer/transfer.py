"""How does everything stored leave as one readable file, and come back without loss, on either database?"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import ArchiveDamaged, BrainOpsError, InvalidInput, SchemaTooNew, StoreReadOnly
from brainops.memory.context import MemoryContext
from brainops.memory.recognition import fingerprint_move
from brainops.memory.recognition.fingerprint_move import UNSAID
from brainops.memory.transfer.line_kinds import FOLLOWS
from brainops.memory.transfer.lines import VERSION, dumps, line_of, row_of_line
from brainops.memory.transfer.merge import Intake, Noted, Unit
from brainops.memory.transfer.segments import unpack
from brainops.store import Transaction, acts
from brainops.store.database import Row
from brainops.store.files import new_file
from brainops.store.rules import CHANGES
from brainops.store.schema import RECORDS
from brainops.store.scope import STORE_NAMESPACE, Scope, checked_namespace
from brainops.types import Progress
from brainops_core.recognition import fingerprint

BATCH_LINES = 500  # taken in one transaction: one sync for all, and never long enough to keep others waiting
BATCH_BYTES = 8 * 1024 * 1024
MAX_LINE_BYTES = 768 * 1024 * 1024  # a segment of the largest size in base64; a longer line is no line of ours


class Exported(Struct, frozen=True, kw_only=True):
    """What an export wrote; `counts` has the lines of every kind, `sha256` is that of the whole file."""

    path: str
    memories: int
    operations: int
    counts: Mapping[str, int]
    sha256: str


class Left(Struct, frozen=True, kw_only=True):
    """Lines of one kind that an import did not take, or not as they were: why, how many, and the first names."""

    kind: str
    reason: str
    count: int
    names: tuple[str, ...] = ()


class Imported(Struct, frozen=True, kw_only=True):
    """What an import took, by kind, what it left, and what is not in force here although it was elsewhere."""

    path: str
    taken: Mapping[str, int]
    left: tuple[Left, ...]
    disarmed: tuple[Left, ...] = ()


class _Verified(Struct, frozen=True, kw_only=True):
    """What the first pass over a file found: its format, its namespaces with the last hash of each one's trail."""

    version: int
    fingerprints: int  # the version by which its errors are identified
    trails: Mapping[str, str | None]
    lines: int
    sha256: str


def export_to(context: MemoryContext, path: str, progress: Progress | None = None, *, force: bool = False) -> Exported:
    """Write everything readable as JSONL to a file ("-": standard output), from one consistent state.

    A file appears under its name when it is whole and on the disk; only the user may read it. Raises Conflict where
    one stands there and `force` is not set, or a store in any case; InvalidInput, StoreError.
    """
    if path == "-":
        return _write(context, sys.stdout.buffer, path, progress)
    target = Path(path).expanduser().absolute()
    with new_file(target, force=force) as unfinished, unfinished.open("wb") as stream:
        return _write(context, stream, str(target), progress)


def _write(context: MemoryContext, stream: IO[bytes], path: str, progress: Progress | None) -> Exported:
    counts: Counter[str] = Counter()
    digest = hashlib.sha256()

    def put(line: Mapping[str, Any]) -> None:
        data = dumps(line)
        stream.write(data)
        digest.update(data)

    with context.store.read() as tx:
        namespaces = sorted(tx.scope.read)
        put(
            {
                "brainops_export": VERSION,
                "exported_at": context.store.now(),
                "fingerprints": fingerprint.VERSION,
                "namespaces": namespaces,
            }
        )
        for namespace in namespaces:
            # One transaction, so that the file is one state; one namespace at a time, so that its order is fixed.
            tx.session.scope = Scope.of(namespace)
            for line in _lines(tx, namespace):
                put(line)
                counts[line["kind"]] += 1
                if progress is not None and counts.total() % BATCH_LINES == 0:
                    progress(counts.total(), None)
    put({"kind": "end", "counts": dict(sorted(counts.items())), "sha256": digest.hexdigest()})
    stream.flush()
    return Exported(
        path=path,
        memories=counts["memory"],
        operations=counts["operation"],
        counts=dict(counts),
        sha256=digest.hexdigest(),
    )


def _lines(tx: Transaction, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield a namespace's lines in an order that does not depend on the database."""
    yield from _memory_lines(tx)
    yield from (line_of("feedback", row) for row in _pages(tx.trail.feedback_page, "", "id"))
    yield from (line_of("operation", row) for row in _pages(tx.operations.page, 0, "key"))
    counts = [line_of("operation_count", row) for row in tx.operations.counts(0)]
    yield from sorted(counts, key=lambda line: (line["day"], line["name"]))
    yield from (line_of("guidance", row) for row in _pages(tx.operations.guidance_page, "", "id"))
    policies = [line_of("growth_policy", row) for row in tx.operations.policies()]
    yield from sorted(policies, key=lambda line: str(line["operation_name"]))
    yield from _record_lines(tx)
    audit = _pages(lambda after: tx.trail.page(namespace, after), 0, "sequence")
    yield from (line_of("audit", row) for row in audit)
    for listed in sorted(tx.operations.segments(), key=lambda row: (row["first_at"], row["id"])):
        segment = tx.operations.segment(listed["id"])
        assert segment is not None
        unpack(segment)
        yield line_of("segment", segment)


def _memory_lines(tx: Transaction) -> Iterator[dict[str, Any]]:
    """Yield each memory, followed by its occurrences."""
    after = 0
    while rows := tx.memories.page(after):
        seen: dict[str, list[dict[str, Any]]] = {}
        for row in tx.memories.occurrences_between(after, rows[-1]["key"]):
            seen.setdefault(row["memory_id"], []).append(line_of("occurrence", row))
        for row in rows:
            yield line_of("memory", row)
            yield from sorted(seen.get(row["id"], ()), key=lambda line: (line["at"], dumps(line)))
        after = rows[-1]["key"]


def _record_lines(tx: Transaction) -> Iterator[dict[str, Any]]:
    """Yield what is kept of procedures, runs (each followed by its steps), the guard and fixes."""
    for kind in RECORDS:
        after: Row | None = None
        while rows := tx.records.page(kind, after):
            steps: dict[str, list[dict[str, Any]]] = {}
            if kind == "run":
                for step in tx.records.steps("" if after is None else after["id"], rows[-1]["id"]):
                    steps.setdefault(step["run_id"], []).append(line_of("run_step", step))
            for row in rows:
                # A setting that counts changes, so that other processes see them, is none.
                if not (kind == "namespace_setting" and row["name"] == CHANGES):
                    yield line_of(kind, row)
                yield from steps.get(row["id"], ()) if steps else ()
            after = rows[-1]


def _pages(page: Any, after: Any, cursor: str) -> Iterator[Row]:
    while rows := page(after):
        yield from rows
        after = rows[-1][cursor]


def import_from(
    context: MemoryContext,
    path: str,
    progress: Progress | None = None,
    into: Mapping[str, str] | None = None,
    procedure: Callable[[str], object] = json.loads,
) -> Imported:
    """Take in an export ("-": standard input); what stands here already is left alone, so repeating it is harmless.

    The whole file is verified before anything is written, then taken some hundred lines a transaction; after a stop in
    between, the same call goes on. Only what the written namespace held is taken, unless `into` says for a namespace of
    the file where it goes. Nothing that a file brings is in force (`arrival`). `procedure` reads a procedure's body and
    raises ValueError or InvalidInput where it is none. Raises ArchiveDamaged, SchemaTooNew, InvalidInput, StoreError.
    """
    targets = _targets(context.store.scope.write, into)
    with _opened(path) as stream:
        verified = _verify(stream, procedure)
        stream.seek(0)
        intake = Intake(context, verified.sha256)
        done = 0
        for namespace, batch in _batches(stream, verified.version):
            if namespace in targets:
                intake.take(namespace, targets[namespace], batch)
            else:
                intake.leave(batch, f"it belongs to the namespace {namespace}; say where it goes with `into`")
            done += sum(map(len, batch))
            if progress is not None:
                progress(done, verified.lines)
    for source, last_hash in verified.trails.items():
        if source in targets:
            intake.sign(source, targets[source], last_hash)
    taken = dict(sorted(intake.taken.items()))
    if "memory" in taken or "operation" in taken:
        for target in set(targets.values()):
            fingerprint_move.move(
                replace(context, store=context.store.within(Scope.of(target))), written=verified.fingerprints
            )
    return Imported(path=path, taken=taken, left=_told(intake.left), disarmed=_told(intake.disarmed))


def _targets(written: str, into: Mapping[str, str] | None) -> dict[str, str]:
    """Return where each namespace of a file goes; who may approve stands in one that no file goes to."""
    targets = {written: written}
    if into is not None:
        targets = {source: checked_namespace(target) for source, target in into.items()}
    if STORE_NAMESPACE in targets.values():
        raise InvalidInput(f"{STORE_NAMESPACE} says who may approve, and nothing is imported into it")
    return targets


def _told(noted: Noted) -> tuple[Left, ...]:
    return tuple(
        Left(kind=kind, reason=why, count=noted.counts[kind, why], names=tuple(noted.names.get((kind, why), ())))
        for kind, why in sorted(noted.counts)
    )


def _verify(stream: IO[bytes], procedure: Callable[[str], object]) -> _Verified:
    """Read a whole export and check it; raise ArchiveDamaged or SchemaTooNew with the line where it ends to hold."""
    digest, counts = hashlib.sha256(), Counter[str]()
    number, version, fingerprints, ended = 0, VERSION, UNSAID, False
    trails: dict[str, str | None] = {}
    for number, (data, line) in enumerate(_objects(stream), 1):
        if ended:
            raise ArchiveDamaged(f"line {number}: there is more after the export's end; nothing was taken")
        if number == 1:
            version, namespaces = _header(line)
            trails, fingerprints = dict.fromkeys(namespaces), line.get("fingerprints", UNSAID)
        elif line.get("kind") == "end":
            ended = True
            sha256 = digest.hexdigest()
            if line.get("sha256") != sha256 or line.get("counts") != dict(counts):
                raise ArchiveDamaged("the export was changed or damaged: its digest does not verify; nothing was taken")
        else:
            kind, row = _row(line, number, version, procedure)
            counts[kind] += 1
            trails[row["namespace"]] = row["hash"] if kind == "audit" else trails.get(row["namespace"])
        digest.update(data)
    if not ended:
        raise ArchiveDamaged(f"the export is cut after line {number}: its last line is missing; nothing was taken")
    return _Verified(
        version=version,
        fingerprints=fingerprints,
        trails=trails,
        lines=counts.total(),
        sha256=digest.hexdigest(),
    )


def _header(line: Mapping[str, Any]) -> tuple[int, list[str]]:
    version, namespaces = line.get("brainops_export"), line.get("namespaces")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ArchiveDamaged("this is no BrainOps export: its first line does not say so; nothing was taken")
    if version > VERSION:
        raise SchemaTooNew(
            f"the export has format {version} and this program reads up to {VERSION}; upgrade it: "
            "`pip install -U brainops`. Nothing was changed."
        )
    if not isinstance(namespaces, list) or not all(isinstance(name, str) for name in namespaces):
        raise ArchiveDamaged("the export's first line does not name its namespaces; nothing was taken")
    return version, namespaces


def _row(
    line: Mapping[str, Any], number: int, version: int, procedure: Callable[[str], object]
) -> tuple[str, dict[str, Any]]:
    try:
        kind, row = row_of_line(line, version)
        if kind == "segment":
            unpack(row)
        elif kind == "procedure":
            procedure(row["body"])
    except (ValueError, RecursionError, BrainOpsError) as error:
        raise ArchiveDamaged(f"line {number} of the export cannot be read: {error}; nothing was taken") from error
    return kind, row


def _objects(stream: IO[bytes]) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield each line's bytes and object."""
    number = 0
    while data := stream.readline(MAX_LINE_BYTES):
        number += 1
        try:
            line = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise ArchiveDamaged(f"line {number} of the export is not JSON ({error}); nothing was taken") from error
        if not isinstance(line, dict):
            raise ArchiveDamaged(f"line {number} of the export is no object; nothing was taken")
        yield data, line


def _batches(stream: IO[bytes], version: int) -> Iterator[tuple[str, list[Unit]]]:
    """Yield (namespace, units) of bounded size: a unit is a row, or a memory or run with what belongs to it."""
    batch: list[Unit] = []
    namespace, size, lines = "", 0, 0
    for data, line in _objects(stream):
        if "kind" not in line or line["kind"] == "end":
            continue
        kind, row = row_of_line(line, version)
        leader, named = FOLLOWS.get(kind, ("", ""))
        joins = bool(batch) and batch[-1][0][0] == leader and batch[-1][0][1]["id"] == row[named]
        full = lines >= BATCH_LINES or size >= BATCH_BYTES
        if batch and not joins and (full or row["namespace"] != namespace):
            yield namespace, batch
            batch, size, lines = [], 0, 0
        if joins:
            batch[-1].append((kind, row))
        else:
            batch.append([(kind, row)])
        namespace, size, lines = row["namespace"], size + len(data), lines + 1
    if batch:
        yield namespace, batch


def backup(context: MemoryContext, path: str) -> str:
    """Write a verified copy of the whole store, remember it in the trail, and return its SHA-256.

    Raises Conflict where the file exists, ArchiveDamaged, StoreError.
    """
    target = str(Path(path).expanduser().absolute())
    sha256 = context.store.upkeep.backup(target)
    try:
        with context.store.writing(acts.BACKUP, context.actor) as tx:
            now = context.store.now()
            place = context.name(target)
            tx.trail.add_backup(place, sha256, now)
            tx.trail.append(place, now, sha256=sha256)
    except StoreReadOnly:
        pass  # the copy is good; a store that cannot be written is not purged either, so nobody needs to be told of it
    return sha256


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    """Open an export so that it can be read twice."""
    if path == "-":
        with tempfile.TemporaryFile() as spooled:
            shutil.copyfileobj(sys.stdin.buffer, spooled)
            spooled.seek(0)
            yield spooled
        return
    try:
        stream = Path(path).expanduser().open("rb")
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{path[:200]!r} cannot be read: {error}") from error
    with stream:
        yield stream
