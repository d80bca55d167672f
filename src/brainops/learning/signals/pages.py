"""What does a page of the network hold, where a person allowed its host?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.procedures.steps.executor import StepWork
from brainops.procedures.steps.http import ask
from brainops.procedures.steps.parameters import Parameters
from brainops.types import Action, StepKind

PAGE_SECONDS = 30.0


def page(context: MemoryContext, url: str, most_bytes: int) -> tuple[str, bool]:
    """Return the text of an http(s) page, and whether it goes on beyond `most_bytes`.

    Asks as an http step does: only hosts that a person allowed, redirects included. Raises StepFailed.
    """
    work = StepWork(
        run_id="",
        step_id="page",
        action=Action(uses=StepKind.HTTP, parameters={"url": url, "output": "text"}),
        idempotency_key="",
        attempt=1,
        timeout_seconds=PAGE_SECONDS,
        secrets={},
        actor=context.actor,
        target=None,
        context=context,
        cancelled=lambda: False,
    )
    said = ask(work, Parameters(work.action, ("url", "output")), output_bytes=most_bytes)
    return str(said["text"]), bool(said["cut"])
