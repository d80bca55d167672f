"""How many microseconds are a second, a minute, an hour, a day? (pure)

Every time of the store is one of Micros; a number of seconds becomes one by `* SECOND_MICROS`.
"""

from __future__ import annotations

from typing import Final

SECOND_MICROS: Final = 1_000_000
MINUTE_MICROS: Final = 60 * SECOND_MICROS
HOUR_MICROS: Final = 60 * MINUTE_MICROS
DAY_MICROS: Final = 24 * HOUR_MICROS
