"""Do notices leave by e-mail over TLS only, to whom they are for, and to nobody inside a network who is not named?"""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from brainops.brain import Brain
from brainops.errors import InvalidInput
from brainops.procedures.consent import outbox
from brainops.store import acts
from brainops.types import Actor, ActorKind, ApprovalKind
from tests.inside import inside

MARTA = Actor(kind=ActorKind.PERSON, id="marta", proof="os-user")
PASSWORD = "the password of the mail server"
HOST = "localhost"
LINK = "https://ops.example/approvals/{approval}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of this machine that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


class Mailbox:
    """Keeps what is sent, unless it is told to refuse it."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.answer = "250 OK"
        self.gone: set[str] = set()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        """Take an address, unless nobody has it."""
        if address in self.gone:
            return "550 nobody is known by that address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take an e-mail in."""
        if self.answer.startswith("250"):
            self.received.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    """Say whether somebody is known by the password."""
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox, certificate: Path) -> Iterator[int]:
    """Run a mail server that takes nothing in the clear, and return its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as free:
        at = free.getsockname()[1]
    server = Controller(
        mailbox, hostname="127.0.0.1", port=at, tls_context=context, require_starttls=True, authenticator=known,
        auth_required=True,
    )  # fmt: skip
    server.start()
    yield at
    server.stop()


@pytest.fixture
def brain(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Brain]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    with Brain.open(tmp_path / "memory.db", namespace="team/a", model="none", background=False, actor=MARTA) as opened:
        yield opened


def settings(at: int, **more: Any) -> dict[str, Any]:
    return {
        "host": HOST, "port": at, "from": "ops@example.com", "to": ["ines@example.com", "lead@example.com"],
        "username": "ops", "password": "env:SMTP_PASSWORD", "link": LINK, "private": [HOST], **more,
    }  # fmt: skip


def ask(brain: Brain, question: str = "May I?") -> str:
    with inside(brain).store.writing(acts.TRY_STORE, acts.ITSELF) as tx:
        asked = inside(brain).services.approvals.ask(
            tx,
            kind=ApprovalKind.OPERATION,
            subject="drop table users",
            question=question,
            requested_by=Actor(kind=ActorKind.AGENT, id="robot"),
        )
    return asked.id


def test_who_is_asked_gets_an_e_mail_with_a_link_that_opens_the_approval(
    brain: Brain, port: int, mailbox: Mailbox
) -> None:
    brain.notices.add_channel("on-call", "email", settings(port))
    approval = ask(brain, "Really?\r\nBcc: everybody@example.com")

    delivered = brain.notices.deliver()

    [told] = mailbox.received
    body = told.get_content().replace("\r\n", "\n")  # type: ignore[attr-defined]
    assert (delivered.delivered, delivered.failed) == (1, 0)
    assert told["To"] == "ines@example.com, lead@example.com" and told["Bcc"] is None
    assert "drop table users" in told["Subject"]
    assert f"https://ops.example/approvals/{approval}\n" in body
    assert "Opening it approves nothing" in body
    assert brain.approvals.get(approval).state == "pending"
    [attempt] = brain.notices.attempts()
    assert (attempt.channel, attempt.problem) == ("on-call", None)


@pytest.mark.parametrize(
    ("changed", "answer", "problem"),
    [
        ({"private": []}, "250 OK", "private range"),
        ({"password": "env:ANOTHER"}, "250 OK", "answered 535"),
        ({}, "451 try later: the password of the mail server", "answered 451"),
        ({"security": "tls"}, "250 OK", "did not take the e-mail: SSLError"),
        ({"host": "127.0.0.2", "private": ["127.0.0.2"]}, "250 OK", "did not take the e-mail"),
    ],
)
def test_an_e_mail_that_is_not_taken_is_kept_with_the_reason_and_tried_again(
    brain: Brain, port: int, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, changed: Any, answer: str, problem: str
) -> None:
    monkeypatch.setenv("ANOTHER", "it is another password")
    brain.notices.add_channel("on-call", "email", settings(port, **changed))
    mailbox.answer = answer
    ask(brain)

    delivered = brain.notices.deliver()

    [attempt] = brain.notices.attempts(brain.notices.list()[0].id)
    assert (delivered.failed, mailbox.received) == (1, [])
    assert problem in (attempt.problem or "")
    assert PASSWORD not in (attempt.problem or "")
    mailbox.answer = "250 OK"
    brain.notices.add_channel("on-call", "email", settings(port))
    later = inside(brain).store.now() + outbox.FIRST_WAIT_SECONDS * 1_000_000 + 1
    assert brain.notices.deliver(later).delivered == 1
    assert len(brain.notices.attempts()) == 2


def test_an_address_that_is_refused_keeps_the_others_from_nothing_and_stands_in_the_attempt(
    brain: Brain, port: int, mailbox: Mailbox
) -> None:
    brain.notices.add_channel("on-call", "email", settings(port))
    mailbox.gone = {"lead@example.com", "ines@example.com"}
    ask(brain)
    assert (brain.notices.deliver().failed, mailbox.received) == (1, [])
    mailbox.gone = {"lead@example.com"}
    later = inside(brain).store.now() + outbox.FIRST_WAIT_SECONDS * 1_000_000 + 1

    assert brain.notices.deliver(later).delivered == 1

    assert len(mailbox.received) == 1
    assert brain.notices.attempts()[0].problem == f"{HOST} refused lead@example.com; the others have it"
    assert brain.notices.deliver(later + 7_200_000_000).delivered == 0


def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(
    brain: Brain, port: int, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    brain.notices.add_channel("on-call", "email", settings(port))

    problem = brain.notices.try_channel("on-call")

    assert "SSLCertVerificationError" in (problem or "")
    assert mailbox.received == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""}, {"host": "a b"}, {"port": "25"}, {"port": 0}, {"security": "none"}, {"to": []}, {"to": ["ines"]},
        {"to": ["a@b.c\r\nBcc: x@y.z"]}, {"from": "ops"}, {"username": None}, {"password": "in clear"},
        {"link": "https://x.example/approve"}, {"link": "javascript:{approval}"}, {"private": "all"}, {"more": 1},
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(brain: Brain, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        brain.notices.add_channel("on-call", "email", settings(587, **wrong))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_a_webhook_into_a_private_range_is_not_sent(brain: Brain, host: str) -> None:
    brain.notices.add_channel("hook", "webhook", {"url": f"http://{host}:9/"})

    assert "private range" in (brain.notices.try_channel("hook") or "")
