"""How does an MCP server over HTTP get the guard in front of its tools? By a proxy here that passes bytes on.

Each request goes to the server as it came, and each answer to the client as it stands: headers, status, streams of
events, in whichever revision of the protocol. Only requests that call a tool are looked at, each with its own answer.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urljoin, urlsplit, urlunsplit

from brainops.errors import InvalidInput
from brainops.mcp.proxy import CHUNK_BYTES, READ_BYTES, STREAMED_BYTES, Guarding, problem
from brainops.net import REDIRECTS, Origin, connection_to, is_loopback, origin_of, proxy_of

CONNECT_SECONDS = 30.0
GONE_SECONDS = 0.5  # after which it is looked whether a client that waits is still there
MOST_AT_ONCE = 256  # connections of clients
MOST_SESSIONS = 10_000  # whose agent is known; of one beyond them it is as if it had not said its name
SESSION = "mcp-session-id"
OF_A_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    " upgrade host content-length expect".split()
)


class HttpProxy(ThreadingHTTPServer):
    """Listens on this machine, and stands in front of one server."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], origin: Origin, guarding: Guarding) -> None:
        """Listen at an address for what goes to an origin. Raises InvalidInput where others reach that, and OSError."""
        if not is_loopback(address[0]):
            raise InvalidInput(
                "a proxy listens on this machine alone (127.0.0.1, localhost): it asks nobody who they are"
            )
        self.origin = origin
        self.proxy = proxy_of(origin)
        self.guarding = guarding
        self._agents: dict[str, str] = {}
        self._room = threading.BoundedSemaphore(MOST_AT_ONCE)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Passage)

    def conversation(self, session: str | None) -> Guarding:
        """Return what looks at one request of a session."""
        return self.guarding.beside(self._agents.get(session or "", ""))

    def remember(self, session: str, agent: str) -> None:
        """Keep who began a session, which later requests of it do not say."""
        self._agents[session] = agent
        if len(self._agents) > MOST_SESSIONS:
            del self._agents[next(iter(self._agents))]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, or none where there are too many."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class _SentAway(ValueError):
    """A server sends its clients to another one."""


class _Passage(BaseHTTPRequestHandler):
    """One client's connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer's head goes with the beginning of its body
    server: HttpProxy
    _begun = False  # whether the client has something of the server's answer

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # whatever method a client uses
            return self._pass_on
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Write no log: an address may hold a secret."""

    def _pass_on(self) -> None:
        if refused := self._refused():
            self._answer(refused[0], problem(None, -32600, refused[1]))
            return
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self._begun = False
        guarding = self.server.conversation(self.headers.get(SESSION))
        answer = guarding.asked(body) if self.command == "POST" else None
        if answer is not None:
            status = 400 if answer and "error" in json.loads(answer.splitlines()[0]) else 200
            self._answer(status if answer else 202, answer)
            return
        try:
            with closing(connection_to(self.server.origin, self.server.proxy, CONNECT_SECONDS)) as connection:
                self._exchange(connection, body, guarding)
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close_connection = True
            if not self._begun:
                self._unreachable(body, guarding, error)
        finally:
            guarding.end()

    def _refused(self) -> tuple[int, str] | None:
        """Return what is wrong with a request before its body: a page that a browser shows may send one, too."""
        host, origin = self.headers.get("host", ""), self.headers.get("origin")
        if not _is_here(host) or origin not in (None, f"http://{host}"):
            self.close_connection = True
            return 403, "the proxy is asked by programs of this machine, by its own address, alone"
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not length.isdecimal():
            self.close_connection = True
            return 411, "send the body with its length (Content-Length)"
        if int(length) > READ_BYTES:
            self.close_connection = True
            return 413, f"a request has at most {READ_BYTES:,} bytes"
        return None

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes, guarding: Guarding) -> None:
        origin, proxy = self.server.origin, self.server.proxy
        through = proxy is not None and origin.scheme == "http"
        connection.putrequest(
            self.command, f"http://{_host(origin)}{self.path}" if through else self.path,
            skip_host=True, skip_accept_encoding=True,
        )  # fmt: skip
        connection.putheader("Host", _host(origin))
        for name, value in self.headers.items():
            if name.lower() == "origin":  # it is that of this place, where it came from
                connection.putheader(name, f"{origin.scheme}://{_host(origin)}")
            elif name.lower() not in OF_A_HOP and not (guarding.waits and name.lower() == "accept-encoding"):
                connection.putheader(name, value)
        for name, value in proxy.headers.items() if proxy is not None and through else ():
            connection.putheader(name, value)
        if body or "content-length" in self.headers:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        sock = cast(socket.socket, connection.sock)
        sock.settimeout(None)  # a tool may take its time; that its client went away is looked for
        done = threading.Event()
        threading.Thread(target=self._watch, args=(sock, done), daemon=True).start()
        try:
            with connection.getresponse() as response:
                if response.status in REDIRECTS:
                    self._stay(response)
                if (session := response.getheader(SESSION)) and guarding.agent:
                    self.server.remember(session, guarding.agent)
                self._relay(response, guarding)
        finally:
            done.set()

    def _stay(self, response: http.client.HTTPResponse) -> None:
        """Keep a client that is sent elsewhere at this address: there, nobody would look at its calls."""
        here = f"{self.server.origin.scheme}://{_host(self.server.origin)}"
        there = urljoin(f"{here}{self.path}", response.getheader("location") or "")
        if origin_of(there) != self.server.origin:
            raise _SentAway
        del response.headers["location"]
        response.headers["Location"] = urlunsplit(("", "", *urlsplit(there)[2:]))

    def _watch(self, upstream: socket.socket, done: threading.Event) -> None:
        """Hang up on the server where the client does: that is how it cancels what it asked for."""
        client = self.connection
        while not done.wait(GONE_SECONDS):
            with suppress(OSError, ValueError):
                if client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    continue
                upstream.shutdown(socket.SHUT_RDWR)
                return

    def _relay(self, response: http.client.HTTPResponse, guarding: Guarding) -> None:
        kind = (response.getheader("content-type") or "").partition(";")[0].strip().lower()
        parts = iter(lambda: response.read1(CHUNK_BYTES), b"")
        length = response.getheader("content-length")
        if guarding.waits and kind == "text/event-stream":
            parts, length = _events(parts, guarding), None
        elif guarding.waits and kind == "application/json":
            read, ended = _first(parts)
            parts = _recorded(read, parts, guarding)
            if ended and not response.length:
                whole = guarding.answered(read)
                parts, length = iter([whole]), str(len(whole))
        has_body = self.command != "HEAD" and response.status not in (204, 304)
        chunked = has_body and length is None and self.request_version != "HTTP/1.0"
        self._head(response, length, chunked=chunked)
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
                self.wfile.flush()
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        if response.length:
            self.close_connection = True  # the server broke off, and so does this

    def _head(self, response: http.client.HTTPResponse, length: str | None, *, chunked: bool) -> None:
        self._begun = True
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in OF_A_HOP:
                self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", length)
        elif chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if chunked:
            self.wfile.flush()  # a stream may say nothing for long

    def _unreachable(self, body: bytes, guarding: Guarding, error: Exception) -> None:
        elsewhere = isinstance(error, _SentAway)
        why = "it sends its clients to another address: name that one" if elsewhere else type(error).__name__
        said = f"{self.server.origin.host} could not be asked: {why}"
        asked = None
        with suppress(ValueError, RecursionError, AttributeError):
            asked = json.loads(body).get("id")
        self._answer(502, guarding.answered(problem(asked, -32603, said)))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        if body:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_here(host: str) -> bool:
    """Say whether a Host header names this machine, whatever stands in it."""
    with suppress(ValueError):
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    return False


