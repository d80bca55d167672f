"""How does a notice leave: to a command, a webhook, Slack, or by e-mail, in bounded time and size?"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from brainops.errors import BrainOpsError, InvalidInput, StepFailed
from brainops.memory.redaction.redact import redact_json
from brainops.net import private_hosts
from brainops.procedures.consent import mail, slack
from brainops.procedures.steps.executor import Limits
from brainops.types import ChannelKind
from brainops_core.redaction.redact import safe_text

if TYPE_CHECKING:
    from brainops.memory.redaction.policy import RedactionPolicy
    from brainops.types import JSON, Channel

SEND_SECONDS = 10.0  # of one channel: a notice that takes longer is tried again, and others wait behind it
GRACE_SECONDS = 1.0  # between being asked to end and being ended
OUTPUT_BYTES = 4_096  # kept of what a command says, or read of an answer: only the last words are shown
SHOWN_CHARACTERS = 300  # of what went wrong
MAX_ARGUMENTS = 100
MAX_ARGUMENT_CHARACTERS = 4_000
SIGNATURE = "X-BrainOps-Signature"  # "t=SECONDS,v1=HMAC-SHA256 of SECONDS.BODY", so that no delivery is replayed later

REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")


def checked_settings(kind: ChannelKind, settings: Mapping[str, Any], policy: RedactionPolicy) -> dict[str, JSON]:
    """Return the settings of a channel as they are stored; raise InvalidInput, also where they hold a secret."""
    checked, known = _CHECKS[kind](settings)
    if unknown := sorted(set(settings) - known):
        raise InvalidInput(f"a {kind.value} has no setting {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    if redact_json(checked, policy).value != checked:
        raise InvalidInput(
            "the channel's settings hold a secret, which would be stored; name where it is instead: env:NAME or "
            "file:PATH for a url, or a script that reads it for a command"
        )
    return checked


def _command_settings(settings: Mapping[str, Any]) -> tuple[dict[str, JSON], set[str]]:
    argv = settings.get("argv")
    texts = isinstance(argv, (list, tuple)) and all(isinstance(part, str) and "\0" not in part for part in argv)
    if (
        not argv
        or not texts
        or not argv[0]
        or len(argv) > MAX_ARGUMENTS
        or max(map(len, argv)) > MAX_ARGUMENT_CHARACTERS
    ):
        raise InvalidInput(
            "a command channel's argv is a list of texts, for example "
            '["/usr/local/bin/notify", "--team", "shop"]; it runs without a shell'
        )
    return {"argv": list(argv)}, {"argv"}


def _webhook_settings(settings: Mapping[str, Any]) -> tuple[dict[str, JSON], set[str]]:
    url, secret = settings.get("url"), settings.get("secret")
    if not isinstance(url, str) or not (REFERENCE.fullmatch(url) or is_web(url)):
        raise InvalidInput("a webhook's url is https://..., http://..., or where it stands: env:NAME or file:PATH")
    if secret is not None and not (isinstance(secret, str) and REFERENCE.fullmatch(secret)):
        raise InvalidInput("a webhook's secret is a reference, env:NAME or file:PATH; the secret itself is not stored")
    found: dict[str, JSON] = {"url": url, "secret": secret, "private": private_hosts(settings.get("private"))}
    return {name: value for name, value in found.items() if value}, set(found)


_CHECKS: Mapping[ChannelKind, Callable[[Mapping[str, Any]], tuple[dict[str, JSON], set[str]]]] = {
    ChannelKind.COMMAND: _command_settings,
    ChannelKind.WEBHOOK: _webhook_settings,
    ChannelKind.EMAIL: mail.checked_settings,
    ChannelKind.SLACK: slack.checked_settings,
}


def send(channel: Channel, document: Mapping[str, JSON], policy: RedactionPolicy) -> tuple[bool, str | None]:
    """Send a document by a channel; return whether it was taken, and what went wrong, None for nothing; no secrets."""
    problem = None
    body = json.dumps(document, ensure_ascii=True, sort_keys=True)
    try:
        match channel.kind:
            case ChannelKind.COMMAND:
                _run(list(channel.settings["argv"]), body)  # type: ignore[arg-type]
            case ChannelKind.WEBHOOK:
                _post(channel.settings, body.encode(), str(document["id"]))
            case ChannelKind.EMAIL:
                problem = mail.send(channel.settings, document, resolved, SEND_SECONDS)
            case ChannelKind.SLACK:
                slack.send(channel.name, channel.settings, document, resolved, SEND_SECONDS)
    except (_NotTaken, StepFailed) as error:
        return False, safe_text(str(error), policy, SHOWN_CHARACTERS)
    return True, safe_text(problem, policy, SHOWN_CHARACTERS) if problem else None


class _NotTaken(BrainOpsError):
    """The channel did not take the notice."""


def is_web(url: str) -> bool:
    """Say whether a text is an address of HTTP, as it may stand in a request."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _run(argv: list[str], document: str) -> None:
    """Run a command with little of our environment; it and all it started end in time."""
    from brainops.procedures.steps.processes import ProcessLimits, run_process

    environment = {name: os.environ[name] for name in Limits().environment if name in os.environ}
    limits = ProcessLimits(timeout_seconds=SEND_SECONDS, output_bytes=OUTPUT_BYTES, grace_seconds=GRACE_SECONDS)
    try:
        ended = run_process(argv, environment=environment, limits=limits, stdin=document)
    except StepFailed as failure:
        raise _NotTaken(str(failure)) from failure
    if ended.exit_code is None:
        raise _NotTaken(f"{argv[0]} took over {SEND_SECONDS:.0f} seconds")
    if ended.exit_code != 0:
        last = " ".join((ended.stderr.text() or ended.stdout.text()).split())[-SHOWN_CHARACTERS:]
        raise _NotTaken(f"{argv[0]} ended with {ended.exit_code}{': ' if last else ''}{last}")


def _post(settings: Mapping[str, JSON], body: bytes, notice_id: str) -> None:
    from brainops.net import Request, ask, origin_of

    url = resolved(str(settings["url"]))
    if not is_web(url):
        raise _NotTaken("the webhook's url is no http:// or https:// address")
    headers = {"content-type": "application/json", "idempotency-key": notice_id}
    if settings.get("secret"):
        headers[SIGNATURE] = signed(resolved(str(settings["secret"])), body, int(time.time()))
    request = Request(url=url, method="POST", headers=headers, body=body)
    try:
        response = ask(
            request,
            seconds=SEND_SECONDS,
            most_bytes=OUTPUT_BYTES,
            private=settings.get("private") or (),  # type: ignore[arg-type]
        )
    except StepFailed as failure:
        raise _NotTaken(str(failure)) from failure
    if response.status // 100 != 2:
        raise _NotTaken(f"{origin_of(url).host} answered HTTP {response.status}")


def signed(secret: str, body: bytes, seconds: int) -> str:
    """Return the signature header of a delivery: when it was made, and the HMAC of that and the body."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def resolved(text: str) -> str:
    """Return what a reference stands for, or the text where it is none."""
    from brainops.procedures.steps.secret_refs import resolve

    if not REFERENCE.fullmatch(text):
        return text
    try:
        return resolve(text)
    except StepFailed as failure:
        raise _NotTaken(str(failure)) from failure
