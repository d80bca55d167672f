"""Are the words that are searched the words that were meant, and are they those of the index?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brainops.memory.terms import (
    MAX_QUERY_TERMS,
    STOP_WORDS,
    index_text,
    query_terms,
    shared_terms,
)
from brainops.store.stem import stem

WORDS = """
    caresses ponies ties cats feed agreed plastered motoring sing conflated troubled sized hopping tanned falling
    hissing fizzed failing filing happy sky relational conditional rational valenci hesitanci digitizer conformabli
    radicalli differentli vileli analogousli vietnamization predication operator feudalism decisiveness hopefulness
    callousness formaliti sensitiviti sensibiliti triplicate formative formalize electriciti electrical hopeful goodness
    revival allowance inference airliner gyroscopic adjustable defensible irritant replacement adjustment dependent
    adoption homologou communism activate angulariti homologous effective bowdlerize probate rate cease controll roll
    eed aed yes syzygy timeout timeouts connections refused databases indices crashing crashed pods kubelet
""".split()


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table words using fts5 (text, tokenize = 'porter unicode61')")
    db.execute("create virtual table vocabulary using fts5vocab (words, 'row')")
    yield db
    db.close()


def stems_of(index: sqlite3.Connection, text: str) -> set[str]:
    index.execute("delete from words")
    index.execute("insert into words (text) values (?)", (text,))
    return {row[0] for row in index.execute("select term from vocabulary")}


@pytest.mark.parametrize("word", WORDS)
def test_a_stem_is_that_of_the_word_index(index: sqlite3.Connection, word: str) -> None:
    assert {stem(word)} == stems_of(index, word)


@given(word=st.text("abcdefgilmnoprstuvyz", min_size=1, max_size=12))
def test_made_up_words_have_the_stem_of_the_word_index(word: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table words using fts5 (text, tokenize = 'porter unicode61')")
    db.execute("create virtual table vocabulary using fts5vocab (words, 'row')")

    assert {stem(word)} == stems_of(db, word)
    db.close()


def test_accents_are_dropped_as_the_index_drops_them(index: sqlite3.Connection) -> None:
    assert {stem("réseau")} == stems_of(index, "réseau")


def test_stop_words_are_cut_and_operational_words_stay() -> None:
    assert query_terms("Why is the node down and not up?") == ("node", "down", "not", "up")
    assert not STOP_WORDS & {"down", "up", "off", "out", "over", "under", "not", "no"}


def test_a_query_of_stop_words_alone_keeps_them() -> None:
    assert query_terms("Who is it?") == ("who", "is", "it")


def test_identifiers_are_searched_whole_and_in_parts() -> None:
    terms = query_terms("KubePodCrashLooping in s3a_retry.max-attempts")

    assert {"kubepodcrashlooping", "kube", "pod", "crash", "looping", "s3a", "retry", "max", "attempts"} <= set(terms)


def test_what_a_report_says_twice_in_any_form_counts_twice() -> None:
    assert query_terms("timeout reading block, then timeout again on disk").count("timeout") == 2
    assert query_terms("error on disk; errors on network") == ("error", "disk", "errors", "network")


def test_a_long_text_gives_a_bounded_query() -> None:
    assert len(query_terms(" ".join(f"word{number}" for number in range(5_000)))) == MAX_QUERY_TERMS


def test_the_index_holds_the_parts_of_identifiers_once_and_only_what_is_new() -> None:
    assert index_text("DataNode fails", "the node hung; DataNode restarted") == (
        "DataNode fails",
        "the node hung; DataNode restarted\ndata",
    )
    assert index_text("disk full", "no space left") == ("disk full", "no space left")


def test_shared_words_are_found_in_any_form_and_inside_identifiers() -> None:
    assert shared_terms(("crashing", "node", "disk", "node"), "The DataNode crashed.") == ("crashing", "node")


@given(st.text())
def test_no_search_syntax_survives_and_every_query_is_valid(text: str) -> None:
    terms = query_terms(text)
    db = sqlite3.connect(":memory:")
    db.execute("create virtual table words using fts5 (text, tokenize = 'porter unicode61')")

    assert all(term.isalnum() for term in terms)
    if terms:
        db.execute("select rowid from words where words match ?", (" OR ".join(f'"{term}"' for term in terms),))
    db.close()
