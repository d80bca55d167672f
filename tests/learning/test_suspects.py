"""Is the component named that moved otherwise than its peers, and the change that came right before?"""

from __future__ import annotations

from brainops.learning.signals.suspects import LogShift, NearChange, rank

PODS = ("api", "cart", "mail", "search")


def metrics(*, after: dict[str, float], level: float = 10.0) -> tuple[dict, dict]:  # type: ignore[type-arg]
    before = {pod: {"latency": [level, level * 1.02, level * 0.98, level]} for pod in PODS}
    return before, {pod: {"latency": [after.get(pod, level)] * 3} for pod in PODS}


def test_who_moves_alone_is_the_first_suspect() -> None:
    found = rank(*metrics(after={"cart": 30.0}))

    assert found[0].name == "cart"
    assert "rose from 10 to 30" in found[0].reasons[0]


def test_who_moves_as_all_others_is_none() -> None:
    moved = dict.fromkeys(PODS, 30.0) | {"mail": 90.0}

    found = rank(*metrics(after=moved))

    assert found[0].name == "mail"
    assert found[0].score > 0.9


def test_error_lines_that_are_new_speak_against_who_wrote_them() -> None:
    logs = [
        LogShift(component="api", template="started request <*>", before=100, after=30),
        LogShift(component="mail", template="cannot reach <*>", before=0, after=20, error=True),
    ]

    (first, *_) = rank(*metrics(after={}), logs=logs)

    assert first.name == "mail"
    assert "(new)" in first.reasons[0]


def test_a_change_right_before_weighs_more_than_an_old_one() -> None:
    changes = [
        NearChange(component="search", what="deploy was done", seconds_before=30.0, operation_id="one"),
        NearChange(component="api", what="deploy was done", seconds_before=3_600.0, operation_id="two"),
    ]

    first, second, *_ = rank(*metrics(after={}), changes=changes)

    assert (first.name, second.name) == ("search", "api")
    assert first.evidence["operations"] == ["one"]
    assert first.score > 5 * second.score


def test_scores_are_shares_of_all_the_evidence() -> None:
    found = rank(*metrics(after={"cart": 30.0, "mail": 14.0}))

    assert abs(sum(suspect.score for suspect in found) - 1.0) < 1e-9
    assert not rank({}, {})
