"""How do learnings go to another instance, and come from one? The command share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import group
from brainops.cli.options import FORCE, REASON, REASON_REQUIRED, beside, paged
from brainops.cli.screen import bold, dim, one_line, wrapped
from brainops.cli.shared import Said, micros, progress
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import Received


@group("share")
def share() -> None:
    """Give what was learnt to other instances, signed, and take theirs in.

    \b
    brainops share key                    by what others know this instance
    brainops share export team.bundle     insights, procedures and fixes, redacted
    brainops share trust KEY --name team-b --from /mnt/shared
    brainops share pull                   take in what those have that are trusted

    What comes is external: insights are quoted, procedures are drafts, fixes are
    only suggested. Nothing that a bundle brings is in force before a person says so.
    """


@share.command("key")
def key(brain: Brain) -> Said:
    """Show this instance's public key; its owner compares it with the other side.

    Example: brainops share key
    """
    known = brain.sharing.key()
    yield {"key": known}
    yield known


@share.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--since", metavar="WHEN", help="Insights since: a date, a time, or an age like 7d.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Insights with this tag; all that are given.")
@click.option("--name", metavar="NAME", default="", help="What this instance calls itself; its namespace otherwise.")
@FORCE
def export(brain: Brain, path: Path, since: str | None, tags: tuple[str, ...], name: str, force: bool) -> Said:
    """Write what was learnt to PATH as one signed bundle; into a folder under this instance's key.

    Example: brainops share export team.bundle --since 30d
    """
    made = brain.sharing.export_to(path, since=micros(since), tags=tags, name=name, force=force)
    yield made
    counts = ", ".join(counted(count, kind) for kind, count in sorted(made.counts.items()))
    back = f"; {made.revoked} taken back" if made.revoked else ""
    yield f"{bold('Written')}: {counts or 'nothing was learnt yet'}{back}"
    yield dim(f"  {made.path}  bundle {made.bundle[:12]}")


@share.command("import")
@click.argument("path", type=click.Path(path_type=Path))
def import_(brain: Brain, path: Path) -> Said:
    """Take in the bundle at PATH, of an instance that is trusted; again is no change.

    Example: brainops share import team.bundle
    """
    with progress("taking in") as draw:
        came = brain.sharing.import_from(path, progress=draw)
    yield came
    yield from _received([came])


@share.command("pull")
@click.argument("peer", required=False)
def pull(brain: Brain, peer: str | None) -> Said:
    """Take in the bundles of PEER, or of every trusted instance that has a source.

    Example: brainops share pull
    """
    came = brain.sharing.pull(peer)
    yield came
    yield from _received(came)
    if any(not each.bundle for each in came):  # a source that could not be read
        click.get_current_context().exit(1)


@share.command("trust")
@click.argument("key")
@click.option("--name", metavar="NAME", required=True, help="What that instance is called here.")
@click.option("--from", "source", metavar="PLACE", help="The file, folder or URL that `pull` reads.")
@REASON
def trust(brain: Brain, key: str, name: str, source: str | None, reason: str) -> Said:
    """Listen to the instance of this public KEY.

    Example: brainops share trust bos_MTX7Mm --name team-b --from /mnt/shared
    """
    peer = proven(brain, "SHARE_TRUST", brain.sharing.trust, key, name=name, source=source, reason=reason)
    yield peer
    yield f"{peer.name} is listened to from now on"


@share.command("distrust")
@click.argument("peer")
@REASON_REQUIRED
def distrust(brain: Brain, peer: str, reason: str) -> Said:
    """Listen to PEER no longer, and take out of use what came from it.

    Example: brainops share distrust "the other shop" --reason "it was sold"
    """
    went = brain.sharing.distrust(peer, reason=reason)
    yield went
    yield from _received([went])


@share.command("revoke")
@click.argument("bundle", type=Id("share_bundle"))
@REASON_REQUIRED
def revoke(brain: Brain, bundle: str, reason: str) -> Said:
    """Take BUNDLE (its id) back: what came goes out of use, what left is called back by the next one.

    Example: brainops share revoke 4b81d7 --reason "the fix in it is wrong"
    """
    went = brain.sharing.revoke(bundle, reason=reason)
    yield went
    yield from _received([went])


@share.command("peers")
def peers(brain: Brain) -> Said:
    """Show to whom this memory listens, and listened.

    Example: brainops share peers
    """
    known = brain.sharing.peers()
    yield known
    if not known:
        yield "This memory listens to nobody."
    for peer in known:
        yield f"{bold(peer.name)}  {'no longer, ' + peer.reason if peer.revoked_at else peer.source or 'no source'}"
        yield dim(f"  {peer.key}")


@share.command("list")
@paged(most=10_000)
def list_(brain: Brain, limit: int, **cursors: str | None) -> Said:
    """Show the bundles that left and came, the newest first.

    Example: brainops share list
    """
    found = brain.sharing.bundles(limit=limit, **beside(cursors))
    yield found
    if not found:
        yield "No bundle has left or come."
    for row in found:
        at = datetime.fromtimestamp(row["at"] / 1e6, UTC)
        way = "left" if row["direction"] == "out" else "came"
        taken = f"  taken back: {one_line(row['reason'])}" if row["revoked_at"] else ""
        yield f"{row['id'][:12]}  {way} {at:%Y-%m-%d %H:%M}  {counted(row['items'], 'item')}{taken}"


def _received(came: Sequence[Received]) -> Iterator[str]:
    if not came:
        yield "Nobody is listened to who has a source: brainops share trust KEY --name NAME --from PLACE"
    for each in came:
        counts = ", ".join(_taken(what, count) for what, count in sorted(each.counts.items()))
        yield f"{bold(each.name or each.bundle[:12])}: {counts or 'no change'}"
        for refused in each.refused:
            yield from wrapped(f"refused {refused}", indent="  ")
        for left in each.left:
            yield from wrapped(f"left to you: {left}", indent="  ")


def _taken(what: str, count: int) -> str:
    """Return "2 fixes taken" of "fix taken"."""
    kind, _, became = what.partition(" ")
    return f"{counted(count, kind)} {became}".rstrip()
