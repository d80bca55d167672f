"""What does a sentence say, by a closed grammar of connectives: do, if, else, skip, go, end, or nothing to do? (pure)

A connective that is left over in a sentence makes it an open question: nothing that limits or orders is passed over.
"""

from __future__ import annotations

import re

from brainops.procedures.english import patterns, vocabulary
from brainops.procedures.english.instructions import (
    acts_of,
    begins_act,
    imperative,
    inside_marks,
    is_instruction,
    sentences,
    without_lead,
)
from brainops.procedures.english.units import Do, EndPoint, Fork, Jump, Or, Reply, Say, Skip, Unit, every
from brainops.procedures.english.vocabulary import begins_instruction, deed, words

SENTENCE_LIMIT = 2_000
"""Characters of a sentence that is read: some readers try each of its commas, so that time grows by the square."""
TOO_LONG = "what is to be done here? Make several sentences of it"
DEPTH_LIMIT = 6
"""Conditions inside one sentence; one with more is asked about."""
WHERE_ENDS = "where does the condition end, and what is to be done then?"
WHOSE_CONDITION = "does the condition hold for all of these acts, or for the last one only?"
AT_WHICH = "after which steps is this looked at?"
WHAT_IS_IT = "is it a step, a condition, or only an explanation?"
WHICH_STEP = "which step is meant?"
WHAT_ENDS = "does everything end there, or is this a step like others?"


def clauses(text: str) -> list[Unit]:
    """Return what the sentences of a text say, in their order."""
    found: list[Unit] = []
    for sentence in sentences(text):
        said = read_sentence(sentence)
        for each in every(said):
            if isinstance(each, Do):
                each.said = sentence
        found += said
    return found


def read_sentence(sentence: str, depth: int = 0, *, told: bool = False) -> list[Unit]:
    """Return what one sentence says; `told` where it follows from a condition, so that it is hardly an explanation."""
    text = sentence.strip()
    if not re.search(r"\w", text):
        return []
    if len(text) > SENTENCE_LIMIT:
        return [Do(text=text, why=TOO_LONG)]
    if depth > DEPTH_LIMIT:
        return [Do(text=text, why=WHERE_ENDS)]
    if match := patterns.AS_IT_STANDS.match(text):
        return [Do(text=text[match.end() :])]
    if match := patterns.NOTE.match(text):
        inner = read_sentence(text[match.end() :], depth + 1)
        return [Say(text=text)] if all(isinstance(each, Say | Do) for each in inner) else inner
    text, leads = without_lead(text)
    if aside := re.search(
        r"\s*\(((?:optional|only|if|unless|skip|not needed|not necessary|not required)\b[^)]*)\)", text, re.I
    ):
        rest = f"{text[: aside.start()]}{text[aside.end() :]}"
        if aside[1].lower() == "optional":
            text, leads = rest, {*leads, "optional"}
        elif is_instruction(rest) and (re.search(r"\w", text[aside.end() :]) or len(acts_of(rest)) > 1):
            return [Do(text=text, why=WHOSE_CONDITION)]
        elif is_instruction(rest):
            return [*read_sentence(rest, depth + 1), *read_sentence(aside[1], depth + 1)]
    if (last := patterns.PLACED.search(text)) and is_instruction(text):
        text, leads = text[: last.start()], {*leads, "first" if last[1].lower() == "first" else "before"}
    for reader in READERS:
        if (found := reader(text, depth)) is not None:
            return _led(found, leads, text)
    return _led(_plain(text, sentence, told), leads, text)


def _led(found: list[Unit], leads: set[str], text: str) -> list[Unit]:
    """Give what was said the place that its first words name."""
    if "optional" in leads and len(found) == 1 and isinstance(found[0], Say) and not found[0].caution:
        found = [Do(text=text)]
    acts = [each for each in found if isinstance(each, Do)]
    if "other" in leads:
        return [Or(text=text, then=found)] if acts else found
    if acts:
        acts[0].optional = "optional" in leads
        acts[0].then = "then" in leads
        acts[0].place = "before" if "before" in leads else "first" if "first" in leads else acts[0].place
        if "before" in leads:
            for each in acts[1:]:
                each.place = "before"
    return found


