"""What may procedures run and reach, and who lets them? The command allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command
from brainops.cli.options import REASON
from brainops.cli.screen import dim, one_line
from brainops.cli.shared import Said
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput

if TYPE_CHECKING:
    from brainops.brain import Brain


@command("allow")
@click.argument("commands", nargs=-1, metavar="COMMAND...")
@click.option("--host", "hosts", metavar="HOST", multiple=True, help="A host that http steps may reach; repeatable.")
@click.option(
    "--variable", "variables", metavar="NAME", multiple=True, help="A variable that steps may set; repeatable."
)
@click.option(
    "--plain", metavar="COMMAND", multiple=True, help="A command that takes every further word as data; repeatable."
)
@click.option("--shell/--no-shell", default=None, help="Whether command steps may ask for a shell.")
@click.option("--remove", is_flag=True, help="Take back what is named.")
@REASON
def allow(
    brain: Brain,
    commands: tuple[str, ...],
    hosts: tuple[str, ...],
    variables: tuple[str, ...],
    plain: tuple[str, ...],
    shell: bool | None,
    remove: bool,
    reason: str,
) -> Said:
    """Let the procedures of this namespace run COMMAND: a program, or "program argument" for that much of it.

    Without anything, say what is allowed. Nothing is until somebody allows it; '*' allows every command. Inputs reach
    a program as variables INPUT_...; as arguments where it is known that it takes plain ones, or --plain says so.

    \b
    brainops allow git make 'systemctl restart'
    brainops allow --host api.example.com
    brainops allow --variable AWS_PROFILE --plain ./deploy.sh
    brainops allow --remove make

    Example: brainops allow git make "systemctl restart"
    """
    if remove and shell:
        raise InvalidInput("--remove takes back; to take the shell back write --no-shell")
    if remove:
        brain.limits.disallow(
            commands, hosts=hosts, variables=variables, plain=plain, shell=shell is False, reason=reason
        )
    elif commands or hosts or variables or plain or shell is not None:
        proven(
            brain,
            "ALLOW",
            brain.limits.allow,
            commands,
            hosts=hosts,
            variables=variables,
            plain=plain,
            shell=shell,
            reason=reason,
        )
    limits = brain.limits.get()
    yield limits
    for what in ("commands", "hosts", "variables", "plain"):
        entries = getattr(limits, what) or ()
        if entries or what in ("commands", "hosts"):
            yield f"{what.capitalize():<9} {one_line(', '.join(entries)) or 'none'}"
    yield f"Shell     {'yes' if limits.shell else 'no'}"
    if not limits.commands and not limits.hosts:
        yield dim("  let one: brainops allow COMMAND, or brainops allow --host HOST")
