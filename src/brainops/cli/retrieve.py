"""What does memory know? The commands retrieve, match and guide."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.fix import suggested
from brainops.cli.pairs import named
from brainops.cli.screen import dim
from brainops.cli.shared import answer, asking, command, micros, read_text, shared
from brainops.cli.short_ids import Id
from brainops.errors import InvalidInput
from brainops.types import FixSuggestion, Match, MemoryType, Trust
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain

DEFAULT_HITS = 8  # two lines each on a narrow terminal: one screen
DEFAULT_MATCHES = 5
MAX_PATH = 250  # characters of an argument that may be a file's name
MAX_ALERTS = 10  # of one webhook; a storm of hundreds is one cause or none


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


@command("retrieve", short_help="find memories that answer a question")
@click.argument("query", nargs=-1)
@click.option(
    "--limit", type=click.IntRange(1, 1_000), metavar="N", default=DEFAULT_HITS, show_default=True, help="How many."
)
@click.option("--budget-tokens", type=click.IntRange(1), metavar="N", help="As many as fit into so many tokens.")
@click.option("--full", is_flag=True, help="With what each of them says.")
@conditions
def retrieve(query: tuple[str, ...], limit: int, budget_tokens: int | None, full: bool, **given: Any) -> None:
    """Find memories that answer a question, best first; without one, list the newest.

    "-" reads the question from standard input.
    """
    text = read_text("-") if query == ("-",) else " ".join(query)
    with asking() as brain:
        hits = brain.retrieve(text, limit=limit, budget_tokens=budget_tokens, **filters(given))
        answer(hits, lambda: show.hits(hits, full=full, query=text))


@command("match", short_help="has this error happened before, and what helped?")
@click.argument("error", nargs=-1)
@click.option("--file", "file", metavar="FILE", help="The error from a file: a traceback, a log, an alert as JSON.")
@click.option("--service", metavar="NAME", help="Which service said so; the same error is one in every service.")
@click.option(
    "--limit", type=click.IntRange(1, 1_000), metavar="N", default=DEFAULT_MATCHES, show_default=True, help="How many."
)
@click.option("--full", is_flag=True, help="With what each of them says.")
@conditions
def match(error: tuple[str, ...], file: str | None, service: str | None, limit: int, full: bool, **given: Any) -> None:
    """Ask whether an error happened before: the same one first, then similar ones with their probability.

    The error is text, a traceback, a log line or an alert (the JSON of an Alertmanager webhook too); without an
    argument, or with "-", it comes from standard input.
    """
    texts = errors_in(_error_text(error, file))
    with asking() as brain:
        wanted = filters(given)
        found = _first_of_each([brain.match(text, service=service, limit=limit, **wanted) for text in texts])[:limit]
        fixes = _fixes(brain, texts)
        value = [{**plain(each), "fixes": fixes if each.exact else []} for each in found]
        answer(value, lambda: _matched(found, texts, full, fixes))
        if not fixes and not shared().json and _is_a_file(error):
            click.echo("This was read as the error itself. What the file says is matched by:", err=True)
            click.echo(f"  brainops match --file {shlex.quote(error[0])}", err=True)


def _is_a_file(error: Sequence[str]) -> bool:
    return len(error) == 1 and len(error[0]) < MAX_PATH and "\0" not in error[0] and Path(error[0]).is_file()


def _fixes(brain: Brain, texts: Sequence[str]) -> list[FixSuggestion]:
    """Return the fixes that are bound to these very errors, each once."""
    found = (each for text in texts for each in brain.fixes.suggest(text))
    return list({each.fix.id: each for each in found}.values())


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


def errors_in(text: str) -> list[str]:
    """Return the errors of a text: each different alert of a webhook by its labels and annotations, else the text."""
    if not text.lstrip().startswith(("{", "[")):
        return [text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    alerts = value.get("alerts") if isinstance(value, dict) else value
    alerts = alerts if isinstance(alerts, list) else [value]
    told = [_alert_text(alert) for alert in alerts if isinstance(alert, dict) and isinstance(alert.get("labels"), dict)]
    return list(dict.fromkeys(told))[:MAX_ALERTS] or [text]


def _alert_text(alert: dict[str, Any]) -> str:
    """Return an alert as lines of `name: value`; what changes from firing to firing (times, ids, links) is left out."""
    notes = alert.get("annotations")
    notes = notes if isinstance(notes, dict) else {}
    summary = {name: notes[name] for name in ("summary", "description", "message") if name in notes}
    named = {**alert["labels"], **summary, **notes}
    lines = [f"{name}: {value}" for name, value in named.items()]
    return "\n".join(line for line in lines if "://" not in line)


def _first_of_each(groups: Sequence[Sequence[Match]]) -> list[Match]:
    """Return the matches of several errors, each memory once, where it matched best; the same error comes first."""
    best: dict[str, Match] = {}
    for found in (match for group in groups for match in group):
        other = best.get(found.memory.id)
        if other is None or (found.exact, found.probability) > (other.exact, other.probability):
            best[found.memory.id] = found
    if len(groups) == 1:
        return list(best.values())
    return sorted(best.values(), key=lambda found: (not found.exact, -found.probability))


def _matched(found: Sequence[Match], texts: Sequence[str], full: bool, fixes: Sequence[FixSuggestion]) -> Iterator[str]:
    if len(texts) > 1:
        yield dim(f"{len(texts)} different alerts, their matches together")
    yield from suggested(fixes)
    if not fixes or found:
        yield from show.matches(found, full=full, query=texts[0])
    if found and not fixes and not any(each.exact for each in found):
        yield dim("None of these is the same error. Once it is solved, keep what helped:")
        yield dim("  brainops capture ERROR --type error_pattern --cause … --solution …")


@command("guide", short_help="what to know before an operation")
@click.argument("operation")
@click.option("--target", metavar="TARGET", help="On what: production, db-3, a service.")
@click.option("--context", multiple=True, metavar="NAME=VALUE", help="What else matters; may be repeated.")
@click.option("--error", metavar="TEXT", help="The error that the operation is about; - for standard input.")
@click.option("--session", metavar="ID", help="The session that asks.")
@click.option(
    "--acknowledge",
    multiple=True,
    metavar="ID",
    help="What must be known, named back; may be repeated.",
    type=Id("memory", "procedure", "fix"),
)
def guide(
    operation: str,
    target: str | None,
    context: tuple[str, ...],
    error: str | None,
    session: str | None,
    acknowledge: tuple[str, ...],
) -> None:
    """Ask what memory says before an operation: what to do, how sure that is, what went wrong before.

    Its receipt stands for the next hour as proof that memory was consulted.
    """
    told = dict(map(named, context))
    if error is not None:
        told["error"] = read_text("-") if error == "-" else error
    with asking() as brain:
        guidance = brain.guidance(operation, target=target, context=told or None, session=session)
        if acknowledge:
            brain.guard.acknowledge(guidance.id, acknowledge)
        answer(guidance.as_dict(), lambda: show.guidance(guidance, named=acknowledge))
