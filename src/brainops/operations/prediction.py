"""How probably does an operation fail, given how such ones ended and what was seen just now? (pure)

The base is the record of its name and target, shrunk (operations/calibration.py). What was learned of its name moves
the log-odds of that: conditions under which it failed more or less often than the base said, each with a weight. The
weights are a logistic regression with the base as offset and a normal prior around nothing; the whole is calibrated on
what it would have said of each operation before it was known (prequentially: Dawid 1984).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from brainops.operations.calibration import failure_probability
from brainops.statistics.calibration import Calibration, Case, calibrated, fit, logit, sigmoid
from brainops.types import JSON, Micros, Precursor
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS, HOUR_MICROS, SECOND_MICROS

WINDOWS = (10, 60)  # minutes in which a failure is looked at as what comes before another
LATELY = max(WINDOWS) * 60 * SECOND_MICROS
LATELY_FAILURES = 100  # at most, the newest: in a storm, more say the same

LEAST_CASES = 30  # of a name, before anything beyond its rate is learned
LEAST_OF_EACH = 5  # failures, and successes
LEAST_UNDER = 6  # operations under a condition
DEVIATES = 3.3  # standard deviations from what the base expects: one in a thousand of harmless conditions does
CONDITIONS = 12  # of one name: the strongest
BASE_CASES = 200  # newest outcomes that a rate is taken from, as a guidance takes them
BLOCKS = 5  # of the record: each but the first is foretold from those before it
WEIGHT_SD = 1.0  # of the prior on a weight: e-fold odds are usual, more needs evidence
SWEEPS = 25  # over the weights; they settle within a dozen
MAX_VALUE_CHARACTERS = 60  # of a context value that is a category; a longer one is text
REASONS = 5
TOLD_WEIGHT = 0.2  # in log-odds: what moves a probability less is not worth a sentence
PRECURSOR_PRIOR = 10.0  # cases' worth of doubt in what another part says comes before failure

Sign = tuple[str, str]
"""A condition that holds or not: its kind and value, such as ("context", "version=3") or ("after 10", "migrate db")."""

_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


class EndedOperation(Struct, frozen=True, kw_only=True):
    """An operation that ended: what was done, when, and whether it failed."""

    name: str
    target: str | None
    actor: str
    context: Mapping[str, JSON]
    started_at: Micros
    finished_at: Micros
    failed: bool
    fingerprint: str | None = None
    error: str = ""


class SeenFailure(Struct, frozen=True, kw_only=True):
    """A failure that was seen lately."""

    name: str
    target: str | None
    fingerprint: str | None
    at: Micros


class Expected(Struct, frozen=True, kw_only=True):
    """How probably an operation fails (None: nothing of its name ever ended), and what that rests on."""

    probability: float | None
    reasons: tuple[str, ...] = ()


class Upcoming(Struct, frozen=True, kw_only=True):
    """An operation that is to begin, with how the last one of its name and target ended (None: there was none)."""

    name: str
    target: str | None
    actor: str
    context: Mapping[str, JSON]
    at: Micros
    previous_failed: bool | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """How the newest operations of a name ended, and those of them on the same target."""

    finished: int = 0
    failed: int = 0
    finished_here: int = 0
    failed_here: int = 0


def predict(
    asked: Upcoming,
    rate: Rate,
    model: Mapping[str, Any] | None = None,
    failures: Iterable[SeenFailure] = (),
    precursors: Iterable[Precursor] = (),
) -> Expected:
    """Return how probably an operation fails, and why: its record, what was learned of its name, what was seen now."""
    base = failure_probability(rate.finished, rate.failed, rate.finished_here, rate.failed_here)
    warned = _worth_telling(asked, precursors)[:1]
    warnings = [each.statement for each in warned]
    if base is None:
        return Expected(probability=None, reasons=tuple(warnings))
    held = signs(asked, failures) if model else set()
    holding = [each for each in model["conditions"] if (each["kind"], each["value"]) in held] if model else []
    found = sigmoid(logit(base) + sum(float(each["weight"]) for each in holding))
    if model:
        found = calibrated(found, Calibration(intercept=model["intercept"], slope=model["slope"], cases=model["cases"]))
    for each in warned:
        found = sigmoid(logit(found) + _lift(each))
    reasons = [*_record(asked, rate), *told({"conditions": holding}), *warnings]
    return Expected(probability=found, reasons=tuple(reasons[:REASONS]))


def signs(asked: Upcoming, failures: Iterable[SeenFailure]) -> set[Sign]:
    """Return every condition that holds for an operation."""
    found: set[Sign] = {("actor", asked.actor), *_of_context(asked.context), *_of_time(asked.at)}
    if asked.previous_failed is not None:
        found.add(("previous", "failed" if asked.previous_failed else "succeeded"))
    for failure in failures:
        age = asked.at - failure.at
        for minutes in WINDOWS:
            if 0 <= age <= minutes * 60 * SECOND_MICROS:
                found |= _of_failure(asked, failure, minutes)
    return found


class Taught(Struct, frozen=True, kw_only=True):
    """What a record teaches: JSON-ready models by name, where failures of that name depend on something.

    `foretold` holds (probability, failed) of its operations, each as it was expected to end before that was known.
    """

    models: Mapping[str, Mapping[str, Any]]
    foretold: Sequence[tuple[float, bool]]


def learn(record: Iterable[EndedOperation]) -> Taught:
    """Return what the record teaches of when operations of each name fail."""
    ordered = sorted(record, key=lambda each: (each.started_at, each.finished_at))
    titles = {each.fingerprint: each.error for each in ordered if each.fingerprint and each.error}
    models: dict[str, dict[str, Any]] = {}
    foretold: list[tuple[float, bool]] = []
    for name, rows in sorted(_rows(ordered).items()):
        said = _prequential(rows)
        foretold += said
        model = _model(rows, said, titles)
        if model is not None:
            models[name] = model
    return Taught(models=models, foretold=foretold)


def told(model: Mapping[str, Any]) -> list[str]:
    """Return what a model says raises failures, the strongest first, as sentences with their numbers."""
    raising = [each for each in model["conditions"] if each["weight"] >= TOLD_WEIGHT]
    return [_sentence(each) for each in sorted(raising, key=lambda each: -each["weight"])]


class _Row(Struct, frozen=True, kw_only=True):
    """One operation of the past as it looked before it began: the base's log-odds, its signs, and how it ended."""

    base: float
    signs: frozenset[Sign]
    failed: bool


