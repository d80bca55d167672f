"""What does the reference MCP memory server know? One memory an entity: its observations and its relations."""

from __future__ import annotations

from collections.abc import Iterator

from brainops.importers.foreign_text import Line, json_records
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.sections import slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust


def read(place: Place, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield a memory for each entity of the server's file; relations stand with the entity that they begin at.

    The file is JSONL, an array, or one object of both. Raises InvalidInput when the file cannot be read.
    """
    entities: dict[str, Line] = {}
    observations: dict[str, list[str]] = {}
    relations: list[Line] = []
    for line in json_records(place.path):
        name = line.value.get("name") if isinstance(line, Line) else None
        if isinstance(line, Leave):
            yield Leave(what=f"{place.relative}: {line.what}", why=line.why, fault=line.fault)
        elif line.value.get("type") == "entity" and isinstance(name, str) and name.strip():
            entities.setdefault(name, line)
            seen = line.value.get("observations")
            said = [_said(each) for each in seen] if isinstance(seen, list) else []
            texts = [each for each in said if each.strip()]
            observations.setdefault(name, []).extend(texts)
        elif line.value.get("type") == "relation":
            relations.append(line)
        else:
            yield _left(place, line, "neither an entity with a name nor a relation")
    told: dict[str, list[str]] = {}
    for line in relations:
        parts = (("from", "source"), ("relationType", "relation_type", "relation"), ("to", "target"))
        begin, kind, end = (next(filter(None, map(line.value.get, names)), None) for names in parts)
        if not (isinstance(begin, str) and isinstance(kind, str) and isinstance(end, str)):
            yield _left(place, line, "a relation needs from, relationType and to as text")
        elif begin not in entities and end not in entities:
            yield _left(place, line, "a relation between entities that are not in the file")
        else:
            told.setdefault(begin if begin in entities else end, []).append(f"{begin} {kind} {end}")
    for name, line in entities.items():
        draft = _draft(place, line.value, observations[name], told.get(name, []), trust)
        yield Take(draft=draft, position=f"line {line.number}")


def _said(observation: JSON) -> str:
    """Return the text of an observation; some servers keep it with a date, as an object."""
    said = observation.get("content") or observation.get("text") if isinstance(observation, dict) else observation
    return said if isinstance(said, str) else ""


def _left(place: Place, line: Line, why: str) -> Leave:
    return Leave(what=f"{place.relative}: line {line.number}", why=why, fault=True)


def _draft(place: Place, entity: dict[str, JSON], observations: list[str], relations: list[str], trust: Trust) -> Draft:
    name, kind = str(entity["name"]), entity.get("entityType") or entity.get("entity_type")
    observed: list[JSON] = list(dict.fromkeys(observations))
    related: list[JSON] = list(dict.fromkeys(relations))
    lines = [f"- {text}" for text in observed]
    if related:
        lines += ["", "Relations:", *(f"- {text}" for text in related)]
    return Draft(
        title=" ".join(name.split())[:200],
        content="\n".join(lines).strip() or name,
        type=MemoryType.LEARNING_INSIGHT,
        tags=tuple(filter(None, ("entity", slug(kind) if isinstance(kind, str) else ""))),
        metadata={"entity": name, "entity_type": kind, "relations": related},
        trust=trust,
        source=Source(key=place.key(Format.MCP_MEMORY, slug_key(name)), uri=place.uri),
    )


def slug_key(name: str) -> str:
    """Return a name on one line; not a slug, since two entities may differ by case or sign alone."""
    return " ".join(name.split())
