"""Which executor does which kind of step?"""

from __future__ import annotations

from brainops.procedures.steps.call import Registry
from brainops.procedures.steps.check import check
from brainops.procedures.steps.command import command
from brainops.procedures.steps.executor import Executor, Executors
from brainops.procedures.steps.http import http_step
from brainops.procedures.steps.memory import capture, retrieve
from brainops.procedures.steps.waits import agent, approval, decide, manual, procedure, wait
from brainops.types import StepKind


def executors(
    calls: Registry | None = None, *, agents: Executor | None = None, decisions: Executor | None = None
) -> Executors:
    """Return an executor for every kind of step that one process can do.

    `calls` holds the functions of call steps; `agents` and `decisions` do agent and decide steps, which otherwise wait
    for a person.
    """
    registry = calls if calls is not None else Registry()
    return {
        StepKind.COMMAND: command,
        StepKind.CHECK: check,
        StepKind.CALL: registry.call,
        StepKind.HTTP: http_step,
        StepKind.AGENT: agents or agent,
        StepKind.DECIDE: decisions or decide,
        StepKind.CAPTURE: capture,
        StepKind.RETRIEVE: retrieve,
        StepKind.PROCEDURE: procedure,
        StepKind.APPROVAL: approval,
        StepKind.WAIT: wait,
        StepKind.MANUAL: manual,
    }
