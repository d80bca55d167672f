"""Does an embedding service work through its faults, and does its key stay secret?"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy
import pytest

from brainops.embedding import endpoint, open_embedder
from brainops.embedding.endpoint import EndpointEmbedder, batches
from brainops.errors import EmbedderUnavailable, InvalidConfiguration

KEY = "sk-very-secret-123"


class Service:
    """A small embedding service: answers from a list of prepared replies first, then properly."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.replies: list[tuple[int, dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.requests.append(request)
                service.keys.append(self.headers["Authorization"])
                status, headers, body = (
                    service.replies.pop(0) if service.replies else (200, {}, service.answer(request))
                )
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/embeddings"

    def answer(self, request: dict[str, Any]) -> bytes:
        """Give the text of n characters the vector (n, 1, 1, ...), the entries in reverse order."""
        size = request.get("dimensions", 4)
        entries = [
            {"index": position, "embedding": [len(text), *[1] * (size - 1)]}
            for position, text in enumerate(request["input"])
        ]
        return json.dumps({"data": entries[::-1]}).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    thread = threading.Thread(target=found.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.server.shutdown()
    thread.join()
    found.server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def opened(service: Service, pauses: list[float]) -> Callable[..., EndpointEmbedder]:
    def open_it(**options: Any) -> EndpointEmbedder:
        return EndpointEmbedder(service.url, "tiny", **{"dimensions": 4, "sleep": pauses.append, **options})

    return open_it


def test_vectors_come_in_the_order_of_the_texts_with_length_one(opened: Callable[..., EndpointEmbedder]) -> None:
    vectors = opened().embed(["a", "bbb"])

    assert vectors.dtype == numpy.float32
    assert vectors[0].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.5])
    assert vectors[1, 0] > vectors[0, 0]


def test_the_setting_names_url_and_model_and_the_size_is_asked_for(service: Service) -> None:
    embedder = open_embedder(f"endpoint:{service.url}#org/tiny-model")

    assert embedder is not None
    assert (embedder.model_id, embedder.dimension) == ("endpoint:org/tiny-model", 4)
    assert service.requests[0]["model"] == "org/tiny-model"
    assert "dimensions" not in service.requests[0]


def test_chosen_dimensions_are_sent_and_are_part_of_the_model_id(
    service: Service, opened: Callable[..., EndpointEmbedder]
) -> None:
    embedder = opened(dimensions=8)

    assert embedder.embed(["a"]).shape == (1, 8)
    assert embedder.model_id == "endpoint:tiny/8"
    assert service.requests[0]["dimensions"] == 8


def test_many_texts_are_sent_in_batches(service: Service, opened: Callable[..., EndpointEmbedder]) -> None:
    vectors = opened().embed(["x" * (1 + number % 7) for number in range(150)])

    assert [len(request["input"]) for request in service.requests] == [64, 64, 22]
    assert (vectors[0] == vectors[147]).all()


def test_no_texts_ask_nothing(service: Service, opened: Callable[..., EndpointEmbedder]) -> None:
    assert opened().embed([]).shape == (0, 4)
    assert service.requests == []


def test_batches_respect_characters_and_cut_long_texts() -> None:
    found = list(batches(["y" * 50_000] * 20 + [""]))

    assert max(sum(map(len, batch)) for _, batch in found) <= endpoint.BATCH_CHARACTERS
    assert [start for start, _ in found] == [0, 12]
    assert found[-1][1][-1] == " "


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_retried_with_growing_pauses(
    status: int, service: Service, pauses: list[float], opened: Callable[..., EndpointEmbedder]
) -> None:
    service.replies = [(status, {}, b"")] * 2

    vectors = opened().embed(["a"])

    assert vectors.shape == (1, 4)
    assert pauses == [0.5, 1.0]


def test_the_pause_that_the_service_asks_for_is_kept(
    service: Service, pauses: list[float], opened: Callable[..., EndpointEmbedder]
) -> None:
    service.replies = [(429, {"Retry-After": "3"}, b"")]

    opened().embed(["a"])

    assert pauses == [3.0]


def test_a_pause_that_is_too_long_ends_the_attempts(
    service: Service, pauses: list[float], opened: Callable[..., EndpointEmbedder]
) -> None:
    service.replies = [(429, {"Retry-After": "3600"}, b"")]

    with pytest.raises(EmbedderUnavailable, match="429"):
        opened().embed(["a"])

    assert pauses == []


