"""Does a tracing system see the calls, steps and requests of a memory, and no text of it that nobody asked for?"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from brainops.brain import Brain
from brainops.cli.program import main
from brainops.engine import MEMORY_VERBS, Around, Engine
from brainops.errors import NotFound
from brainops.integrations.opentelemetry import ENDPOINTS, OPERATIONS, TEXTS, tracing
from brainops.server.app import application
from brainops.types import Actor, ActorKind, RunState
from tests.server.asking import Asking, asking

SECRET = "ghp_" + "a1B2" * 9
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PROCEDURE = """---
name: count
steps:
  - id: one
    name: Count
    uses: call
    with: {function: count, arguments: {}}
---
Count.
"""


class Traced:
    """A provider whose spans stay here."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._spans))

    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    def said(self) -> list[dict[str, Any]]:
        return [{"name": each.name, **(each.attributes or {})} for each in self.spans()]


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


@pytest.fixture
def traced() -> Iterator[Traced]:
    found = Traced()
    yield found
    found.provider.shutdown()


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Brain]:
    def open_one(*around: Around) -> Brain:
        return Brain.open(tmp_path / "memory.db", namespace="team", model="none", background=False, around=around)

    return open_one


def test_each_call_of_memory_is_a_span_with_the_names_of_the_conventions(
    traced: Traced, opened: Callable[..., Brain]
) -> None:
    with opened(tracing(traced.provider)) as brain:
        kept = brain.capture("the pool is small", "raise max_connections")
        brain.acting(namespace="team").retrieve("pool")
        brain.forget(kept.id)
        brain.purge(kept.id, reason="asked for")
        with pytest.raises(NotFound):
            brain.archive("nothing")

    about = {"gen_ai.memory.store.id": "team", "gen_ai.memory.record.count": 1}
    record = {"gen_ai.memory.record.id": kept.id}
    assert traced.said() == [
        about | record | _named("upsert_memory", "capture"),
        about | _named("search_memory", "retrieve"),
        about | record | _named("delete_memory", "forget"),
        about | record | _named("delete_memory", "purge"),
        {"gen_ai.memory.store.id": "team", "gen_ai.memory.record.id": "nothing", "error.type": "NotFound"}
        | _named("update_memory", "archive"),
    ]
    failed = traced.spans()[-1]
    assert failed.status.status_code is StatusCode.ERROR and not failed.status.description and not failed.events
    assert {span.kind for span in traced.spans()} == {SpanKind.INTERNAL}


def _named(operation: str, verb: str) -> dict[str, str]:
    return {"name": operation, "gen_ai.operation.name": operation, "brainops.verb": verb}


def test_every_verb_that_is_told_of_has_a_name_in_the_conventions() -> None:
    assert set(OPERATIONS) == set(MEMORY_VERBS)


