"""How does something get into memory by hand? The commands capture and supersede."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from brainops.cli import show
from brainops.cli.commands import command
from brainops.cli.pairs import named
from brainops.cli.shared import micros, read_text
from brainops.cli.short_ids import Id
from brainops.errors import InvalidInput
from brainops.types import MemoryType, Source, Trust
from brainops.wire import plain

if TYPE_CHECKING:
    from brainops.brain import Brain
    from brainops.cli.shared import Said
    from brainops.types import JSON, Captured


def described(function: Any) -> Any:
    """Add the options that say what a memory is."""
    options = [
        click.option("--content", "said", metavar="TEXT", help='The content; "-" reads standard input.'),
        click.option("--file", "file", metavar="FILE", help="The content from a file."),
        click.option("--cause", metavar="TEXT", help="What brought it about; stands in the content."),
        click.option(
            "--solution", metavar="TEXT", help="What helped; stands in the content, and guidance hands it out."
        ),
        click.option("--json-content", metavar="JSON", help='The content as JSON; "-" reads standard input.'),
        click.option(
            "--type",
            "kind",
            type=click.Choice([each.value for each in MemoryType]),
            metavar="TYPE",
            help=f"One of {', '.join(MemoryType)}.",
        ),
        click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag; may be repeated."),
        click.option(
            "--importance", type=click.FloatRange(0, 1), metavar="0..1", help="How much it matters; 0.5 where not said."
        ),
        click.option(
            "--trust",
            type=click.Choice([each.value for each in Trust]),
            help="How far it may be relied on; agent where not said.",
        ),
        click.option("--metadata", multiple=True, metavar="NAME=VALUE", help="What else is known; may be repeated."),
        click.option("--subject", metavar="NAME", help="Whom or what it is about, for purge --subject."),
        click.option("--session", metavar="ID", help="The session that it comes from."),
        click.option("--uri", metavar="URI", help="Where it comes from."),
        click.option(
            "--idempotency-key",
            metavar="KEY",
            help="The same capture again under this key is the first one; another one is refused.",
        ),
        click.option("--valid-from", metavar="WHEN", help="True since: a date, a time, or an age like 7d."),
        click.option("--valid-to", metavar="WHEN", help="True until."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command("capture")
@click.argument("title")
@click.argument("content", required=False)
@described
def capture(brain: Brain, title: str, content: str | None, **given: Any) -> Said:
    """Keep something: it is safe, free of secrets and findable when this returns.

    Says what was taken out and which memories are near; nothing is ever merged. The same thing again is counted.

    Example: brainops capture "Disk full on db-3" "Old WAL files" --tag postgres
    """
    fields = _fields(given)
    told = _with_parts(_content(content, **_ways(given)), given)
    captured = brain.capture(title, "" if told is None else told, **fields, source=_source(brain, given))
    yield from _acknowledge(brain, captured)


@command("supersede")
@click.argument("memory_id", metavar="ID", type=Id("memory"))
@click.argument("title", required=False)
@click.argument("content", required=False)
@described
def supersede(brain: Brain, memory_id: str, title: str | None, content: str | None, **given: Any) -> Said:
    """Replace a memory by a corrected one; the old one stays as history. What is not said stays as it was.

    Example: brainops supersede 3f9a1c --solution "raise the limit to 200"
    """
    fields = _fields(given)
    told = _content(content, **_ways(given))
    old = brain.get(memory_id)
    kept: dict[str, Any] = {
        "type": old.type,
        "tags": old.tags,
        "importance": old.importance,
        "metadata": old.metadata,
        "trust": old.trust,
        "subject": old.subject,
        "fingerprint": old.fingerprint,
        "source": _source(brain, given),
    }
    content_now = _with_parts(old.content if told is None else told, given)
    draft = brain.draft(title or old.title, content_now, **{**kept, **fields})
    yield from _acknowledge(brain, brain.supersede(memory_id, draft), besides=memory_id)


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "type": given["kind"],
        "tags": given["tags"] or None,
        "importance": given["importance"],
        "trust": given["trust"],
        "metadata": dict(map(named, given["metadata"])) or None,
        "subject": given["subject"],
        "idempotency_key": given["idempotency_key"],
        "valid_from": micros(given["valid_from"]),
        "valid_to": micros(given["valid_to"]),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _with_parts(content: JSON, given: dict[str, Any]) -> JSON:
    """Return the content with the cause and the solution as parts of it."""
    parts: dict[str, Any] = {name: given[name] for name in ("cause", "solution") if given[name] is not None}
    if not parts:
        return content
    if isinstance(content, dict):
        return {**content, **parts}
    return {**({"text": content} if content else {}), **parts}


def _ways(given: dict[str, Any]) -> dict[str, str | None]:
    return {name: given[name] for name in ("said", "file", "json_content")}


def _content(argument: str | None, *, said: str | None, file: str | None, json_content: str | None) -> JSON:
    """Return the content from the one place that names it, None where none does."""
    ways = [way for way in (argument, said, file, json_content) if way is not None]
    if len(ways) > 1:
        raise click.UsageError("The content is given twice; give one of CONTENT, --content, --file and --json-content.")
    if "-" in (argument, said, json_content) and sys.stdin.isatty():
        click.echo("Type the content; Ctrl-D on a line of its own ends it.", err=True)
    if json_content is not None:
        try:
            value: JSON = json.loads(read_text("-") if json_content == "-" else json_content)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"the content is not JSON: {error}") from error
        if isinstance(value, str) or value is None:
            return value or ""
        return value
    if file is not None:
        return read_text(file)
    text = argument if said is None else said
    return read_text("-") if text == "-" else text


def _source(brain: Brain, given: dict[str, Any]) -> Source:
    return Source(actor=brain.settings.actor, session_id=given["session"] or brain.settings.session, uri=given["uri"])


def _acknowledge(brain: Brain, captured: Captured, besides: str = "") -> Said:
    if not captured.id:  # no server took it yet
        yield captured
        yield from captured.notes
        return
    kept = brain.get(captured.id)
    similar = [] if captured.repeated else brain.near(kept, besides=besides)
    yield {**plain(captured), "similar": [{"id": m.id, "title": m.title, "likeness": s} for m, s in similar]}
    yield from show.captured(captured, similar, kept.title)
