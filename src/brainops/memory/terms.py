"""Which words of a text are searched and indexed? (pure)"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from brainops.store.stem import stem
from brainops_core.regex import Regex

# FTS5 ranks every row that holds any of the words, so the cost grows with their number. A whole bug report has about
# 90 different words left; past 400 nothing is gained and a pasted log would only cost time.
MAX_QUERY_TERMS = 400

# Longer runs of letters are digests, keys or base64: nobody searches for them by the whole.
MAX_TERM_LENGTH = 64

# The model reads 256 tokens, about 1,000 characters of English; what lies far beyond is never seen.
MAX_EMBEDDED_CHARACTERS = 4_000

# What a hit shares with the query is worked out while somebody waits: 10,000 characters take 0.4 ms.
MAX_COMPARED_CHARACTERS = 10_000

# Words that say nothing about the subject. What says something in operations stays in, although general lists cut it:
# down, up, off, out, over, under, not, no.
STOP_WORDS: frozenset[str] = frozenset(
    """
    a about after again against all am an and any are aren as at be because been before being below between both but by
    can cannot could couldn d did didn do does doesn doing don during each few for from further get gets getting got had
    hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its itself just
    ll m me might more most mustn my myself need of on once only or other our ours ourselves own please re s same shan
    she should shouldn so some such t than that the their theirs them themselves then there these they this those
    through to too until us ve very want wants was wasn way we were weren what when where whether which while who whom
    whose why will with won would wouldn you your yours yourself yourselves
    """.split()
)

_WORD = re.compile(r"[^\W_]+")
# Scripts that put no blank between words: Thai to Khmer, kana, ideographs, Hangul (whose blanks part phrases).
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_UNSPACED = Regex(f"[{UNSPACED}]{{2,}}")  # two milliseconds to compile
_PART = Regex(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def words(text: str) -> Iterator[str]:
    """Yield the words of a text in order and in lower case, cut as the word index cuts them."""
    return (match.group().lower() for match in _WORD.finditer(text))


def parts(text: str) -> tuple[str, ...]:
    """Return the parts of compound identifiers (`DataNode` gives data, node), each once, in order.

    What is joined by dots, dashes or underscores is cut by the index itself. Of a run in a script without blanks the
    parts are its characters two by two: any part of it is found by those that it has.
    """
    found: dict[str, None] = {}
    for word in dict.fromkeys(_WORD.findall(text)):
        if not word.isascii():
            for run in _UNSPACED.findall(word):
                found.update(dict.fromkeys(map("".join, pairwise(run))))
        if not word.islower():
            pieces = _PART.findall(word)
            if len(pieces) > 1:
                found.update(dict.fromkeys(piece.lower() for piece in pieces if len(piece) > 1))
    return tuple(found)


def query_terms(text: str) -> tuple[str, ...]:
    """Return the words to search for: lower case, without stop words, at most MAX_QUERY_TERMS.

    A word that the text says more than once, in any of its forms, stands in the result twice: FTS5 adds up equal terms,
    so what a long report keeps saying weighs double. The result holds letters and digits only, so no search syntax
    survives; quote each before it goes into FTS5. A text of stop words alone keeps them, so "who is it" still searches.
    """
    spoken = [word for word in words(text) if len(word) <= MAX_TERM_LENGTH]
    found = dict.fromkeys((*spoken, *(part for part in parts(text) if len(part) <= MAX_TERM_LENGTH)))
    telling = [word for word in found if word not in STOP_WORDS] or list(found)
    telling = telling[:MAX_QUERY_TERMS]
    said = Counter(map(stem, spoken))
    forms = Counter(map(stem, telling))
    again = [word for word in telling if said[stem(word)] > 1 and forms[stem(word)] == 1]
    return tuple(telling + again)[:MAX_QUERY_TERMS]


def index_text(title: str, content: str) -> tuple[str, str]:
    """Return what goes into the word index as (title, body): the body also holds the parts of its identifiers."""
    found = parts(f"{title}\n{content}")
    if not found:
        return title, content
    have = set(words(content))
    added = [part for part in found if part not in have]
    return title, "\n".join((content, " ".join(added))) if added else content


def shared_terms(terms: Iterable[str], text: str) -> tuple[str, ...]:
    """Return the query terms that the beginning of a text holds in any form, each once, in the query's order."""
    wanted = {term: stem(term) for term in terms}
    initials = {root[:1] for root in wanted.values()}  # a stem keeps the first letter: most words need no stemming
    have = {stem(word) for word in _spoken(text[:MAX_COMPARED_CHARACTERS]) if word[0] in initials or not word.isascii()}
    return tuple(term for term, root in wanted.items() if root in have)


@lru_cache(maxsize=256)  # the memories that answer one question answer the next one of the same incident too
def _spoken(text: str) -> frozenset[str]:
    """Return the words of a text and the parts of its identifiers, in lower case."""
    return frozenset(word.lower() for word in set(_WORD.findall(text))).union(parts(text))
