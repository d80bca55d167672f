"""What time is it in a recording? One that goes on by a millisecond whenever somebody looks; nobody runs out of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

START_MICROS = 2_209_118_400_000_000  # Monday, 2 January 2040, 12:00 UTC: later than any file that a test leaves
SLOWED = 30  # limits of time that the program measures last so many times longer: a busy machine reaches none of them
TICK_MICROS = 1_000  # ids that follow each other differ in their time, so they sort as they were made


@contextmanager
def stopped(*, after_seconds: int = 0) -> Iterator[None]:
    """Take the time from a clock of our own, which begins at START_MICROS or so many seconds after it."""
    monotonic, began = time.monotonic, time.monotonic()
    ticks = count(START_MICROS + after_seconds * 1_000_000, TICK_MICROS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: next(ticks) * 1_000)
        patch.setattr(time, "time", lambda: next(ticks) / 1_000_000)
        patch.setattr(time, "monotonic", lambda: began + (monotonic() - began) / SLOWED)
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()
