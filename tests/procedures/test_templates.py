"""What becomes of the ${{ }} in a step's parameters?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.errors import ConditionFailed, InvalidInput
from brainops.procedures.conditions.templates import fill, references, sources

VALUES: dict[str, Any] = {
    "inputs": {"n": 3, "name": "api", "list": [1, {"a": None}], "none": None, "yes": True},
    "steps": {"run-tests": {"output": {"ok": True}}},
    "secrets": {"TOKEN": "abc-secret"},
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${{ inputs.n }}", 3),
        ("${{inputs.list}}", [1, {"a": None}]),
        ("${{ inputs.none }}", None),
        (
            "n=${{ inputs.n }}, ${{ inputs.yes }}, ${{ inputs.list }}, [${{ inputs.none }}]",
            'n=3, true, [1,{"a":null}], []',
        ),
        ("${{ steps['run-tests'].output.ok }}", True),
        ("${{ {'a': {'b': inputs.n}} }}", {"a": {"b": 3}}),
        ("${{ '}}' + inputs.name }}", "}}api"),
        ('${{ "it\'s }}" }}', "it's }}"),
        ("$${{ inputs.n }} stays", "${{ inputs.n }} stays"),
        ("a $ b ${ c }} {{ d }}", "a $ b ${ c }} {{ d }}"),
        (["x", {"k": "${{ inputs.name }}"}, 7], ["x", {"k": "api"}, 7]),
        ("Bearer ${{ secrets.TOKEN }}", "Bearer abc-secret"),
    ],
)
def test_a_template_is_filled(template: Any, expected: Any) -> None:
    assert fill(template, VALUES) == expected


@pytest.mark.parametrize(
    ("template", "error", "why"),
    [
        ("${{ inputs.missing }}", ConditionFailed, "there is no missing"),
        ("${{ memory.x }}", ConditionFailed, "memory has no value here"),
        ("x ${{ nope }}", InvalidInput, "nope is not known here"),
        ("${{ }}", InvalidInput, "empty"),
        ("${{ inputs.n", InvalidInput, r"not closed by }}; \$\${{ stands for"),
        ("${{ inputs.n }", InvalidInput, "not closed"),
        ("${{ secrets.TOKEN + 'x' }}", InvalidInput, r"read as \${{ secrets.NAME }}"),
        ("${{ size(secrets) }}", InvalidInput, "in no other way"),
        ("${{ secrets }}", InvalidInput, "in no other way"),
    ],
)
def test_a_template_that_cannot_be_filled_says_why(template: str, error: type[Exception], why: str) -> None:
    with pytest.raises(error, match=why):
        fill(template, VALUES)


def test_a_secret_is_not_there_outside_the_step_that_may_read_it() -> None:
    with pytest.raises(ConditionFailed, match="there is no TOKEN"):
        fill("${{ secrets.TOKEN }}", {**VALUES, "secrets": {}})
    with pytest.raises(ConditionFailed, match="secrets has no value here"):
        fill("${{ secrets.TOKEN }}", {"inputs": {}})


@given(text=st.text() | st.sampled_from(["${{ secrets.TOKEN }}", "${{ inputs.n }}", "$${{", "}}"]))
def test_a_value_is_never_read_as_a_template(text: str) -> None:
    filled = fill(["${{ inputs.text }}", "a ${{ inputs.text }}${{ inputs.text }} z"], {"inputs": {"text": text}})

    assert filled == [text, f"a {text}{text} z"]


@given(text=st.text())
def test_a_text_with_every_opening_escaped_comes_out_as_it_was(text: str) -> None:
    text = text.replace("$${{", "")

    assert fill(text.replace("${{", "$${{"), {}) == text


def test_the_names_that_a_value_reads_are_known() -> None:
    value = {"a": ["${{ inputs.n + size(steps) }}", "x ${{ run.id }} ${{ 'memory' }}"], "b": "$${{ error }}", "c": 1}

    assert references(value) == {"inputs", "steps", "run"}
    assert list(sources(value)) == ["inputs.n + size(steps)", "run.id", "'memory'"]


def test_a_text_that_would_become_too_long_is_refused() -> None:
    with pytest.raises(ConditionFailed, match="longer than 1,000,000"):
        fill("${{ inputs.t }}" * 30, {"inputs": {"t": "x" * 60_000}})


def test_parameters_nested_without_end_are_refused() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]

    with pytest.raises(InvalidInput, match="nested more than 40"):
        fill(deep, {})
