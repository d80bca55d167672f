"""How does an http step ask a server, once, within limits, and only servers that were allowed?"""

from __future__ import annotations

import email.utils
import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from brainops.errors import StepFailed
from brainops.procedures.consent.allow_list import host_allowed, limits_of
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
READ_BYTES = 16_384
SAID_CHARACTERS = 500  # of an answer, in the error about it
OUR_HEADERS = {"accept": "application/json, */*;q=0.5", "user-agent": "brainops"}
KEPT_HEADERS = ("content-type", "location", "etag", "last-modified", "retry-after", "x-request-id")
RETRIED = (408, 425, 429)  # of the 4xx, those that another attempt can help
MAX_RETRY_AFTER_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, its redirects aside."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back: the body up to the limit, and whether it was longer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool


def http_step(work: StepWork) -> StepResult:
    """Send a request; the output is {status, headers, text}, or `json` in place of text for an answer in JSON."""
    return StepDone(output=ask(work, Parameters(work.action, KNOWN)))


def ask(work: StepWork, parameters: Parameters, *, output_bytes: int | None = None) -> dict[str, JSON]:
    """Send the request that the parameters describe and return its output. Raises StepFailed.

    At most `output_bytes` of the answer are kept, where other than what a step keeps.
    """
    limits = limits_of(work.context)
    if output_bytes is not None:
        limits = replace(limits, output_bytes=output_bytes)
    request = _request(work, parameters)
    deadline = time.monotonic() + (work.timeout_seconds or TIMEOUT_SECONDS)
    response = _followed(request, limits, deadline, work)
    _check_status(request, response, parameters, work)
    return _output(response, parameters, work, limits)


def _request(work: StepWork, parameters: Parameters) -> Request:
    method = parameters.text("method", "GET").upper()
    if method not in METHODS:
        parameters.refuse(f"takes a method of {', '.join(METHODS)}, not {method!r:.40}")
    headers = {**OUR_HEADERS, "idempotency-key": work.idempotency_key}
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
    return Request(method=method, url=_url(parameters), headers=headers, body=body)


def _url(parameters: Parameters) -> str:
    url = parameters.text("url")
    if query := parameters.mapping("query"):
        written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        url = f"{url}{'&' if '?' in url else '?'}{urlencode(written)}"
    if any(ord(character) <= 32 or ord(character) == 127 for character in url):
        parameters.refuse("takes a `url` without spaces or control characters; write them as %20")
    return url


def _followed(request: Request, limits: Limits, deadline: float, work: StepWork) -> Response:
    """Send a request and follow where it leads: GET and HEAD only, to allowed hosts only, credentials to none other."""
    for _ in range(MAX_REDIRECTS + 1):
        response = _sent(request, limits, deadline, work)
        location = response.headers.get("location")
        if response.status not in (301, 302, 303, 307, 308) or not location or request.method not in ("GET", "HEAD"):
            return response
        there = urljoin(request.url, location)
        headers: Mapping[str, str] = request.headers
        if _origin(there) != _origin(request.url):
            headers = OUR_HEADERS
        request = replace(request, url=there, headers=headers)
    raise _failed(f"more than {MAX_REDIRECTS} redirects", "TooManyRedirects", retryable=False)


def refused(action: Action, limits: Limits) -> str:
    """Return why an http step could not ask its address, "" where nothing speaks against it: what a dry run says."""
    try:
        checked_origin(limits, Parameters(action, KNOWN).text("url"))
    except StepFailed as error:
        return str(error)
    return ""


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise _failed("the address has no valid port", "InvalidURL", retryable=False) from None
    return parts.scheme, (parts.hostname or ""), port


def checked_origin(limits: Limits, url: str) -> tuple[str, str, int]:
    """Return an address's scheme, host and port. Raises StepFailed where a step may not reach it."""
    scheme, host, port = _origin(url)
    if scheme not in ("http", "https") or not host:
        raise _failed("an http step asks an http:// or https:// address", "InvalidURL", retryable=False)
    if not host_allowed(limits, host, port):
        raise _failed(
            f"{host} is not among the hosts that this namespace may reach; a person allows it: "
            f"brainops allow --host {host}",
            "HostNotAllowed",
            retryable=False,
        )
    return scheme, host, port


