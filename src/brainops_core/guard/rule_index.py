"""Which of many rules apply to an operation? (pure)

Rules are found by the literal beginnings of their globs, so that a thousand rules cost a decision no more than the few
that could apply.
"""

from __future__ import annotations

from brainops_core.glob import has_form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any


def canonical(name: str) -> str:
    """Return a name as it is compared: in one case, with single spaces."""
    return " ".join(name.split()).casefold()


def is_glob(name: str) -> bool:
    """Say whether a name stands for more than itself."""
    return "*" in name or "?" in name or "[" in name


class Indexed:
    """A rule, and the canonical globs that must match, none of which match anything."""

    __slots__ = ("operations", "rule", "targets")

    def __init__(self, rule: Any) -> None:
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


def places_of(rules: Iterable[Any]) -> dict[str, dict[str, list[int]]]:
    """Return at which literal beginning of an operation, or else of a target, each rule is found, by its position."""
    places: dict[str, dict[str, list[int]]] = {"operations": {}, "targets": {}}
    for position, rule in enumerate(rules):
        among, globs = ("operations", rule.operations) if rule.operations else ("targets", rule.targets or ("",))
        for glob in {canonical(glob).partition("*")[0].partition("?")[0].partition("[")[0] for glob in globs}:
            places[among].setdefault(glob, []).append(position)
    return places


class RuleIndex:
    """Rules, found by `places_of`; `applying` yields those that an operation must meet, in their order.

    What `rules` are is made a rule by `rule_of` where one could apply, and not before: of a thousand in a pack, few.
    """

    def __init__(
        self,
        rules: Iterable[Any],
        places: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
        rule_of: Callable[[Any], Any] | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._places = places_of(self._rules) if places is None else places
        self._lengths = {among: sorted(set(map(len, found))) for among, found in self._places.items()}
        self._rule_of = rule_of
        self._indexed: dict[int, Indexed] = {}

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rules)

    def __len__(self) -> int:
        return len(self._rules)

    def applying(self, operation: Any) -> Iterator[Any]:
        """Yield the rules whose operations, targets and classes cover this operation."""
        name, target = canonical(operation.name), canonical(operation.target or "")
        for position in sorted({*self._candidates("operations", name), *self._candidates("targets", target)}):
            each = self._at(position)
            if each.rule.classes and operation.action_class not in each.rule.classes:
                continue
            if each.operations.cover(name) and each.targets.cover(target):
                yield each.rule

    def _candidates(self, among: str, text: str) -> Iterator[int]:
        for length in self._lengths[among]:
            yield from self._places[among].get(text[:length], ())

    def _at(self, position: int) -> Indexed:
        if position not in self._indexed:
            rule = self._rules[position]
            self._indexed[position] = Indexed(rule if self._rule_of is None else self._rule_of(rule))
        return self._indexed[position]


def compiled(rules: Iterable[Any]) -> RuleIndex:
    """Return the rules in the form in which a decision finds them at once."""
    return rules if isinstance(rules, RuleIndex) else RuleIndex(rules)
