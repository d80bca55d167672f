"""Is every field of a rule what it says, so that no later decision stumbles over it? (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType

from msgspec.structs import replace

from brainops.errors import InvalidInput
from brainops.memory.filters import member
from brainops.types import (
    ActionClass,
    AllOf,
    AnyOf,
    Done,
    Evidence,
    FailMode,
    ReceiptMatch,
    Rule,
    RuleKind,
    RuleMode,
)

MAX_DEPTH = 20  # of requirements inside each other: people read them


def typed(rule: Rule) -> Rule:
    """Return a rule whose fields are of their types, texts that name a member read as that; raise InvalidInput."""
    for name in ("operations", "targets"):
        globs = getattr(rule, name)
        if not isinstance(globs, (tuple, list)) or not all(isinstance(glob, str) and glob.strip() for glob in globs):
            raise InvalidInput(f"{name} are a list of names or globs, such as ['deploy *'], not {globs!r:.80}")
    if not isinstance(rule.classes, (tuple, list)):
        raise InvalidInput(f"classes are a list, not {rule.classes!r:.80}")
    for name in ("condition", "procedure"):
        if not isinstance(getattr(rule, name), (str, NoneType)):
            raise InvalidInput(f"{name} is text, not {getattr(rule, name)!r:.80}")
    if rule.requirement is not None:
        _check(rule.requirement, MAX_DEPTH)
    return replace(
        rule,
        kind=member(RuleKind, rule.kind),
        mode=member(RuleMode, rule.mode),
        fail_mode=member(FailMode, rule.fail_mode),
        receipt=member(ReceiptMatch, rule.receipt),
        operations=tuple(rule.operations),
        targets=tuple(rule.targets),
        classes=tuple(member(ActionClass, each) for each in rule.classes),
    )


def _check(requirement: object, depth: int) -> None:
    match requirement:
        case _ if depth == 0:
            raise InvalidInput(f"a requirement nests deeper than {MAX_DEPTH} levels; write several rules")
        case Done(operation=str() as operation, arguments=Mapping(), result=None | str()) if operation.strip():
            member(Evidence, requirement.evidence)
            if requirement.after is not None:
                _check(requirement.after, depth - 1)
        case AllOf(parts=[*parts]) | AnyOf(parts=[*parts]) if parts:
            for part in parts:
                _check(part, depth - 1)
        case _:
            raise InvalidInput(f"a requirement is Done(operation=...), AllOf or AnyOf of such, not {requirement!r:.80}")