def test_texts_stay_out_until_they_are_asked_for_and_then_have_no_secrets(
    traced: Traced, opened: Callable[..., Brain], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(brain: Brain) -> None:
        brain.capture("the token", {"said": f"it is {SECRET}", "password": "hunter2"})
        brain.capture_many([brain.draft("another", f"with {SECRET}")])
        brain.retrieve(f"token {SECRET}")
        brain.match(f"ValueError: {SECRET} is no token")

    with opened(tracing(traced.provider)) as brain:
        ask(brain)
    silent = json.dumps(traced.said())
    monkeypatch.setenv(TEXTS, "true")
    with opened(tracing(traced.provider)) as brain:
        ask(brain)

    assert "token" not in silent and "another" not in silent
    told = traced.said()[4:]
    assert SECRET not in json.dumps(told) and "hunter2" not in json.dumps(told)
    captured, several, retrieved, matched = told
    assert "[redacted" in captured["gen_ai.memory.records"] and "the token" in captured["gen_ai.memory.records"]
    assert json.loads(several["gen_ai.memory.records"])[0]["content"].startswith("another\nwith [redacted")
    assert retrieved["gen_ai.memory.query.text"].startswith("token [redacted")
    assert {"id", "content", "score"} <= set(json.loads(retrieved["gen_ai.memory.records"])[0])
    assert matched["gen_ai.memory.query.text"].startswith("ValueError: [redacted")


def test_drafts_that_come_one_by_one_are_captured_and_not_used_up_by_the_trace(
    traced: Traced, opened: Callable[..., Brain]
) -> None:
    with opened(tracing(traced.provider, texts=True)) as brain:
        kept = brain.capture_many(brain.draft(f"number {number}") for number in range(3))

    assert len(kept) == 3
    assert traced.said()[0]["gen_ai.memory.record.count"] == 3


def test_the_step_of_a_run_is_a_span_and_what_it_asks_of_memory_lies_in_it(
    traced: Traced, opened: Callable[..., Brain]
) -> None:
    with opened(tracing(traced.provider)) as brain:
        brain.calls.register("count", lambda _: len(brain.retrieve("pool")))
        brain.establish(PROCEDURE)
        run = brain.runs.start("count")

    assert run.state is RunState.SUCCEEDED
    [searched, step] = traced.spans()
    assert step.name == "step call" and searched.name == "search_memory"
    assert searched.parent is not None and searched.parent.span_id == id_of(step)
    assert step.attributes == {
        "brainops.run.id": run.id,
        "brainops.step.id": "one",
        "brainops.step.kind": "call",
        "brainops.step.attempt": 1,
    }


def test_an_entry_that_raises_before_the_trace_begins_leaves_the_trace_of_others_alone(
    traced: Traced, opened: Callable[..., Brain]
) -> None:
    def refuse(call: Any) -> None:
        if call.arguments.get("query") == "no":
            raise NotFound("not today")

    with opened(Around(before_call=refuse), tracing(traced.provider)) as brain:
        with pytest.raises(NotFound):
            brain.retrieve("no")
        brain.retrieve("yes")

    assert [span.name for span in traced.spans()] == ["search_memory"]


@pytest.fixture
def client(tmp_path: Path, traced: Traced) -> Iterator[tuple[Asking, str]]:
    around = [tracing(traced.provider)]
    with Engine.open(tmp_path / "memory.db", namespace="team", model="none", background=False, around=around) as engine:
        marta = Brain(engine, actor=Actor(kind=ActorKind.PERSON, id="marta", proof="terminal"))
        key = marta.keys.issue("agent").secret
        app = application(
            engine, hosts={"127.0.0.1"}, open_to_this_machine=False, closed=asyncio.Event(), traces=traced.provider
        )
        with asking(app) as found:
            yield found, key


def test_a_request_is_a_span_in_the_trace_that_it_names_and_its_calls_lie_in_it(
    client: tuple[Asking, str], traced: Traced
) -> None:
    ask, key = client
    ask.post("retrieve", key=key, headers={"traceparent": f"00-{TRACE}-{CALLER}-01"}, query="pool")

    searched, request = traced.spans()
    assert request.name == "POST /v1/retrieve" and request.kind is SpanKind.SERVER
    assert request.parent is not None and f"{request.parent.span_id:016x}" == CALLER
    assert request.parent.trace_id == int(TRACE, 16)
    assert searched.parent is not None and searched.parent.span_id == id_of(request)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/v1/retrieve",
        "http.response.status_code": 200,
        "url.path": "/v1/retrieve",
        "url.scheme": "http",
    }


def test_a_request_of_nobody_and_of_nothing_leaves_no_name_of_its_own_choice(
    client: tuple[Asking, str], traced: Traced
) -> None:
    ask, key = client
    ask.refused("hunter2")
    ask.refused("hunter2", key=key, headers={"traceparent": "00-nonsense"})
    ask.get("/healthz")

    assert [span.name for span in traced.spans()] == ["POST", "POST"]
    assert "hunter2" not in json.dumps(traced.said())
    assert all(span.parent is None for span in traced.spans())


def test_nothing_is_sent_where_nobody_named_where_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENDPOINTS:
        monkeypatch.delenv(name, raising=False)

    for command in ("serve", "worker"):
        ran = CliRunner().invoke(main, [command, "--traces", "--store", str(tmp_path / "memory.db")])
        assert ran.exit_code == 1 and ENDPOINTS[1] in ran.stderr, ran.stderr


class Collector(BaseHTTPRequestHandler):
    """Takes spans in, as a collector of OTLP does."""

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["content-length"]))
        cast("Taking", self.server).took.append((self.path, said))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Taking(HTTPServer):
    """A collector, and what it took."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Collector)
        self.took: list[tuple[str, bytes]] = []


def test_a_server_with_traces_sends_its_requests_and_calls_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def serve(engine: Engine, *, traces: TracerProvider, **more: Any) -> None:
        Brain(engine).capture("hunter2")
        app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event(), traces=traces)
        with asking(app) as client:
            client.get("/v1/retrieve?query=hunter2")
        traces.force_flush()

    collector = Taking()
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    monkeypatch.setenv(ENDPOINTS[1], f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setattr("brainops.server.serve.serve", serve)
    Brain.open(tmp_path / "memory.db", model="none", background=False).close()
    try:
        ran = CliRunner().invoke(main, ["serve", "--traces", "--store", str(tmp_path / "memory.db")])
    finally:
        collector.shutdown()
        collector.server_close()
        thread.join()

    assert ran.exit_code == 0, ran.output
    [(path, said)] = collector.took
    assert path == "/v1/traces"
    assert all(name in said for name in (b"upsert_memory", b"search_memory", b"GET /v1/retrieve", b"brainops"))
    assert b"hunter2" not in said


def test_without_traces_nothing_of_opentelemetry_is_imported(tmp_path: Path) -> None:
    program = f"""
import sys
from brainops.brain import Brain
from brainops.server import app, serve
from brainops.cli import serve as command, worker
with Brain.open({str(tmp_path / "memory.db")!r}, model="none", background=False) as brain:
    brain.capture("a"); brain.retrieve("a")
print([name for name in sys.modules if name.split(".")[0] == "opentelemetry"])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ran.stdout.strip() == "[]", ran.stderr
