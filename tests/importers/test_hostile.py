"""Does any input at all raise something else than InvalidInput?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from brainops.errors import InvalidInput
from brainops.importers import Format, import_path
from brainops.importers.foreign_text import DEPTH_LIMIT, FAULTS_SHOWN, json_value, yaml_value
from tests.importers.material import Write
from tests.importers.small_memory import SmallMemory

FORMATS = [format for format in Format if format not in (Format.FOLDER, Format.EXPORT)]
KEYS = (
    "type title content tags message payload name input id tool_use_id is_error call_id output arguments action "
    "command exit_code metadata entityType observations from to relationType groups rules alert expr annotations "
    "labels spec kind items source trust importance valid_from sessionId timestamp cwd instructions "
    "number body state html_url iid project_id web_url shortId culprit project slug incident_number tinyId notes "
    "comments status resolution id data"
).split()
WORDS = (
    "user assistant tool_use tool_result Bash shell function_call function_call_output local_shell_call session_meta "
    "exec_command_end entity relation PrometheusRule apply_patch"
).split()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
VALUES = st.recursive(
    SCALARS,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(KEYS), part, max_size=6),
    max_leaves=20,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8), max_size=6)


def import_anything(path: Path, format: Format | None) -> None:
    """Import twice; whatever it is, the only error is InvalidInput and what is taken is JSON."""
    memory = SmallMemory()
    try:
        import_path(memory, path, format=format)
        import_path(memory, path, format=format, sync=True)
    except InvalidInput:
        pass
    for stored in memory.memories.values():
        assert stored.title.strip()
        json.dumps([stored.content, dict(stored.metadata)], allow_nan=False).encode()
        (stored.title + str(stored.content) + "".join(stored.tags) + str(stored.source.key)).encode()
        assert "\0" not in stored.title + str(stored.content)


@given(content=st.binary(max_size=300), format=st.sampled_from([None, *FORMATS]))
@example(content=b"SQLite format 3\x00" + b"\x10\x00" * 50, format=None)
@example(content=b'{"title": "\\ud800\\u0000", "content": [1e999, "\\udfff"]}', format=None)
@example(content=b"---\n? [a]\n: b\n---\ntext", format=Format.MARKDOWN)
@example(content=b"groups: [{name: g, rules: [{alert: '\\0', expr: .nan}]}]", format=Format.PROMETHEUS)
def test_random_bytes_are_taken_left_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, format: Format | None
) -> None:
    path = tmp_path_factory.mktemp("ops") / "a"
    path.write_bytes(content)

    import_anything(path, format)


@given(text=st.text(alphabet="-#~`= \n:[]{}&*!|>'\"tabcé\u0085\u2028", max_size=200), format=st.sampled_from(FORMATS))
def test_random_markup_is_taken_left_or_refused(
    tmp_path_factory: pytest.TempPathFactory, text: str, format: Format
) -> None:
    path = tmp_path_factory.mktemp("ops") / "a"
    path.write_text(text)

    import_anything(path, format)


@given(records=RECORDS, format=st.sampled_from([*FORMATS, None]))
def test_records_of_the_right_names_and_wrong_kinds_are_taken_left_or_refused(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]], format: Format | None
) -> None:
    path = tmp_path_factory.mktemp("ops") / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))

    import_anything(path, format)


@given(value=VALUES)
def test_rule_files_of_the_right_names_and_wrong_kinds_are_taken_left_or_refused(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.mktemp("ops") / "a.yml"
    path.write_text(json.dumps({"groups": [{"name": value, "rules": [{"alert": "A", "expr": value}, value]}, value]}))

    import_anything(path, None)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * (DEPTH_LIMIT + 2) + "]" * (DEPTH_LIMIT + 2),
        '{"a":' * 100_000,
        "9" * 5_000,
        '"\\u00"',
        "nul",
    ],
)
def test_json_that_would_break_the_parser_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        json_value(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 20_000 + "]" * 20_000,
        "- " * 1_000 + "x",
        "a: &a [*a]",
        "&a a: *b",
        "x: !!python/object/apply:os.system [id]",
        "x: !!int ''",
        "x: !!bool maybe",
        "x: !!timestamp soon",
        "x: 9999-99-99",
        "x: " + "9" * 5_000,
        "a: 1\n--- \nb: 2",
        "? {a: b}\n: c",
        "x: \x07",
    ],
)
def test_yaml_that_is_broken_or_hostile_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        yaml_value(text)


def test_yaml_becomes_json() -> None:
    text = "{d: 2026-01-02, f: .nan, 7: yes, b: !!binary aGk=, s: !!set {a}, base: &b {x: 1}, m: {<<: *b}}"

    value = yaml_value(text)

    assert value == {
        "d": "2026-01-02", "f": "nan", "7": True, "b": "<bytes>", "s": ["a"], "base": {"x": 1}, "m": {"x": 1}
    }  # fmt: skip


def test_nesting_up_to_the_limit_is_read() -> None:
    assert json_value("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)
    assert yaml_value("[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT)


def test_many_broken_lines_are_counted_rather_than_told_one_by_one(write: Write) -> None:
    path = write("a.jsonl", '{"title": "x"}\n' + "broken\n" * 1_000)

    report = import_path(SmallMemory(), path)

    assert len(report.left) == FAULTS_SHOWN + 1
    assert report.left[-1].what.endswith("950 more lines")
