"""Does the standard-library form of a condition mean what CEL means?"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brainops.errors import ConditionFailed, InvalidInput
from brainops.procedures.conditions import conditions
from brainops.procedures.conditions.conditions import Compiled, compile
from brainops.procedures.conditions.evaluation import NoValue, bind
from brainops.procedures.conditions.expressions import NotPortable, Refused, from_data, parse, to_data
from brainops.procedures.conditions.patterns import pattern
from brainops.procedures.conditions.types import check

DECLARED = {"inputs": "map", "items": "list", "any": "dyn", "tool": "string", "count": "int", "share": "double"}
RESULT_CHARACTERS = 400

WHOLE = st.integers(-(2**63), 2**63 - 1)
# CEL's Python binding cuts a text at a null character: conditions.py hands it none.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")
TEXTS = st.text(CHARACTERS, max_size=6) | st.sampled_from(["a", "ab", "git push", "é😀", ""])
SCALARS = (
    st.none() | st.booleans() | st.sampled_from([0, 1, -1, 2**53 + 1]) | WHOLE | st.floats(allow_nan=False) | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
SCOPES = st.fixed_dictionaries(
    {
        "inputs": st.fixed_dictionaries({}, optional={"a": VALUES, "b": VALUES, "c": SCALARS}),
        "any": VALUES,
        "tool": TEXTS,
        "count": WHOLE,
        "share": st.floats(allow_nan=False),
    },
    optional={"items": st.lists(VALUES, max_size=3)},
)


def quoted(text: str) -> str:
    """Write a text as CEL."""
    return (
        '"' + "".join(f"\\U{ord(each):08x}" if not each.isalnum() or ord(each) > 127 else each for each in text) + '"'
    )


LITERALS = (
    st.sampled_from(["true", "false", "null", "0", "1", "2", "-1", "1.0", "0.5", "[]", "{}", "9223372036854775807"])
    | TEXTS.map(quoted)
    | st.sampled_from([r"'\x41\101\u0041\`\?'", "r'\\d'", "'''it's'''", "0x1F", "1e3", "-9223372036854775808"])
)
NAMES = st.sampled_from(
    ["inputs.a", "inputs.b", "inputs['c']", "inputs.missing", "any", "tool", "count", "share", "items", "inputs"]
)
PATTERNS = st.sampled_from(
    ["a", "^a", "b$", "[a-c]+", r"\d", ".", "(git|a) ?push", "a{2}", "x*", r"\bpush\b", "(?i)GIT"]
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.sampled_from("== != < <= > >= in + - * / % && ||".split())
    method = st.sampled_from(["startsWith", "endsWith", "contains"])
    return st.one_of(
        st.builds("({} {} {})".format, inner, binary, inner),
        st.builds("{} {} {}".format, inner, binary, inner),
        st.builds("!({})".format, inner),
        st.builds("-({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("size({})".format, inner),
        st.builds("({}).size()".format, inner),
        st.builds("({}).{}({})".format, inner, method, inner),
        st.builds("({}).matches(r'{}')".format, inner, PATTERNS),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({}).a".format, inner),
        st.builds("has(({}).a)".format, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{'a': {}, 'b': {}}}".format, inner, inner),
        st.builds("dyn({})".format, inner),
    )


SOURCES = st.recursive(LITERALS | NAMES, larger, max_leaves=8)


def by_cel(source: str, values: dict[str, Any]) -> tuple[str, Any]:
    """Return ("refused" | "failed" | "value", value) as CEL itself has it."""
    cel = conditions._cel()
    try:
        expression = conditions._environment(cel, tuple(sorted(DECLARED.items()))).compile(source)
    except (RuntimeError, ValueError):
        return "refused", None
    try:
        return "value", conditions._Reading().json(expression.eval(data=values))
    except (NoValue, RuntimeError, ValueError):
        return "failed", None


def by_ourselves(source: str, values: dict[str, Any]) -> tuple[str, Any]:
    """Return the same by the standard-library form, read back from its stored form; or that there is none."""
    try:
        tree = parse(source)
        check(tree, DECLARED)
        run = bind(from_data(to_data(tree)))
    except Refused:
        return "refused", None
    except NotPortable:
        return "not portable", None
    try:
        return "value", run(values)
    except NoValue:
        return "failed", None


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


@settings(max_examples=400, deadline=None)
@given(source=SOURCES, values=SCOPES)
@example(source="inputs.a == 1.0 || inputs.missing", values={"inputs": {"a": 1}})
@example(source="-9223372036854775808 % -1", values={})
@example(source="any == 9007199254740993", values={"any": 9007199254740992.0})
@example(source="any < 9007199254740993", values={"any": 9007199254740992.0})
@example(source="count / 0 == 1 || true", values={"count": 1})
@example(source="!(({'a': '', 'b': inputs.a}).a)", values={"inputs": {}})
@example(source="items == [1, 2.0]", values={"items": [1.0, 2]})
def test_the_standard_library_form_means_what_cel_means(source: str, values: dict[str, Any]) -> None:
    theirs, ours = by_cel(source, values), by_ourselves(source, values)

    early = (theirs[0], ours[0]) == ("refused", "failed")  # CEL says by the types what we find when it is evaluated
    assert early or ours[0] in (theirs[0], "not portable"), f"{source}: CEL {theirs}, ours {ours}"
    assert ours[0] == "not portable" or same(ours[1], theirs[1]), f"{source}: CEL {theirs}, ours {ours}"


ATOMS = st.sampled_from(
    ["a", "b", "A", "1", " ", ".", r"\d", r"\w", r"\s", "[ab]", "[^a]", "[a-c1-3]", r"\.", r"\W", "k"]
)
PIECES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("(?:{})*".format, inner),
        st.builds("({})+".format, inner),
        st.builds("({})?".format, inner),
        st.builds("(?:{}){{1,2}}".format, inner),
        st.builds("{}$".format, inner),
        st.builds("^{}".format, inner),
        st.builds(r"\b{}".format, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(
    source=st.builds("{}{}".format, st.sampled_from(["", "", "(?i)", "(?s)", "(?is)"]), PIECES),
    text=st.text(st.sampled_from("aAbBcC123 .\n-é\u212a_"), max_size=8),
)
def test_a_pattern_matches_what_re2_matches(source: str, text: str) -> None:
    ours = pattern(source)
    cel = conditions._cel()
    environment = conditions._environment(cel, (("pattern", "string"), ("text", "string")))
    theirs = environment.compile("text.matches(pattern)").eval(data={"text": text, "pattern": source})

    assert ours is None or theirs.type().name() != "ERROR", f"we take {source!r}, RE2 does not"
    assert ours is None or ours.search(text) == theirs.value(), f"{source!r} in {text!r}: RE2 {theirs.value()}"


def test_a_pattern_that_explodes_elsewhere_takes_the_time_of_its_text() -> None:
    found = pattern("(a+)+$")

    assert found is not None
    assert not found.search("a" * 50_000 + "b")


@pytest.mark.parametrize(
    "source", ["(a{100}){100}", "(?=a)", "\\1", "[[:alpha:]]", "a**", "(", "\\pL", "a{1001}", r"a\B", "[z-a]"]
)
def test_a_pattern_that_is_too_large_or_unknown_has_no_standard_library_form(source: str) -> None:
    assert pattern(source) is None


def test_a_condition_comes_back_from_its_stored_form_unchanged() -> None:
    compiled = compile("confidence > 0.5 && tool.startsWith('git') && !has(inputs.force)")

    again = Compiled.from_data(compiled.to_data())

    assert again.to_data() == compiled.to_data()
    assert again.holds({"confidence": 1, "tool": "git push", "inputs": {}})


@pytest.mark.parametrize(
    "data", [{}, {"source": "x", "tree": ["nonsense"], "doubles": []}, {"source": "x", "tree": ["call", "exec"]}]
)
def test_a_stored_form_that_was_tampered_with_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="no stored condition"):
        Compiled.from_data(data)


@pytest.mark.parametrize(
    "source", [" + ".join(["1"] * 900), "(" * 900 + "1" + ")" * 900, "!" * 2_000 + "true", "-" * 1_999 + "(1)"]
)
def test_a_source_that_is_nested_without_end_is_refused_or_evaluated_but_never_overflows(source: str) -> None:
    try:
        outcome = compile(source).evaluate({})
    except InvalidInput:
        outcome = None

    assert outcome in (None, True, False, 1, -1)


def test_values_nested_without_end_fail_closed() -> None:
    deep: list[Any] = []
    other: list[Any] = []
    for _ in range(5_000):
        deep, other = [deep], [other]

    with pytest.raises(ConditionFailed, match="nested too deeply"):
        compile("inputs.a == inputs.b").holds({"inputs": {"a": deep, "b": other}})


def test_a_sum_of_texts_does_not_fill_the_memory() -> None:
    source = " + ".join(["inputs.a"] * 30)

    with pytest.raises(ConditionFailed, match="more than 1,000,000 characters"):
        compile(source).evaluate({"inputs": {"a": "a" * 100_000}})
