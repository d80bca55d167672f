"""Who reaches the memory over the network, by which key? The command keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from brainops.cli.commands import group
from brainops.cli.options import limited
from brainops.cli.screen import ago, cut, dim, now, one_line, width
from brainops.cli.shared import Said
from brainops.cli.terminal import proven
from brainops.types import AccessKey, ActorKind, IssuedKey, Role

if TYPE_CHECKING:
    from brainops.brain import Brain


@group("keys", bare="list")
def keys() -> None:
    """List the keys by which agents and services reach this memory through `brainops serve`.

    \b
    brainops keys issue NAME --role writer --days 90
    brainops keys rotate NAME      a new one; the old one goes on for a day
    brainops keys revoke NAME      at once, with the tokens that it asked for
    brainops keys token OPERATION  what a page shows, for minutes
    """


@keys.command("list")
@click.option("--all", "every", is_flag=True, help="Those that ended or were revoked as well.")
@limited()
def list_(brain: Brain, every: bool, limit: int) -> Said:
    """List the keys, newest first.

    Example: brainops keys list --all
    """
    found = [each for each in brain.keys.list(limit=limit) if every or each.holds(now())]
    yield found
    if not found:
        yield "No key opens this memory over the network. brainops keys issue NAME makes one."
    for each in found:
        yield cut(f"{one_line(each.name):<20}  {each.role.value:<6}  {each.writes}  {_standing(each)}", width())
        yield dim(f"  {each.id}")


@keys.command("issue")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role if role is not Role.APPROVER]),
    default=Role.WRITER.value,
    show_default=True,
    help="What may be asked for with it.",
)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in ActorKind if kind is not ActorKind.PERSON]),
    help="Who acts by it; without it an agent, or a service where it is an admin's: no agent changes what holds.",
)
@click.option("--days", type=float, help="How long it holds; without it, until it is revoked.")
@click.option("--writes", metavar="PATH", help="What it writes: a namespace, or team/* with all below it; else ours.")
@click.option("--reads", multiple=True, metavar="NAMESPACE", help="A further namespace that it reads; repeatable.")
def issue(
    brain: Brain,
    name: str,
    role: str,
    kind: str | None,
    days: float | None,
    writes: str | None,
    reads: tuple[str, ...],
) -> Said:
    """Let an agent or a service reach the namespace (--namespace) over the network. The key is shown this once.

    Example: brainops keys issue release-bot --role writer --days 90
    """
    asked = {"role": role, "kind": kind, "namespace": writes, "read": reads, "days": days}
    yield from _told(proven(brain, "KEY_ISSUE", brain.keys.issue, name, **asked))


@keys.command("rotate")
@click.argument("name")
@click.option(
    "--overlap", type=float, default=24.0, show_default=True, metavar="HOURS", help="How long the old goes on."
)
def rotate(brain: Brain, name: str, overlap: float) -> Said:
    """Issue the next key of a name, for the same; the one before ends after the overlap.

    Example: brainops keys rotate release-bot --overlap 1
    """
    yield from _told(proven(brain, "KEY_ISSUE", brain.keys.rotate, name, overlap_seconds=overlap * 3_600))


@keys.command("token")
@click.argument("operation")
@click.option("--minutes", type=float, default=15.0, show_default=True, help="How long it holds, 60 at most.")
def token(brain: Brain, operation: str, minutes: float) -> Said:
    """Let a page tell of one operation for some minutes: what it shows in place of a key, shown this once.

    A page's own server asks for one with its key: POST /v1/keys/token.

    Example: brainops keys token checkout --minutes 5
    """
    found = brain.keys.token(operation, minutes=minutes)
    yield found
    yield f"A page tells of {one_line(found.operation)} in {found.namespace} with it, for {minutes:g} minutes:"
    yield found.secret


@keys.command("revoke")
@click.argument("name", metavar="NAME|ID|TOKEN")
def revoke(brain: Brain, name: str) -> Said:
    """Take the keys of a name back, or one by its id, or a page's token: from now on they open nothing.

    Example: brainops keys revoke release-bot
    """
    gone = brain.keys.revoke(name)
    yield gone
    yield from [f"Revoked: {one_line(each.name)}, {each.id}" for each in gone] or ["Revoked: the token."]


def _told(issued: IssuedKey) -> Said:
    yield issued
    key = issued.access
    yield f"The key of {one_line(key.name)} ({key.role.value}, {key.kind.value}) for {key.writes}, shown this once:"
    yield issued.secret
    yield dim("It is sent as Authorization: Bearer KEY.")


def _standing(key: AccessKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {ago(key.revoked_at)}"
    if not key.holds(now()):
        return f"ended {ago(key.expires_at or 0)}"
    used = f"used {ago(key.used_at)}" if key.used_at else "never used"
    return used if key.expires_at is None else f"{used}; holds {(key.expires_at - now()) / 86_400e6:.0f} d more"
