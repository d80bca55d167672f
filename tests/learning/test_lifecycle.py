"""Where does an improvement go by what was measured of it, and what may never come back?"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from brainops.learning.improvements.lifecycle import (
    TRIAL_MICROS,
    WATCH_LEAST,
    WATCH_MICROS,
    WATCH_MOST_MICROS,
    may_come_back,
    next_move,
)
from brainops.learning.improvements.port import draft
from brainops.statistics.always_valid import EValues, Measured
from brainops.types import Improvement, ImprovementKind, ImprovementState

S = ImprovementState
BETTER = Measured(evidence=EValues(better=50.0), counted=40)
WORSE = Measured(evidence=EValues(worse=50.0), counted=40)
NOTHING = Measured()


def improvement(state: ImprovementState, **fields: Any) -> Improvement:
    made = draft(ImprovementKind.RETRY, "key", "procedure:x", "title", "reason", before=1, after=2, at=0)
    return replace(made, state=state, **fields)


def goes(state: ImprovementState, measured: Measured, now: int = 1, *, tried: bool = True, **fields: Any) -> str | None:
    move = next_move(improvement(state, **fields), measured, now, tried=tried)
    return None if move is None else move.to.value


def test_what_can_be_tried_is_tried_first() -> None:
    assert goes(S.PROPOSED, BETTER) == "trial"
    assert goes(S.PROPOSED, BETTER, tried=False) == "applied"


@pytest.mark.parametrize(("measured", "to"), [(BETTER, "applied"), (WORSE, "rejected"), (NOTHING, None)])
def test_a_trial_ends_when_something_is_sure(measured: Measured, to: str | None) -> None:
    assert goes(S.TRIAL, measured, trial_at=0) == to


def test_a_trial_that_tells_nothing_ends() -> None:
    assert goes(S.TRIAL, NOTHING, TRIAL_MICROS + 1, trial_at=0) == "rejected"


@pytest.mark.parametrize(
    ("measured", "now", "to"),
    [
        (WORSE, 1, "rolled_back"),
        (replace(NOTHING, worse="it was demoted"), 1, "rolled_back"),
        (replace(NOTHING, undone="somebody set it otherwise"), 1, "undone"),
        (replace(NOTHING, counted=WATCH_LEAST), WATCH_MICROS, "kept"),
        (replace(NOTHING, counted=WATCH_LEAST - 1), WATCH_MICROS, None),
        (NOTHING, WATCH_MOST_MICROS, "kept"),
    ],
)
def test_what_was_applied_is_watched(measured: Measured, now: int, to: str | None) -> None:
    assert goes(S.APPLIED, measured, now, applied_at=0) == to


def test_a_plan_waits_for_its_time() -> None:
    assert goes(S.PLANNED, NOTHING, 9, apply_at=10) is None
    assert goes(S.PLANNED, NOTHING, 10, apply_at=10) == "applied"


@pytest.mark.parametrize("state", [S.KEPT, S.ROLLED_BACK, S.UNDONE, S.REJECTED])
def test_what_has_ended_goes_nowhere(state: ImprovementState) -> None:
    assert goes(state, BETTER) is None
    assert goes(state, WORSE) is None


@pytest.mark.parametrize(
    ("last", "basis", "may"),
    [
        (S.KEPT, 0, True),
        (S.ROLLED_BACK, 30, False),
        (S.ROLLED_BACK, 31, True),
        (S.REJECTED, 900, False),
        (S.UNDONE, 900, False),
    ],
)
def test_what_was_decided_comes_back_only_on_more_evidence_and_never_against_somebody(
    last: ImprovementState, basis: int, may: bool
) -> None:
    found = improvement(S.PROPOSED, basis=basis)

    assert may_come_back(improvement(last, basis=30), 30, found) is may
