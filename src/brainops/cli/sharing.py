"""How do learnings go to another instance, and come from one? The command share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.screen import bold, dim, one_line, wrapped
from brainops.cli.shared import FORCE, SHOWN, CommandGroup, answer, micros, opened, progress
from brainops.cli.short_ids import Id
from brainops.cli.terminal import proven
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.types import Peer, Received, Shared


@click.group("share", cls=CommandGroup, short_help="learnings to and from other instances")
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
def key() -> None:
    """Show this instance's public key; its owner compares it with the other side."""
    with opened(model="none") as brain:
        known = brain.sharing.key()
        answer({"key": known}, lambda: [known])


@share.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--since", metavar="WHEN", help="Insights since: a date, a time, or an age like 7d.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Insights with this tag; all that are given.")
@click.option("--name", metavar="NAME", default="", help="What this instance calls itself; its namespace otherwise.")
@FORCE
def export(path: Path, since: str | None, tags: tuple[str, ...], name: str, force: bool) -> None:
    """Write what was learnt to PATH as one signed bundle; into a folder under this instance's key."""
    with opened(model="none") as brain:
        made = brain.sharing.export_to(path, since=micros(since), tags=tags, name=name, force=force)
        answer(made, lambda: _shared(made))


@share.command("import")
@click.argument("path", type=click.Path(path_type=Path))
def import_(path: Path) -> None:
    """Take in the bundle at PATH, of an instance that is trusted; again is no change."""
    with opened(model="none") as brain:
        with progress("taking in") as draw:
            came = brain.sharing.import_from(path, progress=draw)
        answer(came, lambda: _received([came]))


@share.command("pull")
@click.argument("peer", required=False)
def pull(peer: str | None) -> None:
    """Take in the bundles of PEER, or of every trusted instance that has a source."""
    with opened(model="none") as brain:
        came = brain.sharing.pull(peer)
        answer(came, lambda: _received(came))
    if any(not each.bundle for each in came):  # a source that could not be read
        click.get_current_context().exit(1)


@share.command("trust")
@click.argument("key")
@click.option("--name", metavar="NAME", required=True, help="What that instance is called here.")
@click.option("--from", "source", metavar="PLACE", help="The file, folder or URL that `pull` reads.")
@click.option("--reason", metavar="TEXT", default="", help="Why; it is kept.")
def trust(key: str, name: str, source: str | None, reason: str) -> None:
    """Listen to the instance of this public KEY."""
    with opened(model="none") as brain:
        peer = proven(
            brain,
            "SHARE_TRUST",
            lambda proof: brain.sharing.trust(key, name=name, source=source, reason=reason, proof=proof),
        )
        answer(peer, lambda: [f"{peer.name} is listened to from now on"])


@share.command("distrust")
@click.argument("peer")
@click.option("--reason", metavar="TEXT", required=True, help="Why; it is kept.")
def distrust(peer: str, reason: str) -> None:
    """Listen to PEER no longer, and take out of use what came from it."""
    with opened(model="none") as brain:
        went = brain.sharing.distrust(peer, reason=reason)
        answer(went, lambda: _received([went]))


@share.command("revoke")
@click.argument("bundle", type=Id("share_bundle"))
@click.option("--reason", metavar="TEXT", required=True, help="Why; it is kept.")
def revoke(bundle: str, reason: str) -> None:
    """Take BUNDLE (its id) back: what came goes out of use, what left is called back by the next one."""
    with opened(model="none") as brain:
        went = brain.sharing.revoke(bundle, reason=reason)
        answer(went, lambda: _received([went]))


@share.command("peers")
def peers() -> None:
    """Show to whom this memory listens, and listened."""
    with opened(model="none") as brain:
        known = brain.sharing.peers()
        answer(known, lambda: _peers(known))


@share.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=SHOWN, show_default=True, help="How many.")
def list_(limit: int) -> None:
    """Show the bundles that left and came, the newest first."""
    with opened(model="none") as brain:
        found = brain.sharing.bundles(limit=limit)
        answer(found, lambda: [_bundle(row) for row in found] or ["No bundle has left or come."])


def _shared(made: Shared) -> Iterator[str]:
    counts = ", ".join(counted(count, kind) for kind, count in sorted(made.counts.items()))
    yield f"{bold('Written')}: {counts or 'nothing was learnt yet'}{_back(made.revoked)}"
    yield dim(f"  {made.path}  bundle {made.bundle[:12]}")


def _back(revoked: int) -> str:
    return f"; {revoked} taken back" if revoked else ""


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


def _peers(known: Sequence[Peer]) -> Iterator[str]:
    if not known:
        yield "This memory listens to nobody."
    for peer in known:
        yield f"{bold(peer.name)}  {'no longer, ' + peer.reason if peer.revoked_at else peer.source or 'no source'}"
        yield dim(f"  {peer.key}")


def _bundle(row: Any) -> str:
    at = datetime.fromtimestamp(row["at"] / 1e6, UTC)
    way = "left" if row["direction"] == "out" else "came"
    taken = f"  taken back: {one_line(row['reason'])}" if row["revoked_at"] else ""
    return f"{row['id'][:12]}  {way} {at:%Y-%m-%d %H:%M}  {counted(row['items'], 'item')}{taken}"
