"""What mends an error, how sure is that, and how did it go? The command fix."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from brainops.cli import show as shown
from brainops.cli.commands import group
from brainops.cli.options import PLACE, REASON_REQUIRED, TARGET
from brainops.cli.pairs import value_of, valued
from brainops.cli.screen import bold, dim, one_line, wrapped
from brainops.cli.shared import Said, read_text
from brainops.cli.short_ids import Id, is_id
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput
from brainops.types import Fix, FixKind

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.types import FixApplication, FixSuggestion

SHOWN_APPLICATIONS = 8  # of one fix, so that its page fits a terminal


@group("fix", bare="list")
def fix() -> None:
    """List the fixes, the newest first; or attach one to an error, apply it and say how it went.

    \b
    brainops fix attach ERROR --command 'restart-api' --verify 'check-api'
    brainops fix suggest ERROR          the fixes of this very error
    brainops fix apply FIX --dry-run    what it would do
    brainops fix mode FIX auto          let it apply itself once it is proven
    """


@fix.command("list")
def list_(brain: Brain) -> Said:
    """List the fixes, the newest first.

    Example: brainops fix list
    """
    found = brain.fixes.list()
    yield found
    yield from _listed(found, "No fix is attached to anything yet.")


@fix.command("attach")
@click.argument("error")
@click.option("--title", metavar="TEXT", help="What it is called; the solution's text otherwise.")
@click.option("--command", "command_line", metavar="LINE", help="A command that mends it; run without a shell.")
@click.option("--procedure", metavar="NAME", help="A procedure that mends it.")
@click.option("--set", "setting", metavar="FILE KEY VALUE", nargs=3, help="A change of configuration.")
@click.option("--advice", metavar="TEXT", default="", help="What a person should do.")
@click.option("--verify", metavar="LINE", help="A command that succeeds when it helped.")
@click.option("--rollback", metavar="LINE", help="A command that takes it back.")
@click.option("--where", metavar="KEY=VALUE", multiple=True, help="Only where the error's context says so; repeatable.")
def attach(
    brain: Brain,
    error: str,
    title: str | None,
    command_line: str | None,
    procedure: str | None,
    setting: tuple[str, str, str] | None,
    advice: str,
    verify: str | None,
    rollback: str | None,
    where: tuple[str, ...],
) -> Said:
    """Bind a solution to ERROR: its text, its fingerprint, the id of its memory, or - for standard input.

    Example: brainops fix attach "OSError: disk full" --command "make clean"
    """
    configuration = None if not setting else {"file": setting[0], "key": setting[1], "value": value_of(setting[2])}
    named = title or command_line or procedure or (f"set {setting[1]}" if setting else advice.split("\n", 1)[0])
    made = brain.fixes.attach(
        error_of(brain, error),
        named or "",
        command=_arguments(command_line),
        procedure=procedure,
        configuration=configuration,
        advice=advice,
        verify=_arguments(verify),
        rollback=_arguments(rollback),
        context=dict(map(valued, where)),
    )
    yield made
    yield f"Attached: {one_line(made.title)}"
    yield dim(f"  fix {made.id} for fingerprint {made.fingerprint}")
    yield dim("  it is suggested, never applied by itself")
    yield dim(f"  try it: {try_it(made)}")


@fix.command("suggest")
@click.argument("error")
@TARGET
@PLACE
def suggest(brain: Brain, error: str, target: str | None, context: tuple[str, ...]) -> Said:
    """Name the fixes of ERROR (its text, or - for standard input), the surest first. A near miss shares none.

    What remedies did against it stands above: what to try here, and what not again.

    Example: brainops fix suggest "ConnectionError: payments api timed out"
    """
    meant, where = error_of(brain, error), dict(map(valued, context))
    found = brain.fixes.suggest(meant, context=where, target=target)
    yield found
    yield from shown.tries([brain.evidence.next_tries(meant, target=target, context=where)])
    yield from _listed(found)


@fix.command("show")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
def show(brain: Brain, fix_id: str) -> Said:
    """Show a fix, how sure it is, and everything that was done with it.

    Example: brainops fix show 72ac0f
    """
    found, sure = brain.fixes.get(fix_id), brain.fixes.confidence(fix_id)
    done = brain.fixes.applications(fix_id)
    value = {"fix": found, "confidence": sure, "applications": done}
    yield value
    yield bold(one_line(found.title))
    yield f"  {found.kind.value}, {found.mode.value}, trust {found.trust}, fingerprint {found.fingerprint}"
    tried = sure.verified + sure.contradicted
    yield f"  confidence {sure.value:.2f} ({sure.verified} of {tried} verified; prior worth {sure.pooled:g} cases)"
    for label, action in (("does", found.action), ("verified by", found.verify), ("taken back by", found.rollback)):
        if action is not None:
            yield from wrapped(
                f"{label}: {one_line(json.dumps(dict(action.parameters), ensure_ascii=False))}",
                first="  ",
                indent="    ",
            )
    if found.advice:
        yield from wrapped(one_line(found.advice), first="  ", indent="  ")
    yield from _trail(done[:SHOWN_APPLICATIONS], len(done))


@fix.command("apply")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@click.option("--target", metavar="TARGET", help="What it is applied to.")
@click.option("--operation", metavar="ID", help="The failed operation that it is for.", type=Id("operation"))
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
def apply(brain: Brain, fix_id: str, target: str | None, operation: str | None, dry_run: bool) -> Said:
    """Apply a fix now: run it, verify it, take it back where it fails.

    Example: brainops fix apply 72ac0f --target api --dry-run
    """
    if dry_run:
        plan = brain.fixes.plan(fix_id, target=target)
        yield plan
        yield "It would do this, and nothing was done:"
        for level in plan.levels:
            for each in level:
                told = json.dumps(dict(each.parameters), ensure_ascii=False)
                yield from wrapped(f"{each.step.id}: {one_line(each.why)} {one_line(told)}", first="  ", indent="    ")
        return
    done = brain.fixes.apply(fix_id, target=target, operation_id=operation)
    yield done
    yield from _trail([done], 1)
    if done.state.value == "failed":
        click.get_current_context().exit(1)


@fix.command("record")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@click.option("--helped/--did-not-help", required=True, help="How it went.")
@click.option("--target", metavar="TARGET", help="What it was applied to.")
@click.option("--note", metavar="TEXT", default="", help="What was seen.")
def record(brain: Brain, fix_id: str, helped: bool, target: str | None, note: str) -> Said:
    """Say how a fix went that was carried out by hand.

    Example: brainops fix record 72ac0f --helped --target api
    """
    told = brain.fixes.record(fix_id, helped=helped, target=target, note=note)
    yield told
    yield from _trail([told], 1)


@fix.command("verify")
@click.argument("application_id", metavar="APPLICATION", type=Id("fix_application"))
@click.option("--note", metavar="TEXT", default="", help="What was seen.")
def verify(brain: Brain, application_id: str, note: str) -> Said:
    """Say, as a person who looked, that an application of a fix helped.

    Example: brainops fix verify 0e58b3 --note "the queue is empty"
    """
    told = brain.fixes.verify(application_id, note=note)
    yield told
    yield from _trail([told], 1)


@fix.command("contradict")
@click.argument("application_id", metavar="APPLICATION", type=Id("fix_application"))
@REASON_REQUIRED
def contradict(brain: Brain, application_id: str, reason: str) -> Said:
    """Say that an application did not help; a fix that applies itself is demoted at once.

    Example: brainops fix contradict 0e58b3 --reason "it came back"
    """
    told = brain.fixes.contradict(application_id, reason)
    yield told
    yield from _trail([told], 1)


@fix.command("rollback")
@click.argument("application_id", metavar="APPLICATION", type=Id("fix_application"))
@REASON_REQUIRED
def rollback(brain: Brain, application_id: str, reason: str) -> Said:
    """Take an applied fix back.

    Example: brainops fix rollback 0e58b3 --reason "it made it worse"
    """
    told = brain.fixes.rollback(application_id, reason=reason)
    yield told
    yield from _trail([told], 1)


@fix.command("mode")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@click.argument("mode", type=click.Choice(["suggest", "shadow", "auto"]))
@REASON_REQUIRED
def mode(brain: Brain, fix_id: str, mode: str, reason: str) -> Said:
    """Say how far a fix may go by itself; it still has to have proved itself each time.

    Example: brainops fix mode 72ac0f suggest --reason "a person is to look first"
    """
    changed = proven(brain, f"FIX_{mode.upper()}", brain.fixes.set_mode, fix_id, mode, reason=reason)
    yield changed
    yield f"{one_line(changed.title)}: {changed.mode.value}"


@fix.command("demote")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@REASON_REQUIRED
def demote(brain: Brain, fix_id: str, reason: str) -> Said:
    """Let a fix only be suggested from now on.

    Example: brainops fix demote 72ac0f --reason "it did not help twice"
    """
    changed = brain.fixes.demote(fix_id, reason=reason)
    yield changed
    yield f"{one_line(changed.title)}: {changed.mode.value}"


@fix.command("trust")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@REASON_REQUIRED
def trust(brain: Brain, fix_id: str, reason: str) -> Said:
    """Vouch, as a person, for a fix that came from outside or from an agent.

    Example: brainops fix trust 72ac0f --reason "I read what it does"
    """
    changed = proven(brain, "FIX_TRUST", brain.fixes.trust, fix_id, reason=reason)
    yield changed
    yield f"{one_line(changed.title)}: vouched for"


@fix.command("detach")
@click.argument("fix_id", metavar="FIX", type=Id("fix"))
@REASON_REQUIRED
def detach(brain: Brain, fix_id: str, reason: str) -> Said:
    """Unbind a fix from its error; what it did stays on record.

    Example: brainops fix detach 72ac0f --reason "it is of another error"
    """
    changed = brain.fixes.detach(fix_id, reason=reason)
    yield changed
    yield f"{one_line(changed.title)}: detached; its record stays"


def error_of(brain: Brain, error: str) -> str:
    """Return the error that is meant: standard input, a memory's fingerprint, or the text itself."""
    if error == "-":
        return read_text("-")
    whole = Id("memory").convert(error, None, None)
    if not is_id(whole):
        return error
    fingerprint = brain.get(whole).fingerprint
    if fingerprint is None:
        raise InvalidInput("that memory is of no error; give the error's text")
    return fingerprint


