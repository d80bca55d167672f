"""Is a condition checked when it is saved, and does it fail closed where it cannot be evaluated?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from brainops.errors import ConditionFailed, InvalidInput, MissingExtra
from brainops.procedures.conditions import conditions
from brainops.procedures.conditions.conditions import MAX_SOURCE_BYTES, compile

NEEDS_CEL = "inputs.hosts.exists(host, host == 'db1')"


@pytest.fixture(params=["with CEL", "without CEL"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a test once with the extra and once as if it were not installed."""
    conditions._compiled.cache_clear()
    if request.param == "without CEL":
        monkeypatch.setattr(conditions, "_cel", lambda: None)
    yield str(request.param)
    conditions._compiled.cache_clear()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("source", "character", "why"),
    [
        ("inptus.a == 1", 1, "inptus is not known here"),
        ("tool == 1", 6, r"== does not take \(string, int\)"),
        ("confidence > 1", 12, "write 1.0 for 1"),
        ("inputs.a +", 11, "where a value was expected"),
        ("tool == 'a", 9, "not closed"),
        ("tool.foo", 5, "has no fields"),
        ("steps.run-tests.output.ok", 11, r"write steps\['run-tests'\]"),
        ("launch(tool)", 1, "no function launch"),
        ("tool == '\\z'", 10, "is no escape"),
        ("package == 1", 1, "reserved word"),
        ("9223372036854775808 == 1", 1, "64 bits"),
        ("inputs.a = 1", 10, "does not belong"),
        ("tool", 1, "true or false is wanted"),
    ],
)
def test_what_is_wrong_with_a_condition_is_said_with_its_place(source: str, character: int, why: str) -> None:
    with pytest.raises(InvalidInput, match=rf"character {character}\b.*{why}"):
        compile(source, condition=True)


def test_an_error_on_a_later_line_names_the_line() -> None:
    with pytest.raises(InvalidInput, match=r"line 2, character 4: .*nope"):
        compile("inputs.a == 1\n&& nope == 2")


def test_a_condition_that_is_a_program_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2,048 bytes at most, not 2,0"):
        compile("tool == '" + "é" * (MAX_SOURCE_BYTES // 2) + "'")


@pytest.mark.parametrize("source", ["", "  ", None, 3])
def test_what_is_no_text_is_no_condition(source: Any) -> None:
    with pytest.raises(InvalidInput, match="a condition is text"):
        compile(source)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("inputs.count >= 2 && inputs.name.startsWith('api')", True),
        ("has(inputs.missing)", False),
        ("!has(inputs.missing) || inputs.missing == 1", True),
        ("inputs.missing == 1 || inputs.count == 3", True),
        ("inputs.count == 3.0", True),
        ("inputs.none == null", True),
        ("'eu' in inputs.regions", True),
        ("inputs.regions[1] == 'us' ? inputs.count > 2 : false", True),
        ("steps['run-tests'].output.ok", True),
        ("steps.`run-tests`.output.ok", True),
        ("inputs.name.matches('^api-[0-9]+$')", True),
        ("size(inputs.regions) == 2 && inputs.regions + ['x'] == ['eu', 'us', 'x']", True),
        ("confidence > 0.9", True),
    ],
)
def test_a_portable_condition_holds_with_and_without_cel(source: str, expected: bool) -> None:
    values = {
        "inputs": {"count": 3, "name": "api-1", "none": None, "regions": ["eu", "us"]},
        "steps": {"run-tests": {"output": {"ok": True}}},
        "confidence": 1,
    }

    compiled = compile(source, condition=True)

    assert compiled.portable
    assert compiled.holds(values) is expected


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("inputs.missing == 1", "no missing"),
        ("inputs.count", "not true or false"),
        ("inputs.count && true", "neither true nor false"),
        ("error.type == 'x'", "error has no value here"),
        ("inputs.count < inputs.name", r"< does not take"),
        ("inputs.regions[7] == 'x'", "no item 7"),
        ("9223372036854775807 + inputs.count == 1", "64 bits"),
        ("inputs.count / 0 == 1", "division by zero"),
    ],
)
def test_a_condition_without_a_value_fails_and_never_passes(source: str, why: str) -> None:
    values = {"inputs": {"count": 3, "name": "api", "regions": []}}

    with pytest.raises(ConditionFailed, match=why):
        compile(source, condition=True).holds(values)


def test_cel_itself_evaluates_what_is_not_portable() -> None:
    compiled = compile(NEEDS_CEL, condition=True)

    assert not compiled.portable
    assert compiled.names == {"inputs"}
    assert compiled.holds({"inputs": {"hosts": ["db1", "db2"]}})
    with pytest.raises(ConditionFailed):
        compiled.holds({"inputs": {}})
    with pytest.raises(InvalidInput, match="not portable"):
        compiled.to_data()


def test_a_text_that_cel_would_cut_fails_closed() -> None:
    compiled = compile("inputs.l.exists(x, x == 'a')", condition=True)

    with pytest.raises(ConditionFailed, match="null character"):
        compiled.holds({"inputs": {"l": ["a\0b"]}})


def test_what_cel_gives_is_json_or_fails() -> None:
    assert compile("inputs.l.map(x, x * 2)").evaluate({"inputs": {"l": [1, 2]}}) == [2, 4]
    assert compile("duration('90s')").evaluate({}) == "90.0s"
    with pytest.raises(ConditionFailed, match="no JSON"):
        compile("b'abc'").evaluate({})


@pytest.mark.parametrize(
    "source",
    [NEEDS_CEL, "b'a' == b'a'", "1u == 1u", "int(tool) == 1", "tool.matches(command)", r"tool.matches('\\pL')"],
)
def test_without_cel_a_condition_that_is_not_portable_is_refused_and_not_passed(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditions._compiled.cache_clear()
    monkeypatch.setattr(conditions, "_cel", lambda: None)

    with pytest.raises(MissingExtra, match=r"pip install 'brainops\[policy\]'"):
        compile(source, condition=True)


@pytest.mark.parametrize(
    ("source", "values"),
    [
        ("inputs.l.all(x, inputs.l.all(y, inputs.l.all(z, true)))", {"l": list(range(1_000))}),
        ("inputs.l.all(x, inputs.s.contains('b'))", {"l": list(range(9_000)), "s": "a" * 65_536}),
    ],
)
def test_a_loop_over_too_much_fails_closed(source: str, values: dict[str, Any]) -> None:
    compiled = compile(source, condition=True)

    with pytest.raises(ConditionFailed):
        compiled.holds({"inputs": values})


def test_a_loop_that_would_pile_up_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="can fill the memory"):
        compile("inputs.l.all(x, size(inputs.s + inputs.s) > 1)", condition=True)


def test_conditions_of_another_vocabulary_are_checked_against_that() -> None:
    compiled = compile("level > 3", declared={"level": "int"}, condition=True)

    assert compiled.holds({"level": 4})
    with pytest.raises(InvalidInput, match="inputs is not known here; there is level"):
        compile("inputs.a", declared={"level": "int"})
    with pytest.raises(InvalidInput, match="no such type: number"):
        compile("level > 3", declared={"level": "number"})


def test_the_standard_library_form_needs_nothing_but_the_standard_library() -> None:
    program = (
        "import sys; from brainops.procedures.conditions.conditions import Compiled, compile\n"
        "data = {'source': 's', 'tree': ['call', '==', ['name', 'tool'], ['value', 'git']], 'doubles': []}\n"
        "assert Compiled.from_data(data).holds({'tool': 'git'})\n"
        "print(*sorted({'cel_expr_python', 'yaml', 'numpy', 'click'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()

    assert loaded == ""
