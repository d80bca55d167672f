"""Do the limits of agents hold over processes, what becomes of a killed one, and do runs hand their steps to agents?"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.procedures.runs.clock import LEASE
from brainops.types import ExecutionState, Failed, RunState, Task
from tests.conformance.conftest import OpenBrain
from tests.conformance.test_agents import PERSON, TASK, WAIT_SECONDS, Agent
from tests.inside import inside


@pytest.fixture
def brain(open_brain: OpenBrain) -> Brain:
    return open_brain(actor=PERSON)


ELSEWHERE = """
import sys, time
from pathlib import Path
from brainops.brain import Brain
from brainops.types import Actor, ActorKind
store, began, end = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
def work(task):
    began.write_text(task.id)
    while not end.exists():
        time.sleep(0.02)
    return "elsewhere"
actor = Actor(kind=ActorKind.PERSON, id="ada", proof="os-user")
with Brain.open(store, namespace="team/a", model="none", actor=actor, background=False) as brain:
    brain.agents.register_callable("worker", work, limits={"at_once": 1, "cost_a_day": 1.5}, cost=1.0)
    print(brain.agents.execute("Deploy it").state.value)
"""


RUN_ELSEWHERE = (
    ELSEWHERE.partition("    print(")[0]
    + """    step = {"id": "do", "uses": "agent", "with": {"task": "Deploy it"}}
    brain.establish({"name": "delegate", "steps": [step]})
    brain.execute("delegate")
"""
)


class Elsewhere:
    """A process of its own that carries a task out until it is told to end, or is killed."""

    def __init__(self, store_url: str, folder: Path, program: str = ELSEWHERE) -> None:
        self.began, self._end = folder / "began", folder / "end"
        command = [sys.executable, "-c", program, store_url, str(self.began), str(self._end)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Elsewhere:
        for _ in range(int(WAIT_SECONDS / 0.02)):
            if self.began.exists() and self.began.read_text():
                break
            threading.Event().wait(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def end(self) -> str:
        self._end.write_text("")
        return str(self._process.communicate(timeout=WAIT_SECONDS)[0]).strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_an_agent_is_never_at_more_tasks_than_it_may(brain: Brain) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def work(task: Task) -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.05)
        with lock:
            at_once -= 1
        return "done"

    brain.agents.register_callable("worker", work, limits={"at_once": 2})
    ended: list[ExecutionState] = []
    threads = [threading.Thread(target=lambda: ended.append(brain.agents.execute(TASK).state)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)

    assert most == 2
    assert ended == [ExecutionState.SUCCEEDED] * 6


def test_places_and_budgets_hold_over_processes(brain: Brain, store_url: str, tmp_path: Path) -> None:
    with Elsewhere(store_url, tmp_path) as elsewhere:
        brain.agents.callables.register("worker", Agent("here"))
        busy = brain.agents.execute("Deploy it", timeout_seconds=0.3)
        said = elsewhere.end()
    spent = brain.agents.execute("Deploy it")

    assert said == "succeeded"
    assert busy.state is ExecutionState.WAITING
    assert spent.state is ExecutionState.WAITING
    assert "0.5 left of today's 1.5" in spent.reason


def test_what_is_killed_in_the_middle_frees_its_place_and_is_gone_on_with(
    open_brain: OpenBrain, brain: Brain, store_url: str, tmp_path: Path
) -> None:
    with Elsewhere(store_url, tmp_path) as elsewhere:
        execution_id = elsewhere.began.read_text()
        elsewhere.kill()
    before = brain.agents.sweep()
    base = inside(brain).store.now()
    later = open_brain(actor=PERSON, clock=lambda: base + int((LEASE.seconds + 1) * 1_000_000))
    later.agents.register_callable("other", Agent("went on"))

    swept, swept_again = later.agents.sweep(), later.agents.sweep()
    died = later.agents.execution(execution_id)
    done = later.agents.resume(execution_id)

    assert (before, swept, swept_again) == (0, 1, 0)
    assert died.state is ExecutionState.FAILED
    outcome = died.attempts[0].outcome
    assert isinstance(outcome, Failed)
    assert outcome.error.type == "AgentAbandoned"
    assert died.attempts[0].success is None
    whole, tried = (later.operations.get(str(each)) for each in (died.operation_id, died.attempts[0].operation_id))
    assert whole.error_memory_id == tried.error_memory_id is not None, "one death is one memory"
    assert done.state is ExecutionState.SUCCEEDED
    assert [each.agent for each in done.attempts] == ["worker", "other"]
    assert later.upkeep.doctor()


def test_a_run_whose_worker_was_killed_goes_on_with_the_next_agent(
    open_brain: OpenBrain, store_url: str, tmp_path: Path
) -> None:
    with Elsewhere(store_url, tmp_path, RUN_ELSEWHERE) as elsewhere:
        execution_id = elsewhere.began.read_text()
        elsewhere.kill()
    now = inside(open_brain()).store.now
    later = open_brain(actor=PERSON, clock=lambda: now() + 300_000_000)
    later.agents.register_callable("other", Agent("went on"))
    swept = later.agents.sweep()

    (run,) = inside(later).services.runs.claim_due(1)
    inside(later).services.runs.carry_on(run)

    ended, execution = later.runs.get(run.id), later.agents.execution(execution_id)
    assert swept == 0, "the run itself goes on with it"
    assert ended.state is RunState.SUCCEEDED
    assert [(each.agent, each.success) for each in execution.attempts] == [("worker", None), ("other", 1.0)]
    assert execution.state is ExecutionState.SUCCEEDED


PROCEDURE: dict[str, Any] = {
    "name": "delegate",
    "inputs": {"task": {"type": "string"}},
    "steps": [
        {"id": "do", "uses": "agent", "with": {"task": "${{ inputs.task }}", "capabilities": ["deploy"]}},
        {"id": "tell", "uses": "manual", "needs": ["do"], "with": {"text": "${{ steps.do.output.result }}"}},
    ],
}


def test_a_run_hands_its_step_to_an_agent_and_reads_what_came_of_it(brain: Brain) -> None:
    brain.agents.register_callable("deployer", Agent({"version": 7}), capabilities=["deploy"])
    brain.establish(PROCEDURE)

    run = brain.execute("delegate", {"task": TASK})

    step = run.step("do")
    assert step is not None
    assert isinstance(step.output, dict)
    assert step.output["result"] == {"version": 7}
    assert step.output["agent"] == "deployer"
    assert brain.agents.executions(run_id=run.id)[0].step_id == "do"


def test_a_run_waits_where_nobody_is_capable_and_goes_on_when_somebody_is_done(brain: Brain) -> None:
    brain.establish(PROCEDURE)
    run = brain.execute("delegate", {"task": TASK})
    (waiting,) = brain.agents.executions(run_id=run.id)

    brain.agents.done(waiting.id, result="by hand")

    step = run.step("do")
    assert step is not None
    assert step.waits_for == "agent"
    assert "By hand" in str(step.detail)
    after = brain.runs.get(run.id).step("do")
    assert after is not None
    assert isinstance(after.output, dict)
    assert after.output["result"] == "by hand"


def test_a_step_completed_in_its_run_ends_its_execution(brain: Brain) -> None:
    brain.establish(PROCEDURE)
    run = brain.execute("delegate", {"task": TASK})
    brain.runs.complete(run.id, "do", output={"result": "done elsewhere"})

    brain.agents.sweep()

    (settled,) = brain.agents.executions(run_id=run.id)
    assert settled.state is ExecutionState.SUCCEEDED
    assert settled["outcome"]["result"] == {"result": "done elsewhere"}