class _Condition(Struct):
    """The rows under one condition, and the weight that they teach."""

    sign: Sign
    rows: list[int] = []
    failed: int = 0
    weight: float = 0.0


def _rows(ordered: Sequence[EndedOperation]) -> dict[str, list[_Row]]:
    """Return each operation by name with what was known when it began."""
    failures = sorted(
        (
            SeenFailure(name=each.name, target=each.target, fingerprint=each.fingerprint, at=each.finished_at)
            for each in ordered
            if each.failed
        ),
        key=lambda each: each.at,
    )
    ends = [each.at for each in failures]
    history: dict[str, list[tuple[str | None, bool]]] = defaultdict(list)
    found: dict[str, list[_Row]] = defaultdict(list)
    for each in ordered:
        first, last = bisect_left(ends, each.started_at - LATELY), bisect_right(ends, each.started_at)
        before = history[each.name][-BASE_CASES:]
        here = [failed for target, failed in before if target == each.target]
        base = failure_probability(
            len(before),
            sum(failed for _, failed in before),
            len(here) if each.target else 0,
            sum(here) if each.target else 0,
        )
        asked = Upcoming(
            name=each.name,
            target=each.target,
            actor=each.actor,
            context=each.context,
            at=each.started_at,
            previous_failed=here[-1] if here else None,
        )
        if base is not None:
            held = signs(asked, failures[max(first, last - LATELY_FAILURES) : last])
            found[each.name].append(_Row(base=logit(base), signs=frozenset(held), failed=each.failed))
        history[each.name].append((each.target, each.failed))
    return found


def _model(
    rows: Sequence[_Row], said: Sequence[tuple[float, bool]], titles: Mapping[str, str]
) -> dict[str, Any] | None:
    if not _enough(rows):
        return None
    conditions = _fitted(rows)
    curve = fit(Case(raw=probability, right=failed) for probability, failed in said)
    if not conditions:
        return None
    return {
        "intercept": round(curve.intercept, 4),
        "slope": round(curve.slope, 4),
        "cases": len(rows),
        "conditions": [
            {
                "kind": each.sign[0],
                "value": each.sign[1],
                "cases": len(each.rows),
                "failed": each.failed,
                "weight": round(each.weight, 4),
                "label": titles.get(each.sign[1], "")[:120] if each.sign[0].startswith("error") else "",
            }
            for each in conditions
        ],
    }


def _enough(rows: Sequence[_Row]) -> bool:
    failed = sum(row.failed for row in rows)
    return len(rows) >= LEAST_CASES and min(failed, len(rows) - failed) >= LEAST_OF_EACH


def _prequential(rows: Sequence[_Row]) -> list[tuple[float, bool]]:
    """Return what each block of rows was expected to do, going by those before it, and what it did."""
    size = max(1, math.ceil(len(rows) / BLOCKS))
    said: list[tuple[float, bool]] = []
    for start in range(size, len(rows), size):
        known = rows[:start]
        weights = {each.sign: each.weight for each in _fitted(known)} if _enough(known) else {}
        for row in rows[start : start + size]:
            raised = sum(weights[sign] for sign in row.signs if sign in weights)
            said.append((sigmoid(row.base + raised), row.failed))
    return said


