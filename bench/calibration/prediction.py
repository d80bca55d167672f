"""Is the foretold probability of a failure true, and does it know more than how often such operations fail?

    python -m bench.calibration.prediction --work FOLDER [--quick]

Records are drawn, with fixed seeds, from worlds in which failures depend on a version, an hour, or what failed just
before, or on nothing; each is learned in blocks, and every block is foretold from those before it. Beside it stands the
rate of the name and target alone. The record of every world is judged together and by itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from bench.figures import Figure
from bench.part import options, publish, say
from brainops.operations.prediction import EndedOperation, learn
from brainops.statistics.calibration import reliability
from brainops.types.times import HOUR_MICROS, SECOND_MICROS

STORES = 20  # of each world
OPERATIONS = 1_000  # of each store
TARGET = 0.05

World = Callable[[dict[str, str], int, bool], float]
WORLDS: dict[str, World] = {
    "a version": lambda context, hour, before: 0.5 if context["version"] == "b" else 0.1,
    "an hour": lambda context, hour, before: 0.6 if 2 <= hour < 5 else 0.08,
    "a failure just before": lambda context, hour, before: 0.7 if before else 0.1,
    "nothing": lambda context, hour, before: 0.2,
}


def main() -> None:
    given = options()
    stores = 3 if given.quick else STORES
    together: list[tuple[float, bool]] = []
    figures: list[Figure] = []
    found: dict[str, float] = {}
    for name, world in WORLDS.items():
        said: list[tuple[float, bool]] = []
        conditions = 0
        for seed in range(stores):
            taught = learn(record(world, random.Random(seed)))
            said += taught.foretold
            conditions += sum(len(model["conditions"]) for model in taught.models.values())
        say(f"{name}: {len(said):,} foretold")
        figures.append(error(f"failures that depend on {name}", said))
        found[name] = conditions / stores
        together += said
    publish([error("failures, all worlds", together), *figures], quick=given.quick, conditions_a_store=found)


def error(name: str, said: list[tuple[float, bool]]) -> Figure:
    """Return the expected calibration error, beside the Brier score and that of the rate alone."""
    rate = sum(failed for _, failed in said) / len(said)
    brier = sum((given - failed) ** 2 for given, failed in said) / len(said)
    return Figure(
        name=f"calibration error, {name}",
        value=reliability(said)[1],
        n=len(said),
        at_most=TARGET,
        beside={"brier": round(brier, 4), "brier_of_the_rate": round(rate * (1 - rate), 4)},
    )


def record(world: World, chance: random.Random) -> list[EndedOperation]:
    """Return operations of one store: deployments half an hour apart, each after a migration that may have failed."""
    found: list[EndedOperation] = []
    for place in range(OPERATIONS // 2):
        at = 1_700_000_000 * SECOND_MICROS + place * HOUR_MICROS // 2
        context = {"version": chance.choice("ab"), "region": chance.choice("xyz"), "ticket": str(place)}
        before = chance.random() < 0.25
        found.append(ended("migrate", at, {}, before))
        later = at + 240 * SECOND_MICROS
        failed = chance.random() < world(context, later // HOUR_MICROS % 24, before)
        found.append(ended("deploy", later, context, failed))
    return found


def ended(name: str, at: int, context: dict[str, str], failed: bool) -> EndedOperation:
    """Return one operation that took a second."""
    return EndedOperation(
        name=name,
        target="api",
        actor="ada",
        context=context,
        started_at=at,
        finished_at=at + SECOND_MICROS,
        failed=failed,
    )


if __name__ == "__main__":
    main()
