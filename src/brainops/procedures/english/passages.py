"""What is a passage before its sentences are read: a title, a choice, a label, something to do? (pure)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from brainops.procedures.english.blocks import LABEL, Block, BlockKind, plain
from brainops.procedures.english.sentences import (
    Else,
    Go,
    If,
    Instruction,
    OpenQuestion,
    Reply,
    Say,
    Stop,
    clauses,
)
from brainops.procedures.english.units import runnable
from brainops.procedures.english.vocabulary import ALTERNATIVES, words

TITLE_WORDS = 10
"""Words of a first line that is taken for a title; more are a sentence."""
CHOICE = re.compile(
    r"(?i)\b(?:depending on|one of (?:the|these)|either\b|whichever|choose (?:one|between)|alternatives?\b)"
)
"""A sentence before a list or sections of which one applies, not all."""


def number_of(block: Block) -> str:
    if match := ALTERNATIVES.match(block.text):
        return match[1].lower()
    return block.label


def unlabelled(text: str) -> str:
    match = LABEL.match(text)
    return text[match.end() :] if match else text


def does_something(block: Block) -> bool:
    if block.kind is BlockKind.CODE:
        return bool(runnable(block))
    if block.kind is BlockKind.TABLE:
        return False
    said = clauses(plain(block.text))
    return any(not isinstance(each, Say) for each in said) or any(does_something(each) for each in block.children)


def flat(content: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks with text, those inside others too."""
    for block in content:
        if block.text.strip():
            yield block
        yield from flat(block.children)


def offers_choice(content: Sequence[Block]) -> bool:
    """Say whether a paragraph says that one of the sections below it applies."""
    return any(chooses(one) and other.kind is BlockKind.HEADING for one, other in pairwise(content))


def chooses(block: Block) -> bool:
    text = plain(block.text)
    last = text.split(". ")[-1]
    return (
        block.kind is BlockKind.PARAGRAPH and text.endswith(":") and bool(CHOICE.search(last)) and "all of" not in last
    )


def lead_of(content: Sequence[Block]) -> tuple[list[Block], list[Block]]:
    """Return the one paragraph (and code) that says what a step's heading means, and the rest."""
    lead: list[Block] = []
    for block in content:
        if block.kind not in (BlockKind.PARAGRAPH, BlockKind.CODE):
            break
        lead.append(block)
    kinds = [block.kind for block in lead]
    cut = 2 if kinds[:2] == [BlockKind.PARAGRAPH, BlockKind.CODE] else 1
    if any(runnable(block) for block in lead[cut:] if block.kind is BlockKind.CODE) or not lead:
        return [], list(content)
    lead = lead[:cut]
    for block in lead:
        said = clauses(plain(block.text)) if block.kind is BlockKind.PARAGRAPH else []
        if any(isinstance(each, If | Else | Reply | Go | Stop | OpenQuestion) for each in said):
            return [], list(content)
        if (
            said
            and isinstance(said[-1], Say | Instruction)
            and plain(block.text).endswith(":")
            and len(lead) == 1
            and isinstance(said[-1], Instruction)
        ):
            return [], list(content)
    return lead, list(content[len(lead) :])


def is_open(clause: If | Else | Reply) -> bool:
    return clause.open if isinstance(clause, If) else not clause.then


def is_title(block: Block) -> bool:
    """Say whether a first line without a heading's mark is one: short, alone, no sentence."""
    text = block.text.strip()
    alone = block.kind is BlockKind.PARAGRAPH and "\n" not in text
    return alone and len(words(text)) <= TITLE_WORDS and not text.endswith((".", ":", "!", "?", ";", ","))
