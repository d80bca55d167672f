"""Does a button in Slack approve for the person who pressed it, and for nobody and nothing else?"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest

from brainops.brain import Brain
from brainops.engine import Engine
from brainops.errors import ApprovalUnproven, InvalidInput, StepFailed
from brainops.procedures.consent import approvers, slack
from brainops.server.app import application
from brainops.types import Actor, ActorKind, Approval, OperationStart, SlackProof, TerminalProof
from tests.server.asking import Asking, asking

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="terminal")
BOT = Actor(kind=ActorKind.AGENT, id="bot", proof="none")
PHRASE = "seven quiet herons at dusk"
INES = TerminalProof(approver="ines", passphrase=PHRASE)
SECRET, TOKEN = "8f742231b10e8888abcd99yyyzzz85a5", "xoxb-a-token-of-the-app"


class Slack:
    """A small double of Slack: it keeps what is posted, and answers as chat.postMessage does."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], Any]] = []
        self.answer: Any = {"ok": True}
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                double.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                said = json.dumps(double.answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def told(self) -> Any:
        """What was said last at a response_url."""
        return [body for path, _, body in self.received if path == "/response"][-1]


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    monkeypatch.setenv("SLACK_SECRET", SECRET)
    monkeypatch.setenv("SLACK_TOKEN", TOKEN)
    monkeypatch.setattr(approvers, "SCRYPT_COST", 2**4)
    monkeypatch.setattr(approvers, "PROOF_SECONDS", 0)
    found = Slack()
    yield found
    found.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine.open(tmp_path / "memory.db", model="none", actor=MARTA) as opened:
        yield opened


def settings_of(double: Slack, **more: Any) -> dict[str, Any]:
    who = {"people": {"U0INES": "ines", "U0JO": "jo", "U0RITA": "rita"}, "secret": "env:SLACK_SECRET", "approve": True}
    posts = {"url": f"{double.url}/post", "token": "env:SLACK_TOKEN", "to": "C0123", "private": ["127.0.0.1"]}
    return {**posts, **who, **more}


@pytest.fixture
def person(engine: Engine, double: Slack) -> Brain:
    """Return a memory with an admin (ines), an approver (jo) and a reader (rita) who are known in Slack."""
    brain = Brain(engine)
    brain.approvals.approvers.enrol("ines", passphrase=PHRASE)
    for name, role in (("jo", "approver"), ("rita", "reader")):
        brain.people.add(name, proof=INES)
        brain.people.grant(name, role, proof=INES)
    brain.notices.add_channel("ops", "slack", settings_of(double), proof=INES)
    return brain


@pytest.fixture
def server(engine: Engine) -> Iterator[Asking]:
    app = application(engine, hosts={"127.0.0.1"}, open_to_this_machine=True, closed=asyncio.Event())
    with asking(app) as client:
        yield client


def asked(brain: Brain, name: str = "deploy api", by: Actor = BOT, question: str = "Now?") -> Approval:
    return brain.guard.ask(OperationStart(name=name, target="prod", actor=by), question=question)


def buttons(double: Slack, brain: Brain) -> list[dict[str, Any]]:
    """Deliver what waits, and return the buttons of the last message."""
    brain.notices.deliver()
    found: list[dict[str, Any]] = [each for each in blocks(double) if each["type"] == "actions"][-1]["elements"]
    return found


def blocks(double: Slack) -> list[dict[str, Any]]:
    """Return the parts of all messages."""
    return [block for _, _, said in double.received for block in said["blocks"]]


def press(
    server: Asking, double: Slack, button: dict[str, Any], user: str = "U0INES", *, secret: str = SECRET, age: int = 0,
    **more: Any,
) -> Any:  # fmt: skip
    """Press a button as Slack tells it."""
    action = {"action_id": button["action_id"], "value": button["value"], "type": "button"}
    said = {"type": "block_actions", "user": {"id": user, "name": "x"}, "actions": [action]}
    payload = {**said, "response_url": f"{double.url}/response", **more}
    body = urlencode({"payload": json.dumps(payload)}).encode()
    answer = server.send("POST", "/v1/slack/actions", content=body, headers=signed(body, secret, age))
    server.settle()
    return answer


def signed(body: bytes, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    at = str(int(time.time()) - age)
    right = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return {**kind, "x-slack-request-timestamp": at, "x-slack-signature": f"v0={right}"}


@pytest.mark.parametrize(("which", "state"), [(0, "granted"), (1, "refused")])
def test_a_person_answers_in_slack_and_the_message_says_so(
    server: Asking, person: Brain, double: Slack, which: int, state: str
) -> None:
    question = asked(person)

    answer = press(server, double, buttons(double, person)[which], "U0JO")

    assert (answer.status_code, answer.content) == (200, b"")
    decided = person.approvals.get(question.id)
    assert (decided.state.value, decided.decided_by) == (state, Actor(kind=ActorKind.PERSON, id="jo", proof="slack"))
    assert double.told["replace_original"] is True
    assert f"jo has {state}" in double.told["text"]
    assert [each["type"] for each in double.told["blocks"]] == ["section"]


def test_a_message_mentions_nobody_and_is_sent_by_the_token(person: Brain, double: Slack) -> None:
    asked(person, question="<!channel> press <https://evil.example|here>")

    person.notices.deliver()

    [(path, headers, said)] = [each for each in double.received if "evil" in each[2]["text"]]
    assert (path, headers["authorization"], said["channel"]) == ("/post", f"Bearer {TOKEN}", "C0123")
    assert "<" not in said["text"]
    assert said["blocks"][0]["text"]["type"] == "plain_text"


def test_what_slack_does_not_take_is_tried_again_and_shows_no_secret(person: Brain, double: Slack) -> None:
    double.answer = {"ok": False, "error": "not_in_channel"}
    asked(person)

    delivery = person.notices.deliver()

    [attempt] = person.notices.attempts(limit=1)
    assert (delivery.delivered, delivery.failed > 0) == (0, True)
    assert attempt.problem == "Slack did not take the message: not_in_channel"


def test_what_nobody_of_slack_signed_is_refused_and_nobody_is_told(
    server: Asking, person: Brain, double: Slack
) -> None:
    question, [approve, _] = asked(person), buttons(double, person)
    before = len(double.received)

    refused = [
        press(server, double, approve, secret="another"),
        press(server, double, approve, age=301),
        press(server, double, approve, age=-310),
        press(server, double, {**approve, "value": approve["value"].replace('"ops"', '"other"')}),
        server.send("POST", "/v1/slack/actions", content=b"payload={}", headers={"content-type": "text/plain"}),
    ]

    assert [answer.status_code for answer in refused] == [401] * 5
    assert all(answer.json()["way_out"] for answer in refused)
    assert person.approvals.get(question.id).state == "pending"
    assert len(double.received) == before


@pytest.mark.parametrize("body", [b"", b"payload=", b"payload=%7B", b"payload=[]", b"\xff", b"payload={}&x"])
def test_what_is_no_button_is_refused_with_a_way_out(server: Asking, person: Brain, body: bytes) -> None:
    answer = server.send("POST", "/v1/slack/actions", content=body, headers=signed(body))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("user", "why"), [("U0NOBODY", "nobody who is known here"), ("U0RITA", "has the role reader")])
def test_who_may_not_approve_hears_why_and_nobody_else_does(
    server: Asking, person: Brain, double: Slack, user: str, why: str
) -> None:
    question = asked(person)

    answer = press(server, double, buttons(double, person)[0], user)

    assert answer.status_code == 200
    assert person.approvals.get(question.id).state == "pending"
    assert double.told["response_type"] == "ephemeral"
    assert why in double.told["text"]


def test_nobody_approves_in_slack_what_they_asked_for(server: Asking, person: Brain, double: Slack) -> None:
    jo = Actor(kind=ActorKind.PERSON, id="jo", proof="os-user")
    question = asked(person, by=jo)

    press(server, double, buttons(double, person)[0], "U0JO")

    assert person.approvals.get(question.id).state == "pending"
    assert "cannot approve it too" in double.told["text"]


def test_a_button_answers_once_and_only_what_it_shows(server: Asking, person: Brain, double: Slack) -> None:
    one, two = asked(person), asked(person, "drop table")
    [approve, refuse] = buttons(double, person)
    value = json.loads(approve["value"])
    other = two if value["approval"] == one.id else one
    swapped = {**approve, "value": json.dumps({**value, "approval": other.id})}

    press(server, double, swapped)
    changed = double.told["text"]
    press(server, double, approve)
    press(server, double, approve)
    again = double.told["text"]
    press(server, double, refuse)

    assert "what was looked at is not what stands" in changed
    assert "decided once" in again
    assert person.approvals.get(value["approval"]).state == "granted"
    assert person.approvals.get(other.id).state == "pending"


def test_what_expired_is_not_approved(
    server: Asking, person: Brain, double: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, [approve, _] = asked(person), buttons(double, person)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 90_000)
    monkeypatch.setattr(time, "time_ns", lambda: int((now + 90_000) * 1e9))

    answer = press(server, double, approve)

    assert answer.status_code == 200
    assert person.approvals.get(question.id).state == "pending"
    assert "its time has passed" in double.told["text"]


def test_a_response_goes_to_slack_alone(
    server: Asking, person: Brain, double: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    question, [approve, _] = asked(person), buttons(double, person)
    before = len(double.received)

    elsewhere = double.url.replace("127.0.0.1", "localhost") + "/response"
    answer = press(server, double, approve, response_url=elsewhere)

    assert answer.status_code == 200
    assert person.approvals.get(question.id).state == "granted"
    assert len(double.received) == before
    assert "Slack was not told" in caplog.text
    assert elsewhere not in caplog.text


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("https://hooks.slack.com/actions/T1/2/3", True),
        ("https://hooks.slack-gov.com/actions/T1/2/3", True),
        ("http://127.0.0.1:4000/response", True),  # which the channel names
        ("http://hooks.slack.com/actions/T1/2/3", False),
        ("https://hooks.slack.com.example.org/actions", False),
        ("https://example.org/hooks.slack.com", False),
        ("https://hooks.slack.com@example.org/actions", False),
        ("https://slack.com/actions", False),
    ],
)
def test_no_host_but_slacks_own_and_those_of_the_channel_are_told_how_it_went(
    monkeypatch: pytest.MonkeyPatch, url: str, goes: bool
) -> None:
    """Each of these is a public address that could be asked, so nothing but its name keeps it from being."""
    asked_at: list[str] = []

    def post(settings: object, url: str, *_: object) -> str:
        asked_at.append(url)
        return "ok"

    monkeypatch.setattr(slack, "_post", post)
    with nullcontext() if goes else pytest.raises(StepFailed, match=r"hooks\.slack\.com"):
        slack.tell({"private": ["127.0.0.1"]}, url, "granted", replaces=True)

    assert asked_at == ([url] if goes else [])


