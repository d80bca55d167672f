"""How does an http step ask a server, once, within limits, and only servers that were allowed?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from brainops import net
from brainops.errors import StepFailed
from brainops.procedures.consent.limits import check_host, limits_of
from brainops.procedures.steps.command import fitted
from brainops.procedures.steps.executor import Limits, StepDone, StepResult, StepWork
from brainops.procedures.steps.parameters import Parameters
from brainops.procedures.steps.secret_refs import mask
from brainops.types import JSON, Action, ErrorEvent

KNOWN = ("url", "method", "headers", "query", "json", "body", "expect", "output")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
TIMEOUT_SECONDS = 30.0  # of one request where the step says nothing else
MAX_REDIRECTS = 5
MAX_BODY_BYTES = 1_000_000  # that are sent
SAID_CHARACTERS = 500  # of an answer, in the error about it
ACCEPTED = "application/json, */*;q=0.5"
KEPT_HEADERS = ("content-type", "location", "etag", "last-modified", "retry-after", "x-request-id")


def http_step(work: StepWork) -> StepResult:
    """Send a request; the output is {status, headers, text}, or `json` in place of text for an answer in JSON."""
    return StepDone(output=ask(work, Parameters(work.action, KNOWN)))


def ask(work: StepWork, parameters: Parameters) -> dict[str, JSON]:
    """Send the request that the parameters describe for a step and return its output. Raises StepFailed."""
    seconds = work.timeout_seconds or TIMEOUT_SECONDS
    limits = limits_of(work.context)
    return answer(parameters, work.idempotency_key, limits, seconds, work.secrets, work.cancelled)


def answer(
    parameters: Parameters,
    idempotency_key: str,
    limits: Limits,
    seconds: float,
    secrets: Mapping[str, str],
    cancelled: Callable[[], bool],
) -> dict[str, JSON]:
    """Send the request that the parameters describe and return what is kept of the answer. Raises StepFailed."""
    response = asked(
        _request(parameters, idempotency_key),
        limits,
        seconds=seconds,
        most_bytes=limits.output_bytes,
        expected=parameters.texts("expect") or ("2xx",),
        secrets=secrets,
        cancelled=cancelled,
    )
    headers = mask({name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}, secrets)
    output: dict[str, Any] = {"status": response.status, "headers": headers}
    wanted = parameters.text("output", "auto")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = kind == "application/json" or kind.endswith("+json")
    if wanted == "json" or (wanted == "auto" and is_json and not response.cut):
        if response.cut:
            raise _failed("the answer is longer than what is kept; ask for less", "OutputTooLarge")
        try:
            output["json"] = mask(json.loads(response.body), secrets)
            return output
        except (ValueError, RecursionError) as error:
            if wanted == "json":
                raise _failed(f"the answer is no JSON: {error}", "NoJSON") from None
    text = str(mask(response.text, secrets))
    if response.cut:
        longest = max((len(value) for value in secrets.values()), default=0)
        text = text[: max(0, len(text) - 4 * longest)]  # half a secret may stand at the cut
    output["text"] = fitted(text, limits.output_bytes)
    output["cut"] = response.cut
    return output


def asked(
    request: net.Request,
    limits: Limits,
    *,
    seconds: float,
    most_bytes: int,
    expected: tuple[str, ...] = ("2xx",),
    secrets: Mapping[str, str] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> net.Response:
    """Return what an allowed host answered, redirects to others that are allowed followed.

    Raises StepFailed also where the status is none of those expected: "404", "2xx".
    """
    response = net.ask(
        request,
        seconds=seconds,
        most_bytes=most_bytes,
        allowed=partial(check_host, limits),
        redirects=MAX_REDIRECTS,
        cancelled=cancelled,
    )
    status = response.status
    if str(status) in expected or f"{status // 100}xx" in expected:
        return response
    said = str(mask(response.text, secrets or {})).strip()[:SAID_CHARACTERS]
    answered = f"{request.method} {urlsplit(request.url).hostname} answered {status}"
    told = f"{answered}, where {', '.join(expected)} was expected" + (f": {said}" if said else "")
    raise StepFailed(
        told,
        kind=f"HTTP {status}",
        event=ErrorEvent(type=f"HTTP {status}", message=told),
        retryable=response.passing,
        retry_after_seconds=response.retry_after_seconds,
    )


def _request(parameters: Parameters, idempotency_key: str) -> net.Request:
    method = parameters.text("method", "GET").upper()
    if method not in METHODS:
        parameters.refuse(f"takes a method of {', '.join(METHODS)}, not {method!r:.40}")
    headers = {"accept": ACCEPTED, "idempotency-key": idempotency_key}
    if parameters.has("json") and parameters.has("body"):
        parameters.refuse("sends `json` or `body`, not both")
    body: bytes | None = None
    if parameters.has("json"):
        headers["content-type"] = "application/json"
        body = json.dumps(parameters.any("json")).encode()
    elif parameters.has("body"):
        body = parameters.text("body").encode(errors="replace")
    if body is not None and len(body) > MAX_BODY_BYTES:
        parameters.refuse(f"sends at most {MAX_BODY_BYTES:,} bytes")
    for name, value in parameters.mapping("headers").items():
        if isinstance(value, (dict, list)) or any(character in f"{name}{value}" for character in "\r\n\0"):
            parameters.refuse(f"sends headers of one line each; {name!r:.40} is none")
        headers[name.lower()] = str(value)
    url = parameters.text("url")
    if query := parameters.mapping("query"):
        written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(written)}"
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        parameters.refuse("takes a `url` without spaces or control characters; write them as %20")
    return net.Request(method=method, url=url, headers=headers, body=body)


def refused(action: Action, limits: Limits) -> str:
    """Return why an http step could not ask its address, "" where nothing speaks against it: what a dry run says."""
    try:
        check_host(limits, Parameters(action, KNOWN).text("url"))
    except StepFailed as error:
        return str(error)
    return ""


def _failed(what: str, kind: str) -> StepFailed:
    return StepFailed(what, kind=kind, retryable=False)
