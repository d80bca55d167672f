"""What does a sentence say: do this, if that then this, go there, it ends here, or nothing to be done? (pure)"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from brainops.procedures.english.phrases import (
    ABBREVIATIONS,
    ANSWER,
    ARROW,
    ASKING,
    CONDITION,
    ELSE,
    ESCALATE,
    GENERIC_GO,
    GO,
    GO_NEXT,
    LEAD,
    MODAL,
    NOT,
    NOT_UNTIL,
    PASSIVE,
    PURPOSE,
    SEE,
    SEQUENCE,
    STOP,
    TAIL_ELSE,
)
from brainops.procedures.english.vocabulary import (
    FINITE,
    ROLES,
    VERBS,
    WORD,
    base_form,
    begins_instruction,
    words,
)

DEPTH_LIMIT = 6
"""Conditions inside one sentence; a sentence with more is read as one instruction."""


class Instruction(Struct, frozen=True, kw_only=True):
    """Something to do; `before` and `after` name what it must come before or after, `apart` that it is a step of its
    own though its sentence told another one before it.
    """

    text: str
    before: str = ""
    after: str = ""
    apart: bool = False


class Say(Struct, frozen=True, kw_only=True):
    """A sentence that asks for nothing: an explanation, an expectation or a caution."""

    text: str
    caution: bool = False


class If(Struct, frozen=True, kw_only=True):
    """What is done when a condition holds, and when not; without either the body follows in what comes next."""

    text: str
    condition: str
    then: tuple[Clause, ...] = ()
    otherwise: tuple[Clause, ...] = ()

    @property
    def open(self) -> bool:
        """Say whether the sentence ends with its condition."""
        return not self.then and not self.otherwise


class Else(Struct, frozen=True, kw_only=True):
    """What is done when the condition before it does not hold; open like a condition."""

    text: str
    then: tuple[Clause, ...] = ()


class Reply(Struct, frozen=True, kw_only=True):
    """What is done when a question was answered yes or no."""

    text: str
    yes: bool
    then: tuple[Clause, ...] = ()


class OpenQuestion(Struct, frozen=True, kw_only=True):
    """A question that stands for itself."""

    text: str


class Go(Struct, frozen=True, kw_only=True):
    """Go on at another step; `repeat` holds the steps named in "repeat steps 2 to 4"."""

    text: str
    target: str
    until: str = ""


class Stop(Struct, frozen=True, kw_only=True):
    """Here it ends: resolved, handed over to somebody, or stopped."""

    text: str
    kind: Literal["resolved", "escalated", "stopped"]


Clause = Instruction | Say | If | Else | Reply | OpenQuestion | Go | Stop


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph; a full stop inside code, a number or an abbreviation ends none."""
    found, start = [], 0
    code = False
    for match in re.finditer(
        r"`+|(?<=[.!?])[\"\u201d')]?\s+(?=[\"\u201c'(\[`*]?[A-Z0-9`\[])|(?<=[.!?])\s*\n|\s;\s|;\s+(?=[a-z])", text
    ):
        if match[0].startswith("`"):
            code = not code
        elif not code and not match[0].lstrip().startswith(";"):
            piece = text[start : match.start()].strip()
            if ABBREVIATIONS.search(piece) or re.fullmatch(r"\d+\.", piece):
                continue
            found.append(piece + match[0].strip())
            start = match.end()
    found.append(text[start:].strip())
    return [" ".join(piece.split()) for piece in found if re.search(r"\w", piece)]


def clauses(text: str) -> list[Clause]:
    """Return what the sentences of a text say, in their order."""
    return [clause for sentence in sentences(text) for clause in read_sentence(sentence)]


