"""How is the memory offered as an MCP server over HTTP? Each request by itself, to its key, as the tools over stdio.

No session is kept between two requests, in either revision of the protocol, so that any of several servers answers; and
each is answered by JSON, since no tool tells anything before its end, which is as near as that of any call.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from brainops.brain import Brain
from brainops.errors import MissingExtra
from brainops.mcp.offer import as_agent
from brainops.server.api import DEADLINE_SECONDS
from brainops.server.callers import Caller
from brainops.server.door import BODY_SECONDS
from brainops.server.problem import Trouble
from brainops.types import Role

if TYPE_CHECKING:
    from anyio import CapacityLimiter
    from litestar.types import Receive, Scope, Send

MAX_MESSAGE_BYTES = 10_000_000


class Lent:
    """The memory for one request: what the role of its caller lets an agent do.

    Who shows an agent's key might be that agent, and answer a dialog for the person.
    """

    dialog = False

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def view(self, *, reads: bool) -> Brain:
        """Return the caller's view, as an agent. Raises Trouble (403)."""
        needed, caller = Role.READER if reads else Role.WRITER, self._caller
        if not caller.role.covers(needed):
            raise Trouble(
                403,
                "RoleDenied",
                f"{caller.name} is a {caller.role.value}, and this is for the role {needed.value}",
                "somebody who looks after the memory issues a key of that role: brainops keys issue NAME",
            )
        return as_agent(caller.brain, caller.name).acting(deadline=DEADLINE_SECONDS)

    def answered(self) -> None:
        """Load nothing: the server has its model."""

    def close(self) -> None:
        """Keep the memory open, which is the server's."""


async def answer(caller: Caller, limiter: CapacityLimiter, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one message of the protocol. Raises MissingExtra, and Trouble where the message does not come in."""
    try:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from brainops.mcp.server import server_of
    except ImportError as error:
        raise MissingExtra(f"MCP takes an extra ({error.name}): pip install 'brainops[mcp]'") from error
    manager = StreamableHTTPSessionManager(
        server_of(Lent(caller), limiter), stateless=True, json_response=True, max_request_body_size=MAX_MESSAGE_BYTES
    )
    came = await _whole(receive)
    async with manager.run():
        await manager.handle_request(scope, came, send)  # type: ignore[arg-type]  # the same, by starlette's names


async def _whole(receive: Receive) -> Receive:
    """Return what gives a message that has come in whole; what comes after it is whether its sender has gone."""
    came: list[Any] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                part: Any = await receive()
                came.append(part)
                size += len(part.get("body", b""))
                more = bool(part.get("more_body")) and size <= MAX_MESSAGE_BYTES
    except TimeoutError:
        raise Trouble(
            408, "TooSlow", f"no whole message came in within {BODY_SECONDS:.0f} s", "send it again"
        ) from None

    async def given() -> Any:
        return came.pop(0) if came else await receive()

    return given
