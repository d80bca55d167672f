"""How does code of this process run as an operation of a memory that is somewhere else?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from brainops import lazy
from brainops.errors import ApprovalRequired, BrainOpsError, OperationBlocked, StoreUnavailable
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.operations.commands.action_class import classify
from brainops.operations.jsonable import jsonable
from brainops.operations.operation import Manner, Running
from brainops.remote.begun import Begun
from brainops.types import ActionClass, Allow, Ask, Decision, Deny, Evidence, Failed, OperationStart, Outcome

if TYPE_CHECKING:
    from brainops.remote.kept_pack import KeptPack
    from brainops.remote.link import Link

log = lazy.logger()


class RemoteRunning(Running):
    """An operation under way here, of which the server has the record."""

    said: Decision = Allow()

    @property
    def decision(self) -> Decision:
        """What the guard said, there."""
        return self.said


class RemoteOperations:
    """Begins and ends operations on a server, as `OperationLog` does on a store."""

    def __init__(self, ask: Callable[..., Any], link: Link, pack: KeptPack) -> None:
        self._ask = ask
        self._link = link
        self._pack = pack

    def begin(self, start: OperationStart, manner: Manner) -> Running:
        """Consult memory, ask the guard, and write that the operation begins, all there; return its handle.

        Raises OperationBlocked or ApprovalRequired where a rule does not let it pass.
        """
        asked: dict[str, Any] = {
            "target": start.target, "context": jsonable(start.context, RedactionPolicy()), "session": start.session_id,
            "consult": manner.consult, "service": manner.service, "action_class": manner.least,
        }  # fmt: skip
        running = RemoteRunning(self, "", start, manner)  # type: ignore[arg-type]
        begun: Begun | None = None
        self._link.later.flush()  # what was handed over counts as done: a rule may ask for it
        try:
            begun = self._ask("operations.begin", (start.name,), asked)
        except OperationBlocked:
            raise
        except BrainOpsError as error:
            if manner.strict:
                raise
            self._without(running, error)
        if begun is not None:
            running.id, running.guidance, running.said = begun.id, begun.guidance, begun.decision
            running.start = replace(start, action_class=begun.action_class)
        for each in self._link.around:
            each.before(running)
        return running

    def _without(self, running: RemoteRunning, error: BrainOpsError) -> None:
        """Let an operation go on without the server, by its pack; without that, nothing that destroys begins."""
        start, least = running.start, running.manner.least
        try:
            reading = self._pack.read()
        except StoreUnavailable:
            running.start = start = replace(start, action_class=classify(start, (), least))
            if start.action_class is ActionClass.DESTRUCTIVE:
                raise OperationBlocked(
                    f"{start.name!r} destroys, and memory cannot be asked whether it may: {error}. Reach the server, "
                    "or do it by hand"
                ) from error
            running.without = f"an operation goes on without memory: {error}"
            log.error("%s", running.without)
            return
        running.start = start = reading.prepared(start, least)
        running.said, running.guidance = reading.decide(start, least), reading.guidance(start)
        match running.said:
            case Deny(reason=reason):
                raise OperationBlocked(reason)
            case Ask(reason=reason):
                raise ApprovalRequired(reason)
        running.without = reading.note
        log.warning("%s: %s", start.name, reading.note)

    def finish(self, running: Running, outcome: Outcome) -> None:
        """Write how an operation ended."""
        said: dict[str, Any] = {
            "result": jsonable(outcome.result, RedactionPolicy()),
            "cost": outcome.cost,
            "followed": running._followed,
        }
        said["claimed"] = outcome.evidence is Evidence.CLAIMED
        if isinstance(outcome, Failed):
            said |= {"error": outcome.error, "client_errors": running.manner.client_errors}

        def send() -> None:
            if running.id:
                self._ask("operations.finish", (running.id,), said)
            elif isinstance(outcome, Failed):
                self._ask("capture_error", (outcome.error,), {})

        try:
            if running.manner.record == "async":
                self._link.later.hand_over(send)
            else:
                send()
        except BrainOpsError as error:
            if running.manner.strict:
                raise
            log.error("an operation ended without being recorded: %s", error)
        finally:
            for each in reversed(self._link.around):
                each.after(running, outcome)

    def resume(self, operation_id: str, manner: Manner) -> Running | None:
        """Return the handle of an operation that was begun elsewhere, or None."""
        found = self._ask("operations.get", (operation_id,), {})
        if found is None:
            return None
        return RemoteRunning(self, found.id, found.start, manner, ended=found.outcome is not None)  # type: ignore[arg-type]

    def discard(self, operation_id: str) -> None:
        """End an operation that came to nothing: what was begun there is not taken out of the record from afar."""
        self._ask("operations.finish", (operation_id,), {"result": "it came to nothing"})
