"""What was fixed before any result was seen: the sizes of the worlds, their hidden chances, and the seeds.

The figures in bench/results come from SEEDS alone, which nothing was tuned on and no development run used; TRIAL_SEEDS
are for trying the benchmark out. Changing a value here makes earlier results another benchmark's: run all worlds again.
"""

from __future__ import annotations

from dataclasses import dataclass

SEEDS = (20261, 20262, 20263)
TRIAL_SEEDS = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The sizes and chances of a simulated team's weeks. Chances are probabilities, times are minutes."""

    days: int = 21
    incidents_a_day: int = 20
    deployments_a_day: int = 4
    services: int = 6
    areas: int = 3  # what an agent is good or bad at: the area of a fault, which its error names
    faults: int = 30
    remedies: int = 12
    agents: int = 4
    zipf: float = 1.0  # how much more often the first fault comes up than the last
    late_share: float = 0.4  # of the faults, that first come up after the first third
    near_twins: float = 0.2  # of the faults: the error of another one but for one word, and another remedy
    known_best: float = 0.65  # chance that an agent which is good at an area knows the remedy by itself
    known_rest: float = 0.15  # the same of the others
    tries: int = 4  # remedies that an agent tries before it gives up
    agents_an_incident: int = 4  # in turn, until one of them mends it
    minutes_a_try: int = 10
    minutes_a_consultation: int = 1
    harmful: float = 0.1  # chance that a wrong remedy makes it worse: two more tries' worth of time
    drift_day: int = 14  # on which some remedies and one agent's strength change
    drift_share: float = 0.2  # of the faults whose remedy changes on that day
    skip: float = 0.35  # chance that an agent leaves out a step of a deployment when nobody holds it to it
    failed_if_skipped: float = 0.5  # chance that a deployment fails of which a step was left out
    failed_anyway: float = 0.05
    misled: float = 0.3  # hostile: share of the faults for which somebody brings a wrong fix
    lies: float = 0.6  # hostile: chance that the lying agent calls a failure a success
    costs: tuple[float, ...] = (1.0, 0.4, 0.7, 0.2)  # of one task of each agent


FULL = Parameters()
QUICK = Parameters(days=6, incidents_a_day=8, deployments_a_day=2, faults=10, drift_day=4)
