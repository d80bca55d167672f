"""How long does a guidance with its receipt take at 100,000 memories and 1,000 procedures?

    python -m bench.guidance.latency --work FOLDER [--quick]

Half of the procedures have intents, all have globs of operations; every operation sets some off and its context holds a
question of six telling words. The triggers are asked alone too, with and without words.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from bench.figures import Figure, Timing, latencies, work
from bench.part import copy_of, options, profiled, publish, say
from bench.scale import build
from bench.speed.latency import in_turn
from bench.speed.questions import NAMESPACE, questions
from brainops import Brain
from brainops.types import OperationStart

PROCEDURES = 1_000
PHRASES = 5  # of each second procedure
VERBS = ("deploy", "restart", "migrate", "rotate", "scale", "drain", "restore", "patch", "purge", "upgrade")
WARM = 20  # calls before the clock starts
TARGET_P50 = 15.0


def main() -> None:
    given = options()
    memories = 5_000 if given.quick else 100_000
    asked = questions((60 if given.quick else 400) + WARM)
    with Brain.open(copy_of(given, memories, "guided"), namespace=NAMESPACE, background=False) as brain:
        establish(brain, 100 if given.quick else PROCEDURES)
        timings, profile = measure(brain, asked)
    at = f"{memories:,} memories, {PROCEDURES if not given.quick else 100:,} procedures"
    publish(figures(at, timings, judged=not given.quick), quick=given.quick, profile=profile)


def establish(brain: Brain, procedures: int) -> None:
    """Activate procedures for services of their own, some with phrases."""
    say(f"establishing {procedures:,} procedures")
    phrases = iter(build.questions(procedures * PHRASES))
    for number in range(procedures):
        verb = VERBS[number % len(VERBS)]
        intents = [next(phrases) for _ in range(PHRASES)] if number % 2 else []
        name = f"{verb}-service-{number}"
        step = {"id": "do", "uses": "manual", "with": {"text": f"{verb} it"}}
        on = {"operations": [f"{verb} service-{number}", f"{verb} service-{number}-*"], "intents": intents}
        brain.procedures.save({"name": name, "description": f"{verb} service {number}", "on": on, "steps": [step]})
        brain.procedures.activate(name)


def measure(brain: Brain, asked: list[str]) -> tuple[dict[str, Timing], object]:
    """Consult about operations that set procedures off, in several ways that take turns."""
    numbers = count()

    def start(question: str) -> OperationStart:
        number = next(numbers) % len(brain.procedures.active())
        return OperationStart(name=f"{VERBS[number % len(VERBS)]} service-{number}", context={"request": question})

    ways: dict[str, Callable[[str], object]] = {
        "guidance": lambda question: guided(brain, start(question)),
        "retrieve": lambda question: brain.retrieve(question, limit=10),
        "triggers, with words": lambda question: brain.triggers.matching(start(question)),
        "triggers, pushed": lambda question: brain.triggers.pushed(start(question)),
    }
    return in_turn(ways, asked), profiled(ways["guidance"], asked[WARM : WARM + 100], lines=30)


def guided(brain: Brain, start: OperationStart) -> None:
    """Fail where a guidance came back empty: a fast wrong answer is none."""
    guidance = brain.guidance(start.name, context=start.context)
    assert guidance.recommendations, "nothing was recommended"


def figures(at: str, timings: dict[str, Timing], *, judged: bool) -> list[Figure]:
    """Return the wall times and the CPU of each way."""
    found: list[Figure] = []
    for way, timing in timings.items():
        found += latencies(f"{way}, {at}", timing, p50=TARGET_P50 if judged and way == "guidance" else None)
        found.append(work(f"{way}, {at}", timing))
    return found


if __name__ == "__main__":
    main()
