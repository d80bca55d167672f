"""Is a draft fit to be stored, and what row does it become once it is cleaned and redacted? (pure)"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput, RecallLoop
from brainops.memory.redaction.redact import redact, redact_json
from brainops.memory.terms import index_text
from brainops.store.search import Words
from brainops.types import ErrorEvent, Finding, MemoryType, Micros, Source, Trust
from brainops.wire import checked, from_plain
from brainops_core.blake2 import blake2b
from brainops_core.redaction.injected import contains_injected, strip_injected
from brainops_core.redaction.redact import JSON_DEPTH, clean, redact_name

if TYPE_CHECKING:
    from brainops.memory.redaction.policy import RedactionPolicy
    from brainops.types import JSON, Draft

MAX_TITLE_CHARACTERS = 300  # a title is read in a list; what is longer moves into the content
MAX_CONTENT_BYTES = 16 * 1024 * 1024  # a whole log file fits; a database dump belongs elsewhere
MAX_METADATA_BYTES = 256 * 1024
MAX_INDEXED_CHARACTERS = 1_000_000  # words beyond the first million characters are kept but not searched


class Prepared(Struct, frozen=True, kw_only=True):
    """A draft that is ready to be stored: the row, its words, where it comes from, and what was changed on the way."""

    row: dict[str, Any]
    body: str
    words: Words
    source: Source
    redacted: tuple[Finding, ...]
    notes: tuple[str, ...]


def prepare(draft: Draft, policy: RedactionPolicy) -> Prepared:
    """Check, clean and redact a draft; raise InvalidInput or RecallLoop. Ids and times are added by the caller."""
    from brainops.memory.recognition.fingerprint import fingerprint
    from brainops_core.recognition.digests import text_digests

    notes: list[str] = []
    draft = _without_injected(_cleaned(_checked(draft), notes), notes)
    draft, findings = _redacted(draft, policy)
    draft = _titled(draft, notes)
    body = content_text(draft.content)
    words, row = words_of(draft.title, body), row_of(draft)
    if draft.type is MemoryType.ERROR_PATTERN:
        event = _error_of(draft)
        row["message_fingerprint"] = text_digests(event)[-1]
        row["fingerprint"] = draft.fingerprint or fingerprint(event).digest
    return Prepared(row=row, body=body, words=words, source=draft.source, redacted=findings, notes=tuple(notes))


def _error_of(draft: Draft) -> ErrorEvent:
    """Return the error that a memory is about: what it calls the error, otherwise its title."""
    from brainops.memory.recognition.error_events import parse_error

    alert = draft.metadata.get("alert")
    if isinstance(alert, str) and draft.title.startswith(f"{alert}: "):  # as an alert that fires says it
        return ErrorEvent(type=alert, message=draft.title.removeprefix(f"{alert}: "))
    said = draft.content.get("error") if isinstance(draft.content, dict) else None
    return replace(parse_error(said if isinstance(said, str) and said.strip() else draft.title), frames=())


def row_of(draft: Draft) -> dict[str, Any]:
    """Return a checked draft's columns, all but its ids and times."""
    is_text = isinstance(draft.content, str)
    content = draft.content if is_text else dumped(draft.content, "content")
    source = draft.source
    return {
        "type": draft.type.value,
        "title": draft.title,
        "content": content,
        "content_format": "text" if is_text else "json",
        "tags": json.dumps(draft.tags, ensure_ascii=False),
        "importance": float(draft.importance),
        "metadata": dumped(dict(draft.metadata), "metadata"),
        "trust": draft.trust.value,
        "actor_kind": source.actor.kind.value,
        "actor_id": source.actor.id,
        "actor_proof": source.actor.proof,
        "session_id": source.session_id,
        "operation_id": source.operation_id,
        "run_id": source.run_id,
        "uri": source.uri,
        "source_key": source.key,
        "subject": draft.subject,
        "content_hash": content_hash(draft.type.value, draft.title, str(content)),
        "idempotency_key": draft.idempotency_key,
        "fingerprint": draft.fingerprint,
        "message_fingerprint": None,
        "valid_from": draft.valid_from,
        "valid_to": draft.valid_to,
        "supersedes": None,
        "vector_model": None,
    }


def words_of(title: str, body: str) -> Words:
    """Return what of a title and a content's text is indexed; a title that the content begins with counts once."""
    if body.startswith(title):
        rest = body[len(title) :]
        title, body = (title, rest) if rest.startswith("\n") and rest.strip() else ("", body)
    return Words(**dict(zip(("title", "body"), index_text(title, body[:MAX_INDEXED_CHARACTERS]), strict=True)))


