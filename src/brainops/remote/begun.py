"""How does an operation of somebody elsewhere begin and end? In two calls, with its id between them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from brainops.brain import Brain
from brainops.errors import NotFound
from brainops.types import JSON, ActionClass, Consult, Decision, ErrorEvent, Evidence, Guidance


class Begun(Struct, frozen=True, kw_only=True):
    """An operation under way: its id, by which it is ended, its class, what memory said of it, and the guard."""

    id: str
    action_class: ActionClass
    guidance: Guidance | None
    decision: Decision


def begin(
    brain: Brain,
    name: str,
    *,
    target: str | None = None,
    context: Mapping[str, JSON] | None = None,
    session: str | None = None,
    consult: Consult = "always",
    service: str | None = None,
    action_class: ActionClass | None = None,
) -> Begun:
    """Begin an operation: memory is consulted, the guard asked, and the beginning recorded.

    Raises InvalidInput, OperationBlocked, StoreError.
    """
    running = brain.begin(
        name,
        target=target,
        context=context,
        session=session,
        consult=consult,
        service=service,
        action_class=action_class,
        strict=True,
    )
    return Begun(
        id=running.id,
        action_class=running.start.action_class,
        guidance=running.guidance,
        decision=running.decision,
    )


def finish(
    brain: Brain,
    operation_id: str,
    *,
    result: JSON = None,
    error: str | ErrorEvent | None = None,
    cost: float | None = None,
    followed: str | None = None,
    client_errors: bool = False,
    claimed: bool = False,
) -> None:
    """End an operation: as a failure where an `error` is given, which becomes a memory, else as a success.

    `followed` is the memory whose recommendation was followed; `client_errors` makes 4xx, validation and disconnects
    memories too; `claimed` says that it is somebody's word, and nobody saw it. Again for the same one changes nothing.
    Raises NotFound.
    """
    running = brain.resume(operation_id, strict=True)
    if running is None:
        raise NotFound(f"there is no operation {operation_id[:80]!r} in the namespace that this key writes")
    running.manner = replace(running.manner, client_errors=client_errors)
    running.note(result=result, cost=cost)
    if followed is not None:
        running.follow(followed)
    if error is None:
        running.succeed(evidence=Evidence.CLAIMED if claimed else None)
    else:
        running.fail(error, evidence=Evidence.CLAIMED if claimed else Evidence.OBSERVED)