def _plain(text: str, sentence: str, told: bool) -> list[Unit]:
    if forbidden := patterns.NOT.match(text):
        rest = text[forbidden.end() :]
        if (
            patterns.LIMITS.search(rest)
            or patterns.WHEN.search(rest)
            or any(is_instruction(rest[each.end() :]) for each in patterns.BUT.finditer(rest))
        ):
            return [Do(text=text, why=WHAT_IS_IT)]
        return [Say(text=text, caution=True)]
    means = any(is_instruction(text[each.end() :]) for each in patterns.MEANS.finditer(text))
    if is_instruction(text) or (told and imperative(text)):
        unread = patterns.SUFFIX.search(text) if words(text)[0] not in vocabulary.ASKING else None
        limited = (means or patterns.LIMITS.search(text)) and not text.lower().endswith("instead.")
        if (unread and unread["word"].lower() not in ("provided", "as long as", "if")) or limited:
            return [Do(text=text, why=WHAT_IS_IT)]
        acts = [text] if patterns.HELD.match(text) else acts_of(text)
        return [Do(text=each) for each in acts]
    if means or patterns.LIMITS.search(sentence):
        return [Do(text=sentence, why=WHAT_IS_IT)]
    return [Say(text=text, caution=bool(patterns.FORBIDDEN.search(text)))]


def _consequence(text: str, depth: int) -> list[Unit]:
    text = re.sub(r"(?i)^(?:then|please|so)\b[ ,:]*", "", text.strip(" ,;:\u2013\u2014-")).strip()
    if reference := re.match(rf"(?i)^(?:see|refer to|consult|use|apply)\s+{patterns.TARGET}[.]?$", text):
        return [Jump(text=text, target=reference[1])]
    return read_sentence(text, depth + 1, told=True)


def _answer(text: str, depth: int) -> list[Unit] | None:
    match = patterns.ANSWER.match(text)
    return match and [Reply(text=text, yes=match[1].lower() == "yes", then=_consequence(match[2], depth))]


def _in_that_case(text: str, depth: int) -> list[Unit] | None:
    match = patterns.IN_THAT_CASE.match(text)
    return match and [Reply(text=text, yes=True, said=False, then=_consequence(match[1], depth))]


def _else(text: str, depth: int) -> list[Unit] | None:
    if (match := patterns.ELSE.match(text)) is None:
        return None
    then = re.sub(r"(?i)^(?:but|and) (?:if )?(?=[^,]+, \S)", "if ", match[1])  # "if not, but X, Y"
    return [Reply(text=text, yes=False, said=False, then=_consequence(then, depth))]


def _forked(text: str, condition: str, then: list[Unit], otherwise: list[Unit], *, turned: bool = False) -> list[Unit]:
    """Return what is done when a condition holds and when not; the other way round where it is `turned`."""
    then, otherwise = (otherwise, then) if turned else (then, otherwise)
    condition = condition.strip(" .,;:?")
    for branch, wanted in ((then, False), (otherwise, True)):
        if len(branch) == 1 and isinstance(skip := branch[0], Skip) and not skip.condition:
            skip.condition, skip.wanted, skip.text = condition, wanted, text
            return [skip]
    told = " ".join(each.text for each in then if isinstance(each, Say))
    if forbidden := [each for each in (*then, *otherwise) if isinstance(each, Say) and each.caution]:
        alone, told_so = len(then) + len(otherwise) == 1, forbidden[0].text
        act = patterns.NOT.sub("", told_so).rstrip(".")
        if not alone or (act == told_so.rstrip(".") and patterns.FORBIDS.search(told_so)):
            return [Do(text=text, why=WHICH_STEP)]
        if act == told_so.rstrip("."):
            return [Say(text=text, caution=True)]
        return [Skip(text=text, condition=condition, wanted=bool(otherwise), steps=(f"= {act}",))]
    if then and not otherwise and isinstance(last := then[-1], Do) and re.search(r"(?i)\binstead[.]?$", last.text):
        return [Or(text=text, then=then, condition=condition)]
    return [Fork(question=condition, text=text, yes=then, no=otherwise, concluded=told)]


