"""How does the server take a request in, and what holds for each before a verb is asked? The application."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from anyio import to_thread
from litestar import Litestar, MediaType, Request, Response, asgi, get, post, route
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import ASGIRouteHandler, HTTPRouteHandler
from litestar.params import FromPath
from litestar.types import ASGIApp, Receive, Scope, Send

from brainops.brain import Brain
from brainops.dashboard.routes import dashboard_routes
from brainops.engine import Engine
from brainops.remote.verbs import verbs
from brainops.server.api import Api
from brainops.server.callers import Caller
from brainops.server.door import BODY_SECONDS, KEPT_FOR_CAPTURES, UNKNOWN, Door, come_back
from brainops.server.events import Events, Secrets
from brainops.server.mcp import answer
from brainops.server.metrics import Metrics
from brainops.server.openapi import DOCUMENT
from brainops.server.pack import pack_for
from brainops.server.people import Ways, without_others_word
from brainops.server.problem import MEDIA_TYPE, Trouble, problem
from brainops.server.sign_in import sign_in_routes
from brainops.server.slack import MAX_BODY_BYTES as MAX_CLICK_BYTES
from brainops.server.slack import Slack
from brainops.server.stream import Feeds, tell
from brainops.server.tokens import OPEN, checked_origins, preflight, require_token, sharing
from brainops.wire import to_json

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

MAX_BODY_BYTES = 10_000_000

_REQUEST_ID = re.compile(r"[\w.:-]{1,100}")

log = logging.getLogger("brainops.server")

Asked = Request[Any, Any, Any]


def application(
    engine: Engine,
    *,
    hosts: Collection[str],
    open_to_this_machine: bool,
    closed: asyncio.Event,
    senders: Secrets = {},  # noqa: B006 -- it is only read
    ways: Ways | None = None,
    origins: Collection[str] = (),
    per_minute: int = 0,
    traces: TracerProvider | None = None,
) -> ASGIApp:
    """Return the server of a memory.

    `hosts` are the names by which it may be asked: a page elsewhere that points its own name at this address is not
    answered. With `open_to_this_machine`, whoever reaches it without a key is an agent of this machine.
    `senders` are the references to what senders of events sign with, and people sign in by `ways`. Pages of `origins`
    may ask what tokens.py says. Each key asks at most so often `per_minute`; 0 is no limit. Spans of requests go to
    `traces`.
    """
    ways = ways or Ways()
    api = Api(engine, verbs(), open_to_this_machine=open_to_this_machine, ways=ways, per_minute=per_minute)
    door = Door(closed, kept=KEPT_FOR_CAPTURES)
    metrics = Metrics(lambda: door.inside)

    @route("/v1/{path:path}", http_method=["GET", "POST"], include_in_schema=False)
    async def call(request: Asked, path: FromPath[str]) -> Response[bytes]:
        verb = api.verb(request.method, path)
        headers = dict(request.headers)
        query: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            query.setdefault(name, []).append(value)
        captures = verb.name.startswith("capture")
        door.enter(captures=captures)
        try:
            known = partial(api.known, request.method, headers, pages=True, captures=captures)
            caller = await to_thread.run_sync(known, limiter=door.limiter)
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
            found = await to_thread.run_sync(api.answer, verb, caller, headers, query, body, limiter=door.limiter)
        finally:
            door.leave()
        return Response(found.body, status_code=found.status, headers=found.headers, media_type=MediaType.JSON)

    inner = Litestar(
        [
            call,
            _pack(api, door),
            _stream(api, door, metrics),
            _metrics(api, door, metrics),
            _mcp(api, door),
            _events(Events(engine, api, senders), door),
            _slack(Slack(engine), Door(closed, UNKNOWN)),
            *sign_in_routes(engine, api, ways, door, Door(closed, UNKNOWN)),
            *dashboard_routes(api, ways, door),
            *_probes(engine, door),
        ],
        exception_handlers={Exception: _told},
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    gate = _gate(frozenset(hosts), checked_origins(origins), metrics, without_others_word(ways, inner))
    if traces is None:
        return gate
    from brainops.integrations.opentelemetry import TracedRequests

    return TracedRequests(gate, traces)


def _pack(api: Api, door: Door) -> HTTPRouteHandler:
    """Return what a client keeps for when this server is away."""

    @get("/v1/pack", include_in_schema=False)
    async def pack(request: Asked) -> Response[bytes]:
        door.enter()
        try:
            found = await to_thread.run_sync(pack_for, api, dict(request.headers), limiter=door.limiter)
        finally:
            door.leave()
        return Response(found.body, media_type="application/x-ndjson")

    return pack


def _stream(api: Api, door: Door, metrics: Metrics) -> ASGIRouteHandler:
    """Return what tells the changes as they happen, from one feed for all who read the same."""
    feeds = Feeds(door.limiter)

    @asgi("/v1/stream", copy_scope=True)
    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        request: Asked = Request(scope)
        headers, query = dict(request.headers), request.query_params
        kinds = [kind for named in query.getall("kinds", []) for kind in named.split(",") if kind]
        after = headers.get("last-event-id") or query.get("after") or "newest"

        async def still() -> Caller:
            return await to_thread.run_sync(api.caller, headers, limiter=door.limiter)

        known = await to_thread.run_sync(partial(api.known, "GET", headers), limiter=door.limiter)
        brain = known.brain
        # it refuses a wrong cursor, or a kind that there is not, while it can still be answered
        look = partial(brain.changes, after=after, kinds=kinds, limit=1)
        await to_thread.run_sync(look, limiter=door.limiter)
        metrics.readers += 1
        try:
            await tell(feeds.of(brain).read(after), frozenset(kinds), receive, send, door.closed, still)
        finally:
            metrics.readers -= 1

    return stream


def _metrics(api: Api, door: Door, metrics: Metrics) -> HTTPRouteHandler:
    """Return what tells a Prometheus, by a key like any other reader's, how server and memory stand."""

    @get("/metrics", include_in_schema=False)
    async def told(request: Asked) -> Response[bytes]:
        caller = await to_thread.run_sync(api.known, "GET", dict(request.headers), limiter=door.limiter)
        text = await to_thread.run_sync(metrics.text, caller.brain, limiter=door.limiter)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return told


