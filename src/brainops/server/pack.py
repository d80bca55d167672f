"""What does somebody keep of a memory for when its server is away? Its signed pack."""

from __future__ import annotations

from collections.abc import Mapping

from brainops.remote.kept_pack import signed_pack
from brainops.remote.narrowing import narrowing_of
from brainops.server.api import Api, HttpAnswer
from brainops.server.callers import secret_of


def pack_for(api: Api, headers: Mapping[str, str]) -> HttpAnswer:
    """Return the pack of what a caller reads, signed for their key. Raises Trouble, BrainOpsError."""
    caller = api.known("GET", headers)
    brain = caller.brain.acting(**narrowing_of(headers))
    return HttpAnswer(status=200, body=signed_pack(brain, secret_of(headers) or None, api.now()))
