"""What is the third column? A server in this process, which the tests ask as they ask a store of their own.

It takes a test's word for who opens a memory and what they may, where a real one has keys (tests/server): a test opens
a memory as anybody, and what is looked at here is whether the verbs, types and errors are the same over the network.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest
import uvicorn

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import NotConfigured
from brainops.remote import view
from brainops.remote.call import Server
from brainops.remote.link import Link
from brainops.remote.narrowing import Narrowing
from brainops.server import api, app
from brainops.server.callers import Caller, caller_of
from brainops.types import KeyProof, Role

LOOPBACK = "127.0.0.1"


class RemoteServer:
    """Answers for each memory that a test opens, by a key that names it."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}
        self._brains: dict[str, Callable[[], Brain]] = {}
        self._numbers = count(1)
        self._listening = socket.create_server((LOOPBACK, 0))
        self._config = uvicorn.Config(
            self._answer, log_config=None, access_log=False, lifespan="off", interface="asgi3"
        )
        self._server = uvicorn.Server(self._config)
        self._patch = pytest.MonkeyPatch()
        self._closed = asyncio.Event()

    def open(self, store: str, **options: Any) -> Brain:
        """Open a memory as `Brain.open` does, and return the view of it that the server answers for."""
        engine = Engine.open(store, **{**options, "background": options.get("background", True)})
        secret = f"memory-{next(self._numbers)}"
        self._apps[secret] = app.application(engine, hosts={LOOPBACK}, open_to_this_machine=False, closed=self._closed)
        self._brains[secret] = lambda: Brain(engine)
        address = f"http://{LOOPBACK}:{self._listening.getsockname()[1]}"
        link = Link(Server(address, secret), options.get("around", ()))
        link.served = Brain(engine)  # type: ignore[attr-defined]  # what tests/inside.py shows

        class Opened(view.RemoteBrain):
            def close(self) -> None:
                super().close()
                engine.close()

        return Opened(link, Narrowing())

    def _caller(self, engine: Engine, headers: Mapping[str, str], **how: Any) -> Caller:
        secret = headers.get("authorization", "").removeprefix("Bearer ")
        if secret not in self._brains:
            return caller_of(engine, headers, **how)
        brain = self._brains[secret]()
        if session := headers.get("brainops-session"):
            brain = brain.acting(session=session)
        proof = KeyProof(key=headers["brainops-proof"]) if "brainops-proof" in headers else None
        return Caller(
            brain=brain, role=Role.ADMIN, name="test", proof=proof, role_in=lambda _: Role.ADMIN, of_machine=True
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        secret = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        await self._apps[secret](scope, receive, send)

    def __enter__(self) -> RemoteServer:
        self._patch.setattr(api, "caller_of", self._caller)
        self._patch.setattr(view.RemoteNoun, "__getattr__", _or_there(view.RemoteNoun.__getattr__))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listening]}, name="server-of-the-tests", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._listening.close()
        self._patch.undo()


def _or_there(asked: Callable[[view.RemoteNoun, str], Any]) -> Callable[[view.RemoteNoun, str], Any]:
    """Return what does at the server's side what nobody does from afar: enrolling, workers, sweeps, files."""

    def found(noun: view.RemoteNoun, name: str) -> Any:
        try:
            return asked(noun, name)
        except (NotConfigured, AttributeError):
            held = noun._view
            served: Brain | None = getattr(held._link, "served", None)
            if served is None:  # a view that a test of tests/server opened: it is refused as a user's is
                raise
            less = held._less
            there = served.acting(actor=less.actor, namespace=less.namespace, read=less.read, session=less.session)
            return getattr(getattr(there, noun._noun), name)

    return found
