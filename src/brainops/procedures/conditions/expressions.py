"""How does the portable part of CEL read: which tree does a text stand for, and how is the tree written as data? (pure)

The grammar is that of the Common Expression Language (github.com/google/cel-spec, doc/langdef.md) without unsigned and
byte literals, macros other than has(), and map keys other than literal texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from msgspec import Struct

from brainops.errors import InvalidInput

MAX_NESTING = 32  # brackets and unary operators inside each other; what CEL's own parser takes
MAX_DEPTH = 32  # of the tree, which a chain of operators makes deep too; CEL's own limit as well
MAX_INTEGER = 2**63 - 1
MIN_INTEGER = -(2**63)

FUNCTIONS = {"size": 1, "dyn": 1, "matches": 2}
METHODS = {"size": 1, "matches": 2, "startsWith": 2, "endsWith": 2, "contains": 2}
ONLY_CEL = set(
    "all bool bytes double duration exists existsOne exists_one filter getDate getDayOfMonth getDayOfWeek getDayOfYear"
    " getFullYear getHours getMilliseconds getMinutes getMonth getSeconds int map string timestamp type uint".split()
)
KEYWORDS = {"true": True, "false": False, "null": None}
RESERVED = set(
    "as break const continue else for function if import let loop package namespace return var void while".split()
)
PRECEDENCE = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 1),
    **dict.fromkeys(("+", "-"), 2),
    **dict.fromkeys(("*", "/", "%"), 3),
}

_STRING = (
    r"""(?P<raw>[rR]?)(?P<quote>\"\"\"|'''|"|')"""  # the closing quote is looked for by hand: it depends on the opening
)
_TOKEN = re.compile(
    rf"""
    (?P<space>(?:[\ \t\r\n\f]|//[^\n]*)+)
    |(?P<double>(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?))
    |(?P<integer>0x[0-9a-fA-F]+|\d+)
    |(?P<string>{_STRING})
    |(?P<word>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<quoted>`[a-zA-Z0-9_.\-/\ ]+`)
    |(?P<mark>==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()\[\]{{}}])
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:(?P<plain>[abfnrtv\\?\"'`])|[xX](?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-3][0-7]{2})|(?P<bad>.?))",
    re.DOTALL,
)
_NUMBERS = ("integer", "double")
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class NotPortable(Exception):
    """The text may be good CEL, but has no standard-library form; `at` is the offset of what has none."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


class Refused(InvalidInput):
    """The text is not a condition; the message says what is wrong, `at` is its offset."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A value that is written down: null, a bool, an integer, a double or a text."""

    value: bool | int | float | str | None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A variable."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a map; with `asked`, whether it is there: has(of.name)."""

    of: Tree
    name: str
    asked: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list that is written down."""

    parts: tuple[Tree, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A map that is written down."""

    keys: tuple[str, ...]
    parts: tuple[Tree, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operator or function: && and || of any number of parts, == != < <= > >= in + - * / % !_ -_ [] ?: and words."""

    function: str
    parts: tuple[Tree, ...]
    at: int = field(default=0, compare=False)


Tree = Literal | Name | Field | Items | Entries | Call


class _Token(Struct, frozen=True, kw_only=True):
    kind: str
    text: str
    value: Any
    at: int


def parse(source: str) -> Tree:
    """Return the tree of a text. Raises Refused where it is no CEL, NotPortable where only CEL itself can read it."""
    tree = _Parser(list(_tokens(source))).whole()
    if depth(tree) > MAX_DEPTH:
        raise Refused(f"more than {MAX_DEPTH} operations depend on each other; split the condition", 0)
    return tree


def children(tree: Tree) -> tuple[Tree, ...]:
    """Return the trees right below one."""
    match tree:
        case Field():
            return (tree.of,)
        case Items() | Entries() | Call():
            return tree.parts
        case _:
            return ()


def depth(tree: Tree) -> int:
    """Return how many levels a tree has."""
    levels, level = 0, [tree]
    while level:
        levels, level = levels + 1, [child for each in level for child in children(each)]
    return levels


def names(tree: Tree) -> frozenset[str]:
    """Return the variables that a tree reads."""
    found, level = set(), [tree]
    while level:
        found |= {each.name for each in level if isinstance(each, Name)}
        level = [child for each in level for child in children(each)]
    return frozenset(found)


def to_data(tree: Tree) -> list[Any]:
    """Write a tree as JSON: a list of its kind and its parts."""
    match tree:
        case Literal(value=float() as value):
            return ["double", repr(value)]  # JSON would not tell 1.0 from 1 everywhere, and knows no infinity
        case Literal():
            return ["value", tree.value]
        case Name():
            return ["name", tree.name]
        case Field():
            return ["has" if tree.asked else "field", to_data(tree.of), tree.name]
        case Items():
            return ["list", *map(to_data, tree.parts)]
        case Entries():
            return ["map", *([key, to_data(part)] for key, part in zip(tree.keys, tree.parts, strict=True))]
        case Call():
            return ["call", tree.function, *map(to_data, tree.parts)]


def from_data(data: Sequence[Any]) -> Tree:
    """Read a tree that `to_data` wrote. Raises InvalidInput."""
    match data:
        case ["double", str() as text]:
            return Literal(value=float(text))
        case ["value", (None | bool() | int() | str()) as value]:
            return Literal(value=value)
        case ["name", str() as name]:
            return Name(name=name)
        case [("has" | "field") as kind, [*of], str() as name]:
            return Field(of=from_data(of), name=name, asked=kind == "has")
        case ["list", *parts]:
            return Items(parts=tuple(map(from_data, parts)))
        case ["map", *pairs]:
            return Entries(keys=tuple(key for key, _ in pairs), parts=tuple(from_data(part) for _, part in pairs))
        case ["call", str() as function, *parts] if _takes(function, len(parts)):
            return Call(function=function, parts=tuple(map(from_data, parts)))
        case _:
            raise InvalidInput(f"this is no stored condition: {data!r:.80}; save the procedure or rule again")


def _takes(function: str, parts: int) -> bool:
    if function in ("&&", "||"):
        return parts >= 2
    return parts == {**dict.fromkeys(PRECEDENCE, 2), **METHODS, "[]": 2, "?:": 3, "!_": 1, "-_": 1, "dyn": 1}.get(
        function
    )


def _tokens(source: str) -> Iterator[_Token]:
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise Refused(f"{source[at]!r} does not belong into a condition", at)
        kind, text, end = str(found.lastgroup), found.group(), found.end()
        value: Any = None
        if kind in ("string", "raw", "quote"):
            kind, (value, end) = "string", _string(source, found)
        after = source[end : end + 1]
        if kind == "word" and after in ("'", '"') and text.lower() in ("b", "br", "rb"):
            raise NotPortable("bytes", at)
        if kind == "integer" and after in ("u", "U"):
            raise NotPortable("an unsigned integer", at)
        if kind == "double":
            value = float(text)
        if kind != "space":
            yield _Token(kind=kind, text=text, value=value, at=at)
        at = end
    yield _Token(kind="end", text="the end", value=None, at=len(source))


def _string(source: str, opened: re.Match[str]) -> tuple[str, int]:
    """Return the text of a string literal and where it ends."""
    quote, raw, start = opened["quote"], bool(opened["raw"]), opened.end()
    at = start
    while not source.startswith(quote, at):
        if at >= len(source) or (len(quote) == 1 and source[at] in "\r\n"):
            raise Refused(f"this text is not closed by {quote}", opened.start())
        at += 2 if source[at] == "\\" and not raw else 1
    body = source[start:at]
    return (body if raw else _unescaped(body, start)), at + len(quote)


def _unescaped(body: str, start: int) -> str:
    def of(found: re.Match[str]) -> str:
        at = start + found.start()
        if (plain := found["plain"]) is not None:
            return _PLAIN.get(plain, plain)
        if (octal := found["octal"]) is not None:
            return chr(int(octal, 8))
        digits = found["x"] or found["u"] or found["U"]
        if digits is None:
            raise Refused(f"\\{found['bad']} is no escape; a backslash is written \\\\, or r'...' used", at)
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise Refused(f"there is no character {digits}", at)
        return chr(code)

    return _ESCAPE.sub(of, body) if "\\" in body else body


class _Parser:
    """Reads tokens by descending; binary operators by their precedence."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._nesting = 0

    def whole(self) -> Tree:
        tree = self._expression()
        if self._peek.kind != "end":
            self._unexpected("the end")
        return tree

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._peek
        self._next += token.kind != "end"
        return token

    def _taken(self, mark: str) -> bool:
        if self._peek.kind in ("mark", "word") and self._peek.text == mark:
            self._next += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._taken(mark):
            self._unexpected(mark)

    def _unexpected(self, wanted: str) -> NoReturn:
        raise Refused(f"here stands {self._peek.text}, where {wanted} was expected", self._peek.at)

    def _expression(self) -> Tree:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise Refused(f"more than {MAX_NESTING} brackets inside each other; split the condition", self._peek.at)
        tree = self._chain("||", lambda: self._chain("&&", lambda: self._binary(1)))
        if self._peek.text == "?" and self._peek.kind == "mark":
            at = self._take().at
            then = self._chain("||", lambda: self._chain("&&", lambda: self._binary(1)))
            self._expect(":")
            tree = Call(function="?:", parts=(tree, then, self._expression()), at=at)
        self._nesting -= 1
        return tree

    def _chain(self, mark: str, part: Any) -> Tree:
        parts, at = [part()], self._peek.at
        while self._taken(mark):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Call(function=mark, parts=tuple(parts), at=at)

    def _binary(self, least: int) -> Tree:
        left = self._unary()
        while self._peek.kind in ("mark", "word") and (binds := PRECEDENCE.get(self._peek.text, 0)) >= least:
            operator = self._take()
            left = Call(function=operator.text, parts=(left, self._binary(binds + 1)), at=operator.at)
        return left

    def _unary(self) -> Tree:
        at, mark, count = self._peek.at, self._peek.text, 0
        if self._peek.kind == "mark" and mark in ("!", "-"):
            while self._peek.kind == "mark" and self._peek.text == mark:
                self._next += 1
                count += 1
        signed = mark == "-" and count > 0 and self._peek.kind in ("integer", "double")
        count -= signed
        if mark == "!" and count and self._peek.text == "-" and self._tokens[self._next + 1].kind in _NUMBERS:
            self._next += 1
            signed = True
        tree = self._member(self._number(-1) if signed else self._primary())
        return Call(function=f"{mark}_", parts=(tree,), at=at) if count % 2 else tree  # two of a kind cancel out

    def _number(self, sign: int) -> Tree:
        token = self._take()
        if token.kind == "double":
            return Literal(value=sign * token.value, at=token.at)
        value = sign * int(token.text, 16 if token.text.startswith("0x") else 10)
        if not MIN_INTEGER <= value <= MAX_INTEGER:
            raise Refused(f"{token.text} does not fit into 64 bits", token.at)
        return Literal(value=value, at=token.at)

    def _member(self, tree: Tree) -> Tree:
        while self._peek.kind == "mark" and self._peek.text in (".", "["):
            mark = self._take()
            if mark.text == "[":
                if self._peek.text == "?":
                    raise NotPortable("an optional index", mark.at)
                tree = Call(function="[]", parts=(tree, self._expression()), at=mark.at)
                self._expect("]")
                continue
            name = self._field_name()
            if self._taken("("):
                tree = self._call(name, (tree, *self._list(")")), METHODS, mark.at)
            else:
                tree = Field(of=tree, name=name, at=mark.at)
        return tree

    def _field_name(self) -> str:
        token = self._take()
        if token.kind == "quoted":
            return token.text[1:-1]
        if token.kind != "word" or token.text in KEYWORDS or token.text == "in":
            if token.text == "?":
                raise NotPortable("an optional field", token.at)
            raise Refused(f"here stands {token.text}, where the name of a field was expected", token.at)
        return token.text

    def _call(self, name: str, parts: tuple[Tree, ...], known: dict[str, int], at: int) -> Tree:
        if known.get(name) == len(parts):
            return Call(function=name, parts=parts, at=at)
        if name in ONLY_CEL:
            raise NotPortable(f"{name}()", at)
        raise Refused(f"there is no function {name} that takes these", at)

    def _primary(self) -> Tree:
        if self._peek.kind in _NUMBERS:
            return self._number(1)
        token = self._take()
        match token.kind, token.text:
            case "string", _:
                return Literal(value=token.value, at=token.at)
            case "mark", "(":
                tree = self._expression()
                self._expect(")")
                return tree
            case "mark", "[":
                return Items(parts=self._list("]"), at=token.at)
            case "mark", "{":
                return self._map(token.at)
            case "mark", ".":
                raise NotPortable("a name that begins with a dot", token.at)
            case "word", word if word != "in":
                if token.text in KEYWORDS:
                    return Literal(value=KEYWORDS[token.text], at=token.at)
                if token.text in RESERVED:
                    raise Refused(f"{token.text} is a reserved word", token.at)
                if not self._taken("("):
                    return Name(name=token.text, at=token.at)
                if token.text == "has":
                    return self._has(token)
                return self._call(token.text, self._list(")"), FUNCTIONS, token.at)
        raise Refused(f"here stands {token.text}, where a value was expected", token.at)

    def _has(self, token: _Token) -> Tree:
        parts = self._list(")")
        match parts:
            case (Field(asked=False) as asked,):
                return Field(of=asked.of, name=asked.name, asked=True, at=token.at)
        raise Refused("has() takes one field: has(inputs.version)", token.at)

    def _list(self, closing: str) -> tuple[Tree, ...]:
        parts: list[Tree] = []
        while not self._taken(closing):
            if parts or (closing == "]" and self._peek.text == ","):
                self._expect(",")
                if closing == "]" and self._taken(closing):
                    break
                if not parts:
                    self._unexpected("]")
            if self._peek.text == "?" and self._peek.kind == "mark":
                raise NotPortable("an optional item", self._peek.at)
            parts.append(self._expression())
        return tuple(parts)

    def _map(self, at: int) -> Tree:
        keys: list[str] = []
        parts: list[Tree] = []
        while not self._taken("}"):
            if keys or self._peek.text == ",":
                self._expect(",")
                if self._taken("}"):
                    break
                if not keys:
                    self._unexpected("}")
            key = self._expression()
            if not (isinstance(key, Literal) and isinstance(key.value, str)):
                raise NotPortable("a key that is no literal text", key.at)
            if key.value in keys:
                raise Refused(f"the key {key.value!r} stands twice", key.at)
            self._expect(":")
            keys.append(key.value)
            parts.append(self._expression())
        return Entries(keys=tuple(keys), parts=tuple(parts), at=at)
