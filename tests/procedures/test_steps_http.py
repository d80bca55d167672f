"""Does an http step ask only whom it may, once, within limits, and read the answer rightly?"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from brainops.brain import Brain
from brainops.errors import StepFailed
from brainops.procedures.consent.limits import host_allowed
from brainops.procedures.steps.executor import Limits
from brainops.types import StepKind
from tests.procedures.steps_kit import do, output_of

Answer = tuple[int, dict[str, str], bytes]


class Service:
    """A server on the loopback that answers as it is told and remembers what it was asked."""

    def __init__(self, answer: Callable[[dict[str, Any]], Answer]) -> None:
        self.asked: list[dict[str, Any]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = {
                    "method": self.command,
                    "path": self.path,
                    "body": body.decode(),
                    **{name.lower(): value for name, value in self.headers.items()},
                }
                service.asked.append(asked)
                status, headers, content = answer(asked)
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def serve(brain: Brain) -> Iterator[Callable[..., Service]]:
    """Return a function that starts a server which may be reached, answering by a function or always the same."""
    started: list[Service] = []

    def start(
        answer: Callable[[dict[str, Any]], Answer] | None = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        body: bytes = b"ok",
        allowed: bool = True,
    ) -> Service:
        service = Service(answer or (lambda _: (status, headers or {}, body)))
        started.append(service)
        if allowed:
            brain.limits.allow(hosts=[service.host])
        return service

    yield start
    for service in started:
        service.close()


def fails(brain: Brain, **options: Any) -> StepFailed:
    with pytest.raises(StepFailed) as failed:
        do(brain, StepKind.HTTP, **options)
    return failed.value


def test_a_request_carries_what_was_said_and_the_idempotency_key(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve(headers={"content-type": "application/json; charset=utf-8", "etag": "e1"}, body=b'{"id": 7}')

    output = output_of(
        brain,
        StepKind.HTTP,
        url=f"{service.url}/deploys",
        method="post",
        headers={"X-Team": "a"},
        query={"dry": True, "name": "a b"},
        json={"version": "2"},
    )

    asked = service.asked[0]
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/deploys?dry=true&name=a+b", '{"version": "2"}')
    assert (asked["idempotency-key"], asked["x-team"]) == ("run-1/step-1", "a")
    assert output["json"] == {"id": 7}
    assert (output["status"], output["headers"]["etag"]) == (200, "e1")


def test_a_host_is_not_reached_until_somebody_allows_it(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve(allowed=False)

    failed = fails(brain, url=service.url)

    assert (failed.kind, failed.retryable) == ("HostNotAllowed", False)
    assert "brainops allow --host 127.0.0.1" in str(failed)
    assert service.asked == []


@pytest.mark.parametrize(
    ("entry", "host", "port", "reached"),
    [
        ("api.example.com", "API.example.com", 443, True),
        ("api.example.com", "api.example.com.", 80, True),
        ("api.example.com", "evil-api.example.com", 443, False),
        ("api.example.com", "api.example.com.evil.org", 443, False),
        ("*.example.com", "a.b.example.com", 443, True),
        ("*.example.com", "example.com", 443, False),
        ("*.example.com", "evilexample.com", 443, False),
        ("localhost:8080", "localhost", 8080, True),
        ("localhost:8080", "localhost", 80, False),
        ("*", "anything", 1, True),
    ],
)
def test_an_entry_allows_a_host(entry: str, host: str, port: int, reached: bool) -> None:
    assert host_allowed(Limits(hosts=(entry,)), host, port) is reached


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (400, False),
        (401, False),
        (404, False),
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (503, True),
        (302, False),
    ],
)
def test_an_answer_that_was_not_expected_fails_and_says_whether_to_try_again(
    brain: Brain, serve: Callable[..., Service], status: int, retryable: bool
) -> None:
    service = serve(status=status, headers={"retry-after": "17"}, body=b"because")

    failed = fails(brain, url=service.url)

    assert (failed.kind, failed.retryable, failed.retry_after_seconds) == (f"HTTP {status}", retryable, 17.0)
    assert f"answered {status}, where 2xx was expected: because" in str(failed)


@pytest.mark.parametrize("expect", [404, "404", [200, 404], "4xx"])
def test_another_status_may_be_expected(brain: Brain, serve: Callable[..., Service], expect: Any) -> None:
    assert output_of(brain, StepKind.HTTP, url=serve(status=404).url, expect=expect)["status"] == 404


def test_a_redirect_is_followed_where_it_may_go_without_credentials(
    brain: Brain, serve: Callable[..., Service]
) -> None:
    there = serve(body=b"arrived")
    here = serve(status=302, headers={"location": f"{there.url}/end"})

    output = output_of(brain, StepKind.HTTP, url=here.url, headers={"Authorization": "Bearer abcdef", "Cookie": "c"})

    assert output["text"] == "arrived"
    assert here.asked[0]["authorization"] == "Bearer abcdef"
    assert not {"authorization", "cookie", "idempotency-key"} & set(there.asked[0])


def test_a_redirect_to_a_host_that_was_not_allowed_is_not_followed(brain: Brain, serve: Callable[..., Service]) -> None:
    there = serve(allowed=False)
    here = serve(status=302, headers={"location": there.url})

    assert fails(brain, url=here.url).kind == "HostNotAllowed"
    assert there.asked == []


def test_a_redirect_on_the_same_host_keeps_the_headers(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve(lambda asked: (200, {}, b"end") if asked["path"] == "/b" else (307, {"location": "/b"}, b""))

    assert output_of(brain, StepKind.HTTP, url=f"{service.url}/a", headers={"Authorization": "x"})["text"] == "end"
    assert service.asked[1]["authorization"] == "x"


def test_redirects_end_somewhere_and_a_post_follows_none(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve(status=302, headers={"location": "/again"})

    assert fails(brain, url=service.url).kind == "TooManyRedirects"
    assert len(service.asked) == 6
    assert fails(brain, url=service.url, method="POST", json={}).kind == "HTTP 302"
    assert len(service.asked) == 7


def test_of_a_long_answer_the_beginning_is_kept(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve(body=b"x" * 5_000_000)

    output = output_of(brain, StepKind.HTTP, url=service.url)

    assert output["cut"] is True
    assert len(json.dumps(output)) < 70_000


def test_json_that_is_too_long_or_none_fails(brain: Brain, serve: Callable[..., Service]) -> None:
    long, none = serve(body=json.dumps(["x" * 100_000]).encode()), serve(body=b"<html>")

    assert fails(brain, url=long.url, output="json").kind == "OutputTooLarge"
    assert fails(brain, url=none.url, output="json").kind == "NoJSON"


def test_a_server_that_does_not_answer_in_time_fails_for_another_attempt(
    brain: Brain, serve: Callable[..., Service]
) -> None:
    done = threading.Event()

    def slow(_: dict[str, Any]) -> Answer:
        done.wait(20)
        return 200, {}, b""

    failed = fails(brain, url=serve(slow).url, timeout_seconds=0.2)
    done.set()

    assert (failed.kind, failed.retryable) == ("TimeoutError", True)


def test_a_server_that_is_not_there_fails_for_another_attempt(brain: Brain, serve: Callable[..., Service]) -> None:
    service = serve()
    service.close()

    failed = fails(brain, url=service.url)

    assert (failed.kind, failed.retryable) == ("ConnectionRefusedError", True)


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"url": "file:///etc/passwd"}, "InvalidURL"),
        ({"url": "ftp://host/x"}, "InvalidURL"),
        ({"url": "http://"}, "InvalidURL"),
        ({"url": "http://host:port/"}, "InvalidURL"),
        ({"url": "http://h/a b"}, "InvalidParameters"),
        ({"url": "http://h/\r\nX: y"}, "InvalidParameters"),
        ({"url": "http://h", "headers": {"A": "b\r\nC: d"}}, "InvalidParameters"),
        ({"url": "http://h", "method": "BREW"}, "InvalidParameters"),
        ({"url": "http://h", "json": 1, "body": "x"}, "InvalidParameters"),
        ({"method": "GET"}, "InvalidParameters"),
    ],
)
def test_a_request_that_is_none_is_refused(brain: Brain, options: dict[str, Any], kind: str) -> None:
    failed = fails(brain, **options)

    assert (failed.kind, failed.retryable) == (kind, False)


def test_secrets_stay_out_of_outputs_and_errors(brain: Brain, serve: Callable[..., Service]) -> None:
    secret = "very-secret-value"
    echo = serve(lambda asked: (200, {}, asked["authorization"].encode()))
    refusing = serve(lambda asked: (403, {}, asked["authorization"].encode()))
    given = {"headers": {"Authorization": f"Bearer {secret}"}, "secrets": {"TOKEN": secret}}

    output = output_of(brain, StepKind.HTTP, url=echo.url, **given)
    failed = fails(brain, url=refusing.url, **given)

    assert output["text"] == "Bearer [secret TOKEN]"
    assert "[secret TOKEN]" in str(failed)
    assert secret not in str(failed)