def _listed(found: Sequence[FixSuggestion], nothing: str = "No fix is bound to that.") -> Iterator[str]:
    if not found:
        yield nothing
        yield dim("  bind one: brainops fix attach ERROR --command LINE --verify LINE")
    for each in found:
        yield f"{bold(one_line(each.fix.title))}  {each.fix.mode.value}"
        exact = "" if each.exact else "; the message is the same, the place is not"
        yield from wrapped(f"{each.sentence}{exact}", first="  ", indent="  ")
        yield dim(f"  {each.fix.kind.value} {each.fix.id}")


def suggested(found: Sequence[FixSuggestion]) -> Iterator[str]:
    """Yield the fixes of an error in few lines: what it is, how sure, and the command that goes on."""
    for each in found:
        yield f"{bold('Fix')}  {bold(one_line(each.fix.title))}"
        exact = "" if each.exact else "; the message is the same, the place is not"
        yield from wrapped(f"{each.sentence}{exact}", first="     ", indent="     ")
        yield dim(f"     {try_it(each.fix)}")


def try_it(fix: Fix) -> str:
    """Return the command with which to look at a fix before anything is done."""
    return f"brainops fix show {fix.id}" if fix.kind is FixKind.ADVICE else f"brainops fix apply {fix.id} --dry-run"


def _trail(done: Sequence[FixApplication], total: int) -> Iterator[str]:
    for each in done:
        target = f" on {one_line(each.target)}" if each.target else ""
        by = "by itself" if each.automatic else f"by {one_line(each.actor.id)}"
        yield from wrapped(
            f"{each.state.value.replace('_', ' ')}{target} {by}: {one_line(each.reason)}", first="  ", indent="    "
        )
        yield dim(f"    application {each.id}" + (f", run {each.run_id}" if each.run_id else ""))
    if total > len(done):
        yield dim(f"  and {total - len(done)} more: --json shows all")


def _arguments(line: str | None) -> list[str] | None:
    if line is None:
        return None
    try:
        parts = shlex.split(line)
    except ValueError as error:
        raise InvalidInput(f"{line[:80]!r} cannot be split into arguments: {error}") from error
    if not parts:
        raise InvalidInput("a command names at least a program")
    return parts