def _conditional(text: str, depth: int) -> list[Unit] | None:
    match = patterns.CONDITION.match(text)
    if match is None:
        return None
    word, rest = match[1].lower(), match[2].strip()
    if (word == "should" and not re.search(r"[,:]", rest)) or (word == "while" and rest.startswith(("you ", "we "))):
        return None
    rest, *alternative = patterns.TAIL_ELSE.split(rest, maxsplit=1)
    condition, consequence = split_condition(rest)
    if condition is None:
        return [Do(text=text, why=WHERE_ENDS)]
    if re.search(r"(?i)\bat any (?:point|time|stage)\b|\bany (?:of the(?:se)? )?steps?\b", condition):
        return [Do(text=text, why=AT_WHICH)]
    then, otherwise = _consequence(consequence, depth), _consequence(" ".join(alternative), depth)
    if word == "while":
        then = [Do(text=text)] if any(isinstance(each, Do) for each in then) else then
    explains = bool(then) and not otherwise and all(isinstance(each, Say) and not each.caution for each in then)
    if explains and word in ("when", "whenever", "where"):
        return [Say(text=text)]
    return _forked(text, condition, then, otherwise, turned=word == "unless")


def split_condition(text: str) -> tuple[str | None, str]:
    """Return the condition and what follows from it; (None, text) where the two cannot be told apart."""
    if (arrow := re.search(r"\s*(?:\u2192|->|=>|\u21d2)\s*", text)) and arrow.start() > 0:
        return text[: arrow.start()], text[arrow.end() :]
    then = re.search(r"(?i)[ ,;:]+then\b[ ,:]*", text)
    if then and _follows(text[then.end() :]) and not re.search(r"[,:]\s", text[: then.start()]):
        return text[: then.start()], text[then.end() :]
    cuts = [m for m in re.finditer(r"[,:;](?=\s|$)|\s[\u2013\u2014-]\s", text) if not inside_marks(text, m.start())]
    for cut in cuts:
        rest = text[cut.end() :].strip()
        if text[cut.start()] == ":" or not rest or _follows(rest):
            return text[: cut.start()].strip(), rest
    if cuts:
        return text[: cuts[0].start()].strip(), text[cuts[0].end() :].strip()
    plain = text.rstrip(" .:")
    if modal := re.search(
        r"(?i)(?<=\w) (?=(?:you|we|they) (?:can|should|must|need to|have to|may|might|could|ought)\b)", plain
    ):
        return plain[: modal.start()], plain[modal.end() :]
    found = words(plain)
    for position in range(3, len(found)):
        if found[position] in vocabulary.VERBS and any(word in vocabulary.FINITE for word in found[1:position]):
            start = list(re.finditer(vocabulary.WORD, plain, re.I))[position].start()
            following = found[position + 1] if position + 1 < len(found) else ""
            object_ = following in vocabulary.OBJECTS or (following and found[position] not in vocabulary.NOUNS)
            if object_ and begins_instruction(plain[start:]) and found[position - 1] not in vocabulary.AUXILIARIES:
                return plain[:start].strip(), plain[start:].strip()
    return (plain, "") if text.rstrip().endswith(":") or len(found) <= 14 else (None, text)


def _follows(rest: str) -> bool:
    """Say whether a clause can be what follows from a condition, not one more part of it."""
    text, _ = without_lead(rest)
    return is_instruction(text) or any(pattern.match(text) for pattern in patterns.FOLLOWS)


def _head(text: str, depth: int) -> list[Unit] | None:
    """For amounts above 500, ask; Contractors only: ask; Cluster degraded -> call."""
    match = patterns.HEAD.match(text)
    if match is None or not _follows(match["then"]):
        return None
    what = match["what"] or match["band"] or match["arrow"]
    place = (match["for"] or "for").lower() != "for" or not words(what) or words(what)[0] in patterns.NO_CASE
    if is_instruction(what) or (match["for"] and place and not re.search(rf"(?i)\b{patterns.BAND}(?:\s|$)", what)):
        return None
    return _forked(text, re.sub(r"(?i) only$", "", what), *_both(match["then"], depth))


