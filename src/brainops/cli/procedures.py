"""How are procedures written, checked, kept and made to hold? The command procedure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brainops.cli.commands import group
from brainops.cli.draft import from_text, import_
from brainops.cli.options import FORCE, REASON, shared
from brainops.cli.procedure_reports import REPORTS, examples_junit, lint_lines
from brainops.cli.screen import age, bold, cut, dim, one_line, padded, safe, who, width, wrapped
from brainops.cli.shared import Said, opened, print_json, read_text
from brainops.cli.terminal import proven
from brainops.errors import InvalidInput
from brainops.types import Applied, ExampleResult, Procedure, ProcedureState, ProcedureVersion, Run
from brainops.types.counted import counted

if TYPE_CHECKING:
    from brainops.brain import Brain

FAILED = 1
FIX_TAG = "fix"  # of procedures that belong to a fix; `brainops fix` shows those
NAME_COLUMNS = 28
PICTURED_RUNS = 50  # by which a picture says how steps go
SHOWN_PROSE_LINES = 6  # of `show`; --source shows all


@group("procedure")
def procedure() -> None:
    """Write procedures, check them, keep their versions, and let one of them hold.

    \b
    brainops procedure new deploy-api       a first file, to be changed
    brainops procedure lint procedures/     every problem, with file and line
    brainops procedure test procedures/     the examples that they declare
    brainops procedure apply procedures/    make the store say what the files say
    brainops procedure list                 what is kept, and what holds
    """


procedure.add_command(from_text)
procedure.add_command(import_)


@procedure.command("new")
@click.argument("name")
@click.option("--dir", "folder", metavar="DIR", default=".", help="Where the folder NAME is made; here by default.")
def new(name: str, folder: str) -> Said:
    """Write a first procedure, NAME/SKILL.md, and the schema that editors use.

    Example: brainops procedure new clean-up
    """
    from brainops import authoring

    place = authoring.start(name, folder)
    yield {"path": str(place)}
    yield f"Written: {safe(str(place))}"
    yield dim(f"  brainops procedure lint {place}")


@procedure.command("lint")
@click.argument("paths", nargs=-1)
@click.option(
    "--format", "form", type=click.Choice(["text", *REPORTS]), default="text", show_default=True, help="How to tell."
)
@click.option("--strict", is_flag=True, help="Doubtful is wrong, too.")
@click.pass_context
def lint(context: click.Context, paths: tuple[str, ...], form: str, strict: bool) -> None:
    """Tell every problem of the procedures in files and folders (here by default); needs no store.

    Exits with 1 where anything is wrong.

    Example: brainops procedure lint procedures --strict
    """
    from brainops import authoring

    files = authoring.lint(paths or ["."])
    if shared().json or form == "json":
        print_json(
            [
                {"path": file.path, "name": file.procedure and file.procedure.name, "problems": file.problems}
                for file in files
            ]
        )
    else:
        click.echo("\n".join(lint_lines(files) if form == "text" else REPORTS[form](files)))
    if any(file.failed or (strict and file.problems) for file in files):
        context.exit(FAILED)


@procedure.command("test")
@click.argument("what", nargs=-1)
@click.option("--junit", metavar="PATH", help="Write a JUnit report there.")
@FORCE
@click.pass_context
def test(context: click.Context, what: tuple[str, ...], junit: str | None, force: bool) -> Said:
    """Run the examples that procedures declare: files, folders, or names of stored ones (here by default).

    Every step only answers what the example says, so nothing is done. Exits with 1 where one goes otherwise.

    Example: brainops procedure test procedures --junit report.xml
    """
    from brainops import authoring

    found: list[tuple[str, Procedure]] = []
    for each in what or (".",):
        found.extend(_procedures(each))
    results = [(path, one, authoring.rehearsed(one)) for path, one in found]
    if junit is not None:
        report = examples_junit([(path, one.name, done) for path, one, done in results])
        authoring.write_text(junit, report, force=force)
    value = [{"path": path, "name": one.name, "tests": done} for path, one, done in results]
    yield value
    yield from _told_tests([(one, done) for _, one, done in results])
    if not all(result.passed for _, _, done in results for result in done):
        context.exit(FAILED)


def _procedures(what: str) -> list[tuple[str, Procedure]]:
    from brainops import authoring

    if not Path(what).exists():
        with opened(model="none") as brain:
            return [(what, brain.procedures.get(what).procedure)]
    files = authoring.lint([what])
    broken = [file for file in files if file.procedure is None]
    if broken:
        raise InvalidInput("\n".join(lint_lines(broken)))
    return [(file.path, file.procedure) for file in files if file.procedure is not None]


def _told_tests(results: list[tuple[Procedure, list[ExampleResult]]]) -> Iterator[str]:
    every = [result for _, done in results for result in done]
    for one, done in results:
        for result in done:
            yield f"{'ok    ' if result.passed else 'FAILED'}  {one.name}: {one_line(result.name)}"
            for difference in result.differences:
                yield from wrapped(one_line(difference), indent="          ")
    without = sorted(one.name for one, done in results if not done)
    if without:
        yield from wrapped(f"Without examples: {', '.join(without)}", indent="  ", first="")
    failed = sum(not result.passed for result in every)
    yield f"{len(every) - failed} of {counted(len(every), 'example')} went as expected."


@procedure.command("apply")
@click.argument("folder")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--check", is_flag=True, help="As --dry-run, and exit with 1 where files and store differ.")
@click.option("--draft", is_flag=True, help="Keep new versions as drafts; activate none.")
@click.option("--strict", is_flag=True, help="Activate strict procedures, too.")
@click.option("--adopt", is_flag=True, help="Take over procedures that belong to the store.")
@click.option("--prune", is_flag=True, help="Retire what came from this folder and is in no file any more.")
@REASON
@click.pass_context
def apply(
    context: click.Context,
    brain: Brain,
    folder: str,
    dry_run: bool,
    check: bool,
    draft: bool,
    strict: bool,
    adopt: bool,
    prune: bool,
    reason: str,
) -> Said:
    """Make the store say what the files of a folder say; again, it changes nothing.

    They belong to git from then on: they change in their files only.

    Example: brainops procedure apply procedures --dry-run
    """
    applied = proven(
        brain,
        "PROCEDURE_APPLY",
        brain.procedures.apply,
        folder,
        dry_run=dry_run or check,
        activate=not draft,
        strict=strict,
        adopt=adopt,
        prune=prune,
        reason=reason,
    )
    yield applied
    yield from _told_applied(applied)
    if (check and applied.drift) or any(change.action == "refused" for change in applied.changes):
        context.exit(FAILED)


def _told_applied(applied: Applied) -> Iterator[str]:
    if not applied.changes:
        yield "No procedure there, and none came from there."
        return
    for change in applied.changes:
        number = f" {change.number}" if change.number else ""
        start = f"{change.action:<10} {padded(change.name, NAME_COLUMNS)} {change.state.value}{number}"
        yield start
        if change.note:
            yield from wrapped(change.note, indent="           ")
    changed = sum(change.action in ("new", "changed", "retired") for change in applied.changes)
    said = "would change" if applied.dry_run else "changed"
    yield f"{changed} of {len(applied.changes)} {said}."


@procedure.command("list")
@click.option("--state", type=click.Choice([each.value for each in ProcedureState]), help="Only those.")
def list_(brain: Brain, state: str | None) -> Said:
    """List the procedures: the version of each that holds, and newer drafts.

    Example: brainops procedure list --state active
    """
    found = [
        one
        for one in brain.procedures.list(state=None if state is None else ProcedureState(state))
        if FIX_TAG not in one.procedure.tags
    ]
    yield [_short(version) for version in found]
    yield from _listed(found)


def _short(version: ProcedureVersion) -> dict[str, object]:
    one = version.procedure
    return {
        "name": one.name,
        "number": version.number,
        "state": version.state.value,
        "mode": one.mode.value,
        "owner": version.owner.value,
        "namespace": version.namespace,
        "hash": version.hash,
        "description": one.description,
        "id": version.id,
    }


def _listed(found: list[ProcedureVersion]) -> Iterator[str]:
    if not found:
        yield "No procedures yet: brainops procedure new NAME, then brainops procedure apply FOLDER"
        return
    for version in found:
        one = version.procedure
        when = age(version.activated_at or version.created_at)
        start = (
            f"{padded(one.name, NAME_COLUMNS)} {version.number:>3}  {version.state.value:<7}  {one.mode.value:<8}  "
            f"{version.owner.value:<5} {when:>6}  "
        )
        yield start.rstrip() if width() < 90 else start + cut(one_line(one.description), max(10, width() - len(start)))


@procedure.command("show")
@click.argument("what", metavar="NAME|FILE")
@click.option("--number", type=int, metavar="N", help="This version; else the active one, else the newest.")
@click.option("--mermaid", is_flag=True, help="Only the picture, as Mermaid.")
@click.option("--svg", is_flag=True, help="Only the picture, as SVG, with how its steps went in its last runs.")
@click.option("--source", is_flag=True, help="Only the text, as it was written.")
def show_one(what: str, number: int | None, mermaid: bool, svg: bool, source: bool) -> Said:
    """Show a procedure: when it applies, its steps in order, and what it says.

    Example: brainops procedure show deploy-safely
    """
    from brainops import authoring
    from brainops.pictures.svg import standalone

    version: ProcedureVersion | None = None
    runs: Sequence[Run] = ()
    if _is_file(what):
        one = authoring.read_file(what)
        text = authoring.native(one)
    else:
        with opened(model="none") as brain:
            version = brain.procedures.get(what, number=number)
            if svg:
                ran = brain.runs.list(procedure=version.procedure.name, limit=PICTURED_RUNS)
                runs = [brain.runs.get(each.id) for each in ran if each.procedure_hash == version.hash]
        one, text = version.procedure, version.source
    if svg:
        click.echo(standalone(authoring.picture(one, runs)), nl=False)
    elif mermaid:
        click.echo(safe(authoring.mermaid(one)), nl=False)
    elif source:
        click.echo(safe(text), nl=False)
    else:
        yield version or one
        yield from _shown(one, version, authoring.outline(one))


def _is_file(what: str) -> bool:
    return Path(what).is_file() or "/" in what or what.endswith((".md", ".yaml", ".yml", ".json"))


def _shown(one: Procedure, version: ProcedureVersion | None, steps: tuple[str, ...]) -> Iterator[str]:
    yield bold(one.name) + f"  {one.mode.value}"
    if version is not None:
        by = version.activated_by
        holds = f", activated by {who(by)}" if by is not None else ""
        yield from wrapped(
            f"number {version.number}, {version.state.value}, {version.owner.value}, {version.namespace}, "
            f"{version.hash[:12]}{holds}",
            indent="  ",
        )
    yield from wrapped(one.description, indent="  ")
    for trigger in one.triggers:
        lists = {name: getattr(trigger, name) for name in ("operations", "targets", "events", "fingerprints")}
        said = [f"{name} {', '.join(values)}" for name, values in lists.items() if values]
        said += [f"{len(trigger.intents)} phrases"] if trigger.intents else []
        said += [f"when {trigger.when}"] if trigger.when else []
        yield from wrapped("on: " + one_line("; ".join(said)), indent="    ", first="  ")
    properties = one.inputs.get("properties")
    if isinstance(properties, dict) and properties:
        required = one.inputs.get("required")
        names = [f"{name}*" if isinstance(required, list) and name in required else name for name in properties]
        yield from wrapped("inputs: " + one_line(", ".join(names)), indent="    ", first="  ")
    yield ""
    for line in steps:
        yield from wrapped(line, indent="        ", first="")
    prose = [line for line in one.prose.split("\n") if line.strip()]
    if prose:
        yield ""
        yield from (cut(f"  {one_line(line)}", width()) for line in prose[:SHOWN_PROSE_LINES])
        if len(prose) > SHOWN_PROSE_LINES:
            yield dim(f"  … {len(prose) - SHOWN_PROSE_LINES} more lines: --source")


@procedure.command("diff")
@click.argument("what", metavar="NAME|FILE")
@click.option("--from", "old", type=int, metavar="N", help="The older version; the active one by default.")
@click.option("--to", "new_number", type=int, metavar="N", help="The newer version; the newest by default.")
@click.option("--proposal", metavar="FILE", help="Compare with this file: a patch where git owns the procedure.")
def diff(brain: Brain, what: str, old: int | None, new_number: int | None, proposal: str | None) -> Said:
    """Show how versions differ, or a file and what holds, as a patch.

    Example: brainops procedure diff deploy-safely --from 1 --to 2
    """
    from brainops import authoring

    if proposal is None and _is_file(what):
        proposal, what = what, authoring.read_file(what).name
    text = None if proposal is None else read_text(proposal)
    patch = brain.procedures.diff(what, old=old, new=new_number, proposal=text)
    yield {"name": what, "patch": patch}
    yield safe(patch.rstrip("\n")) or "No difference."


@procedure.command("activate")
@click.argument("name")
@click.option("--number", type=int, metavar="N", help="This version; the newest by default.")
@REASON
def activate(brain: Brain, name: str, number: int | None, reason: str) -> Said:
    """Let a version hold; the one before it is retired, and comes back by its --number.

    Example: brainops procedure activate deploy-safely --number 1
    """
    version = proven(brain, "PROCEDURE_ACTIVATE", brain.procedures.activate, name, number=number, reason=reason)
    yield version
    yield f"{version.procedure.name} number {version.number} is active."


@procedure.command("retire")
@click.argument("name")
@REASON
def retire(brain: Brain, name: str, reason: str) -> Said:
    """Let a procedure hold no longer; `activate` brings it back.

    Example: brainops procedure retire deploy-safely --reason "the api is gone"
    """
    version = proven(brain, "PROCEDURE_RETIRE", brain.procedures.retire, name, reason=reason)
    yield version
    yield f"{version.procedure.name} number {version.number} is retired."


@procedure.command("history")
@click.argument("name")
def history(brain: Brain, name: str) -> Said:
    """Show every version of a procedure, and who did what to it, when and why.

    Example: brainops procedure history deploy-safely
    """
    found = brain.procedures.history(name)
    yield found
    for version in found.versions:
        yield f"{version.number:>3}  {version.state.value:<7}  {version.hash[:12]}  {age(version.created_at):>6}"
    yield ""
    for act in found.acts:
        number = act.detail.get("number")
        start = f"{age(act.at):>6}  {act.act.removesuffix('_procedure'):<8} number {number} by {act.actor.id}"
        reason = act.detail.get("reason")
        yield from wrapped(one_line(f"{start}: {reason}" if reason else start), indent="          ", first="")


@procedure.command("export")
@click.argument("folder", metavar="DIR")
@FORCE
def export(brain: Brain, folder: str, force: bool) -> Said:
    """Write the active procedures as skills, DIR/NAME/SKILL.md, for coding agents and for people.

    Example: brainops procedure export skills
    """
    from brainops import authoring

    active = [one.procedure for one in brain.procedures.active() if FIX_TAG not in one.procedure.tags]
    written = authoring.export_skills(active, folder, force=force)
    yield {"written": written, "active": len(active)}
    many = f"{len(written)} of {len(active)} written; the others were there already."
    yield many if active else "Nothing is active."
    yield from (f"  {safe(path)}" for path in written)


@procedure.command("schema")
def schema() -> None:
    """Print the JSON Schema of a procedure's front matter, for editors.

    Example: brainops procedure schema
    """
    from brainops import authoring

    click.echo(authoring.schema(), nl=False)


@procedure.command("founding")
def founding() -> Said:
    """Let the six founding procedures hold; those that you replaced by your own are left alone.

    They hold in every folder: without a namespace that is named, they belong to `personal`, which all others read.

    Example: brainops procedure founding
    """
    from brainops.founding.establish import establish

    with opened(model="none", everywhere=True) as brain:
        versions = establish(brain.procedures)
        lines = [f"{one.procedure.name:<{NAME_COLUMNS}} {one.procedure.mode:<9} {one.state}" for one in versions]
        yield versions
        yield from lines
        yield dim(f"They hold in {brain.settings.namespace} and in all that read it.")
