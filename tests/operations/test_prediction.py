"""Is it found out when operations fail more often, is nothing made up, and are the probabilities true?"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from brainops.operations.prediction import EndedOperation, Rate, SeenFailure, Upcoming, learn, predict, told
from brainops.statistics.calibration import reliability
from brainops.types import Precursor
from brainops.types.times import HOUR_MICROS, SECOND_MICROS

START = 1_700_000_000 * SECOND_MICROS
NOW = START + 1_000 * HOUR_MICROS


def record(count: int, chances: Callable[[dict[str, str], int], float], seed: int = 3) -> list[EndedOperation]:
    """Return deployments, ten minutes apart, that fail by what a world says of their context and the hour."""
    chance, found = random.Random(seed), []
    for place in range(count):
        at = START + place * 600 * SECOND_MICROS
        context = {"version": chance.choice("ab"), "region": chance.choice("xyz")}
        failed = chance.random() < chances(context, at // HOUR_MICROS % 24)
        found.append(
            EndedOperation(
                name="deploy",
                target="api",
                actor="ada",
                context=context,
                started_at=at,
                finished_at=at + SECOND_MICROS,
                failed=failed,
            )
        )
    return found


def asked(**given: object) -> Upcoming:
    known = {"name": "deploy", "target": "api", "actor": "ada", "context": {}, "at": NOW, **given}
    return Upcoming(**known)  # type: ignore[arg-type]


def test_a_context_that_fails_is_found_and_said_with_its_numbers() -> None:
    models = learn(record(300, lambda context, hour: 0.6 if context["version"] == "b" else 0.1)).models
    rate = Rate(finished=200, failed=70, finished_here=200, failed_here=70)

    bad = predict(asked(context={"version": "b"}), rate, models["deploy"])
    good = predict(asked(context={"version": "a"}), rate, models["deploy"])

    assert bad.probability is not None
    assert good.probability is not None
    assert bad.probability > 0.5 > 0.25 > good.probability
    assert bad.reasons[0] == "failed 70 of 200 times"
    assert any("times with version=b" in reason for reason in bad.reasons)
    assert not any("version" in reason for reason in good.reasons)


def test_what_failed_shortly_before_is_found() -> None:
    chance, found = random.Random(3), []
    for place in range(150):
        at, bad = START + place * 2 * HOUR_MICROS, chance.random() < 0.3
        found.append(_ended("migrate", at, bad))
        found.append(_ended("deploy", at + 300 * SECOND_MICROS, chance.random() < (0.8 if bad else 0.1)))
    models = learn(found).models
    just_failed = [SeenFailure(name="migrate", target=None, fingerprint=None, at=NOW - 240 * SECOND_MICROS)]

    raised = predict(asked(target=None), Rate(finished=100, failed=30), models["deploy"], just_failed)

    assert raised.probability is not None
    assert raised.probability > 0.5
    assert any("after migrate failed within 10 minutes" in reason for reason in raised.reasons)


def test_an_hour_that_fails_is_found() -> None:
    models = learn(record(2_000, lambda context, hour: 0.7 if hour == 3 else 0.05)).models

    assert "between 03:00 and 04:00 UTC" in told(models["deploy"])[0]


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_where_there_is_nothing(seed: int) -> None:
    conditions = [
        condition
        for model in learn(record(400, lambda context, hour: 0.2, seed)).models.values()
        for condition in model["conditions"]
    ]

    assert len(conditions) <= 1


def test_probabilities_are_true_of_the_record() -> None:
    taught = learn(record(1_500, lambda context, hour: 0.5 if context["version"] == "b" else 0.08))

    assert reliability(taught.foretold)[1] <= 0.05


def test_few_operations_teach_nothing() -> None:
    assert learn(record(20, lambda context, hour: 0.5)).models == {}


def test_nothing_is_said_of_what_never_ended() -> None:
    assert predict(asked(), Rate()).probability is None


def _precursor(**given: object) -> Precursor:
    known = {
        "key": "template:7",
        "statement": "failed 7 of 9 times after 'disk almost full' within 10 minutes",
        "operation": None,
        "probability": 7 / 9,
        "lift": 4.0,
        "cases": 9,
        "within_seconds": 600.0,
        "at": NOW - 60 * SECOND_MICROS,
        **given,
    }
    return Precursor(**known)  # type: ignore[arg-type]


def test_what_signals_saw_raises_the_probability_and_is_told() -> None:
    rate = Rate(finished=100, failed=20)

    calm, warned = predict(asked(), rate), predict(asked(), rate, precursors=[_precursor()])

    assert calm.probability is not None
    assert warned.probability is not None
    assert warned.probability > calm.probability + 0.15
    assert warned.reasons[-1] == _precursor().statement


@pytest.mark.parametrize("given", [{"operation": "other"}, {"at": NOW - HOUR_MICROS}, {"lift": 1.0}])
def test_what_does_not_concern_it_changes_nothing(given: dict[str, object]) -> None:
    rate = Rate(finished=100, failed=20)

    assert predict(asked(), rate, precursors=[_precursor(**given)]) == predict(asked(), rate)


def _ended(name: str, at: int, failed: bool) -> EndedOperation:
    return EndedOperation(
        name=name, target=None, actor="ada", context={}, started_at=at, finished_at=at + SECOND_MICROS, failed=failed
    )
