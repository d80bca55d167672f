"""Are the files of other memories, and plain JSONL, read for what they are?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from brainops.errors import InvalidInput
from brainops.importers import Format, jsonl, mcp_memory, mcp_memory_service
from brainops.importers.detect import NoDocument, detect
from brainops.types import Draft, MemoryType, Trust
from tests.importers.material import Write, drafts, left, lines, place

COLUMNS = (
    "id INTEGER PRIMARY KEY, content_hash TEXT UNIQUE, content TEXT, tags TEXT, memory_type TEXT, metadata TEXT, "
    "created_at REAL, updated_at REAL, created_at_iso TEXT, updated_at_iso TEXT, deleted_at REAL"
)


def service(path: Path, *rows: dict[str, Any], columns: str = COLUMNS) -> Path:
    """Write an SQLite file as mcp-memory-service does, in the parts that are read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE memories ({columns})")
        for row in rows:
            connection.execute(
                f"INSERT INTO memories ({','.join(row)}) VALUES ({','.join('?' * len(row))})", [*row.values()]
            )
    return path


def test_an_entity_is_one_memory_with_its_observations_and_relations(write: Write) -> None:
    db = {"type": "entity", "name": "db1", "entityType": "Host", "observations": ["has 4 disks", "runs hot"]}
    more = {"type": "entity", "name": "db1", "entityType": "Host", "observations": ["runs hot", "is old"]}
    app = {"type": "entity", "name": "app", "entityType": "service", "observations": []}
    relations = [{"type": "relation", "from": "app", "to": "db1", "relationType": "reads from"}]
    relations += [{"type": "relation", "from": "gone", "to": "db1", "relationType": "backs up"}]

    first, second = drafts(mcp_memory.read(place(write("memory.json", lines(db, app, more, *relations)))))

    assert (first.title, first.tags, first.type) == ("db1", ("entity", "host"), MemoryType.LEARNING_INSIGHT)
    assert first.content == "- has 4 disks\n- runs hot\n- is old\n\nRelations:\n- gone backs up db1"
    assert first.source.key == "mcp-memory:ops/memory.json#db1"
    assert second.content == "Relations:\n- app reads from db1"


def test_what_is_neither_entity_nor_relation_is_told(write: Write) -> None:
    odd = [{"type": "entity"}, {"type": "relation", "from": 1}, {"type": "entity", "name": "a", "observations": 7}]
    odd += [{"type": "relation", "from": "x", "to": "y", "relationType": "r"}, {"type": "other", "name": "z"}]

    items = list(mcp_memory.read(place(write("memory.jsonl", lines(*odd)))))

    assert [draft.content for draft in drafts(items)] == ["a"]
    assert len(left(items)) == 4


def test_a_service_memory_keeps_text_tags_kind_and_times(tmp_path: Path) -> None:
    row = {"content_hash": "abc", "content": "# Ports\n8080 is taken", "tags": "Net,host x", "memory_type": "decision"}
    path = service(tmp_path / "ops" / "m.db", {**row, "metadata": '{"by": "me"}', "created_at": 1.5})

    (draft,) = drafts(mcp_memory_service.read(place(path)))

    assert (draft.title, draft.tags, draft.type) == ("Ports", ("net", "host-x"), MemoryType.DECISION_RECORD)
    assert draft.metadata == {"memory_type": "decision", "by": "me", "created_at": 1.5}
    assert draft.source.key == "mcp-memory-service:ops/m.db#abc"


def test_deleted_and_empty_rows_are_left_and_said(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"content": "old", "deleted_at": 5.0},
        {"content": "  "},
        {"content": b"\xff\x00"},
        {"content": "stays"},
    ]

    items = list(mcp_memory_service.read(place(service(tmp_path / "ops" / "m.db", *rows))))

    assert [draft.content for draft in drafts(items)] == ["stays"]
    assert [leave.why for leave in left(items)] == ["deleted there", "no text in it", "no text in it"]


def test_an_older_file_without_some_columns_is_read(tmp_path: Path) -> None:
    path = service(tmp_path / "ops" / "m.db", {"content": "x", "tags": '["a", "b"]'}, columns="content TEXT, tags TEXT")

    (draft,) = drafts(mcp_memory_service.read(place(path)))

    assert draft.tags == ("a", "b")


def test_metadata_that_is_no_json_is_kept_as_text(tmp_path: Path) -> None:
    path = service(tmp_path / "ops" / "m.db", {"content": "x", "metadata": "{broken"})

    assert drafts(mcp_memory_service.read(place(path)))[0].metadata["metadata_text"] == "{broken"


