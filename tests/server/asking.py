"""How does a test ask the server in its own process, without a socket?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2


class Asking:
    """A client of one application; `post` and `get` return what came, `refused` the problem."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Send a request."""

        async def sent() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8321") as client:
                return await client.request(method, path, **request)

        return self._loop.run_until_complete(sent())

    def get(self, path: str, **request: Any) -> httpx2.Response:
        """GET a path."""
        return self.send("GET", path, **request)

    def post(self, verb: str, *, key: str | None = None, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """Call a verb and return its answer."""
        answer = self._call(verb, key, headers, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, verb: str, *, key: str | None = None, headers: dict[str, str] | None = None, **body: Any) -> Any:
        """Call a verb that is refused, and return the problem."""
        answer = self._call(verb, key, headers, body)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.json()

    def settle(self) -> None:
        """Wait for what goes on after an answer."""
        self._loop.run_until_complete(_done())

    def _call(self, verb: str, key: str | None, headers: dict[str, str] | None, body: Any) -> httpx2.Response:
        shown = {"authorization": f"Bearer {key}"} if key else {}
        return self.send("POST", f"/v1/{verb}", json=body, headers={**shown, **(headers or {})})


async def _done() -> None:
    """Wait for what goes on after an answer."""
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})


@contextmanager
def asking(app: Any) -> Iterator[Asking]:
    """Lend a client of an application."""
    loop = asyncio.new_event_loop()
    try:
        yield Asking(app, loop)
    finally:
        loop.run_until_complete(_done())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
