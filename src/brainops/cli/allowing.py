"""What may procedures run and reach, and who lets them? The command allow."""

from __future__ import annotations

from collections.abc import Iterator

import click

from brainops.cli.screen import dim, one_line
from brainops.cli.shared import answer, command, opened
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput


@command("allow", short_help="let procedures run a command or reach a host")
@click.argument("commands", nargs=-1, metavar="COMMAND...")
@click.option("--host", "hosts", metavar="HOST", multiple=True, help="A host that http steps may reach; repeatable.")
@click.option("--shell/--no-shell", default=None, help="Whether command steps may ask for a shell.")
@click.option("--remove", is_flag=True, help="Take the commands and hosts back.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it goes into the audit trail.")
def allow(commands: tuple[str, ...], hosts: tuple[str, ...], shell: bool | None, remove: bool, reason: str) -> None:
    """Let the procedures of this namespace run COMMAND: a program, or "program argument" for that much of it.

    Without anything, say what is allowed. Nothing is until somebody allows it; '*' allows every command.

    \b
    brainops allow git make 'systemctl restart'
    brainops allow --host api.example.com
    brainops allow --remove make
    """
    if remove and shell:
        raise InvalidInput("--remove takes back; to take the shell back write --no-shell")
    with opened(model="none") as brain:
        if remove:
            brain.limits.disallow(commands, hosts=hosts, shell=shell is False, reason=reason)
        elif commands or hosts or shell is not None:
            proven(
                brain,
                "letting steps run or reach more",
                lambda proof: brain.limits.allow(commands, hosts=hosts, shell=shell, reason=reason, proof=proof),
            )
        limits = brain.limits.get()
        answer(
            {"commands": limits.commands or (), "hosts": limits.hosts or (), "shell": limits.shell},
            lambda: _lines(limits.commands or (), limits.hosts or (), limits.shell),
        )


def _lines(commands: tuple[str, ...], hosts: tuple[str, ...], shell: bool) -> Iterator[str]:
    yield f"Commands  {one_line(', '.join(commands)) or 'none'}"
    yield f"Hosts     {one_line(', '.join(hosts)) or 'none'}"
    yield f"Shell     {'yes' if shell else 'no'}"
    if not commands and not hosts:
        yield dim("  let one: brainops allow COMMAND, or brainops allow --host HOST")
