"""Who is the person behind a request, by the cookie of their sign-in, and what may they ask for?"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from brainops.engine import Engine
from brainops.errors import ApprovalUnproven, InvalidConfiguration
from brainops.server.problem import Trouble
from brainops.types import Role, RoleGrant, SignedIn, SignIn, SignInKind
from brainops.types.people import PROVEN_SECONDS
from brainops.types.times import SECOND_MICROS

if TYPE_CHECKING:
    from brainops.server.oidc import Provider

CSRF = "x-csrf-token"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrustedProxy(Struct, frozen=True, kw_only=True):
    """A proxy that has signed people in: the header that says whom, that of their groups, and from where it counts."""

    header: str
    networks: tuple[Network, ...]
    groups: str = ""

    def named(self, address: str | None) -> bool:
        """Say whether an address is one of the proxy's."""
        try:
            peer = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        return any(peer in network for network in self.networks)


class Ways(Struct, frozen=True, kw_only=True):
    """How people sign in at a server: at which address, by whose word, and the secret by which that counts."""

    url: str = "http://127.0.0.1:8321"
    secret: str = ""
    provider: Provider | None = None
    proxy: TrustedProxy | None = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.url.startswith("https://")

    @property
    def leads_elsewhere(self) -> bool:
        """Whether others than who sits at this machine come in by it."""
        return bool(self.provider or self.proxy) or urlsplit(self.url).hostname not in LOOPBACK

    def cookie(self, name: str = "brainops") -> str:
        """Return the name of a cookie; over TLS nobody but this host can have set one of that name."""
        return f"__Host-{name}" if self.secure else name


class SignedInHere(Struct, frozen=True, kw_only=True):
    """Who is signed in at a browser: what they may ask for where they are, and all of their roles.

    `csrf` is what goes along with every act of a page (X-CSRF-Token).
    """

    name: str
    namespace: str | None
    role: Role | None
    read: Sequence[str]
    roles: Sequence[RoleGrant]
    sign_in: SignIn
    csrf: str


def ways_of(url: str, secret: str, provider: Provider | None, proxy: tuple[str, str, Sequence[str]] | None) -> Ways:
    """Return the ways of a server; raise InvalidConfiguration where others could say who somebody is."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise InvalidConfiguration(f"people sign in over https, and {url!r:.80} is not: name the address with --url")
    if (provider or proxy) and not secret:
        raise InvalidConfiguration(
            "the word of this server on who signed in counts nowhere yet: brainops people trust-server gives it a "
            "secret, which stands in BRAINOPS_SIGN_IN_SECRET"
        )
    trusted = None
    if proxy is not None:
        header, groups, addresses = proxy
        try:
            networks = tuple(ipaddress.ip_network(each) for each in addresses)
        except ValueError as error:
            raise InvalidConfiguration(f"a proxy is named by its address or network: {error}") from None
        if not networks:
            raise InvalidConfiguration("a header says who somebody is only from named addresses: --proxy-from")
        trusted = TrustedProxy(header=header.lower(), groups=groups.lower(), networks=networks)
    return Ways(url=url.rstrip("/"), secret=secret, provider=provider, proxy=trusted)


def without_others_word(ways: Ways, app: ASGIApp) -> ASGIApp:
    """Return the application for which nobody but the trusted proxy says who somebody is."""
    proxy = ways.proxy
    if proxy is None:
        return app
    words = {proxy.header.encode(), proxy.groups.encode()}

    async def stripped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and not proxy.named((scope.get("client") or (None,))[0]):
            scope["headers"] = [each for each in scope["headers"] if each[0].lower() not in words]
        await app(scope, receive, send)

    return stripped


def sign_in_secret(ways: Ways, headers: Mapping[str, str]) -> str | None:
    """Return the secret of the sign-in whose cookie came; a key that is shown goes before."""
    if "authorization" in headers or "x-api-key" in headers:
        return None
    return cookie_of(headers, ways.cookie())


def cookie_of(headers: Mapping[str, str], name: str) -> str | None:
    """Return a cookie; None where there is none. Ours need no quotes, and others' may be anything up to a ;."""
    pairs = (each.strip().partition("=") for each in headers.get("cookie", "").split(";"))
    return next((value for key, _, value in pairs if key == name and value), None)


def csrf_of(secret: str) -> str:
    """Return what a page of ours says along with an act: only it can know that, since no script reads the cookie."""
    return hashlib.sha256(f"csrf {secret}".encode()).hexdigest()


def require_csrf(secret: str, said: str | None) -> None:
    """Raise Trouble (403) unless an act comes from a page of ours."""
    if not hmac.compare_digest(csrf_of(secret).encode(), (said or "").encode()):
        raise Trouble(
            403,
            "CsrfDenied",
            "nothing shows that this came from a page of this server",
            "send what GET /sign-in/who says as csrf along with it: X-CSRF-Token, or a form's field csrf",
        )


def signed_in(engine: Engine, ways: Ways, headers: Mapping[str, str], secret: str) -> SignedIn:
    """Return who is signed in by a cookie. Raises Trouble (401)."""
    try:
        found = engine.signed_in_by(secret)
    except ApprovalUnproven as error:
        raise _signed_out(str(error)) from None
    proxy = ways.proxy
    if found.sign_in.kind is SignInKind.PROXY and (proxy is None or headers.get(proxy.header) != found.person.subject):
        raise _signed_out("the proxy does not say any more that it is you")
    return found


def role_of(engine: Engine, signed: SignedIn, namespace: str, *, open_to_this_machine: bool) -> Role | None:
    """Return what somebody who is signed in may do in a namespace.

    Who came by a link of a server that is this machine's alone, and was given no role of their own, sees its terminal:
    they may there what may be done on it. What takes a proof takes one all the same.
    """
    here = (engine.settings.namespace, *engine.settings.read)
    if open_to_this_machine and sees_terminal(signed) and namespace in here:
        return Role.ADMIN
    return signed.person.role_in(namespace)


def sees_terminal(signed: SignedIn) -> bool:
    """Say whether somebody came by a link, and is nobody whose roles are said."""
    return signed.sign_in.kind is SignInKind.LINK and not signed.person.roles


def is_recent(engine: Engine, signed: SignedIn) -> bool:
    """Say whether it was shown recently who somebody is."""
    proven = signed.sign_in.proven_at
    return proven is not None and engine.store.now() - proven <= PROVEN_SECONDS * SECOND_MICROS


def _signed_out(why: str) -> Trouble:
    return Trouble(401, "SignedOut", why, "sign in: /sign-in", www_authenticate="Cookie")
