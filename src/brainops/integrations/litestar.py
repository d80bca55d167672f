"""How does a Litestar application use memory? By a plugin.

    app = Litestar([...], plugins=[MemoryPlugin(brain, service="checkout")])

A handler that takes `memory: NamedDependency[Brain]` is handed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar.config.app import AppConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.plugins import InitPlugin

from brainops.brain import Brain
from brainops.integrations.asgi import GUIDANCE, REMEMBERED, RequestMemory


class MemoryPlugin(InitPlugin):
    """Lets memory hear of what requests raise, and accompany those that match; see `asgi.RequestMemory`."""

    def __init__(self, brain: Brain, *, service: str | None = None, operations: Iterable[str] = ()) -> None:
        self._brain = brain
        self._service = service
        self._operations = tuple(operations)

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Add the middleware, the memory as a dependency, and a look at what handlers raise."""
        app_config.middleware.append(
            lambda app: RequestMemory(app, self._brain, service=self._service, operations=self._operations)
        )
        app_config.dependencies["memory"] = Provide(lambda: self._brain, sync_to_thread=False)
        app_config.after_exception.append(self._raised)
        return app_config

    def _raised(self, error: Exception, scope: Any) -> None:
        """Litestar answers an error before any middleware sees it."""
        state = scope.setdefault("state", {})
        if state.get(REMEMBERED) is error or (isinstance(error, HTTPException) and error.status_code < 500):
            return
        state[REMEMBERED] = error
        if GUIDANCE not in state:  # else the operation that the request runs as fails with it
            self._brain.capture_error(error, service=self._service)
