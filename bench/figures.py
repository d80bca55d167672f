"""How is a measured figure stated: value, 95 % interval, number of cases, target and verdict?"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
from numpy.typing import NDArray

Floats = NDArray[numpy.float64]

SEED = 20_240_601  # every interval is the same in every run over the same numbers
RESAMPLES = 2_000
Z95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure; `beside` holds what helps to read it. A target is a lower or an upper line, or none."""

    name: str
    value: float
    unit: str = ""
    n: int
    interval: tuple[float, float] | None = None
    method: str = ""
    at_least: float | None = None
    at_most: float | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the figure as JSON-ready values, with its verdict."""
        low, high = self.interval or (None, None)
        return {
            "value": rounded(self.value),
            "unit": self.unit,
            "n": self.n,
            "low": None if low is None else rounded(low),
            "high": None if high is None else rounded(high),
            "interval": self.method,
            "target": self._target(),
            "verdict": self._verdict(),
            **({"beside": dict(self.beside)} if self.beside else {}),
        }

    def _target(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    def _verdict(self) -> str:
        if self.at_least is not None:
            return "PASS" if self.value >= self.at_least else "FAIL"
        if self.at_most is not None:
            return "PASS" if self.value <= self.at_most else "FAIL"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Wall and CPU milliseconds of the same calls; CPU is that of the whole process."""

    wall: list[float]
    cpu: list[float]

    def beside(self) -> dict[str, float]:
        """Return what stands beside a latency: the undisturbed wall time and the work done."""
        return {
            "best_decile_wall_ms": rounded(float(numpy.quantile(self.wall, 0.1))),
            "cpu_p50_ms": rounded(statistics.median(self.cpu)),
            "cpu_p95_ms": rounded(float(numpy.quantile(self.cpu, 0.95))),
        }


def rounded(value: float) -> float:
    """Return a value with four significant digits, whole numbers from 1,000 on."""
    if not math.isfinite(value) or value == 0.0:
        return value
    return float(round(value)) if abs(value) >= 1_000 else round(value, 3 - math.floor(math.log10(abs(value))))


def timed(call: Callable[[Any], object], arguments: Iterable[Any]) -> Timing:
    """Call once for each argument, one after the other."""
    timing = Timing(wall=[], cpu=[])
    for argument in arguments:
        add(timing, lambda: call(argument))  # noqa: B023 - it is called before the next round
    return timing


def add(timing: Timing, call: Callable[[], object]) -> Any:
    """Time one call into a timing and return what it returned: for calls that take turns."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = call()
    timing.wall.append((time.perf_counter() - wall) * 1e3)
    timing.cpu.append((time.process_time() - cpu) * 1e3)
    return result


def latencies(name: str, timing: Timing, *, p50: float | None = None, p95: float | None = None) -> list[Figure]:
    """Return the median and the 95th percentile of the wall time, against their upper lines."""
    return [
        Figure(
            name=f"{name}: p50",
            value=statistics.median(timing.wall),
            unit="ms",
            n=len(timing.wall),
            interval=bootstrap(timing.wall, median),
            method="bootstrap",
            at_most=p50,
            beside=timing.beside(),
        ),
        Figure(
            name=f"{name}: p95",
            value=float(numpy.quantile(timing.wall, 0.95)),
            unit="ms",
            n=len(timing.wall),
            interval=bootstrap(timing.wall, lambda rows: numpy.quantile(rows, 0.95, axis=-1)),
            method="bootstrap",
            at_most=p95,
        ),
    ]


def work(name: str, timing: Timing, *, at_most: float | None = None) -> Figure:
    """Return the median CPU time of a call."""
    return Figure(
        name=f"{name}: CPU p50",
        value=statistics.median(timing.cpu),
        unit="ms",
        n=len(timing.cpu),
        interval=bootstrap(timing.cpu, median),
        method="bootstrap",
        at_most=at_most,
    )


def proportion(name: str, right: int, n: int, **more: Any) -> Figure:
    """Return a share with its Wilson interval."""
    return Figure(
        name=name, value=right / n if n else math.nan, n=n, interval=wilson(right, n), method="Wilson", **more
    )


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    share, square = right / n, Z95 * Z95
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return middle - half, middle + half


def bootstrap(values: Sequence[float] | Floats, statistic: Callable[[Floats], Floats]) -> tuple[float, float]:
    """Return the 95 % percentile interval of a statistic, which takes rows of resampled values at once."""
    numbers = numpy.asarray(values, dtype=float)
    drawn = numpy.random.default_rng(SEED).integers(0, len(numbers), (RESAMPLES, len(numbers)))
    return percentiles(statistic(numbers[drawn]))


def percentiles(found: Iterable[float] | Floats) -> tuple[float, float]:
    """Return the middle 95 % of resampled values."""
    low, high = numpy.nanquantile(numpy.asarray(found, dtype=float), [0.025, 0.975])
    return float(low), float(high)


def mean(rows: Floats) -> Floats:
    """Return the mean of each row."""
    return numpy.asarray(rows.mean(axis=-1))


def median(rows: Floats) -> Floats:
    """Return the median of each row."""
    return numpy.asarray(numpy.median(rows, axis=-1))
