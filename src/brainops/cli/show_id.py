"""What is it that has this id? The command show, for whatever an answer names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.learning import CYCLES
from brainops.cli.shared import Said
from brainops.cli.short_ids import thing_of
from brainops.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from brainops.brain import Brain

SHOWN_BY = {  # the kinds that have a page of their own, and the group whose `show` it is, with its argument
    "approval": ("approvals", "approval_id"),
    "execution": ("agent", "what"),
    "fix": ("fix", "fix_id"),
    "improvement": ("improvements", "improvement_id"),
    "operation": ("operations", "operation_id"),
    "run": ("runs", "run_id"),
}
LISTED_BY = {  # those that are a line of a list
    "approver": "approver list",
    "attempt": "agent tasks",
    "bypass": "guard settings",
    "cause_change": "causes show ERROR",
    "channel": "notices channel list",
    "code_patch": "improvements list",
    "decided_case": "cases list NAME",
    "decision": "guard decisions",
    "evidence": "evidence list",
    "feedback": "history of its memory",
    "fix_application": "fix show FIX",
    "notice": "notices list --all",
    "person": "people list",
    "segment": "status",
    "share_bundle": "share list",
}


@command("show")
@click.argument("what", metavar="ID|NAME")
@click.pass_context
def show_(context: click.Context, brain: Brain, what: str) -> Said:
    """Show what has this id, or the only thing whose id ends so: a memory, an operation, a run, an approval and so on.

    A procedure is shown by its name as well, and a learning cycle's last report by the cycle's: hourly, daily.

    Example: brainops show 3f9a1c
    """
    kind, whole = thing_of(what) or ("", what)
    program = context.find_root().command
    assert isinstance(program, click.Group)

    def page(*path: str, **given: object) -> Said:
        """Show it as a command does that is made for its kind."""
        shown = program.commands[path[0]]
        for name in path[1:]:
            assert isinstance(shown, click.Group)
            shown = shown.commands[name]
        shows: Said = context.invoke(shown, **given)
        return shows

    match kind:
        case "memory":
            memory = brain.get(whole)
            yield memory
            yield from show.memory(memory)
        case "guidance":
            guidance = brain.operations.receipt(whole)
            yield guidance
            yield from show.guidance(guidance)
        case "rule":
            rule = brain.guard.rule(whole)
            yield rule
            yield from show.report(rule, "Rule")
        case "procedure":
            version = brain.procedures.by_id(whole)
            yield from page("procedure", "show", what=version.procedure.name, number=version.number)
        case _ if kind in SHOWN_BY:
            group, argument = SHOWN_BY[kind]
            yield from page(group, "show", brain=brain, **{argument: whole})
        case _ if kind:
            raise InvalidInput(f"this is a {kind.replace('_', ' ')}, a line of: brainops {LISTED_BY[kind]}")
        case _ if what in CYCLES:
            yield from page("learn", brain=brain, cycle=what, last=True)
        case _ if any(each.procedure.name == what for each in brain.procedures.list()):
            yield from page("procedure", "show", what=what)
        case _:
            raise NotFound(f"nothing in the namespaces that you read has the id {what[:80]!a}, or an id that ends so")