def _both(text: str, depth: int) -> tuple[list[Unit], list[Unit]]:
    then, *otherwise = patterns.TAIL_ELSE.split(text, maxsplit=1)
    return _consequence(then, depth), _consequence(" ".join(otherwise), depth)


def _question(text: str, depth: int) -> list[Unit] | None:
    if not text.endswith("?") or len(words(text)) < 2 or is_instruction(text):
        return None
    return [Fork(question=text.rstrip("?"), text=text)]


def _gate(text: str, depth: int) -> list[Unit] | None:
    """Do not proceed unless X; only continue if X; stop the release when X; do not drop it until X."""
    end: list[Unit] = [EndPoint(kind="stopped", text=text)]
    if match := patterns.GATE.match(text):
        word, condition = (match["word"] or "").lower(), (match["condition"] or "").rstrip(".")
        if not word:
            return end
        if word == "without" or word == "before":
            if act := deed(condition):
                return [Do(text=act)]
            condition = f"there is {condition}" if word == "without" else condition
        if word in ("until", "before", "unless and until"):
            return [Do(text=f"Wait until {condition}")]
        return _forked(text, condition, [], end, turned=word not in ("unless", "without"))
    if (match := patterns.ONLY_GO.match(text)) and not patterns.GO.match(text):
        if match["word"].lower().endswith(("once", "after")):
            return [Do(text=deed(match["condition"]) or f"Wait until {match['condition'].rstrip('.')}")]
        return _forked(text, match["condition"], [], end)
    if match := patterns.NEVER.match(text):
        word, condition = match["word"].lower(), match["condition"].rstrip(".")
        if word in ("until", "unless and until", "before"):
            return [Do(text=(word == "before" and deed(condition)) or f"Wait until {condition}", before=match["act"])]
        return [Skip(text=text, condition=condition, wanted=word == "unless", steps=(f"= {match['act']}",))]
    return None


def _end(text: str, depth: int) -> list[Unit] | None:
    """Stop here; abort the release if it fails; nothing is to be done; escalate to the vendor."""
    if patterns.NOTHING_MORE.match(text) or patterns.NOTHING.match(text):
        return [EndPoint(kind="resolved", text=text)]
    if (match := patterns.ABORT.match(text)) is not None:
        what = words(
            re.sub(r"(?i)^\s*(?:and|the|this|everything|here|there|at once|immediately|now)\b", "", match["what"])
        )
        rest = re.match(r"(?i)\s*(?:here |there )?and\s+(.+)", match["what"])
        everything = not what or what[-1] in vocabulary.PROCESSES
        if rest and is_instruction(rest[1]):
            then: list[Unit] = [*read_sentence(rest[1], depth + 1), EndPoint(kind="stopped", text=text)]
        elif everything:
            then = [EndPoint(kind="stopped", text=text)]
        elif match["verb"].lower() in ("abort", "bail out", "give up", "quit"):
            then = [Do(text=text, why=WHAT_ENDS)]
        else:
            return None
        return (
            _forked(text, match["condition"], then, [], turned=match["word"].lower() == "unless")
            if match["word"]
            else then
        )
    if patterns.ESCALATE.match(text) and not patterns.SUFFIX.search(text):
        return [EndPoint(kind="escalated", text=text)]
    return None


