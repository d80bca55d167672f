"""What may an author of procedures ask without a store: is one right, how does it look, do its examples hold?"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from msgspec import Struct

from brainops.errors import InvalidInput, Problem
from brainops.pictures import flow
from brainops.pictures.svg import Picture
from brainops.procedures.definition import graph, render
from brainops.procedures.definition.files import ProcedureFile, procedures_in
from brainops.procedures.definition.findings import invalid
from brainops.procedures.definition.keywords import MAX_SLUG_CHARACTERS, NAME, name_of
from brainops.procedures.definition.rehearse import rehearse
from brainops.store.files import ORDINARY, new_file, refuse_replacing
from brainops.types import ExampleResult, Procedure, Run, StepKind

SKILL_FILE = "SKILL.md"

SKELETON = """\
---
# yaml-language-server: $schema=../procedure.schema.json
name: {name}
description: What it does, and when to use it.
mode: advisory            # or required, strict
on:
  operations: [{name}]    # globs; also targets, events, fingerprints, intents, when
inputs:
  service: {{type: string, required: true}}
steps:
  - id: check
    run: [echo, "${{{{ inputs.service }}}}"]
    timeout-minutes: 5
    retry: 2
  - id: look
    name: Look at the result
    if: steps.check.output.exit_code == 0
tests:
  - name: looks once the check is through
    inputs: {{service: api}}
    steps: {{check: {{output: {{exit_code: 0}}}}}}
    expect: {{state: succeeded, order: [check, look]}}
---

Why there is this procedure, in two sentences.

## look

What whoever does this step has to look at.
"""


class Linted(Struct, frozen=True, kw_only=True):
    """One file: its procedure, where nothing is wrong, and every problem."""

    path: str
    procedure: Procedure | None
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        """Whether anything is wrong, not only doubtful."""
        return any(problem.severity == "error" for problem in self.problems)


def lint(paths: Iterable[str | os.PathLike[str]]) -> list[Linted]:
    """Look at the procedures in these files and folders; raise InvalidInput where one is not there."""
    found: dict[str, ProcedureFile] = {}
    for path in paths:
        found.update((file.place, file) for file in procedures_in(path))
    names: dict[str, str] = {}
    return [_linted(file, names) for file in found.values()]


def _linted(file: ProcedureFile, names: dict[str, str]) -> Linted:
    problems = list(file.problems)
    if file.procedure is not None:
        name, folder = file.procedure.name, Path(file.place).absolute().parent.name
        if name in names:
            message = f"the name {name!r} is that of {names[name]} too"
            problems.append(Problem(path=file.place, line=1, message=message, way_out="give one another name"))
        names.setdefault(name, file.place)
        if Path(file.place).name == SKILL_FILE and folder != name:
            message = f"a skill's folder has its name, and this one is called {folder!r}"
            way_out = f"rename it to {name}"
            problems.append(Problem(path=file.place, line=1, message=message, way_out=way_out, severity="warning"))
    return Linted(path=file.place, procedure=file.procedure, problems=tuple(problems))


def read_file(path: str | os.PathLike[str]) -> Procedure:
    """Return the procedure of one file; raise InvalidProcedure with every problem, InvalidInput."""
    [file] = procedures_in(path) if Path(path).is_file() else [None]
    if file is None:
        raise InvalidInput(f"{os.fspath(path)}: there is no such file")
    if file.procedure is None:
        raise invalid(file.problems)
    return file.procedure


def rehearsed(procedure: Procedure) -> list[ExampleResult]:
    """Run the examples that a procedure declares, with steps that only answer."""
    return [rehearse(procedure, example) for example in procedure.tests]


def outline(procedure: Procedure) -> tuple[str, ...]:
    """Return the steps as lines of text, level by level."""
    return graph.outline(procedure)


def mermaid(procedure: Procedure) -> str:
    """Return the steps as a Mermaid flow chart."""
    return graph.mermaid(procedure)


def picture(procedure: Procedure, runs: Sequence[Run] = ()) -> Picture:
    """Return the steps as a picture, SVG, with how each went in these runs."""
    return flow.graph(procedure.name, graph.levels(procedure.steps), flow.tallies(runs), len(runs))


def gantt(run: Run, now: int) -> str:
    """Return the steps of a run as a Mermaid chart to scale; what is under way goes on to `now`."""
    return graph.gantt(run, now)


def native(procedure: Procedure) -> str:
    """Return the native file of a procedure."""
    return render.render(procedure)


def schema() -> str:
    """Return the JSON Schema of a procedure's front matter, which editors use; it knows every kind of step."""
    found = json.loads(files("brainops.procedures.definition").joinpath("procedure.schema.json").read_bytes())
    found["$defs"]["kind"] = {"enum": list(StepKind), **found["$defs"]["kind"]}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def skeleton(name: str) -> str:
    """Return a first procedure of this name, ready to be changed; raise InvalidInput where it is no name."""
    name = name_of(name)
    if not NAME.fullmatch(name) or len(name) > MAX_SLUG_CHARACTERS:
        raise InvalidInput(
            f"{name[:80]!r} is no name: lower-case letters, digits and single hyphens, at most {MAX_SLUG_CHARACTERS}, "
            "for example deploy-api"
        )
    return SKELETON.format(name=name)


def export_skills(procedures: Iterable[Procedure], folder: str | os.PathLike[str], *, force: bool = False) -> list[str]:
    """Write each procedure as a skill, FOLDER/NAME/SKILL.md; return the paths that were written or changed.

    Raises Conflict, before anything is written, where another text stands in one and `force` is not set.
    """
    skills = {Path(folder, procedure.name, SKILL_FILE): render.skill(procedure) for procedure in procedures}
    changed = {place: text for place, text in skills.items() if not _says(place, text)}
    for place in changed:
        refuse_replacing(place.absolute(), force=force)
    for place, text in changed.items():
        write_text(place, text, force=force)
    return [str(place) for place in changed]


def write_text(path: str | os.PathLike[str], text: str, *, force: bool = False) -> None:
    """Write a text file whole, making its folder; raise Conflict where one is there and `force` is not set."""
    place = Path(path)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{place} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    with new_file(place, force=force, mode=ORDINARY) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def start(name: str, folder: str | os.PathLike[str]) -> Path:
    """Write a first procedure, FOLDER/NAME/SKILL.md, and the schema that editors use beside it; return its path."""
    place, beside = Path(folder, name_of(name), SKILL_FILE), Path(folder, "procedure.schema.json")
    write_text(place, skeleton(name))
    if not os.path.lexists(beside):
        write_text(beside, schema())
    return place


def _says(place: Path, text: str) -> bool:
    try:
        return place.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False
