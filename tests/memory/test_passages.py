"""Does a long text fall into passages that miss nothing, and which of them answers?"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from brainops.memory.passages import (
    MAX_PASSAGES,
    PASSAGE_WORDS,
    answering,
    embedding_texts,
    nearness,
    passages,
)
from brainops.memory.terms import MAX_EMBEDDED_CHARACTERS


def numbered(first: int, last: int) -> str:
    return " ".join(f"word{number}" for number in range(first, last))


def test_title_and_content_are_embedded_together_and_a_repeated_title_once() -> None:
    assert embedding_texts("Disk full", "df shows 100 %") == ("Disk full\ndf shows 100 %",)
    assert embedding_texts("Disk full", "Disk full\ndf shows 100 %") == ("Disk full\ndf shows 100 %",)
    assert len(embedding_texts("log", "x" * 100_000)[0]) == MAX_EMBEDDED_CHARACTERS


def test_a_text_of_one_passage_is_left_as_it_is() -> None:
    text = f"  {numbered(0, PASSAGE_WORDS)}\n"

    assert passages(text) == (text,)


def test_a_long_text_falls_into_passages_that_overlap() -> None:
    assert passages(numbered(0, 300)) == (numbered(0, 150), numbered(120, 270), numbered(240, 300))
    assert passages(numbered(0, 270)) == (numbered(0, 150), numbered(120, 270))


def test_each_later_passage_is_embedded_under_the_title() -> None:
    first, second = embedding_texts("Runbook", numbered(0, 200))

    assert first == f"Runbook\n{numbered(0, 200)}"
    assert second == f"Runbook\n{numbered(119, 200)}"


def test_a_script_without_blanks_and_a_run_without_blanks_are_cut_too() -> None:
    assert len(passages("磁盘已满" * 100)) == 4
    assert max(map(len, passages("eyJhbGciOiJIUzI1NiJ9" * 1_000))) <= 24 * PASSAGE_WORDS


def test_a_text_has_a_bounded_number_of_passages() -> None:
    assert len(passages("a " * 100_000)) == MAX_PASSAGES


@given(st.text(st.sampled_from("ab 磁\n-é"), max_size=1_500))
def test_no_word_is_missed_and_no_passage_stands_in_another(text: str) -> None:
    parts = passages(text)

    assert {word for part in parts for word in part.split()} >= {word for word in text.split() if len(word) <= 24}
    places = [0]
    for part in parts:
        places.append(text.index(part, places[-1]) + (len(parts) > 1))
    assert all(first in text for first in parts)


def test_the_best_passage_counts_and_a_later_one_a_little_less() -> None:
    assert nearness([0.5]) == 0.5
    assert nearness([0.5, 0.2]) == 0.5
    assert 0.5 < nearness([0.5, 0.7, 0.1]) < 0.7


def test_the_answering_passage_is_near_and_holds_the_words_of_the_question() -> None:
    parts = ("the disk filled up", "the certificate ran out on friday", "the queue was full")
    rare = {"certificate": 1, "disk": 1}

    assert answering(parts, [0.4, 0.6, 0.5], ("certificate",), rare, 100) == parts[1]
    assert answering(parts, [0.5, 0.5, 0.5], ("disk",), rare, 100) == parts[0]
    assert answering(parts, (), ("certificate", "friday"), rare, 100) == parts[1]
