"""Can somebody at a shell write procedures, see every mistake, and say which of them hold?"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from tests.cli.conftest import Say

SCREEN_LINES = 23  # the prompt stands below


@pytest.fixture
def folder(say: Say, tmp_path: Path) -> Path:
    """A folder with the procedure that `new` writes."""
    say("procedure", "new", "deploy-api", "--dir", "procedures")
    return tmp_path / "procedures"


def spoil(folder: Path, old: str, new: str) -> Path:
    place = folder / "deploy-api" / "SKILL.md"
    place.write_text(place.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return place


def test_a_new_procedure_is_right_and_its_examples_hold(say: Say, folder: Path) -> None:
    linted, tested = say("procedure", "lint", "procedures"), say("procedure", "test", "procedures")

    assert (linted.code, linted.out) == (0, "1 procedure, 0 problems.\n")
    assert tested.code == 0
    assert "1 of 1 example went as expected." in tested.out


def test_every_problem_is_told_with_line_and_way_out(say: Say, folder: Path) -> None:
    spoil(folder, "retry: 2", "retries: 2")
    spoil(folder, "id: look", "id: look\n    needs: [chek]")

    said = say("procedure", "lint", "procedures")

    assert said.code == 1
    assert "procedures/deploy-api/SKILL.md:14: steps[1].retries: is not known here (did you mean 'retry'?)" in said.out
    assert "SKILL.md:16: steps[2].needs: there is no step 'chek' (did you mean 'check'?)" in said.out


def test_problems_are_told_to_programs_too(say: Say, folder: Path) -> None:
    spoil(folder, "retry: 2", "retries: 2")

    github = say("procedure", "lint", "--format", "github").out
    junit = ElementTree.fromstring(say("procedure", "lint", "--format", "junit").out)
    [file] = say("procedure", "lint", "--format", "json").value

    assert github.startswith("::error file=procedures/deploy-api/SKILL.md,line=14::steps[1].retries")
    assert (junit.get("tests"), junit.get("failures")) == ("1", "1")
    assert [problem["line"] for problem in file["problems"]] == [14]


def test_an_example_that_goes_otherwise_fails_with_what_differs(say: Say, folder: Path, tmp_path: Path) -> None:
    spoil(folder, "order: [check, look]", "order: [look, check]")

    said = say("procedure", "test", "procedures", "--junit", "report.xml")

    report = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert said.code == 1
    assert "FAILED  deploy-api: looks once the check is through" in said.out
    assert "order: ['check', 'look'] instead of ['look', 'check']" in said.out
    assert report.get("failures") == "1"


def test_a_folder_is_applied_and_listed_and_shown(say: Say, folder: Path) -> None:
    checked = say("procedure", "apply", "procedures", "--check")
    applied, again = say("procedure", "apply", "procedures"), say("procedure", "apply", "procedures", "--check")
    listed, shown = say("procedure", "list").out, say("procedure", "show", "deploy-api").out

    assert (checked.code, applied.code, again.code) == (1, 0, 0)
    assert "unchanged" in again.out
    assert "deploy-api" in listed
    assert "active" in listed
    assert "1  check (command)" in shown
    assert len(shown.splitlines()) <= SCREEN_LINES
    assert max(map(len, shown.splitlines())) <= 80


def test_what_is_not_active_yet_says_how_it_becomes_so(say: Say, folder: Path) -> None:
    spoil(folder, "mode: advisory", "mode: strict")

    applied = say("procedure", "apply", "procedures").out
    activated = say("procedure", "activate", "deploy-api", "--reason", "looked at").out

    assert "not active: brainops procedure activate deploy-api" in applied
    assert activated == "deploy-api number 1 is active.\n"
    assert "activate number 1" in " ".join(say("procedure", "history", "deploy-api").out.split())


def test_a_picture_a_patch_and_a_skill(say: Say, folder: Path, tmp_path: Path) -> None:
    say("procedure", "apply", "procedures")
    place = spoil(folder, "two sentences", "a sentence")

    picture = say("procedure", "show", "deploy-api", "--mermaid").out
    patch = say("procedure", "diff", str(place)).out
    exported = say("procedure", "export", "skills")

    assert picture.startswith("flowchart TD\n")
    assert "+Why there is this procedure, in a sentence." in patch
    assert exported.code == 0
    assert (tmp_path / "skills" / "deploy-api" / "SKILL.md").read_text(encoding="utf-8").startswith("---\nname: deploy")


def test_the_schema_is_printed_and_is_one(say: Say) -> None:
    schema = json.loads(say("procedure", "schema").out)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert "steps" in schema["properties"]


def test_what_is_not_there_is_one_clear_line(say: Say) -> None:
    for arguments in (("show", "nope"), ("activate", "nope"), ("history", "nope"), ("lint", "nowhere")):
        said = say("procedure", *arguments)

        assert said.code == 1
        assert "nope" in said.err or "nowhere: there is no such file or folder" in said.err


def test_help_fits_a_screen(say: Say) -> None:
    for name in ("apply", "lint", "test", "show", "diff", "activate"):
        assert len(say("procedure", name, "--help").out.splitlines()) <= SCREEN_LINES


def test_a_folder_that_cannot_be_read_is_told_without_a_traceback(say: Say) -> None:
    said = say("procedure", "lint", "x" * 5_000)

    assert said.code == 1
    assert "Traceback" not in said.err


def test_a_procedure_is_named_by_its_title_in_every_command(say: Say, tmp_path: Path) -> None:
    made = say("procedure", "new", "Fix memory leak")
    applied = say("procedure", "apply", ".")
    say("procedure", "activate", "Fix memory leak", "--reason", "test")
    shown = say("procedure", "show", "Fix memory leak")
    run = say("run", "Fix memory leak", "--input", "service=api", "--dry-run")
    retired = say("procedure", "history", "FIX Memory-Leak")

    assert [each.code for each in (made, applied, shown, run, retired)] == [0, 0, 0, 0, 0], [
        each.err for each in (made, applied, shown, run, retired)
    ]
    assert shown.out.startswith("fix-memory-leak")