def _mcp(api: Api, door: Door) -> ASGIRouteHandler:
    """Return what offers the memory as tools of an MCP server, to whoever shows a key."""

    @asgi("/mcp", copy_scope=True)
    async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
        request: Asked = Request(scope)
        headers = dict(request.headers)
        if request.method != "POST":  # no stream of its own is kept for anybody: each answer stands alone
            raise Trouble(405, "MethodNotAllowed", "messages of MCP are sent by POST", "POST one to /mcp", allow="POST")
        door.enter()
        try:
            caller = await to_thread.run_sync(api.known, request.method, headers, limiter=door.limiter)
            await answer(caller, door.limiter, scope, receive, send)
        finally:
            door.leave()

    return mcp


def _events(events: Events, door: Door) -> HTTPRouteHandler:
    """Return what takes webhooks in: kept is answered, and worked on after that."""
    signed = Door(door.closed, UNKNOWN)

    @post("/v1/events/{sender:str}", status_code=202, include_in_schema=False)
    async def event(request: Asked, sender: FromPath[str]) -> Response[bytes]:
        headers = dict(request.headers)
        by = signed if events.signs(sender) else door
        by.enter(captures=True)
        try:
            await to_thread.run_sync(events.require_known, sender, headers, limiter=by.limiter)
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
            found, brain = await to_thread.run_sync(events.take, sender, headers, body, limiter=by.limiter)
        finally:
            by.leave()
        events.work(brain)
        return Response(found.body, status_code=found.status, media_type=MediaType.JSON)

    return event


def _slack(buttons: Slack, door: Door) -> HTTPRouteHandler:
    """Return what takes in the buttons that people press in Slack, to whom it is told after the answer."""

    @post("/v1/slack/actions", status_code=200, request_max_body_size=MAX_CLICK_BYTES, include_in_schema=False)
    async def pressed(request: Asked) -> Response[bytes]:
        door.enter()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await request.body()
            telling = await to_thread.run_sync(buttons.take, dict(request.headers), body, limiter=door.limiter)
        finally:
            door.leave()
        buttons.tell(telling)
        return Response(b"", media_type=MediaType.TEXT)

    return pressed


def _probes(engine: Engine, door: Door) -> list[HTTPRouteHandler]:
    """Return what is answered to anybody: the document, whether the process lives, and whether the store answers."""

    @get("/v1/openapi.json", include_in_schema=False, sync_to_thread=False)
    def openapi() -> Response[bytes]:
        return Response(DOCUMENT.read_bytes(), media_type=MediaType.JSON)

    @get("/healthz", include_in_schema=False, sync_to_thread=False)
    def healthz() -> dict[str, Any]:
        return {"status": "stopping" if door.closed.is_set() else "ok", "inside": door.inside}

    @get("/readyz", include_in_schema=False)
    async def readyz() -> Response[Any]:
        if door.closed.is_set():
            raise come_back("the server is stopping")
        await to_thread.run_sync(_ask_store, engine, limiter=door.limiter)
        unserved = getattr(engine.nudged, "unserved", ())  # how many, since anybody may ask; the log names them
        return Response({"status": "ready", "unserved_namespaces": len(unserved)})

    return [openapi, healthz, readyz]


