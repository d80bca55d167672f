"""Which rules ask something of an operation, also where it is a step of a run, and what is known there?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from brainops.operations.guard.guard import subject_of
from brainops.operations.guard.state import following_rules
from brainops.types import ApprovalKind, ApprovalState, OperationStart, RuleKind, TriggerMatch
from brainops_core.guard.rule_kinds import RULE_KINDS

if TYPE_CHECKING:
    from brainops.operations.guard.state import Ruleset
    from brainops.procedures.runs.admission import Within
    from brainops.store import Transaction
    from brainops.types import Approval, GuardState, Rule

MAX_NAMES = 50  # of one command line: rules look at its first commands, and its class at all of them

Pushed = Callable[[OperationStart], Sequence[TriggerMatch]]


def applied_rules(known: Ruleset, start: OperationStart, pushed: Pushed, within: Within | None) -> list[Rule]:
    """Return the rules that apply to an operation; to a step by each of its names, but for those its run has met.

    Following a procedure is consulting memory, and it is in its own order by itself. That another procedure has a step
    of the same id says nothing, unless the step itself names its operation so.
    """
    if within is None:
        return _applied(known, start, pushed)
    rules = {
        rule.id: rule
        for rule in _applied(known, start, pushed)
        if RULE_KINDS[rule.kind].of_step(rule, within.following, within.named)
    }
    for name in _names(within):
        called = _applied(known, replace(start, name=name), pushed)
        rules.update((rule.id, rule) for rule in called if RULE_KINDS[rule.kind].of_step(rule, within.following, True))
    return list(rules.values())


def known_within(state: GuardState, within: Within, applied: Sequence[Rule]) -> GuardState:
    """Return what is known with the steps that were done in the run itself."""
    if not any(rule.kind is RuleKind.ORDER for rule in applied):
        return state
    return replace(state, past=tuple(sorted((*state.past, *within.done()), key=lambda earlier: earlier.at)))


def approvals_within(tx: Transaction, start: OperationStart, within: Within, now: int) -> Iterator[Approval]:
    """Yield what people approved for this step, used up by its run: it serves the step's further attempts too.

    The answer to an approval step that the step needs is an approval of the operation.
    """
    for approval in filter(None, map(tx.approvals.get, within.approvals)):
        if approval.state is not ApprovalState.USED:
            continue
        standing = replace(approval, state=ApprovalState.GRANTED, used_at=None, expires_at=now + 1)
        if approval.kind is ApprovalKind.STEP:
            standing = replace(standing, kind=ApprovalKind.OPERATION, subject=subject_of(start))
        yield standing


def _applied(known: Ruleset, start: OperationStart, pushed: Pushed) -> list[Rule]:
    following = following_rules(pushed(start), known.modes) if known.demands else []
    return [*known.index.applying(start), *following]


def _names(within: Within) -> Iterator[str]:
    """Yield what a step is called besides its operation: whole command lines, and each command in them."""
    from brainops.operations.commands.command_line import classify_command

    names: dict[str, None] = dict.fromkeys(within.names)
    for line in within.names:
        classify_command(line, lambda command: names.setdefault(command))
    yield from list(names)[:MAX_NAMES]
