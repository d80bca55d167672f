"""Does every run come to its end, each write once, when its workers are killed and stopped at any moment?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from brainops.procedures.consent import approvers
from brainops.types import Action, Procedure, RunState, Step, StepKind, TerminalProof
from tests.durability import runs_worker
from tests.durability.runs_chaos import chaos

RUNS = int(os.environ.get("BRAINOPS_CHAOS_RUNS", "200"))
PHRASE = "seven quiet herons at dusk"


@pytest.mark.timeout(600)
def test_every_run_ends_and_writes_once_when_workers_are_killed_and_stopped(store_url: str, tmp_path: Path) -> None:
    outcome = chaos(store_url, tmp_path, runs=RUNS, least_seconds=float(os.environ.get("BRAINOPS_CHAOS_SECONDS", "0")))
    print(outcome)

    assert outcome.wrong == ()
    assert outcome.kills > 0
    assert outcome.outside_effects >= 4 * outcome.runs


ONE_ADVANCE = """
import sys
from tests.durability.runs_worker import opened, runner
brain = opened(sys.argv[1])
print(runner(brain, sys.argv[2], 2.0).advance(sys.argv[3]).state.value)
brain.close()
"""


def test_an_approval_that_is_given_while_nothing_runs_is_honoured_by_the_next_process(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    effects = tmp_path / "effects"
    ask = Step(id="ask", action=Action(uses=StepKind.APPROVAL, parameters={"question": "Go?"}))
    act = Step(id="act", needs=("ask",), action=Action(uses=StepKind.CALL, parameters={"function": "act"}))
    with runs_worker.opened(store_url) as brain:
        brain.procedures.save(Procedure(name="gate", description="It asks first.", steps=(ask, act)))
        brain.procedures.activate("gate")
        begun = runs_worker.runner(brain, str(effects), 2.0).start("gate")
    with runs_worker.opened(store_url) as brain:  # as another process: nothing that knows the run is alive
        brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
        [asked] = brain.approvals.pending()
        brain.approvals.grant(asked.id, proof=TerminalProof(approver="ines", passphrase=PHRASE))

    command = [sys.executable, "-c", ONE_ADVANCE, store_url, str(effects), begun.id]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])

    assert begun.state is RunState.WAITING
    assert ended.stdout.strip() == "succeeded"
    assert effects.read_text(encoding="utf-8").split()[:2] == [f"{begun.id}:act", "act"]
