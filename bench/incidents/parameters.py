"""What was fixed before any change to the product was measured here: sizes, hidden chances, seeds.

The figures in bench/results come from SEEDS alone; DEVELOPMENT_SEEDS are for work on the product. Changing a value here
or a text of the catalogue makes earlier results another benchmark's: run every arm again.
"""

from __future__ import annotations

from dataclasses import dataclass

SEEDS = (41101, 41102, 41103, 41104, 41105, 41106, 41107, 41108, 41109, 41110)
DEVELOPMENT_SEEDS = (7, 8, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The sizes and chances of a simulated team's weeks. Chances are probabilities, times are minutes."""

    days: int = 28
    incidents_a_day: int = 18
    services: int = 8
    zipf: float = 0.7  # how much more often the first cause comes up than the last
    late_share: float = 0.3  # of the causes, that first come up after the first third
    one_off: float = 0.22  # of the incidents: an error that never comes again
    by_context: float = 0.35  # of the causes: which remedy helps depends on the service's region, engine or version
    by_drift: float = 0.2  # of the causes: another remedy helps from version 3 of a service on
    unsure: float = 0.4  # of the causes: the right remedy helps in 80 % only
    helps_if_unsure: float = 0.8
    placebo: float = 0.15  # of the causes: one wrong remedy makes the error go away for an hour
    placebo_minutes: tuple[int, int] = (30, 90)  # until it is back
    upgrades: tuple[int, int] = (10, 20)  # between which days the services come to version 3
    misnamed: float = 0.1  # of the incidents: the area that the alert names is another one
    known_best: float = 0.65  # chance that an agent which is good at an area knows the remedy by itself
    known_rest: float = 0.15
    lies: float = 0.3  # chance that the lying agent calls a failure a success
    tries: int = 3  # remedies that an agent tries before it hands over
    agents_an_incident: int = 2  # in turn, before a person is called
    minutes_a_try: int = 10
    harmful: float = 0.1  # chance that a wrong remedy makes it worse
    minutes_of_harm: int = 20
    minutes_of_a_person: int = 60
    minutes_of_a_lie: int = 30  # until somebody sees that an incident which was called solved is still there
    misled: float = 0.3  # hostile: share of the causes for which somebody brings a wrong remedy beforehand
    costs: tuple[float, ...] = (1.0, 0.4, 0.7, 0.2, 0.5)  # of one task of each agent


FULL = Parameters()
QUICK = Parameters(days=6, incidents_a_day=10, upgrades=(2, 4))
