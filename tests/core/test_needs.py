"""Does an expression that names what each of its matches holds say nothing of a text that it would match?"""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from brainops_core.recognition import digests, error_events, fingerprint, masks, stack_traces
from brainops_core.regex import Regex

MODULES = (digests, error_events, fingerprint, masks, stack_traces)


def expressions() -> dict[str, Regex]:
    """Return the expressions that name what they need, by the name that they have."""
    found: dict[str, Regex] = {}
    for module in MODULES:
        for name, value in vars(import_module(module.__name__)).items():
            each = value if isinstance(value, tuple) else (value,)
            found |= {f"{name}{n}": one for n, one in enumerate(each) if isinstance(one, Regex) and one.needs}
    return found


NEEDY = expressions()


@pytest.mark.parametrize("name", NEEDY)
def test_whatever_it_matches_holds_what_it_needs(name: str) -> None:
    regex = NEEDY[name]

    @settings(max_examples=40)
    @given(st.from_regex(regex.source))
    def holds(text: str) -> None:
        found = re.search(regex.source, text)
        assume(found is not None and found.group())

        assert any(need in text for need in regex.needs)

    holds()


@pytest.mark.parametrize("text", ["", "nothing of it", "a\nb"])
def test_a_text_without_what_it_needs_is_answered_as_the_expression_answers(text: str) -> None:
    compiled = re.compile("(?m)x=(\\d)$")

    asked = Regex("(?m)x=(\\d)$", "x=")

    assert asked.search(text) is asked.match(text) is asked.fullmatch(text) is None
    assert (asked.findall(text), list(asked.finditer(text))) == ([], [])
    assert asked.split(text) == compiled.split(text) and asked.sub("y", text) == text
    assert asked.sub("y", "x=1") == "y" and asked.sub("y", text) == text
