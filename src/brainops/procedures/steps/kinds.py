"""Which executor does which kind of step, and what says of a limited one that it would be refused?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from brainops import lazy
from brainops.procedures.steps.call import Registry
from brainops.procedures.steps.executor import Executor, Executors, Limits
from brainops.procedures.steps.memory import capture, retrieve
from brainops.procedures.steps.waits import agent, approval, decide, manual, procedure, wait
from brainops.types import Action, StepKind

if TYPE_CHECKING:
    from brainops.procedures.steps import check, command, http
else:
    check, command, http = lazy.modules("brainops.procedures.steps", "check command http")

REFUSED: Mapping[StepKind, Callable[[Action, Limits], str]] = {
    StepKind.COMMAND: lambda action, limits: command.refused(action, limits),
    StepKind.HTTP: lambda action, limits: http.refused(action, limits),
}
"""What says why a limited step could not be done, "" where nothing speaks against it: a dry run asks."""


def executors(
    calls: Registry | None = None, *, agents: Executor | None = None, decisions: Executor | None = None
) -> Executors:
    """Return an executor for every kind of step that one process can do.

    `calls` holds the functions of call steps; `agents` and `decisions` do agent and decide steps, which otherwise wait
    for a person.
    """
    registry = calls if calls is not None else Registry()
    return {
        StepKind.COMMAND: lambda work: command.command(work),
        StepKind.CHECK: lambda work: check.check(work),
        StepKind.CALL: registry.call,
        StepKind.HTTP: lambda work: http.http_step(work),
        StepKind.AGENT: agents or agent,
        StepKind.DECIDE: decisions or decide,
        StepKind.CAPTURE: capture,
        StepKind.RETRIEVE: retrieve,
        StepKind.PROCEDURE: procedure,
        StepKind.APPROVAL: approval,
        StepKind.WAIT: wait,
        StepKind.MANUAL: manual,
    }
