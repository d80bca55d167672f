"""How is a page asked for, kept live and acted on? GET shows it or one part of it, POST /act/VERB calls a verb."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from brainops.dashboard.acts import ACTS
from brainops.dashboard.assets import assets
from brainops.dashboard.html import HEADERS, html, rendered
from brainops.dashboard.needs import needs
from brainops.dashboard.pages import PAGES, PageOf
from brainops.dashboard.upkeep import exported
from brainops.dashboard.visit import RANGES, Visit
from brainops.errors import BrainOpsError, NotFound
from brainops.remote.verbs import verbs
from brainops.server.api import Api, require_role
from brainops.server.callers import Caller
from brainops.server.door import BODY_SECONDS, Door
from brainops.server.people import CSRF, Ways, csrf_of, sign_in_secret
from brainops.server.problem import Trouble, problem
from brainops.server.sign_in import inside
from brainops.wire import from_json

log = logging.getLogger("brainops.server")
FOR_NOW = {"cache-control": "public, max-age=300"}
FOR_GOOD = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
Headers = Mapping[str, str]
Browser = Request[Any, Any, Any]


def dashboard_routes(api: Api, ways: Ways, door: Door) -> list[HTTPRouteHandler]:
    """Return what shows the pages, takes what is done on them, and gives out their files."""
    pages = (_page(page, api, ways, door) for page in PAGES)
    return [*pages, _export(api, ways, door), _act(api, door), _client(), _static()]


def _page(page: PageOf, api: Api, ways: Ways, door: Door) -> HTTPRouteHandler:
    @get(page.path, include_in_schema=False, exception_handlers={Exception: _wrong}, name=page.title)
    async def show(request: Browser) -> Response[str]:
        headers = dict(request.headers)
        query = {name: str(said) for name, said in request.query_params.items()}
        given = {name: str(said) for name, said in request.path_params.items()}
        door.enter()
        try:
            return await to_thread.run_sync(
                _shown, page, api, ways, headers, request.url.path, given, query, limiter=door.limiter
            )
        finally:
            door.leave()

    return show


def _shown(
    page: PageOf, api: Api, ways: Ways, headers: Headers, path: str, given: Headers, query: Headers
) -> Response[str]:
    """Return a page, or a part of it, for whoever is signed in."""
    visit = _visit(api, ways, headers, path, given, query)
    if isinstance(visit, Response):
        return visit
    for verb in page.asks:
        require_role(visit.caller, verbs()[verb])
    part = query.get("part", "")
    # what happens while the page is made is told once it listens: the cursor is older than what it shows
    cursor = "" if part else visit.brain.changes(after="newest", limit=1).next
    values: dict[str, Any] = {
        "visit": visit,
        "title": page.title,
        "pages": [each for each in PAGES if each.listed and all(map(visit.may, each.asks))],
        "ranges": list(RANGES),
        "cursor": cursor,
        "waiting": lambda: len(needs(visit)),
        **page.values(visit),
    }
    if "download" in query and "markdown" in values:
        named = {"content-disposition": f'attachment; filename="{re.sub("[^A-Za-z0-9.-]", "-", values["file"])}"'}
        return Response(values["markdown"](), headers={**HEADERS, **named}, media_type="text/markdown")
    return html(rendered(page.template, values, part))


def _visit(api: Api, ways: Ways, headers: Headers, path: str, given: Headers, query: Headers) -> Visit | Response[str]:
    """Return who looks at a page; who is not signed in goes to sign in, and comes back."""
    secret = sign_in_secret(ways, headers)
    try:
        caller = api.caller(_placed(headers, query.get("namespace")))
    except Trouble as error:
        if error.status != 401:
            raise
        caller = None
    if caller is None or caller.signed is None or secret is None:
        here = path + ("?" + "&".join(f"{quote(name)}={quote(said)}" for name, said in query.items()) if query else "")
        return html("", 303, location=f"/sign-in?next={quote(here)}", hx_redirect=f"/sign-in?next={quote(here)}")
    return Visit(caller, path, given, query, api.now(), csrf_of(secret))


def _export(api: Api, ways: Ways, door: Door) -> HTTPRouteHandler:
    @get("/audit.jsonl", include_in_schema=False, exception_handlers={Exception: _wrong})
    async def export(request: Browser) -> Stream | Response[str]:
        query = {name: str(said) for name, said in request.query_params.items()}
        door.enter()
        try:
            visit = await to_thread.run_sync(
                _visit, api, ways, dict(request.headers), request.url.path, {}, query, limiter=door.limiter
            )
        finally:
            door.leave()
        if isinstance(visit, Response):
            return visit
        named = {"cache-control": "no-store", "content-disposition": 'attachment; filename="audit.jsonl"'}
        return Stream(exported(visit), media_type="application/x-ndjson", headers=named)

    return export


def _placed(headers: Headers, namespace: str | None) -> dict[str, str]:
    return {**headers, "brainops-namespace": namespace} if namespace else dict(headers)


def _act(api: Api, door: Door) -> HTTPRouteHandler:
    @post("/act/{verb:str}", status_code=200, include_in_schema=False, exception_handlers={Exception: _wrong})
    async def act(request: Browser, verb: FromPath[str]) -> Response[str]:
        door.enter()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                form = {name: str(said) for name, said in (await request.form()).items()}
            headers = dict(request.headers)
            return await to_thread.run_sync(_acted, verb, api, headers, form, limiter=door.limiter)
        finally:
            door.leave()

    return act


def _acted(name: str, api: Api, headers: Headers, form: Headers) -> Response[str]:
    """Call a verb with the fields of a form, and say what was done and what undoes it.

    What begins with an underscore is said to the page and not to the verb: the namespace, the digest of what was shown.
    """
    done, verb = ACTS.get(name), verbs().get(name)
    if done is None or verb is None:
        raise NotFound(f"no page does {name[:60]!r}")
    told = {
        **_placed(headers, form.get("_namespace")),
        CSRF: form.get("_csrf", ""),
        **({"brainops-digest": form["_digest"]} if form.get("_digest") else {}),
    }
    caller: Caller = api.known("POST", told)
    if caller.signed is None:
        raise Trouble(401, "Unauthenticated", "nobody is signed in on this page any more", "sign in, and do it again")
    given = {field: [said] for field, said in form.items() if not field.startswith("_") and said != ""}
    answer = api.answer(verb, caller, told, given, b"")
    if "hx-request" not in headers:
        return html("", 303, location=inside(form.get("_back")))
    # what undoes it takes fields of the form, or of what was answered: the id of what was just made
    answered = from_json(Any, answer.body) if answer.body else None
    fields: dict[str, str] = {}
    found: Mapping[str, Any] = answered if isinstance(answered, dict) else {}
    for field, _, of in (each.partition("=") for each in done.takes):
        fields[field] = str(form.get(field) or found.get(of or field) or "")
    values = {"done": done, "fields": {**fields, **done.gives}, "form": form, "answer": answered}
    shown = rendered(done.shows, values) if done.shows else ""
    return html(rendered("done.html", values) + shown, hx_trigger="acted")


def _client() -> HTTPRouteHandler:
    @get("/client/brainops.js", include_in_schema=False, sync_to_thread=False)
    def client() -> Response[bytes]:
        """Lead to the JavaScript client as it is now; where it lies, it stays the same for good."""
        return Response(b"", status_code=302, headers={"location": assets()["brainops.js"].address, **FOR_NOW})

    return client


def _static() -> HTTPRouteHandler:
    @get("/static/{digest:str}/{name:str}", include_in_schema=False, sync_to_thread=False)
    def static(request: Browser, digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        found = assets().get(name)
        if found is None or found.address != f"/static/{digest}/{name}":
            raise NotFound("there is no such file; load the page again")
        packs = "gzip" in request.headers.get("accept-encoding", "")
        body, packing = (found.packed, {"content-encoding": "gzip"}) if packs else (found.body, {})
        return Response(body, headers={**FOR_GOOD, **packing}, media_type=found.kind)

    return static


def _wrong(request: Browser, error: Exception) -> Response[str]:
    """Say what went wrong where it went wrong: in place of what was acted on, or as a page."""
    if isinstance(error, HTTPException):
        error = Trouble(error.status_code, "BadRequest", error.detail, "go back, and load the page again")
    request_id = str(request.scope["state"].get("request_id", ""))
    found, headers = problem(error, request_id)
    if not isinstance(error, Trouble | BrainOpsError):
        log.error("unexpected", exc_info=error, extra={"request_id": request_id})
    template = "wrong.html" if "hx-request" in request.headers else "problem.html"
    values = {"problem": found, "proves": found.type == "ApprovalUnproven", "back": _from(request)}
    named = {name.replace("-", "_"): said for name, said in headers.items()}
    return html(rendered(template, values), found.status, **named)


def _from(request: Browser) -> str:
    """Return the page that something was done on, to come back to after signing in anew."""
    at = request.headers.get("hx-current-url") or request.headers.get("referer") or ""
    path = "/" + at.partition("://")[2].partition("/")[2]
    return inside(path)
