"""Does a rule block so much, or so wrongly, that it must step down one mode? (pure)"""

from __future__ import annotations

from brainops.types import Rule, RuleMode

USUAL_DAYS = 7  # what is usual for a rule: its blocks of the last week, by the hour
LEAST_BLOCKS = 20  # different attempts in an hour; fewer can be one busy afternoon, the same again is one
TIMES_USUAL = 5.0  # far more than usual
PRECISION_LINE = 0.8  # below this, more than one block in five was false, and people learn to work around the guard
LEAST_JUDGED = 5  # false blocks and right ones that somebody marked; fewer say little
JUDGED_DAYS = 30

_SOFTER = {RuleMode.DENY: RuleMode.ASK, RuleMode.ASK: RuleMode.WARN, RuleMode.WARN: RuleMode.OBSERVE}


def softer(mode: RuleMode) -> RuleMode | None:
    """Return the next milder mode, None where there is none."""
    return _SOFTER.get(mode)


def is_softer(mode: RuleMode, than: RuleMode) -> bool:
    """Say whether a mode is milder than another."""
    modes = list(RuleMode)
    return modes.index(mode) < modes.index(than)


def blocks_too_much(lately: int, before: int, hours_before: float) -> str | None:
    """Return why a rule's blocks of the last hour are far more than usual, None where they are not."""
    usual = before / max(hours_before, 1.0)
    if lately < LEAST_BLOCKS or lately <= TIMES_USUAL * usual:
        return None
    return f"it blocked {lately} operations in an hour, where {usual:.1f} is usual"


def blocks_wrongly(wrong: int, proper: int) -> str | None:
    """Return why a rule's precision, of the blocks that somebody judged, is below its line; None where it is not."""
    judged = wrong + proper
    if judged < LEAST_JUDGED or proper / judged >= PRECISION_LINE:
        return None
    return f"{wrong} of {judged} blocks that were judged were false"


def may_step_down(rule: Rule, *, by_volume: bool) -> bool:
    """Say whether a rule may step down without a person.

    Those of a strict procedure never do. For its number of blocks alone a rule goes no lower than ask: else whoever
    is blocked would only have to knock often enough.
    """
    if rule.source.startswith("procedure:") and rule.mode is RuleMode.DENY:
        return False
    return softer(rule.mode) is not None and not (by_volume and rule.mode is not RuleMode.DENY)
