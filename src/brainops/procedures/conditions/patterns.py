"""Does a text match a regular expression, in time that grows with the text only? (pure)

The part of RE2's syntax that policies use, with RE2's meaning: ASCII classes, a dot that stops at a line's end, `$` at
the very end. Matching walks a set of states (Thompson, "Regular expression search algorithm", CACM 11(6), 1968) and
remembers each step, so that no pattern explodes as it can in Python's `re`.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

MAX_PROGRAM = 2_000  # instructions of one pattern; (a{100}){100} would be 10,000
MAX_REPEAT = 1_000  # RE2's own
MAX_NESTING = 32  # groups inside each other
MAX_REMEMBERED = 5_000  # steps of one pattern; beyond, they are forgotten and found again
MAX_TEXT = 100_000  # characters of a text that is matched
KEPT_PATTERNS = 512

Ranges = tuple[tuple[int, int], ...]

LAST = 0x10FFFF
DIGITS: Ranges = ((48, 57),)
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
CLASSES = {"d": DIGITS, "w": WORD, "s": SPACE}
CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
FOLDS = {107: 0x212A, 115: 0x17F}  # k and s have a third case each: the Kelvin sign and the long s


class _Unknown(Exception):
    pass


class _State(Struct):
    """Which instructions may come next, and what stood before: the text's start, a word's character, or another."""

    at: frozenset[int]
    before: str
    steps: dict[str, _State | None] = {}


class Pattern:
    """A compiled pattern. Safe between threads: what is remembered is only ever added or replaced whole."""

    def __init__(self, program: list[tuple[str, object]]) -> None:
        self._program = program
        self._states: dict[tuple[frozenset[int], str], _State] = {}
        self._remembered = 0

    def search(self, text: str) -> bool:
        """Say whether the pattern matches somewhere in the text."""
        state = self._state(frozenset(), "start")
        for character in text:
            steps = state.steps
            if character in steps:
                following = steps[character]
            else:
                following = self._step(state, character)
                self._remembered += 1
                if self._remembered > MAX_REMEMBERED:
                    self._states, self._remembered = {}, 0
                steps[character] = following
            if following is None:
                return True
            state = following
        return self._closed(state, "end") is None

    def _state(self, at: frozenset[int], before: str) -> _State:
        return self._states.setdefault((at, before), _State(at=at, before=before))

    def _step(self, state: _State, character: str) -> _State | None:
        after = "word" if _within(ord(character), WORD) else "other"
        reached = self._closed(state, after)
        if reached is None:
            return None
        code = ord(character)
        following = frozenset(here + 1 for here in reached if _within(code, self._program[here][1]))  # type: ignore[arg-type]
        return self._state(following, after)

    def _closed(self, state: _State, after: str) -> list[int] | None:
        """Return the character sets that may take the next character; None where the pattern has matched already."""
        seen: set[int] = set()
        open_, reached = [0, *state.at], []
        while open_:
            here = open_.pop()
            if here in seen:
                continue
            seen.add(here)
            match self._program[here]:
                case "match", _:
                    return None
                case "set", _:
                    reached.append(here)
                case "split", (int() as one, int() as other):
                    open_ += (one, other)
                case "jump", int() as there:
                    open_.append(there)
                case "assert", str() as what:
                    if _holds(what, state.before, after):
                        open_.append(here + 1)
        return reached


def _within(code: int, ranges: Ranges) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _holds(what: str, before: str, after: str) -> bool:
    match what:
        case "start":
            return before == "start"
        case "end":
            return after == "end"
        case _:  # boundary
            return (before == "word") != (after == "word")


@lru_cache(maxsize=KEPT_PATTERNS)
def pattern(source: str) -> Pattern | None:
    """Return the compiled pattern; None where it uses what is not known here, or is too large."""
    try:
        return Pattern(_PatternReader(source).program())
    except _Unknown:
        return None


Program = list[tuple[str, object]]
"""Instructions with relative jumps while they are put together."""


class _PatternReader:
    """Reads a pattern into a program by descending."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._fold = self._dot_all = False
        self._nesting = 0
        if source.startswith("(?"):
            flags, closed, _ = source[2:].partition(")")
            if closed and flags and set(flags) <= {"i", "s"}:
                self._fold, self._dot_all = "i" in flags, "s" in flags
                self._at = len(flags) + 3

    def program(self) -> Program:
        program = self._alternatives()
        if self._at < len(self._source):
            raise _Unknown
        placed: Program = []
        for here, (what, detail) in enumerate([*program, ("match", None)]):
            match what, detail:
                case "split", (int() as one, int() as other):
                    placed.append((what, (here + one, here + other)))
                case "jump", int() as far:
                    placed.append((what, here + far))
                case _:
                    placed.append((what, detail))
        return placed

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _alternatives(self) -> Program:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _Unknown
        program = self._sequence()
        while self._peek() == "|":
            self._at += 1
            other = self._sequence()
            program = [("split", (1, len(program) + 2)), *program, ("jump", len(other) + 1), *other]
        self._nesting -= 1
        return program

    def _sequence(self) -> Program:
        program: Program = []
        while self._peek() not in ("", "|", ")"):
            program += self._repeated()
            if len(program) > MAX_PROGRAM:
                raise _Unknown
        return program

    def _repeated(self) -> Program:
        program = self._atom()
        counts = self._counts()
        if counts is None:
            return program
        if program and program[0][0] == "assert":
            raise _Unknown
        if self._peek() == "?":  # lazy: the same texts match
            self._at += 1
        if self._peek() in ("*", "+", "?", "{"):
            raise _Unknown
        least, most = counts
        if len(program) * max(least, most or 0) > MAX_PROGRAM:
            raise _Unknown
        repeated = program * least
        if most is None:
            return [*repeated, ("split", (1, len(program) + 2)), *program, ("jump", -len(program) - 1)]
        for _ in range(most - least):
            repeated += [("split", (1, len(program) + 1)), *program]
        return repeated

    def _counts(self) -> tuple[int, int | None] | None:
        match self._peek():
            case "*":
                counts: tuple[int, int | None] = (0, None)
            case "+":
                counts = (1, None)
            case "?":
                counts = (0, 1)
            case "{":
                return self._braces()
            case _:
                return None
        self._at += 1
        return counts

    def _braces(self) -> tuple[int, int | None]:
        inside, closed, _ = self._source[self._at + 1 :].partition("}")
        first, comma, last = inside.partition(",")
        digits = first.isascii() and first.isdigit() and (last == "" or (last.isascii() and last.isdigit()))
        if not closed or not digits or len(first) > 4 or len(last) > 4:
            raise _Unknown
        least = int(first)
        most = int(last) if last else (None if comma else least)
        if least > MAX_REPEAT or (most is not None and (most > MAX_REPEAT or most < least)):
            raise _Unknown
        self._at += len(inside) + 2
        return least, most

    def _atom(self) -> Program:
        character = self._peek()
        self._at += 1
        match character:
            case "(":
                return self._group()
            case "[":
                return [("set", self._brackets())]
            case ".":
                return [("set", ((0, LAST),) if self._dot_all else ((0, 9), (11, LAST)))]
            case "^":
                return [("assert", "start")]
            case "$":
                return [("assert", "end")]
            case "\\":
                return self._escape()
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise _Unknown
        return [("set", self._folded(((ord(character), ord(character)),)))]

    def _group(self) -> Program:
        if self._peek() == "?":
            if not self._source.startswith("?:", self._at):
                raise _Unknown
            self._at += 2
        program = self._alternatives()
        if self._peek() != ")":
            raise _Unknown
        self._at += 1
        return program

    def _escape(self) -> Program:
        character = self._peek()
        assertion = {"A": "start", "z": "end", "b": "boundary"}.get(character)
        if assertion:
            self._at += 1
            return [("assert", assertion)]
        return [("set", self._folded(self._escaped()))]

    def _escaped(self) -> Ranges:
        character = self._peek()
        self._at += 1
        if character.lower() in CLASSES and character:
            return CLASSES[character] if character.islower() else inverted(CLASSES[character.lower()])
        if character in CONTROLS:
            return ((CONTROLS[character], CONTROLS[character]),)
        if character == "x":
            digits = self._source[self._at : self._at + 2]
            if len(digits) != 2 or not set(digits) <= set("0123456789abcdefABCDEF"):
                raise _Unknown
            self._at += 2
            return ((int(digits, 16), int(digits, 16)),)
        if not character or not character.isascii() or character.isalnum() or character == "_":
            raise _Unknown
        return ((ord(character), ord(character)),)

    def _brackets(self) -> Ranges:
        negated = self._peek() == "^"
        self._at += negated
        if self._peek() == "]":
            raise _Unknown
        ranges: list[tuple[int, int]] = []
        while (character := self._peek()) != "]":
            if not character or self._source.startswith("[:", self._at):
                raise _Unknown
            first = self._bracket_part()
            if self._peek() == "-" and self._source[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._bracket_part()
                if len(first) > 1 or len(last) > 1 or first[0][0] != first[0][1] or first[0][0] > last[0][0]:
                    raise _Unknown
                if last[0][0] != last[0][1]:
                    raise _Unknown
                first = ((first[0][0], last[0][0]),)
            ranges += first
        self._at += 1
        folded = self._folded(tuple(ranges))
        return inverted(folded) if negated else folded

    def _bracket_part(self) -> Ranges:
        character = self._peek()
        self._at += 1
        if character == "\\":
            return self._escaped()
        if character == "-" and self._peek() != "]":
            raise _Unknown  # RE2 takes a bare dash at the ends only
        return ((ord(character), ord(character)),)

    def _folded(self, ranges: Ranges) -> Ranges:
        """Return the ranges with both cases of each letter, where the pattern asks for it."""
        if not self._fold:
            return ranges
        if any(last > 127 and (first, last) != (0, LAST) for first, last in ranges):
            raise _Unknown
        letters = {
            code
            for first, last in ranges
            for code in range(first, min(last, 127) + 1)
            if 65 <= code <= 90 or 97 <= code <= 122
        }
        cases = {code ^ 32 for code in letters} | {FOLDS[code | 32] for code in letters if code | 32 in FOLDS}
        return (*ranges, *((code, code) for code in sorted(cases)))


def inverted(ranges: Ranges) -> Ranges:
    """Return every character that the ranges leave out."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for first, last in sorted(ranges):
        if first > start:
            gaps.append((start, first - 1))
        start = max(start, last + 1)
    return (*gaps, (start, LAST)) if start <= LAST else tuple(gaps)
