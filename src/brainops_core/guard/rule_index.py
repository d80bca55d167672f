"""Which of many rules apply to an operation? (pure)

Rules are found by the literal beginnings of their globs, so that a thousand rules cost a decision no more than the few
that could apply.
"""

from __future__ import annotations

from brainops_core.glob import has_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from brainops_core.guard.values import PlainRule


def canonical(name: str) -> str:
    """Return a name as it is compared: in one case, with single spaces."""
    return " ".join(name.split()).casefold()


def is_glob(name: str) -> bool:
    """Say whether a name stands for more than itself."""
    return "*" in name or "?" in name or "[" in name


class Indexed:
    """A rule, its place, and the canonical globs that must match, none of which match anything."""

    __slots__ = ("operations", "position", "rule", "targets")

    def __init__(self, position: int, rule: PlainRule) -> None:
        self.position = position
        self.rule = rule
        self.operations = _Forms(rule.operations)
        self.targets = _Forms(rule.targets)


class _Forms:
    """Names and globs of which one must match; none match anything."""

    __slots__ = ("exact", "globs")

    def __init__(self, globs: Sequence[str]) -> None:
        forms = {canonical(glob) for glob in globs}
        self.globs = sorted(filter(is_glob, forms))
        self.exact = forms.difference(self.globs)

    def cover(self, name: str) -> bool:
        if name in self.exact or not (self.exact or self.globs):
            return True
        return any(has_form(name, glob) for glob in self.globs)


class RuleIndex:
    """Rules, compiled once; `applying` yields those that an operation must meet, in their order."""

    def __init__(self, rules: Iterable[Any]) -> None:
        self._rules = tuple(rules)
        self._by_operation: dict[str, list[Indexed]] = {}
        self._by_target: dict[str, list[Indexed]] = {}
        self._anywhere: list[Indexed] = []
        for position, rule in enumerate(self._rules):
            self._add(position, rule)
        self._operation_lengths = sorted({len(prefix) for prefix in self._by_operation})
        self._target_lengths = sorted({len(prefix) for prefix in self._by_target})

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def applying(self, operation: Any) -> Iterator[Any]:
        """Yield the rules whose operations, targets and classes cover this operation."""
        name, target = canonical(operation.name), canonical(operation.target or "")
        found: dict[int, PlainRule] = {}
        for each in self._candidates(name, target):
            if each.position in found or (each.rule.classes and operation.action_class not in each.rule.classes):
                continue
            if each.operations.cover(name) and each.targets.cover(target):
                found[each.position] = each.rule
        yield from (found[position] for position in sorted(found))

    def _candidates(self, name: str, target: str) -> Iterator[Indexed]:
        yield from self._anywhere
        for length in self._operation_lengths:
            yield from self._by_operation.get(name[:length], ())
        for length in self._target_lengths:
            yield from self._by_target.get(target[:length], ())

    def _add(self, position: int, rule: PlainRule) -> None:
        indexed = Indexed(position, rule)
        if rule.operations:
            places, globs = self._by_operation, rule.operations
        elif rule.targets:
            places, globs = self._by_target, rule.targets
        else:
            self._anywhere.append(indexed)
            return
        for prefix in {canonical(glob).partition("*")[0].partition("?")[0].partition("[")[0] for glob in globs}:
            places.setdefault(prefix, []).append(indexed)


def compiled(rules: Iterable[Any]) -> RuleIndex:
    """Return the rules in the form in which a decision finds them at once."""
    return rules if isinstance(rules, RuleIndex) else RuleIndex(rules)
