"""How does a person sign in at this server, show again who they are, and sign out? And who is signed in?"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from litestar import MediaType, Request, Response, get, route
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from brainops.dashboard.html import HEADERS, html, rendered
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven
from brainops.server.api import Api
from brainops.server.door import BODY_SECONDS, Door
from brainops.server.people import SignedInHere, Ways, cookie_of, csrf_of, require_csrf, sign_in_secret, signed_in
from brainops.server.problem import STATUS, Trouble
from brainops.types import Claims, KeyProof, SignedIn, SignInKind, TerminalProof
from brainops.types.people import FLOW_SECONDS, SIGNED_IN_SECONDS
from brainops.wire import to_json

FLOW = "brainops-flow"  # the cookie of somebody who is on the way to a provider and back
HOME = "/"
KEY = "bok_"  # how a personal key begins

_INSIDE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]{0,499}")

Said = Mapping[str, str]


class Shown(Struct, frozen=True, kw_only=True):
    """What a browser is told: a page, or where to go, and which cookies it keeps; an empty one is taken away."""

    text: str = ""
    to: str = ""
    cookies: Mapping[str, str] = {}


class SignInPages:
    """The pages of one server, by which people come in and go."""

    def __init__(self, engine: Engine, api: Api, ways: Ways) -> None:
        self._engine = engine
        self._api = api
        self._ways = ways

    def who(self, headers: Said) -> SignedInHere:
        """Return who is signed in, and what they may. Raises Trouble (401)."""
        secret = sign_in_secret(self._ways, headers)
        if secret is None:
            raise _signed_out()
        signed = signed_in(self._engine, self._ways, headers, secret)
        try:
            caller = self._api.caller(headers)
        except Trouble as error:  # a person whom nobody gave a role there is signed in all the same
            if error.status != 403:
                raise
            caller = None
        settings = caller.brain.settings if caller else None
        return SignedInHere(
            name=signed.person.name,
            namespace=settings.namespace if settings else None,
            role=caller.role if caller else None,
            read=settings.read if settings else (),
            roles=signed.person.roles,
            sign_in=signed.sign_in,
            csrf=csrf_of(secret),
        )

    def page(self, headers: Said, query: Said, _: Said) -> Shown:
        """Show who is signed in, or the ways to sign in; whom a trusted proxy names is signed in by coming here."""
        to, link = inside(query.get("next")), query.get("link", "")
        proxy = self._ways.proxy
        if proxy is not None and headers.get(proxy.header) and self._signed(headers) is None:
            said = headers[proxy.header]
            groups = tuple(each.strip() for each in headers.get(proxy.groups, "").split(",") if each.strip())
            now = self._engine.store.now()
            claims = Claims(issuer="proxy", subject=said, email=said if "@" in said else "", groups=groups, at=now)
            return self._begun(self._sign_ins.by_server(SignInKind.PROXY, claims, self._ways.secret), to)
        if signed := self._signed(headers):
            return Shown(text=self._greeting(signed, sign_in_secret(self._ways, headers) or "", to))
        forms = [_form("link", "Sign in by this link", link=link, next=to)] if link else []
        links = [(f"/sign-in/oidc?next={quote(to)}", "Sign in")] if self._ways.provider is not None else []
        return Shown(text=_page("Sign in", forms, links, hint=not forms and not links))

    def by_link(self, headers: Said, _: Said, form: Said) -> Shown:
        """Sign in by a link that the server, or `brainops people link`, printed."""
        return self._begun(self._sign_ins.by_link(form.get("link", "")), inside(form.get("next")))

    def to_provider(self, headers: Said, query: Said, _: Said) -> Shown:
        """Send somebody to the provider; what comes back fits what this browser keeps."""
        provider = self._ways.provider
        if provider is None:
            raise _nothing()
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        again = query.get("again") == "1"
        kept = {"nonce": nonce, "verifier": verifier, "next": inside(query.get("next")), "again": again}
        state = self._sign_ins.flow(kept)
        there = provider.address(self._back, state=state, nonce=nonce, verifier=verifier, again=again)
        return Shown(to=there, cookies={FLOW: _bound(state)})

    def from_provider(self, headers: Said, query: Said, _: Said) -> Shown:
        """Sign somebody in who comes back from the provider with a code."""
        provider, state = self._ways.provider, query.get("state", "")
        if provider is None:
            raise _nothing()
        kept = cookie_of(headers, self._ways.cookie(FLOW)) or ""
        if not hmac.compare_digest(kept.encode(), _bound(state).encode()):
            raise ApprovalUnproven("this browser did not begin that sign-in; begin again: /sign-in")
        said = self._sign_ins.back(state)
        if query.get("iss", provider.issuer) != provider.issuer or not query.get("code"):
            raise ApprovalUnproven("the provider did not let you in; sign in again: /sign-in")
        claims = provider.claims(
            self._back,
            code=query["code"],
            nonce=str(said["nonce"]),
            verifier=str(said["verifier"]),
            again=bool(said["again"]),
            now=self._engine.store.now() / 1e6,
        )
        begun = self._sign_ins.by_server(SignInKind.OIDC, claims, self._ways.secret)
        return self._begun(begun, inside(str(said["next"])), **{FLOW: ""})

    def prove(self, headers: Said, _: Said, form: Said) -> Shown:
        """Show by a passphrase, or a key of one's own, that it is still the same person."""
        secret, said = self._of_form(headers, form), form.get("secret", "")
        name = signed_in(self._engine, self._ways, headers, secret).person.name
        proof = KeyProof(key=said) if said.startswith(KEY) else TerminalProof(approver=name, passphrase=said)
        self._sign_ins.prove(secret, self._engine.prove(proof, None, ()).id)
        return Shown(to=inside(form.get("next")))

    def out(self, headers: Said, _: Said, form: Said) -> Shown:
        """Sign out."""
        secret = self._of_form(headers, form)
        self._sign_ins.end(secret)
        return Shown(to="/sign-in", cookies={"brainops": ""})

    @property
    def _sign_ins(self) -> Any:
        return self._engine.services(self._engine.settings).sign_ins

    @property
    def _back(self) -> str:
        return f"{self._ways.url}/sign-in/back"

    def _signed(self, headers: Said) -> SignedIn | None:
        secret = sign_in_secret(self._ways, headers)
        try:
            return signed_in(self._engine, self._ways, headers, secret) if secret else None
        except Trouble:
            return None

    def _of_form(self, headers: Said, form: Said) -> str:
        """Return the secret of the sign-in that a form of ours is sent with. Raises Trouble."""
        secret = sign_in_secret(self._ways, headers)
        if secret is None:
            raise _signed_out()
        require_csrf(secret, form.get("csrf"))
        return secret

    def _begun(self, signed: SignedIn, to: str, **cookies: str) -> Shown:
        return Shown(to=to, cookies={"brainops": signed.secret, **cookies})

    def _greeting(self, signed: SignedIn, secret: str, to: str) -> str:
        csrf = csrf_of(secret)
        links = [(to, "Go on")]
        if signed.sign_in.kind is SignInKind.OIDC:
            links.append((f"/sign-in/oidc?again=1&next={quote(to)}", "Sign in again, to approve"))
        forms = [
            _form("prove", "Show that it is you, to approve", csrf=csrf, next=to),
            _form("out", "Sign out", csrf=csrf, next=to),
        ]
        return _page(f"Signed in as {signed.person.name}", forms, links)