def words_of_row(row: Mapping[str, Any]) -> Words:
    """Return what of a stored row is indexed."""
    content = json.loads(row["content"]) if row["content_format"] == "json" else row["content"]
    return words_of(row["title"], content_text(content))


def content_hash(kind: str, title: str, content: str) -> str:
    """Return the identity of a memory's content, 32 hexadecimal characters."""
    digest = blake2b(digest_size=16)
    for part in (kind, title, content):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def subject_hash(content: str, subject: str) -> str:
    """Return the identity of a content that stands here about somebody else already."""
    return content_hash("subject", subject, content)


def content_text(content: JSON) -> str:
    """Return content as the text that is searched, embedded and shown: JSON becomes `key: value` lines."""
    if isinstance(content, str):
        return content
    return "\n".join(_lines(content, ""))


def _lines(value: JSON, indent: str) -> Iterable[str]:
    match value:
        case dict():
            for key, item in value.items():
                if isinstance(item, (dict, list)) and item:
                    yield f"{indent}{key}:"
                    yield from _lines(item, indent + "  ")
                else:
                    yield f"{indent}{key}: {_scalar(item)}"
        case list():
            for item in value:
                if isinstance(item, (dict, list)) and item:
                    yield from _lines(item, indent + "  ")
                else:
                    yield f"{indent}- {_scalar(item)}"
        case _:
            yield _scalar(value)


def _scalar(value: JSON) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None or value in ([], {}) else json.dumps(value)


def dumped(value: JSON, name: str) -> str:
    """Return a value as JSON text; raise InvalidInput where it is none."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"{name} is not JSON ({error}); hand in text, numbers, true/false, null, lists and objects with text keys"
        ) from error


def _checked(draft: Draft) -> Draft:
    if not isinstance(draft.type, MemoryType) or not isinstance(draft.trust, Trust):
        raise InvalidInput(f"type is one of {', '.join(MemoryType)}; trust is one of {', '.join(Trust)}")
    if isinstance(draft.tags, (set, frozenset)):
        raise InvalidInput("tags are a list: a set has no order to keep")
    content = draft.content if isinstance(draft.content, str) else dumped(draft.content, "content")
    metadata = dumped(dict(draft.metadata), "metadata") if isinstance(draft.metadata, Mapping) else ""
    _check_size(content, "content", MAX_CONTENT_BYTES)
    _check_size(metadata, "metadata", MAX_METADATA_BYTES)
    _check_depth(draft.content, "content")
    _check_depth(draft.metadata, "metadata")
    draft = checked(draft)
    if draft.valid_from is not None and draft.valid_to is not None and draft.valid_to <= draft.valid_from:
        raise InvalidInput("valid_to lies before valid_from: nothing would ever be valid")
    return draft


def checked_moment(moment: Any, name: str) -> int:
    """Return a time in microseconds; raise InvalidInput where it is none."""
    return from_plain(Micros, moment, name)


def _check_depth(value: Any, name: str) -> None:
    """Refuse what nests so deep that a reader's stack could end in it; walks without a stack of its own."""
    level = [value]
    for _ in range(JSON_DEPTH):
        level = [item for each in level for item in _inside(each)]
        if not level:
            return
    raise InvalidInput(f"{name} nests deeper than {JSON_DEPTH} levels; hand the deep part in as text")


