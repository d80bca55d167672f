"""Does a draft become a row that is clean, bounded and says what was changed, or is it refused with the way out?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.errors import InvalidInput, RecallLoop
from brainops.memory.draft import (
    MAX_CONTENT_BYTES,
    MAX_METADATA_BYTES,
    MAX_TITLE_CHARACTERS,
    checked_moment,
    content_hash,
    content_text,
    prepare,
    words_of_row,
)
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.types import Actor, ActorKind, Draft, MemoryType, Source
from brainops.types.limits import MAX_MICROS, MAX_REFERENCE_CHARACTERS, MAX_TAG_CHARACTERS, MAX_TAGS
from brainops_core.redaction.injected import wrap_injected
from brainops_core.redaction.redact import JSON_DEPTH, clean

POLICY = RedactionPolicy()
JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)


def test_a_plain_draft_is_stored_as_it_is() -> None:
    prepared = prepare(Draft(title="Disk full", content="on /var", tags=("disk",)), POLICY)

    assert (prepared.row["title"], prepared.row["content"], prepared.row["content_format"]) == (
        "Disk full", "on /var", "text",
    )  # fmt: skip
    assert (prepared.row["tags"], prepared.row["metadata"]) == ('["disk"]', "{}")
    assert (prepared.body, prepared.redacted, prepared.notes) == ("on /var", (), ())


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("as it is", "as it is"),
        ({"error": "timeout", "tries": 3}, "error: timeout\ntries: 3"),
        ({"outer": {"inner": ["a", "b"]}}, "outer:\n  inner:\n    - a\n    - b"),
        ({"empty": [], "none": None, "no": {}}, "empty: \nnone: \nno: "),
        ([{"a": 1}, {"a": 2}], "  a: 1\n  a: 2"),
        (7.5, "7.5"),
        (True, "true"),
    ],
)
def test_content_reads_as_lines_that_are_searched(content: Any, text: str) -> None:
    assert content_text(content) == text


@given(JSONS)
def test_every_text_in_json_is_among_the_words_that_are_searched(content: Any) -> None:
    def texts(value: Any) -> list[str]:
        match value:
            case str():
                return [value]
            case dict():
                return [text for key, item in value.items() for text in (key, *texts(item))]
            case list():
                return [text for item in value for text in texts(item)]
            case _:
                return []

    shown = content_text(content)

    assert all(text in shown for text in texts(content))


@given(ANY_TEXT)
def test_cleaning_gives_a_text_that_every_database_holds_and_does_nothing_twice(text: str) -> None:
    cleaned = clean(text)

    cleaned.encode()
    assert "\0" not in cleaned
    assert clean(cleaned) == cleaned


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_a_text_that_needs_no_cleaning_stays(text: str) -> None:
    assert clean(text) == text


def test_two_halves_of_one_character_are_joined() -> None:
    assert clean("\ud83d\ude00") == "😀"
    assert clean("\ud83d|\ude00") == "\ufffd|\ufffd"


@given(title=ANY_TEXT, content=JSONS, tags=st.lists(ANY_TEXT, max_size=3).map(tuple))
def test_a_prepared_row_is_clean_and_its_words_can_be_made_again(title: str, content: Any, tags: Any) -> None:
    try:
        prepared = prepare(Draft(title=title, content=content, tags=tags), POLICY)
    except InvalidInput:
        return

    row = prepared.row
    for value in row.values():
        assert not isinstance(value, str) or (value.encode() and "\0" not in value) or value == ""
    assert 0 < len(row["title"]) <= MAX_TITLE_CHARACTERS
    assert words_of_row(row) == prepared.words
    assert row["content_hash"] == content_hash(row["type"], row["title"], row["content"])


def test_what_was_replaced_is_said() -> None:
    prepared = prepare(Draft(title="a\0b", content={"k\ud800": "v"}), POLICY)

    assert prepared.row["title"] == "a\ufffdb"
    assert json.loads(prepared.row["content"]) == {"k\ufffd": "v"}
    assert "U+FFFD" in " ".join(prepared.notes)


def test_a_title_is_one_line() -> None:
    assert prepare(Draft(title="  a \n\t b  "), POLICY).row["title"] == "a b"


def test_a_title_that_is_missing_is_taken_from_the_content() -> None:
    assert prepare(Draft(title=" ", content="first line\nsecond"), POLICY).row["title"] == "first line"


@pytest.mark.parametrize("content", ["the text", {"a": 1}])
def test_a_title_that_is_too_long_goes_into_the_content_whole(content: Any) -> None:
    title = "word " * 100

    prepared = prepare(Draft(title=title, content=content), POLICY)

    assert len(prepared.row["title"]) == MAX_TITLE_CHARACTERS
    assert prepared.row["title"].endswith("…")
    assert title.strip() in prepared.body
    assert content_text(content) in prepared.body.replace("content:\n  ", "")
    assert str(MAX_TITLE_CHARACTERS) in " ".join(prepared.notes)


@pytest.mark.parametrize("draft", [Draft(title=""), Draft(title=" \n", content="  "), Draft(title="", content={})])
def test_a_draft_without_any_text_is_refused(draft: Draft) -> None:
    with pytest.raises(InvalidInput, match="both are empty"):
        prepare(draft, POLICY)


def test_equal_tags_stand_once_and_are_trimmed() -> None:
    prepared = prepare(Draft(title="x", tags=(" db ", "db", "DB", "d\0b", "d\0b")), POLICY)

    assert json.loads(prepared.row["tags"]) == ["db", "DB", "d\ufffdb"]


def test_the_identity_of_content_is_its_type_title_and_text() -> None:
    rows = [
        prepare(draft, POLICY).row["content_hash"]
        for draft in (
            Draft(title="a", content="b"),
            Draft(title="a", content="b", tags=("t",), importance=0.9, metadata={"m": 1}, source=Source(uri="x")),
            Draft(title="a", content="b", type=MemoryType.ERROR_PATTERN),
            Draft(title="ab", content=""),
            Draft(title="a", content="c"),
            Draft(title="a", content={"b": 1}),
        )
    ]

    assert rows[0] == rows[1]
    assert len(set(rows)) == 5


def test_secrets_are_taken_out_of_every_text_and_counted() -> None:
    key = "AKIAIOSFODNN7EXAMPLE"
    draft = Draft(
        title=f"title {key}",
        content={"a": key},
        tags=(key,),
        metadata={"m": key},
        source=Source(uri=f"https://{key}@example.com"),
    )

    prepared = prepare(draft, POLICY)

    assert key not in str(prepared)
    assert sum(finding.count for finding in prepared.redacted) >= 5


def test_what_brainops_handed_out_is_left_out_and_that_is_said() -> None:
    injected = wrap_injected("an old memory", "r1")

    prepared = prepare(Draft(title="new", content={"a": f"before {injected} after"}), POLICY)

    assert "old memory" not in prepared.row["content"]
    assert "before" in prepared.row["content"]
    assert "handed out" in " ".join(prepared.notes)
    with pytest.raises(RecallLoop):
        prepare(Draft(title=injected, content=injected), POLICY)


GOOD: dict[str, Any] = {"title": "x", "content": "y"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", None),
        ("title", b"bytes"),
        ("type", "error_pattern"),
        ("trust", "verified"),
        ("importance", -0.1),
        ("importance", 1.1),
        ("importance", float("nan")),
        ("importance", True),
        ("importance", "0.5"),
        ("tags", "one"),
        ("tags", ("",)),
        ("tags", (" ",)),
        ("tags", (1,)),
        ("tags", ("x" * (MAX_TAG_CHARACTERS + 1),)),
        ("tags", tuple(map(str, range(MAX_TAGS + 1)))),
        ("tags", {"a"}),
        ("metadata", [("a", 1)]),
        ("metadata", {"a": object()}),
        ("metadata", {"a": "x" * MAX_METADATA_BYTES}),
        ("content", {1, 2}),
        ("content", {"a": b"x"}),
        ("content", [float("inf")]),
        ("content", "x" * (MAX_CONTENT_BYTES + 1)),
        pytest.param("content", 10**5_000, id="content-too many digits"),
        ("subject", ""),
        ("subject", "x" * (MAX_REFERENCE_CHARACTERS + 1)),
        ("subject", 7),
        ("idempotency_key", ""),
        ("fingerprint", b"x"),
        ("valid_from", -1),
        ("valid_from", 1.5),
        ("valid_from", True),
        ("valid_to", MAX_MICROS + 1),
        ("source", None),
        ("source", Source(actor=Actor(id=""))),
        ("source", Source(actor=Actor(id=None))),  # type: ignore[arg-type]
        ("source", Source(actor=Actor(proof=None))),  # type: ignore[arg-type]
        ("source", Source(actor=Actor(kind="robot"))),  # type: ignore[arg-type]
        ("source", Source(actor="me")),  # type: ignore[arg-type]
        ("source", Source(session_id="")),
        ("source", Source(uri="x" * (MAX_REFERENCE_CHARACTERS + 1))),
    ],
)
def test_a_value_that_means_nothing_is_refused(field: str, value: Any) -> None:
    with pytest.raises(InvalidInput):
        prepare(Draft(**{**GOOD, field: value}), POLICY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("importance", 0),
        ("importance", 1),
        ("tags", ["a", "list"]),
        ("tags", tuple(map(str, range(MAX_TAGS)))),
        ("tags", ("x" * MAX_TAG_CHARACTERS,)),
        ("content", None),
        ("content", "x" * MAX_CONTENT_BYTES),
        ("subject", "x" * MAX_REFERENCE_CHARACTERS),
        ("valid_from", 0),
        ("valid_to", MAX_MICROS),
        ("source", Source(actor=Actor(kind=ActorKind.PERSON, id="ü", proof="x"))),
    ],
)
def test_a_value_at_its_limit_is_taken(field: str, value: Any) -> None:
    assert prepare(Draft(**{**GOOD, field: value}), POLICY).row["title"] == "x"


def test_a_time_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="before"):
        prepare(Draft(title="x", valid_from=2, valid_to=2), POLICY)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth - 1):
        value = [value]
    return value


def test_content_nests_as_deep_as_it_says_and_no_deeper() -> None:
    assert prepare(Draft(title="x", content=nested(JSON_DEPTH)), POLICY).redacted == ()
    for depth in (JSON_DEPTH + 1, 100_000):
        with pytest.raises(InvalidInput, match=r"deep|depth"):
            prepare(Draft(title="x", content=nested(depth)), POLICY)


@pytest.mark.parametrize("moment", [True, "1", 1.0, -1, MAX_MICROS + 1, 10**40])
def test_what_is_no_time_is_refused(moment: Any) -> None:
    with pytest.raises(InvalidInput, match="since"):
        checked_moment(moment, "since")
