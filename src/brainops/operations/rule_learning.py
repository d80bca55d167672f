"""Which order rules follow from a procedure, a prerequisite graph or the record? (pure)

An order rule says what must have been done before an operation. Procedures and prerequisite graphs say it outright. What
they leave out is that one operation may stand for another: who has logged in need not ask whether the account exists.
`satisfiers` finds that in recorded runs, and `satisfied_by_use` in names alone.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from brainops.operations.requirements import same, said_no
from brainops.operations.rule_index import canonical
from brainops.types import (
    JSON,
    AllOf,
    AnyOf,
    Done,
    PastOperation,
    Procedure,
    ProcedureVersion,
    Requirement,
    Rule,
    RuleKind,
    RuleMode,
    Step,
)

# Requirements from graphs


def from_graph(nodes: Sequence[Any], connections: Iterable[Sequence[int]], *, root: int = 0) -> Requirement | None:
    """Return what the operation at `root` requires by a prerequisite graph, None where it requires nothing.

    A node is "and", "or", or (operation, {its argument: the guarded operation's argument}); a connection leads from a
    node to what it needs. What a prerequisite needs must have been done before it. The graph has no cycle.
    """
    needs: dict[int, list[int]] = defaultdict(list)
    for above, below in connections:
        needs[above].append(below)

    def requirement(number: int) -> Requirement:
        node = nodes[number]
        if isinstance(node, str):
            return _junction(node, [requirement(below) for below in needs[number]])
        name, arguments = node
        return Done(operation=name, arguments=dict(arguments or {}), after=below_of(number))

    def below_of(number: int) -> Requirement | None:
        below = [requirement(each) for each in needs[number]]
        return _junction("and", below) if below else None

    return below_of(root)


def _junction(word: str, parts: Sequence[Requirement]) -> Requirement:
    if len(parts) == 1:
        return parts[0]
    return AllOf(parts=tuple(parts)) if word == "and" else AnyOf(parts=tuple(parts))


# What a recorded answer says

_ERROR = re.compile(r"(traceback\b|(\w+\.)*\w*(error|exception)\b\s*([:(]|$)|error\b)", re.IGNORECASE)


def answer(text: str) -> tuple[bool, JSON]:
    """Read the text that a tool answered: whether it ran, and what it returned as JSON or a Python literal, or as text.

    An answer that begins like an error ran not: "Error: ...", "KeyError: 'x'", "Traceback ...".
    """
    text = text.strip()
    for read in (json.loads, ast.literal_eval):
        try:
            return True, _plain(read(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return _ERROR.match(text) is None, text


def _plain(value: Any) -> JSON:
    match value:
        case tuple() | list() | set():
            return [_plain(each) for each in value]
        case dict():
            return {str(name): _plain(each) for name, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)
