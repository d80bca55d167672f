"""What does a tracing system see of a memory? Spans of OpenTelemetry: of calls of memory, steps of runs and requests.

    Brain.open(around=[tracing()])

Calls of memory have the names of the GenAI conventions (search_memory, upsert_memory); their store is the namespace.
Texts stay out unless they are asked for; then they are redacted first, as what is stored is. Spans go where the
application sends its own, or where `exporting` says; without either nothing leaves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from brainops.engine import Around, SeenCall
from brainops.errors import NotConfigured
from brainops.types import JSON, Captured, Draft, Hit, Match, Memory
from brainops.version import __version__
from brainops.wire import plain, to_json

App = Callable[..., Awaitable[None]]

TEXTS = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"  # by which all instrumentations of GenAI are told
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
MOST_CHARACTERS = 4_000  # of one text in a span
MOST_RECORDS = 50  # whose texts stand in a span
PROBES = ("/healthz", "/readyz", "/metrics")

OPERATIONS: Mapping[str, str] = {
    "retrieve": "search_memory",
    "newest": "search_memory",
    "match": "search_memory",
    "capture": "upsert_memory",  # the same content again is counted on the first
    "capture_many": "upsert_memory",
    "promote": "upsert_memory",
    "supersede": "update_memory",
    "feedback": "update_memory",
    "archive": "update_memory",
    "restore": "update_memory",
    "forget": "delete_memory",
    "purge": "delete_memory",
    "purge_subject": "delete_memory",
}
"""The verbs of memory, as the conventions name what they do."""


def tracing(provider: TracerProvider | None = None, *, texts: bool | None = None) -> Around:
    """Return what makes a span of each call of memory and each step of a run, for `Brain.open(around=[...])`.

    Without a `provider` it is the application's own. With `texts`, queries and memories stand in the spans, redacted;
    None asks the variable by which instrumentations of GenAI are told.
    """
    told = os.environ.get(TEXTS, "").lower() in ("true", "span_only", "span_and_event")
    spans = _Spans(provider, told if texts is None else texts)
    return Around(
        before_step=spans.before_step,
        after_step=spans.after,
        before_call=spans.before_call,
        after_call=spans.after_call,
    )


def exporting(environment: Mapping[str, str]) -> TracerProvider:
    """Return what sends spans by OTLP over HTTP, as the variables OTEL_... say. Raises NotConfigured, ImportError."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider as Exporting
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if not any(environment.get(name) for name in ENDPOINTS):
        raise NotConfigured(f"nobody has named where traces go; set it, as {ENDPOINTS[1]}=http://127.0.0.1:4318")
    named = {} if environment.get("OTEL_SERVICE_NAME") else {"service.name": "brainops"}
    provider = Exporting(resource=Resource.create(named))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


class TracedRequests:
    """Middleware around an ASGI application: a span of each request, in the trace that its `traceparent` names.

    No query, and of a path only what is no name of somebody's: those of the API.
    """

    def __init__(self, app: App, provider: TracerProvider | None = None) -> None:
        self._app = app
        self._tracer = trace.get_tracer("brainops", __version__, provider)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        method, path = scope["method"], scope["path"]
        known = path.startswith("/v1/") or path == "/mcp"
        with self._tracer.start_as_current_span(
            method,
            TraceContextTextMapPropagator().extract(headers),
            SpanKind.SERVER,
            {"http.request.method": method, "url.scheme": scope["scheme"]},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def sent(message: Any) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if known and status not in (401, 404, 405, 421):  # then it may be no route, but anything
                        span.update_name(f"{method} {path}")
                        span.set_attributes({"http.route": path, "url.path": path})
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, sent)


def _count(came: Any) -> int:
    about = getattr(came, "memory_ids", came)  # those that a purge removed
    return len(about) if isinstance(about, list | tuple) else 1


def _texts(call: SeenCall, came: Any) -> dict[str, str]:
    """Return what was asked and what came or was given, without what is taken out of what is stored."""
    asked = call.arguments.get("query", call.arguments.get("error"))
    texts = {"gen_ai.memory.query.text": str(call.redact(asked))[:MOST_CHARACTERS]} if isinstance(asked, str) else {}
    records = [_record(each, call.redact) for each in _memories(call, came)[:MOST_RECORDS]]
    return texts | ({"gen_ai.memory.records": to_json(records).decode()} if records else {})