def test_reading_another_memory_writes_nothing_beside_it(tmp_path: Path) -> None:
    path = service(tmp_path / "ops" / "m.db", {"content": "x"})
    before = path.read_bytes()

    list(mcp_memory_service.read(place(path)))
    with closing(mcp_memory_service.connect(place(path))) as opened, pytest.raises(sqlite3.OperationalError):
        opened.execute("DELETE FROM memories")

    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["m.db"]


def test_a_locked_file_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp_memory_service, "LOCK_WAIT_SECONDS", 0.01)
    path = service(tmp_path / "ops" / "m.db", {"content": "x"})

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(InvalidInput, match="locked by another program"):
            list(mcp_memory_service.read(place(path)))


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    path = service(tmp_path / "ops" / "m.db", *({"content": "x" * 3_000} for _ in range(20)))
    data = bytearray(path.read_bytes())
    data[4_096:] = b"\x99" * (len(data) - 4_096)
    path.write_bytes(data)

    with pytest.raises(InvalidInput, match=r"damaged|recover"):
        list(mcp_memory_service.read(place(path)))


def test_sqlite_files_of_other_programs_are_refused(tmp_path: Path) -> None:
    path = service(tmp_path / "ops" / "m.db", columns="name TEXT")

    with pytest.raises(InvalidInput, match="without the tables"):
        detect(place(path))


def line(write: Write, **fields: Any) -> Draft:
    (draft,) = drafts(jsonl.read(place(write("n.jsonl", lines(fields))), trust=Trust.AGENT))
    return draft


def test_a_plain_line_takes_a_drafts_fields_and_keeps_the_others(write: Write) -> None:
    draft = line(
        write,
        title="Ports",
        content={"http": 8080},
        type="decision_record",
        tags="net, host",
        importance=0.9,
        metadata={"by": "me"},
        subject="db1",
        valid_from=5,
        source={"uri": "https://e.example/1", "session_id": "s"},
        id=17,
        colour="red",
    )

    assert (draft.title, draft.content, draft.type) == ("Ports", {"http": 8080}, MemoryType.DECISION_RECORD)
    assert (draft.tags, draft.importance, draft.subject, draft.valid_from) == (("net", "host"), 0.9, "db1", 5)
    assert draft.metadata == {"by": "me", "colour": "red", "id": 17}
    assert (draft.source.key, draft.source.uri) == ("jsonl:ops/n.jsonl#17", "https://e.example/1")


def test_a_line_cannot_claim_more_trust_than_the_import_was_given(write: Write) -> None:
    assert line(write, title="a", trust="verified").trust is Trust.AGENT
    assert line(write, title="a", trust="external").trust is Trust.EXTERNAL


def test_a_title_is_made_of_the_content_where_there_is_none(write: Write) -> None:
    assert line(write, content="First words\nand more").title == "First words and more"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 7),
        ("type", "rumour"),
        ("type", []),
        ("tags", [1]),
        ("tags", {}),
        ("importance", "high"),
        ("importance", 2),
        ("importance", True),
        ("metadata", []),
        ("trust", "total"),
        ("valid_from", "today"),
        ("subject", {}),
    ],
)
def test_a_field_of_the_wrong_kind_leaves_the_line_and_names_the_field(write: Write, field: str, value: Any) -> None:
    text = lines({"title": "x", "content": "y", field: value}, {"title": "good"})

    items = list(jsonl.read(place(write("n.jsonl", text))))

    assert [draft.title for draft in drafts(items)] == ["good"]
    assert f"`{field}`" in left(items)[0].why


SAMPLES: list[tuple[str, str | bytes, Format]] = [
    ("a.md", "text", Format.MARKDOWN),
    ("Disk", "# Disk\n\ntext", Format.MARKDOWN),
    ("a.txt", "---\ntitle: x\n---\ntext", Format.MARKDOWN),
    ("a.yaml", "x: 1", Format.PROMETHEUS),
    ("rules", "groups:\n- name: g\n", Format.PROMETHEUS),
    ("a.jsonl", lines({"title": "x"}), Format.JSONL),
    ("a.json", lines({"type": "entity", "name": "x"}), Format.MCP_MEMORY),
    ("a.jsonl", lines({"type": "relation", "relationType": "x"}), Format.MCP_MEMORY),
    ("a.jsonl", lines({"type": "summary"}, {"type": "user", "sessionId": "s"}), Format.CLAUDE_CODE),
    ("a.jsonl", b"\xef\xbb\xbf" + lines({"type": "session_meta", "payload": {}}).encode(), Format.CODEX),
    ("a.jsonl", lines({"id": "c", "timestamp": "t", "instructions": None}), Format.CODEX),
    ("a.jsonl", lines({"brainops_export": 1}, {"title": "x"}), Format.EXPORT),
    ("a.jsonl", lines({"number": 1, "title": "x", "body": "y", "state": "open"}), Format.GITHUB),
    ("a.jsonl", lines({"number": 1, "title": "x", "content": "y", "url": "z"}), Format.JSONL),
    ("a.jsonl", lines({"iid": 1, "title": "x", "project_id": 2}), Format.GITLAB),
    ("a.jsonl", lines({"shortId": "A-1", "title": "x"}), Format.SENTRY),
    ("a.jsonl", lines({"incident_number": 1, "title": "x"}), Format.PAGERDUTY),
    ("a.jsonl", lines({"tinyId": "1", "message": "x"}), Format.OPSGENIE),
]


