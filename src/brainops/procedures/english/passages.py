"""What is a passage before its sentences are read: a title, a choice, a command, something to do? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from brainops.procedures.english import vocabulary
from brainops.procedures.english.blocks import Block, BlockKind, plain
from brainops.procedures.english.grammar import clauses
from brainops.procedures.english.units import Say
from brainops.procedures.english.vocabulary import base_form, words

TITLE_WORDS = 10
"""Words of a first line that is taken for a title; more are a sentence."""
CHOICE = re.compile(
    r"(?i)\b(?:depending on|one of (?:the|these)|either\b|whichever|choose (?:one|between)|alternatives?\b)"
)
"""A sentence before a list or sections of which one applies, not all."""


def chooses(block: Block) -> bool:
    text = plain(block.text)
    last = text.split(". ")[-1]
    chosen = text.endswith(":") and CHOICE.search(last) is not None and "all of" not in last
    return block.kind is BlockKind.PARAGRAPH and chosen


def gerund(text: str) -> str:
    first = (words(plain(text)) or [""])[0]
    return base_form(first) if first.endswith("ing") else ""


def does_something(block: Block) -> bool:
    if block.kind in (BlockKind.CODE, BlockKind.TABLE):
        return block.kind is BlockKind.CODE and bool(runnable(block))
    said = clauses(plain(block.text))
    told = any(not isinstance(each, Say) for each in said) or bool(gerund(block.text))
    return told or any(does_something(each) for each in block.children)


def flat(content: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks with text, those inside others too."""
    for block in content:
        if block.text.strip():
            yield block
        yield from flat(block.children)


def is_title(block: Block) -> bool:
    """Say whether a first line without a heading's mark is one: short, alone, no sentence."""
    text = block.text.strip()
    alone = block.kind is BlockKind.PARAGRAPH and "\n" not in text
    return alone and len(words(text)) <= TITLE_WORDS and not text.endswith((".", ":", "!", "?", ";", ","))


def runnable(block: Block) -> str:
    """Return the command lines of a code block, "" when it shows something else: output, a file, a query."""
    if block.kind is not BlockKind.CODE:
        return ""
    lines = block.text.splitlines()
    prompted = [line.strip()[2:] for line in lines if re.match(r"\s*[$#] \S", line)]
    if (
        prompted
        and not block.text.lstrip().startswith("# ")
        and block.language in ({"", "text"} | vocabulary.SHELL_LANGUAGES)
    ):
        return "\n".join(prompted)
    first = next((line.strip() for line in lines if line.strip() and not line.strip().startswith("#")), "")
    named = (re.split(r"[\s|;]", first) or [""])[0].split("/")[-1] in vocabulary.COMMANDS or re.match(
        r"[A-Z_][A-Z0-9_]*=|[a-zA-Z_]\w*=\$\(", first
    )
    script = first.startswith(("./", "for ", "while ", "if [", "{", "(", "export ", "set "))
    if block.language in vocabulary.SHELL_LANGUAGES - {"console", "terminal", "shell-session"}:
        return block.text if named or script else ""
    return block.text if named and block.language in ({""} | vocabulary.SHELL_LANGUAGES) else ""
