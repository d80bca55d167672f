"""What is the value of a condition's tree over these values, as CEL has it? (pure)

A tree becomes one Python function, so that a thousand rules cost a millisecond. An error is `Failed`; && and || absorb
it where the other side decides, as CEL does.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from brainops.procedures.conditions.expressions import (
    MAX_INTEGER,
    MIN_INTEGER,
    Call,
    Entries,
    Field,
    Items,
    Literal,
    Name,
    NotPortable,
    Tree,
)
from brainops.procedures.conditions.patterns import MAX_TEXT, pattern

MAX_CHARACTERS = 1_000_000  # of a text that + makes: s + s + s ... must not fill the memory
MAX_ITEMS = 100_000  # of a list that + makes

Evaluate = Callable[[Mapping[str, Any]], Any]


class NoValue(Exception):
    """The condition has no value over these values; the message says why."""


def bind(tree: Tree) -> Evaluate:
    """Return the function that a tree stands for. Raises NotPortable for a pattern that it cannot match."""
    match tree:
        case Literal(value=value):
            return lambda _: value
        case Name(name=name):
            return _name(name)
        case Field():
            return _has(bind(tree.of), tree.name) if tree.asked else _field(bind(tree.of), tree.name)
        case Items():
            parts = [bind(part) for part in tree.parts]
            return lambda values: [part(values) for part in parts]
        case Entries():
            pairs = [(key, bind(part)) for key, part in zip(tree.keys, tree.parts, strict=True)]
            return lambda values: {key: part(values) for key, part in pairs}
        case Call(function="matches"):
            return _matches(tree)
        case Call():
            return _call(tree.function, [bind(part) for part in tree.parts])


def _name(name: str) -> Evaluate:
    def read(values: Mapping[str, Any]) -> Any:
        try:
            return values[name]
        except KeyError:
            raise NoValue(f"{name} has no value here") from None

    return read


def _field(of: Evaluate, name: str) -> Evaluate:
    def read(values: Mapping[str, Any]) -> Any:
        whole = of(values)
        if not isinstance(whole, Mapping):
            raise NoValue(f"{kind(whole)} has no field {name}")
        try:
            return whole[name]
        except KeyError:
            raise NoValue(f"there is no {name}") from None

    return read


def _has(of: Evaluate, name: str) -> Evaluate:
    def asked(values: Mapping[str, Any]) -> bool:
        whole = of(values)
        if not isinstance(whole, Mapping):
            raise NoValue(f"{kind(whole)} has no fields")
        return name in whole

    return asked


def kind(value: Any) -> str:
    """Return CEL's word for the type of a value; raise Failed where CEL knows no such value."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                raise NoValue("an integer does not fit into 64 bits")
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case list() | tuple():
            return "list"
        case Mapping():
            return "map"
    raise NoValue(f"a value of type {type(value).__name__} is no JSON")


def _call(function: str, parts: list[Evaluate]) -> Evaluate:
    match function:
        case "&&":
            return _junction(parts, decides=False)
        case "||":
            return _junction(parts, decides=True)
        case "?:":
            return _choice(*parts)
        case "dyn":
            return parts[0]
        case "!_":
            return lambda values: not _bool(parts[0](values))
    if len(parts) == 1:
        (only,), one = parts, _ONE[function]
        return lambda values: one(only(values))
    (left, right), two = parts, _TWO[function]
    return lambda values: two(left(values), right(values))


def _junction(parts: list[Evaluate], *, decides: bool) -> Evaluate:
    """Return && (decided by false) or || (decided by true): a part that decides wins over parts that fail."""

    def evaluate(values: Mapping[str, Any]) -> bool:
        failed: NoValue | None = None
        for part in parts:
            try:
                if _bool(part(values)) is decides:
                    return decides
            except NoValue as failure:
                failed = failed or failure
        if failed is not None:
            raise failed
        return not decides

    return evaluate