def read_sentence(sentence: str, depth: int = 0) -> list[Clause]:
    """Return what one sentence says; one that tells two things in order ("X, then Y") is two clauses."""
    text = _without_lead(sentence.strip())
    if not re.search(r"\w", text) or depth > DEPTH_LIMIT:
        return [Instruction(text=text)] if re.search(r"\w", text) else []
    for reader in (_answer, _else, _conditional, _question, _never, _jump, _end, _suffixed, _ordered, _sequence):
        if (found := reader(text, depth)) is not None:
            return found
    if NOT.match(text):
        return [Say(text=text, caution=True)]
    return [Instruction(text=text) if is_instruction(text) else Say(text=text)]


def is_instruction(text: str) -> bool:
    """Say whether a clause tells somebody to do something: by its verb, by "must" or by naming who does it."""
    text = _without_lead(text)
    if begins_instruction(text):
        return True
    if match := MODAL.match(text):
        subject, verb = match[1] or match[2], match[3].lower()
        person = bool(match[1]) or (words(subject)[-1:] or [""])[0].removesuffix("s") in ROLES
        if person and verb in VERBS and verb not in {"see", "find", "observe"}:
            return True
    passive = PASSIVE.search(text)
    if (
        passive
        and (base_form(passive[1]) or not passive[1].endswith("ed"))
        and not re.search(r"(?i)should be (?:set|able)", text)
    ):
        return True
    if purpose := PURPOSE.match(text):
        rest = text[purpose.end() :]
        if begins_instruction(_without_lead(rest)) or _modal_you(rest):
            return True
    return _named_actor(text)


def _modal_you(text: str) -> bool:
    match = MODAL.match(text)
    return bool(match and match[1] and match[3].lower() in VERBS and match[3].lower() not in {"see", "find", "observe"})


def _named_actor(text: str) -> bool:
    """The manager approves the request; Operator: check the display."""
    match = re.match(
        r"(?i)^(?:the |an? |each |every |your )?((?:[\w-]+ ){0,3}?)([\w-]+)(:?) (?:then |also |first |"
        r"next )?([\w-]+)",
        text,
    )
    if match is None or match[2].lower().removesuffix("s") not in ROLES:
        return False
    verb = match[4].lower()
    if match[3] or match[2].lower().endswith("s"):
        return verb in VERBS
    return verb not in VERBS and verb not in FINITE and bool(base_form(verb))


