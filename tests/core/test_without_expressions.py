"""Does what is read by hand, since an expression costs a hook more, come to what the expression says?"""

from __future__ import annotations

import fnmatch
import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from brainops_core.commands.classes import letters, pieces
from brainops_core.commands.shell import quoted
from brainops_core.glob import has_form
from brainops_core.words import words_of

names = st.text(st.sampled_from("abzABZ019_.,;&+- \N{ARABIC-INDIC DIGIT THREE}\N{LATIN SMALL LETTER LONG S}é\n"))
globs = st.text(st.sampled_from("ab*?[]!-\n."), max_size=8)


@given(st.text(st.sampled_from("ab-.[]!\n"), max_size=12), globs)
def test_a_glob_matches_as_fnmatch_says(text: str, glob: str) -> None:
    assert has_form(text, glob) == fnmatch.fnmatchcase(text, glob)


@given(names)
def test_a_name_falls_into_the_words_that_its_capitals_begin(name: str) -> None:
    assert list(words_of(name)) == re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[,;&+]", name)


@given(names)
def test_a_text_is_parted_at_any_of_some_characters(name: str) -> None:
    assert pieces(name, "_.,") == re.split(r"[_.,]", name)


@given(st.lists(names))
def test_short_options_are_a_dash_and_letters(words: list[str]) -> None:
    assert letters(words) == "".join(word[1:] for word in words if re.fullmatch(r"-[A-Za-z]+", word))


@given(names)
def test_a_word_is_quoted_as_shlex_does(name: str) -> None:
    assert quoted(name) == shlex.quote(name)
