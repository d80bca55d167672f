"""How do coding agents come to the memory? The commands install and hook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import command, group
from brainops.cli.options import shared
from brainops.cli.screen import dim, one_line, safe, wrapped
from brainops.cli.shared import opened
from brainops.errors import ApprovalUnproven
from brainops.types import Enforcement
from brainops.types.agent_session import agent_session
from brainops.types.counted import counted
from brainops_core.hook.clients import CLIENTS, KINDS

if TYPE_CHECKING:
    from brainops.cli.shared import Said
    from brainops.hooks.clients import FileChange
    from brainops.hooks.trust import CodexHook


@command("install")
@click.argument("clients", metavar="CLIENT...", nargs=-1, required=True, type=click.Choice(list(CLIENTS)))
@click.option("--project", is_flag=True, help="Only in the folder in which you are; for all folders otherwise.")
@click.option(
    "--without", metavar="EVENT", multiple=True, type=click.Choice(KINDS), help="An event that is left out; repeatable."
)
@click.option("--agents-md", is_flag=True, help="Add a marked block to AGENTS.md here as well.")
@click.option("--trust", is_flag=True, help="Let Codex trust these hooks, once you saw their hashes.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--remove", is_flag=True, help="Take the hooks out again; each file becomes what it was.")
def install(
    clients: Sequence[str],
    project: bool,
    without: Sequence[str],
    agents_md: bool,
    trust: bool,
    dry_run: bool,
    remove: bool,
) -> Said:
    """Wire coding agents to the memory: claude-code, codex. What is not ours in their files stays as it is.

    \b
    brainops install claude-code codex --dry-run
    brainops install codex --trust
    brainops install claude-code --remove

    Example: brainops install claude-code codex --dry-run
    """
    from brainops.hooks import install as installing

    if (agent := agent_session(os.environ)) is not None:
        raise ApprovalUnproven(
            f"this is a session of {safe(agent)[:80]}: a person wires clients, in a terminal of theirs"
        )
    scope, folder = ("project" if project else "user"), Path.cwd()
    if not (dry_run or remove):
        with opened(model="none", make=True) as brain:
            strict = brain.guard.settings().enforcement is Enforcement.STRICT
            brain.guard.write_pack()
        installing.compile_hooks()
    else:
        strict = False
    changes: list[tuple[FileChange, installing.Installed | None]] = []
    for client in dict.fromkeys(clients):
        if remove:
            changes.append((installing.removal(client, scope, os.environ, folder), None))  # type: ignore[arg-type]
            continue
        closed = strict and client == "claude-code"
        change = installing.plan(client, scope, os.environ, folder, without=without, closed=closed)  # type: ignore[arg-type]
        entry = installing.Installed(
            client=client, scope=scope, path=str(change.path), without=tuple(without), closed=closed
        )
        changes.append((change, entry))
    if agents_md:
        changes.append((installing.guide(folder, remove=remove), None))
    if not dry_run:
        for change, wired in changes:
            installing.apply(change, os.environ, wired)
    told = [
        {"path": str(change.path), "changed": change.before != change.after, "diff": change.diff}
        for change, _ in changes
    ]
    yield {"dry_run": dry_run, "removed": remove, "files": told}
    for change, _ in changes:
        if change.before == change.after:
            yield f"{change.path} is as it should be"
        elif dry_run:
            yield from map(one_line, change.diff.splitlines())
        else:
            yield f"{'Cleaned' if remove else 'Wired'}: {change.path}"
    if "codex" in clients:
        from brainops.hooks.clients import wiring

        hooks = wiring("codex", scope, os.environ, folder).path  # type: ignore[arg-type]
        yield from _codex(folder, hooks, trust=trust, dry_run=dry_run, remove=remove)
    if not (dry_run or remove):
        yield dim("See that it works: brainops doctor")


def _codex(folder: Path, hooks: Path, *, trust: bool, dry_run: bool, remove: bool) -> Said:
    """Say how Codex comes to trust its hooks, or let it, once each hash was shown."""
    from brainops.hooks import install as installing
    from brainops.hooks import trust as trusting

    if remove:
        change = trusting.forgetting(os.environ, hooks)
        if change is not None and not dry_run:
            installing.apply(change, os.environ, None)
            yield f"Cleaned: {change.path}"
        return
    if not trust:
        yield from wrapped(
            "Codex skips hooks that nobody trusted, and says nothing: run codex, type /hooks and trust those of"
            " BrainOps; or brainops install codex --trust",
            first="",
            indent="  ",
        )
        return
    known: list[CodexHook] = trusting.hooks(os.environ, folder) if not dry_run else []
    for each in known:
        yield f"  {each.event}: {each.hash}"
    if known:
        change = trusting.trusting(os.environ, known)
        installing.apply(change, os.environ, None)
        yield f"Trusted: {counted(len(known), 'hook')}, in {change.path}"


@group("hook")
def hook() -> None:
    """Take up what the hooks of coding agents saw, or see whether they deny what they must.

    \b
    brainops hook drain
    brainops hook canary claude-code
    """


@hook.command("canary")
@click.argument("client", type=click.Choice(list(CLIENTS)))
@click.option("--project", is_flag=True, help="The hook that is wired in this folder alone.")
@click.pass_context
def canary(context: click.Context, client: str, project: bool) -> Said:
    """Call a client's hook as the client does, for a call that is always denied: does the denial come?

    Example: brainops hook canary claude-code
    """
    from brainops.hooks.canary import sing

    trouble = sing(client, "project" if project else "user", os.environ, Path.cwd())
    yield {"client": client, "denied": not trouble, "trouble": trouble}
    yield trouble or f"the hook of {client} denies what it must"
    context.exit(1 if trouble else 0)


@hook.command("drain")
def drain() -> Said:
    """Take up what hooks saw, and write what they read anew. Each command of yours does that for a second, too.

    Example: brainops hook drain
    """
    from brainops.engine import Engine

    given = shared()
    with Engine.open(given.store, namespace=given.namespace, read=given.read, model="none", background=False) as engine:
        done = engine.drain()
    yield {"events": done.events, "left": done.left, "unreadable": done.unreadable}
    left_out = f"; {counted(done.unreadable, 'line')} left out that are no events" if done.unreadable else ""
    yield f"{counted(done.events, 'event')} taken up{left_out}"
