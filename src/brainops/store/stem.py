"""What is the stem of a word, as the `porter` tokenizer of SQLite's FTS5 gives it? (pure)

The document frequencies of a store are kept by stem, and a shared word can only be shown or weighed by its stem. The
algorithm is M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the few departures of FTS5.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from unicodedata import combining, normalize

# FTS5 leaves words outside these lengths as they are.
SHORTEST_STEMMED = 3
LONGEST_STEMMED = 64

# A vocabulary of operations repeats itself; 50,000 short strings are about 5 MB.
CACHED_STEMS = 50_000

_STEP_2 = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("logi", "log"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"),
    ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"),
    ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_STEP_3 = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""),
)  # fmt: skip
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti",
    "ous", "ive", "ize",
)  # fmt: skip


@lru_cache(maxsize=CACHED_STEMS)
def stem(word: str) -> str:
    """Return the stem of a lower-case word, without its accents."""
    if not word.isascii():
        word = "".join(letter for letter in normalize("NFD", word) if not combining(letter))
    return _stem(word)


def _stem(word: str) -> str:
    if not SHORTEST_STEMMED <= len(word) <= LONGEST_STEMMED:
        return word
    word = _past(_plural(word))
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _replace(_replace(word, _STEP_2), _STEP_3)
    return _final(_suffix(word))


def _plural(word: str) -> str:
    if word.endswith(("sses", "ies")) and len(word) > (4 if word.endswith("sses") else 3):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed") and len(word) > len("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            base = word[: -len(ending)]
            return _mended(base) if _has_vowel(base) else word
    return word


def _mended(base: str) -> str:
    """Put back what -ed or -ing took away: at(e), hop(p)."""
    if base.endswith(("at", "bl", "iz")):
        return base + "e"
    if len(base) > 1 and base[-1] == base[-2] and base[-1] not in "aeioulsz":
        return base[:-1]
    return base + "e" if _measure(base) == 1 and _ends_cvc(base) else base


def _replace(word: str, table: tuple[tuple[str, str], ...]) -> str:
    for ending, instead in table:
        if word.endswith(ending):
            base = word[: -len(ending)]
            return base + instead if _measure(base) > 0 else word
    return word


def _suffix(word: str) -> str:
    for ending in sorted(_STEP_4, key=len, reverse=True):
        if word.endswith(ending):
            base = word[: -len(ending)]
            if _measure(base) > 1 and (ending != "ion" or base.endswith(("s", "t"))):
                return base
            return word
    return word


def _final(word: str) -> str:
    if word.endswith("e"):
        measure = _measure(word[:-1])
        if measure > 1 or (measure == 1 and not _ends_cvc(word[:-1])):
            word = word[:-1]
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _vowels(word: str) -> list[bool]:
    """Tell vowels from consonants; a y after a consonant is a vowel."""
    flags: list[bool] = []
    for letter in word:
        flags.append(letter in "aeiou" or (letter == "y" and bool(flags) and not flags[-1]))
    return flags


def _has_vowel(word: str) -> bool:
    return any(_vowels(word))


def _measure(word: str) -> int:
    """Count the vowel-consonant changes, Porter's m."""
    flags = _vowels(word)
    return sum(1 for before, after in pairwise(flags) if before and not after)


def _ends_cvc(word: str) -> bool:
    flags = _vowels(word)[-3:]
    return flags == [False, True, False] and word[-1] not in "wxy"