def _skip(text: str, depth: int) -> list[Unit] | None:
    """Skip this step if X; steps 1 and 2 can be left out if X; only needed if X; skip step 3 (behind a condition)."""
    if bare := patterns.SKIP_BARE.match(text):
        return [Skip(text=text, condition="", wanted=False, steps=_numbers(bare[1] or ""))]
    if re.fullmatch(r"(?i)(?:this|the|that)(?: step| item)? is optional[.]?", text):
        return [Skip(text=text, condition="the optional step that follows is wanted", wanted=True)]
    match = patterns.SKIP.match(text)
    if match is None or patterns.GO.match(text):
        return None
    how = match["how"] if match["how"] is not None else "skip"
    left_out = bool(patterns.LEFT_OUT.search(how))
    if not (left_out or patterns.WANTED.search(how)) or (
        is_instruction(text) and match["how"] is not None and not match["named"]
    ):
        return None
    wanted = (not left_out) != (match["word"].lower() == "unless")
    steps = _numbers(match["steps"] or match["named"] or "")
    return [Skip(text=text, condition=match["condition"].rstrip("."), wanted=wanted, steps=steps)]


def _numbers(text: str) -> tuple[str, ...]:
    if re.search("next|following", text):
        return ("next",)
    found = re.findall(r"\d+(?:\.\d+)*", text)
    if re.search(r"\bto\b|through|[\u2013-]", text) and len(found) == 2 and all(each.isdigit() for each in found):
        return tuple(str(number) for number in range(int(found[0]), min(int(found[1]), int(found[0]) + 200) + 1))
    return tuple(found)


def _jump(text: str, depth: int) -> list[Unit] | None:
    if patterns.GO_NEXT.match(text) and not patterns.SUFFIX.search(text):
        return [Jump(text=text, target="next")]
    if (match := patterns.GO.match(text)) and not re.match(
        r"(?i)\s*(?:before|after|until|till|to|and|through|,)\b", match[2]
    ):
        if re.search(r"(?i)\b(?:until|till)\b", match[2]):
            return [Do(text=text)]
        tail = re.search(r"(?i)^[ ,]*\b(if|when|unless)\s+(.+)$", match[2])
        go: list[Unit] = [Jump(text=text, target=match[1])]
        return _forked(text, tail[2], go, [], turned=tail[1].lower() == "unless") if tail else go
    if re.match(
        r"(?i)(?:start over|start again|begin again|repeat (?:the|this) (?:whole )?(?:procedure|process))[.]?$", text
    ):
        return [Jump(text=text, target="start")]
    return None


def _appended(text: str, depth: int) -> list[Unit] | None:
    """Restart it or, if that fails, reboot it; restart it, and if it hangs, kill it."""
    for match in patterns.APPENDED.finditer(text):
        main, rest = text[: match.start()], text[match.end() :]
        if not inside_marks(text, match.start()) and is_instruction(main) and not patterns.SUFFIX.search(main):
            return [*read_sentence(main, depth + 1), *read_sentence(rest, depth + 1)]
    return None


def _either(text: str, depth: int) -> list[Unit] | None:
    match = patterns.EITHER.match(text)
    if match is None or not (is_instruction(match["one"]) and is_instruction(match["other"])):
        return None
    other = Or(text=text, then=read_sentence(match["other"], depth + 1))
    return [*read_sentence(match["one"], depth + 1), other]


