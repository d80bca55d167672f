"""How is a server asked over HTTP: once, in bounded time and size, and nowhere that the caller does not allow?

Everything that BrainOps itself sends over HTTP leaves here, with the same proxies, redirects and time-outs.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from brainops.errors import InvalidInput, StepFailed
from brainops.types import JSON

READ_BYTES = 16_384
MAX_RETRY_AFTER_SECONDS = 3_600.0
USER_AGENT = "brainops"
REDIRECTS = (301, 302, 303, 307, 308)
PASSING = (408, 425, 429)  # of the 4xx, those that another attempt can help


class Origin(NamedTuple):
    """Whom an address belongs to: credentials for one are never sent to another."""

    scheme: str
    host: str
    port: int


class Proxy(NamedTuple):
    """The server that asks in our place, and what it wants to be told for that."""

    host: str
    port: int
    headers: Mapping[str, str]


class Request(Struct, frozen=True, kw_only=True):
    """One request, its redirects aside; the names of headers are in lower case."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes | None = None


class Response(Struct, frozen=True, kw_only=True):
    """What came back: the body up to the limit, and whether it was longer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool

    @property
    def text(self) -> str:
        """Return the body as text; what is no UTF-8 is replaced."""
        return self.body.decode(errors="replace")

    @property
    def passing(self) -> bool:
        """Say whether the status is that of a fault that another attempt may not meet."""
        return self.status in PASSING or self.status >= 500

    @property
    def retry_after_seconds(self) -> float | None:
        """Return how long the server asks to wait before another attempt, None where it does not say."""
        return retry_after(self.headers.get("retry-after"), time.time())


def ask(
    request: Request,
    *,
    seconds: float,
    most_bytes: int,
    allowed: Callable[[str], None] = lambda _: None,
    redirects: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
    private: Collection[str] | None = None,
) -> Response:
    """Send a request and return the answer, whatever its status; at most `most_bytes` of its body are read.

    `allowed` raises for an address that may not be asked. Up to `redirects` are followed: of GET and HEAD only, each to
    an address that is allowed, with headers to the same origin only; with none, a redirect is an answer like another.
    Proxies are those of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY). Where `private` names hosts
    that may lie in a private range, a name is resolved once and no other is asked there (`connect`); a proxy resolves
    for itself. Raises StepFailed, which repeats nothing of what was sent or answered: an address, a header or an echo
    may hold a secret.
    """
    deadline = time.monotonic() + seconds
    for _ in range(redirects + 1):
        origin = origin_of(request.url)
        allowed(request.url)
        response = _asked(request, origin, most_bytes, deadline, cancelled, private)
        location = response.headers.get("location")
        moved = request.method in ("GET", "HEAD") and response.status in REDIRECTS and location
        if not moved or not redirects:
            return response
        there = urljoin(request.url, location)
        if origin_of(there) != origin:  # none of the caller's headers but this says nothing of who asks
            request = replace(request, headers={"accept": request.headers.get("accept", "*/*")})
        request = replace(request, url=there)
    raise _failed(f"more than {redirects} redirects", "TooManyRedirects", retryable=False)


def origin_of(url: str) -> Origin:
    """Return scheme, host and port of an address. Raises StepFailed where it is none of HTTP."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _failed("the address has no valid host and port", "InvalidURL", retryable=False) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _failed("an address begins with http:// or https:// and names a host", "InvalidURL", retryable=False)
    return Origin(parts.scheme, parts.hostname, port)


def proxy_of(origin: Origin) -> Proxy | None:
    """Return the proxy that the environment names for an origin, None where it is asked directly."""
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    proxies = getproxies_environment()
    said = proxies.get(origin.scheme) or proxies.get("all")
    if not said or proxy_bypass_environment(f"{origin.host}:{origin.port}", proxies):
        return None
    url = said if "://" in said else f"http://{said}"
    if not url.lower().startswith("http://"):
        raise _failed(
            f"the proxy that the environment names for {origin.scheme}:// does not speak HTTP: name it as "
            f"http://host:port, or name {origin.host} in NO_PROXY",
            "InvalidProxy",
            retryable=False,
        )
    _, host, port = origin_of(url)
    who, known, _ = urlsplit(url).netloc.rpartition("@")
    credentials = base64.b64encode(unquote(who).encode()).decode()
    return Proxy(host, port, {"proxy-authorization": f"Basic {credentials}"} if known else {})


