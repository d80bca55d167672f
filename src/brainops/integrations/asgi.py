"""How does a web application tell memory of its errors, and ask it around a request? Middleware for any ASGI framework.

    app = RequestMemory(app, brain, service="checkout")

Errors of requests become memories: what the application raises, and nothing that a client got wrong. With `operations`,
a request whose path matches one of these is an operation: consulted about, guarded and recorded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from brainops.brain import Brain
from brainops.errors import BrainOpsError, OperationBlocked
from brainops.wire import to_json

App = Callable[..., Awaitable[None]]

REMEMBERED = "brainops.error"  # under which stands what a route's own operation ended with: it is a memory already
GUIDANCE = "brainops"  # under which the running operation stands in the state of a request


class RequestMemory:
    """Middleware around an ASGI application: it captures the errors of requests, and accompanies some of them.

    `operations` are patterns of "METHOD /path" ("POST /orders*"). Such a request that a rule does not let pass is
    answered with 403 and the reason; the others run with their guidance at hand: `running_of(scope)`. The path, never
    the query, the headers or the body, stands in the record. A failure of memory is no failure of the request.
    """

    def __init__(self, app: App, brain: Brain, *, service: str | None = None, operations: Iterable[str] = ()) -> None:
        self._app = app
        self._brain = brain
        self._service = service
        self._operations = tuple(operations)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = f"{scope['method']} {scope['path']}"
        if not any(fnmatchcase(asked, pattern) for pattern in self._operations):
            await self._captured(scope, receive, send)
            return
        accompanied = self._brain.operation(asked, target=self._service, service=self._service)
        try:
            running = await accompanied.__aenter__()
        except OperationBlocked as blocked:
            await _refuse(send, blocked)
            return
        scope.setdefault("state", {})[GUIDANCE] = running
        status = 500

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except BaseException as error:
            await accompanied.__aexit__(type(error), error, error.__traceback__)
            raise
        running.note(result={"status": status})
        failed = scope["state"].get(REMEMBERED) if status >= 500 else None
        if status >= 500 and failed is None:
            failed = RequestFailed(f"{asked} answered {status}")
        await accompanied.__aexit__(type(failed) if failed else None, failed, None)

    async def _captured(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope.get("state", {}).get(REMEMBERED) is not error:
                with suppress(BrainOpsError):
                    self._brain.capture_error(error, service=self._service)
            raise


class RequestFailed(Exception):
    """A request that was answered with a status of 500 or above, though nothing was raised."""


def running_of(scope: Mapping[str, Any]) -> Any:
    """Return the operation that a request runs as, with its `guidance`; None where it runs as none."""
    return scope.get("state", {}).get(GUIDANCE)


async def _refuse(send: Any, blocked: BrainOpsError) -> None:
    body = to_json({"type": type(blocked).__name__, "title": "A rule does not let it pass", "detail": str(blocked)})
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