def _inside(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list() | tuple():
            return value
        case _:
            return ()


def _check_size(text: str, name: str, limit: int) -> None:
    if len(text) * 4 > limit and len(text.encode("utf-8", "surrogatepass")) > limit:
        raise InvalidInput(
            f"{name} is larger than {limit:,} bytes; capture a summary and name the file in `source`, or cut it up"
        )


def _cleaned(draft: Draft, notes: list[str]) -> Draft:
    if _is_plain(draft):
        return draft
    title, content, metadata = clean(draft.title), _clean_json(draft.content), _clean_json(dict(draft.metadata))
    if title != draft.title or content != draft.content or metadata != draft.metadata:
        notes.append("characters that no database holds (NUL, lone surrogates) were replaced by U+FFFD")
    assert isinstance(metadata, dict)
    source = draft.source
    actor = replace(source.actor, id=clean(source.actor.id), proof=clean(source.actor.proof))
    names = {
        name: said and clean(said)
        for name in ("session_id", "operation_id", "run_id", "uri", "key")
        for said in (getattr(source, name),)
    }
    return replace(
        draft,
        title=title,
        content="" if content is None else content,
        metadata=metadata,
        tags=tuple(dict.fromkeys(clean(tag.strip()) for tag in draft.tags)),
        source=replace(source, actor=actor, **names),
        subject=clean(draft.subject) if draft.subject else None,
        idempotency_key=clean(draft.idempotency_key) if draft.idempotency_key else None,
        fingerprint=clean(draft.fingerprint) if draft.fingerprint else None,
    )


def _is_plain(draft: Draft) -> bool:
    """Say whether nothing needs cleaning: the usual case, told without building anything."""
    source = draft.source
    texts = [
        draft.title, source.actor.id, source.actor.proof, source.session_id, source.operation_id, source.run_id,
        source.uri, source.key, draft.subject, draft.idempotency_key, draft.fingerprint, *draft.tags,
    ]  # fmt: skip
    return (
        isinstance(draft.content, str)
        and not draft.metadata
        and all(text is None or (text.isascii() and "\0" not in text) for text in (*texts, draft.content))
        and all(tag == tag.strip() for tag in draft.tags)
        and len(set(draft.tags)) == len(draft.tags)
    )


def _clean_json(value: JSON) -> JSON:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): _clean_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_clean_json(item) for item in value]
        case float() if not math.isfinite(value):
            raise InvalidInput("content holds NaN or Infinity, which JSON has no word for; hand in null or text")
        case _:
            return value


def _without_injected(draft: Draft, notes: list[str]) -> Draft:
    text = draft.content if isinstance(draft.content, str) else dumped(draft.content, "content")
    if not (contains_injected(draft.title) or contains_injected(text)):
        return draft
    title = strip_injected(draft.title).strip()
    content = _strip_json(draft.content)
    if not title and not content_text(content).strip():
        raise RecallLoop()
    notes.append("what BrainOps itself had handed out was left out of it")
    return replace(draft, title=title, content=content)


def _strip_json(value: JSON) -> JSON:
    match value:
        case str():
            return strip_injected(value)
        case dict():
            return {key: _strip_json(item) for key, item in value.items()}
        case list():
            return [_strip_json(item) for item in value]
        case _:
            return value


def _redacted(draft: Draft, policy: RedactionPolicy) -> tuple[Draft, tuple[Finding, ...]]:
    found: dict[str, int] = {}

    def text(value: str) -> str:
        cleaned = redact(value, policy)
        _add(found, cleaned.findings)
        return cleaned.text

    def name(value: str | None) -> str | None:
        kept = redact_name(value, policy) if value else value
        if value and kept != value:
            _add(found, redact(value, policy).findings)
        return kept

    def tree(value: JSON) -> JSON:
        if isinstance(value, str):
            return text(value)
        cleaned = redact_json(value, policy)
        _add(found, cleaned.findings)
        return cleaned.value

    metadata = tree(dict(draft.metadata)) if draft.metadata else {}
    assert isinstance(metadata, dict)
    source = draft.source
    redacted = replace(
        draft,
        title=text(draft.title),
        content=tree(draft.content),
        metadata=metadata,
        tags=tuple(text(tag) for tag in draft.tags),
        source=replace(source, uri=text(source.uri) if source.uri else source.uri, session_id=name(source.session_id)),
        subject=name(draft.subject),
        idempotency_key=name(draft.idempotency_key),
        fingerprint=name(draft.fingerprint),
    )
    return redacted, tuple(Finding(kind=kind, count=count) for kind, count in sorted(found.items()))


def _add(found: dict[str, int], findings: Iterable[Finding]) -> None:
    for finding in findings:
        found[finding.kind] = found.get(finding.kind, 0) + finding.count


def _titled(draft: Draft, notes: list[str]) -> Draft:
    title = " ".join(draft.title.split())
    if not title:
        title = content_text(draft.content).strip().split("\n", 1)[0].strip()[:MAX_TITLE_CHARACTERS]
    if not title:
        raise InvalidInput("a memory needs a title or a content; both are empty")
    if len(title) <= MAX_TITLE_CHARACTERS:
        return replace(draft, title=title)
    notes.append(f"the title was longer than {MAX_TITLE_CHARACTERS} characters; the whole of it stands in the content")
    content = (
        f"{title}\n{draft.content}" if isinstance(draft.content, str) else {"title": title, "content": draft.content}
    )
    return replace(draft, title=title[: MAX_TITLE_CHARACTERS - 1] + "…", content=content)
