"""A worker that advances runs until it is killed: `python runs_worker.py URL EFFECTS LEASE_SECONDS`.

Each call step writes one fsynced line "KEY STEP ATTEMPT PID" into the file EFFECTS: what it did outside. Each capture
step counts in the transaction of the run: what it did in our own database.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from brainops.brain import Brain
from brainops.operations.run_operations import RunOperations
from brainops.procedures.runs.dispatcher import Dispatcher, Lane
from brainops.procedures.runs.runner import Runner
from brainops.procedures.runs.unit_of_work import Wake, stay
from brainops.procedures.steps.executor import StepDone, StepResult, StepWork, StepWrite
from brainops.store import Transaction
from brainops.types import JSON, Action, Concurrency, Procedure, Retry, Step, StepKind
from tests.inside import inside

NAMESPACE = "team/a"
STEP_SECONDS = 0.03  # that an outside effect takes, so that kills fall into it


def opened(url: str) -> Brain:
    return Brain.open(url, namespace=NAMESPACE, read=[], model="none", background=False)


def runner(brain: Brain, effects: str, lease_seconds: float, wake: Wake = stay) -> Runner:
    """Return a Runner whose calls leave a line and whose captures count."""

    def call(work: StepWork) -> StepResult:
        write_line(effects, f"{work.idempotency_key} {work.step_id} {work.attempt} {os.getpid()}")
        time.sleep(STEP_SECONDS)
        return StepDone(output={"key": work.idempotency_key})

    def capture(work: StepWork) -> StepResult:
        def write(tx: Transaction) -> JSON:
            name = f"effect:{work.idempotency_key}"
            count = int(tx.setting(name) or 0) + 1
            tx.set(name, str(count))
            return count

        return StepWrite(write=write)

    executors = {StepKind.CALL: call, StepKind.CAPTURE: capture}
    return Runner(
        inside(brain).context,
        inside(brain).services.procedures,
        inside(brain).services.approvals,
        inside(brain).services.notices,
        executors,
        operations=RunOperations(inside(brain).context),
        wake=wake,
        lease_seconds=lease_seconds,
    )


def write_line(path: str, line: str) -> None:
    """Append one line, and return when it is on the disk."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, (line + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)


def six_steps() -> Procedure:
    """Two outside effects and a write of our own at once, between a first, a last write and a last effect."""

    def step(id: str, kind: StepKind, *needs: str) -> Step:
        given: dict[str, JSON] = {"function": "act"} if kind is StepKind.CALL else {"title": id, "content": id}
        return Step(id=id, needs=needs, action=Action(uses=kind, parameters=given), retry=Retry(attempts=2))

    call, capture = StepKind.CALL, StepKind.CAPTURE
    return Procedure(
        name="six",
        description="Six steps, three of them at once.",
        steps=(
            step("a", call),
            step("b", call, "a"),
            step("c", call, "a"),
            step("d", capture, "a"),
            step("e", capture, "b", "c", "d"),
            step("f", call, "e"),
        ),
        concurrency=Concurrency(group="${{ run.target }}"),
    )


CALLS, CAPTURES = ("a", "b", "c", "f"), ("d", "e")


def main(url: str, effects: str, lease_seconds: str) -> None:
    brain = opened(url)
    dispatcher = Dispatcher(Lane(inside(brain).store, runner(brain, effects, float(lease_seconds))), worker=True)
    signal.signal(signal.SIGTERM, lambda *_: dispatcher.stop())
    dispatcher.run()
    brain.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
