"""What is known of each kind of rule? Everything but how it is judged, which guard.py adds. (pure)

A kind is one entry: who adds one to RuleKind adds it here, its judgement there, and tests name what is missing.
"""

from __future__ import annotations

from brainops_core.guard.values import Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from brainops_core.guard.values import PlainRule


class RuleKindSpec(Plain):
    """One kind of rule. No field is for approvals and conditions: they are read once it is known that they matter.

    `of_step` says whether a rule asks something of a step, too: given the procedures that its run follows, and whether
    the step is called by a name of its own.
    """

    __slots__ = ("field", "followed", "of_step", "past", "receipts", "without")
    OTHERWISE: Mapping[str, Any] = {
        "field": "",
        "without": "",
        "receipts": False,
        "followed": False,
        "past": False,
        "of_step": lambda rule, following, named: True,
    }
    field: str  # of the rule, that must be filled in
    without: str  # what is told where it is not
    receipts: bool  # it asks who consulted memory
    followed: bool  # it asks which procedures are being followed
    past: bool  # it asks what was done before
    of_step: Callable[[Any, Collection[str], bool], bool]


def _order_of_step(rule: PlainRule, following: Collection[str], named: bool) -> bool:
    if rule.source.startswith("procedure:"):
        return named and rule.source.removeprefix("procedure:").rpartition("@")[0] not in following
    return True


RULE_KINDS: Mapping[str, RuleKindSpec] = {
    "memory_first": RuleKindSpec(receipts=True, of_step=lambda rule, following, named: False),
    "procedure": RuleKindSpec(
        field="procedure",
        without="a procedure rule names the `procedure` that must be followed",
        followed=True,
        of_step=lambda rule, following, named: rule.procedure not in following,
    ),
    "order": RuleKindSpec(
        field="requirement",
        without="an order rule says in `requirement` what must have been done before",
        past=True,
        of_step=_order_of_step,
    ),
    "approval": RuleKindSpec(),
    "condition": RuleKindSpec(),
}
