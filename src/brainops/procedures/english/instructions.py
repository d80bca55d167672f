"""Which sentences has a paragraph, which acts a sentence, and does it tell somebody to do something? (pure)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from brainops.procedures.english import patterns, vocabulary
from brainops.procedures.english.vocabulary import base_form, begins_instruction, words


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph; a full stop inside code, a number or an abbreviation ends none."""
    found, start, code = [], 0, False
    for match in re.finditer(
        r"`+|(?<=[.!?])[\"\u201d')]?\s+(?=[\"\u201c'(\[`*]?[A-Z0-9`\[])|(?<=[.!?])\s*\n|\s;\s|;\s+(?=[a-z])", text
    ):
        piece = text[start : match.start()].strip()
        if match[0].startswith("`"):
            code = not code
        elif not (
            code or (match[0].lstrip().startswith(";") and patterns.TAIL_ELSE.match(text, match.start()))
        ) and not (patterns.ABBREVIATIONS.search(piece) or re.fullmatch(r"\d+\.", piece)):
            found.append(piece + match[0].strip().removesuffix(";"))
            start = match.end()
    found.append(text[start:].strip())
    return [" ".join(piece.split()) for piece in found if re.search(r"\w", piece)]


def without_lead(text: str) -> tuple[str, set[str]]:
    leads: set[str] = set()
    while (match := patterns.LEAD.match(text)) and match.end() < len(text):
        if match["other"] and patterns.CONDITION.match(text[match.end() :]):
            break
        leads |= {name for name, value in match.groupdict().items() if value}
        text = text[match.end() :]
    return text[:1].upper() + text[1:] if text[:1].islower() and not text.startswith("e.g") else text, leads


def imperative(text: str) -> bool:
    """Say whether a clause may tell somebody to do something though its verb is not known: it states nothing."""
    found = words(text)
    return (
        bool(found)
        and found[0] not in vocabulary.NO_VERBS | vocabulary.OBJECTS | vocabulary.FINITE
        and not set(found[1:7]) & vocabulary.FINITE
    )


def acts_of(text: str) -> list[str]:
    """Return the acts of a clause: "drain the node, reboot it and uncordon it" are three, each with its verb."""
    if patterns.REPEAT.search(text):
        return [text]
    found: list[str] = []
    start = 0
    for match in patterns.SEPARATOR.finditer(text):
        rest, before = text[match.end() :], text[start : match.start()]
        if inside_marks(text, match.start()) or not (
            begins_instruction(before) or (not found and is_instruction(before))
        ):
            continue
        first, following = (*words(rest)[:2], "", "")[:2]
        whole = len(words(before)) > 1 and words(before)[-1] not in vocabulary.VERBS - vocabulary.NOUNS
        if whole and (
            begins_act(rest)
            or ("then" in match[0] and is_instruction(rest))
            or (first in {"stop", "abort"} and not following)
        ):
            found.append(before)
            start = match.end()
    found.append(text[start:])
    return [each[:1].upper() + each[1:] if each[:1].islower() else each for each in found]


def begins_act(text: str) -> bool:
    """Say whether a clause behind "and" tells to do something: a verb with its object, not one more noun."""
    first, following = (*words(text)[:2], "", "")[:2]
    noun = first in vocabulary.NOUNS and not (following in vocabulary.OBJECTS or following.isdigit())
    return (
        first in vocabulary.VERBS
        and bool(following)
        and (not noun or text[len(first) :].lstrip().startswith(("`", '"')))
    )


def is_instruction(text: str) -> bool:
    """Say whether a clause tells somebody to do something: by its verb, by "must" or by naming who does it."""
    text, _ = without_lead(text)
    if re.match(r"(?i)only\b.*\b(?:may|can|is allowed|are allowed)\b", text):
        return False
    if begins_instruction(text) or _modal(
        text, (words((patterns.MODAL.match(text) or [""])[2] or "") if patterns.MODAL.match(text) else [])
    ):
        return True
    passive = patterns.PASSIVE.search(text)
    if passive and (base_form(passive[1]) or not passive[1].endswith("ed")):
        return not re.search(r"(?i)should be (?:set|able)", text)
    if purpose := patterns.PURPOSE.match(text):
        rest, _ = without_lead(text[purpose.end() :])
        if begins_instruction(rest) or _modal(rest, []):
            return True
    return _named_actor(text)


def _modal(text: str, subject: Sequence[str]) -> bool:
    """You should restart it; the manager must agree."""
    match = patterns.MODAL.match(text)
    person = match and (match[1] or (subject and subject[-1].removesuffix("s") in vocabulary.ROLES))
    return bool(match and person and match[3].lower() in vocabulary.VERBS - vocabulary.SEEING)


def _named_actor(text: str) -> bool:
    """The manager approves the request; Operator: check the display."""
    found = re.findall(r"[\w-]+:?", re.sub(r"(?i)^(?:the|an?|each|every|your)\s", "", text.lower()))[:6]
    for actor, verb in pairwise(found):
        if actor.rstrip(":").removesuffix("s") in vocabulary.ROLES and verb not in ("then", "also", "first"):
            many = actor.endswith((":", "s"))
            if (
                verb in vocabulary.VERBS
                if many
                else verb not in vocabulary.VERBS | vocabulary.FINITE and bool(base_form(verb))
            ):
                return True
    return False


def inside_marks(text: str, position: int) -> bool:
    """Say whether a place lies inside of code, brackets or quotes."""
    before = text[:position]
    return (
        before.count("`") % 2 == 1
        or before.count("(") > before.count(")")
        or before.count("\u201c") > before.count("\u201d")
    )
