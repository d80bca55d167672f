"""Which memories does a Markdown document hold? One a runbook or record, one a section of instructions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import read_text, yaml_value
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.runbook_links import without_marker
from brainops.importers.sections import DocumentSection, first_heading, sections, slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust

FRONT_MATTER_LIMIT = 64_000
"""Characters of YAML at the top; real front matter is a few lines."""
LONG_NOTE = 4_000
"""Characters from which a note is taken by sections: about what one answer can quote."""
TITLE_LIMIT = 200
TAGS_LIMIT = 16
ABOUT_THE_REPOSITORY = frozenset(
    "readme _index license licence copying notice changelog contributing code_of_conduct codeowners".split()
)
PATTERNS_TO_COPY = frozenset({"example", "template", "_template", "adr-template"})
INSTRUCTIONS = frozenset({"claude.md", "agents.md", "claude.local.md", "agents.override.md", "gemini.md"})
RUNBOOK_FOLDERS = frozenset("runbook runbooks playbook playbooks alerts sop sops procedures".split())
RECORD_FOLDERS = frozenset("adr adrs decisions decision-records".split())
PLAIN_FOLDERS = frozenset("content docs doc src pages".split()) | RUNBOOK_FOLDERS | RECORD_FOLDERS
"""Folder names that say nothing as a tag, because they hold everything or the kind says it already."""
RUNBOOK_HEADINGS = frozenset(
    "meaning impact diagnosis mitigation remediation resolution rollback symptoms escalation".split()
)
RECORD_HEADINGS = frozenset({"context", "decision", "consequences", "status"})


class Kind(Struct, frozen=True, kw_only=True):
    """What sort of document it is: its type, its tag, and whether it is taken by sections."""

    type: MemoryType
    tag: str
    split: bool = False


RUNBOOK = Kind(type=MemoryType.OPERATIONAL_PROCEDURE, tag="runbook")
RECORD = Kind(type=MemoryType.DECISION_RECORD, tag="adr")
INSTRUCTION = Kind(type=MemoryType.OPERATIONAL_PROCEDURE, tag="agent-instructions", split=True)
SKILL = Kind(type=MemoryType.OPERATIONAL_PROCEDURE, tag="skill")
NOTE = Kind(type=MemoryType.LEARNING_INSIGHT, tag="note")
LONG = Kind(type=MemoryType.LEARNING_INSIGHT, tag="note", split=True)


class Document(Struct, frozen=True, kw_only=True):
    """A document apart: front matter, body, and what was wrong with the front matter."""

    front: Mapping[str, JSON] = {}
    body: str
    fault: str = ""


def read(place: Place, *, trust: Trust = Trust.EXTERNAL, named: bool = False) -> Iterator[Item]:
    """Yield what the document holds; `named` says that somebody named this very file, so a README is taken too.

    Raises InvalidInput when it cannot be read as text.
    """
    name = PurePosixPath(place.relative)
    if not named and (why := _left_by_name(name)):
        yield Leave(what=place.relative, why=why)
        return
    document = split_front_matter(without_marker(read_text(place.path)))
    if document.fault:
        yield Leave(
            what=f"{place.relative}: front matter", why=f"{document.fault}; the document is taken as plain text"
        )
    text = re.sub(r"<!--.*?-->", "", document.body, flags=re.S)
    if not any(line.strip() and not re.match(r"#{1,6}(\s|$)", line) for line in text.splitlines()):
        yield Leave(what=place.relative, why="empty: no text below its headings")
        return
    kind = kind_of(name, document, within=place.root.name)
    title = title_of(name, document)
    parts = sections(document.body) if kind.split else []
    if not parts:
        metadata: dict[str, JSON] = {}
        if document.front:
            metadata["front_matter"] = dict(document.front)
        if kind.tag == RECORD.tag and (status := status_of(document)):
            metadata["status"] = status
        yield Take(
            draft=Draft(
                title=title,
                content=document.body.strip(),
                type=kind.type,
                tags=tags_of(place, document, kind),
                metadata=metadata,
                trust=trust,
                source=Source(key=place.key(Format.MARKDOWN), uri=place.uri),
            ),
            position="whole document",
        )
    for part in parts:
        yield Take(draft=_section_draft(place, document, kind, trust, title, part), position=f"line {part.line}")


def _left_by_name(name: PurePosixPath) -> str:
    stem = name.stem.lower()
    if stem in ABOUT_THE_REPOSITORY:
        return "about the folder or its repository, not operational knowledge; name the file itself to take it"
    if stem in PATTERNS_TO_COPY:
        return "an example or template to copy from; name the file itself to take it"
    return ""


def split_front_matter(text: str) -> Document:
    """Return front matter and body; broken or oversized front matter stays in the body, and the fault is told."""
    match = re.match(r"---[ \t]*\n(.*?\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", text[: FRONT_MATTER_LIMIT + 8], re.S)
    if match is None or not (match[1] or "").strip():
        return Document(body=text[match.end() :] if match else text)
    try:
        front = yaml_value(match[1])
    except InvalidInput as fault:
        return Document(body=text, fault=str(fault))
    if not isinstance(front, dict):
        return Document(body=text, fault="the part between the --- lines is no front matter (no names and values)")
    return Document(front=front, body=text[match.end() :])


def kind_of(name: PurePosixPath, document: Document, within: str = "") -> Kind:
    """Return what sort of document it is: by its file name, its folders (and the root's name), its headings."""
    folders = {part.lower() for part in (*name.parts[:-1], PurePosixPath(within).name)}
    headings = {heading.lower() for heading in re.findall(r"^#{1,4}[ \t]+(\w+)[ \t]*#*$", document.body, re.M)}
    declared = _declared_type(document.front)
    if name.name.lower() in INSTRUCTIONS:
        found = INSTRUCTION
    elif name.name.lower() == "skill.md":
        found = SKILL
    elif folders & RECORD_FOLDERS or {"context", "decision"} <= headings & RECORD_HEADINGS:
        found = RECORD
    elif folders & RUNBOOK_FOLDERS or len(headings & RUNBOOK_HEADINGS) >= 2 or declared is RUNBOOK.type:
        found = RUNBOOK
    else:
        found = LONG if len(document.body) > LONG_NOTE else NOTE
    return found if declared is None else Kind(type=declared, tag=found.tag, split=found.split)


def _declared_type(front: Mapping[str, JSON]) -> MemoryType | None:
    declared = front.get("type")
    if declared == "runbook":
        return MemoryType.OPERATIONAL_PROCEDURE
    return MemoryType(declared) if declared in set(MemoryType) else None


def title_of(name: PurePosixPath, document: Document) -> str:
    """Return the title from the front matter, else the first heading, else the file name (a folder's for index.md)."""
    for candidate in (document.front.get("title"), document.front.get("name"), first_heading(document.body)):
        if isinstance(candidate, str) and candidate.strip():
            return " ".join(candidate.split())[:TITLE_LIMIT]
    return (name.parent.name if name.stem.lower() == "index" and name.parent.name else name.stem)[:TITLE_LIMIT]


def tags_of(place: Place, document: Document, kind: Kind) -> tuple[str, ...]:
    """Return the kind, the front matter's tags and categories, and the last two telling folders, as slugs."""
    found = [kind.tag]
    for name in ("tags", "tag", "categories", "category", "labels"):
        value = document.front.get(name)
        parts = value if isinstance(value, list) else str(value or "").split(",")
        found += [slug(part) for part in parts if isinstance(part, str | int)]
    folders = [slug(part) for part in PurePosixPath(place.relative).parts[:-1] if part.lower() not in PLAIN_FOLDERS]
    if kind.tag == RECORD.tag and (status := status_of(document)):
        found.append(f"status:{slug(status)}")
    return tuple(dict.fromkeys(tag for tag in found + folders[-2:] if tag))[:TAGS_LIMIT]


def status_of(document: Document) -> str:
    """Return the status of a decision record (accepted, superseded, ...), "" when it names none."""
    stated = document.front.get("status")
    if isinstance(stated, str):
        return stated.strip()[:40]
    match = re.search(r"^#+[ \t]+Status[ \t]*\n\s*(\w+)|^\*?\*?Status:?\*?\*?:?[ \t]*(\w+)", document.body, re.M | re.I)
    return (match[1] or match[2]).lower() if match else ""


def _section_draft(
    place: Place, document: Document, kind: Kind, trust: Trust, title: str, part: DocumentSection
) -> Draft:
    # The first heading of instructions is often just their first section; only one of level 1 names them all.
    named = document.front.get("title") or first_heading(document.body, level=1)
    whole = title if named else PurePosixPath(place.relative).name
    name = whole if part.heading in ("", whole) else f"{whole}: {part.heading}"
    metadata: dict[str, JSON] = {"document": whole, "heading": part.heading}
    return Draft(
        title=name[:TITLE_LIMIT],
        content=part.text,
        type=kind.type,
        tags=tags_of(place, document, kind),
        metadata=metadata,
        trust=trust,
        source=Source(key=place.key(Format.MARKDOWN, part.anchor), uri=f"{place.uri}#{part.anchor}"),
    )