@pytest.mark.parametrize(("name", "content", "format"), SAMPLES)
def test_a_format_is_known_by_its_content(write: Write, name: str, content: str | bytes, format: Format) -> None:
    assert detect(place(write(name, content))) is format


def test_every_format_is_known_by_some_content(tmp_path: Path) -> None:
    database = service(tmp_path / "ops" / "memories" / "m.db", {"content": "x", "content_hash": "1"})

    known = {format for _, _, format in SAMPLES} | {detect(place(database)), detect(place(database.parent))}
    assert known == set(Format), "a new format is told by its content, and has a sample here"


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\0", b"echo hello\n", b'{"colour": "red"}\n', b"", b"\xff\xff"])
def test_what_is_no_format_is_refused_with_the_formats_there_are(write: Write, content: bytes) -> None:
    path = write("a.bin", content)

    with pytest.raises(InvalidInput, match="format"):
        detect(place(path))


def test_a_long_first_record_and_a_cut_character_do_not_hide_the_format(write: Write) -> None:
    assert detect(place(write("a.jsonl", lines({"title": "x" * 100_000})))) is Format.JSONL
    assert detect(place(write("Disk", "# Disk\n" + "ü" * 60_000))) is Format.MARKDOWN
    assert detect(place(write("Disk", "# Diss\n." + "ü" * 60_000))) is Format.MARKDOWN


@pytest.mark.parametrize(
    "text",
    [
        (
            '[{"type": "entity", "name": "Mail", "entityType": "service", "observations": ["slow at noon"]},\n'
            ' {"type": "relation", "from": "Mail", "to": "Disk", "relationType": "fills"}]'
        ),
        (
            '{\n  "entities": [{"name": "Mail", "entityType": "service", "observations": [{"text": "slow at noon"}]}],'
            '  "relations": [{"source": "Mail", "target": "Disk", "relation_type": "fills"}]\n}'
        ),
        (
            '{"entities": [{"name": "Mail", "type": "service", "observations": ["slow at noon"]}],'
            ' "relations": [{"from": "Mail", "to": "Disk", "relationType": "fills"}]}\n'
        ),
    ],
)
def test_a_memory_file_is_read_whichever_way_it_holds_its_records(write: Write, text: str) -> None:
    path = place(write("memory.json", text))

    (draft,) = drafts(mcp_memory.read(path))

    assert detect(path) is Format.MCP_MEMORY
    assert (draft.title, draft.tags) == ("Mail", ("entity", "service"))
    assert "- slow at noon" in str(draft.content)
    assert "- Mail fills Disk" in str(draft.content)


def test_an_array_of_drafts_is_read_like_one_a_line(write: Write) -> None:
    path = place(write("notes.json", '[{"title": "One", "content": "a"}, 7, {"title": "Two", "content": "b"}]'))

    items = list(jsonl.read(path))

    assert [draft.title for draft in drafts(items)] == ["One", "Two"]
    assert left(items)[0].why == "not a JSON object"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".dockerignore", "# tools\n\nnode_modules\n"),
        (".env.example", "# mail\nMAIL=1\n"),
        ("Jenkinsfile", "# stages\n\nThis is the pipeline of the shop and its mail.\n"),
        ("CODEOWNERS", "# all\n* @ops\n"),
        ("dev-requirements.txt", "# tests\npytest>=8\n"),
        ("settings.txt", "# ports\nport = 80\nhost: a.test\n"),
        ("patterns", "# logs\n*.log\nbuild/\n"),
        ("run", "#!/bin/sh\n# starts it all, and waits for it to end\n"),
    ],
)
def test_a_file_of_settings_is_no_document(write: Write, name: str, text: str) -> None:
    with pytest.raises(NoDocument, match="no document"):
        detect(place(write(name, text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".cursorrules", "# Style\n\nWrite short sentences.\n"),
        ("notes.txt", "# Mail\n\n- it waits\n- it is sent at noon: always\n"),
        ("Disk", "# Disk\nIt fills at night. See /var/log.\n"),
        ("a.txt", "---\ntitle: x\n---\nport: 80\n"),
    ],
)
def test_a_text_without_a_suffix_is_a_document_where_it_speaks(write: Write, name: str, text: str) -> None:
    assert detect(place(write(name, text))) is Format.MARKDOWN
