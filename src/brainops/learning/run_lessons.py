"""How is what the runs of a procedure teach kept?"""

from __future__ import annotations

from brainops.memory.capture import capture
from brainops.memory.context import MemoryContext
from brainops.procedures.catalog import Catalog
from brainops.procedures.runs.lessons import lesson
from brainops.procedures.runs.runner import Runner
from brainops.types import JSON, Captured, Draft, MemoryType, Source

LESSON_RUNS = 200  # the newest runs of a procedure; older ones are of another time


def learn(
    context: MemoryContext, procedures: Catalog, runs: Runner, procedure: str, *, limit: int, session: str | None
) -> Captured:
    """Keep what the newest runs of a procedure teach as an insight: where they fail, what is skipped, what is slow."""
    version = procedures.get(procedure)
    name = version.procedure.name
    taught = lesson(version.procedure, runs.list(procedure=name, limit=limit))
    metadata: dict[str, JSON] = {"procedure": name, "hash": version.hash}
    return capture(
        context,
        Draft(
            title=f"Runs of {name}: {taught.findings[0] if taught.findings else 'none has ended'}",
            content=taught.as_content(),
            type=MemoryType.LEARNING_INSIGHT,
            tags=("procedure", name),
            metadata=metadata,
            source=Source(actor=context.actor, session_id=session),
        ),
    )
