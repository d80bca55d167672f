"""Was what must come first done, on the same things, and did it succeed? (pure)"""

from __future__ import annotations

import sys

from brainops_core.glob import has_form
from brainops_core.guard.results import said_no, same
from brainops_core.guard.rule_index import canonical, is_glob
from brainops_core.regex import Regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from brainops_core.guard.values import PlainPast, PlainRequirement, PlainStart

_RANK = {"claimed": 0, "observed": 1, "verified": 2}

MAX_DEPTH = 20  # of requirements inside each other: people read them


class PastOperations:
    """Earlier operations, oldest first, found by name."""

    def __init__(self, operations: Iterable[Any]) -> None:
        self._named: dict[str, list[tuple[int, PlainPast]]] = {}
        for position, earlier in enumerate(operations):
            self._named.setdefault(canonical(earlier.name), []).append((position, earlier))

    def of(self, name: str, before: int) -> Iterator[tuple[int, PlainPast]]:
        """Yield the operations that this name or glob stands for among the first `before`, with their positions."""
        wanted = canonical(name)
        if is_glob(wanted):
            found = [each for known, these in self._named.items() if has_form(known, wanted) for each in these]
        else:
            found = self._named.get(wanted, [])
        yield from (each for each in found if each[0] < before)


class NotEvaluated(Exception):
    """A condition on a result has no form that the guard can evaluate."""


class Missing:
    """What has not been done: in words, and the first operation that would help."""

    __slots__ = ("reason", "way_out")

    def __init__(self, *, reason: str, way_out: str) -> None:
        self.reason = reason
        self.way_out = way_out


def too_deep(requirement: Any, depth: int = MAX_DEPTH) -> bool:
    """Say whether requirements nest deeper than anybody reads, and than a stack holds."""
    if requirement is None or depth == 0:
        return requirement is not None
    if requirement.requires == "done":
        return too_deep(requirement.after, depth - 1)
    return any(too_deep(part, depth - 1) for part in requirement.parts)


def missing(requirement: Any, operation: Any, past: PastOperations, before: int = sys.maxsize) -> Missing | None:
    """Return what of a requirement is missing before an operation, None where nothing is. Raises NotEvaluated.

    Only the first `before` of the earlier operations are looked at.
    """
    if requirement.requires == "done":
        return _undone(requirement, operation, past, before)
    lacking = []
    for part in requirement.parts:
        found = missing(part, operation, past, before)
        if found is None and requirement.requires == "any":
            return None
        lacking += [found] if found is not None else []
    return _joined(lacking, " and " if requirement.requires == "all" else " or ") if lacking else None


def _joined(found: Sequence[Missing], word: str) -> Missing:
    reason = word.join(dict.fromkeys(each.reason for each in found))
    return Missing(reason=reason if len(found) == 1 else f"({reason})", way_out=found[0].way_out)


def _undone(wanted: PlainRequirement, operation: PlainStart, past: PastOperations, before: int) -> Missing | None:
    too_early: Missing | None = None
    for position, earlier in past.of(wanted.operation, before):
        if not _counts(wanted, earlier, operation):
            continue
        lacking = missing(wanted.after, operation, past, position) if wanted.after is not None else None
        if lacking is None:
            return None
        too_early = lacking
    words = _words(wanted, operation)
    if too_early is not None:
        return Missing(reason=f"{words} again, after {too_early.reason}", way_out=too_early.way_out)
    first = missing(wanted.after, operation, past, before) if wanted.after is not None else None
    return first or Missing(reason=words, way_out=f"do {words} first")


def _words(wanted: PlainRequirement, operation: PlainStart) -> str:
    import json

    named = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False, default=str)}"
        for name, source in wanted.arguments.items()
        if (value := _expected(source, operation)) is not None
    )
    return f"{wanted.operation}({named})" if named else wanted.operation


def _counts(wanted: PlainRequirement, earlier: PlainPast, operation: PlainStart) -> bool:
    shown = _RANK[earlier.evidence] >= _RANK[wanted.evidence]
    if not earlier.succeeded or not shown or not _same_things(wanted, earlier, operation):
        return False
    return not said_no(earlier.result) if wanted.result is None else holds(wanted.result, earlier.result)


def _same_things(wanted: PlainRequirement, earlier: PlainPast, operation: PlainStart) -> bool:
    """Say whether an earlier operation was about the same things; what neither names cannot differ."""
    for name, source in wanted.arguments.items():
        expected = _expected(source, operation)
        if expected is None:
            continue
        found = earlier.target if name == "target" and name not in earlier.arguments else earlier.arguments.get(name)
        if not same(found, expected):
            return False
    return True


def _expected(source: Any, operation: PlainStart) -> Any:
    if isinstance(source, dict) and "literal" in source:
        return source["literal"]
    if source == "target" and "target" not in operation.context:
        return operation.target
    return operation.context.get(source) if isinstance(source, str) else None


_OPERATORS: Mapping[str, Callable[[Any, Any], object]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}
_CLAUSE = Regex(
    r"\s*(?P<negated>!)?\s*result(?P<path>(\.[A-Za-z_]\w*|\[\d+\])*)\s*((?P<operator>[=!<>]=|[<>])\s*(?P<literal>.+?))?\s*"
)
_PART = Regex(r"\.(\w+)|\[(\d+)\]")


def holds(condition: str, result: Any) -> bool:
    """Evaluate a condition on a result, in the part of CEL that needs no extra: `result.rows > 3 && !result.locked`.

    Clauses of `result`, a path into it and one comparison with a literal, joined by &&; or `true`, which holds for any
    result. A path that leads nowhere or values that cannot be compared make a clause false. Raises NotEvaluated for
    anything else.
    """
    return condition.strip() == "true" or all(_clause(clause, result) for clause in condition.split("&&"))


def _clause(clause: str, result: Any) -> bool:
    read = _CLAUSE.fullmatch(clause)
    if read is None or (read["negated"] and read["operator"]):
        raise NotEvaluated(f"the condition {clause.strip()!r} cannot be evaluated here")
    found: Any = result
    for name, number in ((part[1], part[2]) for part in _PART.finditer(read["path"])):
        try:
            found = found[int(number)] if number else found[name]
        except (KeyError, IndexError, TypeError):
            return False
    if read["operator"] is None:
        return (not found) if read["negated"] else bool(found)
    try:
        return bool(_OPERATORS[read["operator"]](found, _literal(read["literal"])))
    except TypeError:
        return False


def _literal(text: str) -> Any:
    text = f'"{text[1:-1]}"' if len(text) > 1 and text[0] == text[-1] == "'" and '"' not in text else text
    import json

    try:
        return json.loads(text)
    except ValueError as error:
        raise NotEvaluated(f"{text!r} is no literal that can be compared here") from error