def _memories(call: SeenCall, came: Any) -> Sequence[Any]:
    """Return the memories that a call found, or was given to keep."""
    given: Any = [call.arguments.get("draft") or call.arguments.get("correction")]
    if call.verb == "capture":
        given = [Draft(title=call.arguments["title"], content=call.arguments.get("content", ""))]
    elif call.verb == "capture_many" and isinstance(call.arguments["drafts"], list | tuple):  # else it is used up
        given = call.arguments["drafts"]
    found = came if isinstance(came, list) else [came]
    return [each for each in (*given, *found) if isinstance(each, Draft | Hit | Match | Memory)]


def _record(of: Any, redact: Callable[[JSON], JSON]) -> dict[str, Any]:
    """Return a memory as the conventions write one; its content is a text."""
    memory = of.memory if isinstance(of, Hit | Match) else of
    content = redact(plain(memory.content))  # as it is: a secret shows by the name that it stands under
    text = content if isinstance(content, str) else to_json(content).decode()
    said: dict[str, Any] = {"content": f"{redact(memory.title)}\n{text}".strip()[:MOST_CHARACTERS]}
    if isinstance(memory, Memory):
        said["id"] = memory.id
    return said | ({"score": of.score} if isinstance(of, Hit) else {})


class _Under(Struct, frozen=True, eq=False):
    """A span that has begun: what of, and what was current before it."""

    seen: Any
    span: Span
    token: Any


class _Spans:
    """The spans under way in each thread: what has begun last ends first."""

    def __init__(self, provider: TracerProvider | None, texts: bool) -> None:
        self._tracer = trace.get_tracer("brainops", __version__, provider)
        self._texts = texts
        self._thread = threading.local()

    def before_step(self, work: Any) -> None:
        """Begin the span of a step."""
        said = {"run.id": work.run_id, "step.id": work.step_id, "step.kind": work.action.uses.value}
        attributes = {f"brainops.{name}": value for name, value in said.items()}
        self._begin(work, f"step {work.action.uses.value}", {**attributes, "brainops.step.attempt": work.attempt})

    def before_call(self, call: SeenCall) -> None:
        """Begin the span of a call of memory."""
        operation = OPERATIONS[call.verb]
        said = {
            "gen_ai.operation.name": operation,
            "gen_ai.memory.store.id": call.namespace,
            "brainops.verb": call.verb,
        }
        record = call.arguments.get("memory_id")
        self._begin(call, operation, said | ({"gen_ai.memory.record.id": record} if isinstance(record, str) else {}))

    def after_call(self, call: SeenCall, came: Any) -> None:
        """End the span of a call of memory, and say how many memories it was about."""
        span = self._span_of(call)
        if span is not None and span.is_recording() and not isinstance(came, BaseException):
            span.set_attribute("gen_ai.memory.record.count", _count(came))
            if isinstance(came, Captured):
                span.set_attribute("gen_ai.memory.record.id", came.id)
            if self._texts:
                span.set_attributes(_texts(call, came))
        self.after(call, came)

    def after(self, seen: Any, came: Any) -> None:
        """End a span; an error is its type alone, since its words may be anybody's."""
        span = self._span_of(seen)
        if span is None:  # another entry raised before this one was called
            return
        contexts.detach(self._thread.under.pop().token)
        if isinstance(came, BaseException):
            span.set_attribute("error.type", type(came).__name__)
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def _begin(self, seen: Any, name: str, attributes: Mapping[str, str | int]) -> None:
        span = self._tracer.start_span(name, kind=SpanKind.INTERNAL, attributes=attributes)
        token = contexts.attach(trace.set_span_in_context(span))
        vars(self._thread).setdefault("under", []).append(_Under(seen, span, token))

    def _span_of(self, seen: Any) -> Span | None:
        under: list[_Under] = vars(self._thread).get("under", [])
        return under[-1].span if under and under[-1].seen is seen else None
