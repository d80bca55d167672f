"""Which command is meant, and what becomes of its errors? First screen, help by purpose, exit codes."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections import UserDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from brainops.cli.options import CommonOptions, shared_options
from brainops.cli.screen import bold, safe, wrapped
from brainops.cli.short_ids import shortened
from brainops.cli.suggestions import meant
from brainops.errors import BrainOpsError

OURS, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE

TOLD = 400  # characters of what was misunderstood: a whole log may stand where a word was expected

# What there is, by what people want to do: each command's module, what it does in a line, and what else it is called.
SECTIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Put in": {
        "capture": ("capture", "keep one thing that was learnt", "remember add save note store learned keep"),
        "import": ("transfer", "take in runbooks, alert rules, transcripts, an export", "load read runbooks"),
        "ingest": ("signals", "take in logs and metrics: a file, a page, or -", "logs log tail metrics"),
        "share": ("sharing", "learnings to and from other instances", "federation federate sync pull push"),
    },
    "Ask": {
        "search": ("search", "find memories that answer a question", "retrieve recall query find lookup grep ask"),
        "list": ("search", "the newest memories", "ls recent newest memories latest all"),
        "show": ("show_id", "whatever has this id, or this short end of one", "get view inspect cat details describe"),
        "match": (
            "search",
            "has this error happened before, and what helped?",
            "known error errors recognise recognize",
        ),
        "guide": ("search", "what to know before an operation", "advise advice consult guidance before"),
        "operations": ("operations", "what was done, and how it ended", "ops deployments activity done operation"),
        "suspects": ("signals", "what is likely to blame for an incident", "blame cause rca incident why"),
    },
    "Follow": {
        "exec": ("exec", "run any command as an operation", "wrap do time sh"),
        "procedure": ("procedures", "write, check, keep and activate procedures", "procedures runbook playbook skill"),
        "run": ("runs", "start a procedure, and follow it until it ends or asks", "start launch"),
        "runs": ("runs", "what runs, waits, and ended how", "ps jobs"),
        "cases": ("cases", "decide from past cases; learn, correct, import", "case decide"),
        "worker": ("worker", "go on with the runs that are due, until it is stopped", "daemon scheduler"),
    },
    "Hand over": {
        "agent": ("agents", "who carries tasks out, how well, and what waits", "agents delegate tasks"),
        "workflow": ("workflow", "plan for a goal, have agents carry it out, learn from it", "workflows plan goal"),
    },
    "Mend": {
        "fix": ("fix", "what mends an error, and how surely", "fixes repair solve solution remedy mend"),
        "evidence": ("evidence", "what remedies did; what is worth trying next", "try tries next tried helped"),
        "causes": ("evidence", "which errors have one cause", "cause cluster same root"),
    },
    "Guard": {
        "guard": ("guard", "what may be done here, and why not", "rules rule policy decisions"),
        "enforcement": ("guard", "whether the guard only watches or holds", "strict observe mode"),
        "autonomy": ("guard", "what may change by itself", "auto"),
        "bypass": ("guard", "let everything pass for a while, on record", "override"),
        "stop": ("guard", "stop what happens by itself", "halt kill pause panic"),
        "compliance": ("guard", "how far procedures and rules were followed", "adherence violations"),
    },
    "Approve": {
        "approvals": ("approvals", "what waits for a person's answer", "approval pending requests"),
        "approve": ("approvals", "agree to what was asked, in a terminal of your own", "accept grant confirm"),
        "refuse": ("approvals", "say no to what was asked", "deny reject decline"),
        "approver": ("approvals", "who may approve", "approvers people users"),
        "keys": ("keys", "who reaches this memory over the network", "key token tokens apikey credentials"),
        "notices": ("approvals", "what somebody must be told", "notifications alerts inbox notice"),
    },
    "Correct": {
        "feedback": ("correct", "say that a memory was helpful, wrong or outdated", "rate vote helpful wrong"),
        "supersede": ("capture", "replace a memory by a corrected one", "edit update correct change replace"),
        "history": ("correct", "everything about one memory", "versions"),
        "archive": ("correct", "set memories aside", "hide shelve"),
        "forget": ("correct", "hide memories from every search", "delete remove rm del"),
        "restore": ("correct", "bring memories back, or a whole store from a backup", "unarchive recover unforget"),
        "promote": ("correct", "copy a memory into another namespace", "copy move publish"),
        "redact": ("correct", "show what capture takes out; clean what is stored", "clean mask scrub secrets"),
        "purge": ("correct", "remove memories for good", "erase destroy wipe gdpr"),
    },
    "Look after": {
        "serve": ("serve", "answer every verb over HTTP", "server http api rest listen web"),
        "init": ("upkeep", "make the store, and say where it is", "setup install create"),
        "status": ("upkeep", "counts, index and backlog, growth, sizes", "info stats state"),
        "doctor": ("upkeep", "check that everything works, with the way out", "check selftest diagnose"),
        "config": ("upkeep", "which settings hold, and where each comes from", "settings env options preferences"),
        "completion": (
            "completion",
            "let a shell complete commands and options",
            "complete bash zsh fish",
        ),
        "audit": ("upkeep", "what makes memory worse to read, and what mends it", "junk duplicates trail"),
        "backup": ("transfer", "write a verified copy of the whole store", "snapshot"),
        "export": ("transfer", "write everything readable as JSONL", "dump"),
        "reindex": ("upkeep", "write every index anew", "rebuild index"),
        "reembed": ("upkeep", "give every memory a vector of the present model", "embed vectors embeddings"),
        "compact": ("upkeep", "move what is old into compressed segments", "vacuum gc prune compress"),
        "upgrade": ("upkeep", "bring the store to this program's schema", "migrate migrations schema"),
        "allow": ("allow", "let procedures run a command or reach a host", "limits permit allowlist"),
        "language": ("language", "what language models may take, and took", "llm model models budget tokens cost"),
    },
    "Learn": {
        "improvements": ("improvements", "what the system changed about itself, and how to take it back", "evolution"),
        "learn": ("learning", "run a learning cycle that is due; show what it found", "cycle train"),
        "cycles": ("learning", "when each learning cycle ran, is due, and what it does", "schedule timetable"),
        "insights": ("learning", "what the learning cycles found that holds now", "insight findings lessons"),
    },
    "See": {
        "changes": ("changes", "what happened, and what happens now", "feed events follow tail stream watch"),
        "session": ("session", "begin to work: what stands, holds and happened lately", "sessions begin briefing"),
        "health": ("health", "how well memory does its work, in figures", "figures kpi"),
        "report": ("health", "what the last days brought, beside those before", "week weekly summary"),
        "demo": ("demo", "sixty seconds, offline: see what it does", "tour example tutorial"),
    },
}
COMMANDS = {name: entry for commands in SECTIONS.values() for name, entry in commands.items()}
WORDS = {name: words for name, (_, _, words) in COMMANDS.items()}

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
        found = getattr(module, name, None)
        return found if isinstance(found, click.Command) else getattr(module, f"{name}_")


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
                formatter.write_dl([(name, does) for name, (_, does, _) in commands.items()])

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
        return [
            CompletionItem(name, help=does) for name, (_, does, _) in COMMANDS.items() if name.startswith(incomplete)
        ]


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
    click.echo(f"{bold('BrainOps')} remembers errors, fixes, decisions, deployments. To begin with:\n")
    room = max(map(len, FIRST_WEEK)) + 2
    for usage, does in FIRST_WEEK.items():
        click.echo(f"  {bold(usage.ljust(room))}{does}")
    click.echo(f"\n  {bold('brainops --help'.ljust(room))}all {len(COMMANDS)} commands, by purpose")
    click.echo(f"  {bold('brainops COMMAND --help'.ljust(room))}all about one; every command takes --json")
