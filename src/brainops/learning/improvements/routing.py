"""Which agents should no longer be given tasks, and which need more time? By attempts that were seen or verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from brainops.errors import Conflict
from brainops.learning.cycles.part import CycleWork
from brainops.learning.improvements.port import InStore, draft
from brainops.statistics.always_valid import Counts, EValues, Measured, beyond, is_sure, probability
from brainops.store import Transaction, acts
from brainops.types import (
    JSON,
    Actor,
    Agent,
    Attempt,
    Failed,
    Improvement,
    ImprovementKind,
    ImprovementState,
    Micros,
    Succeeded,
)
from brainops.types.counted import counted
from brainops.types.times import DAY_MICROS

LOOKED_BACK_DAYS = 90
BAD_RATE = 0.25  # an agent that surely succeeds less often costs more than it brings: three of four are done twice
GOOD_RATE = 0.5  # what another must reach in every class of its tasks, so that nobody is left without
LEAST = 10
OFTEN = 0.1
NEAR = 0.5  # as for a step: an agent whose slowest success took half its time may well need more than all of it
LONGEST_SECONDS = 21_600.0
ATTEMPTS = 2_000  # the newest of one agent

Record = Mapping[str, Mapping[str, Counts]]
"""By agent and class of task."""


class Routing(InStore):
    """Disables agents, and gives them more time."""

    kinds = frozenset((ImprovementKind.ROUTING,))

    def find(self, work: CycleWork) -> Sequence[Improvement]:
        """Return what the attempts of the last quarter suggest of the agents of the written namespace."""
        since = work.to_at - LOOKED_BACK_DAYS * DAY_MICROS
        with work.context.store.read() as tx:
            record = _record(tx, since, work.to_at)
            agents = [agent for namespace, agent in tx.agents.list() if namespace == tx.scope.write and agent.enabled]
            attempts = {
                agent.name: tx.agents.attempts(task_class=None, agent=agent.name, since=since, limit=ATTEMPTS)
                for agent in agents
            }
        names = {agent.name for agent in agents}
        found = [each for agent in agents for each in _disabled(agent, record, names, work.to_at)]
        return found + [each for agent in agents for each in _longer(agent, attempts[agent.name], work.to_at)]

    def standing(self, tx: Transaction, improvement: Improvement) -> JSON:
        """Return what the improvement is about of the agent as it is."""
        agent = _agent(tx, improvement)
        if agent is None or not isinstance(improvement.after, dict):
            return None
        known: dict[str, JSON] = {"enabled": agent.enabled, "timeout_seconds": agent.limits.timeout_seconds}
        return {name: known[name] for name in improvement.after}

    def put(self, tx: Transaction, improvement: Improvement, value: JSON, by: Actor, now: Micros, reason: str) -> None:
        """Let the agent be chosen or not, or have so much time."""
        agent, said = _agent(tx, improvement), f"improvement {improvement.id}: {reason}"
        if agent is None or not isinstance(value, dict):
            raise Conflict(f"the agent of improvement {improvement.id} is gone")
        if "enabled" in value:
            tx.agents.enable(agent.name, bool(value["enabled"]), said)
        if "timeout_seconds" in value:
            limits = replace(agent.limits, timeout_seconds=float(value["timeout_seconds"]))
            tx.agents.put(replace(agent, limits=limits, reason=said))
        trail = tx.also(acts.IMPROVED_AGENT, by)
        trail.append(agent.name, now, improvement=improvement.id, value=value, reason=reason)

    def measure(self, tx: Transaction, improvement: Improvement, now: Micros) -> Measured:
        """Return what its own attempts say before it is disabled; more time is for a person to give.

        Whether more time helps cannot be told beside less, so its evidence never suffices by itself.
        """
        if improvement.state is ImprovementState.APPLIED:
            agent = _agent(tx, improvement)
            moved = agent is not None and self.standing(tx, improvement) != improvement.after
            return Measured(undone="somebody set it otherwise" if moved else "")
        if not isinstance(improvement.after, dict) or "enabled" not in improvement.after:
            return Measured()
        mine = _record(tx, now - LOOKED_BACK_DAYS * DAY_MICROS, now).get(_name(improvement), {})
        counts = _sum(mine.values())
        return Measured(
            evidence=EValues(better=beyond(counts, BAD_RATE).worse), counted=counts.total, figures=_figures(counts)
        )


def _disabled(agent: Agent, record: Record, names: set[str], at: Micros) -> Iterator[Improvement]:
    mine = record.get(agent.name, {})
    counts = _sum(mine.values())
    evidence = beyond(counts, BAD_RATE).worse
    if not is_sure(evidence) or not all(_done_by_others(each, agent.name, record, names) for each in mine):
        return
    yield draft(
        ImprovementKind.ROUTING,
        f"routing:{agent.name}:disabled",
        f"agent:{agent.name}",
        f"give no more tasks to {agent.name}",
        f"it succeeded at {counts.well} of {counts.total}, where others do its tasks better",
        before={"enabled": True},
        after={"enabled": False},
        at=at,
        evidence=_figures(counts),
        basis=counts.total,
        probability_better=round(probability(evidence), 4),
    )


def _longer(agent: Agent, attempts: Sequence[Attempt], at: Micros) -> Iterator[Improvement]:
    limit = agent.limits.timeout_seconds
    slow = [each for each in attempts if isinstance(each.outcome, Failed) and _seconds(each) >= limit]
    slowest = max((_seconds(each) for each in attempts if isinstance(each.outcome, Succeeded)), default=0.0)
    if len(slow) < LEAST or len(slow) < OFTEN * len(attempts) or slowest < NEAR * limit or limit >= LONGEST_SECONDS:
        return
    longer = min(LONGEST_SECONDS, limit * 2)
    yield draft(
        ImprovementKind.ROUTING,
        f"routing:{agent.name}:timeout:{longer:g}",
        f"agent:{agent.name}",
        f"give {agent.name} {longer:g} seconds for a task instead of {limit:g}",
        f"it ran out of time in {len(slow)} of {counted(len(attempts), 'attempt')}, and took up to "
        f"{slowest:.0f} seconds where it succeeded",
        before={"timeout_seconds": limit},
        after={"timeout_seconds": longer},
        at=at,
        evidence={"attempts": len(attempts), "timed_out": len(slow), "slowest_seconds": round(slowest, 1)},
        basis=len(slow),
    )


def _done_by_others(task_class: str, name: str, record: Record, names: set[str]) -> bool:
    others = (record[each].get(task_class, Counts()) for each in record if each != name and each in names)
    return any(counts.total >= LEAST and (counts.rate or 0.0) >= GOOD_RATE for counts in others)


def _record(tx: Transaction, since: Micros, until: Micros) -> Record:
    found: dict[str, dict[str, Counts]] = defaultdict(dict)
    for row in tx.improvements.agents(since=since, until=until):
        well = int(row["succeeded"])
        found[row["agent"]][row["task_class"]] = Counts(well=well, badly=int(row["attempts"]) - well)
    return found


def _sum(counts: Iterable[Counts]) -> Counts:
    listed = list(counts)
    return Counts(well=sum(each.well for each in listed), badly=sum(each.badly for each in listed))


def _seconds(attempt: Attempt) -> float:
    return attempt.outcome.duration_seconds or 0.0 if attempt.outcome is not None else 0.0


def _agent(tx: Transaction, improvement: Improvement) -> Agent | None:
    name = _name(improvement)
    mine = (agent for namespace, agent in tx.agents.list() if namespace == tx.scope.write)
    return next((agent for agent in mine if agent.name == name), None)


def _name(improvement: Improvement) -> str:
    return improvement.subject.removeprefix("agent:")


def _figures(counts: Counts) -> dict[str, JSON]:
    return {"succeeded": counts.well, "failed": counts.badly}