def test_a_lasting_fault_ends_after_a_few_attempts(service: Service, opened: Callable[..., EndpointEmbedder]) -> None:
    service.replies = [(503, {}, b"")] * 9

    with pytest.raises(EmbedderUnavailable, match="503"):
        opened().embed(["a"])

    assert len(service.requests) == endpoint.ATTEMPTS


def test_a_refusal_is_not_retried(service: Service, opened: Callable[..., EndpointEmbedder]) -> None:
    service.replies = [(401, {}, b"")]

    with pytest.raises(EmbedderUnavailable, match=r"401.*key"):
        opened().embed(["a"])

    assert len(service.requests) == 1


def test_a_redirect_is_not_followed_with_the_key(
    service: Service, opened: Callable[..., EndpointEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_KEY", KEY)
    service.replies = [(302, {"Location": service.url}, b"")]

    with pytest.raises(EmbedderUnavailable, match="302"):
        opened(key_variable="SERVICE_KEY").embed(["a"])

    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b"[]",
        b'{"data": []}',
        b'{"data": [{"embedding": "no"}]}',
        b'{"data": [{"embedding": [1, 2]}]}',
        b'{"data": [{"embedding": [0, 0, 0, 0]}]}',
        b'{"data": [{"embedding": [NaN, 0, 0, 1]}]}',
        b'{"data": [{"embedding": [Infinity, 0, 0, 1]}]}',
    ],
)
def test_an_answer_of_another_kind_is_an_error(
    body: bytes, service: Service, opened: Callable[..., EndpointEmbedder]
) -> None:
    service.replies = [(200, {}, body)]

    with pytest.raises(EmbedderUnavailable, match="its answer holds"):
        opened().embed(["a"])


def test_a_service_that_is_not_there_is_named(pauses: list[float]) -> None:
    embedder = EndpointEmbedder("http://127.0.0.1:9/v1/embeddings", "tiny", dimensions=4, sleep=pauses.append)

    with pytest.raises(EmbedderUnavailable, match=r"127\.0\.0\.1:9"):
        embedder.embed(["a"])

    assert pauses == [0.5, 1.0, 2.0]


def test_the_key_comes_from_the_environment_or_a_file_anew_each_time(
    service: Service, opened: Callable[..., EndpointEmbedder], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    monkeypatch.setenv("SERVICE_KEY", KEY)
    by_variable, by_file = opened(key_variable="SERVICE_KEY"), opened(key_file=file)

    by_variable.embed(["a"])
    monkeypatch.setenv("SERVICE_KEY", "rotated")
    by_variable.embed(["a"])
    by_file.embed(["a"])
    opened().embed(["a"])

    assert service.keys == [f"Bearer {KEY}", "Bearer rotated", "Bearer from-file", None]


@pytest.mark.parametrize("key", ["", "two words", f"{KEY}\nX-Other: 1", f"{KEY}é"])
def test_an_unusable_key_is_refused_without_showing_it(
    key: str, opened: Callable[..., EndpointEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_KEY", key)

    with pytest.raises(InvalidConfiguration, match="SERVICE_KEY") as caught:
        opened(key_variable="SERVICE_KEY").embed(["a"])

    assert KEY not in str(caught.value)


def test_a_missing_key_file_is_named(opened: Callable[..., EndpointEmbedder], tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match="absent"):
        opened(key_file=tmp_path / "absent").embed(["a"])


def test_no_error_shows_the_key(
    service: Service, opened: Callable[..., EndpointEmbedder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_KEY", KEY)
    service.replies = [(403, {}, KEY.encode())]

    with pytest.raises(EmbedderUnavailable) as caught:
        opened(key_variable="SERVICE_KEY").embed(["a"])

    assert KEY not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/x", f"https://user:{KEY}@host/x", f"https://host/x?key={KEY}", "host/x"]
)
def test_a_url_that_is_no_service_or_holds_a_secret_is_refused(url: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        EndpointEmbedder(url, "tiny", dimensions=4)

    assert KEY not in str(caught.value)


@pytest.mark.parametrize("setting", ["endpoint:", "endpoint:http://127.0.0.1/v1", "endpoint:http://127.0.0.1/v1#"])
def test_an_incomplete_setting_shows_the_form(setting: str) -> None:
    with pytest.raises(InvalidConfiguration, match="endpoint:<url>#<model>"):
        open_embedder(setting)
