"""What can be asked of a case's inputs: values, numbers, words, and figures that follow from several? (pure)"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from brainops.types import JSON

MAX_FIELDS = 200  # of one case; more is a document, not a case
MAX_DEPTH = 6
MAX_TEXT_CHARACTERS = 4_000  # of one field whose words are looked at
TEXT_WORDS = 5  # a text of so many words says what it says by its words, not as a whole
STEM_CHARACTERS = 5  # that a word is known by: "payment", "payments" and "paying" mean much the same here
MAX_VALUES = 40  # of one field that are asked for, the most frequent
LEAST_SEEN = 2  # cases with a value before it is asked for: one says nothing of a second
MOSTLY = 0.9  # of a field's values that are numbers, for it to be a number
FEW_VALUES = 12  # a number with so few is a category too: a code, a score, a month
DERIVED_FIELDS = 12  # numbers of which differences are taken
MISSING = -1e18  # what stands for a number that is not there: below all others, so that a threshold finds it

Value = str | float | tuple[str, ...] | None
Fields = Mapping[str, Value]


def read(inputs: Mapping[str, JSON]) -> dict[str, Value]:
    """Return nested inputs by dotted name: a text, a number, the items of a list, or None where nothing is said.

    A text that is a list or mapping itself, as a column of a table often is, is read as one.
    """
    found: dict[str, Value] = {}
    for name, value in _leaves(inputs, "", 0):
        if len(found) >= MAX_FIELDS:
            break
        found[name] = value
    return found


def number(value: Value) -> float | None:
    """Return a value as a number: plain, with a currency before it or a unit behind it."""
    match value:
        case float():
            return value
        case str() if (found := _NUMBER.fullmatch(value)) is not None:
            return float(found[1].replace(",", ""))
        case _:
            return None


def is_text(value: Value) -> bool:
    """Say whether a value is a text with words, and not a category."""
    return isinstance(value, str) and len(value) > 2 * TEXT_WORDS and value.count(" ") >= TEXT_WORDS - 1


def words(fields: Fields) -> frozenset[str]:
    """Return what a case says, as tokens: the words and pairs of words of texts, and other values under their names."""
    found: set[str] = set()
    for name, value in fields.items():
        if isinstance(value, tuple):
            found |= {f"{name}~{item}" for item in value}
        elif is_text(value):
            told = [word[:STEM_CHARACTERS] for word in _WORD.findall(str(value)[:MAX_TEXT_CHARACTERS].lower())]
            found |= {*told, *(f"{first} {second}" for first, second in pairwise(told))}
        elif number(value) is None:
            found.add(f"{name}={value}")
    return frozenset(found)


class Question(Struct, frozen=True, kw_only=True):
    """One thing that a tree may ask: of which fields, and how."""

    kind: str
    fields: tuple[str, ...]
    value: str = ""

    def answer(self, fields: Fields) -> float:
        """Return the answer for one case: a number, or 1 and 0 for yes and no."""
        first = fields.get(self.fields[0]) if self.fields else None
        match self.kind:
            case "number":
                found = number(first)
                return MISSING if found is None else found
            case "is":
                return float(first == self.value or str(first) == self.value)
            case "has":
                return float(isinstance(first, tuple) and self.value in first)
            case "length":
                return float(len(first)) if isinstance(first, tuple) else -1.0
            case "missing":
                return float(first is None)
            case "difference":
                left, right = number(first), number(fields.get(self.fields[1]))
                return MISSING if left is None or right is None else left - right
            case "same":
                return float(first is not None and first == fields.get(self.fields[1]))
            case "none of all":
                return float(sum(value is None for value in fields.values()))
            case "true of all":
                return float(sum(str(value).lower() in _TRUE for value in fields.values()))
        known = [each for each in (number(fields.get(name)) for name in self.fields) if each is not None]
        match self.kind:
            case "sum":
                return sum(known)
            case "most":
                return max(known, default=MISSING)
            case _:  # "none above 0"
                return float(sum(each <= 0 for each in known))

    @property
    def reading_cost(self) -> float:
        """What it costs a reader to follow it, against the share of cases that it holds for."""
        return 0.01 if len(self.fields) == 1 else 0.05

    def told(self, threshold: float, below: bool) -> str:
        """Return the answer that one side of a threshold gives, in words."""
        named = self.fields[0] if self.fields else ""
        match self.kind:
            case "is":
                return f"{named} is {'not ' if below else ''}{self.value}"
            case "has":
                return f"{named} has {'no ' if below else ''}{self.value}"
            case "missing":
                return f"{named} is {'given' if below else 'missing'}"
            case "same":
                return f"{named} {'differs from' if below else 'is'} {self.fields[1]}"
            case "number":
                what = named
            case "difference":
                what = f"{named} - {self.fields[1]}"
            case "length":
                what = f"the items of {named}"
            case "none of all" | "true of all":
                what = "what is missing" if self.kind == "none of all" else "what is true"
            case _:
                what = f"the {self.kind} of {', '.join(self.fields[:3])}{', ...' if len(self.fields) > 3 else ''}"
        return f"{what} {'<=' if below else '>'} {threshold:.6g}"


def questions(cases: Sequence[Fields]) -> list[Question]:
    """Return what can be asked of such cases, in a fixed order."""
    names = sorted({name for fields in cases for name in fields})
    columns = {name: [fields.get(name) for fields in cases] for name in names}
    given = {name: [value for value in column if value is not None] for name, column in columns.items()}
    numbers = [
        name
        for name, values in given.items()
        if values and sum(number(value) is not None for value in values) >= MOSTLY * len(values)
    ]
    found = [each for name in names for each in _of_field(name, columns[name], name in numbers)]
    return [*found, *_of_several(numbers, columns)]


def _of_field(name: str, column: Sequence[Value], is_number: bool) -> Iterator[Question]:
    given = [value for value in column if value is not None]
    if not given:
        return
    if len(given) < len(column):
        yield Question(kind="missing", fields=(name,))
    if any(isinstance(value, tuple) for value in given):
        items = Counter(item for value in given if isinstance(value, tuple) for item in value)
        yield from (Question(kind="has", fields=(name,), value=each) for each in _frequent(items))
        yield Question(kind="length", fields=(name,))
        return
    values = Counter(str(value) for value in given)
    if is_number:
        yield Question(kind="number", fields=(name,))
    if len(values) > 1 and (not is_number or len(values) <= FEW_VALUES):
        yield from (Question(kind="is", fields=(name,), value=each) for each in _frequent(values))


def _of_several(numbers: Sequence[str], columns: Mapping[str, Sequence[Value]]) -> Iterator[Question]:
    """Yield figures that follow from several fields: differences, sums, the greatest, counts, equality."""
    few = numbers[:DERIVED_FIELDS]
    pairs = [(first, second) for place, first in enumerate(few) for second in few[place + 1 :]]
    yield from (Question(kind="difference", fields=pair) for pair in pairs)
    groups: dict[str, list[str]] = {}
    for name in numbers:
        groups.setdefault(_SPLIT.split(name)[-1].lower(), []).append(name)
    together = {tuple(names) for names in (*groups.values(), numbers) if len(names) > 1}
    for names in sorted(together):
        yield from (Question(kind=kind, fields=names) for kind in ("sum", "most", "none above 0"))
    yield Question(kind="none of all", fields=())
    yield Question(kind="true of all", fields=())
    told = {name: {value for value in column if isinstance(value, str)} for name, column in columns.items()}
    texts = [name for name in columns if name not in numbers and len(told[name]) > 2][:DERIVED_FIELDS]
    for place, first in enumerate(texts):
        for second in texts[place + 1 :]:
            alike = sum(a is not None and a == b for a, b in zip(columns[first], columns[second], strict=True))
            if alike >= LEAST_SEEN:
                yield Question(kind="same", fields=(first, second))


def _frequent(counted: Counter[str]) -> Iterable[str]:
    often = sorted((item for item in counted.items() if item[1] >= LEAST_SEEN), key=lambda item: (-item[1], item[0]))
    return [value for value, _ in often[:MAX_VALUES]]


def _leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, Value]]:
    value = _parsed(value)
    match value:
        case Mapping() if value and depth < MAX_DEPTH:
            for key, each in value.items():
                yield from _leaves(each, f"{name}.{key}" if name else str(key), depth + 1)
        case list() | tuple():
            yield name, tuple(_written(each) for each in value)
        case None | "":
            yield name, None
        case Mapping():
            yield name, None if not value else _written(value)
        case bool():
            yield name, "true" if value else "false"
        case int() | float():
            yield name, float(value)
        case _:
            yield name, str(value).strip()


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("[", "{") or value[-1:] not in ("]", "}"):
        return value
    for reading in (json.loads, ast.literal_eval):
        try:
            return reading(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return value


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


_NUMBER = re.compile(r"\s*[$€£]?\s*([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*(?:%|[a-zA-Z]{1,10})?\s*")
_WORD = re.compile(r"[^\W\d]+|[%$€£]")
_SPLIT = re.compile(r"[_.\s-]+")
_TRUE = frozenset({"true", "yes"})