def _failed(what: str, kind: str, *, retryable: bool = True) -> StepFailed:
    return StepFailed(what, kind=kind, retryable=retryable)


def _sent(request: Request, limits: Limits, deadline: float, work: StepWork) -> Response:
    scheme, host, port = checked_origin(limits, request.url)
    left = _left(deadline, work)
    if scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=left, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=left)
    try:
        return _exchange(connection, request, limits, deadline, work)
    except TimeoutError:
        raise _failed(f"{host} did not answer in time", "TimeoutError") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        kind = type(error).__name__
        said = str(mask(f"{host} could not be asked: {kind}: {error}", work.secrets))
        raise _failed(said[:SAID_CHARACTERS], kind) from None
    finally:
        connection.close()


def _left(deadline: float, work: StepWork) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if work.cancelled():
        raise _failed("the request was given up because the run was stopped", "Cancelled", retryable=False)
    return left


def _exchange(
    connection: http.client.HTTPConnection, request: Request, limits: Limits, deadline: float, work: StepWork
) -> Response:
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(request.method, path, body=request.body, headers=dict(request.headers))
    answer = connection.getresponse()
    body = bytearray()
    while len(body) <= limits.output_bytes and (part := answer.read1(READ_BYTES)):
        body += part
        if isinstance(connection.sock, socket.socket):
            connection.sock.settimeout(_left(deadline, work))
        else:
            _left(deadline, work)
    return Response(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.getheaders()},
        body=bytes(body[: limits.output_bytes]),
        cut=len(body) > limits.output_bytes,
    )


def _check_status(request: Request, response: Response, parameters: Parameters, work: StepWork) -> None:
    expected = parameters.texts("expect") or ("2xx",)
    status = response.status
    if str(status) in expected or f"{status // 100}xx" in expected:
        return
    said = str(mask(_text(response), work.secrets)).strip()[:SAID_CHARACTERS]
    answered = f"{request.method} {urlsplit(request.url).hostname} answered {status}"
    told = f"{answered}, where {', '.join(expected)} was expected" + (f": {said}" if said else "")
    raise StepFailed(
        told,
        kind=f"HTTP {status}",
        event=ErrorEvent(type=f"HTTP {status}", message=told),
        retryable=status in RETRIED or status >= 500,
        retry_after_seconds=retry_after(response.headers.get("retry-after"), time.time()),
    )


def retry_after(said: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number of them, or a date (RFC 9110, 10.2.3)."""
    if said is None:
        return None
    if said.strip().isascii() and said.strip().isdigit():
        return min(float(said), MAX_RETRY_AFTER_SECONDS)
    try:
        at = email.utils.parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, at - now), MAX_RETRY_AFTER_SECONDS)


def _text(response: Response) -> str:
    return response.body.decode(errors="replace")


def _output(response: Response, parameters: Parameters, work: StepWork, limits: Limits) -> dict[str, JSON]:
    headers = mask({name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}, work.secrets)
    output: dict[str, Any] = {"status": response.status, "headers": headers}
    wanted = parameters.text("output", "auto")
    if wanted == "json" or (wanted == "auto" and _is_json(headers.get("content-type", "")) and not response.cut):
        if response.cut:
            raise _failed("the answer is longer than what is kept; ask for less", "OutputTooLarge", retryable=False)
        try:
            output["json"] = mask(json.loads(response.body), work.secrets)
            return output
        except (ValueError, RecursionError) as error:
            if wanted == "json":
                raise _failed(f"the answer is no JSON: {error}", "NoJSON", retryable=False) from None
    output["text"] = _kept(response, work, limits)
    output["cut"] = response.cut
    return output


def _kept(response: Response, work: StepWork, limits: Limits) -> str:
    text = str(mask(_text(response), work.secrets))
    if response.cut:
        longest = max((len(value) for value in work.secrets.values()), default=0)
        text = text[: max(0, len(text) - 4 * longest)]  # half a secret may stand at the cut
    return fitted(text, limits.output_bytes)


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