def test_a_channel_in_which_nobody_approves_has_no_buttons_and_takes_none(
    server: Asking, person: Brain, double: Slack
) -> None:
    question, [approve, _] = asked(person), buttons(double, person)
    silent = {k: v for k, v in settings_of(double).items() if k not in ("approve", "secret", "people")}
    person.notices.add_channel("ops", "slack", silent, proof=INES)

    answer = press(server, double, approve)
    asked(person, "drop table")
    person.notices.deliver()

    assert answer.status_code == 401
    assert person.approvals.get(question.id).state == "pending"
    assert [each["type"] for each in blocks(double)].count("actions") == 1


def test_only_an_admin_lets_people_approve_in_slack(person: Brain, double: Slack) -> None:
    phrase = f"{PHRASE} of lea"
    person.approvals.approvers.enrol("lea", passphrase=phrase, proof=INES, role="approver")

    lea = TerminalProof(approver="lea", passphrase=phrase)

    with pytest.raises(ApprovalUnproven, match="admin"):
        person.notices.add_channel("ops", "slack", settings_of(double), proof=lea)


def test_a_signed_button_proves_nothing_else(person: Brain, double: Slack) -> None:
    body = b"payload={}"
    shown = signed(body)
    proof = SlackProof(body=body, timestamp=shown["x-slack-request-timestamp"], signature=shown["x-slack-signature"])

    with pytest.raises(ApprovalUnproven, match="that is no proof"):
        person.people.add("eve", proof=proof)

    assert proof.signature not in repr(proof)