def _without_lead(text: str) -> str:
    while (match := LEAD.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return text[:1].upper() + text[1:] if text[:1].islower() and not text.startswith("e.g") else text


def _consequence(text: str, depth: int) -> tuple[Clause, ...]:
    text = re.sub(r"(?i)^(?:then|please|so)\b[ ,:]*", "", text.strip(" ,;:\u2013\u2014-")).strip()
    if reference := SEE.match(text):
        return (Go(text=text, target=reference[1]),)
    return tuple(read_sentence(text, depth + 1)) if re.search(r"\w", text) else ()


def _answer(text: str, depth: int) -> list[Clause] | None:
    if match := ANSWER.match(text):
        return [Reply(text=text, yes=match[1].lower() == "yes", then=_consequence(match[2], depth))]
    return None


def _else(text: str, depth: int) -> list[Clause] | None:
    if match := ELSE.match(text):
        return [Else(text=text, then=_consequence(match[1], depth))]
    return None


def _conditional(text: str, depth: int) -> list[Clause] | None:
    match = CONDITION.match(text)
    if match is None or (match[1].lower() in ("where", "should", "while") and match[1].lower() == "while"):
        return None
    word, rest = match[1].lower(), match[2].strip()
    if word == "should" and not re.search(r"[,:]", rest):
        return None
    rest, *alternative = TAIL_ELSE.split(rest, maxsplit=1)
    condition, consequence = split_condition(rest)
    if condition is None:
        return None
    then, otherwise = _consequence(consequence, depth), _consequence(" ".join(alternative), depth)
    if word == "unless":
        then, otherwise = otherwise, then
    if then and not otherwise and all(isinstance(each, Say) for each in then) and word in ("when", "whenever", "where"):
        return [Say(text=text)]
    return [If(text=text, condition=condition, then=then, otherwise=otherwise)]


def split_condition(text: str) -> tuple[str | None, str]:
    """Return the condition and what follows from it; (None, text) where the two cannot be told apart."""
    if (arrow := ARROW.search(text)) and arrow.start() > 0:
        return text[: arrow.start()], text[arrow.end() :]
    if then := re.search(r"(?i)[ ,;:]+then\b[ ,:]*", text):
        return text[: then.start()], text[then.end() :]
    cuts = [m for m in re.finditer(r"[,:;](?=\s|$)|\s[\u2013\u2014-]\s", text) if not _inside(text, m.start())]
    for cut in cuts:
        rest = text[cut.end() :].strip()
        if text[cut.start()] == ":" or not rest or _follows(rest):
            return text[: cut.start()].strip(), rest
    if cuts:
        return text[: cuts[0].start()].strip(), text[cuts[0].end() :].strip()
    plain = text.rstrip(" .:")
    found = words(plain)
    for position in range(3, len(found)):
        if found[position] in VERBS and any(word in FINITE for word in found[1:position]):
            start = list(re.finditer(WORD, plain, re.I))[position].start()
            if begins_instruction(plain[start:]) and found[position - 1] not in FINITE | {"to", "not"}:
                return plain[:start].strip(), plain[start:].strip()
    return (plain, "") if text.rstrip().endswith(":") or len(found) <= 14 else (None, text)


def _inside(text: str, position: int) -> bool:
    """Say whether a place lies inside of code, brackets or quotes."""
    before = text[:position]
    return (
        before.count("`") % 2 == 1
        or before.count("(") > before.count(")")
        or before.count("\u201c") > before.count("\u201d")
    )


def _follows(rest: str) -> bool:
    """Say whether a clause can be what follows from a condition, not one more part of it."""
    text = _without_lead(rest)
    return is_instruction(text) or bool(
        GO.match(text)
        or GO_NEXT.match(text)
        or STOP.match(text)
        or ESCALATE.match(text)
        or NOT.match(text)
        or CONDITION.match(text)
    )


def _question(text: str, depth: int) -> list[Clause] | None:
    if not text.endswith("?") or len(words(text)) < 2 or is_instruction(text):
        return None
    return [OpenQuestion(text=text)]


def _never(text: str, depth: int) -> list[Clause] | None:
    """Do not restart it until the backup is done: waiting comes before restarting."""
    match = NOT_UNTIL.match(text)
    if match is None:
        return None
    wait = Instruction(text=f"Wait until {match[2].rstrip('.')}", before="" if GENERIC_GO.match(match[1]) else match[1])
    return [wait]


def _jump(text: str, depth: int) -> list[Clause] | None:
    if GO_NEXT.match(text) and not CONDITION.match(text):
        return [Go(text=text, target="next")]
    if (match := GO.match(text)) and not re.match(r"(?i)\s*(?:before|after)\b", match[2]):
        until = re.search(r"(?i)\b(?:until|till)\s+(.+)$", match[2])
        tail = re.search(r"(?i)^[ ,]*\b(if|when|unless)\s+(.+)$", match[2])
        go = Go(text=text, target=match[1], until=until[1].rstrip(".") if until else "")
        if tail and tail[1].lower() == "unless":
            return [If(text=text, condition=tail[2].rstrip("."), otherwise=(go,))]
        return [If(text=text, condition=tail[2].rstrip("."), then=(go,))] if tail else [go]
    if re.match(
        r"(?i)(?:start over|start again|begin again|repeat (?:the|this) (?:whole )?(?:procedure|process))\b", text
    ):
        return [Go(text=text, target="start")]
    return None


def _end(text: str, depth: int) -> list[Clause] | None:
    if STOP.match(text):
        return [
            Stop(
                text=text,
                kind="resolved" if re.search(r"(?i)\b(?:no|nothing|done|finished|complete)\b", text) else "stopped",
            )
        ]
    if ESCALATE.match(text) and not re.search(r"(?i)\s(?:if|unless|in case|when)\s", text):
        return [Stop(text=text, kind="escalated")]
    return None


def _suffixed(text: str, depth: int) -> list[Clause] | None:
    """Restart it if it hangs; restart it unless somebody works on it."""
    for match in re.finditer(
        r"(?i)(,?)\s+(only if|if|unless|in case(?: of| that)?|except (?:if|when)|only when)\s+", text
    ):
        main, condition = text[: match.start()].strip(), text[match.end() :].rstrip(".").strip()
        first = (words(main) or [""])[0]
        if _inside(text, match.start()) or not is_instruction(main) or not condition:
            continue
        word = match[2].lower()
        if (
            word == "if"
            and not match[1]
            and (
                first in ASKING
                or re.search(r"(?i)\b(?:check|see|know|ask|whether|confirm|verify|determine)\b[\w ]{0,30}$", main)
            )
        ):
            continue
        condition, *alternative = TAIL_ELSE.split(condition, maxsplit=1)
        then, otherwise = _consequence(main, depth), _consequence(" ".join(alternative), depth)
        if word.startswith(("unless", "except")):
            then, otherwise = otherwise, then
        return [If(text=text, condition=condition, then=then, otherwise=otherwise)]
    return None


def _ordered(text: str, depth: int) -> list[Clause] | None:
    """Before X, Y; after X, Y; Y before X; Y after X: the two clauses with their order."""
    if match := re.match(r"(?i)^(before|prior to|after|once|as soon as|upon|following)\s+(.+)$", text, re.S):
        word, (other, main) = match[1].lower(), split_condition(match[2])
        if other is None or not main or not _follows(main):
            return None
        rest = list(_consequence(main, depth))
        if word in ("before", "prior to"):
            return _with(rest, before=other)
        return _with(rest, after=other)
    for match in re.finditer(r"(?i),?\s+(before|prior to|after|once)\s+(?=(?:you |we |the |an? )?[\w-]+)", text):
        main, other = text[: match.start()].strip(), text[match.end() :].rstrip(".").strip()
        if not is_instruction(main) or _inside(text, match.start()) or not deed(other):
            continue
        rest = list(_consequence(main, depth))
        return _with(rest, before=other) if match[1].lower() in ("before", "prior to") else _with(rest, after=other)
    return None


def _with(found: list[Clause], *, before: str = "", after: str = "") -> list[Clause]:
    """Give the order to the last (before) or the first (after) of the instructions."""
    places = [n for n, each in enumerate(found) if isinstance(each, Instruction)]
    if not places:
        return found
    place = places[-1] if before else places[0]
    act = found[place]
    assert isinstance(act, Instruction)
    found[place] = replace(act, before=before or act.before, after=after or act.after)
    return found


def deed(text: str) -> str:
    """Return "restarting the service" or "you restart the service" as an instruction; "" where it is none."""
    text = re.sub(
        r"(?i)^(?:you|we|they|the \w+)\s+(?:have |has |had |are |is )?(?:finished |done |completed )?(?=\w)",
        "",
        text.strip(),
    )
    first, _, rest = text.partition(" ")
    verb = (
        first.lower()
        if first.lower() in VERBS and rest
        else base_form(first)
        if first.lower().endswith(("ing", "ed"))
        else ""
    )
    if not verb or not rest:
        return ""
    return f"{verb.capitalize()} {rest}".rstrip(".,")


def _sequence(text: str, depth: int) -> list[Clause] | None:
    """Stop the service, then start it: two things to do, one after the other."""
    for match in SEQUENCE.finditer(text):
        one, other = text[: match.start()], text[match.end() :]
        if _inside(text, match.start()) or not is_instruction(one) or not _follows(other):
            continue
        rest = read_sentence(other, depth + 1)
        if rest and isinstance(rest[0], Instruction):
            rest[0] = replace(rest[0], apart=True)
        return [*read_sentence(one, depth + 1), *rest]
    return None