def _host(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    usual = origin.port == (443 if origin.scheme == "https" else 80)
    return host if usual else f"{host}:{origin.port}"


def _first(parts: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return what comes first of an answer, and whether that is all of it."""
    read = bytearray()
    for part in parts:
        read += part
        if len(read) > STREAMED_BYTES:
            return bytes(read), False
    return bytes(read), True


def _recorded(read: bytes, parts: Iterator[bytes], guarding: Guarding) -> Iterator[bytes]:
    """Yield a long answer as it comes, and look at it once it is there."""
    yield read
    kept = bytearray(read)
    for part in parts:
        yield part
        if len(kept) <= READ_BYTES:
            kept += part
    if len(kept) <= READ_BYTES:
        guarding.answered(bytes(kept))


def _events(parts: Iterator[bytes], guarding: Guarding) -> Iterator[bytes]:
    """Yield a stream's events, that which answers the call as the guard has it; a long one before its end is there."""
    event, sent, kept = bytearray(), 0, True
    for part in parts:
        looked_at = max(0, len(event) - len(_END_OF_EVENT) - 1)
        event += part
        while found := _BLANK.search(event, looked_at):
            whole, event, looked_at = bytes(event[: found.end()]), event[found.end() :], 0
            if sent and kept and guarding.waits:
                guarding.answered(_data(whole))
            yield whole[sent:] if sent or not guarding.waits else _event(whole, guarding)
            sent, kept = 0, True
        if len(event) > STREAMED_BYTES:
            yield bytes(event[sent:])
            kept = kept and len(event) <= READ_BYTES
            if not kept:
                del event[: -len(_END_OF_EVENT)]
            sent = len(event)
    yield bytes(event[sent:])


_END_OF_EVENT = b"\r\n\r\n"
_BLANK = re.compile(rb"\r?\n\r?\n")


def _event(whole: bytes, guarding: Guarding) -> bytes:
    """Return an event with what the guard makes of its message, else as it was written."""
    data = _data(whole)
    answered = guarding.answered(data)
    if answered == data:
        return whole
    others = [line for line in whole.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join((*others, *(b"data: " + line for line in answered.split(b"\n")), b"", b""))


def _data(event: bytes) -> bytes:
    lines = (line[len(b"data:") :] for line in event.splitlines() if line.startswith(b"data:"))
    return b"\n".join(line.removeprefix(b" ") for line in lines)
