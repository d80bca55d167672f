"""How is one verb asked of a server: written, sent until it is answered or its time is over, and read again?"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from brainops import errors, net
from brainops.errors import (
    ApprovalUnproven,
    BrainOpsError,
    Conflict,
    InvalidConfiguration,
    InvalidInput,
    OutcomeUnknown,
    StepFailed,
    StoreError,
    StoreUnavailable,
)
from brainops.operations.log import event_of
from brainops.procedures.definition.canonical import as_mapping
from brainops.remote.verbs import Verb
from brainops.store.database import Deadline
from brainops.types import Decision, Page, Procedure
from brainops.wire import from_json, from_plain, handed_in, to_json

PLAIN_HTTP = "BRAINOPS_PLAIN_HTTP"  # the hosts to which a key goes over plain http, with commas between
ANSWER_SECONDS = 30.0  # that the answer to a call is waited for whose view names no deadline, as the server has it
PATIENCE_SECONDS = 10.0  # that such a call goes on asking a server which nobody reaches: one that restarts is back then
MOST_SECONDS = 300.0  # that a server takes for one call
SAYING_SECONDS = 1.0  # past a deadline, in which the server says that it missed it, and that nothing was written
REPEAT_SECONDS, MOST_REPEAT_SECONDS = 0.1, 2.0  # between two attempts, the first and the longest
MAX_ANSWER_BYTES = 256 * 1024 * 1024
NOT_SENT = ("ConnectionRefusedError", "gaierror")  # nobody took the request, so nothing of it was done
PASSING = (408, 425, 429, 502, 503, 504)


class Refusal(Struct, frozen=True):
    """What a guard said against an operation, as a problem holds it."""

    said: Decision


_TREE = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, BrainOpsError)
}


class Server:
    """A server by its address, and the key that says who asks."""

    def __init__(self, address: str, key: str | None) -> None:
        self.address = address.rstrip("/")
        self.key = key
        where = urlsplit(address)
        if key and where.scheme == "http" and not net.is_loopback(where.hostname or ""):
            allowed = os.environ.get(PLAIN_HTTP, "").split(",")
            if where.hostname not in [each.strip().lower() for each in allowed]:
                raise InvalidConfiguration(
                    f"over plain http everybody on the way to {where.hostname} reads the key: ask https://, or name "
                    f"the host where the way is yours alone: {PLAIN_HTTP}={where.hostname}"
                )

    def call(
        self,
        verb: Verb,
        body: bytes,
        headers: Mapping[str, str],
        deadline: Deadline | None = None,
        patience: float | None = None,
    ) -> bytes:
        """Return the answer of a verb as JSON.

        What writes carries an idempotency key in its headers, so that it is sent again where an answer was lost, and
        done once. Who names no `patience` goes on asking until the deadline that is named, else for ten seconds.
        Raises what the verb raises; StoreUnavailable where nothing was done; OutcomeUnknown.
        """
        until = Deadline.after(ANSWER_SECONDS) if deadline is None else deadline
        if patience is None:
            patience = PATIENCE_SECONDS if deadline is None else until.left()
        given_up = time.monotonic() + patience
        asked = f"{self.address}/v1/{verb.name.replace('.', '/')}"
        key = headers.get("brainops-call") or headers.get("idempotency-key")
        lost, attempt = False, 0
        while (left := until.left()) > 0:
            request = net.Request(
                url=asked,
                method="POST",
                headers={
                    **self.headers(),
                    **headers,
                    "brainops-deadline": f"{min(max(left, 0.001), MOST_SECONDS):.3f}",
                },
                body=body,
            )
            pause = min(MOST_REPEAT_SECONDS, REPEAT_SECONDS * 2**attempt) * random.uniform(0.5, 1.5)
            attempt += 1
            try:
                response = net.ask(request, seconds=left + SAYING_SECONDS, most_bytes=MAX_ANSWER_BYTES)
            except StepFailed as failed:
                if not failed.retryable:
                    raise InvalidConfiguration(f"{self.address}: {failed}; BRAINOPS_URL names the server") from None
                lost = lost or failed.kind not in NOT_SENT
                trouble: BrainOpsError = StoreUnavailable(str(failed))
            else:
                if response.status == 200:
                    return _whole(response)
                trouble = error_of(response)
                under_way = isinstance(trouble, Conflict) and lost  # the first of these calls still goes on
                if not (under_way or type(trouble) in (StoreUnavailable, OutcomeUnknown)):
                    raise trouble
                lost = lost or isinstance(trouble, OutcomeUnknown)
                pause = max(pause, response.retry_after_seconds or 0.0) if not under_way else pause
            if time.monotonic() + pause >= min(given_up, until.at) and not (
                lost and time.monotonic() + pause < until.at
            ):
                break
            time.sleep(pause)
        raise self._over(verb, key, lost, trouble if attempt else StoreUnavailable("no time was left to ask"))

    def get(self, path: str, headers: Mapping[str, str]) -> bytes:
        """Return what lies at a path. Raises BrainOpsError."""
        request = net.Request(url=f"{self.address}{path}", headers={**self.headers(), **headers})
        try:
            response = net.ask(request, seconds=ANSWER_SECONDS, most_bytes=MAX_ANSWER_BYTES)
        except StepFailed as failed:
            raise StoreUnavailable(f"{self.address}: {failed}") from None
        if response.status != 200:
            raise error_of(response)
        return _whole(response)

    def headers(self) -> dict[str, str]:
        """Return what every request carries."""
        shown = {"authorization": f"Bearer {self.key}"} if self.key else {}
        return {"content-type": "application/json", "accept": "application/json", **shown}

    def _over(self, verb: Verb, key: str | None, lost: bool, trouble: BrainOpsError) -> BrainOpsError:
        if lost and verb.writes:
            return OutcomeUnknown(
                f"{self.address}: the answer to {verb.name} was lost ({trouble}): it was done, or it was not. The same "
                "call under this idempotency key is done once",
                idempotency_keys=(key,) if key else (),
            )
        return StoreUnavailable(
            f"{self.address}: {trouble}; nothing was written. Try again, or with more time: acting(deadline=...). Is "
            "the server running there? brainops serve"
        )


def _whole(response: net.Response) -> bytes:
    if response.cut:
        raise StoreError(f"the answer is larger than {MAX_ANSWER_BYTES:,} bytes; ask for fewer: limit=")
    return response.body


# There


def body_of(verb: Verb, said: Mapping[str, Any]) -> bytes:
    """Return what is said in a call as the JSON of its body. Raises InvalidInput for what is no JSON."""
    told = handed_in({name: _sendable(value, said.get("service")) for name, value in said.items()}, verb.name)
    body = to_json(told)
    if b"null" in body and not _finite(told):  # JSON would say null for it
        raise InvalidInput(f"{verb.name}: a number that is infinite or none at all is no JSON; hand it in as text")
    return body


def _finite(value: Any) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(map(_finite, value.values()))
        case list() | tuple():
            return all(map(_finite, value))
        case _:
            return True


def _sendable(value: Any, service: Any) -> Any:
    """Return what a program hands in as a server reads it: of an exception what is known of it here."""
    match value:
        case BaseException():
            return event_of(value, service if isinstance(service, str) else None)
        case Procedure():
            return as_mapping(value)
        case os.PathLike():
            return os.fspath(value)
        case _ if hasattr(value, "__next__"):
            return list(value)
        case _:
            return value


# Back


def answer_of(verb: Verb, body: bytes) -> Any:
    """Read the answer to a verb."""
    found = from_json(verb.answers, body)
    return Page(found.items, next=found.next, previous=found.previous) if verb.pages else found


def error_of(response: net.Response) -> BrainOpsError:
    """Return the error that a problem tells of, as it was raised there; of the request itself, the nearest one."""
    try:
        told = msgspec.json.decode(response.body)
        name, detail, way_out = str(told["type"]), str(told["detail"]), str(told["way_out"])
    except (msgspec.DecodeError, KeyError, TypeError, UnicodeError):
        unread = StoreUnavailable if response.status in PASSING else StoreError
        return unread(f"what answers there is no BrainOps server (HTTP {response.status}); look at BRAINOPS_URL")
    if (kind := _TREE.get(name)) is not None:
        error = kind(detail)
        if isinstance(error, OutcomeUnknown):
            error.idempotency_keys = tuple(told.get("idempotency_keys", ()))
        if told.get("decision"):
            error.decision = from_plain(Refusal, {"said": told["decision"]}).said  # type: ignore[attr-defined]
        return error
    otherwise = InvalidInput if response.status < 500 else StoreError
    nearest = _OF_REQUESTS.get(name) or (StoreUnavailable if response.status in PASSING else otherwise)
    return nearest(f"{detail}; {way_out}")


_OF_REQUESTS: Mapping[str, type[BrainOpsError]] = {
    "Unauthenticated": InvalidConfiguration,
    "HostDenied": InvalidConfiguration,
    "TooManyRequests": StoreUnavailable,  # for the rest of the minute
    "RoleDenied": ApprovalUnproven,
}
"""What is wrong with a request before a verb is asked, as somebody meets it who calls in Python."""
