"""How does a FastAPI application use memory? By middleware for all requests, and a dependency for single routes.

remember(app, brain, service="checkout")

@app.post("/orders", dependencies=[Depends(operation(brain, "place an order"))])
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from fastapi import FastAPI, HTTPException, Request

from brainops.brain import Brain
from brainops.errors import OperationBlocked
from brainops.integrations.asgi import REMEMBERED, RequestMemory


def remember(app: FastAPI, brain: Brain, *, service: str | None = None, operations: Iterable[str] = ()) -> None:
    """Let memory hear of what requests raise, and accompany those that match; see `asgi.RequestMemory`."""
    app.add_middleware(RequestMemory, brain=brain, service=service, operations=tuple(operations))


def operation(brain: Brain, name: str, **options: Any) -> Callable[[Request], AsyncIterator[Any]]:
    """Return a dependency under which a route is an operation of this name; its value is the running one.

    The options are those of `Brain.operation`. A rule that does not let it pass is answered with 403.
    """

    async def accompanied(request: Request) -> AsyncIterator[Any]:
        around = brain.operation(name, **options)
        try:
            running = await around.__aenter__()
        except OperationBlocked as blocked:
            raise HTTPException(403, str(blocked)) from None
        try:
            yield running
        except HTTPException as error:
            failed = error if error.status_code >= 500 else None
            await around.__aexit__(type(failed) if failed else None, failed, None)
            raise
        except BaseException as error:
            request.scope.setdefault("state", {})[REMEMBERED] = error
            await around.__aexit__(type(error), error, error.__traceback__)
            raise
        await around.__aexit__(None, None, None)

    return accompanied
