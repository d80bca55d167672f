"""What is asked of the built stores, and what is captured into them?"""

from __future__ import annotations

from bench.scale import build

NEVER_STORED = 10_000_000  # texts from this number on are in no built store
NAMESPACE = "bench/scale"
ONE_PERCENT = {"tags": ["team-3"]}  # build.py gives each of a hundred teams every hundredth memory
TEN_PERCENT = {"types": ["error_pattern"]}  # the ten types take turns


def questions(count: int) -> list[str]:
    """Return questions of six telling words from texts like the stored ones, none of which is stored."""
    return build.questions(count)


def notes(count: int, seed: int) -> list[tuple[str, str]]:
    """Return (title, content) of memories that are in no built store."""
    return [(" ".join(text.split()[:6]), text) for text in build.texts(count, NEVER_STORED + seed * 100_000)]