def test_somebody_new_of_an_old_name_is_not_meant(server: Asking, person: Brain, double: Slack) -> None:
    question = asked(person)
    person.people.remove("jo", proof=INES)
    person.people.add("jo", proof=INES)
    person.people.grant("jo", "approver", proof=INES)

    press(server, double, buttons(double, person)[0], "U0JO")

    assert person.approvals.get(question.id).state == "pending"
    assert "nobody who is known here" in double.told["text"]


def test_a_secret_that_cannot_be_read_is_no_fault_of_who_pressed(
    server: Asking, person: Brain, double: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(person)
    [approve, _] = buttons(double, person)
    monkeypatch.delenv("SLACK_SECRET")

    assert press(server, double, approve).status_code == 503


@pytest.mark.parametrize(
    "more",
    [
        {"url": "ftp://slack.com"}, {"token": TOKEN}, {"secret": SECRET}, {"to": None}, {"to": "#ops"}, {"people": {}},
        {"people": {"ines": "U0INES"}}, {"approve": False}, {"approve": "yes"}, {"secret": None}, {"other": 1},
        {"people": {"U0INES": "a\nb"}}, {"people": ["U0INES"]},
    ],
)  # fmt: skip
def test_settings_of_slack_that_cannot_be_are_refused(person: Brain, double: Slack, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        person.notices.add_channel("ops", "slack", settings_of(double, **more), proof=INES)
