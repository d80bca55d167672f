"""How does a webhook come in? Its sender is known by a signature over its bytes, or by a key.

What it tells is kept, then it is answered, and worked on after that.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from brainops.brain import Brain
from brainops.engine import Engine, secret_at
from brainops.errors import BrainOpsError, InvalidConfiguration, InvalidInput, StepFailed
from brainops.server.api import Api, HttpAnswer
from brainops.server.problem import Trouble
from brainops.types import Actor, ActorKind, Role
from brainops.wire import to_json

MAX_BODY_BYTES = 2_000_000  # a thousand alerts with all that they say
REPLAY_SECONDS = 300  # that a signed time may be off: what is older was sent by somebody who listened
TEXT_PLAIN = frozenset({"cloudwatch"})  # SNS says so of its JSON

log = logging.getLogger("brainops.server")

Headers = Mapping[str, str]
Secrets = Mapping[str, Sequence[str]]
"""Of each sender the references to what it signs with; several while one takes the other's place."""


def _grafana(headers: Headers, body: bytes) -> tuple[Iterator[str], bytes]:
    """HMAC-SHA256 of the body, or of TIME:BODY where the contact point names a header for the time."""
    at = headers.get("x-grafana-alerting-timestamp", "")
    if at:
        if not re.fullmatch(r"\d{1,12}", at) or abs(time.time() - int(at)) > REPLAY_SECONDS:
            raise _unknown(f"it was signed more than {REPLAY_SECONDS} seconds ago, or by a clock that is off")
        body = at.encode() + b":" + body
    return iter([headers.get("x-grafana-alerting-signature", "")]), body


def _pagerduty(headers: Headers, body: bytes) -> tuple[Iterator[str], bytes]:
    """HMAC-SHA256 of the body by each key that holds: v1=HEX,v1=HEX."""
    each = headers.get("x-pagerduty-signature", "").split(",")
    return (one.strip().removeprefix("v1=") for one in each if one.strip().startswith("v1=")), body


def _sentry(headers: Headers, body: bytes) -> tuple[Iterator[str], bytes]:
    return iter([headers.get("sentry-hook-signature", "")]), body


SIGNED: Mapping[str, Callable[[Headers, bytes], tuple[Iterator[str], bytes]]] = {
    "grafana": _grafana,
    "pagerduty": _pagerduty,
    "sentry": _sentry,
}
"""Of the senders that sign: which signatures a request shows, as hexadecimal digits, and over which bytes."""


def secrets_of(given: Sequence[str]) -> Secrets:
    """Read SENDER=REFERENCE, such as grafana=env:GRAFANA_SECRET. Raises InvalidConfiguration."""
    found: dict[str, list[str]] = {}
    for each in given:
        sender, _, reference = each.partition("=")
        if sender not in SIGNED or not re.fullmatch(r"(env:\w+|file:.+)", reference):
            raise InvalidConfiguration(
                f"--sender names who signs and where the secret stands, such as grafana=env:GRAFANA_SECRET; "
                f"{', '.join(SIGNED)} sign, the others show a key: {sender[:40]!r}"
            )
        try:
            secret_at(reference)
        except StepFailed as error:
            raise InvalidConfiguration(f"--sender {sender}: {error}") from None
        found.setdefault(sender, []).append(reference)
    return found


class Events:
    """What comes in as webhooks, for one memory."""

    def __init__(self, engine: Engine, api: Api, secrets: Secrets) -> None:
        self._engine = engine
        self._api = api
        self._secrets = secrets
        self._wanted: dict[str, Brain] = {}
        self._working: asyncio.Task[None] | None = None

    def signs(self, sender: str) -> bool:
        """Say whether a sender is known by a signature, which only all of a body shows to be right."""
        return sender in self._secrets

    def require_known(self, sender: str, headers: Headers) -> None:
        """Raise Trouble where nothing is read in: for no signature, no key, or what is too large."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            raise _too_large()
        if sender in self._secrets:
            if not any(next(iter(SIGNED[sender](headers, b"")[0]), "")):
                raise _unknown(f"{sender} signs what it sends here, and nothing is signed")
        else:
            self._api.known("POST", with_bearer(headers), captures=True)

    def take(self, sender: str, headers: Headers, body: bytes) -> tuple[HttpAnswer, Brain]:
        """Keep what a webhook tells, and say how many alerts that are. Raises Trouble, BrainOpsError."""
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        brain = self._sender(sender, headers, body)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind == "text/plain" and sender in TEXT_PLAIN):
            raise Trouble(415, "UnsupportedMediaType", f"{kind[:80]!r} is not read here", "send application/json")
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            raise InvalidInput("the body is no JSON that can be read; send what the sender's own webhook has") from None
        count = brain.alerts.receive(sender, said)
        return HttpAnswer(status=202, body=to_json({"accepted": count})), brain

    def work(self, brain: Brain) -> None:
        """Have what came in worked on soon: where this process ends before, a worker does it, or the next process."""
        self._wanted[brain.settings.namespace] = brain
        if self._working is None or self._working.done():
            self._working = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        while self._wanted:
            namespace, brain = self._wanted.popitem()
            try:
                await asyncio.to_thread(brain.alerts.work)
            except BrainOpsError as error:  # it is kept, and worked on by a worker, or with what comes in next
                log.error("what came in for %s waits: %s", namespace, error)

    def _sender(self, sender: str, headers: Headers, body: bytes) -> Brain:
        """Return the view of whoever sends it."""
        if sender in self._secrets:
            shown, signed = SIGNED[sender](headers, body)
            right = [_digest(_resolved(sender, reference), signed) for reference in self._secrets[sender]]
            if not any(hmac.compare_digest(one.encode(), each) for one in shown for each in right):
                raise _unknown(f"the signature is not one of {sender} over these bytes")
            actor = Actor(kind=ActorKind.SERVICE, id=sender, proof="signature")
            self._api.require_turn(actor)  # counted once it is known: who only says to be this sender takes it nothing
            return Brain(self._engine, actor=actor)
        caller = self._api.caller(with_bearer(headers))
        if not caller.role.covers(Role.WRITER):
            raise Trouble(
                403,
                "RoleDenied",
                f"{caller.name} is a {caller.role.value}, and events are told by a writer",
                "somebody who looks after the memory issues a key of that role: brainops keys issue NAME",
            )
        return caller.brain


def with_bearer(headers: Headers) -> Headers:
    """Return headers in which a key that came as the password of basic authentication is a bearer's."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return headers
    try:
        secret = base64.b64decode(given, validate=True).decode().partition(":")[2]
    except ValueError:
        secret = ""
    return {**headers, "authorization": f"Bearer {secret}"}


def _resolved(sender: str, reference: str) -> str:
    try:
        return secret_at(reference)
    except StepFailed as error:
        log.error("the secret of %s cannot be read: %s", sender, error)
        raise Trouble(503, "Busy", f"{sender} cannot be known at the moment", "the server's log says why") from None


def _digest(secret: str, signed: bytes) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode()


def _unknown(why: str) -> Trouble:
    return Trouble(
        401,
        "Unauthenticated",
        why,
        "give the sender the secret that --sender names, or have it show a key: Authorization: Bearer KEY",
        www_authenticate="Bearer",
    )


def _too_large() -> Trouble:
    return Trouble(
        413,
        "TooLarge",
        f"a webhook has at most {MAX_BODY_BYTES:,} bytes",
        "have it tell of fewer alerts at once, such as by max_alerts of Alertmanager",
    )
