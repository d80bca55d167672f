"""How many memories match, of which kinds, and which condition keeps the others out?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.memory.retrieve import read_query
from brainops.memory.terms import query_terms
from brainops.types import Filter, MatchCounts

if TYPE_CHECKING:
    from brainops.memory.context import MemoryContext
    from brainops.store import Transaction

MOST = 5_000  # memories that are counted, the newest: some ten milliseconds
MOST_BY_WORDS = 1_000  # that share a word with a query, those first that share the most
TAGS = 20
_OPEN = Filter()
_CONDITIONS = ("types", "tags", "trust", "session_id", "since", "until", "as_of")


def counts(context: MemoryContext, query: str, wanted: Filter) -> MatchCounts:
    """Return how many memories pass a filter and, with a query, share a word with it. Writes nothing.

    The counts by type do not mind which types are asked for, those by trust not which trust: they say what there would
    be. Raises InvalidInput, NamespaceDenied.
    """
    terms = query_terms(read_query(query))
    store = context.store.within(context.store.scope.narrowed(wanted.namespaces))
    with store.read() as tx:
        keys = _matching(tx, terms, wanted)
        any_type = keys if not wanted.types else _matching(tx, terms, replace(wanted, types=()))
        any_trust = keys if not wanted.trust else _matching(tx, terms, replace(wanted, trust=()))
        without = {}
        if not keys:
            set_here = [name for name in _CONDITIONS if getattr(wanted, name) != getattr(_OPEN, name)]
            less = {name: replace(wanted, **{name: getattr(_OPEN, name)}) for name in set_here}
            found = {name: len(_matching(tx, terms, each)) for name, each in less.items()}
            without = dict(sorted(found.items(), key=lambda pair: -pair[1]))
        return MatchCounts(
            total=len(keys),
            most=MOST_BY_WORDS if terms else MOST,
            types=_by(tx, any_type, "type"),
            trust=_by(tx, any_trust, "trust"),
            tags=tx.memories.tags_of(keys, TAGS),
            without={name: count for name, count in without.items() if count},
        )


def _matching(tx: Transaction, terms: Sequence[str], wanted: Filter) -> list[int]:
    if not terms:
        return tx.memories.passing(wanted, MOST)
    return [hit.key for hit in tx.index.lexical(tx.session, terms, wanted, MOST_BY_WORDS)]


def _by(tx: Transaction, keys: Sequence[int], name: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in tx.memories.kinds(keys):
        found[row[name]] += int(row["memories"])
    return dict(found.most_common())