def sign_in_routes(engine: Engine, api: Api, ways: Ways, door: Door, strangers: Door) -> list[HTTPRouteHandler]:
    """Return what people sign in and out by, and whom anybody asks who they are.

    Who signs in comes by the door for `strangers`: nobody knows them yet, and a provider may be slow. It keeps nobody
    waiting whose request needs neither.
    """
    pages = SignInPages(engine, api, ways)
    steps: Mapping[tuple[str, str], Callable[[Said, Said, Said], Shown]] = {
        ("GET", ""): pages.page,
        ("POST", "link"): pages.by_link,
        ("GET", "oidc"): pages.to_provider,
        ("GET", "back"): pages.from_provider,
        ("POST", "prove"): pages.prove,
        ("POST", "out"): pages.out,
    }

    @get("/sign-in/who", include_in_schema=False)
    async def who(request: Request[Any, Any, Any]) -> Response[bytes]:
        found = await to_thread.run_sync(pages.who, dict(request.headers), limiter=door.limiter)
        return Response(to_json(found), media_type=MediaType.JSON, headers={"cache-control": "no-store"})

    async def asked(request: Request[Any, Any, Any], step: str) -> Response[str]:
        work = steps.get((request.method, step))
        if work is None:
            raise _nothing()
        query, form = {name: str(value) for name, value in request.query_params.items()}, {}
        strangers.enter()
        try:
            if request.method == "POST":
                async with asyncio.timeout(BODY_SECONDS):
                    form = {name: str(value) for name, value in (await request.form()).items()}
            shown = await to_thread.run_sync(work, dict(request.headers), query, form, limiter=strangers.limiter)
        except (ApprovalUnproven, Trouble) as error:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            status = error.status if isinstance(error, Trouble) else STATUS[ApprovalUnproven]
            return html(_page("Not signed in", [], [("/sign-in", "Sign in")], why=str(error)), status)
        finally:
            strangers.leave()
        return _response(shown, ways)

    @route("/sign-in", http_method=["GET"], include_in_schema=False)
    async def sign_in(request: Request[Any, Any, Any]) -> Response[str]:
        return await asked(request, "")

    @route("/sign-in/{step:str}", http_method=["GET", "POST"], include_in_schema=False)
    async def sign_in_step(request: Request[Any, Any, Any], step: FromPath[str]) -> Response[str]:
        return await asked(request, step)

    return [who, sign_in, sign_in_step]


