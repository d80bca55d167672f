"""What is worth trying against an error, and how is that handed to whoever acts?"""

from __future__ import annotations

from msgspec import Struct


class NextTry(Struct, frozen=True, kw_only=True):
    """A remedy that is worth trying: how probably it helps here, how often it did, and that as one line."""

    remedy: str
    probability: float
    helped: int
    tried: int
    line: str


class NextTries(Struct, frozen=True, kw_only=True):
    """What to try against an error, the best first, what not to try again, and what to look at before.

    `text` is all of it for whoever acts, at most 150 tokens, empty where nothing is worth saying; `why` says by what it
    was parted from other places, in one sentence. `out` was tried already in this incident.
    """

    fingerprint: str
    cause: str
    tries: tuple[NextTry, ...]
    not_again: tuple[str, ...]
    look_first: str | None
    ask_a_person: bool
    why: str
    text: str
    out: tuple[str, ...] = ()
