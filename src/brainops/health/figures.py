"""How well does memory do its work? The figures of health, each with the formula by which the record gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta

from brainops.health import formulas
from brainops.health.counts import count
from brainops.health.formulas import FORMULAS, LEAST, RecordCounts, share
from brainops.memory.context import MemoryContext
from brainops.procedures.consent.outbox import ATTEMPTS
from brainops.store import Transaction
from brainops.types import JSON, CalibrationRecord, HealthFigure, Micros
from brainops.types.times import DAY_MICROS
from brainops.wire import from_plain

DEFAULT_DAYS = 30  # fixes, verdicts and improvements are too rare for a shorter time to say anything
Days = Annotated[int, Meta(ge=1, le=365)]
SPARK_BUCKETS, SPARK_MINUTES = 12, 5  # the last hour in five minutes each

SHARE, SECONDS, A_MINUTE, A_WEEK, COST, ERROR = "share", "seconds", "a minute", "a week", "cost", "error"


def health(context: MemoryContext, days: int) -> tuple[HealthFigure, ...]:
    """Return the figures of the last days; a value is None where there is nothing to count yet. Raises InvalidInput."""
    from_plain(Days, days, "days")
    now = context.store.now()
    with context.store.read() as tx:
        until = now + 1  # with this very moment
        counts = count(tx, until - days * DAY_MICROS, until)
        return (*of_counts(counts), *_of_ages(tx, now, context.meaning.model != "none"))


def calibration(context: MemoryContext, days: int) -> CalibrationRecord:
    """Return whether advice was as sure as it said over the last days. Raises InvalidInput."""
    from_plain(Days, days, "days")
    until = context.store.now() + 1
    with context.store.read() as tx:
        return formulas.calibration(tx.figures.advice_followed(until - days * DAY_MICROS, until))


def of_counts(counts: RecordCounts) -> Iterator[HealthFigure]:
    """Yield the figures that are counted over a time; the others are of now."""
    kinds: dict[str, JSON] = {**formulas.by_kind(counts.queries)}
    lately: list[JSON] = [*formulas.queries_lately(counts, SPARK_BUCKETS, SPARK_MINUTES)]
    asked = sum(int(row["queries"]) for row in counts.queries)
    yield _figure("memory queries", formulas.queries_a_minute(counts), A_MINUTE, asked, by_kind=kinds, history=lately)
    yield _figure("insights generated", float(counts.insights) or None, "insights", counts.insights)
    followed, begun = formulas.compliance(counts.compliance)
    yield _figure("procedure compliance", share(followed, begun), SHARE, begun, followed=followed)
    judged = formulas.judged(counts)
    yield _figure(
        "pattern match accuracy",
        judged.accuracy,
        SHARE,
        judged.right + judged.wrong,
        right=judged.right,
        wrong=judged.wrong,
        unjudged=judged.unjudged,
        unjudged_share=judged.unjudged_share,
    )
    agents = counts.agents
    yield _figure(
        "agent coordination",
        agents.efficiency,
        SHARE,
        agents.compared,
        attempts=agents.ended,
        succeeded=agents.succeeded,
    )
    yield _figure(
        "system improvement",
        formulas.improvement_rate(counts),
        A_WEEK,
        counts.kept + counts.rolled_back,
        kept=counts.kept,
        rolled_back=counts.rolled_back,
        made=counts.made,
    )
    yield from _of_errors(counts)
    error, cases = formulas.calibration_error(counts.followed)
    yield _figure("calibration error", error, ERROR, cases)
    spent = counts.language
    yield _figure("language spend", spent.cost if spent.calls else None, COST, spent.calls, tokens=spent.tokens)


def _of_errors(counts: RecordCounts) -> Iterator[HealthFigure]:
    failed, repeated = formulas.failures(counts)
    history: list[JSON] = [*formulas.failures_by_day(counts)]
    yield _figure("repeat errors", share(repeated, failed), SHARE, failed, repeated=repeated, history=history)
    seconds = formulas.seconds_to_fix(counts.mended)
    yield _figure("time to fix", formulas.median_or_none(seconds), SECONDS, len(seconds))
    verified, judged = formulas.fix_success(counts.fixes)
    states: dict[str, JSON] = {**counts.fixes}
    yield _figure("fix success", share(verified, judged), SHARE, judged, states=states)


def _of_ages(tx: Transaction, now: Micros, embeds: bool) -> Iterator[HealthFigure]:
    captured = tx.counts.last_captured()
    yield _figure("last capture", None if captured is None else _seconds(captured, now), SECONDS, int(bool(captured)))
    since: Mapping[str, Any] = {
        "vector": tx.figures.vector_waiting_since() if embeds else None,
        "run": tx.figures.run_due_since(now),
        "notice": tx.approvals.notice_counts(ATTEMPTS)["since"],
    }
    ages: dict[str, JSON] = {name: None if at is None else _seconds(int(at), now) for name, at in since.items()}
    waiting = [_seconds(int(at), now) for at in since.values() if at is not None]
    yield _figure("queue age", max(waiting, default=0.0), SECONDS, len(waiting), oldest=ages)


def _seconds(at: Micros, now: Micros) -> float:
    return max(0, now - at) / 1e6


def _figure(name: str, value: float | None, unit: str, counted: int, **detail: JSON) -> HealthFigure:
    least = LEAST.get(name, 0)
    return HealthFigure(
        name=name,
        value=value if counted >= least else None,
        unit=unit,
        counted=counted,
        formula=FORMULAS[name],
        least=least,
        detail=detail,
    )
