"""What do the tests of runs stand on? A Runner whose steps do what a test says, and short ways to write procedures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from brainops.brain import Brain
from brainops.errors import StepFailed
from brainops.operations.run_operations import RunOperations
from brainops.procedures.runs.runner import Runner
from brainops.procedures.steps.executor import Executors, StepDone, StepResult, StepWaits, StepWork, StepWrite
from brainops.store import Transaction
from brainops.types import JSON, Action, Procedure, ProcedureVersion, Step, StepKind
from tests.inside import inside

ANY_INPUTS = {"type": "object", "properties": {"x": {}, "n": {}, "url": {}, "missing": {}}}
WAIT_SECONDS = 60.0  # for another thread; it takes milliseconds


class Acts:
    """Executors that do what the parameters of a step say, and remember each attempt.

    call: `fails` (the first so many attempts), `says` (the output), `error`, `final`; capture: counts under its title
    in the store's settings, so that what was committed is seen; wait: `seconds`.
    """

    def __init__(self) -> None:
        self.done: list[tuple[str, int, str]] = []
        self.before: Callable[[StepWork], object] = lambda work: None

    def executors(self) -> Executors:
        """Return one executor for each kind that is used."""
        return {StepKind.CALL: self.call, StepKind.CAPTURE: self.capture, StepKind.WAIT: self.wait}

    def call(self, work: StepWork) -> StepResult:
        """Do what the parameters say."""
        self.before(work)
        self.done.append((work.step_id, work.attempt, work.idempotency_key))
        wanted = arguments(work)
        if work.attempt <= int(wanted.get("fails", 0)):
            message = str(wanted.get("error", "it did not work"))
            raise StepFailed(message, kind="Broken", retryable=not wanted.get("final"))
        return StepDone(output=wanted.get("says"))

    def capture(self, work: StepWork) -> StepResult:
        """Count in the transaction that completes the step."""
        self.before(work)
        name, breaks = f"test:{work.action.parameters['title']}", work.action.parameters.get("content") == "breaks"

        def write(tx: Transaction) -> JSON:
            count = int(tx.setting(name) or 0) + 1
            tx.set(name, str(count))
            if breaks:
                raise StepFailed("broken after the write", kind="Broken")
            return count

        return StepWrite(write=write)

    def wait(self, work: StepWork) -> StepResult:
        """Wait for a time."""
        seconds = float(work.action.parameters.get("seconds", 0))  # type: ignore[arg-type]
        return StepWaits(
            waits_for="time", wake_at=work.context.store.now() + int(seconds * 1e6), detail={"waited": True}
        )

    def count(self, step_id: str) -> int:
        """Return how often a step was attempted."""
        return sum(1 for done, _, _ in self.done if done == step_id)

    def order(self) -> list[str]:
        """Return the steps in the order in which they were attempted."""
        return [step_id for step_id, _, _ in self.done]


def arguments(work: StepWork) -> dict[str, Any]:
    """Return what a call step hands to its function; a test may change it."""
    given = work.action.parameters["arguments"]
    assert isinstance(given, dict)
    return given


class Kit:
    """A brain whose runs are done by fakes."""

    def __init__(self, brain: Brain, acts: Acts | None = None, **options: Any) -> None:
        self.brain = brain
        self.acts = acts or Acts()
        self.runs = Runner(
            inside(brain).context,
            inside(brain).services.procedures,
            inside(brain).services.approvals,
            inside(brain).services.notices,
            self.acts.executors(),
            operations=RunOperations(inside(brain).context),
            **{"chance": lambda: 0.5, **options},
        )

    def define(self, *steps: Step, name: str = "p", **rest: Any) -> ProcedureVersion:
        """Save a procedure and activate it."""
        rest.setdefault("inputs", ANY_INPUTS)
        saved = self.brain.procedures.save(Procedure(name=name, description=f"It is {name}.", steps=steps, **rest))
        return self.brain.procedures.activate(name, number=saved.number)

    def counted(self, name: str) -> int:
        """Return what a capture step counted."""
        with inside(self.brain).store.read() as tx:
            return int(tx.setting(f"test:{name}") or 0)


def step(
    id: str, *needs: str, uses: StepKind = StepKind.CALL, undo: Mapping[str, JSON] | None = None, **rest: Any
) -> Step:
    """Return a step; what is no field of it is a parameter."""
    fields: dict[str, Any] = {name: rest.pop(name) for name in list(rest) if name in Step.__struct_fields__}
    if undo is not None:
        fields["compensate"] = call(**undo)
    action = call(**rest) if uses is StepKind.CALL else Action(uses=uses, parameters=rest)
    return Step(id=id, needs=needs, action=action, **fields)


def call(**given: JSON) -> Action:
    """Return a call with these arguments."""
    return Action(uses=StepKind.CALL, parameters={"function": "act", "arguments": given})


def in_thread(act: Callable[[], object]) -> threading.Thread:
    """Begin something beside the test."""
    thread = threading.Thread(target=act)
    thread.start()
    return thread
