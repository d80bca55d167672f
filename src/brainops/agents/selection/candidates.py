"""Which agents could take a task now, and why could the others not?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from msgspec import Struct

from brainops.agents.adapters.adapter import Callables
from brainops.agents.selection.selection import AgentCandidate
from brainops.agents.selection.task_class import capable
from brainops.errors import StepFailed
from brainops.procedures.consent.limits import ANY, check_host, limits_in
from brainops.procedures.steps.executor import Limits
from brainops.store import Transaction
from brainops.store.database import Row
from brainops.types import AdapterKind, Agent, Micros
from brainops.types.times import DAY_MICROS

LATELY_DAYS = 7  # what is reserved for a task is the most that one of the agent's tasks took in these
ALIKE_SECONDS = 86_400  # an agent that failed in the same way within a day is not asked to do so again
SHOWN_AGENTS = 10  # agents, in the reason why nobody took a task


class AgentStanding(Struct, frozen=True, kw_only=True):
    """What is known of the agents when a task is to be given: all that one look at the store says.

    `limits` are what the namespace lets programs run and addresses be reached.
    What they took `today` and `lately` is read only where a budget asks for it.
    """

    agents: Sequence[Agent]
    under_way: Mapping[str, int]
    today: Mapping[str, Row] = {}
    lately: Mapping[str, Row] = {}
    alike: frozenset[str] = frozenset()
    limits: Limits = Limits()


class Considered(Struct, frozen=True, kw_only=True):
    """Who could take the task; and of the others who is capable but has no place, and why each was passed over."""

    able: tuple[Agent, ...]
    busy: tuple[str, ...]
    capable: tuple[str, ...]
    passed: Mapping[str, str] = {}

    @property
    def why_not(self) -> str:
        """Why nobody takes it, in words."""
        if not self.passed:
            return "no agent is registered: brainops agent add"
        if not self.capable:
            return "; ".join(f"{name} {why}" for name, why in sorted(self.passed.items())[:SHOWN_AGENTS])
        return "; ".join(f"{name} {self.passed[name]}" for name in self.capable if name in self.passed)


def standing(
    tx: Transaction, agents: Sequence[Agent], now: Micros, alike: frozenset[str] = frozenset()
) -> AgentStanding:
    """Read what a choice rests on."""
    counted = any(agent.limits.tasks_a_day is not None for agent in agents)
    priced = any(agent.limits.cost_a_day is not None for agent in agents)
    return AgentStanding(
        agents=agents,
        under_way=tx.agents.under_way(now),
        today=tx.agents.spent(day_of(now)) if counted or priced else {},
        lately=tx.agents.spent(now - LATELY_DAYS * DAY_MICROS) if priced else {},
        alike=alike,
        limits=limits_in(tx),
    )


def day_of(now: Micros) -> Micros:
    """Return when the day (UTC) began."""
    return now - now % DAY_MICROS


def consider(
    known: AgentStanding,
    callables: Callables,
    *,
    task_class: str,
    needed: Sequence[str],
    wanted: str | None = None,
    tried: Sequence[str] = (),
    refused: Mapping[str, str] | None = None,
) -> Considered:
    """Sort the agents into who could take the task and who could not; `wanted` is the only one that may."""
    passed: dict[str, str] = {}
    able, busy, able_in_kind = [], [], []
    for agent in known.agents:
        if wanted is not None and agent.name != wanted:
            continue
        why = _unfit(agent, callables, task_class, needed, asked_for=wanted is not None) or withheld(
            agent, known.limits
        )
        if why:
            passed[agent.name] = why
            continue
        able_in_kind.append(agent.name)
        full, passing = fullness(agent, known)
        why = _set_aside(agent.name, known, tried, refused or {}) or full
        if not why:
            able.append(agent)
            continue
        passed[agent.name] = why
        if full and passing and not _set_aside(agent.name, known, tried, refused or {}):
            busy.append(agent.name)
    return Considered(able=tuple(able), busy=tuple(busy), capable=tuple(able_in_kind), passed=passed)


def _unfit(agent: Agent, callables: Callables, task_class: str, needed: Sequence[str], *, asked_for: bool) -> str:
    if not agent.enabled:
        return "is disabled"
    if not asked_for and not capable(agent, task_class, needed):
        return (
            f"is not capable of it: it is for {', '.join(agent.capabilities)[:100]}, and this is {task_class[:100]!r}"
        )
    function = str(agent.settings.get("function") or agent.name)
    if agent.adapter is AdapterKind.CALLABLE and callables.get(function) is None:
        return "is a function that this process does not have"
    return ""


def withheld(agent: Agent, limits: Limits) -> str:
    """Return why an agent cannot be reached from here, "" where it can: that says nothing of how well it does tasks."""
    from brainops.procedures.steps.processes import which

    run, url = agent.settings.get("run"), agent.settings.get("url")
    if isinstance(run, list) and run and "{" not in str(run[0]):
        program = str(run[0])
        if not any(entry == ANY or shlex.split(entry)[0] == program for entry in limits.commands or ()):
            return f"runs {program!r:.100}, which nobody has allowed here: brainops allow {shlex.quote(program)}"
        try:
            which(program, os.environ.get("PATH", os.defpath))
        except StepFailed as error:
            return f"cannot be started: {error}"
    if isinstance(url, str):
        try:
            check_host(limits, url)
        except StepFailed as error:
            return f"cannot be reached: {error}"
    return ""


def _set_aside(name: str, known: AgentStanding, tried: Sequence[str], refused: Mapping[str, str]) -> str:
    if name in tried:
        return "has just failed at it"
    if name in known.alike:
        return "failed at such a task in the same way not long ago"
    return refused.get(name, "")


def fullness(agent: Agent, known: AgentStanding) -> tuple[str, bool]:
    """Return why an agent has no room for another task ("" where it has), and whether that soon passes."""
    today, limits = known.today.get(agent.name), agent.limits
    tasks, cost = (today["tasks"], today["cost"]) if today else (0, 0.0)
    if limits.tasks_a_day is not None and tasks >= limits.tasks_a_day:
        return f"has had its {limits.tasks_a_day} tasks of today", False
    if limits.cost_a_day is not None and cost + (reserved := reserve(agent, known)) > limits.cost_a_day:
        left = max(0.0, limits.cost_a_day - cost)
        return f"has {left:g} left of today's {limits.cost_a_day:g}, and a task may take {reserved:g}", False
    if (under_way := known.under_way.get(agent.name, 0)) >= limits.at_once:
        return f"is at {under_way} of {limits.at_once} tasks", True
    return "", False


def reserve(agent: Agent, known: AgentStanding) -> float:
    """Return what one more task of an agent may cost: what is expected, or the most that one took of late."""
    lately = known.lately.get(agent.name)
    return max(agent.cost, lately["dearest"] if lately else 0.0)


def candidate_of(agent: Agent) -> AgentCandidate:
    """Return an agent as selection sees it; those that are reached alike, or have the same model, are kin."""
    model = agent.settings.get("model")
    traits = (agent.adapter.value, *([model] if isinstance(model, str) else []))
    return AgentCandidate(name=agent.name, cost=agent.cost, traits=traits)
