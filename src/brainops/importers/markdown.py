"""Which memories does a Markdown document hold? One a runbook or record, one a section of instructions."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import clean, read_text, yaml_value
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.runbook_links import without_marker
from brainops.importers.sections import DocumentSection, first_heading, headings, sections, slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust

FRONT_MATTER_LIMIT = 64_000
"""Characters of YAML at the top; real front matter is a few lines."""
LONG_NOTE = 4_000
"""Characters from which a note is taken by sections: about what one answer can quote."""
TITLE_LIMIT = 200
TAGS_LIMIT = 16
ABOUT_THE_REPOSITORY = frozenset(
    "readme _index license licence copying notice patents changelog contributing code_of_conduct codeowners".split()
)
PATTERNS_TO_COPY = frozenset({"example", "template", "_template", "adr-template"})
INSTRUCTIONS = frozenset({"claude.md", "agents.md", "claude.local.md", "agents.override.md", "gemini.md"})
RUNBOOK_FOLDERS = frozenset("runbook runbooks playbook playbooks alerts sop sops procedures".split())
RECORD_FOLDERS = frozenset("adr adrs decisions decision-records".split())
PLAIN_FOLDERS = frozenset("content docs doc src pages".split()) | RUNBOOK_FOLDERS | RECORD_FOLDERS
"""Folder names that say nothing as a tag, because they hold everything or the kind says it already."""
RUNBOOK_HEADINGS = frozenset(
    "meaning impact diagnosis mitigation remediation resolution rollback symptoms escalation steps verification"
    " procedure troubleshooting prerequisites preconditions detection recovery investigation triage validation"
    " trigger".split()
) | {"rollback plan", "mitigation steps", "how to fix", "possible causes", "pre-checks", "post-checks", "when to use"}
CONTEXT_HEADINGS = frozenset("context background problem issue motivation kontext contexte contexto 背景".split()) | {
    "context and problem statement",
    "context and problem",
    "problem statement",
    "decision drivers",
    "the problem",
}
DECISION_HEADINGS = frozenset("decision decisions entscheidung décision decisión 決定 决定".split()) | {
    "decision outcome", "the decision", "our decision", "decision made", "proposed decision", "decision and rationale",
}  # fmt: skip
RECORD_HEADINGS = frozenset(
    "consequences status rationale options alternatives positions assumptions implications konsequenzen".split()
) | {
    "considered options", "considered alternatives", "alternatives considered", "options considered",
    "more information", "pros and cons of the options", "pros and cons", "positive consequences",
    "negative consequences",
}  # fmt: skip
"""Headings of decision records as Nygard, MADR, Tyree and Merson name them, and of runbooks."""

RECORD_NAME = re.compile(r"adr[-_ ]?\d+\b.*|\d{4}[-_].*|.*[-_]adr", re.I)
STATEMENT = re.compile(
    r"\bin the context of\b(?:(?!\bin the context of\b).){1,600}?\bfacing\b(?:(?!\bfacing\b).){1,600}?"
    r"\bwe (?:have )?(?:decided|chose)\b",
    re.I | re.S,
)
RUNBOOK_TITLE = re.compile(r"\b(?:run|play)book\b|\bstandard operating procedure\b|\bSOP\b", re.I)
ABOUT = ("description", "summary", "abstract", "excerpt", "when_to_use", "when-to-use", "purpose")
"""Names in the front matter under which it stands what a document is for."""

BLOCKS = 3  # of front matter: tools put their own above that of others


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


def _without_comments(text: str) -> str:
    kept, at = [], 0
    while (begins := text.find("<!--", at)) >= 0 and (ends := text.find("-->", begins + 4)) >= 0:
        kept.append(text[at:begins])
        at = ends + 3
    return "".join((*kept, text[at:]))


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
    text = _without_comments(document.body)
    if not any(line.strip() and not re.match(r"#{1,6}(\s|$)", line) for line in text.splitlines()):
        yield Leave(what=place.relative, why="empty: no text below its headings")
        return
    document = replace(document, body=_with_purpose(document))
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
    """Return front matter and body; broken or oversized front matter stays in the body, and the fault is told.

    It is YAML, TOML (between +++) or a JSON object; a second block below the first adds to it.
    """
    front: dict[str, JSON] = {}
    for _ in range(BLOCKS):
        head = text[: FRONT_MATTER_LIMIT + 8]
        match = re.match(r"\s*(---|\+\+\+)[ \t]*\n(.*?\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", head, re.S)
        if match is None:
            break
        try:
            found = _toml(match[2] or "") if match[1] == "+++" else _yaml(match[2] or "")
        except InvalidInput as fault:
            return Document(front=front, body=text, fault="" if front else str(fault))
        if found is not None and not isinstance(found, dict):
            why = "the part between the --- lines is no front matter (no names and values)"
            return Document(front=front, body=text, fault="" if front else why)
        front |= found or {}
        text = text[match.end() :]
    if not front and text.lstrip().startswith("{"):
        try:
            value, end = json.JSONDecoder().raw_decode(head := text.lstrip()[:FRONT_MATTER_LIMIT])
            if head[end:].strip() and isinstance(found := clean(value), dict):
                return Document(front=found, body=text.lstrip()[end:])
        except (ValueError, RecursionError):
            pass  # no front matter, but a text that begins with a brace
    return Document(front=front, body=text)


def _yaml(text: str) -> JSON:
    """Return YAML as clients accept it: where it is none, a value with a colon or a sign in it is a text."""
    if not text.strip():
        return None
    try:
        return yaml_value(text)
    except InvalidInput:
        quoted = re.sub(
            r"^([\w\-]+):[ \t]+(?![\"'\[{|>&*!])(\S.*: .*|\S.*:|[@`%].*)$",
            lambda pair: f"{pair[1]}: {json.dumps(pair[2])}",
            text,
            flags=re.M,
        )
        if quoted == text:
            raise
        return yaml_value(quoted.replace("\t", "  "))


def _toml(text: str) -> JSON:
    try:
        return clean(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        raise InvalidInput(f"not TOML: {fault}") from None


def _with_purpose(document: Document) -> str:
    """Return the body with what the document is for, so that it is found by that; not twice where it says so."""
    said = [value.strip() for name in ABOUT if isinstance(value := document.front.get(name), str) and value.strip()]
    plain = " ".join(document.body.split())
    missing = [each for each in dict.fromkeys(said) if " ".join(each.split()) not in plain]
    return "\n\n".join([*missing, document.body.lstrip("\n")])


def kind_of(name: PurePosixPath, document: Document, within: str = "") -> Kind:
    """Return what sort of document it is: by its file name, its folders (and the root's name), its headings."""
    folders = {part.lower() for part in (*name.parts[:-1], PurePosixPath(within).name)}
    named = _headings(document.body)
    declared = _declared_type(document.front)
    if name.name.lower() in INSTRUCTIONS:
        found = INSTRUCTION
    elif name.name.lower() == "skill.md":
        found = SKILL
    elif folders & RECORD_FOLDERS or _is_record(name, document, named):
        found = RECORD
    elif (
        folders & RUNBOOK_FOLDERS
        or len(named & RUNBOOK_HEADINGS) >= 2
        or declared is RUNBOOK.type
        or (RUNBOOK_TITLE.search(title_of(name, document)) and named & RUNBOOK_HEADINGS)
    ):
        found = RUNBOOK
    else:
        found = LONG if len(document.body) > LONG_NOTE else NOTE
    return found if declared is None else Kind(type=declared, tag=found.tag, split=found.split)


def _headings(body: str) -> set[str]:
    """Return the headings, and the labels that stand for them ("**Status:** accepted"), plain and in lower case."""
    found = {heading.text for heading in headings(body.split("\n"))}
    found |= set(
        re.findall(r"^[ \t]*(?:[-*][ \t]+)?[*_]{0,2}([^\W\d_][\w \-]{2,40}?)[*_]{0,2}:[*_]{0,2}(?:[ \t]|$)", body, re.M)
    )
    return {re.sub(r"^[\W\d_]+|[\W_]+$", "", each).lower() for each in found}


def _is_record(name: PurePosixPath, document: Document, named: set[str]) -> bool:
    """Say whether it is a decision record: it tells a decision with its context, its options or its consequences."""
    parts = bool(named & CONTEXT_HEADINGS) + bool(named & RECORD_HEADINGS)
    if named & DECISION_HEADINGS:
        return parts > 0
    so_named = (
        RECORD_NAME.fullmatch(name.stem) is not None and "adr" in f"{name.stem} {first_heading(document.body)}".lower()
    )
    return STATEMENT.search(document.body) is not None or (so_named and parts > 0)


def _declared_type(front: Mapping[str, JSON]) -> MemoryType | None:
    declared = front.get("type")
    if declared == "runbook":
        return MemoryType.OPERATIONAL_PROCEDURE
    return MemoryType(declared) if isinstance(declared, str) and declared in set(MemoryType) else None


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
