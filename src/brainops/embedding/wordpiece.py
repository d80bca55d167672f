"""Which token ids does a text become for a BERT model without case?"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Final

CHARACTERS_READ: Final = 32_768  # a text this long has filled its tokens long before; what follows is never looked at
WORD_CHARACTERS: Final = 100  # BERT's own limit: a longer word is one unknown token
CACHED_WORDS: Final = 65_536  # about 10 MB; the cache is emptied when it is full

CJK: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class CleanTable(dict[int, str]):
    """What BERT's first pass makes of a character: white space to a blank, controls to nothing, CJK stands alone."""

    def __missing__(self, code: int) -> str:
        result = self[code] = clean_character(chr(code))
        return result


class FoldTable(dict[int, str]):
    """What BERT's second pass makes of a decomposed character: accents to nothing, lower case, punctuation alone."""

    def __missing__(self, code: int) -> str:
        result = self[code] = fold_character(chr(code))
        return result


def clean_character(character: str) -> str:
    """Return what stands for one character of raw text."""
    category = unicodedata.category(character)
    if character in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return " "
    if character == "\ufffd" or category in ("Cc", "Cf", "Co", "Cs"):
        return ""
    if any(first <= ord(character) <= last for first, last in CJK):
        return f" {character} "
    return character


def fold_character(character: str) -> str:
    """Return what stands for one character of decomposed text."""
    category = unicodedata.category(character)
    if category == "Mn":
        return ""
    if category.startswith("P") or (character.isascii() and category.startswith("S")):
        return f" {character} "
    return character.lower()


class WordPiece:
    """Splits texts as bert-base-uncased does; words seen before are looked up.

    Texts are plain: `[SEP]` in a text is three tokens, never the separator.
    """

    def __init__(self, vocabulary: list[str], *, max_tokens: int = 256) -> None:
        self.ids = {token: number for number, token in enumerate(vocabulary)}
        self.unknown, self.first, self.last = self.ids["[UNK]"], self.ids["[CLS]"], self.ids["[SEP]"]
        self.longest = max(len(token) for token in vocabulary)
        self.max_tokens = max_tokens
        self.words: dict[str, list[int]] = {}
        self.clean, self.fold = CleanTable(), FoldTable()

    @classmethod
    def read(cls, path: Path, *, max_tokens: int = 256) -> WordPiece:
        """Read a vocabulary with one token a line."""
        return cls(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), max_tokens=max_tokens)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, [CLS] and [SEP] included: at most max_tokens, the rest of the text is left out."""
        ids = [self.first]
        room = self.max_tokens - 1
        for word in self.split(text[:CHARACTERS_READ]):
            ids += self.words.get(word) or self.pieces(word)
            if len(ids) >= room:
                break
        del ids[room:]
        ids.append(self.last)
        return ids

    def split(self, text: str) -> list[str]:
        """Return the words of a text in lower case, without accents, punctuation apart."""
        cleaned = text.translate(self.clean)
        if not cleaned.isascii():
            cleaned = unicodedata.normalize("NFD", cleaned)
        return cleaned.translate(self.fold).split()

    def pieces(self, word: str) -> list[int]:
        """Return the ids of a word's longest known pieces from the left, or the one unknown id; remember them."""
        if len(self.words) >= CACHED_WORDS:
            self.words.clear()
        found = self.words[word] = self.match(word)
        return found

    def match(self, word: str) -> list[int]:
        if len(word) > WORD_CHARACTERS:
            return [self.unknown]
        found: list[int] = []
        start, prefix = 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self.longest), start, -1):
                number = self.ids.get(prefix + word[start:end])
                if number is not None:
                    break
            else:
                return [self.unknown]
            found.append(number)
            start, prefix = end, "##"
        return found
