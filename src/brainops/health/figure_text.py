"""How is a figure said to a person? (pure)"""

from __future__ import annotations

from collections.abc import Sequence

from brainops.types.times import length

NOTHING_YET = "nothing yet"
BARS = "▁▂▃▄▅▆▇█"


def said(value: float | None, unit: str) -> str:
    """Return a value in its unit; "nothing yet" where there is none."""
    if value is None:
        return NOTHING_YET
    match unit:
        case "share":
            return f"{value:.0%}"
        case "seconds":
            return length(value)
        case "a minute" | "a week":
            return f"{value:,.1f} {unit}"
        case "cost":
            return f"{value:,.2f}"
        case "error":
            return f"{value:.2f}"
    return f"{value:,.0f}"


def bar(value: float, columns: int) -> str:
    """Return a share as a bar of so many columns."""
    filled = min(columns, max(0, round(value * columns)))
    return "█" * filled + "░" * (columns - filled)


def spark(values: Sequence[float]) -> str:
    """Return values as a line of small bars, the highest at full height; nothing where all are zero."""
    highest = max(values, default=0.0)
    if highest <= 0:
        return ""
    return "".join(BARS[min(len(BARS) - 1, int(value / highest * (len(BARS) - 1) + 0.5))] for value in values)
