"""Where does an improvement go next, by what was measured of it? (pure)"""

from __future__ import annotations

from msgspec import Struct

from brainops.statistics.always_valid import LINE, Measured
from brainops.types import Improvement, ImprovementState, Micros, Trust
from brainops.types.times import DAY_MICROS

TRIAL_MICROS = 60 * DAY_MICROS  # what cannot be told in two months is no improvement that anybody would notice
WATCH_MICROS = 7 * DAY_MICROS  # a week holds its days and nights and its weekend
WATCH_LEAST = 10  # outcomes; with fewer it is watched on
WATCH_MOST_MICROS = 60 * DAY_MICROS  # what hardly ever happens is kept in the end, since nothing spoke against it

OPEN = (ImprovementState.PROPOSED, ImprovementState.PLANNED, ImprovementState.TRIAL)
STANDING = (ImprovementState.APPLIED, ImprovementState.KEPT)


class Move(Struct, frozen=True, kw_only=True):
    """The state that an improvement has earned, and why."""

    to: ImprovementState
    why: str


def next_move(improvement: Improvement, measured: Measured, now: Micros, *, tried: bool) -> Move | None:
    """Return what an improvement has earned, None where it stays; whether it may is the caller's to ask."""
    match improvement.state:
        case ImprovementState.PLANNED if improvement.apply_at is not None and now >= improvement.apply_at:
            return Move(to=ImprovementState.APPLIED, why="its time came, and nobody had vetoed it")
        case ImprovementState.PROPOSED if tried:
            return Move(to=ImprovementState.TRIAL, why="it is tried beside what it would replace")
        case ImprovementState.PROPOSED | ImprovementState.TRIAL:
            return _tested(improvement, measured, now)
        case ImprovementState.APPLIED:
            return _watched(improvement, measured, now)
    return None


def _tested(improvement: Improvement, measured: Measured, now: Micros) -> Move | None:
    if measured.ruled_out:
        return Move(to=ImprovementState.REJECTED, why=measured.ruled_out)
    if measured.better:
        sure = f"better with probability {measured.probability:.2f}, which is above {LINE:.2f}"
        return Move(to=ImprovementState.APPLIED, why=f"{sure}, after {measured.counted} outcomes")
    if improvement.trial_at is not None and now - improvement.trial_at > TRIAL_MICROS:
        return Move(to=ImprovementState.REJECTED, why=f"nothing could be told after {measured.counted} outcomes")
    return None


def _watched(improvement: Improvement, measured: Measured, now: Micros) -> Move | None:
    if measured.undone:
        return Move(to=ImprovementState.UNDONE, why=measured.undone)
    if measured.ruled_out:
        return Move(to=ImprovementState.ROLLED_BACK, why=measured.ruled_out)
    watched = now - (now if improvement.applied_at is None else improvement.applied_at)
    enough = watched >= WATCH_MICROS and measured.counted >= WATCH_LEAST
    if enough or watched >= WATCH_MOST_MICROS:
        days = watched // DAY_MICROS
        return Move(to=ImprovementState.KEPT, why=f"no worse in {days} days and {measured.counted} outcomes")
    return None


def may_come_back(last: Improvement, decided_basis: int | None, found: Improvement) -> bool:
    """Say whether what was decided before may be proposed again.

    What held and was replaced since may; what was worse may only on more verified outcomes than it rested on then; what
    was refused, by somebody or by its trial, or taken back by somebody, never: it would be tried until it was lucky.
    """
    if last.state is ImprovementState.KEPT:
        return True
    return last.state is ImprovementState.ROLLED_BACK and found.basis > (decided_basis or 0)


def may_apply_itself(improvement: Improvement) -> bool:
    """Say whether what an improvement rests on is verified or observed: an agent's word alone changes nothing."""
    return improvement.trust is Trust.VERIFIED
