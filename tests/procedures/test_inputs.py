"""Are the inputs of a run checked by their schema, field by field, with the defaults filled in?"""

from __future__ import annotations

import re
from typing import Any

import pytest

from brainops.errors import InvalidInput, InvalidProcedure
from brainops.procedures.definition.define import define
from brainops.procedures.definition.inputs import checked
from brainops.types import Procedure


def taking(inputs: dict[str, Any]) -> Procedure:
    return define({"name": "deploy", "inputs": inputs, "steps": [{"run": "make"}]})


SERVICE: dict[str, Any] = {
    "service": {"type": "string", "required": True},
    "tries": {"type": "integer", "default": 3},
    "where": {"type": "choice", "options": ["staging", "production"], "default": "staging"},
}


def test_defaults_are_filled_in() -> None:
    assert checked(taking(SERVICE), {"service": "api"}) == {"service": "api", "tries": 3, "where": "staging"}


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "the input 'service' is missing: hand in service=<string>"),
        ({"service": 3}, "the input 'service' is of type string"),
        ({"service": "api", "trie": 1}, "there is no input 'trie': did you mean 'tries'?"),
        ({"service": "api", "where": "moon"}, "the input 'where' is one of staging, production"),
        ([], "inputs are a mapping"),
    ],
)
def test_what_does_not_fit_is_named_with_the_way_out(inputs: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(said)):
        checked(taking(SERVICE), inputs)


def test_a_value_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidInput) as refused:
        checked(taking(SERVICE), {"service": ["s3cret"]})

    assert "s3cret" not in str(refused.value)


def test_a_procedure_without_inputs_takes_none() -> None:
    assert checked(taking({}), None) == {}
    with pytest.raises(InvalidInput, match="takes no inputs; leave out x"):
        checked(taking({}), {"x": 1})


def test_a_whole_schema_is_used_as_it_is() -> None:
    whole = {
        "type": "object",
        "$defs": {"port": {"type": "integer", "maximum": 65535}},
        "properties": {"port": {"$ref": "#/$defs/port"}},
    }

    assert checked(taking(whole), {"port": 80, "more": 1}) == {"port": 80, "more": 1}
    with pytest.raises(InvalidInput, match="the input 'port' does not fit maximum: 65535"):
        checked(taking(whole), {"port": 65536})


@pytest.mark.parametrize("ref", ["http://example.com/x", "file:///etc/passwd", "#/$defs/nothing", "#anchor"])
def test_a_schema_fetches_nothing(ref: str) -> None:
    with pytest.raises(InvalidProcedure, match="leads"):
        taking({"x": {"$ref": ref}})


def test_a_schema_that_is_defined_by_itself_ends() -> None:
    loop = {"type": "object", "properties": {"x": {"$ref": "#/properties/x"}}}

    with pytest.raises(InvalidInput, match="defined by itself"):
        checked(taking(loop), {"x": 1})


HANGS = ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y", "^([a-z]+)*$", "^(a*)*b$", r"^(\w+\s?)*$"]


@pytest.mark.parametrize("pattern", HANGS)
def test_a_pattern_takes_time_that_grows_with_the_text_only(pattern: str) -> None:
    procedure = taking({"type": "object", "properties": {"x": {"type": "string", "pattern": pattern}}})
    held = {"type": "object", "propertyNames": {"pattern": pattern}}

    for given, text in ((procedure, "x"), (taking(held), "a" * 5_000 + "x" * 5_000 + "!")):
        with pytest.raises(InvalidInput, match="does not"):
            checked(given, {text: "a" * 5_000 + "x" * 5_000 + "!"})


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"x": {"pattern": "(?<=a)b"}}}, r"inputs\S*\.x\.pattern: .* RE2's syntax"),
        ({"properties": {"x": {"items": {"pattern": r"(a)\1"}}}}, r"bounded time"),
        ({"patternProperties": {"^(a+)+$": {}}}, "patternProperties is not read"),
        ({"allOf": [{"patternProperties": {}}]}, "patternProperties is not read"),
    ],
)
def test_what_could_take_for_ever_is_refused_when_it_is_saved(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidProcedure, match=said):
        taking({"type": "object", **schema})


def test_a_property_may_be_called_like_a_keyword() -> None:
    named = {"type": "object", "properties": {"pattern": {"type": "string"}, "patternProperties": {"const": "(?<=a)"}}}

    assert checked(taking(named), {"pattern": "(", "patternProperties": "(?<=a)"})


def test_a_schema_that_doubles_its_work_with_each_reference_is_stopped() -> None:
    doubled = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"type": "object", "$defs": {**doubled, "d40": {}}, "properties": {"x": {"$ref": "#/$defs/d0"}}}

    with pytest.raises(InvalidInput, match="too many checks"):
        checked(taking(schema), {"x": 1})


def test_unique_items_are_not_compared_each_with_each_without_a_bound() -> None:
    unique = taking({"type": "object", "properties": {"x": {"type": "array", "uniqueItems": True}}})

    assert checked(unique, {"x": [{"a": number} for number in range(500)]})
    with pytest.raises(InvalidInput, match="too many checks"):
        checked(unique, {"x": [{"a": number} for number in range(20_000)]})