def _choice(test: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    return lambda values: then(values) if _bool(test(values)) else otherwise(values)


def _bool(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise NoValue(f"{kind(value)} is neither true nor false")


def equal(left: Any, right: Any) -> bool:
    """Say whether two values are equal: numbers by their value, lists and maps part by part, else of one type only."""
    ours, theirs = kind(left), kind(right)
    if ours != theirs:
        both = ours in ("int", "double") and theirs in ("int", "double")
        return both and float(left) == float(right)  # as CEL does it: in doubles, though 2**53 + 1 has none
    if ours == "list":
        return len(left) == len(right) and all(map(equal, left, right))
    if ours == "map":
        return len(left) == len(right) and all(key in right and equal(part, right[key]) for key, part in left.items())
    return bool(left == right)


def _comparison(compare: Callable[[Any, Any], bool], sign: str) -> Callable[[Any, Any], bool]:
    def of(left: Any, right: Any) -> bool:
        ours, theirs = kind(left), kind(right)
        if ours == theirs and ours in ("int", "double", "string", "bool"):
            return compare(left, right)
        if ours in ("int", "double") and theirs in ("int", "double"):
            return compare(float(left), float(right))
        raise NoValue(f"{sign} does not take ({ours}, {theirs})")

    return of


def _add(left: Any, right: Any) -> Any:
    match kind(left), kind(right):
        case "string", "string":
            if len(left) + len(right) > MAX_CHARACTERS:
                raise NoValue(f"a text of more than {MAX_CHARACTERS:,} characters")
            return left + right
        case "list", "list":
            if len(left) + len(right) > MAX_ITEMS:
                raise NoValue(f"a list of more than {MAX_ITEMS:,} items")
            return [*left, *right]
    return _SUM(left, right)


def _arithmetic(
    sign: str, whole: Callable[[int, int], int], real: Callable[[float, float], float] | None
) -> Callable[[Any, Any], Any]:
    def of(left: Any, right: Any) -> Any:
        match kind(left), kind(right):
            case "int", "int":
                return _fitting(whole(left, right))
            case "double", "double" if real is not None:
                return real(left, right)
            case ours, theirs:
                raise NoValue(f"{sign} does not take ({ours}, {theirs})")

    return of


def _fitting(value: int) -> int:
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        raise NoValue("the integer does not fit into 64 bits")
    return value


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise NoValue("division by zero")
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


def _remainder(left: int, right: int) -> int:
    _fitting(_quotient(left, right))  # CEL fails on MIN % -1 as on MIN / -1
    return left - right * _quotient(left, right)


def _divided(left: float, right: float) -> float:
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _negative(value: Any) -> Any:
    match kind(value):
        case "int":
            return _fitting(-value)
        case "double":
            return -value
        case word:
            raise NoValue(f"- does not take {word}")


def _size(value: Any) -> int:
    if (word := kind(value)) in ("string", "list", "map"):
        return len(value)
    raise NoValue(f"{word} has no size")


def _contained(value: Any, whole: Any) -> bool:
    match kind(whole):
        case "list":
            return any(equal(value, part) for part in whole)
        case "map":
            if (word := kind(value)) in ("null", "list", "map"):
                raise NoValue(f"in does not take {word} as a key")
            return word == "string" and value in whole
        case word:
            raise NoValue(f"in does not look into {word}")


def _indexed(whole: Any, key: Any) -> Any:
    match kind(whole):
        case "map":
            if kind(key) == "string" and key in whole:
                return whole[key]
            raise NoValue(f"there is no {key!r:.40}")
        case "list":
            position = int(key) if kind(key) == "int" or (kind(key) == "double" and key.is_integer()) else -1
            if 0 <= position < len(whole):
                return whole[position]
            raise NoValue(f"there is no item {key!r:.40} in a list of {len(whole)}")
        case word:
            raise NoValue(f"{word} has no items")


def _of_texts(name: str, ask: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def of(text: Any, part: Any) -> bool:
        if (words := (kind(text), kind(part))) != ("string", "string"):
            raise NoValue(f"{name} does not take ({words[0]}, {words[1]})")
        return ask(text, part)

    return of


def _matches(tree: Call) -> Evaluate:
    of, written = bind(tree.parts[0]), tree.parts[1]
    if not (isinstance(written, Literal) and isinstance(written.value, str)):
        raise NotPortable("matches() with a pattern that is no literal text", tree.at)
    found = pattern(written.value)
    if found is None:
        raise NotPortable(f"the pattern {written.value!r:.60}", tree.at)

    def matched(values: Mapping[str, Any]) -> bool:
        text = of(values)
        if (word := kind(text)) != "string":
            raise NoValue(f"matches does not take {word}")
        if len(text) > MAX_TEXT:
            raise NoValue(f"matches takes a text of at most {MAX_TEXT:,} characters")
        return found.search(text)

    return matched


_SUM = _arithmetic("+", operator.add, operator.add)
_ONE: dict[str, Callable[[Any], Any]] = {"-_": _negative, "size": _size}
_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _comparison(operator.lt, "<"),
    "<=": _comparison(operator.le, "<="),
    ">": _comparison(operator.gt, ">"),
    ">=": _comparison(operator.ge, ">="),
    "+": _add,
    "-": _arithmetic("-", operator.sub, operator.sub),
    "*": _arithmetic("*", operator.mul, operator.mul),
    "/": _arithmetic("/", _quotient, _divided),
    "%": _arithmetic("%", _remainder, None),
    "in": _contained,
    "[]": _indexed,
    "startsWith": _of_texts("startsWith", str.startswith),
    "endsWith": _of_texts("endsWith", str.endswith),
    "contains": _of_texts("contains", str.__contains__),
}
