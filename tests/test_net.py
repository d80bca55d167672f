"""Is everything that BrainOps sends over HTTP sent in one way: through the same proxies, in bounded time and size?"""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from brainops import net
from brainops.brain import Brain
from brainops.embedding.endpoint import EndpointEmbedder
from brainops.errors import EmbedderUnavailable, StepFailed
from brainops.learning.signals.pages import page
from brainops.memory.redaction.policy import RedactionPolicy
from brainops.procedures.consent.channels import send
from brainops.types import AdapterKind, Channel, ChannelKind, StepKind
from tests.inside import inside
from tests.procedures.steps_kit import output_of

SECRET = "very-secret-value"


@dataclass
class Server:
    """A server of this machine: what it was asked, and how it answers."""

    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"fine"
    port: int = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("content-length") or 0))
        self.asked.append((handler.command, handler.path, {k.lower(): v for k, v in handler.headers.items()}))
        handler.send_response(self.status)
        for name, value in {"content-length": str(len(self.body)), **self.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(self.body)


def _tunnel(handler: BaseHTTPRequestHandler) -> None:
    """Carry bytes both ways between who asked and the server that CONNECT names."""
    host, _, port = handler.path.rpartition(":")
    with closing(socket.create_connection((host, int(port)), 10)) as there:
        handler.send_response(200)
        handler.end_headers()

        def carry(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        back = threading.Thread(target=carry, args=(there, handler.connection), daemon=True)
        back.start()
        carry(handler.connection, there)
        back.join(10)
    handler.close_connection = True


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server, behind TLS where it is given a certificate."""
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def started(*, proxy: bool = False, certificate: Path | None = None, **options: Any) -> Server:
        server = Server(**options)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def do_POST(self) -> None:
                server.answer(self)

            def do_CONNECT(self) -> None:
                server.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                _tunnel(self) if proxy else self.send_error(407)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        made.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            made.socket = context.wrap_socket(made.socket, server_side=True)
        server.port = made.server_address[1]
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((made, thread))
        return server

    yield started
    for made, thread in running:
        made.shutdown()
        made.server_close()
        thread.join(10)


@pytest.fixture
def brain() -> Iterator[Brain]:
    """Return a memory whose steps may reach any host."""
    with Brain.open(":memory:", model="none", background=False) as opened:
        opened.limits.allow(hosts=["*"])
        yield opened


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a certificate of 127.0.0.1 with its key, which this process trusts."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return file


def ask(url: str, **options: Any) -> net.Response:
    """Send a GET of ten seconds and of a thousand bytes at most."""
    headers: Mapping[str, str] = options.pop("headers", {})
    return net.ask(net.Request(url=url, headers=headers), **{"seconds": 10.0, "most_bytes": 1_000, **options})


def by_step(brain: Brain, url: str) -> None:
    output_of(brain, StepKind.HTTP, url=url)


def by_page(brain: Brain, url: str) -> None:
    page(inside(brain).context, url, 1_000)


def by_agent(brain: Brain, url: str) -> None:
    brain.agents.register("remote", adapter=AdapterKind.HTTP, settings={"url": url}, limits={"timeout_seconds": 10.0})
    brain.agents.execute("look", agent="remote")


def by_webhook(brain: Brain, url: str) -> None:
    channel = Channel(
        id="c1",
        namespace="default",
        name="hook",
        kind=ChannelKind.WEBHOOK,
        settings={"url": url},
        kinds=(),
        created_at=0,
        created_by=brain.settings.actor,
    )
    assert send(channel, {"id": "n1"}, RedactionPolicy()) == (True, None)


def by_embedder(brain: Brain, url: str) -> None:
    with suppress(EmbedderUnavailable):  # what it answers is no vector
        EndpointEmbedder(url, "tiny", dimensions=4).embed(["a"])


@pytest.mark.parametrize("send_by", [by_step, by_page, by_agent, by_webhook, by_embedder])
def test_everything_goes_through_the_proxy_of_the_environment(
    send_by: Callable[[Brain, str], None],
    brain: Brain,
    start: Callable[..., Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = start()
    monkeypatch.setenv("http_proxy", f"http://user:p%40ss@127.0.0.1:{proxy.port}")

    send_by(brain, "http://service.invalid:81/x")

    _, path, headers = proxy.asked[0]
    assert path == "http://service.invalid:81/x"
    assert headers["host"] == "service.invalid:81"
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'user:p@ss').decode()}"


@pytest.mark.parametrize("no_proxy", ["127.0.0.1", "*", "other.example, 127.0.0.1:{port}"])
def test_a_host_that_no_proxy_names_is_asked_directly(
    no_proxy: str, start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = start(), start()
    monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", no_proxy.format(port=server.port))

    ask(f"http://127.0.0.1:{server.port}/x")

    assert [path for _, path, _ in server.asked] == ["/x"]
    assert proxy.asked == []


def test_tls_goes_through_a_tunnel_and_the_proxy_sees_no_header_of_it(
    start: Callable[..., Server], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = start(certificate=certificate), start(proxy=True)
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{proxy.port}")

    response = ask(f"https://127.0.0.1:{server.port}/x", headers={"authorization": SECRET})

    assert (response.status, response.text) == (200, "fine")
    assert [(method, path) for method, path, _ in proxy.asked] == [("CONNECT", f"127.0.0.1:{server.port}")]
    assert SECRET not in repr(proxy.asked)
    assert server.asked[0][2]["authorization"] == SECRET


def test_a_certificate_that_nobody_trusts_ends_the_request(
    start: Callable[..., Server], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(certificate=certificate)
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(StepFailed, match="certificate verify failed"):
        ask(f"https://127.0.0.1:{server.port}/x")


def test_a_tunnel_that_is_refused_is_told(start: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{start().port}")

    with pytest.raises(StepFailed, match=r"service\.invalid could not be asked: .*failed: 407"):
        ask("https://service.invalid/x")


def test_a_proxy_that_does_not_speak_http_is_named_not_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", f"socks5://user:{SECRET}@127.0.0.1:1080")

    with pytest.raises(StepFailed, match="NO_PROXY") as failed:
        ask("http://service.invalid/x")

    assert (failed.value.kind, failed.value.retryable) == ("InvalidProxy", False)
    assert SECRET not in str(failed.value)


def test_a_redirect_is_an_answer_where_none_is_followed(start: Callable[..., Server]) -> None:
    server = start(status=302, headers={"location": "/y"})

    assert ask(f"http://127.0.0.1:{server.port}/x").status == 302
    assert len(server.asked) == 1


def test_a_redirect_is_followed_to_what_is_allowed_only_and_with_no_header_of_ours(
    start: Callable[..., Server],
) -> None:
    there = start()
    here = start(status=302, headers={"location": f"http://127.0.0.1:{there.port}/y"})

    def near(url: str) -> None:
        if f":{there.port}" in url:
            raise StepFailed("not there")

    with pytest.raises(StepFailed, match="not there"):
        ask(f"http://127.0.0.1:{here.port}/x", redirects=1, allowed=near)
    assert there.asked == []
    assert ask(f"http://127.0.0.1:{here.port}/x", redirects=1, headers={"authorization": SECRET}).text == "fine"
    assert "authorization" not in there.asked[0][2]


def test_of_a_long_answer_the_beginning_is_read(start: Callable[..., Server]) -> None:
    response = ask(f"http://127.0.0.1:{start(body=b'x' * 100_000).port}/x")

    assert (response.body, response.cut) == (b"x" * 1_000, True)


def test_a_page_sends_no_idempotency_key(brain: Brain, start: Callable[..., Server]) -> None:
    server = start()

    by_page(brain, f"http://127.0.0.1:{server.port}/x")

    assert "idempotency-key" not in server.asked[0][2]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"http://127.0.0.1:9/{SECRET}", {}),
        (f"http://127.0.0.1:{{port}}/x y?key={SECRET}", {}),
        ("http://127.0.0.1:{port}/x", {"authorization": f"{SECRET}\nx: y"}),
    ],
)
def test_an_error_repeats_nothing_that_was_sent(
    url: str, headers: dict[str, str], start: Callable[..., Server]
) -> None:
    with pytest.raises(StepFailed) as failed:
        ask(url.format(port=start().port), headers=headers)

    assert SECRET not in str(failed.value)
    assert failed.value.__suppress_context__


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        ("0.5", 0.5),
        ("999999", 3_600.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("-5", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(said: str | None, seconds: float | None) -> None:
    assert net.retry_after(said, 60.0) == seconds