def inside(path: str | None) -> str:
    """Return where somebody goes on: within this server, whatever was asked for."""
    return path if path and _INSIDE.fullmatch(path) else HOME


def _response(shown: Shown, ways: Ways) -> Response[str]:
    kept = [
        Cookie(
            key=ways.cookie(name),
            value=value,
            path="/",
            httponly=True,
            secure=ways.secure,
            samesite="lax",
            max_age=(int(FLOW_SECONDS) if name == FLOW else SIGNED_IN_SECONDS) if value else 0,
        )
        for name, value in shown.cookies.items()
    ]
    if shown.to:
        return Response("", status_code=303, headers={**HEADERS, "location": shown.to}, cookies=kept)
    return Response(shown.text, headers=HEADERS, cookies=kept, media_type=MediaType.HTML)


def _bound(state: str) -> str:
    """Return what the browser keeps of a state: who reads an address in a log, or in a history, does not have it."""
    return hashlib.sha256(f"flow {state}".encode()).hexdigest()


class _Form(Struct, frozen=True):
    step: str
    label: str
    fields: Mapping[str, str]


def _form(step: str, label: str, **fields: str) -> _Form:
    return _Form(step, label, fields)


def _page(
    title: str, forms: Sequence[_Form], links: Sequence[tuple[str, str]], *, hint: bool = False, why: str = ""
) -> str:
    values = {"title": title, "forms": forms, "links": links, "hint": hint, "why": why}
    return rendered("sign_in.html", values)


def _signed_out() -> Trouble:
    return Trouble(401, "SignedOut", "nobody is signed in", "sign in: /sign-in", www_authenticate="Cookie")


def _nothing() -> Trouble:
    return Trouble(404, "NotFound", "there is no such page", "people sign in at /sign-in")
