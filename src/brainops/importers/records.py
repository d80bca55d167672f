"""Which memories do the records of trackers and pagers hold? One table of shapes, and one reader for all of them.

A new product is a row of `SHAPES` (where its records keep what is asked for) and a member of `Format`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import json_records
from brainops.importers.items import Format, Item, Leave, Take
from brainops.importers.places import Place
from brainops.importers.sections import slug
from brainops.types import JSON, Draft, MemoryType, Source, Trust

TEXT_LIMIT = 60_000
"""Characters of one part of a record that are kept, half from each end; what is longer was pasted in."""
TITLE_LIMIT = 200
LABELS_LIMIT = 16
VALUES_LIMIT = 200
"""Values that one path leads to: comments of an issue, labels."""
ENVELOPES = ("incident", "alert", "issue", "data")
"""Names under which a single record stands when it was asked for by its id."""
FAULT_LABELS = re.compile(
    r"\b(?:bugs?|errors?|incidents?|outages?|crash(?:es)?|regressions?|defects?|failures?|fault)\b", re.I
)

Paths = tuple[str, ...]
Record = Mapping[str, JSON]


class RecordShape(Struct, frozen=True, kw_only=True):
    """Where a product's records keep what is asked for: paths with dots, `[]` for each of a list; the first that says
    something counts.

    `known` are sets of names of which one whole set marks a record, `scope` what the id counts within, `parts` the
    content (name and paths, all values joined; a `resolution` says what helped, and is believed of what is `done`),
    `left` what is not taken: a path, its value (None for any), and why.
    `fault` says that each record is an error or incident; else labels and `kind` say so.
    """

    format: Format
    known: tuple[frozenset[str], ...]
    id: Paths
    title: Paths
    parts: tuple[tuple[str, Paths], ...]
    scope: Paths = ()
    state: Paths = ("status",)
    done: frozenset[str] = frozenset({"resolved", "closed"})
    opened: Paths = ()
    ended: Paths = ()
    labels: Paths = ()
    kind: Paths = ()
    link: Paths = ()
    about: tuple[tuple[str, Paths], ...] = ()
    fault: bool = True
    left: tuple[tuple[str, str | None, str], ...] = ()


SHAPES = (
    RecordShape(
        format=Format.GITHUB,
        known=tuple(
            frozenset(names.split())
            for names in (
                "number title body state",
                "number title body labels",
                "number title html_url",
                "number title url",
                "issue_url body",
            )
        ),
        id=("number",),
        scope=("html_url", "url", "repository_url"),
        title=("title",),
        parts=(
            ("report", ("body",)),
            ("comments", ("comments[].body",)),
            ("fixed_by", ("closedByPullRequestsReferences[].url",)),
        ),
        state=("state",),
        opened=("created_at", "createdAt"),
        ended=("closed_at", "closedAt"),
        labels=("labels[].name", "labels[]"),
        kind=("type.name", "type"),
        link=("html_url", "url"),
        about=(("state_reason", ("state_reason", "stateReason")), ("milestone", ("milestone.title",))),
        fault=False,
        left=(
            ("pull_request.url", None, "a pull request: it changes code, and reports nothing"),
            ("issue_url", None, "a comment without its issue; `gh issue list --json title,body,comments,...` has both"),
            ("state_reason", "duplicate", "closed as a duplicate of another issue"),
            ("stateReason", "duplicate", "closed as a duplicate of another issue"),
        ),
    ),
    RecordShape(
        format=Format.GITLAB,
        known=(frozenset({"iid", "title", "project_id"}), frozenset({"iid", "title", "web_url"})),
        id=("iid",),
        scope=("web_url", "project_id"),
        title=("title",),
        parts=(
            ("report", ("description",)),
            ("comments", ("notes[].body", "discussions[].notes[].body")),
        ),
        state=("state",),
        opened=("created_at",),
        ended=("closed_at",),
        labels=("labels[].name", "labels[]"),
        kind=("issue_type", "type"),
        link=("web_url",),
        about=(("severity", ("severity",)), ("milestone", ("milestone.title",))),
        fault=False,
        left=(
            ("source_branch", None, "a merge request: it changes code, and reports nothing"),
            ("confidential", "true", "marked as confidential; import it by hand where everybody may know it"),
        ),
    ),
    RecordShape(
        format=Format.SENTRY,
        known=(frozenset({"shortId", "title"}), frozenset({"shortId", "culprit"})),
        id=("id", "shortId"),
        scope=("project.slug", "project.id"),
        title=("title", "metadata.title", "metadata.type"),
        parts=(
            ("error", ("title",)),
            ("message", ("metadata.value",)),
            ("where", ("culprit",)),
            ("comments", ("activity[].data.text",)),
            ("fixed_by", ("statusDetails.inCommit.commit", "statusDetails.inCommit.id")),
        ),
        opened=("firstSeen",),
        labels=("level", "platform"),
        link=("permalink",),
        about=(
            ("service", ("project.slug", "project.name")),
            ("times_seen", ("count",)),
            ("last_seen", ("lastSeen",)),
            ("resolved_in_release", ("statusDetails.inRelease",)),
        ),
    ),
    RecordShape(
        format=Format.PAGERDUTY,
        known=(frozenset({"incident_number"}),),
        id=("id", "incident_number"),
        title=("title", "summary", "description"),
        parts=(
            ("error", ("title", "description")),
            ("details", ("body.details", "first_trigger_log_entry.channel.details")),
            ("notes", ("notes[].content",)),
            ("resolution", ("resolution", "resolve_note", "post_mortem.summary")),
        ),
        opened=("created_at", "created_on"),
        ended=("resolved_at", "last_status_change_at", "last_status_change_on"),
        labels=("urgency", "priority.summary", "priority_name"),
        link=("html_url",),
        about=(("service", ("service.summary", "service.name", "service_name")), ("key", ("incident_key",))),
        left=(("resolve_reason.type", "merge_resolve_reason", "merged into another incident"),),
    ),
    RecordShape(
        format=Format.OPSGENIE,
        known=(frozenset({"tinyId", "message"}),),
        id=("id", "tinyId"),
        title=("message",),
        parts=(
            ("error", ("message",)),
            ("details", ("description",)),
            ("notes", ("notes[].note", "timeline[].description.content")),
            ("resolution", ("extraProperties.resolution", "details.resolution", "resolution")),
        ),
        opened=("createdAt", "impactStartDate"),
        ended=("resolvedAt", "closedAt", "impactEndDate", "report.closedAt"),
        labels=("tags[]", "priority"),
        link=("links.web",),
        about=(
            ("service", ("impactedServices[]", "entity", "source")),
            ("key", ("alias",)),
            ("times_seen", ("count",)),
        ),
    ),
)


def shape_of(record: Record) -> RecordShape | None:
    """Return the shape that a record has, None for no known one."""
    inner = _opened(record)
    return next((shape for shape in SHAPES for names in shape.known if names <= inner.keys()), None)


def read(place: Place, format: Format, *, trust: Trust = Trust.EXTERNAL) -> Iterator[Item]:
    """Yield a memory for each record of the product, and what was left.

    Raises InvalidInput when the file cannot be read.
    """
    shape = next(shape for shape in SHAPES if shape.format is format)
    for line in json_records(place.path):
        if isinstance(line, Leave):
            yield Leave(what=f"{place.relative}: {line.what}", why=line.why, fault=line.fault)
            continue
        record = _opened(line.value)
        position = f"{place.relative}: line {line.number}"
        if why := next((why for path, value, why in shape.left if _is(record, path, value)), ""):
            yield Leave(what=f"{position}: {_first(record, shape.title)[:100]}".rstrip(": "), why=why)
            continue
        try:
            yield Take(draft=_draft(place, shape, record, trust), position=position)
        except InvalidInput as fault:
            yield Leave(what=position, why=str(fault), fault=True)


def _values(record: JSON | Record, path: str) -> list[str]:
    """Return what a path leads to as texts, in order; nothing where a name on it is absent or of another kind."""
    found: list[JSON | Record] = [record]
    for name in path.split("."):
        plain = name.removesuffix("[]")
        inner = [part[plain] for part in found if isinstance(part, Mapping) and plain in part]
        if name != plain:
            inner = [each for part in inner if isinstance(part, list) for each in part[:VALUES_LIMIT]]
        found = [*inner]
    return [text for part in found if (text := _text(part))]


def _text(value: JSON | Record) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value).strip()
        case _:
            return ""


def _is(record: Record, path: str, value: str | None) -> bool:
    found = _values(record, path)
    return bool(found) if value is None else value in [text.lower() for text in found]


def _first(record: Record, paths: Paths) -> str:
    """Return the first text that one of the paths leads to, on one line."""
    return next((" ".join(found[0].split()) for path in paths if (found := _values(record, path))), "")


def _opened(record: Record) -> Record:
    """Return the record inside of an answer that holds nothing but it."""
    inner = next(iter(record.values())) if len(record) == 1 and next(iter(record)) in ENVELOPES else None
    return inner if isinstance(inner, dict) else record


def _draft(place: Place, shape: RecordShape, record: Record, trust: Trust) -> Draft:
    identity, title = _first(record, shape.id), _first(record, shape.title)
    for paths, said in ((shape.id, identity), (shape.title, title)):
        if not said:
            raise InvalidInput(
                f"not a record of {shape.format.value}: no `{'` and no `'.join(paths)}` as text or number"
            )
    state = _first(record, shape.state).lower()
    done = state in shape.done
    labels = [label for path in shape.labels for label in _values(record, path)]
    said = " ".join([*labels, _first(record, shape.kind)]).replace("_", " ")
    fault = shape.fault or FAULT_LABELS.search(said) is not None
    content: dict[str, JSON] = {}
    for name, paths in shape.parts:
        found = dict.fromkeys(text for path in paths for text in _values(record, path))
        if found and (done or name not in ("resolution", "fixed_by")):
            content[name] = _shortened("\n\n".join(found))
    if state:  # in the text, since a change of metadata alone supersedes nothing
        content["state"] = state
    metadata: dict[str, JSON] = {"state": state, "labels": list(dict.fromkeys(labels))[:LABELS_LIMIT]}
    metadata |= {name: _first(record, paths)[:TITLE_LIMIT] for name, paths in shape.about}
    metadata["opened_at"] = _first(record, shape.opened)[:40]
    metadata["ended_at"] = _first(record, shape.ended)[:40] if done else ""
    tags = [shape.format.value, *(["resolved"] if done else []), *map(slug, labels)]
    if done and fault and "resolution" in content:
        tags.insert(1, "candidate-fix")
        metadata |= {"candidate_fix": True, "verified": False}
    link = _first(record, shape.link)
    return Draft(
        title=title[:TITLE_LIMIT],
        content=content or title,
        type=MemoryType.ERROR_PATTERN if fault else MemoryType.LEARNING_INSIGHT,
        tags=tuple(dict.fromkeys(tag for tag in tags if tag))[:LABELS_LIMIT],
        metadata={name: value for name, value in metadata.items() if value not in ("", [])},
        trust=trust,
        source=Source(
            uri=_web(link) or place.uri,
            key=f"{shape.format.value}:{_scope(_first(record, shape.scope), place, shape)}#{identity}",
        ),
    )


def _shortened(text: str) -> str:
    half = TEXT_LIMIT // 2
    cut = len(text) - TEXT_LIMIT
    return text if cut <= 0 else f"{text[:half]}\n[... {cut} characters left out ...]\n{text[-half:]}"


def _web(link: str) -> str:
    """Return an address without credentials, query and fragment; "" where it is none."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"[:2_000] if parts.scheme in ("http", "https") and host else ""


def _scope(said: str, place: Place, shape: RecordShape) -> str:
    """Return what ids are counted within, the same whichever of a product's addresses says it."""
    plain = re.sub(r"^https?://(?:api\.)?", "", _web(said) or said).replace("/repos/", "/", 1)
    within = re.sub(r"(?:/-)?/(?:issues|pull|work_items|merge_requests)(?:/.*)?$", "", plain).lower()
    return (within or (place.root.name if shape.scope else "")).replace("#", "%23")[:500] or "account"
