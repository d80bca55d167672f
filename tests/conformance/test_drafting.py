"""Is what a text became kept as a draft that only a person activates, and does it run as it was understood?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from brainops.errors import ApprovalRequired, Conflict, InvalidInput, InvalidProcedure
from brainops.types import Actor, ActorKind, ProcedureState, RunState, Trust
from tests.conformance.conftest import OpenBrain

TEXT = """\
# Restart billing

1. Drain the node.
2. Check if the queue is empty. If not, wait five minutes.
3. Restart the service.
"""


def test_a_text_is_kept_as_a_draft_and_shown_back(open_brain: OpenBrain) -> None:
    brain = open_brain()

    version, drafted = brain.procedures.from_text(TEXT)

    assert (version.state, version.trust) == (ProcedureState.DRAFT, Trust.EXTERNAL)
    assert brain.procedures.get("restart-billing").procedure == drafted.procedure
    assert brain.procedures.active() == []
    assert "Restart the service" in drafted.text()


def test_the_same_text_again_is_the_same_version(open_brain: OpenBrain) -> None:
    brain = open_brain()
    first, _ = brain.procedures.from_text(TEXT)

    again, _ = brain.procedures.from_text(TEXT)

    assert again.id == first.id


def test_an_agent_cannot_activate_what_a_text_became(open_brain: OpenBrain) -> None:
    brain = open_brain(actor=Actor(kind=ActorKind.AGENT, id="coder"))
    brain.procedures.from_text(TEXT)

    with pytest.raises(ApprovalRequired, match="a person activates it"):
        brain.procedures.activate("restart-billing")


@pytest.mark.parametrize(("answer", "waited"), [("yes", False), ("no", True)])
def test_a_run_goes_the_way_that_its_questions_are_answered(open_brain: OpenBrain, answer: str, waited: bool) -> None:
    brain = open_brain()
    brain.procedures.from_text(TEXT)
    brain.procedures.activate("restart-billing")
    run = brain.runs.start("restart-billing")
    done = []
    while run.state is RunState.WAITING:
        step = brain.runs.current(run.id)
        done.append(step.name)
        run = brain.runs.complete(run.id, step.step_id, output={"answer": answer} if step.name.endswith("?") else None)

    assert run.state is RunState.SUCCEEDED
    assert ("Wait five minutes" in done) is waited
    assert done[-1] == "Restart the service"


def test_a_draft_of_a_language_model_goes_through_the_same_door(open_brain: OpenBrain) -> None:
    brain = open_brain()
    steps = [
        {"id": "drain", "name": "Drain the node"},
        {"id": "look", "name": "Is the queue empty?", "needs": ["drain"]},
        {"id": "pause", "name": "Wait five minutes", "needs": ["look"], "if": 'steps.look.output.answer == "no"'},
        {"id": "go", "name": "Restart the service", "needs": ["look", "pause"]},
    ]

    version, drafted = brain.procedures.from_text(TEXT, name="pause", model=lambda prompt: json.dumps({"steps": steps}))
    _, dropped = brain.procedures.from_text(TEXT, model=lambda prompt: json.dumps({"steps": steps[:1]}))

    assert drafted.by == "model"
    assert [step.id for step in brain.procedures.by_id(version.id).procedure.steps] == ["drain", "look", "pause", "go"]
    assert dropped.by == "rules"


UNCLEAR = "1. Approve the request.\n2. The exception is production access.\n"


def test_a_draft_with_an_open_question_is_not_activated_before_it_is_answered(open_brain: OpenBrain) -> None:
    brain = open_brain()
    version, drafted = brain.procedures.from_text(UNCLEAR, name="access")

    with pytest.raises(InvalidProcedure, match="The exception is production access"):
        brain.procedures.activate("access")
    answered, clear = brain.procedures.from_text(
        UNCLEAR, name="access", answers={"1": "If it is about production, ask the security team."}
    )

    assert [question.text for question in drafted.questions] == ["The exception is production access."]
    assert clear.questions == ()
    assert brain.procedures.activate("access", number=answered.number).state is ProcedureState.ACTIVE
    assert brain.procedures.by_id(version.id).state is ProcedureState.DRAFT


def test_a_file_with_an_open_question_is_not_applied(open_brain: OpenBrain, tmp_path: Path) -> None:
    brain = open_brain()
    version, _ = brain.procedures.from_text(UNCLEAR, name="access")
    (tmp_path / "access.md").write_text(version.source, encoding="utf-8")

    with pytest.raises(InvalidProcedure, match="open question"):
        brain.procedures.apply(tmp_path, adopt=True)


@pytest.mark.parametrize("answers", [{"2": "note"}, {"1": ""}, {"1": 3}, ["note"]])
def test_an_answer_that_fits_no_question_is_refused(open_brain: OpenBrain, answers: object) -> None:
    brain = open_brain()

    with pytest.raises(InvalidInput):
        brain.procedures.from_text(UNCLEAR, name="access", answers=cast("Mapping[str, str]", answers))
    assert brain.procedures.list() == []


def test_a_document_from_outside_is_kept_as_a_draft(open_brain: OpenBrain) -> None:
    brain = open_brain()

    version, _ = brain.procedures.from_document("# DiskFull\n\n## Mitigation\n\n- Delete logs.\n", path="DiskFull.md")

    assert (version.state, version.trust) == (ProcedureState.DRAFT, Trust.EXTERNAL)
    assert version.procedure.triggers[0].events[0] == "DiskFull"


def test_two_documents_of_one_import_never_share_a_name(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(Conflict, match="already"):
        brain.procedures.from_document(
            "# DiskFull\n\nAct.\n", path="b/DiskFull.md", taken={"disk-full": "a/DiskFull.md"}
        )


def test_a_text_with_a_secret_is_refused(open_brain: OpenBrain) -> None:
    brain = open_brain()

    with pytest.raises(InvalidInput):
        brain.procedures.from_text(
            "1. Set the variable: export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCY12345678KEY1"
        )
    assert brain.procedures.list() == []
