"""What is to be done next, by the record? A plan that a person reads, written anew each day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from brainops.learning.cycles import failure_rates
from brainops.learning.cycles.part import CycleWork, Found, Part
from brainops.types import Cycle, Improvement, ImprovementState, Insight, MemoryType, Section

SHOWN_STANDING = 10
MOST_IMPROVEMENTS = 200
IMPORTANCE = 0.6

STANDS = (
    (ImprovementState.PROPOSED, "Waits for evidence or for you"),
    (ImprovementState.PLANNED, "Applies itself unless vetoed"),
    (ImprovementState.TRIAL, "Is tried"),
    (ImprovementState.APPLIED, "Applied, and watched"),
)


def parts(cycle: Cycle) -> Sequence[Part]:
    """Return the part that writes the plan; it comes after those whose findings it orders."""
    what = "Writes the evolution plan: what got worse, what does not work, what is being improved and waits for whom."
    return [Part(name="plan", what=what, find=_plan)] if cycle is Cycle.DAILY else ()


def _plan(work: CycleWork) -> Found:
    changed = failure_rates.changes(work).insights
    with work.context.store.read() as tx:
        improvements = tx.improvements.list(kind=None, state=None, limit=MOST_IMPROVEMENTS)
    day = datetime.fromtimestamp(work.to_at / 1e6, UTC).strftime("%Y-%m-%d")
    chapters = [chapter for chapter in _chapters(changed, improvements, work.before) if chapter[1]]
    text = "\n".join(line for title, lines in chapters for line in (f"## {title}", "", *(f"- {x}" for x in lines), ""))
    insight = Insight(
        key="evolution-plan",
        title=f"Evolution plan, {day}",
        statement=text.strip(),
        probability=1.0,
        tags=("evolution-plan",),
        importance=IMPORTANCE,
        type=MemoryType.SYSTEM_IMPROVEMENT,
    )
    lines = [f"{title}: {len(lines)}" for title, lines in chapters]
    section = Section(title="Evolution plan", lines=tuple(lines))
    return Found(section=section, insights=(insight,) if chapters else (), complete=True)


def _chapters(
    changed: Sequence[Insight], improvements: Sequence[Improvement], before: Sequence[Found]
) -> Iterator[tuple[str, list[str]]]:
    worse = [each for each in changed if "fails more often" in each.title]
    yield "Got worse: look at these first", [f"{each.title}. {each.statement}" for each in worse[:SHOWN_STANDING]]
    reviewed = next((each.section.lines for each in before if each.section.title == "Effectiveness"), ())
    yield "Does not work, or not always", [line for line in reviewed if "does not work" in line or ": mixed" in line]
    for state, title in STANDS:
        standing = sorted((each for each in improvements if each.state is state), key=lambda each: each.key)
        yield title, [f"{each.title}: {each.reason}" for each in standing[:SHOWN_STANDING]]
    better = [each for each in changed if each not in worse]
    yield "Got better", [f"{each.title}. {each.statement}" for each in better[:SHOWN_STANDING]]
