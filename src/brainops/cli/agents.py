"""Who carries tasks out, how did each do, and what waits for a person? The command agent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from brainops.cli.commands import group
from brainops.cli.options import REASON, REASON_REQUIRED, beside, paged
from brainops.cli.pairs import value_of, valued
from brainops.cli.screen import bold, dim, one_line, padded, wrapped
from brainops.cli.shared import Said, asking
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput, NotFound
from brainops.types import AdapterKind, Agent, Execution, ExecutionState
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import Attempt, Choice

SHOWN_ATTEMPTS = 8  # of one agent, so that its page fits a terminal
_ENDED_WELL = (ExecutionState.SUCCEEDED, ExecutionState.WAITING)


@group("agent", bare="list")
def agent() -> None:
    """List the agents; register them, hand tasks to the one that has done best, and say what came of it.

    \b
    brainops agent add NAME --ready claude-code   a coding agent, as it is known
    brainops agent add NAME --adapter command --set 'run=["make", "{task}"]'
    brainops agent run 'Deploy api' --target api  the best one, with what is known
    brainops agent done EXECUTION --result TEXT   what a person did by its plan
    """


@agent.command("add")
@click.argument("name")
@click.option("--adapter", type=click.Choice([each.value for each in AdapterKind]), help="How it is reached.")
@click.option("--ready", "ready_name", metavar="NAME", help="As a definition that is known here: brainops agent ready.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="A setting, JSON or text; repeatable.")
@click.option("--can", "capabilities", metavar="WORD", multiple=True, help="A word or glob of tasks; none means any.")
@click.option("--description", metavar="TEXT", default="", help="What it is.")
@click.option("--cost", type=float, default=0.0, help="What one task is expected to cost.")
@click.option("--at-once", type=int, help="Tasks at once; 1 unless said.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For one task; 600 unless said.")
@click.option("--memory-tokens", type=int, help="Of memory with a task; 2,000 unless said.")
@click.option("--cost-a-day", type=float, help="What it may cost a day.")
@click.option("--tasks-a-day", type=int, help="How many tasks a day.")
@click.option("--memory", type=click.Choice(["full", "guidance", "none"]), default="full", help="What it is handed.")
@REASON
def add(brain: Brain, name: str, adapter: str | None, ready_name: str | None, reason: str, **given: Any) -> Said:
    """Register the agent NAME, or register it anew.

    Example: brainops agent add writer --ready claude-code --can "write*"
    """
    if (adapter is None) == (ready_name is None):
        raise InvalidInput("say how it is reached: --adapter, or --ready for a definition that is known here")
    [known] = brain.agents.ready(ready_name) if ready_name else [Agent(name=name, adapter=AdapterKind(str(adapter)))]
    limits = {
        "at_once": given["at_once"],
        "timeout_seconds": given["timeout"],
        "memory_tokens": given["memory_tokens"],
        "cost_a_day": given["cost_a_day"],
        "tasks_a_day": given["tasks_a_day"],
    }
    said = {key: value for key, value in limits.items() if value is not None}
    drafted = replace(
        known,
        name=name,
        description=given["description"] or known.description,
        capabilities=given["capabilities"] or known.capabilities,
        settings={**known.settings, **dict(map(valued, given["settings"]))},
        limits=replace(known.limits, **said),
        cost=given["cost"] or known.cost,
        memory=given["memory"] if given["memory"] != "full" else known.memory,
    )
    made = proven(brain, "AGENT_REGISTER", brain.agents.register, drafted, reason=reason)
    yield made
    yield f"Registered: {bold(one_line(made.name))}"
    yield from _lines(made)
    yield from _withheld(brain, made)


@agent.command("ready")
def ready(brain: Brain) -> Said:
    """List the definitions that are known here: coding agents in their non-interactive modes.

    Example: brainops agent ready
    """
    found = brain.agents.ready()
    yield found
    yield from [f"{bold(padded(each.name, 14))}{one_line(each.description)}" for each in found]


@agent.command("list")
def list_(brain: Brain) -> Said:
    """List the agents with how each has done of late.

    Example: brainops agent list
    """
    found, attempts = brain.agents.list(), brain.agents.attempts(limit=1_000)
    records = {each.name: _record(each.name, attempts) for each in found}
    value = [{"agent": each, "record": records[each.name]} for each in found]
    yield value
    if not found:
        yield "No agent is registered yet: tasks wait with a plan for a person."
        yield dim("  register one: brainops agent add NAME --ready claude-code")
    for each in found:
        record = records[each.name]
        well = f"{record['right']:g} of {record['attempts']:g} went well" if record["attempts"] else "nothing yet"
        yield f"{bold(one_line(each.name))}  {each.adapter.value}{'' if each.enabled else ', disabled'}  {well}"
        if each.capabilities or each.description:
            said = one_line(each.description) or f"for {', '.join(map(one_line, each.capabilities))}"
            yield from wrapped(said, first="  ", indent="  ")


@agent.command("show")
@click.argument("what", metavar="AGENT|EXECUTION")
def show(brain: Brain, what: str) -> Said:
    """Show an agent with its last attempts, or an execution with why each agent was chosen.

    Example: brainops agent show deployer
    """
    known = {each.name: each for each in brain.agents.list()}
    if what in known:
        attempts = brain.agents.attempts(agent=what, limit=SHOWN_ATTEMPTS)
        value = {"agent": known[what], "attempts": attempts}
        yield value
        yield from _agent(brain, known[what], attempts)
        return
    try:
        execution = brain.agents.execution(what)
    except NotFound:
        raise NotFound(
            f"there is no agent and no execution {what[:80]!a} in the namespaces that you read: "
            "brainops agent list, brainops agent tasks"
        ) from None
    yield execution
    yield from _execution(execution)


@agent.command("tasks")
@click.option("--state", type=click.Choice([each.value for each in ExecutionState]), help="Only those.")
@paged(20)
def tasks(brain: Brain, state: str | None, limit: int, **cursors: str | None) -> Said:
    """List what agents were given, the newest first.

    Example: brainops agent tasks --state waiting
    """
    found = brain.agents.executions(state=state, limit=limit, **beside(cursors))
    yield found
    if not found:
        yield "No agent was given anything yet."
    for each in found:
        yield f"{bold(one_line(each.task.text))}  {each.state.value}"
        yield dim(f"  execution {each.id}")


@agent.command("enable")
@click.argument("name")
@REASON
def enable(brain: Brain, name: str, reason: str) -> Said:
    """Let an agent be chosen again.

    Example: brainops agent enable idle --reason "it was mended"
    """
    changed = proven(brain, "AGENT_ENABLE", brain.agents.enable, name, reason=reason)
    yield changed
    yield f"{one_line(name)}: enabled"


@agent.command("disable")
@click.argument("name")
@REASON
def disable(brain: Brain, name: str, reason: str) -> Said:
    """Let an agent be chosen no more; what it is at goes on to its end.

    Example: brainops agent disable deployer --reason "it is too slow"
    """
    changed = brain.agents.disable(name, reason=reason)
    yield changed
    yield f"{one_line(name)}: disabled"


@agent.command("remove")
@click.argument("name")
@REASON_REQUIRED
def remove(brain: Brain, name: str, reason: str) -> Said:
    """Strike an agent off; what it did stays on record.

    Example: brainops agent remove idle --reason "nobody uses it"
    """
    brain.agents.remove(name, reason=reason)
    yield {"removed": name}
    yield f"{one_line(name)}: removed; its record stays"


@agent.command("run", memory=asking)
@click.argument("task")
@click.option("--target", metavar="TARGET", help="What it is done to.")
@click.option("--context", "pairs", metavar="KEY=VALUE", multiple=True, help="What the agent is told; repeatable.")
@click.option("--class", "task_class", metavar="CLASS", help="Tasks that say something about each other.")
@click.option("--needs", "capabilities", metavar="WORD", multiple=True, help="What the agent must be able to.")
@click.option("--agent", "name", metavar="NAME", help="Only this one.")
@click.option("--timeout", type=float, metavar="SECONDS", help="For the whole.")
@click.option("--dry-run", is_flag=True, help="Say who would be given it and why, and do nothing.")
def run(
    brain: Brain,
    task: str,
    target: str | None,
    pairs: tuple[str, ...],
    task_class: str | None,
    capabilities: tuple[str, ...],
    name: str | None,
    timeout: float | None,
    dry_run: bool,
) -> Said:
    """Hand TASK to the agent that has done best at such tasks; where it fails, to the next best.

    Example: brainops agent run "deploy the api" --target production --dry-run
    """
    if dry_run:
        choice = brain.agents.choose(task, task_class=task_class, capabilities=capabilities)
        yield choice
        yield from _choice(brain, choice)
        return
    execution = brain.agents.execute(
        task,
        target=target,
        context=dict(map(valued, pairs)),
        task_class=task_class,
        capabilities=capabilities,
        agent=name,
        timeout_seconds=timeout,
    )
    yield execution
    yield from _execution(execution)
    if execution.state not in _ENDED_WELL:
        click.get_current_context().exit(1)


@agent.command("resume", memory=asking)
@click.argument("execution_id", metavar="EXECUTION", type=Id("execution"))
def resume(brain: Brain, execution_id: str) -> Said:
    """Try again what waits or failed: it was approved, or an agent is there now.

    Example: brainops agent resume 9e40c8
    """
    execution = brain.agents.resume(execution_id)
    yield execution
    yield from _execution(execution)
    if execution.state not in _ENDED_WELL:
        click.get_current_context().exit(1)


@agent.command("done")
@click.argument("execution_id", metavar="EXECUTION", type=Id("execution"))
@click.option("--result", metavar="TEXT", help="What came of it; JSON is read as such.")
@click.option("--failed", metavar="TEXT", help="What went wrong.")
def done(brain: Brain, execution_id: str, result: str | None, failed: str | None) -> Said:
    """Say what came of what a person did by the plan of a waiting task.

    Example: brainops agent done 9e40c8 --result "version 4 is out"
    """
    if (result is None) == (failed is None):
        raise InvalidInput("say what came of it: --result TEXT, or --failed TEXT")
    execution = brain.agents.done(execution_id, result=value_of(result) if result is not None else None, failed=failed)
    yield execution
    yield from _execution(execution)


@agent.command("cancel")
@click.argument("execution_id", metavar="EXECUTION", type=Id("execution"))
@REASON_REQUIRED
def cancel(brain: Brain, execution_id: str, reason: str) -> Said:
    """Stop what an agent is at, in whatever process it is under way.

    Example: brainops agent cancel 61bb0f --reason "no longer needed"
    """
    execution = brain.agents.cancel(execution_id, reason=reason)
    asked = execution.state is ExecutionState.RUNNING
    yield execution
    yield from ["It is asked to stop."] if asked else _execution(execution)


@agent.command("verify")
@click.argument("execution_id", metavar="EXECUTION", type=Id("execution"))
@click.option("--right/--wrong", required=True, help="Whether what its agent claimed was right.")
@click.option("--note", metavar="TEXT", default="", help="What was seen.")
def verify(brain: Brain, execution_id: str, right: bool, note: str) -> Said:
    """Say, after a later look, whether an agent's word was right: the choice of agents learns from that.

    Example: brainops agent verify 70f3c2 --right --note "it is deployed"
    """
    execution = brain.agents.verify(execution_id, right=right, note=note)
    yield execution
    yield from _execution(execution)


def _record(name: str, attempts: Sequence[Attempt]) -> dict[str, float]:
    own = [each for each in attempts if each.agent == name and each.success is not None]
    return {"attempts": len(own), "right": sum(each.success or 0.0 for each in own)}


def _lines(each: Agent) -> Iterator[str]:
    state = "" if each.enabled else ", disabled"
    yield f"  {each.adapter.value}{state}, for {', '.join(map(one_line, each.capabilities)) or 'any task'}"
    limits = each.limits
    parts = [
        f"{limits.at_once} at once",
        f"{limits.timeout_seconds:g} s each",
        f"{limits.memory_tokens:,} tokens of memory",
    ]
    if limits.cost_a_day is not None:
        parts.append(f"{limits.cost_a_day:g} a day")
    if limits.tasks_a_day is not None:
        parts.append(f"{counted(limits.tasks_a_day, 'task')} a day")
    yield f"  {', '.join(parts)}"
    if each.settings:
        yield from wrapped(one_line(json.dumps(dict(each.settings), ensure_ascii=False)), first="  ", indent="    ")


def _withheld(brain: Brain, each: Agent) -> Iterator[str]:
    if why := brain.agents.withheld(each):
        yield from wrapped(f"It is given no task yet: it {why}", first="  ", indent="  ")


def _agent(brain: Brain, each: Agent, attempts: Sequence[Attempt]) -> Iterator[str]:
    yield bold(one_line(each.name))
    yield from _lines(each)
    yield from _withheld(brain, each)
    for attempt in attempts:
        well = "under way" if attempt.ended_at is None else "says nothing of it" if attempt.success is None else ""
        well = well or ("went well" if attempt.success else "failed")
        yield from wrapped(f"{one_line(attempt.text)}: {well}", first="  ", indent="    ")
        yield dim(f"    execution {attempt.execution_id}")


def _choice(brain: Brain, choice: Choice | None) -> Iterator[str]:
    if choice is None:
        yield "Nobody could take it: it would wait with a plan for a person."
        for each in brain.agents.list(enabled=True):
            if why := brain.agents.withheld(each):
                yield from wrapped(f"{one_line(each.name)} {why}", first="  ", indent="    ")
        return
    yield from wrapped(one_line(choice.sentence))


def _execution(execution: Execution) -> Iterator[str]:
    yield f"{bold(one_line(execution.task.text))}  {execution.state.value}"
    for each in execution.attempts:
        yield from wrapped(one_line(each.choice.sentence), first="  ", indent="    ")
    if execution.error:
        yield from wrapped(f"error: {execution.error}", first="  ", indent="    ")
    elif (result := execution.result) is not None:
        told = result.rstrip() if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
        yield from wrapped(told, first="  ", indent="  ")
    if execution.plan:
        yield from wrapped(execution.plan, indent="  ")
    elif execution.reason:
        yield from wrapped(execution.reason, first="  ", indent="  ")
    yield dim(f"  execution {execution.id}")
