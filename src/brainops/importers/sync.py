"""How does material get into memory, and stay in step with its source? Reads, plans by source key, carries out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

import brainops.importers.claude_code as claude_code
import brainops.importers.codex as codex
import brainops.importers.jsonl as jsonl
import brainops.importers.markdown as markdown
import brainops.importers.mcp_memory as mcp_memory
import brainops.importers.mcp_memory_service as mcp_memory_service
import brainops.importers.prometheus as prometheus
import brainops.importers.records as records
from brainops.errors import BrainOpsError, InvalidInput, StoreError
from brainops.importers.detect import NAMES, NoDocument, detect
from brainops.importers.import_plan import ImportScope, make_plan
from brainops.importers.items import Format, ImportAction, ImportReport, ImportTarget, Item, Leave, Planned
from brainops.importers.places import Place, place_of, walk
from brainops.types import Captured, Draft, Memory, Progress, Trust

KEPT_BY_PATH = (Format.MARKDOWN, Format.PROMETHEUS, Format.MCP_MEMORY, Format.MCP_MEMORY_SERVICE, Format.JSONL)
"""Formats whose keys name a file, so that a missing file is noticed; the others' keys name a
session or a record: transcripts are cleared away, an export is a window, and what was learnt from them stays true."""


class _ReadSoFar(Struct):
    """What the reading has brought so far."""

    drafts: dict[str, Draft] = {}
    left: list[Leave] = []
    files: dict[str, Format] = {}
    unread: list[str] = []


def import_path(
    target: ImportTarget,
    path: str | Path,
    *,
    format: Format | str | None = None,
    sync: bool = False,
    dry_run: bool = False,
    trust: Trust = Trust.EXTERNAL,
    name: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring a file or folder into memory and return what was done, with what was left and why.

    Without `sync`, new material is added and what stands there already is passed over. With it, what changed at its
    source supersedes, what was renamed moves, what is gone is flagged (nothing is deleted). `dry_run` only plans.
    `name` replaces the name of the root where two folders would share one. Raises InvalidInput when the path itself
    cannot be read; a broken file inside a folder is left and told.
    """
    start = place_of(Path(path), name)
    asked = _asked(format)
    found = _ReadSoFar()
    for place in _places(start, found):
        _read(place, asked, trust, found, named=place is start)
    scope = _scope(start, asked, found)
    plan = make_plan(list(found.drafts.values()), _standing(target, scope, found), scope, sync=sync)
    if plan.refusal:
        found.left.append(Leave(what=start.root.name, why=plan.refusal))
    done = plan.planned if dry_run else tuple(_carry_out(target, plan.planned, found.left, progress))
    return ImportReport(plan=done, left=tuple(found.left), bound=plan.bound, dry_run=dry_run)


def _asked(format: Format | str | None) -> Format | None:
    if format is None:
        return None
    if format not in set(Format) or format in (Format.FOLDER, Format.EXPORT):
        raise InvalidInput(f"{str(format)!r} is no format to import; there are {NAMES}")
    return Format(format)


def _places(start: Place, found: _ReadSoFar) -> Iterator[Place]:
    if not start.path.is_dir():
        yield start
        return
    for place in walk(start):
        if isinstance(place, Leave):
            found.left.append(place)
            if place.fault:
                found.unread.append(place.what)
        else:
            yield place


def _read(place: Place, asked: Format | None, trust: Trust, found: _ReadSoFar, *, named: bool) -> None:
    """Read one file into what was found; a fault of a file that was named itself is raised, another is told."""
    count = len(found.left)
    try:
        format = asked or detect(place)
        if format is Format.EXPORT:
            raise InvalidInput(
                "an export of BrainOps itself: import this one file by its name (brain.upkeep.import_from)"
            )
        found.files[place.key(format)] = format
        for item in _items(place, format, trust, named):
            if isinstance(item, Leave):
                found.left.append(item)
            else:
                key = str(item.draft.source.key)
                if key in found.drafts:
                    found.left.append(
                        Leave(what=f"{item.position}: {item.draft.title}", why=f"a second one with the key {key}")
                    )
                else:
                    found.drafts[key] = item.draft
    except InvalidInput as fault:
        if named:
            raise InvalidInput(f"{place.relative}: {fault}") from fault
        found.left.append(Leave(what=place.relative, why=str(fault), fault=not isinstance(fault, NoDocument)))
    if any(leave.fault for leave in found.left[count:]):
        found.unread.append(place.relative)


