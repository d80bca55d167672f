"""What does a YAML text say, as plain JSON values, and in which line stands each of them? (pure)

Scalars are read as YAML 1.2 and GitHub Actions read them: `on`, `yes` and `1:30` are texts, a date is a text. Nothing
is built that the text could choose: no tags, no duplicate keys, and aliases count as what they stand for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from brainops.procedures.definition.findings import Findings, Where
from brainops.procedures.definition.keywords import MAX_DEPTH, MAX_NODES
from brainops.types import JSON

if TYPE_CHECKING:
    from yaml import Node

MAX_NUMBER_CHARACTERS = 40  # more digits are no number that anything here means
PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in "null bool int float str timestamp merge value".split())

_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


class YamlText:
    """One YAML document: its value, and the line of every place in it."""

    def __init__(self, text: str, findings: Findings, first_line: int = 1) -> None:
        self.lines: dict[Where, int] = {}
        self._findings = findings
        self._first_line = first_line
        self._nodes = 0
        self.value: JSON = None
        if (node := self._composed(text)) is not None:
            self.value = self._value(node, ())

    def _composed(self, text: str) -> Node | None:
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._check_depth(yaml.parse(text, Loader=loader))
            node: Node | None = yaml.compose(text, Loader=loader)
            return node
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = self._first_line + (mark.line if mark else 0)
            said = error.problem or error.context or "unreadable"
            way_out = "look at the indentation; put texts with ': ', '#' or a leading [, {, @, * or & into quotes"
            self._findings.at_line(line, f"not YAML: {said}", way_out)
        except yaml.YAMLError as error:
            said = str(error).splitlines()[0] if str(error) else "unreadable"
            self._findings.at_line(self._first_line, f"not YAML: {said}")
        except _TooMuch as error:
            self._findings.at_line(self._first_line, str(error), "cut it to what the procedure says")
        return None

    def _check_depth(self, events: Any) -> None:
        """Look at the events before anything is built: composing is recursive."""
        import yaml

        depth = 0
        for event in events:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                raise _TooMuch(f"nested deeper than {MAX_DEPTH} levels")

    def _value(self, node: Node, where: Where) -> JSON:
        import yaml

        self._nodes += 1
        if self._nodes > MAX_NODES or len(where) > MAX_DEPTH:
            if self._nodes <= MAX_NODES + 1:
                self._nodes = MAX_NODES + 2
                self._note(node, f"more than {MAX_NODES:,} values, or an alias inside of what it names")
            return None
        self.lines.setdefault(where, self._line(node))
        if isinstance(node, yaml.SequenceNode):
            self._check_tag(node, "tag:yaml.org,2002:seq")
            return [self._value(each, (*where, number)) for number, each in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            self._check_tag(node, "tag:yaml.org,2002:map")
            return self._mapping(node, where)
        return self._scalar(node)

    def _mapping(self, node: Any, where: Where) -> JSON:
        import yaml

        value: dict[str, JSON] = {}
        for key, each in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._note(key, "a key is a word", "write it as plain text")
                continue
            name = str(key.value)
            if name in value:
                first = self.lines.get((*where, name), 0)
                self._note(key, f"{name!r} stands here twice; the first time in line {first}", "keep one of them")
                continue
            self.lines[(*where, name)] = self._line(key)
            value[name] = self._value(each, (*where, name))
        return value

    def _scalar(self, node: Any) -> JSON:
        text = str(node.value)
        if node.tag not in PLAIN_TAGS and node.tag != "!":
            self._note(node, f"the tag {node.tag.removeprefix('tag:yaml.org,2002:')!r} is not read", "leave it out")
            return text
        if node.style is not None and node.style != "":
            return text
        value = resolved(text)
        if isinstance(value, _Unreadable):
            self._note(node, f"{text[:40]!r} is no number that JSON knows", "put it into quotes to have it as text")
            return text
        return value

    def _check_tag(self, node: Any, plain: str) -> None:
        if node.tag != plain:
            self._note(node, f"the tag {node.tag.removeprefix('tag:yaml.org,2002:')!r} is not read", "leave it out")

    def _note(self, node: Any, message: str, way_out: str = "") -> None:
        self._findings.at_line(self._line(node), message, way_out)

    def _line(self, node: Any) -> int:
        return self._first_line + int(node.start_mark.line)


class _TooMuch(ValueError):
    """More than a procedure has."""


class _Unreadable:
    """A number that JSON does not have."""


def resolved(text: str) -> JSON | _Unreadable:
    """Return what an unquoted scalar means, by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _NOT_FINITE.fullmatch(text):
        return _Unreadable()
    whole, based = _INTEGER.fullmatch(text), _BASED.fullmatch(text)
    if (whole or based or _FLOAT.fullmatch(text)) and len(text) > MAX_NUMBER_CHARACTERS:
        return _Unreadable()
    if whole:
        return int(text)
    if based:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if abs(number) != float("inf") else _Unreadable()
    return text
