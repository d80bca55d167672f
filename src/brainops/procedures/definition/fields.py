"""What stands under a key of a mapping, read as the type that it should have? (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar, cast

from brainops.procedures.definition.findings import Findings, Where
from brainops.procedures.definition.keywords import MAX_DEPTH, MAX_ITEMS, MAX_NODES, meant
from brainops.types import JSON

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

KIND_OF = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


class Fields:
    """A mapping at a place: each reading notes what does not fit, and returns something usable all the same."""

    def __init__(self, value: Mapping[str, JSON], where: Where, findings: Findings) -> None:
        self.value = value
        self.where = where
        self.findings = findings

    @classmethod
    def of(cls, value: object, where: Where, findings: Findings, example: str) -> Fields:
        """Return the fields of a value; note where it is no mapping, and give an example."""
        if not isinstance(value, Mapping):
            findings.add(where, f"is a mapping, not {kind_of(value)}", example)
            value = {}
        return cls(value, where, findings)

    def at(self, key: str) -> Where:
        """Return the place of a key."""
        return (*self.where, key)

    def note(self, key: str, message: str, way_out: str = "") -> None:
        """Note a problem with a key."""
        self.findings.add(self.at(key), message, way_out)

    def known(self, keys: Sequence[str]) -> None:
        """Note every key that is not among these."""
        for key in self.value:
            if key not in keys:
                self.note(key, "is not known here", meant(key, keys))

    def text(self, key: str, limit: int) -> str:
        """Return a text; a number or a truth value is written out, as `version: 1.2` means it."""
        value = self.value.get(key)
        if value is None:
            return ""
        return text(value, self.at(key), self.findings, limit)

    def texts(self, key: str, limit: int) -> tuple[str, ...]:
        """Return a list of texts; one text is a list of one."""
        value = self.value.get(key)
        if value is None:
            return ()
        return texts(value, self.at(key), self.findings, limit)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.value.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.note(key, f"is true or false, not {shown(value)}", "write true or false, without quotes")
        return False

    def number(self, key: str, least: float, most: float) -> float | None:
        """Return a number within bounds, or None where there is none."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.note(key, f"is a number from {least:g} to {most:g}, not {shown(value)}")
            return None
        return float(value)

    def mapping(self, key: str) -> Mapping[str, JSON]:
        """Return a mapping; an empty one where there is none."""
        value = self.value.get(key)
        if value is None:
            return {}
        return Fields.of(value, self.at(key), self.findings, "write `key: value` lines below it").value

    def text_mapping(self, key: str, limit: int) -> Mapping[str, str]:
        """Return a mapping of names to texts."""
        found = self.mapping(key)
        return {name: text(each, (*self.at(key), name), self.findings, limit) for name, each in found.items()}

    def member(self, key: str, kind: type[E], default: E) -> E:
        """Return a member of an enum."""
        value = self.value.get(key)
        if value is None:
            return default
        try:
            return kind(str(value))
        except ValueError:
            self.note(key, f"{shown(value)} is not known", meant(str(value), list(kind)))
            return default


def text(value: object, where: Where, findings: Findings, limit: int) -> str:
    """Return a value as text of at most so many characters."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        findings.add(where, f"is text, not {kind_of(value)}")
        return ""
    if len(value) > limit:
        findings.add(where, f"has {len(value):,} characters; at most {limit:,}", "shorten it")
        return value[:limit]
    return value


def texts(value: object, where: Where, findings: Findings, limit: int) -> tuple[str, ...]:
    """Return a value as a list of texts, each once."""
    if isinstance(value, list | tuple):
        every = limited(value, MAX_ITEMS, where, findings)
        found = [text(each, (*where, number), findings, limit) for number, each in enumerate(every)]
    else:
        found = [text(value, where, findings, limit)]
    return tuple(dict.fromkeys(each for each in found if each.strip()))


def limited(values: Sequence[T], most: int, where: Where, findings: Findings) -> list[T]:
    """Return at most so many; note where there are more."""
    if len(values) > most:
        findings.add(where, f"has {len(values):,} entries; at most {most:,}", "make several procedures of it")
    return list(values[:most])


def readable(value: Mapping[str, JSON], findings: Findings) -> bool:
    """Say whether a value from Python or JSON is plain, finite and small; note where not."""
    waiting: list[tuple[Where, object]] = [((), value)]
    seen = 0
    while waiting:
        where, each = waiting.pop()
        seen += 1
        if seen > MAX_NODES or len(where) > MAX_DEPTH:
            findings.add(where[:2], f"more than {MAX_NODES:,} values or {MAX_DEPTH} levels", "cut it down")
            return False
        if isinstance(each, Mapping):
            for key, one in each.items():
                if not isinstance(key, str):
                    findings.add(where, f"the key {shown(key)} is no text", "keys are texts")
                else:
                    _check_text(key, where, findings)
                    waiting.append(((*where, key), one))
        elif isinstance(each, list | tuple):
            waiting.extend(((*where, number), one) for number, one in enumerate(each))
        else:
            if isinstance(each, str):
                _check_text(each, where, findings)
            elif isinstance(each, float) and (each != each or abs(each) == float("inf")):
                findings.add(where, "is no number that JSON knows", "write it as text, or leave it out")
            elif each is not None and not isinstance(each, bool | int | float):
                findings.add(
                    where, f"is {type(each).__name__}, which is no JSON", "use text, numbers, lists and mappings"
                )
    return not findings.failed


def _check_text(value: str, where: Where, findings: Findings) -> None:
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value if not value.isascii()):
        findings.add(where, "holds NUL or half a character, which no database keeps", "remove it")


def plain(value: JSON | Mapping[str, JSON]) -> JSON:
    """Return a value with every tuple as a list and every mapping as a dict."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return cast(JSON, value)


def kind_of(value: object) -> str:
    """Return what a value is, for people."""
    return "nothing" if value is None else KIND_OF.get(type(value), type(value).__name__)


def shown(value: object) -> str:
    """Return a value as a message shows it: cut short."""
    return repr(value)[:60]
