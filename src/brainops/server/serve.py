"""How does the server begin, listen and end? On one address; on one that others reach, never without keys."""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from brainops.engine import Engine
from brainops.errors import InvalidConfiguration
from brainops.net import is_loopback
from brainops.server.app import application
from brainops.server.events import secrets_of
from brainops.server.people import Ways

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

PORT = 8321
KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 20  # for calls that are under way when the server is told to stop
UNREAD_MS = 30_000  # after which a reader that takes nothing in any more is cut off
BACKLOG = 512
MOST_CONNECTIONS = 1_000  # streams that are read, too


def serve(
    engine: Engine,
    *,
    host: str,
    port: int,
    names: Iterable[str] = (),
    keyed: bool,
    ready: Callable[[str], object],
    senders: Sequence[str] = (),
    ways: Ways | None = None,
    origins: Sequence[str] = (),
    per_minute: int = 0,
    traces: TracerProvider | None = None,
) -> None:
    """Answer on an address until a signal ends it; `ready` is told the address once it answers.

    Without `keyed`, whoever reaches it is an agent of this machine: that is for the machine's own address only.
    `senders` say where the secrets of those stand who sign the events that they send: SENDER=REFERENCE. People sign
    in by `ways`. Pages of `origins` may ask with a token. Each key asks at most so often
    `per_minute`; 0 is no limit. Spans of requests go to `traces`.
    Raises InvalidConfiguration.
    """
    if not keyed and not is_loopback(host):
        raise InvalidConfiguration(
            f"others reach {host}, and nobody knows who asks: listen on 127.0.0.1, or begin with --keys. Each has one "
            "of their own: brainops keys issue NAME"
        )
    if not keyed and ways is not None and ways.leads_elsewhere:
        raise InvalidConfiguration(
            f"people reach {ways.url} from elsewhere, by a proxy that is on this machine, and whoever shows no key "
            "would be an agent of this machine: begin with --keys. Each has one of their own: brainops keys issue NAME"
        )
    _close_memory()
    secrets = secrets_of(senders)
    listening = _listen(host, port)
    at = listening.getsockname()[1]
    told = [urlsplit(ways.url).hostname or host] if ways else []
    hosts = {host, *names, *told, *(("localhost", "127.0.0.1", "::1") if is_loopback(host) else ())}
    closed = asyncio.Event()
    app = application(
        engine,
        hosts=hosts,
        open_to_this_machine=not keyed,
        closed=closed,
        senders=secrets,
        ways=ways,
        origins=origins,
        per_minute=per_minute,
        traces=traces,
    )
    _log_as_json()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        proxy_headers=False,
        lifespan="on",
    )
    shown = f"[{host}]" if ":" in host else host
    _Server(config, lambda: ready(f"http://{shown}:{at}"), closed).run(sockets=[listening])


def _close_memory() -> None:
    """Let no process of the same user read this one's memory, or the environment that it was begun with.

    Steps run beside it as that user, and it holds what signs people in. A program that it begins is open again.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


_PR_SET_DUMPABLE = 4  # linux/prctl.h


class _Server(uvicorn.Server):
    """A server that says when it answers, and when it begins to stop: who reads a stream would be waited for else."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object], closed: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready
        self._closed = closed

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._loop = asyncio.get_running_loop()
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._loop.call_soon_threadsafe(self._closed.set)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal, and do not raise it again once all is written: who sent it asked for just that."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # who stopped reading, or vanished, holds no connection for ever
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        raise InvalidConfiguration(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); name another: --port, --host"
        ) from error
    return listening


class _Json(logging.Formatter):
    """A log line as one JSON object: time, level, message, and what a request is known by."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in _FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps(said)


_FIELDS = ("request_id", "method", "path", "status", "ms")


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    root = logging.getLogger("brainops")
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
