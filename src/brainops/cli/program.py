"""Which command is meant, and what becomes of its errors? First screen, help by purpose, exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import UserDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.help import COMMANDS, DOES, VERSION, WORDS, nobody_listens, page, version
from brainops.cli.options import CommonOptions, shared_options
from brainops.cli.screen import bold, safe, wrapped
from brainops.cli.short_ids import shortened
from brainops.cli.suggestions import meant
from brainops.errors import BrainOpsError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

OURS, USAGE, INTERRUPTED = 1, 2, 130  # the last as a shell reports SIGINT

TOLD = 400  # characters of what was misunderstood: a whole log may stand where a word was expected

FIRST_WEEK = {
    "demo": "sixty seconds, offline: see what it does",
    "capture TITLE [CONTENT]": "keep one thing that was learnt",
    "import DIR": "take in runbooks, alert rules, transcripts",
    "exec -- COMMAND": "run it: how it ended is remembered",
    "match ERROR": "has it happened before, and what helped?",
    "search QUESTION": "what do we know about this?",
    "guide OPERATION": "what to know before it is done",
    "fix attach ERROR --command LINE": "bind what mends an error to it",
    "list, operations, runs": "the newest memories; what was done; what runs",
    "show ID": "everything about one of them",
    "feedback ID helpful|wrong": "so that the right ones come first",
    "session start": "begin to work: what stands, and what happened",
    "status, doctor": "how it is; whether everything works",
}


class Commands(UserDict[str, Any]):
    """The commands by name; the module of one is imported when it is asked for."""

    def __getitem__(self, name: str) -> click.Command:
        """Return a command; raise KeyError where there is none."""
        module = import_module(f"brainops.cli.{self.data[name][0]}")
        function = name.replace("-", "_")
        found = getattr(module, function, None)
        return found if isinstance(found, click.Command) else getattr(module, f"{function}_")


class Program(click.Group):
    """The group of all commands; it answers for exit codes and for what errors look like."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.params.extend(shared_options(hidden=False))
        self.commands = Commands(COMMANDS)

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
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
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
        except BrokenPipeError:
            return nobody_listens()

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
            ctx.exit(nobody_listens())

    def get_help(self, ctx: click.Context) -> str:
        """Return the help, which is the same where click was not needed to tell it."""
        return page(ctx.terminal_width).rstrip("\n")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named; one that there is not is told with what may be meant."""
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing and not name.startswith("-"):
            groups = [above for above, each in self.commands.items() if name in getattr(each, "commands", ())]
            below = {f"{above} {name}": name for above in groups}
            ctx.fail(f"No such command: {name}.{meant(name, [*COMMANDS, *below], WORDS | below)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return what may stand here; the names of commands are told without importing them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        return [
            CompletionItem(name, help=does) for name, (_, does, _) in COMMANDS.items() if name.startswith(incomplete)
        ]


def _tell(kind: str, message: str, as_json: bool) -> None:
    if os.environ.get("BRAINOPS_DEBUG"):
        import traceback

        click.echo(safe(traceback.format_exc()), err=True)
    if as_json:
        click.echo(json.dumps({"error": {"type": kind, "message": message}}, ensure_ascii=True), err=True)
    else:
        click.echo("\n".join(shortened(wrapped(message, first="brainops: ", indent="  "))), err=True)


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(version(), nl=False)
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
    help=DOES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help=VERSION)
@click.pass_context
def main(context: click.Context) -> None:
    """Show the first screen, where no command is named."""
    if context.invoked_subcommand is not None:
        return
    if isinstance(context.obj, CommonOptions) and context.obj.json:
        raise click.UsageError("Name a command, for example: brainops status --json")
    click.echo(f"{bold('BrainOps')} remembers errors, fixes, decisions, deployments. To begin with:\n")
    room = max(map(len, FIRST_WEEK)) + 2
    for usage, does in FIRST_WEEK.items():
        click.echo(f"  {bold(usage.ljust(room))}{does}")
    click.echo(f"\n  {bold('brainops --help'.ljust(room))}all {len(COMMANDS)} commands, by purpose")
    click.echo(f"  {bold('brainops COMMAND --help'.ljust(room))}all about one; every command takes --json")