def _fitted(rows: Sequence[_Row]) -> list[_Condition]:
    """Return the conditions that say more than the base, with their weights: a ridge regression by coordinates."""
    chosen = _deviating(rows)
    score = [row.base for row in rows]
    for _ in range(SWEEPS):
        for each in chosen:
            gradient, curvature = each.weight / WEIGHT_SD**2, 1.0 / WEIGHT_SD**2
            for place in each.rows:
                expected = sigmoid(score[place])
                gradient += expected - rows[place].failed
                curvature += expected * (1.0 - expected)
            step = gradient / curvature
            each.weight -= step
            for place in each.rows:
                score[place] -= step
    return chosen


def _deviating(rows: Sequence[_Row]) -> list[_Condition]:
    """Return the conditions under which more or less failed than the base expects, the strongest first."""
    under: dict[Sign, _Condition] = {}
    for place, row in enumerate(rows):
        for sign in row.signs:
            condition = under.setdefault(sign, _Condition(sign=sign))
            condition.rows.append(place)
            condition.failed += row.failed
    strengths = sorted(
        ((abs(_deviation(each, rows)), each) for each in under.values() if len(each.rows) >= LEAST_UNDER),
        key=lambda found: (-found[0], found[1].sign),
    )
    chosen: dict[tuple[int, ...], _Condition] = {}
    for strength, each in strengths:
        if strength >= DEVIATES and len(chosen) < CONDITIONS:
            chosen.setdefault(tuple(each.rows), each)  # two that always hold together are one
    return list(chosen.values())


def _deviation(condition: _Condition, rows: Sequence[_Row]) -> float:
    expected = [sigmoid(rows[place].base) for place in condition.rows]
    variance = sum(each * (1.0 - each) for each in expected)
    # One case more of each kind, so that a base near 0 does not make a single failure a marvel.
    return (condition.failed - sum(expected)) / math.sqrt(variance + 0.5)


def _of_context(context: Mapping[str, JSON]) -> Iterable[Sign]:
    for key, value in context.items():
        if isinstance(value, (bool, int)) or (isinstance(value, str) and 0 < len(value) <= MAX_VALUE_CHARACTERS):
            yield ("context", f"{key}={value}")


def _of_time(at: Micros) -> Iterable[Sign]:
    hour = at % DAY_MICROS // HOUR_MICROS
    yield ("hour", f"{hour:02d}")
    yield ("quarter", str(hour // 6))
    yield ("weekday", str((at // DAY_MICROS + 3) % 7))  # the first day of 1970 was a Thursday


def _of_failure(asked: Upcoming, failure: SeenFailure, minutes: int) -> set[Sign]:
    found: set[Sign] = {(f"after {minutes}", failure.name)}
    if asked.target is not None and failure.target == asked.target:
        found.add((f"here {minutes}", failure.name))
    if failure.fingerprint:
        found.add((f"error {minutes}", failure.fingerprint))
    return found


def _worth_telling(asked: Upcoming, precursors: Iterable[Precursor]) -> list[Precursor]:
    """Return what others have seen that comes before the failure of such an operation, the strongest first.

    Only the strongest counts: several of them are often one trouble seen from several sides.
    """
    about = [
        each
        for each in precursors
        if each.operation in (None, asked.name)
        and 0 <= asked.at - each.at <= each.within_seconds * SECOND_MICROS
        and _lift(each) >= TOLD_WEIGHT
    ]
    return sorted(about, key=lambda each: -_lift(each))


def _lift(precursor: Precursor) -> float:
    """Return what a precursor adds to the log-odds: less where few cases speak for it."""
    usual = precursor.probability / max(precursor.lift, 1e-6)
    trusted = precursor.cases / (precursor.cases + PRECURSOR_PRIOR)
    return trusted * (logit(precursor.probability) - logit(usual))


def _record(asked: Upcoming, rate: Rate) -> Iterable[str]:
    yield f"failed {rate.failed} of {counted(rate.finished, 'time')}"
    if asked.target and rate.finished_here and rate.finished_here < rate.finished:
        yield f"failed {rate.failed_here} of {counted(rate.finished_here, 'time')} on {asked.target}"


def _sentence(condition: Mapping[str, Any]) -> str:
    kind, value = str(condition["kind"]), str(condition["value"])
    word, _, minutes = kind.partition(" ")
    match word:
        case "context":
            when = f"with {value}"
        case "actor":
            when = f"by {value}"
        case "hour":
            when = f"between {value}:00 and {int(value) + 1:02d}:00 UTC"
        case "quarter":
            when = f"between {int(value) * 6:02d}:00 and {int(value) * 6 + 6:02d}:00 UTC"
        case "weekday":
            when = f"on {_WEEKDAYS[int(value)]} (UTC)"
        case "previous":
            when = f"where the time before on this target had {value}"
        case "here":
            when = f"after {value} failed on this target within {minutes} minutes"
        case "error":
            when = f"within {minutes} minutes after the error {condition['label'] or value}"
        case _:
            when = f"after {value} failed within {minutes} minutes"
    return f"failed {condition['failed']} of {counted(condition['cases'], 'time')} {when}"
