"""Who are the people of this memory, and what may each do where? The command people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import group
from brainops.cli.screen import ago, cut, dim, one_line, width
from brainops.cli.shared import Said
from brainops.cli.terminal import person_at_terminal, proof_of_person, proven, refuse_agents_from
from brainops.types import Role, RoleGrant

if TYPE_CHECKING:
    from brainops.brain import Brain

ROLE = click.argument("role", type=click.Choice([role.value for role in Role]))
PATH = click.argument("path", required=False)


@group("people", bare="list")
def people() -> None:
    """List the people of this memory, and what each may do where.

    \b
    brainops people add ines --email ines@example.org
    brainops people grant ines approver team/payments   or team/*, or *
    brainops people grant group:sre writer 'team/*'     as a provider names it
    """


@people.command("list")
def list_(brain: Brain) -> Said:
    """List the people and the groups, with their roles.

    Example: brainops people list
    """
    found, groups = brain.people.list(), brain.people.groups()
    yield {"people": found, "groups": groups}
    if not found and not groups:
        yield "Nobody is known here yet. brainops people add NAME, or brainops approver enrol NAME."
    for each in found:
        where = f"  {one_line(each.email or each.subject)}" if each.email or each.subject else ""
        yield cut(f"{one_line(each.name):<20}  {_roles(each.roles)}{where}", width())
    for name in dict.fromkeys(each.holder for each in groups):
        yield cut(f"{one_line(name):<20}  {_roles([each for each in groups if each.holder == name])}", width())


@people.command("add")
@click.argument("name")
@click.option("--email", default="", help="Who signs in with this address, and it is verified, is this person.")
@click.option("--issuer", default="", help="Who says who they are: an OIDC issuer, or proxy.")
@click.option("--subject", default="", help="What they are known by there.")
def add(brain: Brain, name: str, email: str, issuer: str, subject: str) -> Said:
    """Let a person be known, who signs in at a server, or say by what one who is known signs in; `people grant` gives.

    Example: brainops people add ines --email ines@example.org
    """
    added = proven(brain, "PERSON_ADD", brain.people.add, name, email=email, issuer=issuer, subject=subject)
    yield added
    if added.roles:
        yield f"{one_line(added.name)} is known where they sign in, too: {_roles(added.roles)}"
        return
    yield f"{one_line(added.name)} is known, and may do nothing yet."
    yield dim(f"  brainops people grant {one_line(added.name)} writer")


@people.command("grant")
@click.argument("name", metavar="NAME|group:NAME")
@ROLE
@PATH
def grant(brain: Brain, name: str, role: str, path: str | None) -> Said:
    """Give a role in a namespace (the written one), in one with all below it (team/*), or in every one (*).

    Example: brainops people grant ines writer 'team/*'
    """
    act = "ROLE_GRANT_APPROVING" if Role(role) in (Role.APPROVER, Role.ADMIN) else "ROLE_GRANT"
    given = proven(brain, act, brain.people.grant, name, role, path)
    yield given
    yield f"{one_line(name)}: {given.role.value} of {given.path}"


@people.command("withdraw")
@click.argument("name", metavar="NAME|group:NAME")
@ROLE
@PATH
def withdraw(brain: Brain, name: str, role: str, path: str | None) -> Said:
    """Take a role back, as it was given.

    Example: brainops people withdraw ines writer 'team/*'
    """
    gone = proven(brain, "ROLE_WITHDRAW", brain.people.withdraw, name, role, path)
    yield gone
    yield f"{one_line(name)} is no {gone.role.value} of {gone.path} any more."


@people.command("remove")
@click.argument("name")
def remove(brain: Brain, name: str) -> Said:
    """Remove a person: roles, secrets and sign-ins end, and only the name is kept.

    Example: brainops people remove ines
    """
    gone = proven(brain, "PERSON_REMOVE", brain.people.remove, name)
    yield gone
    yield f"Removed: {one_line(gone.name)}"


@people.command("sign-ins")
@click.argument("name", required=False)
def sign_ins(brain: Brain, name: str | None) -> Said:
    """List where people, or one of them, are signed in.

    Example: brainops people sign-ins ines
    """
    found, names = brain.people.sign_ins(name), {each.id: each.name for each in brain.people.list()}
    yield found
    if not found:
        yield "Nobody is signed in."
    for each in found:
        used = f"used {ago(each.seen_at)}" if each.seen_at else f"since {ago(each.created_at)}"
        yield cut(f"{one_line(names[each.person_id]):<20}  {each.kind.value:<6}  {used}  {each.id}", width())


@people.command("sign-out")
@click.argument("name", metavar="NAME|ID")
def sign_out(brain: Brain, name: str) -> Said:
    """End every sign-in of a person, or one by its id.

    Example: brainops people sign-out ines
    """
    refuse_agents_from(brain, "SIGN_OUT")
    ended = brain.people.sign_out(name)
    yield {"ended": ended}
    yield f"{ended} ended."


@people.command("link")
@click.argument("name")
@click.option("--url", default="http://127.0.0.1:8321", show_default=True, help="The address of the server.")
def link(brain: Brain, name: str, url: str) -> Said:
    """Show a link on the terminal by which one browser signs in as this person, once and within ten minutes.

    Example: brainops people link ines
    """
    with person_at_terminal("making a link that signs somebody in") as terminal:
        if name != brain.settings.actor.id:
            brain.people.get(name)  # a name that was mistyped is no new person
        terminal.say([f"Opens once, within ten minutes, as {name}:", brain.people.link(name, url)])
    yield {"shown": True}
    yield "Shown on the terminal."


@people.command("trust-server")
@click.option("--as", "voucher", metavar="NAME", help="Who you are, where several may approve.")
def trust_server(brain: Brain, voucher: str | None) -> Said:
    """Let a server say who signed in. Its secret is shown once, on the terminal; the one before counts no more.

    Example: brainops people trust-server
    """
    with person_at_terminal("trusting a server") as terminal:
        proof = proof_of_person(terminal, brain.approvals.approvers.list(), voucher)
        secret = brain.people.trust_server(proof=proof)
        terminal.say(["Give this to the server alone, as BRAINOPS_SIGN_IN_SECRET:", secret])
    yield {"trusted": True}
    yield "The word of the server that has this secret counts from now on."


def _roles(grants: Sequence[RoleGrant]) -> str:
    return one_line(", ".join(f"{each.role.value} of {each.path}" for each in grants)) or "no role"
