"""What is to blame for an incident: whose metrics, whose log lines, which change stand out from all others? (pure)"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, median, pstdev

from msgspec import Struct

from brainops.types import Suspect

Series = Mapping[str, Sequence[float]]

LEAST_BEFORE = 3
"""Points of a metric before the incident without which nothing is said of it."""

SCALE_FLOOR = 0.05  # of the level: three equal points do not make every move a miracle
RATIO_FLOOR = 0.01  # of the level, in ratios: what comes from nothing has risen a hundredfold, not without end
SHIFT_SLACK = 0.5  # deviations by which components may differ without one standing out
RATIO_SLACK = 0.1  # the same in log ratios: a tenth
CHANGE_WEIGHT = 6.0
"""What a change right before the incident counts: as one metric that is twenty times as far out as its peers in both
measures. Most incidents follow a change, but most changes are followed by none."""

CHANGE_HALF_LIFE_SECONDS = 600.0
ERROR_WEIGHT = 2.0  # of a log line that says error, against any other
TOLD = 4  # reasons a suspect is given
WORTH_TELLING = 1.0
"""The weight from which a reason is told: below, a component differs from its peers no more than they do."""


class LogShift(Struct, frozen=True, kw_only=True):
    """How often a component wrote lines of one template before and after; `error` where they say that it failed."""

    component: str
    template: str
    before: int
    after: int
    error: bool = False


class NearChange(Struct, frozen=True, kw_only=True):
    """Something that was done to a component, and how many seconds before the incident it was."""

    component: str
    what: str
    seconds_before: float
    operation_id: str | None = None


class _Case(Struct):
    """What was gathered against one component: (weight, reason), and figures."""

    points: list[tuple[float, str]] = []
    operations: list[str] = []

    @property
    def weight(self) -> float:
        return sum(weight for weight, _ in self.points)


def rank(
    before: Mapping[str, Series],
    after: Mapping[str, Series],
    *,
    logs: Sequence[LogShift] = (),
    changes: Sequence[NearChange] = (),
    seconds_before: float = 600.0,
    seconds_after: float = 180.0,
) -> list[Suspect]:
    """Return the components, the likeliest cause first.

    Metrics are {component: {metric: values}}. A component is suspicious by a metric as far as its shift stands out from
    the shift of the same metric elsewhere: an incident moves many, its cause moves otherwise. The weight of a metric is
    ln(1 + z) of its shift in deviations plus the same of its log ratio, z against the peers' median and spread; a log
    template's ln(1 + z) of its count against a Poisson one at the earlier rate; a change's halves with its age. The
    score is the share of all weights.
    """
    cases: dict[str, _Case] = {component: _Case() for component in sorted(after)}
    for component, weight, reason in _metric_points(before, after):
        cases[component].points.append((weight, reason))
    for shift in logs:
        weight, reason = _log_point(shift, seconds_after / seconds_before)
        if weight > 0:
            cases.setdefault(shift.component, _Case()).points.append((weight, reason))
    for change in changes:
        age = 0.5 ** (max(0.0, change.seconds_before) / CHANGE_HALF_LIFE_SECONDS)
        case = cases.setdefault(change.component, _Case())
        case.points.append((CHANGE_WEIGHT * age, f"{change.what} {_ago(change.seconds_before)}"))
        case.operations += [change.operation_id] if change.operation_id else []
    whole = sum(case.weight for case in cases.values()) or 1.0
    ranked = sorted(cases.items(), key=lambda each: (-each[1].weight, each[0]))
    return [_suspect(name, case, whole) for name, case in ranked]


def _suspect(name: str, case: _Case, whole: float) -> Suspect:
    told = sorted(case.points, key=lambda point: -point[0])[:TOLD]
    return Suspect(
        name=name,
        score=case.weight / whole,
        reasons=tuple(reason for weight, reason in told if weight >= WORTH_TELLING),
        evidence={"weight": round(case.weight, 3), "operations": list(dict.fromkeys(case.operations))},
    )


def _metric_points(before: Mapping[str, Series], after: Mapping[str, Series]) -> list[tuple[str, float, str]]:
    """Return (component, weight, reason) of each metric that was seen often enough before."""
    shifts: dict[str, dict[str, float]] = defaultdict(dict)
    ratios: dict[str, dict[str, float]] = defaultdict(dict)
    levels: dict[tuple[str, str], tuple[float, float]] = {}
    for component, series in after.items():
        for metric, values in series.items():
            earlier = before.get(component, {}).get(metric, ())
            if len(earlier) < LEAST_BEFORE or not values:
                continue
            was, now = fmean(earlier), fmean(values)
            floor = RATIO_FLOOR * (abs(was) + abs(now)) + 1e-9
            shifts[metric][component] = (now - was) / (pstdev(earlier) + SCALE_FLOOR * abs(was) + 1e-6)
            ratios[metric][component] = math.log((abs(now) + floor) / (abs(was) + floor))
            levels[metric, component] = was, now
    points = []
    for metric in shifts:
        by_shift, by_ratio = _outness(shifts[metric], SHIFT_SLACK), _outness(ratios[metric], RATIO_SLACK)
        for component in shifts[metric]:
            weight = math.log1p(by_shift[component]) + math.log1p(by_ratio[component])
            points.append((component, weight, _told(metric, *levels[metric, component], len(shifts[metric]))))
    return points


def _outness(values: Mapping[str, float], slack: float) -> dict[str, float]:
    """Return how far each value lies from the median of all, in robust deviations; one alone from standing still."""
    middle = median(values.values()) if len(values) > 2 else 0.0
    spread = 1.4826 * median(abs(value - middle) for value in values.values()) if len(values) > 2 else 0.0
    return {name: abs(value - middle) / (spread + slack) for name, value in values.items()}


def _told(metric: str, was: float, now: float, peers: int) -> str:
    verb = "rose" if now > was else "fell" if now < was else "stayed at"
    where = f", unlike the other {peers - 1}" if peers > 2 else ""
    return f"{metric} {verb} from {was:.4g} to {now:.4g}{where}" if now != was else f"{metric} {verb} {now:.4g}{where}"


def _log_point(shift: LogShift, share: float) -> tuple[float, str]:
    """Return the weight and the reason of a log template whose count changed; 0 where it did not rise."""
    expected = shift.before * share
    surprise = (shift.after - expected) / math.sqrt(expected + 1.0)
    if surprise < 1.0:
        return 0.0, ""
    how = "new" if shift.before == 0 else f"{_times(shift.before)} before"
    weight = math.log1p(surprise) * (ERROR_WEIGHT if shift.error else 1.0)
    return weight, f"logged {_times(shift.after)} ({how}): {shift.template[:120]}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ago(seconds: float) -> str:
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s before"
    return f"{seconds / 60:.0f} min before" if seconds < 5_400 else f"{seconds / 3600:.1f} h before"
