"""Is memory worth more than a notebook when something breaks, and how far is it from knowing everything?

    python -m bench.incidents.run --work FOLDER [--quick] [--development] [--arms NAME,NAME] [--seeds N] [--hostile N]
        [--processes N]

Every arm plays every seed's world: the same incidents, and the same effect where two arms do the same. Differences are
paired by seed; their 95 % intervals are Student's over seeds (n = seeds). `--development` plays the seeds that may be
looked at while the product changes; nothing of it is published. `--seeds` plays the first ones only, `--hostile` so
many of them in the hostile world. What was played
stands in FOLDER and is not played again: a run that was ended goes on, and a change of the code takes another folder.
"product that only suggests" is an arm that is asked for.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import msgspec
import numpy

from bench.figures import RESAMPLES, SEED, Figure
from bench.incidents.arms import ARMS, NOTEBOOKS
from bench.incidents.parameters import DEVELOPMENT_SEEDS, FULL, QUICK, SEEDS
from bench.incidents.play import Line, play
from bench.part import options, publish, say

PROCESSES = 2
PRODUCT = "product"
SUGGESTS = "product that only suggests"
HOSTILE = ("none", PRODUCT)
STUDENT = {
    2: 12.71,
    3: 4.303,
    4: 3.182,
    5: 2.776,
    6: 2.571,
    7: 2.447,
    8: 2.365,
    9: 2.306,
    10: 2.262,
}  # two-sided 95 %, by the number of seeds

Lines = Sequence[Line]
Played = Mapping[str, Sequence[Lines]]
"""Arm -> the lines of each seed, in the order of the seeds."""


def _share(lines: Lines, over: str, chosen: Callable[[Line], bool] = lambda line: True) -> float:
    values = [float(getattr(line, over)) for line in lines if chosen(line)]
    return sum(values) / len(values) if values else math.nan


MEASURES: dict[str, Callable[[Lines], float]] = {
    "repeats an incident seen before": lambda lines: _share(lines, "repeats", lambda line: line.known),
    "minutes": lambda lines: _share(lines, "minutes"),
    "first advice right": lambda lines: _share(lines, "first_right", lambda line: line.known),
    "first advice right by context": lambda lines: _share(
        lines, "first_right", lambda line: line.known and line.kind == "context"
    ),
    "wrong tries after drift": lambda lines: _share(lines, "wrong", lambda line: line.known and line.kind == "drifted"),
    "to a person": lambda lines: _share(lines, "person"),
    "cost": lambda lines: _share(lines, "cost"),
    "tokens": lambda lines: _share(lines, "tokens"),
    "CPU ms": lambda lines: _share(lines, "cpu_ms"),
    "automatic actions": lambda lines: _share(lines, "automatic"),
}
FEWER_IS_BETTER = ("repeats an incident seen before", "minutes")


def main() -> None:
    given = options()
    rest = list(given.rest)
    development = "--development" in rest
    wanted = rest[rest.index("--arms") + 1].split(",") if "--arms" in rest else [*ARMS, PRODUCT]
    seeds: Sequence[int] = DEVELOPMENT_SEEDS[:2] if given.quick else DEVELOPMENT_SEEDS if development else SEEDS
    if "--seeds" in rest:
        seeds = seeds[: int(rest[rest.index("--seeds") + 1])]
    hostile = seeds[: int(rest[rest.index("--hostile") + 1])] if "--hostile" in rest else seeds
    processes = int(rest[rest.index("--processes") + 1]) if "--processes" in rest else PROCESSES
    arms = [*wanted, *(f"{name}, hostile" for name in HOSTILE if name in wanted)]
    with ProcessPoolExecutor(processes) as pool:
        asked = {
            (arm, seed): pool.submit(one, arm, seed, given.work, given.quick)
            for seed in seeds
            for arm in arms
            if seed in hostile or arm in wanted
        }
        played = {arm: [asked[arm, seed].result() for seed in seeds if (arm, seed) in asked] for arm in arms}
    figures = [*told(played), *(judged(played) if PRODUCT in played else ())]
    if development or "--arms" in rest:
        for figure in figures:
            within = "" if figure.interval is None else f"[{figure.interval[0]:.3f}, {figure.interval[1]:.3f}]"
            print(f"{figure.name}: {figure.value:.4g} {within}")
    else:
        publish(figures, quick=given.quick, incidents={"parameters": asdict(FULL) | {"seeds": list(seeds)}})


def one(arm: str, seed: int, work: Path, quick: bool) -> list[Line]:
    """Play one arm through one seed, in a process of its own, unless it was played."""
    kept = work / "incidents" / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}.json"
    if not kept.exists():
        lines = _played(arm, seed, work, quick)
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".part")
        unfinished.write_bytes(msgspec.json.encode(lines))
        unfinished.replace(kept)
    return msgspec.json.decode(kept.read_bytes(), type=list[Line])


def _played(arm: str, seed: int, work: Path, quick: bool) -> list[Line]:
    parameters, name = QUICK if quick else FULL, arm.removesuffix(", hostile")
    hostile = name != arm
    if name in ARMS:
        return play(ARMS[name], parameters, seed, hostile=hostile)
    from bench.incidents.product import play_product

    folder = work / "incidents" / f"{arm.replace(', ', '-').replace(' ', '-')}-{seed}"
    lines = play_product(parameters, seed, folder, automatic=name == PRODUCT, hostile=hostile)
    say(f"{arm}, seed {seed}")
    return lines


def told(played: Played) -> list[Figure]:
    """Return every measure of every arm: the mean over seeds and its interval."""
    return [
        mean(f"{arm}: {name}", [measure(lines) for lines in worlds])
        for name, measure in MEASURES.items()
        for arm, worlds in played.items()
    ]


def judged(played: Played) -> list[Figure]:
    """Return what the product must reach, against the best notebook and the oracle."""
    found = []
    product, oracle = played[PRODUCT], played["oracle"]
    for name in FEWER_IS_BETTER:
        measure = MEASURES[name]
        best = min(NOTEBOOKS, key=lambda arm: statistics.mean(map(measure, played[arm])))
        notebook, mine, theirs = ([measure(lines) for lines in arm] for arm in (played[best], product, oracle))
        title = f"gap to the oracle closed, {name}"
        found.append(closed(title, notebook, mine, theirs, beside={"best notebook": best}))
    first = MEASURES["first advice right"]
    best = max(NOTEBOOKS, key=lambda arm: statistics.mean(map(first, played[arm])))
    more = [first(mine) - first(theirs) for mine, theirs in zip(product, played[best], strict=True)]
    found.append(mean("first advice right, more than the best notebook", more, at_least=0.10))
    name = "first advice right by context"
    found.append(mean(name, [MEASURES[name](lines) for lines in product], at_least=0.80))
    for name, line in (("wrong tries after drift", 1.0), ("tokens", 150.0), ("CPU ms", 30.0)):
        found.append(mean(name, [MEASURES[name](lines) for lines in product], at_most=line))
    acted = sum(line.automatic for lines in product for line in lines)
    wrong = sum(line.automatic_wrong for lines in product for line in lines)
    found.append(Figure(name="wrong automatic actions", value=wrong / max(1, acted), n=acted, at_most=0.01))
    for name in (*FEWER_IS_BETTER, "to a person", "cost"):
        pairs = zip(played[f"{PRODUCT}, hostile"], played["none, hostile"], strict=True)
        more = [MEASURES[name](mine) - MEASURES[name](none) for mine, none in pairs]
        found.append(mean(f"hostile: {name}, more than without memory", more, at_most=0.0))
    return found


def mean(name: str, values: Sequence[float], *, at_least: float | None = None, at_most: float | None = None) -> Figure:
    """Return the mean over seeds with Student's interval."""
    values = [value for value in values if not math.isnan(value)]
    middle = statistics.fmean(values) if values else math.nan
    half = (
        STUDENT.get(len(values), 2.262) * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    )
    return Figure(
        name=name,
        value=middle,
        n=len(values),
        interval=(middle - half, middle + half) if len(values) > 1 else None,
        method="Student's over seeds" if len(values) > 1 else "",
        at_least=at_least,
        at_most=at_most,
    )


def closed(
    name: str, notebook: Sequence[float], product: Sequence[float], oracle: Sequence[float], beside: Mapping[str, str]
) -> Figure:
    """Return the share of the gap between notebook and oracle that the product closes; bootstrap over seeds."""
    tables = numpy.array([notebook, product, oracle])
    drawn = numpy.random.default_rng(SEED).integers(0, tables.shape[1], (RESAMPLES, tables.shape[1]))
    means = tables[:, drawn].mean(axis=2)
    low, high = numpy.quantile((means[0] - means[1]) / (means[0] - means[2]), (0.025, 0.975))
    whole = tables.mean(axis=1)
    value = float((whole[0] - whole[1]) / (whole[0] - whole[2]))
    return Figure(
        name=name,
        value=value,
        n=len(notebook),
        interval=(float(low), float(high)),
        method="bootstrap over seeds",
        at_least=0.5,
        beside=beside,
    )


if __name__ == "__main__":
    say("incidents: every arm, every seed")
    main()
