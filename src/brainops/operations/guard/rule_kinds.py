"""What is known of each kind of rule? Everything but how it is judged, which guard.py adds. (pure)

A kind is one entry: who adds one to RuleKind adds it here, its judgement there, and tests name what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from brainops.types import Rule, RuleKind

_AsksOfAStep = Callable[[Rule, Collection[str], bool], bool]


class RuleKindSpec(Struct, frozen=True, kw_only=True):
    """One kind of rule. No field is for approvals and conditions: they are read once it is known that they matter.

    `of_step` says whether a rule asks something of a step, too: given the procedures that its run follows, and whether
    the step is called by a name of its own.
    """

    field: str = ""  # of the rule, that must be filled in
    without: str = ""  # what is told where it is not
    receipts: bool = False  # it asks who consulted memory
    followed: bool = False  # it asks which procedures are being followed
    past: bool = False  # it asks what was done before
    of_step: _AsksOfAStep = lambda rule, following, named: True


def _order_of_step(rule: Rule, following: Collection[str], named: bool) -> bool:
    if rule.source.startswith("procedure:"):
        return named and rule.source.removeprefix("procedure:").rpartition("@")[0] not in following
    return True


RULE_KINDS: Mapping[RuleKind, RuleKindSpec] = {
    RuleKind.MEMORY_FIRST: RuleKindSpec(receipts=True, of_step=lambda rule, following, named: False),
    RuleKind.PROCEDURE: RuleKindSpec(
        field="procedure",
        without="a procedure rule names the `procedure` that must be followed",
        followed=True,
        of_step=lambda rule, following, named: rule.procedure not in following,
    ),
    RuleKind.ORDER: RuleKindSpec(
        field="requirement",
        without="an order rule says in `requirement` what must have been done before",
        past=True,
        of_step=_order_of_step,
    ),
    RuleKind.APPROVAL: RuleKindSpec(),
    RuleKind.CONDITION: RuleKindSpec(),
}
