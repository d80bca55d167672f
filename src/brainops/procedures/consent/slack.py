"""How does a notice leave to Slack, and how does the button come back that a person pressed there?

Docs: https://docs.slack.dev/authentication/verifying-requests-from-slack (version v0 of the signature),
https://docs.slack.dev/interactivity/handling-user-interaction (payloads and `response_url`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

from brainops.errors import ApprovalUnproven, InvalidInput, StepFailed
from brainops.net import Request, ask, private_hosts
from brainops.procedures.consent.roles import checked_name
from brainops.types import ApprovalState
from brainops.wire import from_json

if TYPE_CHECKING:
    from brainops.types import JSON, SlackProof

MAX_PEOPLE = 200
SIGNED_SECONDS = 300  # that the signed time may be off: what is older was sent by somebody who listened
TELL_SECONDS = 10.0  # for saying how it went, which nobody waits for
ANSWER_BYTES = 4_096  # read of what Slack answers: whether it took a message, and else a word that says why not
TEXT_CHARACTERS = 2_900  # a section holds 3,000
ANSWERED_AT = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})  # where a `response_url` lies

_REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)")
_USER = re.compile(r"[UW][A-Z0-9]{2,30}")
_ROOM = re.compile(r"[CDG][A-Z0-9]{2,30}")
_BUTTONS = {"brainops_approve": ApprovalState.GRANTED, "brainops_refuse": ApprovalState.REFUSED}
_ASKS = ("approval_asked", "approval_escalated")
_SETTINGS = {"url", "token", "to", "secret", "approve", "people", "private"}


def checked_settings(settings: Mapping[str, Any]) -> tuple[dict[str, JSON], set[str]]:
    """Return the settings of a channel as they are stored, and the names that there are. Raises InvalidInput."""
    url, token, room = settings.get("url"), settings.get("token"), settings.get("to")
    secret, approve, people = settings.get("secret"), settings.get("approve", False), settings.get("people") or {}
    if not isinstance(url, str) or not (_REFERENCE.fullmatch(url) or url.startswith(("https://", "http://"))):
        raise InvalidInput(
            "a Slack channel's url is where an incoming webhook of it stands, env:NAME or file:PATH, or, with a token, "
            "https://slack.com/api/chat.postMessage"
        )
    for each in (token, secret):
        if each is not None and not (isinstance(each, str) and _REFERENCE.fullmatch(each)):
            raise InvalidInput("token and secret are references, env:NAME or file:PATH; they are not stored themselves")
    if (token is None) != (room is None) or not (room is None or (isinstance(room, str) and _ROOM.fullmatch(room))):
        raise InvalidInput("a token posts `to` the id of a channel, such as C0123ABCD; an incoming webhook has its own")
    if not isinstance(approve, bool) or approve != bool(people) or approve != bool(secret):
        raise InvalidInput(
            "where people approve in Slack, approve is true, secret a reference to the app's signing secret, and "
            'people say who is who: {"U012AB3CD": "ines"}'
        )
    if not isinstance(people, Mapping) or len(people) > MAX_PEOPLE:
        raise InvalidInput(f"people are users of Slack and who that is here, at most {MAX_PEOPLE}")
    for user, name in people.items():
        if not isinstance(user, str) or not _USER.fullmatch(user):
            raise InvalidInput(f"{user!r:.40} is no member ID of Slack, such as U012AB3CD: a profile's menu copies it")
        checked_name(name)
    private = private_hosts(settings.get("private"))
    found = {"url": url, "token": token, "to": room, "secret": secret, "approve": approve, "private": private}
    return {
        **{name: value for name, value in found.items() if value},
        **({"people": dict(people)} if people else {}),
    }, (_SETTINGS)


def send(
    name: str,
    settings: Mapping[str, JSON],
    document: Mapping[str, JSON],
    resolved: Callable[[str], str],
    seconds: float,
) -> None:
    """Post a notice by the channel of this name. Raises StepFailed, without a secret, where Slack does not take it."""
    headers = {}
    if settings.get("token"):
        headers["authorization"] = f"Bearer {resolved(str(settings['token']))}"
    said = {**message(name, settings, document), **({"channel": settings["to"]} if settings.get("to") else {})}
    text = _post(settings, resolved(str(settings["url"])), said, headers, seconds)
    if settings.get("token"):  # which answers 200 to what it does not take, too
        try:
            taken = json.loads(text)
        except ValueError:
            taken = None
        if not isinstance(taken, dict) or taken.get("ok") is not True:
            why = taken.get("error") if isinstance(taken, dict) else None
            word = why if isinstance(why, str) and re.fullmatch(r"[a-z_]{1,60}", why) else "no answer of Slack's"
            raise StepFailed(f"Slack did not take the message: {word}", kind="NotTaken")


def message(name: str, settings: Mapping[str, JSON], document: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a notice as a message, with two buttons where it asks for an approval that is given in this channel."""
    said, body = _cut(" ".join(str(document["text"]).split())), document["body"]
    blocks: list[JSON] = [_section(said)]
    if settings.get("approve") and document["kind"] in _ASKS and isinstance(body, dict) and body.get("digest"):
        about = {"namespace": document["namespace"], "channel": name}
        value = json.dumps({**about, "approval": body["approval"], "digest": body["digest"]})
        sure = {"title": _plain("Approve?"), "text": _plain(_cut(str(body.get("what")), 290))}
        confirm = {**sure, "confirm": _plain("Approve"), "deny": _plain("Back")}
        buttons: list[JSON] = [
            _button("brainops_approve", "Approve", value, style="primary", confirm=confirm),
            _button("brainops_refuse", "Refuse", value, style="danger"),
        ]
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _escaped(said), "blocks": blocks}


