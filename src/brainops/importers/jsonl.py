"""What does a file with one JSON object a line hold? Drafts, by the names of a Draft's own fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, TypeVar

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import Line, json_records
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.runbook_links import RANK
from brainops.types import JSON, Draft, MemoryType, Source, Trust

FIELDS = frozenset(
    "title content type tags importance metadata trust source subject fingerprint idempotency_key "
    "valid_from valid_to".split()
)
Kind = TypeVar("Kind", bound=StrEnum)
TEXTS = ("subject", "fingerprint", "idempotency_key")
TIMES = ("valid_from", "valid_to")


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield a draft for each object that has a title or content; other fields go to its metadata.

    `trust` is the most that a line may claim. Raises InvalidInput when the file cannot be read.
    """
    for line in json_records(place.path):
        if isinstance(line, Leave):
            yield Leave(what=f"{place.relative}: {line.what}", why=line.why, fault=line.fault)
            continue
        try:
            yield Take(draft=draft_of(place, line, trust), position=f"{place.relative}: line {line.number}")
        except InvalidInput as fault:
            yield Leave(what=f"{place.relative}: line {line.number}", why=str(fault), fault=True)


def draft_of(place: Place, line: Line, trust: Trust) -> Draft:
    """Return the draft that a line describes; raises InvalidInput naming the field that is of another kind."""
    value = line.value
    content = value.get("content", "")
    title = _optional(value, "title", str, "text")
    if not title and content in ("", None, [], {}):
        raise InvalidInput("neither `title` nor `content` says anything")
    metadata = _optional(value, "metadata", dict, "an object") or {}
    importance = _optional(value, "importance", (int, float), "a number from 0 to 1")
    if importance is not None and not 0 <= importance <= 1:
        raise InvalidInput("`importance` is to be a number from 0 to 1")
    fields: dict[str, Any] = {name: _optional(value, name, str, "text") for name in TEXTS}
    fields |= {name: _optional(value, name, int, "microseconds since 1970 as a whole number") for name in TIMES}
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, sort_keys=True)
    return Draft(
        title=title or " ".join(text.split())[:120] or "memory",
        content=content,
        type=_member(MemoryType, value, "type") or MemoryType.LEARNING_INSIGHT,
        tags=_tags(value),
        importance=0.5 if importance is None else float(importance),
        metadata={**{name: part for name, part in value.items() if name not in FIELDS}, **metadata},
        trust=min(_member(Trust, value, "trust") or trust, trust, key=RANK.__getitem__),
        source=_source(place, value),
        **fields,
    )


def _optional(value: dict[str, JSON], name: str, kind: type | tuple[type, ...], said: str) -> Any:
    found = value.get(name)
    if found is not None and (not isinstance(found, kind) or isinstance(found, bool)):
        raise InvalidInput(f"`{name}` is to be {said}")
    return found


def _member(kind: type[Kind], value: dict[str, JSON], name: str) -> Kind | None:
    found = value.get(name)
    if found is None:
        return None
    members: dict[JSON, Kind] = {member.value: member for member in kind}
    if not isinstance(found, str) or found not in members:
        raise InvalidInput(f"`{name}` is to be one of {', '.join(map(str, members))}")
    return members[found]


def _tags(value: dict[str, JSON]) -> tuple[str, ...]:
    found = value.get("tags")
    if found is None:
        return ()
    if isinstance(found, str):
        found = list(found.split(","))
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        raise InvalidInput("`tags` is to be a list of texts")
    return tuple(dict.fromkeys(str(tag).strip() for tag in found if str(tag).strip()))


def _source(place: Place, value: dict[str, JSON]) -> Source:
    """Return the source: the line's own key or id, else a digest of the line, since line numbers shift."""
    stated = value.get("source")
    source: dict[str, JSON] = stated if isinstance(stated, dict) else {}
    own = next(
        (text for text in (source.get("key"), value.get("id"), value.get("key")) if isinstance(text, str | int)), None
    )
    line = json.dumps(value, ensure_ascii=False, sort_keys=True)
    identity = str(own) if own not in (None, "") else hashlib.sha256(line.encode()).hexdigest()[:32]
    session, uri = source.get("session_id"), source.get("uri")
    return Source(
        session_id=session if isinstance(session, str) else None,
        uri=uri if isinstance(uri, str) else place.uri,
        key=place.key(Format.JSONL, identity),
    )
