"""What does a retrieve cost among 1,000,000 memories whose vectors were supplied?"""

from __future__ import annotations

from bench.figures import latencies, timed, work
from bench.part import options, profiled, publish, say, store_of
from bench.speed.latency import HITS, WARM, checked
from bench.speed.questions import NAMESPACE, ONE_PERCENT, questions
from brainops import Brain

TARGET_CPU = 100.0


def main() -> None:
    given = options()
    count = 20_000 if given.quick else 1_000_000
    asked = questions(60 if given.quick else 200)
    at = f"retrieve, {count:,} memories"
    with Brain.open(store_of(given, count), namespace=NAMESPACE, background=False) as brain:
        say("the first question makes the map of vectors")
        timed(lambda question: brain.retrieve(question, limit=HITS), asked[:WARM])
        plain = timed(lambda question: checked(brain.retrieve(question, limit=HITS)), asked[WARM:])
        timed(lambda question: brain.retrieve(question, limit=HITS, **ONE_PERCENT), asked[:WARM])
        tagged = timed(lambda question: checked(brain.retrieve(question, limit=HITS, **ONE_PERCENT)), asked[WARM:])
        profile = profiled(lambda question: brain.retrieve(question, limit=HITS), asked[WARM : WARM + 50])
    figures = [
        work(at, plain, at_most=TARGET_CPU),
        *latencies(at, plain),
        work(f"{at}, 1 % tag filter", tagged),
    ]
    publish(figures, quick=given.quick, profile=profile)


if __name__ == "__main__":
    main()
