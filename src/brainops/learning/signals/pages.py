"""What does a page of the network hold, where a person allowed its host?"""

from __future__ import annotations

from brainops.memory.context import MemoryContext
from brainops.net import Request
from brainops.procedures.consent.limits import limits_of
from brainops.procedures.steps.http import asked

PAGE_SECONDS = 30.0


def page(context: MemoryContext, url: str, most_bytes: int) -> tuple[str, bool]:
    """Return the text of an http(s) page, and whether it goes on beyond `most_bytes`.

    Asks as an http step does: only hosts that a person allowed, redirects included. Raises StepFailed.
    """
    response = asked(Request(url=url), limits_of(context), seconds=PAGE_SECONDS, most_bytes=most_bytes)
    return response.text, response.cut