def connection_to(origin: Origin, proxy: Proxy | None, seconds: float) -> http.client.HTTPConnection:
    """Return a connection, not opened yet, by which an origin is asked: through a tunnel of its proxy where it is TLS.

    Else a proxy is asked for the whole address, and with its own headers.
    """
    host, port = (proxy.host, proxy.port) if proxy else (origin.host, origin.port)
    if origin.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=seconds)
    connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    if proxy:
        connection.set_tunnel(origin.host, origin.port, headers=dict(proxy.headers))
    return connection


def retry_after(said: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number of them, or a date (RFC 9110, 10.2.3)."""
    if said is None:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", said.strip()):
        return min(float(said), MAX_RETRY_AFTER_SECONDS)
    try:
        at = email.utils.parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, at - now), MAX_RETRY_AFTER_SECONDS)


def _failed(what: str, kind: str, *, retryable: bool = True) -> StepFailed:
    return StepFailed(what, kind=kind, retryable=retryable)


def private_hosts(given: object) -> list[JSON]:
    """Return the hosts that a setting names as those that may lie in a private range. Raises InvalidInput."""
    hosts = given or []
    if not isinstance(hosts, (list, tuple)) or not all(isinstance(host, str) and host.strip() for host in hosts):
        raise InvalidInput('private is a list of hosts that may lie in a private range, such as ["hooks.internal"]')
    return list(hosts)


def connect(host: str, port: int, seconds: float, private: Collection[str]) -> socket.socket:
    """Return a connection to a host whose name is resolved once, so that it cannot be another one a moment later.

    An address of a private range (of this machine, its network, its cloud's metadata) is refused unless `private`
    names the host. Raises OSError, StepFailed.
    """
    found = [each[4] for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found if host not in private else ():
        given = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if not (getattr(given, "ipv4_mapped", None) or given).is_global or given.is_multicast:
            raise _failed(
                f"{host} lies in a private range; whoever set this up may name it as one that may (private)",
                "PrivateAddress",
                retryable=False,
            )
    until, last = time.monotonic() + seconds, OSError(f"{host} has no address")
    for address in found:
        try:
            return socket.create_connection((str(address[0]), port), max(0.1, until - time.monotonic()))
        except OSError as error:
            last = error
    raise last


def _asked(
    request: Request,
    origin: Origin,
    most_bytes: int,
    deadline: float,
    cancelled: Callable[[], bool],
    private: Collection[str] | None,
) -> Response:
    proxy = proxy_of(origin)
    headers = {name.title(): value for name, value in {"user-agent": USER_AGENT, **request.headers}.items()}
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: http.client.HTTPConnection | None = None
    try:
        left = _left(deadline, cancelled)
        connection = connection_to(origin, proxy, left)
        if proxy and origin.scheme == "http":
            path = f"http://{parts.netloc.rpartition('@')[2]}{path}"
            headers |= proxy.headers
        if private is not None and proxy is None:
            connected = connect(origin.host, origin.port, left, private)
            connection.sock = _encrypted(connected, origin.host) if origin.scheme == "https" else connected
        connection.request(request.method, path, body=request.body, headers=headers)
        return _read(connection, most_bytes, deadline, cancelled)
    except TimeoutError:
        raise _failed(f"{origin.host} did not answer in time", "TimeoutError") from None
    except OSError as error:
        kind = type(error).__name__
        raise _failed(f"{origin.host} could not be asked: {kind}: {error.strerror or error}", kind) from None
    except (http.client.HTTPException, ValueError) as error:
        kind, hopeless = type(error).__name__, isinstance(error, (http.client.InvalidURL, ValueError))
        raise _failed(f"{origin.host} could not be asked: {kind}", kind, retryable=not hopeless) from None
    finally:
        if connection is not None:
            connection.close()


def _encrypted(connected: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
    except OSError:
        connected.close()
        raise


def _read(
    connection: http.client.HTTPConnection, most_bytes: int, deadline: float, cancelled: Callable[[], bool]
) -> Response:
    answer = connection.getresponse()
    body = bytearray()
    while len(body) <= most_bytes and (part := answer.read1(READ_BYTES)):
        body += part
        left = _left(deadline, cancelled)
        if isinstance(connection.sock, socket.socket):  # none once the server has closed its side
            connection.sock.settimeout(left)
    return Response(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.getheaders()},
        body=bytes(body[:most_bytes]),
        cut=len(body) > most_bytes,
    )


def _left(deadline: float, cancelled: Callable[[], bool]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if cancelled():
        raise _failed("the request was given up because the run was stopped", "Cancelled", retryable=False)
    return left


def is_loopback(host: str) -> bool:
    """Say whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
