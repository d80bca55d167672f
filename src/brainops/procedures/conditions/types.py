"""Do the types of a condition fit together before any value is known? (pure)

The rules are those of CEL's checker: `dyn` fits everything, an integer is no double, and null is no text.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from brainops.procedures.conditions.expressions import (
    Call,
    Entries,
    Field,
    Items,
    Literal,
    Name,
    NotPortable,
    Refused,
    Tree,
)

WORDS = ("dyn", "bool", "int", "double", "string", "list", "map")
"""What a variable may be declared as; the parts of lists and maps are dyn."""


class Type(Struct, frozen=True, kw_only=True):
    """A type: its word, and of a list or map what its parts are."""

    word: str
    part: Type | None = None

    def __str__(self) -> str:
        if self.word == "map":
            return f"map(string, {self.part})"
        return f"{self.word}({self.part})" if self.part else self.word


DYN, BOOL, INT, DOUBLE, STRING, NULL, ANY = (
    Type(word=word) for word in ("dyn", "bool", "int", "double", "string", "null", "any")
)
ORDERED = ("bool", "int", "double", "string")
SUMMED = {"+": ("int", "double", "string", "list"), "%": ("int",)}
NUMBERS = ("int", "double")
TIMED = ("<", "<=", ">", ">=", "+", "-")  # what CEL also does with its times, for which null may stand


def declared_type(word: str) -> Type:
    """Return the type of a declared variable."""
    return Type(word=word, part=DYN) if word in ("list", "map") else Type(word=word)


def check(tree: Tree, declared: Mapping[str, str]) -> Type:
    """Return what a tree gives. Raises Refused, with the offset, where a name or operator does not fit; NotPortable."""
    match tree:
        case Literal():
            match tree.value:
                case None:
                    return NULL
                case bool():
                    return BOOL
                case int():
                    return INT
                case float():
                    return DOUBLE
                case str():
                    return STRING
        case Name(name=name):
            if name not in declared:
                raise Refused(f"{name} is not known here; there is {', '.join(sorted(declared))}", tree.at)
            return declared_type(declared[name])
        case Field():
            of = check(tree.of, declared)
            if of.word not in ("dyn", "map"):
                raise Refused(f"a value of type {of} has no fields", tree.at)
            if of.part == ANY:
                raise NotPortable("a field of a map that is written empty", tree.at)
            return BOOL if tree.asked else of.part or DYN
        case Items():
            return Type(word="list", part=_common([check(part, declared) for part in tree.parts]))
        case Entries():
            return Type(word="map", part=_common([check(part, declared) for part in tree.parts]))
        case Call():
            parts = [check(part, declared) for part in tree.parts]
            found = _called(tree.function, parts)
            if found is None and tree.function in TIMED and all(part.word in ("null", "dyn", "any") for part in parts):
                raise NotPortable("null, which may stand for a time,", tree.at)
            if tree.function == "[]" and parts[0].part == ANY:
                raise NotPortable("an index into what is written empty", tree.at)
            if found is None:
                given = ", ".join(map(str, parts))
                spoken = _SPOKEN.get(tree.function, tree.function)
                raise Refused(f"{spoken} does not take ({given}){_hint(given)}", tree.at)
            return found


_SPOKEN = {"!_": "!", "-_": "-", "?:": "? :", "[]": "an index"}


def _hint(given: str) -> str:
    if {"int", "double"} <= set(given.split(", ")):
        return "; a double is compared with a double: write 1.0 for 1"
    return ""


def _common(parts: list[Type]) -> Type:
    if not parts:
        return ANY
    first = parts[0]
    for other in parts[1:]:
        joined = agreed(first, other)
        if joined is None:
            return DYN
        first = joined
    return first


def agreed(one: Type, other: Type) -> Type | None:
    """Return what two types have in common, None where that is nothing; `any` is the type of an empty list's parts."""
    if one.word == "any" or other.word == "any":
        return other if one.word == "any" else one
    if one.word == "dyn" or other.word == "dyn":
        return DYN
    if one.word != other.word:
        return None
    if one.part is None or other.part is None:
        return one
    part = agreed(one.part, other.part)
    return None if part is None else Type(word=one.word, part=part)


def _is(given: Type, *words: str) -> bool:
    return given.word in ("dyn", "any", *words)


def _called(function: str, given: list[Type]) -> Type | None:
    match function, given:
        case (("&&" | "||"), _):
            return BOOL if all(_is(part, "bool") for part in given) else None
        case (("==" | "!="), [left, right]):
            return BOOL if agreed(left, right) else None
        case (("<" | "<=" | ">" | ">="), [left, right]):
            return BOOL if _is(left, *ORDERED) and _is(right, *ORDERED) and agreed(left, right) else None
        case (("+" | "-" | "*" | "/" | "%"), [left, right]):
            words = SUMMED.get(function, NUMBERS)
            return (
                (left if right.word in ("dyn", "any") else right)
                if _is(left, *words) and _is(right, *words) and agreed(left, right)
                else None
            )
        case "in", [left, right]:
            match right.word:
                case "dyn" | "any":
                    return BOOL
                case "list":
                    return BOOL if agreed(left, right.part or DYN) else None
                case "map":
                    return BOOL if _is(left, "string") or right.part == ANY else None
            return None
        case "[]", [of, key]:
            match of.word:
                case "dyn" | "any":
                    return DYN
                case "list":
                    return (of.part or DYN) if _is(key, "int") else None
                case "map":
                    return (of.part or DYN) if _is(key, "string") else None
            return None
        case "?:", [test, then, otherwise]:
            return agreed(then, otherwise) if _is(test, "bool") else None
        case "!_", [part]:
            return BOOL if _is(part, "bool") else None
        case "-_", [part]:
            return part if _is(part, *NUMBERS) else None
        case "dyn", [_]:
            return DYN
        case "size", [part]:
            return INT if _is(part, "string", "list", "map") else None
        case _:  # contains, startsWith, endsWith, matches
            return BOOL if all(_is(part, "string") for part in given) else None
