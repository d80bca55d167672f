"""How is a goal planned, run by agents, and looked at afterwards? The command workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import group
from brainops.cli.options import limited
from brainops.cli.pairs import valued
from brainops.cli.pictures import echo_run, pictured
from brainops.cli.screen import bold, dim, one_line
from brainops.cli.shared import Said, asking
from brainops.cli.short_ids import Id

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import JSON, Workflow

SHOWN_GOAL = 50  # characters in a list
_DONE_OR_WAITING = (None, "succeeded", "waiting", "queued", "running")


@group("workflow")
def workflow() -> None:
    """Plan for a goal from what led to such goals before; run the plan by agents; look at it.

    \b
    brainops workflow plan 'Rotate the keys' --within '4 hours' --test --rollback
    brainops workflow run 'Rotate the keys' --with risk_level=high
    brainops workflow show RUN                  its steps, and who does each
    """


def _constrained(function: click.decorators.FC) -> click.decorators.FC:
    """Give a command the options by which a goal is constrained."""
    for option in (
        click.option("--with", "pairs", metavar="KEY=VALUE", multiple=True, help="A constraint; JSON or text."),
        click.option("--budget", metavar="COST", help="Stop once its tasks have cost so much."),
        click.option("--approve", is_flag=True, help="A person agrees before anything changes."),
        click.option("--rollback", is_flag=True, help="Prepare the way back; take it where it fails."),
        click.option("--test", is_flag=True, help="Test before it is done."),
        click.option("--within", metavar="TIME", help="By when: '4 hours', 2h30m, 2030-01-31T08:00:00Z."),
        click.argument("goal"),
    ):
        function = option(function)
    return function


@workflow.command("plan", memory=asking)
@_constrained
@click.option("--mermaid", is_flag=True, help="Show the picture only.")
def plan(brain: Brain, goal: str, mermaid: bool, **given: object) -> Said:
    """Plan for GOAL and keep the plan as a draft; nothing is run.

    Example: brainops workflow plan "deploy the api" --test --within "4 hours"
    """
    made = brain.workflows.plan(goal, _constraints(given))
    yield made
    yield from (
        [made.mermaid.rstrip()]
        if mermaid
        else [
            *map(one_line_kept, made.text.splitlines()),
            dim(f"Kept as the draft {made.procedure} number {made.number}: brainops workflow run runs such a plan"),
        ]
    )


@workflow.command("run", memory=asking)
@_constrained
def run(brain: Brain, goal: str, **given: object) -> Said:
    """Plan for GOAL and run the plan until it ends or waits.

    Example: brainops workflow run "deploy the api" --budget 1
    """
    made = brain.workflows.create(goal, _constraints(given))
    yield made
    yield from _shown(made)
    if made.state not in _DONE_OR_WAITING:
        click.get_current_context().exit(1)


@workflow.command("list")
@limited(20)
def list_(brain: Brain, limit: int) -> Said:
    """List workflows, those that changed last first.

    Example: brainops workflow list
    """
    found = brain.workflows.list(limit=limit)
    yield found
    if not found:
        yield "No workflow yet: brainops workflow run 'GOAL'"
    for each in found:
        goal = one_line(each.plan.goal)[:SHOWN_GOAL]
        where = each.run.id if each.run else each.plan.procedure
        yield f"{each.state or 'planned':<10} {goal:<{SHOWN_GOAL}} {where}"


@workflow.command("show")
@click.argument("run_id", metavar="RUN", type=Id("run"))
@pictured
def show(brain: Brain, run_id: str, drawn: str | None) -> Said:
    """Show a workflow by its run; as a picture, its steps to scale.

    Example: brainops workflow show 83d5ae
    """
    found = brain.workflows.get(run_id)
    if drawn and found.run:
        echo_run(found.run, drawn)
        return
    yield found
    yield from _shown(found)


def _constraints(given: dict[str, object]) -> dict[str, JSON]:
    named: dict[str, JSON] = dict(map(valued, given["pairs"]))  # type: ignore[call-overload]  # options are tuples
    flags = {"testing_required": given["test"], "rollback_plan": given["rollback"], "approval": given["approve"]}
    named |= {name: True for name, wanted in flags.items() if wanted}
    texts = {"timeline": given["within"], "budget": given["budget"]}
    return named | {name: str(text) for name, text in texts.items() if text}


def one_line_kept(line: str) -> str:
    """Return a line that only shows, with its indentation."""
    return " " * (len(line) - len(line.lstrip())) + one_line(line.lstrip())


def _shown(found: Workflow) -> Iterator[str]:
    run = found.run
    yield bold(one_line(found.plan.goal))
    yield f"{run.state}  run {run.id}" if run else "planned  run none yet"
    steps = {step.step_id: step for step in run.steps} if run else {}
    for step_id in found.plan.steps:
        step, choice = steps.get(step_id), found.plan.agents.get(step_id)
        waits = f" for {step.waits_for}" if step and step.waits_for else ""
        state = step.state.value if step else "pending"
        yield f"  {step_id:<20} {state}{waits}  {one_line(choice.agent if choice else '')}"
    for said in (run.error if run else None, found.reason):
        if said:
            yield one_line(said)
    if found.learned:
        yield dim(f"learnt: brainops history {found.learned}")
