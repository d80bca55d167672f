"""How many microseconds are a second, a minute, an hour, a day? (pure)

Every time of the store is one of Micros; a number of seconds becomes one by `* SECOND_MICROS`.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

SECOND_MICROS: Final = 1_000_000
MINUTE_MICROS: Final = 60 * SECOND_MICROS
HOUR_MICROS: Final = 60 * MINUTE_MICROS
DAY_MICROS: Final = 24 * HOUR_MICROS

Days = Annotated[float, Meta(ge=0, le=366_000)]  # a thousand years
TimeoutSeconds = Annotated[float, Meta(gt=0, le=86_400)]  # whatever is waited for ends within a day

LENGTHS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))


def length(seconds: float) -> str:
    """Return a length of time in its largest unit."""
    for size, unit in LENGTHS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}" if seconds < 10 * size else f"{seconds / size:,.0f} {unit}"
    return "0 s" if seconds <= 0 else f"{seconds * 1_000:.0f} ms"
