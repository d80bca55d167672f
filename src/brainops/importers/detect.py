"""Which format does a path hold? Told by its content; the name only helps where content says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from itertools import islice

from brainops.errors import InvalidInput
from brainops.importers.foreign_text import Line, decode, json_records
from brainops.importers.items import Format
from brainops.importers.mcp_memory_service import columns, connect
from brainops.importers.places import Place
from brainops.importers.records import shape_of
from brainops.types import JSON

HEAD_BYTES = 64 * 1024
LINES_LOOKED_AT = 50
"""Records from which the writer of a JSONL file is known; transcripts may begin with summaries and settings."""
MARKDOWN = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx"})
RULES = frozenset({".yaml", ".yml", ".rules"})
CODEX = frozenset({"session_meta", "response_item", "event_msg", "turn_context"})
CODEX_EARLY = frozenset({"function_call", "function_call_output", "local_shell_call", "reasoning"})
DRAFT = frozenset({"title", "content"})
NO_DOCUMENTS = re.compile(
    r"\.(?!(?:cursor|windsurf|cline|roo)rules$|goosehints$).*|[a-z]*file|[a-z]*owners(?:_aliases)?|maintainers|authors"
    r"|(?:requirements|constraints)[\w.\-]*\.txt|[\w\-]*requirements\.txt|(?:robots|humans|security|ads|cmakelists)\.txt"
    r"|manifest(?:\.in|\.txt)?|version(?:\.txt)?|(?:go|cargo|poetry)\.(?:mod|sum|lock|work)|crontab|hosts|known_hosts"
)
"""Names of settings, lists and build files, in lower case: their "# " begins a comment and no heading."""

SETTING = re.compile(
    r"(?:export )?[\w.\-\[\]]+ *(?:[:~=<>!]?=|:=).*|[\w.\-/]+:(?: +\S+)?|\S*[*/!@\\]\S*|(?:export|set|include) \S+"
)
"""A line of a settings file or a list: a name with its value, or one word with the sign of a path or pattern."""

NAMES = ", ".join(format.value for format in Format if format not in (Format.FOLDER, Format.EXPORT))


class NoDocument(InvalidInput):
    """The file was read well enough to know that it holds no knowledge: settings, a list, a build file or a script."""


def detect(place: Place) -> Format:
    """Return what the path holds.

    Raises NoDocument where it is a file of another kind, InvalidInput when it cannot be read or is not known.
    """
    if place.path.is_dir():
        return Format.FOLDER
    if not place.path.is_file():
        raise InvalidInput("neither a file nor a folder")
    try:
        with place.path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error.strerror}") from error
    suffix = place.path.suffix.lower()
    if head.startswith(b"SQLite format 3\x00"):
        with closing(connect(place)) as connection:
            there = columns(connection)
            if {"content", "content_hash"} <= there:
                return Format.MCP_MEMORY_SERVICE
            if "namespace" in columns(connection, "memory"):
                raise InvalidInput("a BrainOps store; read it with `brainops export` and import that file")
        raise InvalidInput("an SQLite file without the tables of a memory that import knows (mcp-memory-service)")
    if suffix in MARKDOWN:
        return Format.MARKDOWN
    if NO_DOCUMENTS.fullmatch(place.path.name.lower()) or head.startswith(b"#!"):
        raise NoDocument("no document: settings, a list, a build file or a script; --format markdown takes it anyway")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and suffix not in RULES:
        if b'"groups"' in head and b'"rules"' in head:
            return Format.PROMETHEUS
        return _of_json(
            line.value for line in islice(json_records(place.path), LINES_LOOKED_AT) if isinstance(line, Line)
        )
    text = _head_text(head)
    if suffix in RULES or re.search(r"^groups:[ \t]*$|^kind:[ \t]*PrometheusRule\b", text, re.M):
        return Format.PROMETHEUS
    if re.search(r"\A---[ \t]*\n|^#{1,6}[ \t]+\S", text, re.M) and suffix in ("", ".txt"):
        if not text.startswith("---") and _is_settings(text):
            raise NoDocument("no document: its lines are settings or a list, and no sentences")
        return Format.MARKDOWN
    if suffix in (".jsonl", ".ndjson"):
        return Format.JSONL
    raise InvalidInput(f"not a format that import knows; name one with --format: {NAMES}")


def _is_settings(text: str) -> bool:
    """Say whether a text is settings or a list, where "# " begins a comment: most of its other lines are such."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and sum(SETTING.fullmatch(line) is not None for line in lines) * 2 >= len(lines)


def _head_text(head: bytes) -> str:
    """Return the head as text; a character that its end cut through is dropped."""
    for cut in range(4) if len(head) == HEAD_BYTES else (0,):
        try:
            return decode(head[: len(head) - cut])
        except InvalidInput:
            continue
    raise InvalidInput(f"not text that import reads (binary, or not UTF-8); formats: {NAMES}")


def _of_json(records: Iterable[dict[str, JSON]]) -> Format:
    for number, record in enumerate(records):
        kind = str(record.get("type"))
        if number == 0 and "brainops_export" in record:
            return Format.EXPORT
        if (kind == "entity" and "name" in record) or (kind == "relation" and "relationType" in record):
            return Format.MCP_MEMORY
        if (
            kind in CODEX
            or kind in CODEX_EARLY
            or ("type" not in record and {"instructions", "timestamp"} <= record.keys())
        ):
            return Format.CODEX
        if "sessionId" in record or (kind in ("user", "assistant") and isinstance(record.get("message"), dict)):
            return Format.CLAUDE_CODE
        if "content" not in record and (shape := shape_of(record)):
            return shape.format
        if DRAFT & record.keys():
            return Format.JSONL
    raise InvalidInput(f"JSON that import does not know; for one memory a line use --format {Format.JSONL.value}")
