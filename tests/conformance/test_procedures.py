"""Are versions of procedures kept as they are, does one of a name hold, and does git keep what is git's?"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from brainops.errors import (
    ApprovalRequired,
    BrainOpsError,
    Conflict,
    InvalidInput,
    InvalidProcedure,
    MissingExtra,
    NotFound,
)
from brainops.procedures.conditions import conditions
from brainops.types import Actor, ActorKind, Mode, Owner, Procedure, ProcedureState, Step, StepKind, Trust
from brainops.types.procedure import Action
from tests.conformance.conftest import OpenBrain

TEXT = """\
---
name: deploy-api
description: Deploy the API.
steps:
  - id: build
    run: make build
  - id: look
    if: steps.build.output.exit_code == 0
---

Deploy with care.
"""
PERSON = Actor(kind=ActorKind.PERSON, id="ada")


def written(folder: Path, text: str = TEXT, name: str = "deploy-api") -> Path:
    place = folder / "procedures" / name / "SKILL.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text.replace("deploy-api", name), encoding="utf-8")
    return folder / "procedures"


def test_saving_keeps_a_draft_and_the_same_again_is_the_same_version(open_brain: OpenBrain) -> None:
    catalog = open_brain().procedures

    first = catalog.save(TEXT, reason="why not")
    again = catalog.save(TEXT)
    changed = catalog.save(TEXT.replace("with care", "with joy"))

    assert (first.number, first.state, first.source, first.reason) == (1, ProcedureState.DRAFT, TEXT, "why not")
    assert (again.id, changed.number) == (first.id, 2)
    assert catalog.active() == []


def test_a_procedure_from_python_is_checked_through_the_same_door(open_brain: OpenBrain) -> None:
    step = Step(id="ask", action=Action(uses=StepKind.MANUAL), needs=("nobody",))
    catalog = open_brain().procedures

    with pytest.raises(InvalidProcedure, match="there is no step 'nobody'"):
        catalog.save(Procedure(name="from-python", steps=(step,)))


def test_one_version_holds_and_the_one_before_comes_back_by_its_number(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=PERSON)
    brain.procedures.save(TEXT)
    brain.procedures.activate("deploy-api", reason="first")
    brain.procedures.save(TEXT.replace("with care", "with joy"))

    second = brain.procedures.activate("deploy-api", reason="better")
    back = brain.procedures.activate("deploy-api", number=1, reason="was not")

    history = brain.procedures.history("deploy-api")
    assert (second.number, second.state, back.number) == (2, ProcedureState.ACTIVE, 1)
    assert [version.state for version in history.versions] == [ProcedureState.RETIRED, ProcedureState.ACTIVE]
    acts = [(act.act, act.detail["number"], act.detail["reason"]) for act in history.acts]
    assert [act for act in acts if act[0] == "activate_procedure"] == [
        ("activate_procedure", 1, "first"),
        ("activate_procedure", 2, "better"),
        ("activate_procedure", 1, "was not"),
    ]
    assert {act.actor.id for act in history.acts} == {"ada"}


def test_a_retired_procedure_holds_no_longer_and_is_still_there(open_brain: OpenBrain) -> None:
    catalog = open_brain().procedures
    catalog.save(TEXT)
    catalog.activate("deploy-api")

    retired = catalog.retire("deploy-api", reason="old")

    assert (retired.state, catalog.active()) == (ProcedureState.RETIRED, [])
    assert catalog.get("deploy-api").number == 1
    with pytest.raises(NotFound):
        catalog.retire("deploy-api")


def test_another_process_sees_an_activation_at_once(open_brain: OpenBrain) -> None:
    here, there = open_brain().procedures, open_brain().procedures
    here.save(TEXT)
    assert there.active() == []

    here.activate("deploy-api")

    [seen] = there.active()
    assert seen.procedure.name == "deploy-api"
    assert there.active() is there.active()


def test_the_written_namespace_comes_first_and_others_are_read(open_brain: OpenBrain) -> None:
    shared, own = open_brain(namespace="team/shared", read=[]).procedures, open_brain().procedures
    shared.save(TEXT)
    shared.activate("deploy-api")
    assert [version.namespace for version in own.active()] == ["team/shared"]

    own.save(TEXT.replace("with care", "our way"))
    own.activate("deploy-api")

    assert [version.namespace for version in own.active()] == ["team/a"]
    assert own.get("deploy-api").procedure.prose == "Deploy our way."
    with pytest.raises(NotFound):
        open_brain(namespace="team/b", read=[]).procedures.get("deploy-api")


def test_a_version_of_another_namespace_is_not_activated_from_here(open_brain: OpenBrain) -> None:
    open_brain(namespace="team/shared", read=[]).procedures.save(TEXT)

    with pytest.raises(NotFound, match="it stands in team/shared"):
        open_brain().procedures.activate("deploy-api")


@pytest.mark.parametrize("kept", ["strict", "external"])
def test_an_agent_activates_neither_strict_nor_external_procedures(open_brain: OpenBrain, kept: str) -> None:
    text = TEXT.replace("steps:", "mode: strict\nsteps:") if kept == "strict" else TEXT
    trust = Trust.EXTERNAL if kept == "external" else Trust.AGENT
    agent = open_brain(actor=Actor(kind=ActorKind.AGENT, id="robot"))
    agent.procedures.save(text, trust=trust)

    with pytest.raises(ApprovalRequired, match="a person activates it"):
        agent.procedures.activate("deploy-api")

    assert open_brain(actor=PERSON).procedures.activate("deploy-api").state is ProcedureState.ACTIVE


@pytest.mark.parametrize(
    "change",
    ["update procedure set body = '{}'", "update procedure set source = 'x'", "delete from procedure"],
)
def test_a_version_never_changes_and_is_never_deleted(
    open_brain: OpenBrain, store_url: str, dialect: str, change: str
) -> None:
    open_brain().procedures.save(TEXT)

    if dialect == "sqlite":
        with closing(sqlite3.connect(store_url)) as file, pytest.raises(sqlite3.IntegrityError, match="never"):
            file.execute(change)
        return
    with psycopg.connect(store_url) as connection:
        connection.execute("set search_path to brainops, public")
        connection.execute("set brainops.write_namespace = 'team/a'")
        connection.execute("set brainops.read_namespaces = 'team/a'")
        with pytest.raises(psycopg.errors.RaiseException, match="never"):
            connection.execute(change.encode())


def test_without_the_extra_what_needs_it_is_kept_and_not_activated(
    open_brain: OpenBrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "_cel", lambda: None)
    conditions._compiled.cache_clear()
    catalog = open_brain().procedures
    catalog.save(TEXT.replace("steps.build.output.exit_code == 0", "size([1, 2].map(n, n * 2)) == 2"))

    with pytest.raises(MissingExtra, match=r"brainops\[policy\].*cannot be activated here"):
        catalog.activate("deploy-api")

    conditions._compiled.cache_clear()
    assert catalog.active() == []


def test_what_looks_like_a_secret_is_refused_without_being_said(open_brain: OpenBrain) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = TEXT.replace("make build", f"make build --token {secret}")

    with pytest.raises(InvalidProcedure, match="looks like a secret") as refused:
        open_brain().procedures.save(text)

    assert secret not in str(refused.value)
    assert refused.value.problems[0].line == 6


def test_applying_a_folder_makes_the_store_say_what_it_says(open_brain: OpenBrain, tmp_path: Path) -> None:
    catalog, folder = open_brain().procedures, written(tmp_path)

    planned = catalog.apply(folder, dry_run=True)
    assert catalog.list() == []
    first, again = catalog.apply(folder), catalog.apply(folder)

    [version] = catalog.active()
    assert [change.action for change in (*planned.changes, *first.changes, *again.changes)] == [
        "new",
        "new",
        "unchanged",
    ]
    assert (version.owner, version.path, version.trust) == (
        Owner.GIT,
        "procedures/deploy-api/SKILL.md",
        Trust.VERIFIED,
    )
    assert (first.drift, again.drift) == (True, False)


def test_a_change_of_a_file_is_a_new_version_and_a_file_that_is_gone_shows(
    open_brain: OpenBrain, tmp_path: Path
) -> None:
    catalog, folder = open_brain().procedures, written(tmp_path)
    written(tmp_path, name="other")
    catalog.apply(folder)

    written(tmp_path, TEXT.replace("with care", "with joy"))
    (folder / "other" / "SKILL.md").unlink()
    shown, pruned = catalog.apply(folder), catalog.apply(folder, prune=True)

    assert [(change.name, change.action) for change in shown.changes] == [
        ("deploy-api", "changed"),
        ("other", "missing"),
    ]
    assert [change.action for change in pruned.changes] == ["unchanged", "retired"]
    assert [version.number for version in catalog.active()] == [2]


def test_one_wrong_file_keeps_the_whole_folder_out(open_brain: OpenBrain, tmp_path: Path) -> None:
    catalog, folder = open_brain().procedures, written(tmp_path)
    written(tmp_path, TEXT.replace("id: look", "id: build"), name="broken")

    with pytest.raises(InvalidProcedure, match="is the id of step 1 too"):
        catalog.apply(folder)

    assert catalog.list() == []


def test_strict_procedures_wait_for_an_explicit_word(open_brain: OpenBrain, tmp_path: Path) -> None:
    folder = written(tmp_path, TEXT.replace("steps:", "mode: strict\nsteps:"))
    catalog = open_brain(actor=PERSON).procedures

    applied = catalog.apply(folder)
    assert (applied.changes[0].state, catalog.active()) == (ProcedureState.DRAFT, [])
    assert "brainops procedure activate" in applied.changes[0].note
    activated = catalog.activate("deploy-api")

    assert (activated.state, activated.procedure.mode) == (ProcedureState.ACTIVE, Mode.STRICT)
    assert catalog.apply(folder).drift is False


def test_what_git_owns_changes_only_by_its_files(open_brain: OpenBrain, tmp_path: Path) -> None:
    catalog, folder = open_brain().procedures, written(tmp_path)
    catalog.apply(folder)
    proposal = TEXT.replace("with care", "with joy")

    with pytest.raises(Conflict, match="belongs to git"):
        catalog.save(proposal)
    with pytest.raises(Conflict, match="belongs to git"):
        catalog.retire("deploy-api")

    patch = catalog.diff("deploy-api", proposal=proposal)
    assert "--- a/procedures/deploy-api/SKILL.md" in patch
    assert "+Deploy with joy." in patch


def test_an_older_version_of_gits_does_not_come_back_behind_its_back(open_brain: OpenBrain, tmp_path: Path) -> None:
    catalog = open_brain().procedures
    catalog.apply(written(tmp_path))
    catalog.apply(written(tmp_path, TEXT.replace("with care", "with joy")))

    with pytest.raises(Conflict, match="number 2 is the newest"):
        catalog.activate("deploy-api", number=1)


def test_what_the_store_owns_is_taken_over_only_when_it_is_said(open_brain: OpenBrain, tmp_path: Path) -> None:
    catalog = open_brain().procedures
    catalog.save(TEXT.replace("with care", "by hand"))
    catalog.activate("deploy-api")
    folder = written(tmp_path)

    refused = catalog.apply(folder)
    assert catalog.get("deploy-api").procedure.prose == "Deploy by hand."
    adopted = catalog.apply(folder, adopt=True)

    assert (refused.changes[0].action, adopted.changes[0].action) == ("refused", "changed")
    assert (catalog.get("deploy-api").owner, catalog.get("deploy-api").number) == (Owner.GIT, 2)


def test_a_condition_that_has_no_meaning_is_not_kept(open_brain: OpenBrain) -> None:
    with pytest.raises(InvalidProcedure, match="true or false is wanted"):
        open_brain().procedures.save(TEXT.replace("== 0", "+ 1"))


def test_there_is_a_way_to_what_was_meant(open_brain: OpenBrain) -> None:
    catalog = open_brain().procedures
    catalog.save(TEXT)

    with pytest.raises(NotFound, match="did you mean 'deploy-api'"):
        catalog.get("deploy-apo")
    with pytest.raises(NotFound):
        catalog.by_id("nothing")
    with pytest.raises(BrainOpsError):
        catalog.get("deploy-api", number=7)


def test_a_list_is_asked_for_by_the_states_name(open_brain: OpenBrain) -> None:
    brain = open_brain()
    kept = brain.procedures.save(TEXT)

    assert [each.id for each in brain.procedures.list(state="draft")] == [kept.id]
    with pytest.raises(InvalidInput, match="draft, active, retired"):
        brain.procedures.list(state="archived")


def test_a_title_is_a_title_and_finds_its_procedure_wherever_one_is_named(open_brain: OpenBrain) -> None:
    brain = open_brain()
    made = brain.establish({"name": "Fix memory leak", "steps": [{"name": "Look", "run": ["true"]}]})
    again = brain.procedures.save({"name": "fix-memory-leak", "steps": [{"name": "Look", "run": ["true"]}]})
    run = brain.runs.start("Fix Memory Leak")

    assert (made.procedure.name, made.procedure.description) == ("fix-memory-leak", "Fix memory leak")
    assert again.number == 2
    assert brain.procedures.get("Fix memory leak").id == made.id
    assert brain.procedures.history("Fix memory leak").versions
    assert [each.id for each in brain.runs.list(procedure="Fix memory leak")] == [run.id]
    assert brain.learn("Fix memory leak").id
    assert brain.procedures.retire("Fix memory leak").state is ProcedureState.RETIRED


@pytest.mark.parametrize("title", ["?!", "磁盘已满", "x" * 65, " "])
def test_a_title_that_makes_no_name_is_refused_with_an_example(open_brain: OpenBrain, title: str) -> None:
    with pytest.raises(InvalidProcedure, match="deploy-api"):
        open_brain().establish({"name": title, "steps": [{"run": ["true"]}]})


def test_a_runbook_with_a_secret_is_kept_with_a_placeholder_that_is_asked_for(open_brain: OpenBrain) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    brain = open_brain(actor=PERSON)
    text = f"# Bot alarm\n\n## Mitigation\n\n1. Look at it.\n2. Run `export GITHUB_TOKEN={secret}` once.\n"

    version, drafted = brain.procedures.from_document(text, path="runbooks/bot.md")

    assert secret not in repr(version) + repr(drafted)
    assert [note.line for note in drafted.notes if "looks like a secret" in note.why] == [6]
    with pytest.raises(InvalidProcedure, match="placeholder where a secret was"):
        brain.procedures.activate(version.procedure.name)


def test_an_example_with_a_secret_outside_of_the_steps_holds_nothing_up(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=PERSON)
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = f"---\nname: bot\ndescription: Helps the bot.\n---\n\nThe log says `token={secret}`.\n"

    version, _ = brain.procedures.from_document(text, path="skills/bot/SKILL.md")

    assert secret not in version.source
    assert brain.procedures.activate(version.procedure.name).state is ProcedureState.ACTIVE


def test_a_procedures_own_file_with_a_secret_is_refused_by_the_lines_of_that_file(open_brain: OpenBrain) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = TEXT.replace("make build", f"make build --token {secret}")
    line = next(number for number, each in enumerate(text.split("\n"), 1) if secret in each)

    with pytest.raises(InvalidProcedure, match=f"SKILL.md:{line}: this looks like a secret"):
        open_brain().procedures.from_document(text, path="build/SKILL.md")
