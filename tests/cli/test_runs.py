"""Can somebody at a shell start a run, follow it, answer it and steer it?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from brainops.brain import Brain
from brainops.procedures.fixes.record import application_of
from brainops.store import acts
from brainops.types import JSON, Action, Actor, ActorKind, ApplicationState, Procedure, Step, StepKind
from tests.cli.conftest import Say, program
from tests.inside import inside


def step(id: str, kind: StepKind, *needs: str, text: str = "", **parameters: object) -> Step:
    return Step(id=id, needs=needs, text=text, action=Action(uses=kind, parameters=parameters))  # type: ignore[arg-type]


@pytest.fixture
def drain(store: Path) -> str:
    """A procedure with something to capture, a step by hand and an outcome."""
    steps = (
        step("note", StepKind.CAPTURE, title="Draining ${{ inputs.node }}"),
        step("hand", StepKind.MANUAL, "note", text="Drain ${{ inputs.node }} by hand."),
        step("after", StepKind.CAPTURE, "hand", title="Drained ${{ inputs.node }}"),
    )
    inputs: dict[str, JSON] = {"type": "object", "properties": {"node": {"type": "string"}}, "required": ["node"]}
    with Brain.open(background=False) as brain:
        brain.procedures.save(Procedure(name="drain", description="It drains a node.", inputs=inputs, steps=steps))
        brain.procedures.activate("drain")
    return "drain"


def test_a_run_says_the_one_command_that_brings_it_on(say: Say, drain: str) -> None:
    said = say("run", drain, "--input", "node=n7")
    run_id = say("runs", "--json").value[0]["id"]
    at_hand = say("runs", "current", run_id)
    done = say("runs", "complete", run_id, "hand", "--evidence", "no pods left")

    assert said.code == 0
    assert "succeeded    note" in said.out
    assert f"Next: brainops runs complete {run_id[-6:]} hand" in said.out
    assert "Drain n7 by hand." in said.out
    assert at_hand.out in said.out
    assert "after" not in at_hand.out
    assert "succeeded  drain" in done.out
    assert "Drained n7" in say("search", "drained").out


def test_a_question_says_how_it_is_answered(say: Say) -> None:
    say("procedure", "from-text", "-", "--name", "restart", given="1. If the queue is empty, restart it.\n2. Say so.")
    say("procedure", "activate", "restart")

    asked = say("run", "restart").out
    lines = asked.splitlines()
    way_out = next(line for line in lines if line.startswith("Next: brainops ")).removeprefix("Next: brainops ")
    answered = say(*way_out.split())

    assert way_out.endswith("--answer yes")
    assert lines[-1].strip() == "... --answer no"
    assert "Restart it" in answered.out


def test_a_dry_run_says_what_would_run_and_does_nothing(say: Say, drain: str) -> None:
    said = say("run", drain, "--input", "node=n7", "--dry-run")

    assert "Draining n7" in said.out
    assert say("runs", "--json").value == []
    assert "No runs" in say("runs").out


def test_inputs_come_from_a_file_and_are_checked(say: Say, drain: str, tmp_path: Path) -> None:
    (tmp_path / "inputs.json").write_text('{"node": "n8"}')
    (tmp_path / "wrong.json").write_text("[1]")

    assert say("run", drain, "--inputs", "inputs.json", "--json").value["inputs"] == {"node": "n8"}
    assert say("run", drain, "--inputs", "wrong.json").code == 1
    assert say("run", drain).code == 1
    assert say("run", drain, "--input", "node").code == 2


def test_a_run_is_shown_paused_resumed_skipped_and_cancelled(say: Say, drain: str) -> None:
    run_id = say("run", drain, "--input", "node=n7", "--json").value["id"]

    assert say("runs", "pause", run_id, "--json").value["state"] == "paused"
    assert f"brainops runs resume {run_id[-6:]}" in say("runs", "show", run_id).out
    assert say("runs", "resume", run_id, "--json").value["state"] == "waiting"
    assert say("runs", "take-over", run_id).code == 0
    assert say("runs", "cancel", run_id, "--reason", "wrong node", "--json").value["state"] == "cancelled"
    assert say("runs", "retry", run_id, "--json").value["state"] == "waiting"
    assert say("runs", "skip", run_id, "hand", "--reason", "done yesterday", "--json").value["state"] == "succeeded"
    assert say("runs", "remove", "--older-than-days", "0", "--json").value == {"removed": 1}
    assert say("runs", "show", run_id).code == 1


def test_a_failed_run_ends_with_an_error_and_says_how_to_go_on(say: Say, store: Path) -> None:
    check = step("look", StepKind.CHECK, condition="1 == 2")
    with Brain.open(background=False) as brain:
        brain.procedures.save(Procedure(name="look", description="It looks.", steps=(check,)))
        brain.procedures.activate("look")

    said = say("run", "look")

    assert said.code == 1
    assert "failed" in said.out
    assert "brainops runs retry" in said.out


def test_a_worker_goes_on_with_what_was_only_written_down_and_stops_when_told(
    say: Say, drain: str, store: Path
) -> None:
    run_id = say("run", drain, "--input", "node=n7", "--detach", "--json").value["id"]

    with subprocess.Popen([program(), "worker"], env=dict(os.environ), stderr=subprocess.PIPE) as worker:
        try:
            with Brain.open(background=False) as brain:
                for _ in range(600):
                    run = brain.runs.get(run_id)
                    if run.state.value == "waiting":
                        break
                    signal.sigtimedwait([], 0.05)
        finally:
            worker.send_signal(signal.SIGTERM)
            ended = worker.wait(60)

    assert ended == 0
    assert json.loads(say("runs", "show", run_id, "--json").out)["state"] == "waiting"


def test_a_run_that_fails_says_what_came_of_the_fixes_of_its_error(say: Say, tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "import sys; sys.exit('TimeoutError: erp did not answer within 3 s')"]
    mended = tmp_path / "mended"
    with Brain.open(background=False, actor=Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")) as brain:
        brain.limits.allow([sys.executable])
        brain.establish(
            Procedure(name="sync", description="It syncs.", steps=(step("pull", StepKind.COMMAND, run=failing),))
        )
        mend = [sys.executable, "-c", f"open({str(mended)!r}, 'w')"]
        check = [sys.executable, "-c", f"open({str(mended)!r})"]
        fix = brain.fixes.attach("TimeoutError: erp did not answer within 9 s", "wake erp", command=mend, verify=check)
        named = say("run", "sync", "--target", "erp").out
        with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
            for _ in range(25):
                proof = application_of(
                    fix, ApplicationState.VERIFIED, fix.created_by, 1, decided_at=1, verified_by="check"
                )
                tx.fixes.add_application(proof)
        brain.fixes.set_mode(fix.id, "auto", reason="it has helped for weeks")
        brain.guard.set_autonomy("auto")

    applied = say("run", "sync", "--target", "erp")

    assert "Fix wake erp: suggested: only named: its mode is suggest" in " ".join(named.split())
    assert applied.code == 1
    assert "Fix wake erp: verified: its check succeeded afterwards" in " ".join(applied.out.split())
    assert mended.exists()
