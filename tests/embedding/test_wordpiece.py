"""Do texts become the tokens that the model was trained with?"""

from __future__ import annotations

import unicodedata
from typing import Any

import brainops_minilm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brainops.embedding import wordpiece
from brainops.embedding.wordpiece import WordPiece

VOCABULARY = brainops_minilm.vocabulary_path()
WORDS = WordPiece.read(VOCABULARY)


def tokens(text: str) -> list[str]:
    names = list(WORDS.ids)
    return [names[number] for number in WORDS.encode(text)][1:-1]


@pytest.fixture(scope="module")
def reference() -> Any:
    """The tokenizers library with the same vocabulary and no special tokens inside texts."""
    tokenizers = pytest.importorskip("tokenizers", reason="the differential test needs the tokenizers library")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordPiece.from_file(str(VOCABULARY), unk_token="[UNK]"))
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return tokenizer


def settled(character: str) -> bool:
    """Say whether a character is what it was in Unicode 3.2; the reference's tables end in 2015, Python's go on."""
    return unicodedata.category(character) == unicodedata.ucd_3_2_0.category(character) != "Cs"


def expected(reference: Any, text: str) -> list[int]:
    return [WORDS.first, *reference.encode(text).ids[:254], WORDS.last]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Restart nginx", ["restart", "ng", "##in", "##x"]),
        ("CAFÉ naïve", ["cafe", "naive"]),
        ("exit-code=137", ["exit", "-", "code", "=", "137"]),
        ("错误abc", ["[UNK]", "[UNK]", "abc"]),
        ("a\x00b\u200bc\ufffd\td", ["abc", "d"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_a_text_becomes_known_pieces(text: str, pieces: list[str]) -> None:
    assert tokens(text) == pieces


def test_a_separator_written_in_a_text_is_no_separator() -> None:
    encoded = WORDS.encode("before [SEP] after")

    assert encoded.count(WORDS.last) == 1


def test_a_word_beyond_the_limit_is_one_unknown_token() -> None:
    assert tokens("a" * 101) == ["[UNK]"]
    assert tokens("a" * 100) != ["[UNK]"]


def test_a_long_text_is_cut_at_the_limit_with_the_separator_last() -> None:
    encoded = WORDS.encode("nginx " * 1000)

    assert len(encoded) == 256
    assert encoded[-1] == WORDS.last


def test_the_cache_of_words_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordpiece, "CACHED_WORDS", 8)
    words = WordPiece.read(VOCABULARY)

    words.encode(" ".join(f"word{number}" for number in range(100)))

    assert len(words.words) <= 8


@settings(max_examples=500)
@given(text=st.text(st.characters().filter(settled), max_size=80))
def test_any_text_has_the_ids_of_the_reference(reference: Any, text: str) -> None:
    assert WORDS.encode(text) == expected(reference, text)


LOG_PARTS = st.sampled_from(
    "ERROR 2026-01-01T00:00:00Z [pod/api-7f9] dépôt\n \t::: /var/log/x.log 0xDEADBEEF user@host.com ÀÉ ﬁ İ Σ ς 数据库"
    " 한국어 हिन्दी e\u0301 \u1100\u1161 🚀 ½ ² ™ €5 $HOME `ls` <a> ___ don't".split(" ")
)


@settings(max_examples=300)
@given(parts=st.lists(LOG_PARTS, max_size=60), between=st.sampled_from(["", " ", "\n", "\u00a0", "\u2028"]))
def test_log_lines_have_the_ids_of_the_reference(reference: Any, parts: list[str], between: str) -> None:
    text = between.join(parts)

    assert WORDS.encode(text) == expected(reference, text)


def test_every_character_has_the_ids_of_the_reference(reference: Any) -> None:
    words = [f"a{character}b" for character in filter(settled, map(chr, range(0x110000)))]
    texts = [" ".join(words[at : at + 16]) for at in range(0, len(words), 16)]  # one by one takes five times as long
    ids = [WORDS.encode(text) for text in texts]

    assert [text for text, found in zip(texts, ids, strict=True) if found != expected(reference, text)] == []
    assert max(map(len, ids)) < WORDS.max_tokens, "the end of a text was not looked at"