def _ask_store(engine: Engine) -> None:
    """Look whether the store answers."""
    Brain(engine).acting(deadline=1.0).approvals.list(limit=1)


def _gate(hosts: frozenset[str], origins: frozenset[str], metrics: Metrics, app: ASGIApp) -> ASGIApp:
    """Return what stands before every route: names each request, logs it, and answers no other host or origin."""

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        origin = headers.get("origin", "")
        named = origin if origin in origins and origin.partition("://")[2] != headers.get("host") else None
        always = [*_ALWAYS, (b"x-request-id", request_id.encode()), *(sharing(named) if named else ())]

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *always]
            await send(message)

        try:
            opens = scope["method"] == "GET" and not scope["path"].startswith("/v1/")
            _look(headers, hosts, opens=opens, named=named)
            if named and scope["method"] == "OPTIONS":
                await sent({"type": "http.response.start", "status": 204, "headers": preflight(scope["path"])})
                await sent({"type": "http.response.body"})
            else:
                if named and not scope["path"].startswith(OPEN):
                    require_token(headers)
                await app(scope, receive, sent)
        except Trouble as error:
            await _refused(error, request_id, sent)
        seconds = time.perf_counter() - began
        metrics.add(scope["path"], status, seconds)
        spent = round(seconds * 1_000, 1)
        said = {"method": scope["method"], "path": scope["path"][:200], "status": status, "ms": spent}
        log.info("request", extra={"request_id": request_id, **said})

    return gate


# From a page of ours with no-referrer, a browser would send a form with Origin: null, which is nobody's page.
_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))


def _look(headers: dict[str, str], hosts: frozenset[str], *, opens: bool, named: str | None) -> None:
    """Raise Trouble where a request names another host, or comes from a page of another origin.

    A page elsewhere may let its own name point here (DNS rebinding): what it sends names that host. It may link to what
    only `opens` a page of ours, as a provider does to which somebody went to sign in. One whose origin is `named` in
    the settings shows a token with whatever it asks: no cookie and no address of this machine speaks for it.
    """
    asked = headers.get("host", "")
    host, origin = _host(f"//{asked}"), headers.get("origin")
    if host not in hosts:
        raise Trouble(
            421,
            "HostDenied",
            f"this server is not asked by the name {host[:80]!r}",
            "ask it by the address that it printed when it began, or begin it with --host-name NAME",
        )
    if named:
        return
    elsewhere = origin and origin.partition("://")[2] != asked
    follows = opens and headers.get("sec-fetch-mode") == "navigate"
    if elsewhere or (headers.get("sec-fetch-site") == "cross-site" and not follows):
        raise Trouble(
            403,
            "OriginDenied",
            f"a page of {(origin or 'another site')[:80]!r} may not ask this server",
            "ask it from a page that it serves, or begin it with --origin and let that page show a token",
        )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # brackets that hold no address
        return ""


async def _refused(error: Trouble, request_id: str, send: Any) -> None:
    found, headers = problem(error, request_id)
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send(
        {
            "type": "http.response.start",
            "status": found.status,
            "headers": [(b"content-type", MEDIA_TYPE.encode()), *named],
        }
    )
    await send({"type": "http.response.body", "body": to_json(found)})


def _told(request: Asked, error: Exception) -> Response[bytes]:
    """Answer an error as a problem; what nobody expected goes to the log."""
    request_id = request.scope["state"].get("request_id", "")
    if isinstance(error, HTTPException):
        name, way_out = _WORDS.get(error.status_code, ("BadRequest", "GET /v1/openapi.json says what is asked how"))
        allow = {"allow": "GET, POST"} if error.status_code == 405 else {}
        error = Trouble(error.status_code, name, error.detail, way_out, **allow)
    found, headers = problem(error, str(request_id))
    if found.type == "Unexpected":
        log.error("unexpected", exc_info=error, extra={"request_id": request_id})
    return Response(to_json(found), status_code=found.status, headers=headers, media_type=MEDIA_TYPE)


_WORDS = {
    404: ("NotFound", "the verbs lie under /v1/; GET /v1/openapi.json lists them"),
    405: ("MethodNotAllowed", "verbs are asked by POST, and those that only read by GET too"),
    413: ("TooLarge", f"a body has at most {MAX_BODY_BYTES:,} bytes; send what is more in several calls"),
}
