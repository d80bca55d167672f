"""Which command is meant, and what becomes of its errors? First screen, help by purpose, exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from brainops.cli import (
    agents,
    allow,
    approvals,
    capture,
    cases,
    correct,
    demo,
    draft,
    evolution,
    exec,
    fix,
    guard,
    health,
    language,
    learning,
    operations,
    retrieve,
    runs,
    session,
    sharing,
    signals,
    transfer,
    upkeep,
    worker,
    workflow,
)
from brainops.cli.screen import bold, dim, safe, wrapped
from brainops.cli.shared import CommonOptions, shared_options
from brainops.cli.short_ids import shortened
from brainops.errors import BrainOpsError

OURS, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE

TOLD = 400  # characters of what was misunderstood: a whole log may stand where a word was expected

SECTIONS: dict[str, list[click.Command]] = {
    "Put in": [capture.capture, transfer.import_, signals.ingest, sharing.share],
    "Ask": [retrieve.retrieve, retrieve.match, retrieve.guide, operations.operations, signals.suspects],
    "Follow": [exec.exec_, draft.procedure, runs.run, runs.runs, cases.cases, worker.worker],
    "Hand over": [agents.agent, workflow.workflow],
    "Mend": [fix.fix],
    "Guard": [
        guard.guard,
        guard.enforcement,
        guard.autonomy,
        guard.bypass,
        guard.stop,
        guard.compliance,
    ],
    "Approve": [approvals.approvals, approvals.approve, approvals.refuse, approvals.approver, approvals.notices],
    "Correct": [
        correct.feedback,
        capture.supersede,
        correct.history,
        correct.archive,
        correct.forget,
        correct.restore,
        correct.promote,
        correct.redact,
        correct.purge,
    ],
    "Look after": [
        upkeep.init,
        upkeep.status,
        upkeep.doctor,
        upkeep.audit,
        transfer.backup,
        transfer.export,
        upkeep.reindex,
        upkeep.reembed,
        upkeep.compact,
        upkeep.upgrade,
        allow.allow,
        language.llm,
    ],
    "Learn": [evolution.evolution, learning.learn, learning.cycles, learning.insights],
    "See": [session.session, health.health, health.report, demo.demo],
}

FIRST_SCREEN = """\
Put in      exec -- COMMAND             run it: how it ended is remembered
            capture, import, ingest     a lesson; runbooks; logs, metrics
Ask         match ERROR, suspects       known? what helped? what is to blame?
            retrieve QUESTION           what do we know about this?
            guide OPERATION, operations what to know before; what was done
Follow      procedure, cases            write, check, activate; decide
            run NAME, runs, worker      start one; what waits; go on with it
Hand over   agent, workflow, share      who does it best; a plan; to others
Mend        fix                         what mends an error, and how surely
Guard       guard, compliance           what may be done; what was followed
            enforcement, autonomy, bypass, stop
Approve     approvals, approve, refuse, approver, notices
Correct     feedback, supersede         it helped, is wrong; this replaces it
            archive, forget, restore, history, promote, redact, purge
Learn       learn, cycles, insights, evolution
See         session, health, report     begin to work; figures; the last week
Look after  status, doctor, audit, backup, export, allow, llm
            init, upgrade, reindex, reembed, compact
"""


class Program(click.Group):
    """The group of all commands; it answers for exit codes and for what errors look like."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.params.extend(shared_options(hidden=False))
        for commands in SECTIONS.values():
            for each in commands:
                self.add_command(each)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the program and leave it with the exit code that fits."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in (given[: given.index("--")] if "--" in given else given)
        _escape_what_cannot_be_shown()
        with _ended_in_order():
            code = self._answered(given, as_json, extra)
        sys.exit(code)

    def _answered(self, given: list[str], as_json: bool, extra: dict[str, Any]) -> int:
        try:
            code = super().main(given, "brainops", standalone_mode=False, **extra)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except click.exceptions.Abort:
            click.echo(err=True)  # the question stands on this line
            return INTERRUPTED
        except click.ClickException as error:
            return _misunderstood(error, as_json)
        except BrokenPipeError:
            return _nobody_listens()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is meant; what goes wrong in it ends in one line and an exit code."""
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            ctx.color = False
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except BrainOpsError as error:
            _tell(type(error).__name__, str(error), bool(isinstance(ctx.obj, CommonOptions) and ctx.obj.json))
            ctx.exit(OURS)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            ctx.exit(_nobody_listens())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by what people want to do."""
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(str(each.name), each.get_short_help_str(60)) for each in commands])


def _escape_what_cannot_be_shown() -> None:
    """A terminal that knows few characters gets escapes for the rest, never an error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _misunderstood(error: click.ClickException, as_json: bool) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
        click.echo(error.format_message(), err=True)  # which is the help
        return USAGE
    if context is not None and not as_json:
        click.echo(context.get_usage(), err=True)
        click.echo(f"Try: {context.command_path} --help", err=True)
    message = error.format_message()
    _tell(type(error).__name__, message if len(message) <= TOLD else f"{message[:TOLD]} …", as_json)
    return USAGE if error.exit_code == USAGE else OURS


def _nobody_listens() -> int:
    """The reader of a pipe went away: be quiet, also when the interpreter flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return BROKEN_PIPE


def _tell(kind: str, message: str, as_json: bool) -> None:
    if os.environ.get("BRAINOPS_DEBUG"):
        click.echo(safe(traceback.format_exc()), err=True)
    if as_json:
        click.echo(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=True), err=True)
    else:
        click.echo("\n".join(shortened(wrapped(message, first="brainops: ", indent="  "))), err=True)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"brainops {version('brainops')}")
        context.exit()


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Let SIGTERM end a command as sys.exit does, so that what is recorded is written; a second one ends it at once."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@click.group(
    cls=Program,
    name="brainops",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def main(context: click.Context) -> None:
    """The operational memory of AI agents and of the services they run."""
    if context.invoked_subcommand is not None:
        return
    if isinstance(context.obj, CommonOptions) and context.obj.json:
        raise click.UsageError("Name a command, for example: brainops status --json")
    click.echo(f"{bold('BrainOps')} remembers errors, fixes, decisions and deployments.\n")
    for line in FIRST_SCREEN.splitlines():
        click.echo("  " + (bold(line[:12]) + line[12:] if line[:1].strip() else line))
    click.echo("\n  " + bold("brainops demo") + "               sixty seconds, offline: see what it does")
    click.echo("  " + dim("brainops COMMAND --help     all about one; every command takes --json"))