def _items(place: Place, format: Format, trust: Trust, named: bool) -> Iterator[Item]:
    match format:
        case Format.MARKDOWN:
            return markdown.read(place, trust=trust, named=named)
        case Format.PROMETHEUS:
            return prometheus.read(place, trust=trust)
        case Format.CLAUDE_CODE:
            return claude_code.read(place, trust=trust)
        case Format.CODEX:
            return codex.read(place, trust=trust)
        case Format.MCP_MEMORY:
            return mcp_memory.read(place, trust=trust)
        case Format.MCP_MEMORY_SERVICE:
            return mcp_memory_service.read(place, trust=trust)
        case Format.JSONL:
            return jsonl.read(place, trust=trust)
        case Format.GITHUB | Format.GITLAB | Format.SENTRY | Format.PAGERDUTY | Format.OPSGENIE:
            return records.read(place, format, trust=trust)
        case Format.FOLDER | Format.EXPORT:
            raise InvalidInput(f"no format of a file; there are {NAMES}")


def _scope(start: Place, asked: Format | None, found: _ReadSoFar) -> ImportScope:
    formats = [format for format in KEPT_BY_PATH if asked in (None, format)]
    unread = tuple(
        Place(root=start.root, path=start.root.folder / file).key(format) for file in found.unread for format in formats
    )
    if start.path.is_dir():
        prefixes = tuple(f"{start.key(format).rstrip('/')}/" for format in formats)
        return ImportScope(prefixes=prefixes, unread=unread)
    return ImportScope(exact=frozenset(key for key, format in found.files.items() if format in formats), unread=unread)


def _standing(target: ImportTarget, scope: ImportScope, found: _ReadSoFar) -> list[Memory]:
    """Return the memories of these sources, and those that alerts and runbooks may be bound to; each once."""
    prefixes = {*scope.prefixes, *scope.exact}
    kept = tuple(f"{format.value}:" for format in KEPT_BY_PATH)
    prefixes |= {key.split("#")[0] + "#" for key in found.drafts if not key.startswith(kept)}
    formats = set(found.files.values())
    if Format.PROMETHEUS in formats:
        prefixes |= {f"{Format.MARKDOWN.value}:", f"{Format.PROMETHEUS.value}:"}
    elif Format.MARKDOWN in formats:
        prefixes.add(f"{Format.PROMETHEUS.value}:")
    standing = {memory.id: memory for prefix in sorted(prefixes) for memory in target.by_source(prefix)}
    if Format.MARKDOWN in formats and any((m.source.key or "").startswith("prometheus:") for m in standing.values()):
        standing |= {memory.id: memory for memory in target.by_source(f"{Format.MARKDOWN.value}:")}
    return list(standing.values())


def _carry_out(
    target: ImportTarget, planned: Sequence[Planned], left: list[Leave], progress: Progress | None
) -> Iterator[Planned]:
    """Do what was planned and yield what was done; a draft that the store refuses is left, and costs nothing else."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(planned))

    yield from _captured([line for line in planned if line.action is ImportAction.TAKE], target, left, step)
    for line in planned:
        if line.action is not ImportAction.TAKE:
            try:
                yield _change(target, line)
            except StoreError:
                raise
            except BrainOpsError as fault:
                left.append(Leave(what=line.key, why=str(fault)))
            step()


def _captured(
    new: Sequence[Planned], target: ImportTarget, left: list[Leave], step: Callable[[], None]
) -> Iterator[Planned]:
    """Capture the new ones; after one that is refused go on behind it."""
    position = 0
    while position < len(new):
        drafts = [line.draft for line in new[position:] if line.draft is not None]
        try:
            for captured in target.capture_each(drafts):
                yield _acknowledged(new[position], captured)
                position += 1
                step()
        except StoreError:
            raise
        except BrainOpsError as fault:
            left.append(Leave(what=new[position].key, why=str(fault)))
            position += 1
            step()


def _acknowledged(line: Planned, captured: Captured) -> Planned:
    if not captured.repeated:
        return replace(line, memory_id=captured.id)
    return replace(
        line, memory_id=captured.id, action=ImportAction.REPEAT, reason="the same memory stands there already"
    )


def _change(target: ImportTarget, line: Planned) -> Planned:
    if line.memory_id is None:
        return line
    match line.action:
        case ImportAction.SUPERSEDE if line.draft is not None:
            return replace(line, memory_id=target.supersede(line.memory_id, line.draft).id)
        case ImportAction.MOVE if line.draft is not None:
            target.move_source(line.memory_id, line.key, line.draft.source.uri)
        case ImportAction.FLAG:
            target.flag(line.memory_id, line.reason)
        case _:
            pass
    return line
