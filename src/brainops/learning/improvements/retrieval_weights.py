"""Would other weights find what helped sooner? By the questions whose answer was followed and then proved right.

Each such question is asked again under both weights, and the weights under which the memory that helped stands higher
win it. The challenger is chosen on the past, and judged only on questions that came after it was proposed. What was
shown first is followed more often: that speaks for the weights in force, so an error here keeps what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import asdict, replace

from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import InStore, draft
from brainops.memory import rank, retrieve
from brainops.memory.weights import checked, set_weights, weights_of
from brainops.operations.guidance import question_text
from brainops.statistics.always_valid import Counts, Measured, beyond
from brainops.store import Transaction
from brainops.types import JSON, Actor, Filter, Improvement, ImprovementKind, Micros
from brainops.types.times import DAY_MICROS

KEY = "retrieval"
LEAST_QUESTIONS = 30  # of the past, to choose a challenger on
LEAST_LEAD = 5  # questions that it must have won more than it lost; the trial has yet to say whether that was luck
MAX_QUESTIONS = 300  # asked again in a day: a few seconds
LOOKED_BACK_DAYS = 90

STEPS: dict[str, tuple[float, ...]] = {"dense": (-0.15, 0.15), "recency": (-0.05, 0.05), "neighbour": (-0.15, 0.15)}
"""How far one challenger stands from the weights in force: far enough to be seen, near enough to be safe to try."""


class PastQuestion(Struct, frozen=True, kw_only=True):
    """What one question found, before it is ranked, and which of it helped."""

    candidates: tuple[rank.Candidate, ...]
    helped: int


class RetrievalWeights(InStore):
    """Changes the weights by which a namespace ranks what it finds."""

    kinds = frozenset((ImprovementKind.RETRIEVAL,))

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return the weights that are tried, with what the questions since say; or new ones that won on the past."""
        with work.context.store.read() as tx:
            standing, weights = tx.improvements.open(KEY), weights_of(tx)
        if standing is not None:
            since = standing.applied_at or standing.proposed_at
            won = contest(questions(work, since), _weights(standing.before), _weights(standing.after))
            return [replace(standing, evidence={**standing.evidence, **_figures(won)})]
        return [*_challenger(list(questions(work, work.to_at - LOOKED_BACK_DAYS * DAY_MICROS)), weights, work.to_at)]

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return the weights in force."""
        return _side(weights_of(tx))

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let weights hold."""
        set_weights(tx, _weights(value), by, now)

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return what the questions say that came since it was proposed, or since it was applied."""
        found = [improvement.evidence.get(name) for name in ("won", "lost")]
        won, lost = (each if isinstance(each, int) else 0 for each in found)
        counts = Counts(well=won, badly=lost)
        return Measured(evidence=beyond(counts, 0.5), counted=counts.total, figures=_figures(counts))


def contest(asked: Iterable[PastQuestion], usual: rank.Weights, tried: rank.Weights) -> Counts:
    """Return how many questions the tried weights win, and how many they lose; a draw says nothing."""
    won = lost = 0
    for question in asked:
        before, after = _place(question, usual), _place(question, tried)
        won, lost = won + (after < before), lost + (after > before)
    return Counts(well=won, badly=lost)


def neighbours(weights: rank.Weights) -> Iterator[rank.Weights]:
    """Yield the challengers of weights: one of them moved a step each."""
    for name, steps in STEPS.items():
        for step in steps:
            value = round(min(1.0, max(0.0, getattr(weights, name) + step)), 3)
            if value != getattr(weights, name):
                yield replace(weights, **{name: value})


def questions(work: CycleWork, since: Micros) -> Iterator[PastQuestion]:
    """Yield the questions of operations that succeeded by following a memory, as they would be asked today."""
    context = work.context
    with context.store.read() as tx:
        rows = tx.improvements.judged(since=since, until=work.to_at, limit=MAX_QUESTIONS)
    for row in rows:
        with context.store.read() as tx:
            operation = tx.operations.get(row["id"])
        if operation is None:
            continue
        question = retrieve.ask(context, question_text(operation.start))
        with context.store.read() as tx:
            candidates = retrieve.gather(tx, question, Filter(), retrieve.CANDIDATES, work.to_at)
        yield PastQuestion(candidates=tuple(candidates), helped=row["key"])


def _challenger(asked: Sequence[PastQuestion], weights: rank.Weights, at: Micros) -> Iterator[Improvement]:
    if len(asked) < LEAST_QUESTIONS:
        return
    tried = [(contest(asked, weights, each), each) for each in neighbours(weights)]
    counts, best = max(tried, key=lambda pair: pair[0].well - pair[0].badly)
    if counts.well - counts.badly < LEAST_LEAD:
        return
    changed = [f"{name} {value:g}" for name, value in asdict(best).items() if value != getattr(weights, name)]
    yield draft(
        ImprovementKind.RETRIEVAL,
        KEY,
        "retrieval",
        f"rank what is found by other weights: {', '.join(changed)}",
        f"of {len(asked)} questions whose answer helped, {counts.well} would have found it sooner and {counts.badly} "
        "later",
        before=_side(weights),
        after=_side(best),
        at=at,
        evidence={"chosen_on": len(asked), "won_before": counts.well, "lost_before": counts.badly},
        basis=len(asked),
    )


def _place(question: PastQuestion, weights: rank.Weights) -> int:
    ranked = rank.fuse(question.candidates, weights=weights)
    return next((place for place, hit in enumerate(ranked) if hit.key == question.helped), len(ranked))


def _figures(counts: Counts) -> dict[str, JSON]:
    return {"won": counts.well, "lost": counts.badly}


def _side(weights: rank.Weights) -> JSON:
    return {name: float(value) for name, value in asdict(weights).items()}


def _weights(value: JSON) -> rank.Weights:
    return checked(value if isinstance(value, dict) else {})