def _suffixed(text: str, depth: int) -> list[Unit] | None:
    """Restart it if it hangs; restart it unless somebody works on it."""
    for match in patterns.SUFFIX.finditer(text):
        main, condition = text[: match.start()].strip(), text[match.end() :].rstrip(".").strip()
        first, word = (words(main) or [""])[0], match["word"].lower()
        if inside_marks(text, match.start()) or not is_instruction(main) or not condition:
            continue
        asks = re.search(r"(?i)\b(?:check|see|know|ask|whether|confirm|verify|determine)\b[\w ]{0,30}$", main)
        if word == "if" and not match["comma"] and (first in vocabulary.ASKING or asks):
            continue
        if re.search(r"(?i)\b(?:even|as)$", main):
            return [Do(text=text)]
        held_back = re.search(r"(?i),?\s+(?:(?:but|just|though)\s+)?(?:not|never)$", main)  # but not if a backup runs
        if held_back and word == "if" and is_instruction(main[: held_back.start()]):
            main = main[: held_back.start()]
        elif held_back or main.lower().endswith("however"):
            return [Do(text=text, why=WHOSE_CONDITION)]
        condition, *alternative = patterns.TAIL_ELSE.split(condition, maxsplit=1)
        condition, *case = re.split(r"(?i),? in (?:which|that) case,? ", condition, maxsplit=1)
        condition, *after = re.split(r"(?i),?\s+(?:and )?then\s+", condition, maxsplit=1)
        tail = next((m for m in patterns.SEPARATOR.finditer(condition) if begins_act(condition[m.end() :])), None)
        if tail and "," not in tail[0]:
            return [Do(text=text, why=WHERE_ENDS)]
        if tail:
            condition, after = condition[: tail.start()], [condition[tail.end() :]]
        if (len(acts_of(main)) > 1 and not match["comma"]) or re.search(r"(?i)\bor\b", main):
            return [Do(text=text, why=WHOSE_CONDITION)]
        then, otherwise = _consequence(main, depth), _consequence(" ".join([*alternative, *case]), depth)
        if case and not word.startswith(("unless", "except")):
            then, otherwise = [*then, *otherwise], []
        turned = bool(held_back) or word.startswith(("unless", "except"))
        if len(then) > 1 and turned and not alternative:  # the exception of what was told last
            last = _forked(text, condition, then[-1:], [], turned=True)
            return [*then[:-1], *last, *_consequence(" ".join(after), depth)]
        return [*_forked(text, condition, then, otherwise, turned=turned), *_consequence(" ".join(after), depth)]
    return None


def _ordered(text: str, depth: int) -> list[Unit] | None:
    """Before X, Y; after X, Y; Y before X; Y after X: Y with its order to X."""
    if match := patterns.ORDER.match(text):
        word, (other, main) = match[1].lower(), split_condition(match[2])
        if other is not None and main and _follows(main):
            return _with(list(_consequence(main, depth)), word, other, text)
        return None
    for match in patterns.LATER.finditer(text):
        main, other = text[: match.start()].strip(), text[match.end() :].rstrip(".").strip()
        main = re.sub(r"(?i),?\s+(?:but )?only$", "", main)
        if is_instruction(main) and not inside_marks(text, match.start()) and not patterns.REPEAT.search(text):
            return _with(list(_consequence(main, depth)), match[1].lower(), other, text)
    return None


def _with(found: list[Unit], word: str, other: str, text: str) -> list[Unit]:
    """Give the order to the last (before) or the first (after) of the steps; a fork hands it on to all inside."""
    acts = [each for each in every(found) if isinstance(each, Do)]
    if not acts:
        return found if all(isinstance(each, Say) for each in found) else [Do(text=text, why=WHAT_IS_IT)]
    if word in ("before", "prior to", "ahead of"):
        if patterns.BEGIN.match(other):
            acts[0].place = "start"
        elif not patterns.GO_FURTHER.match(other):
            for each in acts:
                each.before = other
    else:
        for each in acts:
            each.after = other
            each.name = ""
    return found


def _sequence(text: str, depth: int) -> list[Unit] | None:
    """Roll back and stop; open the case, then go to step 3: an act, and then something that is no act."""
    for match in patterns.SEPARATOR.finditer(text):
        one, other = text[: match.start()], text[match.end() :]
        special = any(
            pattern.match(other)
            for pattern in (patterns.GO, patterns.GO_NEXT, patterns.NOTHING_MORE, patterns.ESCALATE)
        ) or (
            (stop := patterns.ABORT.match(other)) is not None
            and not stop["word"]
            and (not words(stop["what"]) or words(stop["what"])[-1] in vocabulary.PROCESSES)
        )
        if special and not inside_marks(text, match.start()) and (is_instruction(one) or imperative(one)):
            return [*read_sentence(one, depth + 1, told=True), *read_sentence(other, depth + 1)]
    return None


READERS = (
    _answer,
    _in_that_case,
    _else,
    _gate,
    _skip,
    _conditional,
    _head,
    _question,
    _jump,
    _sequence,
    _end,
    _appended,
    _either,
    _suffixed,
    _ordered,
)
"""Each takes the sentences that it knows; the first that knows one reads it."""
