"""Which of many rules apply to an operation? (pure)

Rules are found by the literal beginnings of their globs, so that a thousand rules cost a decision no more than the few
that could apply.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

from msgspec import Struct

from brainops.types import OperationStart, Rule

_GLOB = re.compile(r"[*?\[]")
Matcher = Callable[[str], object]


def canonical(name: str) -> str:
    """Return a name as it is compared: in one case, with single spaces."""
    return " ".join(name.split()).casefold()


def is_glob(name: str) -> bool:
    """Say whether a name stands for more than itself."""
    return _GLOB.search(name) is not None


class Indexed(Struct, frozen=True, kw_only=True):
    """A rule and its compiled globs; None matches anything."""

    position: int
    rule: Rule
    operation: Matcher | None
    target: Matcher | None


class RuleIndex(Sequence[Rule]):
    """Rules, compiled once; `applying` yields those that an operation must meet, in their order."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._by_operation: dict[str, list[Indexed]] = {}
        self._by_target: dict[str, list[Indexed]] = {}
        self._anywhere: list[Indexed] = []
        for position, rule in enumerate(self._rules):
            self._add(position, rule)
        self._operation_lengths = sorted({len(prefix) for prefix in self._by_operation})
        self._target_lengths = sorted({len(prefix) for prefix in self._by_target})

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, index: int | slice) -> Rule | tuple[Rule, ...]:
        return self._rules[index]

    def __len__(self) -> int:
        return len(self._rules)

    def applying(self, operation: OperationStart) -> Iterator[Rule]:
        """Yield the rules whose operations, targets and classes cover this operation."""
        name, target = canonical(operation.name), canonical(operation.target or "")
        found: dict[int, Rule] = {}
        for each in self._candidates(name, target):
            if each.position in found or (each.rule.classes and operation.action_class not in each.rule.classes):
                continue
            if (each.operation is None or each.operation(name)) and (each.target is None or each.target(target)):
                found[each.position] = each.rule
        yield from (found[position] for position in sorted(found))

    def _candidates(self, name: str, target: str) -> Iterator[Indexed]:
        yield from self._anywhere
        for length in self._operation_lengths:
            yield from self._by_operation.get(name[:length], ())
        for length in self._target_lengths:
            yield from self._by_target.get(target[:length], ())

    def _add(self, position: int, rule: Rule) -> None:
        indexed = Indexed(
            position=position, rule=rule, operation=_matcher(rule.operations), target=_matcher(rule.targets)
        )
        if rule.operations:
            places, globs = self._by_operation, rule.operations
        elif rule.targets:
            places, globs = self._by_target, rule.targets
        else:
            self._anywhere.append(indexed)
            return
        for prefix in {_GLOB.split(canonical(glob), maxsplit=1)[0] for glob in globs}:
            places.setdefault(prefix, []).append(indexed)


def compiled(rules: Iterable[Rule]) -> RuleIndex:
    """Return the rules in the form in which a decision finds them at once."""
    return rules if isinstance(rules, RuleIndex) else RuleIndex(rules)


def _matcher(globs: Sequence[str]) -> Matcher | None:
    if not globs:
        return None
    exact = {canonical(glob) for glob in globs}
    if not any(map(is_glob, exact)):
        return exact.__contains__
    return re.compile("|".join(map(fnmatch.translate, sorted(exact)))).match
