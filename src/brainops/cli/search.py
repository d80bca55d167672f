"""What does memory know? The commands search, list, match and guide."""

from __future__ import annotations

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.fix import suggested
from brainops.cli.options import SESSION, TARGET, beside, limited, paged, shared
from brainops.cli.pairs import named
from brainops.cli.screen import dim
from brainops.cli.shared import Said, asking, micros, read_text
from brainops.cli.short_ids import Id
from brainops.errors import InvalidInput
from brainops.types import MemoryType, Trust
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain

DEFAULT_HITS = 8  # two lines each on a narrow terminal: one screen
DEFAULT_MATCHES = 5
MAX_PATH = 250  # characters of an argument that may be a file's name
FULL = click.option("--full", is_flag=True, help="With what each of them says.")


def conditions(function: Any) -> Any:
    """Add the options that narrow a search."""
    options = [
        click.option(
            "--type",
            "types",
            multiple=True,
            type=click.Choice([each.value for each in MemoryType]),
            metavar="TYPE",
            help="Of this type (brainops capture --help lists them); may be repeated.",
        ),
        click.option(
            "--tag", "tags", multiple=True, metavar="TAG", help="With this tag; all that are given are required."
        ),
        click.option(
            "--trust",
            multiple=True,
            type=click.Choice([each.value for each in Trust]),
            help="Of this trust; may be repeated.",
        ),
        click.option(
            "--in", "namespaces", multiple=True, metavar="PATH", help="Of this namespace among the readable ones."
        ),
        click.option("--session", "session_id", metavar="ID", help="Captured in this session."),
        click.option("--since", metavar="WHEN", help="Captured since: a date, a time, or an age like 7d."),
        click.option("--until", metavar="WHEN", help="Captured before."),
        click.option("--as-of", metavar="WHEN", help="As it was known and valid at that time."),
        click.option("--archived", "include_archived", is_flag=True, help="Archived ones too."),
        click.option("--superseded", "include_superseded", is_flag=True, help="Replaced ones too."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def filters(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options of `conditions` as `Brain` takes them: those that were given, times read."""
    times = {name: micros(given.pop(name)) for name in ("since", "until", "as_of")}
    return {name: value for name, value in {**given, **times}.items() if value not in (None, (), False)}


@command("search", memory=asking)
@click.argument("query", nargs=-1, required=True)
@limited(DEFAULT_HITS)
@click.option("--budget-tokens", type=click.IntRange(1), metavar="N", help="As many as fit into so many tokens.")
@FULL
@conditions
def search(
    brain: Brain, query: tuple[str, ...], full: bool, limit: int, budget_tokens: int | None, **given: Any
) -> Said:
    """Find memories that answer a question, best first; "-" reads it from standard input.

    Example: brainops search "502 after deploying the shop" --since 90d
    """
    text = read_text("-") if query == ("-",) else " ".join(query)
    hits = brain.retrieve(text, limit=limit, budget_tokens=budget_tokens, **filters(given))
    yield hits
    yield from show.hits(hits, full=full, query=text)


@command("list")
@paged(DEFAULT_HITS)
@FULL
@conditions
def list_(brain: Brain, full: bool, limit: int, after: str | None, before: str | None, **given: Any) -> Said:
    """List the newest memories; `brainops search` finds those that answer a question.

    Example: brainops list --type error_pattern --since 7d
    """
    found = brain.newest(limit=limit, **beside({"after": after, "before": before}), **filters(given))
    yield found
    yield from show.memories(found, full=full)


@command("match", memory=asking)
@click.argument("error", nargs=-1)
@click.option("--file", "file", metavar="FILE", help="The error from a file: a traceback, a log, an alert as JSON.")
@click.option("--service", metavar="NAME", help="Which service said so; the same error is one in every service.")
@limited(DEFAULT_MATCHES)
@FULL
@conditions
def match(
    brain: Brain, error: tuple[str, ...], file: str | None, service: str | None, limit: int, full: bool, **given: Any
) -> Said:
    """Ask whether an error happened before: the same one first, then similar ones with their probability.

    The error is text, a traceback, a log line or an alert (the JSON of an Alertmanager webhook too); without an
    argument, or with "-", it comes from standard input.

    Example: brainops match "ConnectionError: payments api timed out after 31 s"
    """
    text = _error_text(error, file)
    known = brain.recognise(text, service=service, limit=limit, **filters(given))
    found = known.matches[:limit]
    said = {"fixes": known.fixes, "next_tries": known.next_tries}
    value = [{**plain(each), **(said if each.exact else dict.fromkeys(said, ()))} for each in found]
    yield value
    if len(known.errors) > 1:
        yield dim(f"{len(known.errors)} different alerts, their matches together")
    yield from show.tries(known.next_tries)
    yield from suggested(known.fixes)
    if not known.fixes or found:
        yield from show.matches(found, full=full, query=known.errors[0])
    if found and not known.fixes and not any(match.exact for match in found):
        yield dim("None of these is the same error. Once it is solved, keep what helped:")
        yield dim("  brainops capture ERROR --type error_pattern --cause … --solution …")
    is_a_file = len(error) == 1 and len(error[0]) < MAX_PATH and "\0" not in error[0] and Path(error[0]).is_file()
    if is_a_file and not known.fixes and not shared().json:
        hint = "This was read as the error itself. What the file says is matched by:\n"
        hint += f"  brainops match --file {shlex.quote(error[0])}"
        click.get_current_context().call_on_close(partial(click.echo, hint, err=True))  # below the answer


def _error_text(error: tuple[str, ...], file: str | None) -> str:
    if error and file:
        raise click.UsageError("The error is given twice, as text and as --file; give one of them.")
    if file:
        return read_text(file)
    if not error and sys.stdin.isatty():
        raise click.UsageError("Which error? Give its text, --file FILE, or pipe it in.")
    text = " ".join(error) if error and error != ("-",) else read_text("-")
    if not text.strip():
        raise InvalidInput("there is no text to match; give the error itself, its traceback or its log lines")
    return text


@command("guide", memory=asking)
@click.argument("operation")
@TARGET
@click.option("--context", multiple=True, metavar="NAME=VALUE", help="What else matters; may be repeated.")
@click.option("--error", metavar="TEXT", help="The error that the operation is about; - for standard input.")
@SESSION
@click.option(
    "--acknowledge",
    multiple=True,
    metavar="ID",
    help="What must be known, named back; may be repeated.",
    type=Id("memory", "procedure", "fix"),
)
def guide(
    brain: Brain,
    operation: str,
    target: str | None,
    context: tuple[str, ...],
    error: str | None,
    session: str | None,
    acknowledge: tuple[str, ...],
) -> Said:
    """Ask what memory says before an operation: what to do, how sure that is, what went wrong before.

    Its receipt stands for the next hour as proof that memory was consulted.

    Example: brainops guide "deploy api" --target production
    """
    told = dict(map(named, context))
    if error is not None:
        told["error"] = read_text("-") if error == "-" else error
    guidance = brain.guidance(operation, target=target, context=told or None, session=session)
    if acknowledge:
        brain.guard.acknowledge(guidance.id, acknowledge)
    yield guidance
    yield from show.guidance(guidance, named=acknowledge)
