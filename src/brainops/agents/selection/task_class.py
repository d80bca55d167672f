"""Which class is a task of, and which agents are capable of it? (pure)"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from brainops.memory.terms import STOP_WORDS, words
from brainops.types import Agent, Attempt

CLASS_WORDS = 3  # what is done, to what, where: more tells tasks apart that are the same work
READ_CHARACTERS = 2_000  # of a task; what it is about stands at its beginning

_VALUE = re.compile(r"\S*[\d/\\@#=]\S*|[\"'`][^\"'`]{0,200}[\"'`]")


def class_of(text: str) -> str:
    """Return the class of a task that names none: its first words, without values and words that say nothing.

    `Deploy backend v3.1.195 to production` is of the class `deploy backend production`.
    """
    head = text[:READ_CHARACTERS]
    plain = _words(_VALUE.sub(" ", head)) or _words(head)
    return " ".join(plain[:CLASS_WORDS]) or "task"


def _words(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOP_WORDS and not word.isdigit()]


def capable(agent: Agent, task_class: str, needed: Sequence[str]) -> bool:
    """Say whether an agent can take a task: each capability that is needed, else the class by a word or glob."""
    if not agent.capabilities:
        return True
    if needed:
        return all(_covers(agent.capabilities, (need,)) for need in needed)
    return _covers(agent.capabilities, (task_class, *words(task_class)))


def _covers(globs: Iterable[str], names: Sequence[str]) -> bool:
    return any(fnmatchcase(name.lower(), glob.lower()) for glob in globs for name in names)


def seed_of(execution_id: str, number: int) -> int:
    """Return the chance of one choice: the same for the same attempt, so that a choice can be looked at again."""
    return int.from_bytes(hashlib.blake2b(f"{execution_id}:{number}".encode(), digest_size=8).digest(), "big") >> 1


def tried_of(attempts: Iterable[Attempt], since: int) -> tuple[str, ...]:
    """Return the agents that a task was tried with since it was opened."""
    return tuple(dict.fromkeys(attempt.agent for attempt in attempts if attempt.started_at >= since))
