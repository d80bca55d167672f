"""Is what fits recommended first, and what does not fit not at all, from the first memory of a store on?

    python -m bench.guidance.advice --work FOLDER [--quick]

Stores of 1 to 50 memories are drawn from `cases.jsonl` and asked three kinds of questions: the cases' own paraphrases
where the case is stored, paraphrases of cases that are not, and `unrelated.jsonl`, which fits none. Both files are cut
in two halves by their lines: the even ones may shape constants, the odd ones are held back. Nothing was ever followed
in these stores, so no confidence may reach one half.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import SEED, Figure, wilson
from bench.part import fresh, options, publish, say
from brainops import Brain
from brainops.types import Guidance

HERE = Path(__file__).parent
SIZES = (1, 2, 3, 5, 10, 20, 50)
DRAWS = 6  # stores of each size, twice as many where they are small
SMALL = 5
ASKED = 12  # questions of each kind, of one store
NEVER_ABOVE = 0.2  # what is unrelated
HALVES = ("shaping", "held back")
RUNS = 3  # of so many written procedures one can be run, the others are memories
KINDS = ("paraphrase", "case that is not stored", "unrelated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question: an operation's name, its target and its context."""

    name: str
    target: str | None
    context: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is stored, and how it is asked for."""

    type: str
    title: str
    content: Any
    asks: tuple[Ask, ...]
    runs: bool

    def put(self, brain: Brain) -> str:
        """Store it, as a memory or as a procedure that can be run; return the id that guidance names."""
        if not self.runs:
            return brain.capture(self.title, self.content, type=self.type).id
        name = "-".join(self.title.lower().split())
        steps = [{"id": "do", "uses": "manual", "with": {"text": self.content}}]
        description = f"{self.title}. {self.content}"
        brain.procedures.save(
            {"name": name, "description": description, "on": {"operations": [f"start {name}"]}, "steps": steps}
        )
        return brain.procedures.activate(name).id


@dataclass(slots=True, kw_only=True)
class Answers:
    """What came back to the questions of one kind: the size of the store, the best confidence, was the case first."""

    sizes: list[int] = field(default_factory=list)
    best: list[float] = field(default_factory=list)
    first: list[bool] = field(default_factory=list)


def main() -> None:
    given = options()
    figures: list[Figure] = []
    details: dict[str, Any] = {}
    for model in ("minilm", "none"):
        for half, name in enumerate(HALVES):
            answers = asked(given, model, half, draws=1 if given.quick else DRAWS)
            at = f"advice, {'with meaning' if model != 'none' else 'words only'}, {name}"
            figures += judged(at, answers)
            details[at] = {kind: by_size(each) for kind, each in answers.items()}
            say(f"{at}: {sum(len(each.best) for each in answers.values()):,} questions")
    publish(figures, quick=given.quick, advice=details)


def read(half: int) -> tuple[list[Case], list[Case], list[Ask]]:
    """Return the cases of a half, those of the other one, and what fits none."""
    rows = [json.loads(line) for line in (HERE / "cases.jsonl").read_text(encoding="utf-8").splitlines()]
    others = [json.loads(line) for line in (HERE / "unrelated.jsonl").read_text(encoding="utf-8").splitlines()]
    cases = [
        Case(
            type=row["type"],
            title=row["title"],
            content=row["content"],
            asks=tuple(ask(each) for each in row["asks"]),
            runs=row["type"] == "operational_procedure" and number % RUNS == 0,
        )
        for number, row in enumerate(rows)
    ]
    return cases[half::2], cases[1 - half :: 2], [ask(each) for each in others[half::2]]


def ask(row: Sequence[Any]) -> Ask:
    name, target, context = row
    return Ask(name=name, target=target, context=context)


def asked(given: Any, model: str, half: int, *, draws: int) -> dict[str, Answers]:
    """Ask stores of every size."""
    found = {kind: Answers() for kind in KINDS}
    for size in SIZES:
        for draw in range(draws * (2 if size <= SMALL else 1)):
            chance = random.Random(f"{SEED} {half} {size} {draw}")
            with Brain.open(fresh(given, "advice"), namespace="bench", model=model, background=False) as brain:
                one_store(brain, half, size, chance, found)
    return found


def one_store(brain: Brain, half: int, size: int, chance: random.Random, found: dict[str, Answers]) -> None:
    own, other, unrelated = read(half)
    chance.shuffle(own)
    stored, missing = own[:size], own[size:]
    filling = chance.sample(other, max(0, size - len(stored)))
    ids = [case.put(brain) for case in (*stored, *filling)][: len(stored)]
    brain.upkeep.embed_pending()
    known = [(one, id) for case, id in zip(stored, ids, strict=True) for one in case.asks]
    unknown = [one for case in missing for one in case.asks]
    questions: dict[str, list[tuple[Ask, str | None]]] = {
        "paraphrase": list(known),
        "case that is not stored": [(one, None) for one in unknown],
        "unrelated": [(one, None) for one in unrelated],
    }
    for kind, pairs in questions.items():
        for one, id in chance.sample(pairs, min(ASKED, len(pairs))):
            guidance = brain.guidance(one.name, target=one.target, context=one.context)
            found[kind].sizes.append(size)
            found[kind].best.append(max((each.confidence for each in guidance.recommendations), default=0.0))
            found[kind].first.append(id is not None and names(guidance, id))


def names(guidance: Guidance, id: str) -> bool:
    """Say whether a stored case is what guidance recommends first."""
    return guidance.primary_recommendation is not None and guidance.primary_recommendation.memory_id == id


def judged(at: str, answers: dict[str, Answers]) -> Iterator[Figure]:
    """Return what is to be read: the target holds for what was held back too."""
    known, unrelated = answers["paraphrase"], answers["unrelated"]
    yield share(f"{at}: a paraphrase gets its case first", known.first)
    yield Figure(
        name=f"{at}: highest confidence of what nobody followed",
        value=max(known.best),
        n=len(known.best),
        at_most=0.499,
    )
    yield share(f"{at}: unrelated, above {NEVER_ABOVE}", [best > NEVER_ABOVE for best in unrelated.best], at_most=0.0)
    yield share(f"{at}: unrelated, anything named", [best > 0.0 for best in unrelated.best])
    elsewhere = answers["case that is not stored"]
    yield share(f"{at}: another case of the field, above {NEVER_ABOVE}", [b > NEVER_ABOVE for b in elsewhere.best])


def share(name: str, rows: Sequence[bool], *, at_most: float | None = None) -> Figure:
    return Figure(
        name=name,
        value=sum(rows) / len(rows),
        n=len(rows),
        interval=wilson(sum(rows), len(rows)),
        method="Wilson",
        at_most=at_most,
    )


def by_size(answers: Answers) -> dict[str, Any]:
    """Return by the size of the store: how many questions, the share first, and the median and highest confidence."""
    rows = list(zip(answers.sizes, answers.best, answers.first, strict=True))
    found = {}
    for size in SIZES:
        mine = sorted((best, first) for number, best, first in rows if number == size)
        if mine:
            found[str(size)] = {
                "n": len(mine),
                "first": round(sum(first for _, first in mine) / len(mine), 3),
                "median": round(mine[len(mine) // 2][0], 3),
                "highest": round(mine[-1][0], 3),
            }
    return found


if __name__ == "__main__":
    main()
