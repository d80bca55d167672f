"""How is a procedure run as an operation of its own: memory consulted and the guard asked first?"""

from __future__ import annotations

from collections.abc import Mapping

from brainops.errors import BrainOpsError, OutcomeUnknown
from brainops.memory.context import MemoryContext
from brainops.operations.operation import Manner, OperationLog, start_of
from brainops.procedures.catalog import Catalog
from brainops.procedures.definition.inputs import fitting
from brainops.procedures.runs.runner import Runner
from brainops.store.operations import EXECUTE
from brainops.types import JSON, Run


def execute(
    context: MemoryContext,
    operations: OperationLog,
    procedures: Catalog,
    runs: Runner,
    name: str,
    given: Mapping[str, JSON],
    *,
    target: str | None,
    session: str | None,
) -> Run:
    """Run a procedure for what is given until it ends or waits; what it names among its inputs is taken from that.

    Raises NotFound, InvalidInput, OperationBlocked.
    """
    procedure = procedures.get(name).procedure
    inputs = fitting(procedure, given)
    target = target or (str(given["target"]) if given.get("target") else None)
    start = start_of(f"{EXECUTE}{procedure.name}", target, given, context.actor, session)
    running = operations.begin(start, Manner(consult="cached"))
    try:
        run = runs.start(procedure.name, inputs, target=target, executes=running.id)
    except OutcomeUnknown:  # it may have begun, and ends the operation then
        raise
    except BrainOpsError:
        running.discard()
        raise
    if run.operation_id != running.id:
        running.discard()  # it joined a run that is an operation already
    return run
