"""Does every public value come back from its JSON as it was, and is what cannot be read told with its field?"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import PurePosixPath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import jsonschema
import msgspec
import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brainops import types
from brainops.errors import InvalidInput
from brainops.types import (
    Actor,
    Decision,
    Deny,
    Done,
    Draft,
    Failed,
    Filter,
    HealthFigure,
    Operation,
    OperationStart,
    Rule,
    Source,
)
from brainops.wire import checked, from_json, from_plain, plain, schema, to_json

PUBLIC = [
    value
    for name in types.__all__
    if isinstance(value := getattr(types, name), type) and issubclass(value, msgspec.Struct)
]
UNIONS = [types.Decision, types.Outcome, types.Requirement, types.Proof]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
PLAIN = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)
SIMPLE: Mapping[Any, st.SearchStrategy[Any]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(0, 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: TEXTS,
    bytes: st.binary(max_size=8),
    Any: PLAIN,
}


@cache  # by which a type that consists of itself ends
def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return values of a type, from its own fields."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if hint == types.JSON:
        return PLAIN
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return bounded(*inner)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of([values(each) for each in inner])
    if origin is tuple:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(inner[0]), max_size=2)
    if origin is Sequence:
        return st.lists(values(inner[0]), max_size=2)
    if origin in (Mapping, dict):
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    assert issubclass(hint, msgspec.Struct), f"no values are known of {hint}"
    fields = get_type_hints(hint, include_extras=True)
    return st.builds(hint, **{name: _later(fields[name]) for name in fields})


def bounded(base: Any, meta: msgspec.Meta) -> st.SearchStrategy[Any]:
    if base is int:
        return st.integers(meta.ge, meta.le)  # type: ignore[arg-type]
    if base is float:
        return st.floats(meta.ge, meta.le)
    if meta.pattern:
        return TEXTS.filter(lambda text: re.search(str(meta.pattern), text) is not None)
    return values(base).filter(lambda value: len(value) >= (meta.min_length or 0))


def _later(hint: Any) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: values(hint))


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_public_value_comes_back_from_its_json_as_it_was(kind: Any, data: st.DataObject) -> None:
    value = data.draw(values(kind))

    assert from_json(kind, to_json(value)) == value
    assert from_plain(kind, json.loads(json.dumps(plain(value))), closed=True) == value


@pytest.mark.parametrize("kind", PUBLIC, ids=lambda kind: kind.__name__)
@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_json_of_a_public_value_is_as_its_schema_says(kind: Any, data: st.DataObject) -> None:
    described = schema(kind)
    jsonschema.Draft202012Validator.check_schema(described)
    jsonschema.Draft202012Validator(described).validate(plain(data.draw(values(kind))))


@pytest.mark.parametrize("union", UNIONS, ids=str)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_alternative_comes_back_as_what_it_was(union: Any, data: st.DataObject) -> None:
    value = data.draw(values(union))

    assert from_json(union, to_json(value)) == value


def test_a_refusal_that_is_read_back_is_none_that_asks() -> None:
    refusal = Deny(reason="no backup", rule="backup first", way_out="brainops run backup")

    assert plain(refusal)["verdict"] == "deny"
    assert from_json(Decision, to_json(refusal)) == refusal  # type: ignore[arg-type]


def test_what_json_has_no_word_for_is_written_in_a_stated_form() -> None:
    figure = HealthFigure(
        name="half \ud83d of a pair",
        value=float("nan"),
        unit="",
        counted=1,
        formula="",
        detail={"\ud83d": float("inf")},
    )

    assert plain(figure)["name"] == "half \ufffd of a pair"
    assert plain(figure)["value"] is None
    assert plain(figure)["detail"] == {"\ufffd": None}
    assert plain({"whole \ud83d\ude00": "\ud83d"}) == {"whole \U0001f600": "\ufffd"}


def test_values_of_other_libraries_are_written_as_what_they_are() -> None:
    given: dict[str, Any] = {
        "number": numpy.float64(0.5),
        "count": numpy.int64(3),
        "row": numpy.array([1.0, 2.0]),
        "path": PurePosixPath("a/b"),
        "keys": {"one": 1}.keys(),
    }

    assert plain(given) == {"number": 0.5, "count": 3, "row": [1.0, 2.0], "path": "a/b", "keys": ["one"]}


UNREADABLE: Mapping[str, tuple[Any, Any, str]] = {
    "a wrong type": (Draft, {"title": 1}, "title: Expected str, got int"),
    "a wrong type deep inside": (Draft, {"title": "t", "tags": ["a", 2]}, r"tags\[1\]: Expected str, got int"),
    "a word that is none of the set": (
        Draft,
        {"title": "t", "type": "novel"},
        "type: Invalid enum value 'novel'; there is automation_rule, decision_record",
    ),
    "a word deep inside that is none of the set": (
        Draft,
        {"title": "t", "source": {"actor": {"kind": "robot"}}},
        "source.actor.kind: Invalid enum value 'robot'; there is agent, person, service",
    ),
    "a share beyond one": (Draft, {"title": "t", "importance": 1.5}, "importance: Expected float <= 1.0"),
    "a time before 1970": (Filter, {"since": -1}, "since: Expected int >= 0"),
    "a name without a letter": (Draft, {"title": "t", "subject": ""}, "subject: Expected str of length >= 1"),
    "too many tags": (Draft, {"title": "t", "tags": ["a"] * 65}, "tags: Expected array of length <= 64"),
    "a field that is missing": (OperationStart, {}, "name"),
    "no alternative at all": (Decision, {"reason": "r"}, "verdict"),
    "an alternative that there is not": (Decision, {"verdict": "maybe"}, "verdict: Invalid value 'maybe'"),
    "a field that nobody knows": (Draft, {"titel": "t", "title": "t"}, "titel"),
    "a field deep inside that nobody knows": (Draft, {"title": "t", "source": {"who": "me"}}, "source.who"),
    "a field of a list's member that nobody knows": (
        Failed,
        {"error": {"frames": [{"module": "m", "function": "f", "line": 3}]}},
        r"error.frames.0.line",
    ),
    "no object": (Filter, [1], "Expected object, got array"),
}


@pytest.mark.parametrize(("kind", "given", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_refused_with_its_field(kind: Any, given: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        from_plain(kind, given, closed=True)
    with pytest.raises(InvalidInput, match=said):
        from_json(kind, json.dumps(given), closed=True)


@pytest.mark.parametrize("text", ["", "{", '{"title": NaN}', '{"title": "\\ud83d"}', b"\xff"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidInput, match="no JSON"):
        from_json(Draft, text)


def test_a_field_of_a_newer_program_is_left_out_of_an_answer() -> None:
    written = plain(Rule(id="r", namespace="n", name="backup first", kind=types.RuleKind.ORDER))

    assert from_plain(Rule, {**written, "since_the_next_version": True}) == from_plain(Rule, written)


def test_an_operation_in_the_log_says_how_it_ended() -> None:
    described = schema(Operation)["$defs"]

    assert described["Failed"]["properties"]["state"] == {"enum": ["failed"]}
    assert described["Succeeded"]["properties"]["state"] == {"enum": ["succeeded"]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": b"bytes"}, "title: Expected str, got bytes"),
        ({"title": "t", "content": object()}, "is not JSON"),
        ({"title": "t", "source": Source(actor=Actor(id=3))}, "source.actor.id: Expected str, got int"),  # type: ignore[arg-type]
        ({"title": "t", "importance": float("nan")}, "importance"),
    ],
)
def test_what_a_caller_made_is_checked_field_by_field(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked(Draft(**fields))


def test_what_a_caller_made_of_subclasses_is_taken_as_what_they_are() -> None:
    given: dict[str, Any] = {"importance": numpy.float64(0.25), "tags": ["a"], "content": {1: numpy.int64(2)}}

    assert checked(Draft(title="t", **given)) == Draft(title="t", importance=0.25, tags=("a",), content={"1": 2})


def test_a_word_of_a_closed_set_that_holds_half_a_pair_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidInput, match="types"):
        from_plain(Filter, {"types": ["\ud800"]}, "types")


def test_what_is_blank_is_refused_in_words_and_not_by_a_pattern() -> None:
    with pytest.raises(InvalidInput, match="operation: Expected text that is not blank"):
        from_plain(Done, {"requires": "done", "operation": " "})
