"""What did the last days bring, beside the days before them, and how is each figure counted?"""

from __future__ import annotations

from collections.abc import Iterator

from brainops.health import formulas
from brainops.health.counts import count
from brainops.health.figure_text import NOTHING_YET, said
from brainops.health.figures import A_WEEK, COST, SECONDS, SHARE, Days
from brainops.health.formulas import FORMULAS, RecordCounts, share
from brainops.memory.context import MemoryContext
from brainops.types import Report, ReportLine
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain

COUNT = "count"

Told = tuple[str, float | None, str, int, str]
"""A line of one time: its name, value, unit, from how many, and how that is counted."""

AVOIDED = (
    "known errors, each on one target, that a fix was applied for or whose advice was followed without failing, and "
    "that did not come back there until the end of the time: at most so many, as some would not have come back anyway"
)


def report(context: MemoryContext, days: int) -> Report:
    """Return what the last days brought, beside as many days before. Raises InvalidInput."""
    from_plain(Days, days, "days")
    now = context.store.now() + 1  # with this very moment
    begin, length = now - days * DAY_MICROS, days * DAY_MICROS
    with context.store.read() as tx:
        these, before = count(tx, begin, now), count(tx, begin - length, begin)
    lines = tuple(
        ReportLine(
            name=name,
            value=value,
            before=earlier,
            unit=unit,
            counted=counted,
            counted_before=counted_before,
            formula=formula,
        )
        for (name, value, unit, counted, formula), (_, earlier, _, counted_before, _) in zip(
            _lines(these), _lines(before), strict=True
        )
    )
    return Report(namespace=context.store.scope.write, from_at=begin, to_at=now, lines=lines)


def _lines(counts: RecordCounts) -> Iterator[Told]:
    failed, repeated = formulas.failures(counts)
    ended = counts.operations
    yield "operations", ended or None, COUNT, ended, "operations that ended"
    yield "failures", counts.failed if ended else None, COUNT, ended, "operations that failed"
    happened = "failures of an error that had happened before"
    yield "repeats that happened", repeated if failed else None, COUNT, failed, happened
    yield "repeats avoided", formulas.avoided(counts), COUNT, len(counts.answered), AVOIDED
    verified, judged = formulas.fix_success(counts.fixes)
    yield "fixes that held", share(verified, judged), SHARE, judged, FORMULAS["fix success"]
    seconds = formulas.seconds_to_fix(counts.mended)
    yield "time to fix", formulas.median_or_none(seconds), SECONDS, len(seconds), FORMULAS["time to fix"]
    yield from _of_advice(counts)
    worked = counts.worked_seconds if counts.operations else None
    yield "time", worked, SECONDS, counts.operations, "sum of what operations took"
    spent, agents = counts.language, counts.agents
    yield "tokens", spent.tokens if spent.calls else None, COUNT, spent.calls, "tokens that language models took"
    cost = spent.cost + agents.cost if spent.calls or agents.ended else None
    yield "cost", cost, COST, spent.calls + agents.ended, "cost of language models and of agents' attempts"
    yield "agents' attempts", agents.ended or None, COUNT, agents.ended, "attempts of agents that ended"
    succeeded = share(agents.succeeded, agents.ended)
    yield "agents' success", succeeded, SHARE, agents.ended, "attempts that succeeded / attempts that ended"
    followed, begun = formulas.compliance(counts.compliance)
    yield "compliance", share(followed, begun), SHARE, begun, FORMULAS["procedure compliance"]
    some = counts.made + counts.kept + counts.rolled_back
    yield "improvements made", counts.made if some else None, COUNT, some, "improvements that came into force"
    taken_back = "improvements that were worse, or that somebody took back"
    yield "improvements rolled back", counts.rolled_back if some else None, COUNT, some, taken_back
    yield (
        "net improvements",
        formulas.improvement_rate(counts),
        A_WEEK,
        counts.kept + counts.rolled_back,
        FORMULAS["system improvement"],
    )
    yield "insights", counts.insights or None, COUNT, counts.insights, FORMULAS["insights generated"]


def _of_advice(counts: RecordCounts) -> Iterator[Told]:
    judged = formulas.judged(counts)
    given = counts.advised + judged.right + judged.wrong
    yield (
        "advice given",
        counts.advised if counts.receipts else None,
        COUNT,
        counts.receipts,
        ("guidance that named something to follow"),
    )
    called = counts.verdicts.get("wrong", 0)
    wrong = judged.wrong + called
    yield (
        "wrong suggestions",
        wrong if given + called else None,
        COUNT,
        given + called,
        ("advice that was followed and failed or was contradicted, fixes that did not help, memories called wrong"),
    )
    known = judged.right + judged.wrong
    yield "right of judged", judged.accuracy, SHARE, known, FORMULAS["pattern match accuracy"]


def markdown(value: Report) -> Iterator[str]:
    """Yield a report as a Markdown page: a table, and below it how each figure is counted."""
    days = round((value.to_at - value.from_at) / DAY_MICROS)
    yield f"# {value.namespace}: the last {days} days"
    yield ""
    yield "| | these | before |"
    yield "|---|---:|---:|"
    for line in value.lines:
        yield f"| {line.name} | {said(line.value, line.unit)} | {said(line.before, line.unit)} |"
    yield ""
    yield f'"{NOTHING_YET}" is where there was nothing to count.'
    yield ""
    for line in value.lines:
        yield f"- {line.name}: {line.formula}."
