"""How does a text become a draft of a procedure, and is it read back before anybody relies on it?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from brainops.cli.commands import command
from brainops.cli.options import shared
from brainops.cli.screen import bold, dim, is_terminal, one_line, safe, wrapped
from brainops.cli.shared import Said, read_text
from brainops.errors import BrainOpsError, InvalidInput, StoreError
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

TEXT_BYTES = 1_000_000  # of one document; a procedure's own limit is lower and says so
FILES = 5_000  # documents of one import; a folder with more is not one of runbooks
FAILED = 1
ABOUT_THE_REPOSITORY = frozenset("readme _index changelog license contributing code_of_conduct".split())


@command("from-text")
@click.argument("file", metavar="FILE|-")
@click.option("--name", metavar="NAME", help="Its name; made of the title by default.")
@click.option("--notes", "every", is_flag=True, help="Show every sentence that became no step.")
@click.option("--answer", "said", metavar="N=TEXT", multiple=True, help="Say anew what question N asks about.")
@click.option("--mermaid", is_flag=True, help="Print only the picture, as Mermaid.")
def from_text(brain: Brain, file: str, name: str | None, every: bool, said: tuple[str, ...], mermaid: bool) -> Said:
    """Read plain English as a procedure and keep it as a draft; nothing holds until a person activates it.

    Headings, lists, "if ... then ... otherwise", "before", "unless" and "go to step 3" become steps with an order and
    conditions. What was understood is shown back. What was not is a question in its place, and the draft cannot be
    activated while one is open. Answer in the text, or by --answer with the sentence said anew, with "note" where it
    only explains, or with "step" where it is a step by its own words.

    Example: brainops procedure from-text runbook.txt --name restart-api
    """
    text = read_text(file, TEXT_BYTES)
    version, drafted = brain.procedures.from_text(text, name=name, answers=_answers(said))
    if mermaid and not shared().json:
        click.echo(safe(drafted.picture()), nl=False)
    else:
        yield {
            "name": version.procedure.name,
            "number": version.number,
            "state": version.state.value,
            "hash": version.hash,
            "text": drafted.text(),
            "picture": drafted.picture(),
            "questions": list(drafted.questions),
            "notes": [{"line": note.line, "text": note.text, "why": note.why} for note in drafted.notes],
            "procedure": version.procedure,
        }
        first, *steps = drafted.text().splitlines()
        yield bold(safe(first))
        for line in steps:
            yield from wrapped(safe(line), indent="        ", first="")
        if not is_terminal():  # source is for a program that draws it
            yield ""
            yield from (safe(line) for line in drafted.picture().splitlines())
        yield ""
        told = [note for note in drafted.notes if every or not note.plain]
        for note in told:
            yield from wrapped(one_line(str(note)), indent="    ", first="  ")
        if left := len(drafted.notes) - len(told):
            what = "sentence explains" if left == 1 else "sentences explain"
            yield dim(f"  {left} {what} and became no step: --notes shows.")
        name = version.procedure.name
        yield from _questions(drafted.questions)
        if drafted.questions:
            yield f"  Answer: brainops procedure from-text {safe(file)} --answer 1='the sentence anew'"
            yield "  or --answer N=note where it only explains, N=step where it is a step by its own words."
            yield f"Kept as a draft, number {version.number}; it cannot be activated before that."
        elif version.state.value == "draft":
            yield f"Kept as a draft, number {version.number}. Once it says what you mean:"
            yield f"  brainops procedure activate {name} --number {version.number}"
        else:
            yield f"The same stands as number {version.number} already, {version.state.value}."


def _answers(said: tuple[str, ...]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for each in said:
        number, equals, text = each.partition("=")
        if not equals or not number.strip().isdecimal():
            raise InvalidInput(f"--answer takes N=TEXT, such as 1=note, not {each[:40]!r}")
        answers[str(int(number))] = text
    return answers


def _questions(questions: Sequence[Any]) -> Said:
    """Say what the author is asked, each with the words that are not clear."""
    if questions:
        yield bold(f"{counted(len(questions), 'open question')}:")
    for each in questions:
        yield from wrapped(one_line(f"{each.number}. {each}"), indent="     ", first="  ")


@command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.pass_context
def import_(context: click.Context, brain: Brain, paths: tuple[str, ...]) -> Said:
    """Keep runbooks and skills as drafts of procedures: files, or folders with all Markdown in them.

    Only a person activates what came from outside. Exits with 1 where a file was left.

    Example: brainops procedure import procedures
    """
    kept: list[dict[str, Any]] = []
    lines: list[str] = []
    left: dict[str, str] = {}
    named: dict[str, str] = {}
    for place in _documents(paths):
        try:
            version, drafted = brain.procedures.from_document(
                read_text(str(place), TEXT_BYTES), path=place.as_posix(), taken=named
            )
        except StoreError:
            raise
        except BrainOpsError as fault:
            left[str(place)] = str(fault)
            continue
        one, path = version.procedure, str(place)
        named[one.name] = place.as_posix()
        kept.append(
            {
                "path": path,
                "name": one.name,
                "number": version.number,
                "steps": len(one.steps),
                "questions": list(drafted.questions),
            }
        )
        steps = counted(len(one.steps), "step") if one.steps else "prose only"
        lines.append(f"{one.name} {version.number}  {version.state.value}, {steps}  {dim(safe(path))}")
        lines += [f"  {line}" for line in _questions(drafted.questions)]
        for note in drafted.notes:
            if not note.plain:
                lines += wrapped(one_line(str(note)), indent="      ", first="    ")
    yield {"kept": kept, "left": [{"path": path, "why": why} for path, why in left.items()]}
    yield from lines
    if any(each["questions"] for each in kept):
        yield "Where a question is open, say it clearly in the file and import it again."
    for path, why in left.items():
        yield from wrapped(one_line(f"left: {path}: {why}"), indent="    ", first="")
    yield f"{len(kept)} kept, {len(left)} left. They are drafts: brainops procedure show NAME, then activate NAME."
    if left:
        context.exit(FAILED)


def _documents(paths: tuple[str, ...]) -> list[Path]:
    """Return the files that are named, and the Markdown in the folders that are, in a fixed order."""
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = (
                each for each in path.rglob("*") if each.suffix.lower() in (".md", ".markdown") and each.is_file()
            )
            found += sorted(
                each
                for each in inside
                if each.stem.lower() not in ABOUT_THE_REPOSITORY
                and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
        elif path.is_file():
            found.append(path)
        else:
            raise InvalidInput(f"there is no file or folder {path}")
    if len(found) > FILES:
        raise InvalidInput(f"{len(found):,} files; at most {FILES:,} at once: name the folders that hold runbooks")
    return found
