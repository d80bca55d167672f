"""Which words does a procedure's file know, and how large may it be? (pure)"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_SOURCE_CHARACTERS = 262_144  # of one file; the longest runbooks that were looked at have 60,000
MAX_NODES = 20_000  # values of a file's front matter, aliases written out: far more than 200 steps need
MAX_DEPTH = 40  # of nesting
MAX_SLUG_CHARACTERS = 64  # as a SKILL.md's
MAX_DESCRIPTION_CHARACTERS = 1_024  # as a SKILL.md's
MAX_TEXT_CHARACTERS = 20_000  # of one step's text: what a person reads before one act
MAX_CONDITION_CHARACTERS = 2_048  # longer ones are programs, and belong in a step
MAX_STEPS = 200  # a procedure of more is several; `uses: procedure` joins them
MAX_TRIGGERS = 50
MAX_ITEMS = 200  # of any list of texts
MAX_ITEM_CHARACTERS = 500
MAX_TESTS = 100
MAX_TIMEOUT_SECONDS = 30 * 86_400.0  # a month; what takes longer is a `wait`
MAX_ATTEMPTS = 100
MAX_SHOWN = 12  # words of a hint

OPEN_QUESTION = "[open question]"
"""Begins the text of a step that a draft asks its author about; no version with one is activated."""

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TITLE_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
STEP_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SECRET_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|command:.+)", re.DOTALL)

PROCEDURE_KEYS = tuple(
    "name description mode on inputs secrets concurrency steps outputs expected_outcomes tags tests prose"
    " license compatibility metadata allowed-tools $schema".split()
)
SKILL_KEYS = ("license", "compatibility", "metadata", "allowed-tools")
TRIGGER_LISTS = ("operations", "targets", "events", "fingerprints", "intents")
TRIGGER_KEYS = (*TRIGGER_LISTS, "when")
ACTION_KEYS = ("uses", "run", "shell", "env", "working-directory", "with")
STEP_KEYS = tuple(
    "id name text uses run shell env working-directory with if needs timeout-minutes timeout-seconds retry"
    " continue-on-error verify compensate satisfies secrets".split()
)
RETRY_KEYS = ("attempts", "wait-seconds", "factor", "max-wait-seconds", "jitter")
CONCURRENCY_KEYS = ("group", "on-conflict")
TEST_KEYS = ("name", "inputs", "target", "steps", "expect")
FAKE_KEYS = ("output", "error", "waits")
EXPECTED_STEPS = ("succeeded", "failed", "skipped", "undone", "order")
EXPECT_KEYS = ("state", "outputs", *EXPECTED_STEPS)
EXPECTED_STATES = ("succeeded", "failed", "waiting")


def meant(word: str, known: Iterable[str]) -> str:
    """Return a hint for a word that is not known: the closest known one, or all where there are few."""
    from difflib import get_close_matches  # which only a mistake needs

    every = [str(each) for each in known]
    if close := get_close_matches(word, every, n=1, cutoff=0.5):
        return f"did you mean {close[0]!r}?"
    if not every:
        return "there is none"
    return f"known are: {', '.join(every[:MAX_SHOWN])}" + (", ..." if len(every) > MAX_SHOWN else "")


def slug(title: str) -> str:
    """Return the name that a title makes: its words in lower case with hyphens; "" where it has no letter or digit."""
    plain = unicodedata.normalize("NFKD", _TITLE_WORDS.sub(" ", title)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def name_of(text: str) -> str:
    """Return the name of the procedure that a text means: the name itself, or that of its title."""
    return text if NAME.fullmatch(text) else slug(text) or text
