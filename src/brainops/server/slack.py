"""What becomes of a button that a person pressed in Slack? It is answered at once, and Slack is told how it went."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven, BrainOpsError, InvalidInput, StepFailed
from brainops.server.problem import Trouble
from brainops.types import Actor, ActorKind, ApprovalState, SlackProof

MAX_BODY_BYTES = 100_000  # of what Slack sends with a button, the message that has it included
DECIDE_SECONDS = 2.0  # Slack waits for three
SLACK = Actor(kind=ActorKind.SERVICE, id="slack", proof="signature")

log = logging.getLogger("brainops.server")


class Slack:
    """The buttons of one memory's messages."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._telling: set[asyncio.Task[None]] = set()

    def take(self, headers: Mapping[str, str], body: bytes) -> Callable[[], None]:
        """Decide as a person said who is known by a signed request; return what tells in Slack how it went.

        Raises Trouble (401) where Slack did not sign it, and InvalidInput: then nobody is told anything.
        """
        signature = headers.get("x-slack-signature", "")
        proof = SlackProof(body=body, timestamp=headers.get("x-slack-request-timestamp", ""), signature=signature)
        if not signature:
            raise _unknown("Slack signs what it sends, and nothing is signed")
        try:
            click, tell = self._engine.clicked(proof)
        except ApprovalUnproven as error:
            raise _unknown(str(error)) from None
        except InvalidInput:
            raise
        except BrainOpsError as error:
            log.error("what Slack signs with cannot be looked at: %s", error)
            raise Trouble(503, "Busy", "Slack cannot be known at the moment", "the server's log says why") from None
        brain = Brain(self._engine, actor=SLACK, namespace=click.namespace, read=[]).acting(deadline=DECIDE_SECONDS)
        decide = brain.approvals.grant if click.state is ApprovalState.GRANTED else brain.approvals.refuse
        try:
            decided = decide(click.approval, proof=proof)
        except BrainOpsError as error:
            return partial(_tell, tell, f"Nothing was decided: {error}", replaces=False)
        by = decided.decided_by.id if decided.decided_by else "?"
        said = f"{by} has {decided.state.value}: {decided.subject}"
        return partial(_tell, tell, said, replaces=True)

    def tell(self, telling: Callable[[], None]) -> None:
        """Have Slack told, after the answer."""
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(telling))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def _tell(tell: Callable[..., None], said: str, *, replaces: bool) -> None:
    try:
        tell(said, replaces=replaces)
    except StepFailed as error:  # what was decided stands; whoever presses again hears so
        log.error("Slack was not told how it went: %s", error)


def _unknown(why: str) -> Trouble:
    return Trouble(
        401,
        "Unauthenticated",
        why,
        "set the channel up with the signing secret of the app that posts there: brainops notices channel add NAME "
        "--slack URL --approve --secret REFERENCE",
    )