class Click(Struct, frozen=True, kw_only=True):
    """A button that somebody says was pressed: which answer to which approval, by whom, and where to tell them."""

    namespace: str
    channel: str
    approval: str
    digest: str
    state: ApprovalState
    user: str
    response_url: str


class _Value(Struct, frozen=True):
    namespace: str
    channel: str
    approval: str
    digest: str


class _User(Struct, frozen=True):
    id: str


class _Action(Struct, frozen=True):
    action_id: str
    value: str


class _Payload(Struct, frozen=True):
    type: str
    user: _User
    actions: list[_Action]
    response_url: str


def click_of(body: bytes) -> Click:
    """Read what Slack sends when a button of ours is pressed, signed or not. Raises InvalidInput."""
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=20)
    except ValueError:
        form = {}
    payload = from_json(_Payload, (form.get("payload") or ["{}"])[0].encode())
    if payload.type != "block_actions" or len(payload.actions) != 1 or payload.actions[0].action_id not in _BUTTONS:
        raise InvalidInput("that is no button of BrainOps: press Approve or Refuse below what it asks")
    [pressed] = payload.actions
    said = from_json(_Value, pressed.value.encode())
    return Click(
        namespace=said.namespace,
        channel=said.channel,
        approval=said.approval,
        digest=said.digest,
        state=_BUTTONS[pressed.action_id],
        user=payload.user.id,
        response_url=payload.response_url,
    )


def require_signed(secret: str, proof: SlackProof, now_seconds: float) -> None:
    """Raise ApprovalUnproven unless these bytes were signed with this secret, not long ago."""
    recent = re.fullmatch(r"[0-9]{1,12}", proof.timestamp) and abs(now_seconds - int(proof.timestamp)) <= SIGNED_SECONDS
    if not recent:
        raise ApprovalUnproven(
            f"it was signed more than {SIGNED_SECONDS} seconds ago, or by a clock that is off: press the button again"
        )
    right = hmac.new(secret.encode(), b"v0:" + proof.timestamp.encode() + b":" + proof.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"v0={right}".encode(), proof.signature.encode()):
        raise ApprovalUnproven("the signature is not one of Slack over these bytes: is it the app's signing secret?")


def tell(settings: Mapping[str, JSON], url: str, said: str, *, replaces: bool) -> None:
    """Say in Slack how it went: in place of the message that asked, or only to whom pressed. Raises StepFailed."""
    parts, private = urlsplit(url), settings.get("private") or ()
    if not (parts.scheme == "https" and parts.hostname in ANSWERED_AT) and parts.hostname not in private:  # type: ignore[operator]
        raise StepFailed("a response_url lies at hooks.slack.com, or at a host that the channel names (private)")
    how: dict[str, JSON] = (
        {"replace_original": True} if replaces else {"response_type": "ephemeral", "replace_original": False}
    )
    _post(settings, url, {**how, "text": _escaped(_cut(said)), "blocks": [_section(_cut(said))]}, {}, TELL_SECONDS)


def _post(
    settings: Mapping[str, JSON], url: str, said: Mapping[str, JSON], headers: Mapping[str, str], seconds: float
) -> str:
    response = ask(
        Request(
            url=url,
            method="POST",
            headers={"content-type": "application/json; charset=utf-8", **headers},
            body=json.dumps(said).encode(),
        ),
        seconds=seconds,
        most_bytes=ANSWER_BYTES,
        private=settings.get("private") or (),  # type: ignore[arg-type]
    )
    if response.status // 100 != 2:
        raise StepFailed(f"Slack answered HTTP {response.status}", kind="NotTaken")
    return response.text


def _plain(text: str) -> dict[str, JSON]:
    return {"type": "plain_text", "text": text, "emoji": False}


def _section(text: str) -> dict[str, JSON]:
    """Return text as it is: a plain one mentions nobody and links nowhere, whatever the asker wrote."""
    return {"type": "section", "text": _plain(text)}


def _button(action: str, label: str, value: str, **more: JSON) -> dict[str, JSON]:
    return {"type": "button", "action_id": action, "text": _plain(label), "value": value, **more}


def _cut(text: str, most: int = TEXT_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
