"""Is a figure said so that a person reads it at once, and none that is not there?"""

from __future__ import annotations

import pytest

from brainops.health.figure_text import bar, said, spark
from brainops.types.times import length


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (None, "share", "nothing yet"),
        (0.0, "share", "0%"),
        (0.876, "share", "88%"),
        (1.25, "a week", "1.2 a week"),
        (90.0, "seconds", "1.5 min"),
        (3.0, "count", "3"),
        (1234.5, "cost", "1,234.50"),
    ],
)
def test_a_value_is_said_in_its_unit(value: float | None, unit: str, expected: str) -> None:
    assert said(value, unit) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (0.25, "250 ms"), (59, "59 s"), (7_200, "2.0 h"), (864_000, "10 d"), (86_400 * 2_000, "2,000 d")],
)
def test_a_length_is_said_in_its_largest_unit(seconds: float, expected: str) -> None:
    assert length(seconds) == expected


def test_bars_are_full_at_one_and_empty_at_nothing() -> None:
    assert (bar(0.0, 4), bar(0.5, 4), bar(1.0, 4), bar(7.0, 4)) == ("░░░░", "██░░", "████", "████")
    assert (spark([0, 1, 2]), spark([0, 0]), spark([])) == ("▁▅█", "", "")
