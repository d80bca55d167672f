"""What does memory change in the work of a team, and does it hold where memory is poisoned?

    python -m bench.operational.run --work FOLDER [--quick] [--trial]

Every team plays every seed in a process of its own; figures are means over seeds, their intervals a bootstrap over
(seed, day). `--trial` plays the seeds that may be looked at while the product changes; nothing of it is published.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict

import numpy

from bench.figures import RESAMPLES, SEED, Figure
from bench.operational import same
from bench.operational.ledger import Day
from bench.operational.parameters import FULL, QUICK, SEEDS, TRIAL_SEEDS
from bench.operational.play import TEAMS, Played, play
from bench.part import Options, options, publish, say
from brainops.statistics.calibration import reliability

PROCESSES = 2
WINDOW = 3  # days that a point of a curve is the mean of
RATES = {
    "repeat mistakes an incident seen before": ("repeats", "seen_before"),
    "solved incidents": ("solved", "incidents"),
    "minutes to the end of an incident": ("minutes", "incidents"),
    "cost of an incident": ("cost", "incidents"),
    "deployments with every step": ("adhered", "deployments"),
    "deployments that went well": ("deployed", "deployments"),
}
CHANGES = ("applied", "kept", "rolled_back")
CURVES = ("repeat mistakes an incident seen before", "minutes to the end of an incident", "solved incidents")

Teams = Mapping[str, Sequence[Played]]


def main() -> None:
    given = options()
    trial = "--trial" in given.rest
    seeds = TRIAL_SEEDS[:1] if given.quick else TRIAL_SEEDS if trial else SEEDS
    with ProcessPoolExecutor(PROCESSES) as pool:
        asked = {(team, seed): pool.submit(one, given, team, seed) for seed in seeds for team in TEAMS}
        played = {team: [asked[team, seed].result() for seed in seeds] for team in TEAMS}
    found = [*compared(played), *automatic(played), *changes(played), *same.figures(given.quick), *rates(played)]
    if trial:
        for figure in found:
            print(f"{figure.name}: {figure.value:.4g} {figure.interval or ''} {dict(figure.beside) or ''}")
        return
    details = {
        "parameters": asdict(QUICK if given.quick else FULL) | {"seeds": list(seeds)},
        "curves": {name: {team: curve(each, *RATES[name]) for team, each in played.items()} for name in CURVES},
        "changes": {team: [one.ledger.events for one in each] for team, each in played.items()},
    }
    publish(found, quick=given.quick, operational=details)


def one(given: Options, team: str, seed: int) -> Played:
    """Play one team through one seed."""
    parameters = QUICK if given.quick else FULL
    folder = given.work / "operational" / f"{team.replace(', ', '-').replace(' ', '-')}-{seed}"
    done = play(team, parameters, seed, folder)
    print(f"   {team}, seed {seed}: {done.seconds:.0f} s", file=sys.stderr, flush=True)
    return done


def rates(played: Teams) -> list[Figure]:
    """Return every rate of every team."""
    return [
        Figure(
            name=f"{team}: {name}",
            value=rate(days_of(each), *parts),
            n=int(sum(getattr(day, parts[1]) for day in days_of(each))),
            interval=between(days_of(each), *parts),
            method="bootstrap over days",
        )
        for name, parts in RATES.items()
        for team, each in played.items()
    ]


def compared(played: Teams) -> list[Figure]:
    """Return what memory changes, and that a hostile world does not make it worse than none."""
    repeats = RATES["repeat mistakes an incident seen before"]
    with_memory, without = days_of(played["memory"]), days_of(played["without"])
    hostile, alone = days_of(played["hostile"]), days_of(played["hostile, without"])
    fall = 1 - rate(with_memory, *repeats) / rate(without, *repeats)
    solved, minutes = RATES["solved incidents"], RATES["minutes to the end of an incident"]
    return [
        Figure(name="repeat mistakes fall by", value=fall, n=len(without), at_least=0.8),
        Figure(
            name="hostile: solved, with memory less without",
            value=rate(hostile, *solved) - rate(alone, *solved),
            n=len(hostile),
            at_least=0.0,
        ),
        Figure(
            name="hostile: minutes, with memory over without",
            value=rate(hostile, *minutes) / rate(alone, *minutes),
            n=len(hostile),
            at_most=1.0,
        ),
        Figure(
            name="hostile: repeat mistakes, with memory over without",
            value=rate(hostile, *repeats) / rate(alone, *repeats),
            n=len(hostile),
            at_most=1.0,
        ),
    ]


def automatic(played: Teams) -> list[Figure]:
    """Return how right was what was done without asking, against the confidence that was stated before.

    The share that was wrong stands against what the stated bound allows (it lies below the true rate nine times in
    ten); calibration is that of the stated probability, the posterior mean.
    """
    found = []
    for team in ("memory", "hostile"):
        sure = [one for each in played[team] for one in each.ledger.sure]
        pairs = [(each.mean, each.right) for each in sure]
        wrong = sum(not right for _, right in pairs)
        stated = sum(1 - each.bound for each in sure) / len(sure) if sure else 0.0
        found += [
            Figure(
                name=f"{team}: wrong automatic actions",
                value=wrong / len(pairs) if pairs else 0.0,
                n=len(pairs),
                beside={"stated": round(stated, 4), "wrong": wrong},
                at_most=max(stated, 0.05),
            ),
            Figure(
                name=f"{team}: calibration error of automatic actions",
                value=reliability(pairs)[1],
                n=len(pairs),
                at_most=0.05,
            ),
        ]
    return found


def changes(played: Teams) -> list[Figure]:
    """Return how many changes to itself the product made and took back."""
    found = []
    for team in ("memory", "hostile"):
        counts = {name: sum(one.ledger.events.get(name, 0) for one in played[team]) for name in CHANGES}
        for what, value in (("that stand", counts["applied"] + counts["kept"]), ("taken back", counts["rolled_back"])):
            found.append(Figure(name=f"{team}: promotions {what}", value=value, n=len(played[team]), at_least=1))
    return found


def days_of(each: Sequence[Played]) -> list[Day]:
    """Return the days of all seeds."""
    return [day for one in each for day in one.ledger.days]


def rate(days: Sequence[Day], over: str, under: str) -> float:
    """Return one count per another over days; 0 where there is nothing to count."""
    whole = sum(getattr(day, under) for day in days)
    return float(sum(getattr(day, over) for day in days) / whole) if whole else 0.0


def between(days: Sequence[Day], over: str, under: str) -> tuple[float, float]:
    """Return the 95 % interval of a rate: a percentile bootstrap over days."""
    top = numpy.array([getattr(day, over) for day in days], dtype=float)
    below = numpy.array([getattr(day, under) for day in days], dtype=float)
    drawn = numpy.random.default_rng(SEED).integers(0, len(days), (RESAMPLES, len(days)))
    values = top[drawn].sum(1) / numpy.maximum(below[drawn].sum(1), 1.0)
    low, high = numpy.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def curve(each: Sequence[Played], over: str, under: str) -> list[float]:
    """Return one value a day: the mean over seeds and the days around it."""
    length = len(each[0].ledger.days)
    return [
        round(rate([one.ledger.days[near] for one in each for near in window(day, length)], over, under), 4)
        for day in range(length)
    ]


def window(day: int, length: int) -> range:
    """Return the days around one."""
    return range(max(0, day - WINDOW // 2), min(length, day + WINDOW // 2 + 1))


if __name__ == "__main__":
    say("the operational benchmark: every team, every seed")
    main()
